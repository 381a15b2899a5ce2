"""What a model may not write itself: figures, contacts, another language, its instructions."""

from __future__ import annotations

import re

_DIGITS = re.compile(
    r"[0-9０-９]+(?:[.．][0-9０-９]+)?[%％‰]?|[百千万]分之[零一二三四五六七八九十百点]+"
)
_CONTACT = re.compile(
    r"https?://\S+|www\.\S+|[\w.]+@[\w.]+|\b[\w-]+\.(?:com|cn|net|top|xyz)\b", re.I
)
_LETTERS = re.compile(r"[^\W\d_]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MOSTLY = 0.8
_ECHO = 24  # characters of the instructions in a row that no honest draft repeats


def own_figures(text: str) -> list[str]:
    """The figures in a text that no placeholder gave.

    >>> own_figures("年利率3.05%，大约百分之三")
    ['3.05%', '百分之三']
    """
    return [match.group() for match in _DIGITS.finditer(text)]


def own_contacts(text: str) -> list[str]:
    """The links and addresses in a text."""
    return [match.group() for match in _CONTACT.finditer(text)]


def is_chinese(text: str) -> bool:
    """Whether a text is, for the most part, Chinese; one without letters is.

    >>> is_chinese("带身份证到网点办理VIP业务，不用预约"), is_chinese("Please call us.")
    (True, False)
    """
    letters = _LETTERS.findall(text)
    return sum(bool(_HAN.match(c)) for c in letters) >= len(letters) * _MOSTLY


def repeats(text: str, instructions: str) -> bool:
    """Whether a text repeats a stretch of the instructions."""
    return any(
        text[start : start + _ECHO] in instructions
        for start in range(max(0, len(text) - _ECHO + 1))
    )
