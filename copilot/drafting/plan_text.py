"""The embedded writer's plan: sections composed from computed figures, nothing else.

A figure stands in the text only where a sentence names its metric; what is not known is said to
be unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from copilot.drafting.plan_phrases import enough, off_sale, say, too_few, unused
from copilot.drafting.plan_tables import (
    checklist,
    conversions,
    definitions,
    due_split,
    exclusions,
    groups,
    measurement,
    potential,
    products,
    sign_off,
    staffing,
    strongest_reasons,
    templates,
)
from copilot.records.codes import label
from copilot.records.figures import full_date
from copilot.records.plan import PlanBasis
from copilot.records.report import (
    Block,
    Chart,
    ChartKind,
    Gantt,
    Paragraph,
    Section,
    Series,
    Style,
    sources_in,
)

NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一")
_FUNNEL = (
    "audience.customers",
    "reach.assigned",
    "trial.treated",
    "forecast.reached",
    "forecast.accepted",
)


def plan_sections(basis: PlanBasis, prose: tuple[Paragraph, ...]) -> tuple[Section, ...]:
    """Every section of a plan, numbered; ``prose`` opens it."""
    parts: tuple[tuple[str, Iterable[Block]], ...] = (
        ("概要", prose),
        ("目标与理解", _goal(basis)),
        ("目标客群", _audience(basis)),
        ("产品匹配与适当性", _products(basis)),
        ("转化与目标测算", _forecast(basis)),
        ("人员与预算", _effort(basis)),
        ("日历", _calendar(basis)),
        ("渠道、触达限制与话术", _channels(basis)),
        ("试验设计", _trial(basis)),
        ("风险与合规清单", _compliance(basis)),
        ("效果衡量", (Paragraph.of("方案期内按下表记录，结束后归档。"), measurement(basis))),
    )
    sections = [
        Section(f"{numeral}、{heading}", tuple(blocks))
        for numeral, (heading, blocks) in zip(NUMERALS, parts, strict=True)
    ]
    if basis.missing:
        lines = tuple(Paragraph.of(line, style=Style.BULLET) for line in basis.missing)
        sections.append(Section("缺少的数据", lines))
    answering = Paragraph.of("签字人对名单、口径和话术的使用负责。")
    sections.append(Section("会签", (answering, sign_off())))
    used = frozenset[str]().union(*map(sources_in, sections))
    return (*sections, Section("附：数字口径", (definitions(basis, used),)))


def _goal(basis: PlanBasis) -> Iterator[Block]:
    goal = basis.goal
    yield Paragraph.of(f"目标原文：{goal.text}")
    days = f"{full_date(goal.window.first)}至{full_date(goal.window.last)}"
    touch = f"{full_date(basis.touch.first)}至{full_date(basis.touch.last)}"
    yield Paragraph.of(f"期间：{days}（{goal.window.label}）；触达期：{touch}。")
    yield say(basis, f"现状：{basis.metric('base.standing').label}{{base.standing~}}。")
    if goal.retention:
        due = "期内到期金额{due.all~}，涉及{due.customers}；近一年到期承接率{past.retention}。"
        yield say(basis, due)
    if basis.metric("goal.value").known:
        yield say(basis, "目标数：{goal.value~}。")
    elif goal.share is not None:
        yield Paragraph.of(f"{basis.metric('goal.value').missing}。")
    target = basis.metric("target.head_office")
    given = f"{target.label}：{{target.head_office~}}"
    if target.known:
        given += "（照录，未作改动）"
        given += "；现状距该指标：{target.gap~}" if basis.metric("target.gap").known else ""
    yield say(basis, f"{given}。")
    for line in goal.assumed:
        yield Paragraph.of(f"假设：{line}。", style=Style.BULLET)
    for words in unused(basis):
        yield Paragraph.of(f"目标里没有采用的部分：{words}。", style=Style.BULLET)


def _audience(basis: PlanBasis) -> Iterator[Block]:
    refused = "其中{scope.profiling_refused}拒绝画像分析，不进入任何客群。"
    yield say(basis, f"范围内客户{{scope.customers}}；{refused}")
    yield groups(basis)
    through = "逐一核验后，可触达{reach.assigned}，不可触达{reach.excluded}。"
    yield say(basis, f"目标客群{{audience.customers}}，{through}")
    if basis.reach.excluded:
        yield exclusions(basis)
        for line in basis.remedies:
            yield Paragraph.of(line, style=Style.BULLET)
    if basis.reach.unchecked:
        names = "、".join(basis.reach.unchecked)
        yield Paragraph.of(f"缺少数据、未能核验：{names}。", style=Style.NOTE)
    if strongest_reasons(basis):
        yield _reason_chart(basis)


def _reason_chart(basis: PlanBasis) -> Chart:
    found = strongest_reasons(basis)
    values = tuple(float(one.value) for one in found if isinstance(one.value, int))
    series = Series("客户数", values, tuple(one.source for one in found))
    names = tuple(metric.label for metric in found)
    note = "理由只供员工参考，不对客户复述其资产情况。"
    return Chart("图：可触达客户的联系理由", ChartKind.BAR, names, (series,), "位", note)


def _products(basis: PlanBasis) -> Iterator[Block]:
    if not basis.goal.product_types:
        yield Paragraph.of("这个目标不推介产品，只做功能介绍；能否触达按普通存款核验。")
    elif basis.reach.products:
        yield Paragraph.of("下列产品触达期内在售，与目标相符；能不能对某位客户讲，逐人核验。")
        yield products(basis)
    else:
        yield Paragraph.of("货架上没有触达期内可卖的对应产品，方案只能停在客群一步。")
    if basis.reach.off_sale:
        yield Paragraph.of("与目标相符、但触达期内卖不了的产品：")
        yield from off_sale(basis)


def _forecast(basis: PlanBasis) -> Iterator[Block]:
    m = basis.metric
    if not basis.reach.assigned:
        yield Paragraph.of("没有名单，不作测算。")
        return
    yield Paragraph.of("转化率取自本行自己的触达记录，没有借用外部数字；只算触达名单，不含对照组。")
    yield conversions(basis)
    if not m("forecast.accepted").known:
        missing = m("forecast.accepted").missing
        yield Paragraph.of(f"{missing}，先做小范围试点，用试点结果测算。")
        return
    ends = "{forecast.accepted_low}到{forecast.accepted_high}"
    yield say(basis, f"名单触达一轮，预计接受{{forecast.accepted}}，按占比的95%区间为{ends}。")
    if m("forecast.unknown_heads").value:
        yield say(basis, "另有{forecast.unknown_heads}分在没有转化记录的渠道，未计入预计接受。")
    steps = [m(name) for name in _FUNNEL if m(name).known]
    values = tuple(float(step.value) for step in steps if isinstance(step.value, int))
    series = Series("人数", values, tuple(step.source for step in steps))
    yield Chart("图：客群漏斗", ChartKind.FUNNEL, tuple(s.label for s in steps), (series,), "位")
    if basis.goal.product_types:
        yield from _sales(basis)
    if basis.goal.potential:
        yield from _potential(basis)
    for line in basis.cautions:
        yield Paragraph.of(line, style=Style.NOTE)
    for name in ("goal.covered", "goal.gap", "goal.feasible"):
        if m(name).known:
            yield say(basis, f"{m(name).label}：{{{name}~}}。", Style.BULLET)


def _sales(basis: PlanBasis) -> Iterator[Block]:
    """What is bought: by itself, and on top of it."""
    m = basis.metric
    yield Paragraph.of("成交指客户新起息所选产品类型，按客户计；预计成交＝自然成交＋触达增量。")
    for name in ("past.sale_after_accept", "past.sale_unanswered"):
        count = f"（依据{m(name).denominator}次触达）" if m(name).known else ""
        yield say(basis, f"{m(name).label}：{{{name}}}{count}。", Style.BULLET)
    counted = ["forecast.natural", "forecast.uplift", "forecast.sales"]
    counted += [] if basis.goal.potential else ["forecast.amount"]
    for name in counted:
        yield say(basis, f"{m(name).label}：{{{name}~}}。", Style.BULLET)
    for name in (n for n in basis.metrics if n.startswith("past.ticket")):
        count = f"（依据{m(name).denominator}笔）" if m(name).known else ""
        yield say(basis, f"{m(name).label}：{{{name}~}}{count}。", Style.BULLET)


def _potential(basis: PlanBasis) -> Iterator[Block]:
    """The money on the list, what of it may stay or move, and whose it is."""
    yield potential(basis)
    if basis.metric("potential.due_early").value:
        early = "其中{potential.due_early~}在首次触达前到期，由管户按日常到期提醒承接，不等本方案。"
        yield say(basis, early)
    split = due_split(basis)
    if split.rows:
        yield split


def _effort(basis: PlanBasis) -> Iterator[Block]:
    m = basis.metric
    by_hand = "需要人工触达（电话、企业微信）{effort.by_hand}"
    if m("effort.pace").known:
        pace = "记录中每人每日触达{effort.pace}，触达一轮所需{effort.days_needed}"
        yield say(basis, f"{by_hand}，{pace}。")
        rounds = (
            "间隔规则下触达期内至多{effort.touches}，用满需要{effort.days_all}；本方案按一轮测算。"
        )
        yield say(basis, rounds)
    else:
        yield say(basis, f"{by_hand}；{m('effort.pace').missing}，所需人日算不出。")
    yield say(
        basis,
        "参与员工{effort.people}，触达期工作日{effort.workdays}，合计可用{effort.days_available}。"
        + enough(m("effort.days_needed"), m("effort.days_available")),
    )
    if basis.managers:
        yield staffing(basis)
    if not m("budget.total").known:
        yield Paragraph.of("没有给出预算。短信、外呼、物料的单价不在数据中，费用须另行测算。")
        return
    yield say(
        basis,
        "预算{budget.total}，每位触达客户{budget.per_head}，"
        "每位预计接受客户{budget.per_accept}。单价不在数据中，以上是上限而不是成本；"
        "预算不得用于以存款为条件的返还或赠送。",
    )


def _calendar(basis: PlanBasis) -> Iterator[Block]:
    if not basis.reach.assigned:
        yield Paragraph.of("没有名单，不排日历。")
        return
    yield Gantt("图：日历", basis.calendar)
    for note in basis.notes:
        yield Paragraph.of(note, style=Style.NOTE)


def _channels(basis: PlanBasis) -> Iterator[Block]:
    for channel in basis.reach.channels:
        name = f"assigned.{channel.value}"
        if basis.metric(name).value:
            yield say(basis, f"{label(channel)}：{{{name}}}。", Style.BULLET)
    yield say(
        basis,
        "同一客户两次营销触达至少间隔{effort.interval}，触达期内至多{effort.touches}；"
        "客户说不，当场停止，登记后不再触达。",
    )
    if not basis.goal.product_types:
        yield Paragraph.of("功能介绍的话术没有批准过，先送审，批准后再触达。")
        return
    listed = templates(basis)
    if listed.rows:
        yield listed


def _trial(basis: PlanBasis) -> Iterator[Block]:
    m = basis.metric
    if not basis.reach.assigned:
        yield Paragraph.of("没有名单，不设试验。")
        return
    if not m("trial.held_out").value:
        words = "名单只有{reach.assigned}，不设对照组，全部触达；效果只能描述，不能归因。"
        yield say(basis, words)
        return
    yield say(
        basis,
        "随机抽取{trial.held_out}（{trial.hold_out}）作对照组，方案期内不作营销触达，服务照常；"
        "其余{trial.treated}是触达名单，人员、渠道和测算都只按触达名单计。",
    )
    yield say(basis, f"{m('trial.base').label}：{{trial.base}}。")
    mde, hoped = m("trial.mde"), m("trial.hoped")
    if not mde.known:
        yield Paragraph.of(f"{mde.missing}：本方案不能用试验判断效果，只能描述。")
        return
    yield say(basis, "这样的两组能分辨的最小差别是{trial.mde}。")
    if not isinstance(mde.value, float) or not isinstance(hoped.value, float):
        yield Paragraph.of(f"{hoped.missing}，预计的差别先由试点给出。")
        return
    verdict = "人数够。"
    if too_few(basis):
        verdict = "人数不够：小于上述最小差别的效果看不出来，结论只作参考。"
    words = "预计的差别是{trial.hoped}，按每组等量需要每组{trial.needed}。"
    yield say(basis, words + verdict)


def _compliance(basis: PlanBasis) -> Iterator[Block]:
    yield Paragraph.of("启动前逐条核对，有一条做不到的，相关客户、产品或渠道不得触达。")
    yield checklist(basis)
    words = "规则是工程样例，不构成法律意见；正式使用前由法律合规与消保确认。"
    yield Paragraph.of(words, style=Style.NOTE)
