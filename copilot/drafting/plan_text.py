"""The embedded writer's plan: sections composed from computed figures, nothing else.

A figure stands in the text only where a sentence names its metric; what is not known is said to
be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from copilot.drafting.plan_tables import (
    checklist,
    conversions,
    definitions,
    exclusions,
    groups,
    measurement,
    products,
    sign_off,
    staffing,
    strongest_reasons,
    templates,
)
from copilot.records.codes import label
from copilot.records.figures import full_date
from copilot.records.metric import Metric
from copilot.records.plan import PlanBasis
from copilot.records.report import (
    Block,
    Chart,
    ChartKind,
    Gantt,
    Paragraph,
    Piece,
    Section,
    Series,
    Style,
    sources_in,
)

NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一")
_NAMED = re.compile(r"\{([\w.-]+)(~?)\}")
_FUNNEL = (
    "audience.customers",
    "reach.assigned",
    "forecast.reached",
    "forecast.accepted",
    "forecast.sales",
)


def say(basis: PlanBasis, words: str, style: Style = Style.BODY) -> Paragraph:
    """A paragraph in which ``{name}`` is a metric's value, ``{name~}`` the rounded one."""
    pieces: list[Piece] = []
    end = 0
    for match in _NAMED.finditer(words):
        metric = basis.metric(match[1])
        pieces += [words[end : match.start()], metric.rounded if match[2] else metric.stated]
        end = match.end()
    return Paragraph.of(*pieces, words[end:], style=style)


def overview(basis: PlanBasis) -> tuple[Paragraph, ...]:
    """What the plan says, a sentence or two a paragraph."""
    m = basis.metric
    scope = f"本方案围绕{basis.goal.title}，由{basis.scope_name}执行："
    found = [
        say(basis, scope + "目标客群{audience.customers}，门禁通过、可以触达的{reach.assigned}。")
    ]
    if not basis.reach.assigned:
        return (*found, Paragraph.of("没有客户可以触达，本方案不宜启动。"))
    found.append(_expected(basis))
    if m("effort.days_needed").known:
        enough = _enough(m("effort.days_needed"), m("effort.days_available"))
        words = "人工触达所需{effort.days_needed}，可用{effort.days_available}。"
        found.append(say(basis, words + enough))
    if m("trial.mde").known and m("trial.held_out").value:
        words = "随机留出对照组{trial.held_out}，能分辨的最小差别是{trial.mde}。"
        few = "名单人数少，看不出期望的效果，随机留出{trial.held_out}只作参照。"
        found.append(say(basis, few if _too_few(basis) else words))
    return tuple(found)


def _expected(basis: PlanBasis) -> Paragraph:
    m, name = basis.metric, basis.goal.outcome
    if m(name).known and m("goal.gap").known:
        words = f"目标数{{goal.value}}，按本行近一年的记录触达一轮，{m(name).label}{{{name}~}}，"
        rest = "单靠这份名单不够，差额要靠其他客群和日常经营补足。"
        return say(basis, f"{words}预计缺口{{goal.gap~}}。{rest if m('goal.gap').value else ''}")
    if not m("forecast.accepted").known:
        return Paragraph.of(f"{m('forecast.accepted').missing}，先做小范围试点。")
    rest = f"{m('goal.value').missing}，没有算缺口。"
    if not m(name).known:
        rest = "成交与金额的记录不足，没有测算。"
    return say(basis, f"按本行近一年的记录触达一轮，预计接受{{forecast.accepted}}；{rest}")


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
    yield Paragraph.of(f"期间：{days}（{goal.window.label}）。")
    yield say(basis, f"现状：{basis.metric('base.standing').label}{{base.standing~}}。")
    if basis.metric("goal.value").known:
        yield say(basis, "目标数：{goal.value}。")
    elif goal.share is not None:
        yield Paragraph.of(f"{basis.metric('goal.value').missing}。")
    given = "总行下达的指标：{target.head_office}"
    if basis.metric("target.head_office").known:
        given += "（照录，未作改动）；现状距该指标：{target.gap}"
    yield say(basis, f"{given}。")
    for line in goal.assumed:
        yield Paragraph.of(f"假设：{line}。", style=Style.BULLET)
    if goal.ignored:
        words = "、".join(f"“{part}”" for part in goal.ignored)
        yield Paragraph.of(f"没有看懂、没有采用：{words}。", style=Style.BULLET)


def _audience(basis: PlanBasis) -> Iterator[Block]:
    refused = "其中{scope.profiling_refused}拒绝画像分析，不进入任何客群。"
    yield say(basis, f"范围内客户{{scope.customers}}；{refused}")
    yield groups(basis)
    through = "逐一过门禁后，可触达{reach.assigned}，不可触达{reach.excluded}。"
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
        yield Paragraph.of("这个目标不推介产品，只做功能介绍；触达门禁按普通存款核验。")
    elif basis.reach.products:
        yield Paragraph.of("下列产品在售，与目标相符；能不能对某位客户讲，由门禁逐人核验。")
        yield products(basis)
    else:
        yield Paragraph.of("货架上没有在售的对应产品，方案只能停在客群与触达一步。")


def _forecast(basis: PlanBasis) -> Iterator[Block]:
    m = basis.metric
    yield Paragraph.of("转化率取自本行自己的触达记录，没有借用外部数字。")
    yield conversions(basis)
    sells = bool(basis.goal.product_types)
    for name in ("past.sale_after_accept", "past.ticket") if sells else ():
        count = f"（依据{m(name).denominator:,}次记录）" if m(name).known else ""
        yield say(basis, f"{m(name).label}：{{{name}~}}{count}。")
    if not m("forecast.accepted").known:
        missing = m("forecast.accepted").missing
        yield Paragraph.of(f"{missing}，先做小范围试点，用试点结果测算。")
        return
    ends = "{forecast.accepted_low}到{forecast.accepted_high}"
    yield say(basis, f"名单触达一轮，预计接受{{forecast.accepted}}，按占比的95%区间为{ends}。")
    if m("forecast.unknown_heads").value:
        yield say(basis, "另有{forecast.unknown_heads}分在没有转化记录的渠道，未计入预测。")
    sold = ("forecast.sales", "forecast.amount")
    for name in (*(sold if sells else ()), "goal.covered", "goal.gap"):
        if m(name).known or name in sold:
            yield say(basis, f"{m(name).label}：{{{name}~}}。", Style.BULLET)
    steps = [m(name) for name in _FUNNEL if m(name).known and (sells or name not in sold)]
    values = tuple(float(step.value) for step in steps if isinstance(step.value, int))
    series = Series("人数", values, tuple(step.source for step in steps))
    yield Chart("图：客群漏斗", ChartKind.FUNNEL, tuple(s.label for s in steps), (series,), "位")


def _effort(basis: PlanBasis) -> Iterator[Block]:
    m = basis.metric
    by_hand = "需要人工触达（电话、企业微信）{effort.by_hand}"
    if m("effort.pace").known:
        pace = "记录中每人每日触达{effort.pace}，所需{effort.days_needed}"
        yield say(basis, f"{by_hand}，{pace}。")
    else:
        yield say(basis, f"{by_hand}；{m('effort.pace').missing}，所需人日算不出。")
    yield say(
        basis,
        "参与员工{effort.people}，期内工作日{effort.workdays}，合计可用{effort.days_available}。"
        + _enough(m("effort.days_needed"), m("effort.days_available")),
    )
    if basis.managers:
        yield staffing(basis)
    if not m("budget.total").known:
        yield Paragraph.of("没有给出预算。短信、外呼、物料的单价不在数据中，费用须另行测算。")
        return
    yield say(
        basis,
        "预算{budget.total}，每位可触达客户{budget.per_head}，"
        "每位预计接受客户{budget.per_accept}。单价不在数据中，以上是上限而不是成本；"
        "预算不得用于以存款为条件的返还或赠送。",
    )


def _enough(needed: Metric, available: Metric) -> str:
    if not isinstance(needed.value, int) or not isinstance(available.value, int):
        return ""
    if needed.value <= available.value:
        return "人手够，前提是不减少日常接待。"
    return "人手不够，须缩小名单、延长期间或增加人手。"


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
        "同一客户两次营销触达之间要隔够天数，期内至多{effort.touches}；"
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
        "触达组{trial.treated}。",
    )
    yield say(basis, "自然转化率：{trial.base}。")
    mde, hoped = m("trial.mde"), m("trial.hoped")
    if not mde.known:
        yield Paragraph.of(f"{mde.missing}：本方案不能用试验判断效果，只能描述。")
        return
    yield say(basis, "这样的两组能分辨的最小差别是{trial.mde}。")
    if not isinstance(mde.value, float) or not isinstance(hoped.value, float):
        yield Paragraph.of(f"{hoped.missing}，期望差别先由试点给出。")
        return
    verdict = "人数够。"
    if _too_few(basis):
        verdict = "人数不够：小于上述最小差别的效果看不出来，结论只作参考。"
    words = "希望看到的差别是{trial.hoped}，按每组等量需要每组{trial.needed}。"
    yield say(basis, words + verdict)


def _too_few(basis: PlanBasis) -> bool:
    """Whether the effect that is hoped for is smaller than what the two groups can show."""
    mde, hoped = basis.metric("trial.mde").value, basis.metric("trial.hoped").value
    return isinstance(mde, float) and isinstance(hoped, float) and mde > hoped


def _compliance(basis: PlanBasis) -> Iterator[Block]:
    yield Paragraph.of("启动前逐条核对，有一条做不到的，相关客户、产品或渠道不得触达。")
    yield checklist(basis)
    words = "规则是工程样例，不构成法律意见；正式使用前由法律合规与消保确认。"
    yield Paragraph.of(words, style=Style.NOTE)
