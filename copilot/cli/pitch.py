"""``copilot pitch``: words for one customer and product, or why there are none."""

from __future__ import annotations

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
from copilot.errors import InputError
from copilot.records.codes import Channel, Occasion, label
from copilot.records.compliance import Verdict

if TYPE_CHECKING:
    from copilot.records.draft import CheckedDraft
    from copilot.records.matching import Refusal


def pitch(
    product: Annotated[str, typer.Option("--product", metavar="CODE", help="产品代码。")],
    channel: Annotated[Channel, typer.Option("--channel", help="渠道。")],
    customer: Annotated[str | None, typer.Argument(metavar="CUSTOMER", help="客户号。")] = None,
    describe: Annotated[
        str | None, typer.Option("--describe", metavar="TEXT", help="没有资料的到店客户：描述。")
    ] = None,
    follow_up: Annotated[
        bool, typer.Option("--after-visit", help="客户来过网点以后的跟进。")
    ] = False,
    asked: Annotated[bool, typer.Option("--asked", help="客户主动问起：按答复来讲。")] = False,
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """为一位客户和一个产品写话术；不允许时说明依据和可以做什么。

    例：copilot pitch C000123 --product DEP-3Y --channel counter
    """
    from copilot.pipeline.pitch import PitchRequest, draft_pitch
    from copilot.records.draft import CheckedDraft

    if (customer is None) == (describe is None):
        raise InputError(
            "请给出客户号，或用 --describe 描述到店客户，二者选一。",
            field="customer",
            next="例：copilot pitch C000123 --product DEP-3Y --channel counter。",
        )
    if describe is not None and not describe.strip():
        raise InputError(
            "对到店客户的描述是空的。",
            field="describe",
            next='例：--describe "六十多岁阿姨，问三年定期"。',
        )
    if follow_up and asked:
        raise InputError(
            "--after-visit 与 --asked 只能选一个。",
            field="asked",
            next="客户来过以后的跟进用 --after-visit，客户当面问起用 --asked。",
        )
    occasion = Occasion.ASKED if asked else Occasion.FIRST
    occasion = Occasion.FOLLOW_UP if follow_up else occasion
    request = PitchRequest(product, channel, customer, describe or "", occasion)
    with workbench(data_dir, config, acting, as_of) as bench:
        result = draft_pitch(bench, request)
    if isinstance(result, CheckedDraft):
        emit(result.as_json(), lambda: present_draft(result), format)
        return 1 if result.usable.value == "no" else 0
    emit(result.as_json(), lambda: present_refusal(result), format)
    return 1


def present_draft(checked: CheckedDraft) -> str:
    """A checked draft for people."""
    draft, verdict = checked.draft, checked.result.verdict
    allowed = "" if verdict is Verdict.BLOCK else f"（{checked.usable.shown}）"
    lines = [
        f"{draft.product_code} · {label(draft.channel)} · 草稿 {checked.draft_id}",
        f"结论：{verdict.shown}{allowed}",
    ]
    if draft.template_id:
        approval = f"，批准编号 {draft.approval_number}" if draft.approval_number else ""
        lines.append(f"模板：{draft.template_id}{approval}")
    lines += ["", draft.text]
    lines += _section("数字出处", [f"{f.text} ← {f.source}" for f in draft.figures])
    lines += _section(
        "依据", [f"{c.sentence} ← {c.source or c.passage_id}：“{c.quote}”" for c in draft.citations]
    )
    lines += _section("员工卡片（不对客户说）", list(draft.staff_card))
    lines += _section("注意", [str(caution["message"]) for caution in checked.cautions])
    lines += _section(
        "检查发现", [f"{f.rule_id}：{f.message}（{f.text}）" for f in checked.result.findings]
    )
    if checked.talking_points is not None:
        lines += ["", "沟通要点", checked.talking_points.text]
    for number, variant in enumerate(checked.variants, start=2):
        lines += ["", f"沟通要点（谈法之{number}）", variant.text]
    lines += _section("说明", list(checked.notes))
    return "\n".join(lines)


def present_refusal(refusal: Refusal) -> str:
    """A refusal for people: each rule with its article, and what may be done instead."""
    lines = [f"不能为 {refusal.product_code} 写话术（{label(refusal.channel)}）："]
    for reason in refusal.reasons:
        lines.append(f"  · {reason.message}")
        if reason.suggestion:
            lines.append(f"    下一步：{reason.suggestion}")
        cited = "、".join(f"《{c.regulation}》{c.article}" for c in reason.citations)
        lines.append(f"    规则 {reason.rule_id}" + (f"，依据 {cited}" if cited else ""))
    if refusal.dissuasion:
        lines += ["", "先这样对客户说：", f"  {refusal.dissuasion}"]
    if refusal.service_line:
        lines += ["", "可以这样说：", f"  {refusal.service_line}"]
    if refusal.open_channels:
        channels = "、".join(label(channel) for channel in refusal.open_channels)
        lines += ["", f"可以改用的渠道：{channels}（厅堂面谈指客户到店时）。"]
    lines += _section("可以介绍", [f"{a.name}（{a.product_code}）" for a in refusal.alternatives])
    if refusal.referral_line:
        lines += ["", "转介话术：", f"  {refusal.referral_line}"]
    lines.append(f"\n留痕编号 {refusal.refusal_id}")
    return "\n".join(lines)


def _section(title: str, items: list[str]) -> list[str]:
    return ["", f"{title}：", *(f"  · {item}" for item in items)] if items else []
