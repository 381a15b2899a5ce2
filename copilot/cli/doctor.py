"""``copilot doctor``: the health of the installation."""

from __future__ import annotations

from copilot.cli.common import (
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    emit,
    settings_for,
)

_SIGNS = {"ok": "✓", "off": "–", "bad": "✗"}


def doctor(
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """检查安装：环境、数据、画像、知识库、规则、留痕。不访问网络。

    例：copilot doctor
    """
    from copilot.pipeline.health import as_json, examine, healthy

    report = examine(settings_for(data_dir, config))
    lines = [
        f"{_SIGNS[item.state]} {item.name}：{item.detail}{'  → ' + item.next if item.next else ''}"
        for item in report
    ]
    emit(as_json(report), "\n".join(lines), format)
    return 0 if healthy(report) else 1
