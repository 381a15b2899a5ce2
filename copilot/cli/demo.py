"""``copilot demo``: the main job on the sample bank, from nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot.cli.common import DataDirOption, progress_bar, settings_for
from copilot.cli.pitch import present_draft, present_refusal
from copilot.cli.today import present as present_calls

if TYPE_CHECKING:
    from copilot.pipeline.demo import BranchDay

_RULE = "─" * 60


def demo(data_dir: DataDirOption = None) -> None:
    """示例银行的一天：今天联系谁、三份话术、两次拒绝。第一次运行会先建示例银行。

    例：copilot demo
    """
    from copilot.pipeline.demo import branch_day, ensure_sample_bank

    settings = settings_for(data_dir, None)
    with progress_bar() as progress:
        ensure_sample_bank(settings, progress)
    print(present(branch_day(settings)))


def present(day: BranchDay) -> str:
    """The branch's day for people."""
    parts = [f"{day.branch.name} · {day.calls.as_of.isoformat()}", "", present_calls(day.calls)]
    for number, pitch in enumerate(day.pitches, start=1):
        parts += ["", _RULE, f"话术 {number}：客户 {pitch.draft.customer_id}", present_draft(pitch)]
    parts += ["", _RULE, f"因客户被拒绝：客户 {day.refused_customer.customer_id}"]
    parts += [present_refusal(day.refused_customer)]
    parts += ["", _RULE, f"因销售人员被拒绝：大堂经理 {day.lobby.name}（{day.lobby.staff_id}）"]
    parts += [present_refusal(day.refused_seller)]
    parts += ["", _RULE, "接着可以试：", *(f"  {command}" for command in _commands(day))]
    return "\n".join(parts)


def _commands(day: BranchDay) -> list[str]:
    first = day.pitches[0].draft if day.pitches else None
    customer = first.customer_id if first else day.calls.calls[0].customer_id
    return [
        f"copilot profile show {customer}",
        f"copilot match {customer}",
        "copilot ask 三年期定存利率是多少",
        "echo 本产品稳赚不赔 | copilot check - --product wmp",
        "copilot audit verify",
    ]
