"""Usage errors of the command-line library, said in Chinese with the value and what is allowed."""

from __future__ import annotations

import re

from copilot.errors import InputError

_HELP = "加 --help 查看用法。"
_INVALID = r"Invalid value for '?(?P<field>[^':]+)'?: (?:Value error, )?"

# What the library says, what we say, and what to do; the first that fits is taken.
_SAYINGS = tuple(
    (re.compile(pattern, re.DOTALL), message, next_step)
    for pattern, message, next_step in (
        (r"No such option: (?P<value>\S+)", "没有这个选项：{value}", _HELP),
        (r"No such command '(?P<value>[^']*)'", "没有这个命令：{value}", _HELP),
        (r"Missing option '?(?P<field>[^'.]+)'?", "缺少选项 {field}", _HELP),
        (r"Missing argument '?(?P<field>[^'.]+)'?", "缺少参数 {field}", _HELP),
        (
            _INVALID + r"'(?P<value>[^']*)' is not one of (?P<allowed>.+?)\.?$",
            "{field} 的值无效：{value}",
            "可用的值：{allowed}。",
        ),
        (
            _INVALID + r"Input should be greater than or equal to (?P<allowed>\S+)",
            "{field} 的值太小",
            "最小是 {allowed}。",
        ),
        (
            _INVALID + r"Input should be less than or equal to (?P<allowed>\S+)",
            "{field} 的值太大",
            "最大是 {allowed}。",
        ),
        (_INVALID + r"(?P<value>.+)$", "{field} 的值无效（{value}）", _HELP),
        (r"Option '(?P<field>[^']+)' requires an argument", "选项 {field} 后面缺少值", _HELP),
        (r"Got unexpected extra argument.*\((?P<value>.*)\)", "多出的参数：{value}", _HELP),
    )
)


def in_chinese(message: str) -> InputError:
    """The usage error as one of ours.

    >>> str(in_chinese("Missing option '--product'."))
    '缺少选项 --product （字段 --product） 加 --help 查看用法。'
    """
    for pattern, saying, next_step in _SAYINGS:
        found = pattern.search(message)
        if found is None:
            continue
        parts = {name: (value or "").strip() for name, value in found.groupdict().items()}
        parts["allowed"] = parts.get("allowed", "").replace("'", "").replace(", ", "、")
        return InputError(
            saying.format(**parts), field=parts.get("field"), next=next_step.format(**parts)
        )
    return InputError(f"用法有误：{message}", next=_HELP)
