"""``copilot plan``: a marketing plan from a goal in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from copilot.cli.common import (
    AsOfOption,
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    StaffOption,
    emit,
    workbench,
)

if TYPE_CHECKING:
    from copilot.records.plan import CheckedPlan, PlanRefusal


def plan(
    goal: Annotated[str, typer.Option("--goal", metavar="TEXT", help="目标，一句平常话。")],
    segment: Annotated[
        str | None, typer.Option("--segment", metavar="ID", help="客群编号，不写则按目标取。")
    ] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="YUAN", help="预算（元）。")
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option("--branch", metavar="ID", help="只做一个网点（默认全部可见网点）。"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="导出为 .docx 或 .md。")
    ] = None,
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """由一句目标写出营销方案：客群、产品、测算、日历、试验与合规清单。

    例：copilot plan --goal 一季度增存5000万 --branch BR01 --out 方案.docx
    """
    from copilot.delivery import export
    from copilot.delivery.export import checked_target
    from copilot.pipeline.plan import PlanRequest, draft_plan
    from copilot.records.plan import PlanRefusal

    target = checked_target(out) if out is not None else None
    fen = None if budget is None else round(budget * 100)
    with workbench(data_dir, config, acting, as_of) as bench:
        result = draft_plan(bench, PlanRequest(goal, segment, fen, branch))
    if isinstance(result, PlanRefusal):
        emit(result.as_json(), lambda: present_refusal(result), format)
        return 1
    usable = result.usable.value != "no"
    if target is not None and usable:
        export(result.report, target)
    emit(result.as_json(), lambda: present_plan(result, target if usable else None), format)
    return 0 if usable else 1


def present_plan(plan: CheckedPlan, target: Path | None = None) -> str:
    """A plan for people: the file when one was written, else the document itself."""
    from copilot.delivery import markdown

    lines = [f"营销方案 {plan.report.report_id}，{'，'.join(plan.notes)}"]
    if plan.result.findings:
        lines.append("检查发现：")
        lines += [f"  · {f.rule_id}：{f.message}（{f.text}）" for f in plan.result.findings]
    if target is not None:
        return "\n".join([*lines, f"已写入 {target}"])
    if plan.usable.value == "no":
        return "\n".join([*lines, "没有通过检查，正文不予显示。"])
    return "\n".join([*lines, "", markdown(plan.report)])


def present_refusal(refusal: PlanRefusal) -> str:
    """A refusal for people: each rule with its article."""
    lines = [f"这个目标不能做：{refusal.goal}"]
    for reason in refusal.reasons:
        cited = "、".join(f"《{c.regulation}》{c.article}" for c in reason.citations)
        lines.append(f"  · {reason.message}")
        lines.append(f"    规则 {reason.rule_id}" + (f"，依据 {cited}" if cited else ""))
    lines.append(f"\n留痕编号 {refusal.draft_id}")
    return "\n".join(lines)
