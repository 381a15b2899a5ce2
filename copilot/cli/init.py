"""``copilot init``: create the store and bring a bank in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from copilot.cli.common import (
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    emit,
    progress_bar,
    settings_for,
)
from copilot.errors import InputError

if TYPE_CHECKING:
    from copilot.pipeline.bank import BankReport

_MOST_NAMES = 3


def init(
    sample: Annotated[bool, typer.Option("--sample", help="建示例银行。")] = False,
    sources: Annotated[
        Path | None, typer.Option("--sources", help="本行数据的映射文件 sources.yaml。")
    ] = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """建库：载入数据表、话术模板及其审核记录、知识库，并计算画像。可重复运行。

    例：copilot init --sample
    """
    from copilot.pipeline.bank import bring_in

    if sample == (sources is not None):
        raise InputError("请在 --sample 与 --sources 中选一个", next="例：copilot init --sample")
    with progress_bar() as progress:
        report = bring_in(settings_for(data_dir, config), sources, progress)
    emit(report.as_json(), lambda: present(report), format)


def present(report: BankReport) -> str:
    """The report of a load for people."""
    from copilot.cli.tables import present_quality

    templates = report.templates
    lines = [
        f"业务日期 {report.generation.business_date.isoformat()}，"
        f"数据批次 {report.generation.generation_id}",
        "",
        present_quality(report.quality),
        "",
        f"话术模板：提交 {templates.submitted} 个，审核通过 {templates.approved} 个",
    ]
    by_reason: dict[str, list[str]] = {}
    for name, reason in templates.not_approved.items():
        by_reason.setdefault(reason, []).append(name)
    lines += [f"  {_names(names)}：{reason}" for reason, names in by_reason.items()]
    lines.append(f"知识库：{report.knowledge.passages} 个段落")
    refused = [
        f"  未入库 {name}：{why}" for name, what, why in report.knowledge.files if what == "refused"
    ]
    lines += refused
    lines.append(f"客户画像：{report.profiles.customers} 位客户")
    return "\n".join(lines)


def _names(names: list[str]) -> str:
    shown = "、".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} 等 {len(names)} 个"
