"""``copilot summary``: what a member of staff or a branch did in a day, week or month."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from copilot.cli.common import (
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    StaffOption,
    emit,
    workbench,
)
from copilot.records.codes import SummaryPeriod

if TYPE_CHECKING:
    from copilot.pipeline.summary import Summary


def summary(
    period: Annotated[SummaryPeriod, typer.Option("--period", help="日报、周报或月度总结。")],
    staff: Annotated[str | None, typer.Option("--staff", help="工号：总结这位员工。")] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", help="网点号：总结这个网点；HQ 总结全行。")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option("--date", "--as-of", metavar="DATE", help="统计到哪一天（默认业务日期）。"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="写成文件：.docx 或 .md。", dir_okay=False)
    ] = None,
    acting: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """工作总结：数字由记录算出，每句话都能追到工作记录；对比上期与目标。

    例：copilot summary --staff S1002 --period week --out 周报.docx
    """
    from copilot.delivery import export
    from copilot.delivery.export import checked_target
    from copilot.pipeline.summary import SummaryRequest, summarise

    target = checked_target(out) if out else None
    with workbench(data_dir, config, acting, day) as bench:
        written = summarise(bench, SummaryRequest(period, staff, branch))
    refused = written.usable.value == "no"
    if target is not None and not refused:
        export(written.report, target)
    emit(written.as_json(), lambda: present(written, target), format)
    return 1 if refused else 0


def present(written: Summary, target: Path | None) -> str:
    """A summary for people, or what the checker objects to."""
    if written.usable.value == "no":
        found = [f"  · {f.rule_id}：{f.message}（{f.text}）" for f in written.result.findings]
        return "\n".join(["工作总结没有通过检查，未输出：", *found])
    lines = [written.report.shown, "", f"草稿 {written.draft_id}"]
    if target is not None:
        lines.append(f"已写入 {target}")
    return "\n".join(lines)
