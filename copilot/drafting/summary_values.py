"""What a work summary may state, by placeholder: the words of each figure and the facts in them.

    calls          22次                     calls.versus   比上周同期增加3次，增长15.8%
    target.aum_net 260万元                  open.maturity  11户

Sentences are written with these placeholders, by code or by a model; figures come from here only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from copilot.records.codes import SummaryPeriod
from copilot.records.compliance import Fact
from copilot.records.figures import amount_reported, full_date, month_day, reported
from copilot.records.metric import Unit
from copilot.records.report import Piece, Stated
from copilot.records.work import (
    MATURITY_DAYS,
    Measured,
    OpenItem,
    OpenKind,
    TargetProgress,
    Work,
    WorkPeriod,
)

SLOT = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
MOST_GROWTH = 3.0  # beyond this a percentage says less than the difference
LEAST_BASE = 5  # counts below this are not turned into percentages
ROLE = "quoted"  # the words around a count or share do not say what it is
AMOUNT_ROLE = "amount"
LISTED = {SummaryPeriod.DAY: 3, SummaryPeriod.WEEK: 5, SummaryPeriod.MONTH: 8}
_WHY = {
    OpenKind.COMPLAINT: "投诉未办结",
    OpenKind.CALLBACK: "还在考虑",
    OpenKind.REFERRAL: "转介待承接",
}
NOW = {SummaryPeriod.DAY: "今日", SummaryPeriod.WEEK: "本周", SummaryPeriod.MONTH: "本月"}


@dataclass(frozen=True, slots=True)
class Said:
    """The words of one placeholder, the facts they state, and where they come from.

    ``metrics`` are the figures behind it, ``rows`` further rows as ``table:id``.
    """

    text: str
    source: str
    facts: tuple[Fact, ...] = ()
    metrics: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


Values = Mapping[str, Said]


def slot(name: str) -> str:
    """A placeholder.

    >>> slot("calls")
    '{{ calls }}'
    """
    return f"{{{{ {name} }}}}"


def slots_in(template: str) -> list[str]:
    """The placeholders of a sentence, in order."""
    return SLOT.findall(template)


def pieces(template: str, values: Values) -> tuple[Piece, ...]:
    """A sentence with its placeholders filled."""
    found: list[Piece] = []
    for number, part in enumerate(SLOT.split(template)):
        found.append(Stated(values[part].text, values[part].source) if number % 2 else part)
    return tuple(found)


def before(period: WorkPeriod) -> str:
    """What the time before is called: 上周同期, or 上周 when the week is over."""
    if period.kind is SummaryPeriod.DAY:
        return "上一工作日"
    name = "上周" if period.kind is SummaryPeriod.WEEK else "上月"
    return name if period.complete else f"{name}同期"


def summary_values(work: Work) -> dict[str, Said]:
    """Every placeholder of a summary."""
    values: dict[str, Said] = {}
    for figure in work.figures.values():
        values |= _of_figure(figure, before(work.period))
        values |= _a_day(figure, work.period)
    for target in work.targets:
        values |= _of_target(target, work.period)
    values |= _of_targets(work.targets)
    values |= _of_open_items(work)
    values |= _of_dates(work.period)
    return values


def stated(value: float, unit: Unit, counter: str) -> tuple[str, Fact]:
    """A value as summaries state it, and the fact that this states (figures have no sign).

    >>> stated(0.8945, Unit.RATIO, "")[0], stated(12, Unit.COUNT, "笔")[0]
    ('89.5%', '12笔')
    """
    if unit is Unit.FEN:
        fen = reported(round(value))
        return amount_reported(fen), Fact("", AMOUNT_ROLE, "amount", abs(fen))
    if unit in (Unit.RATIO, Unit.POINTS):
        percent = round(value * 100, 1)
        name = "%" if unit is Unit.RATIO else "个百分点"
        return f"{percent:g}{name}", Fact("", ROLE, "rate", abs(percent) * 100)
    number = round(value, 1)
    return f"{number:.10g}{counter}", Fact("", ROLE, "count", abs(number))


def _said(value: float, figure: Measured, *, unit: Unit | None = None, words: str = "{}") -> Said:
    unit = unit or figure.unit
    text, fact = stated(value, unit, figure.counter)
    fact = Fact(figure.source, fact.role, fact.kind, fact.value)
    shown = words.format(text)
    return Said(shown, figure.source, (fact,), (figure.name,))


def _of_figure(figure: Measured, earlier: str) -> dict[str, Said]:
    if figure.value is None:
        return {}
    name, found = figure.name, {figure.name: _said(figure.value, figure)}
    if figure.value < 0 or name.endswith("_change") or name.startswith("held_change"):
        found[f"{name}.moved"] = _moved(figure)
        found[f"{name}.size"] = _said(abs(figure.value), figure)
    if figure.previous is not None:
        found[f"{name}.before"] = _said(figure.previous, figure)
        found[f"{name}.versus"] = _versus(figure, figure.value, figure.previous, earlier)
    return found


def _a_day(figure: Measured, period: WorkPeriod) -> dict[str, Said]:
    """What comes to one working day, for periods of unequal length."""
    if figure.value is None or figure.previous is None or figure.unit is Unit.RATIO:
        return {}
    if not (period.workdays and period.previous_workdays):
        return {}
    return {
        f"{figure.name}.daily": _said(figure.value / period.workdays, figure),
        f"{figure.name}.daily_before": _said(figure.previous / period.previous_workdays, figure),
    }


def _moved(figure: Measured) -> Said:
    value = figure.count
    if not value:
        return Said("持平", figure.source, (), (figure.name,))
    return _said(abs(value), figure, words="增加{}" if value > 0 else "减少{}")


def _versus(figure: Measured, value: float, previous: float, earlier: str) -> Said:
    """The comparison with the period before: level, from nothing, up or down."""
    difference = value - previous
    if stated(value, figure.unit, "")[0] == stated(previous, figure.unit, "")[0]:
        return Said(f"与{earlier}持平", figure.source, (), (figure.name,))
    if figure.unit is Unit.RATIO:
        words = f"比{earlier}{'上升' if difference > 0 else '下降'}{{}}"
        return _said(abs(difference), figure, unit=Unit.POINTS, words=words)
    if not previous:
        return Said(f"{earlier}没有", figure.source, (), (figure.name,))
    words = f"比{earlier}{'增加' if difference > 0 else '减少'}{{}}"
    told = _said(abs(difference), figure, words=words)
    growth = difference / previous
    if (figure.unit is Unit.FEN or previous >= LEAST_BASE) and abs(growth) <= MOST_GROWTH:
        percent, fact = stated(abs(growth), Unit.RATIO, "")
        direction = "增长" if difference > 0 else "下降"
        facts = (*told.facts, Fact(figure.source, ROLE, "rate", fact.value))
        text = f"{told.text}，{direction}{percent}"
        return Said(text, told.source, facts, told.metrics)
    return told


def _of_target(target: TargetProgress, period: WorkPeriod) -> dict[str, Said]:
    name, done = f"target.{target.kpi}", target.done
    metrics = (done.name,) if done else ()

    def said(value: float, unit: Unit = target.unit) -> Said:
        text, fact = stated(value, unit, target.counter)
        facts = (Fact(target.source, fact.role, fact.kind, fact.value),)
        return Said(text, target.source, facts, metrics)

    found = {name: said(target.target)}
    if done is None or done.value is None:
        return found
    found[f"{name}.done"] = said(done.value)
    if target.rate is not None:
        found[f"{name}.rate"] = said(target.rate, Unit.RATIO)
        found[f"{name}.lag"] = said(abs(target.pace - target.rate), Unit.POINTS)
    gap = max(target.target - done.value, 0)
    found[f"{name}.gap"] = said(gap)
    left = period.month_workdays - period.month_elapsed
    if left > 0:
        found[f"{name}.daily"] = said(gap / left)
    return found


def _of_open_items(work: Work) -> dict[str, Said]:
    found: dict[str, Said] = {}
    most = LISTED[work.period.kind]
    for kind in OpenKind:
        items = work.open(kind)
        if not items:
            continue
        people = list(dict.fromkeys(item.customer_id for item in items))
        rows = tuple(f"{item.table}:{row}" for item in items for row in item.rows)
        source, name = f"open.{kind.value}", f"open.{kind.value}"
        counted = (Fact(source, ROLE, "count", len(people)),)
        found[name] = Said(f"{len(people)}户", source, counted, rows=rows)
        total = (Fact(source, ROLE, "count", len(items)),)
        unit = {OpenKind.COMPLAINT: "件"}.get(kind, "笔")
        found[f"{name}.items"] = Said(f"{len(items)}{unit}", source, total, rows=rows)
        found[f"{name}.list"] = _listed(_first_of_each(items)[:most], source, {})
    first = _first_of_each(work.open_items)[: LISTED[SummaryPeriod.DAY]]
    if first:
        found["open.first"] = _listed(first, "open.first", _WHY)
    return found


def _of_targets(targets: Sequence[TargetProgress]) -> dict[str, Said]:
    """How many targets can be told, are on track, and lag behind."""
    told = [target for target in targets if target.on_track is not None]
    counts = {
        "all": len(targets),
        "known": len(told),
        "on_track": sum(target.on_track is True for target in told),
        "behind": sum(target.on_track is False for target in told),
    }
    metrics = tuple(target.done.name for target in told if target.done)
    return {
        f"targets.{name}": Said(
            f"{count}项", "targets", (Fact("targets", ROLE, "count", count),), metrics
        )
        for name, count in counts.items()
    }


def _listed(items: Sequence[OpenItem], source: str, why: Mapping[OpenKind, str]) -> Said:
    """Customers by the bank's own ids, each with the date that matters or with ``why``."""
    words = []
    for item in items:
        note = f"{month_day(item.due)}到期" if item.due else why.get(item.kind, "")
        note += "，自动转存" if item.renews else ""
        words.append(f"{item.customer_id}（{note}）" if note else item.customer_id)
    facts = tuple(_date_fact(item.due, source) for item in items if item.due)
    rows = tuple(f"{item.table}:{row}" for item in items for row in item.rows)
    return Said("、".join(words), source, facts, rows=rows)


def _first_of_each(items: Sequence[OpenItem]) -> list[OpenItem]:
    """One item a customer, the most pressing."""
    first: dict[str, OpenItem] = {}
    for item in items:
        first.setdefault(item.customer_id, item)
    return list(first.values())


def _of_dates(period: WorkPeriod) -> dict[str, Said]:
    def days(count: int) -> Said:
        fact = Fact("period", ROLE, "term", count)
        return Said(f"{count}个工作日", "period", (fact,))

    left = period.month_workdays - period.month_elapsed
    pace, fact = stated(period.month_elapsed / max(period.month_workdays, 1), Unit.RATIO, "")
    return {
        "period.first": _day(period.window.first),
        "period.last": _day(period.window.last),
        "previous.first": _day(period.previous.first),
        "previous.last": _day(period.previous.last),
        "period.workdays": days(period.workdays),
        "previous.workdays": days(period.previous_workdays),
        "month.left": days(left),
        "month.pace": Said(pace, "period", (Fact("period", ROLE, "rate", fact.value),)),
        "horizon": _horizon(),
        "next_workday": _day(period.next_workday, short=True),
    }


def _horizon() -> Said:
    fact = Fact("period", ROLE, "term", MATURITY_DAYS)
    return Said(f"{MATURITY_DAYS}天", "period", (fact,))


def _day(day: date, *, short: bool = False) -> Said:
    text = month_day(day) if short else full_date(day)
    return Said(text, "period", (_date_fact(day, "period"),))


def _date_fact(day: date, source: str) -> Fact:
    return Fact(source, "date", "date", day.isoformat())


def facts_of(values: Values) -> tuple[Fact, ...]:
    """Everything that a summary may state, for the checker; what says the same stands once."""
    facts = (fact for said in values.values() for fact in said.facts)
    return tuple({(fact.role, fact.kind, fact.value): fact for fact in facts}.values())
