"""The overview that opens a plan: whom it reaches, what it gives and takes, what it can show."""

from __future__ import annotations

from collections.abc import Iterator

from copilot.drafting.plan_phrases import enough, off_sale, say, too_few, unused
from copilot.records.plan import PlanBasis
from copilot.records.report import Paragraph


def overview(basis: PlanBasis) -> tuple[Paragraph, ...]:
    """What the plan says, a sentence or two a paragraph."""
    m = basis.metric
    names = "、".join(group.name for group in basis.audience.groups)
    scope = f"本方案围绕{basis.goal.title}，由{basis.scope_name}执行，客群取{names}："
    found = [say(basis, scope + "目标客群{audience.customers}，核验后可以触达{reach.assigned}。")]
    found += [Paragraph.of(f"目标里的{words}没有采用。") for words in unused(basis)]
    if basis.goal.product_types and not basis.reach.products:
        found.append(Paragraph.of("触达期内没有可卖的对应产品，本方案不宜启动。"))
        return (*found, *off_sale(basis))
    if not basis.reach.assigned:
        return (*found, Paragraph.of("没有客户可以触达，本方案不宜启动。"))
    found += [_expected(basis), *_purchases(basis)]
    found += [Paragraph.of("".join(basis.cautions))] if basis.cautions else []
    if m("effort.days_needed").known:
        hands = enough(m("effort.days_needed"), m("effort.days_available"))
        words = "人工触达一轮所需{effort.days_needed}，可用{effort.days_available}。"
        found.append(say(basis, words + hands))
    if m("trial.mde").known and m("trial.held_out").value:
        words = "随机留出对照组{trial.held_out}，能分辨的最小差别是{trial.mde}。"
        few = "名单人数少，看不出预计的效果，随机留出{trial.held_out}只作参照。"
        found.append(say(basis, few if too_few(basis) else words))
    return tuple(found)


def _expected(basis: PlanBasis) -> Paragraph:
    m, name = basis.metric, basis.goal.outcome
    if m(name).known and m("goal.gap").known:
        words = f"目标数{{goal.value~}}，按本行近一年的记录，{m(name).label}{{{name}~}}，"
        gap = "预计缺口{goal.gap~}" if m("goal.gap").value else "预计没有缺口"
        return say(basis, f"{words}{gap}。{_remark(basis)}")
    if not m("forecast.accepted").known:
        return Paragraph.of(f"{m('forecast.accepted').missing}，先做小范围试点。")
    rest = f"{m('goal.value').missing}，没有算缺口。"
    if m("goal.value").known:
        rest = f"{m(name).missing}，没有测算{m(name).label}。"
    return say(basis, f"按本行近一年的记录触达一轮，预计接受{{forecast.accepted}}；{rest}")


def _remark(basis: PlanBasis) -> str:
    """What the gap means: what the list can do, or that the goal is within reach."""
    m = basis.metric
    if basis.goal.level and m("goal.value").value == 0:
        return "现状已达到目标写明的水平。"
    if not m("goal.gap").value:
        return ""
    if basis.goal.retention:
        return "缺口要靠逐户提前约谈补上，做不到的按现有承接率上报。"
    if not m("goal.feasible").value:
        return "按现有名单做不到。"
    return "按现有名单做不到，建议目标{goal.feasible}。"


def _purchases(basis: PlanBasis) -> Iterator[Paragraph]:
    """The one number of purchases, parted into what comes by itself and what contacts add."""
    if basis.goal.product_types and basis.metric("forecast.sales").known:
        words = "预计成交{forecast.sales}：自然成交{forecast.natural}、触达增量{forecast.uplift}"
        lift = basis.metric("trial.hoped")
        yield say(basis, f"{words}。" if lift.known else f"{words}；{lift.missing}。")
