"""What a work summary may state, by placeholder: the words of each figure and the facts in them.

    calls          22次                     calls.versus   比上周同期增加3次，增长15.8%
    target.aum_net 260万元                  open.maturity  11户

Sentences are written with these placeholders, by code or by a model; figures come from here only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from copilot.drafting.summary_open import open_values
from copilot.drafting.summary_said import AMOUNT_ROLE, ROLE, Said, date_fact, stated
from copilot.records.codes import SummaryPeriod
from copilot.records.compliance import Fact
from copilot.records.figures import amount_in_wan, full_date, in_wan, month_day
from copilot.records.metric import Unit
from copilot.records.work import (
    MATURITY_DAYS,
    Measured,
    TargetKind,
    TargetProgress,
    Work,
    WorkPeriod,
)

MOST_GROWTH = 3.0  # beyond this a percentage says less than the difference
LEAST_BASE = 5  # counts below this are not turned into percentages
ALMOST = 0.999
NOW = {SummaryPeriod.DAY: "今日", SummaryPeriod.WEEK: "本周", SummaryPeriod.MONTH: "本月"}


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
    values |= open_values(work)
    values |= {f"name@{m.member_id}": Said(m.name, "") for m in work.members}
    values |= _of_dates(work.period)
    return values


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
    if figure.previous is not None and figure.value < figure.previous:
        found[f"{name}.drop"] = _said(figure.previous - figure.value, figure)
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

    def said(value: float, unit: Unit = target.unit, words: str = "{}") -> Said:
        text, fact = _target_value(value, unit, target.counter)
        facts = (Fact(target.source, fact.role, fact.kind, fact.value),)
        return Said(words.format(text), target.source, facts, metrics)

    ceiling = target.kind is TargetKind.CEILING
    found = {name: said(target.target, words="不超过{}" if ceiling else "{}")}
    if done is None or done.value is None:
        return found
    found[f"{name}.done"] = said(done.value)
    found[f"{name}.size"] = said(abs(done.value))
    found[f"{name}.gap"] = said(max(target.target - done.value, 0))
    if target.rate is not None:
        # What falls short by a hair must not read as reached.
        short = target.kind is TargetKind.LEVEL and not target.on_track
        found[f"{name}.rate"] = said(min(target.rate, ALMOST) if short else target.rate, Unit.RATIO)
    if target.parts:
        found[f"{name}.parts"] = _parts(target)
    left = period.month_workdays - period.month_elapsed
    if target.kind is TargetKind.FLOW and left > 0:
        found[f"{name}.daily"] = said(max(target.target - done.value, 0) / left)
        if target.expected is not None:
            found[f"{name}.expected"] = said(target.expected)
    return found


def _target_value(value: float, unit: Unit, counter: str) -> tuple[str, Fact]:
    """Money of targets all in one unit, so that shares can be computed again from the page."""
    if unit is Unit.FEN and value:
        return amount_in_wan(round(value)), Fact("", AMOUNT_ROLE, "amount", abs(in_wan(value)))
    return stated(value, unit, counter)


def _parts(target: TargetProgress) -> Said:
    """What a share is made of: 外呼20次、接通16次."""
    words, facts = [], []
    for part in target.parts:
        text, fact = _target_value(part.count, part.unit, part.counter)
        words.append(f"{part.label}{text}")
        facts.append(Fact(target.source, fact.role, fact.kind, fact.value))
    metrics = tuple(part.name for part in target.parts)
    return Said("、".join(words), target.source, tuple(facts), metrics)


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
        "month.elapsed": days(period.month_elapsed),
        "next_workday": _day(period.next_workday, short=True),
        "follow_up_by": _day(period.follow_up_by, short=True),
    }


def _horizon() -> Said:
    fact = Fact("period", ROLE, "term", MATURITY_DAYS)
    return Said(f"{MATURITY_DAYS}天", "period", (fact,))


def _day(day: date, *, short: bool = False) -> Said:
    text = month_day(day) if short else full_date(day)
    return Said(text, "period", (date_fact(day, "period"),))
