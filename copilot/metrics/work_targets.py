"""Targets of the month and how far they are reached, where the tables can tell.

A target whose figure the tables do not hold stays in the list with the reason, never with a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from copilot.metrics.work_holdings import balances
from copilot.metrics.work_measures import Measure, customers, measured, measures, of_type, total
from copilot.metrics.work_period import work_period
from copilot.metrics.work_rows import WorkRows
from copilot.records.codes import SummaryPeriod
from copilot.records.metric import Unit
from copilot.records.work import (
    Measured,
    Subject,
    Target,
    TargetKind,
    TargetProgress,
)


@dataclass(frozen=True, slots=True)
class Kpi:
    """A target's name, how it is judged, and the figure that it is compared with, if any.

    ``figure`` names a figure of the month, ``parts`` the two that a share is made of, with what
    they are called beside it; ``missing`` says why there is none.
    """

    label: str
    kind: TargetKind
    unit: Unit
    counter: str = ""
    figure: str = ""
    missing: str = ""
    parts: tuple[tuple[str, str], ...] = ()


_FLOW, _LEVEL, _CEILING = TargetKind.FLOW, TargetKind.LEVEL, TargetKind.CEILING
_NO_DAILY = "持仓是时点快照，没有日均余额"
KPIS: dict[str, Kpi] = {
    "deposit_point": Kpi("储蓄时点", _LEVEL, Unit.FEN, figure="deposits"),
    "deposit_daily_avg": Kpi("储蓄日均", _LEVEL, Unit.FEN, missing=_NO_DAILY),
    "aum_net": Kpi("AUM净增", _FLOW, Unit.FEN, figure="aum_change"),
    "fund_holding": Kpi("基金保有量", _LEVEL, Unit.FEN, figure="funds"),
    "insurance_premium": Kpi("期交保费", _FLOW, Unit.FEN, figure="premiums"),
    "pension_accounts": Kpi("养老金缴存户", _FLOW, Unit.COUNT, "户", figure="pension_customers"),
    "maturity_retention": Kpi(
        "到期承接率", _LEVEL, Unit.RATIO, figure="retention",
        parts=(("maturity_amount", "应承接"), ("kept_amount", "承接")),
    ),
    "referral_success": Kpi(
        "转介成功率", _LEVEL, Unit.RATIO, figure="referral_rate",
        parts=(("referrals", "转介"), ("referrals_won", "成交")),
    ),
    "call_connect_rate": Kpi(
        "接通率", _LEVEL, Unit.RATIO, figure="connect_rate",
        parts=(("phone_tried", "外呼"), ("phone_reached", "接通")),
    ),
    "complaints": Kpi("投诉", _CEILING, Unit.COUNT, "件", figure="complaints"),
    "recording_pass_rate": Kpi(
        "双录合格率", _LEVEL, Unit.RATIO, missing="只有双录编号，没有质检结果"
    ),
    "valid_customers": Kpi("有效户", _FLOW, Unit.COUNT, "户", missing="没有有效户的口径"),
    "intermediary_income": Kpi("中收", _FLOW, Unit.FEN, missing="数据中没有中间业务收入"),
    "payroll_new": Kpi("代发新增", _FLOW, Unit.COUNT, "户", missing="工作记录中没有代发签约"),
    "payroll_retention": Kpi("代发留存", _LEVEL, Unit.RATIO, missing="数据中没有代发留存口径"),
    "card_binding": Kpi("三方绑卡", _FLOW, Unit.COUNT, "户", missing="数据中没有绑卡记录"),
    "mobile_mau": Kpi("手机银行MAU", _LEVEL, Unit.COUNT, "户", missing="数据中没有登录记录"),
}  # fmt: skip


def progress(work: WorkRows, targets: Sequence[Target]) -> tuple[TargetProgress, ...]:
    """The month's targets in the order of `KPIS`, each with what has been reached so far."""
    given = _given(work.subject, targets)
    if not given:
        return ()
    month = replace(work, period=work_period(SummaryPeriod.MONTH, work.period.last))
    figures = {figure.name: figure for figure in _of_month(month)}
    pace = work.period.month_elapsed / max(work.period.month_workdays, 1)
    return tuple(
        _progress(kpi, declared, given[kpi], figures, pace)
        for kpi, declared in KPIS.items()
        if kpi in given
    )


def _given(subject: Subject, targets: Sequence[Target]) -> dict[str, float]:
    """What is asked of the subject; of a bank without targets of its own, what its branches sum to.

    A share cannot be summed: it stands only when every branch is asked for the same.
    """
    own = {target.kpi: target.value for target in targets if target.owner_id == subject.owner_id}
    if own:
        return own
    values: dict[str, list[float]] = defaultdict(list)
    for target in targets:
        values[target.kpi].append(target.value)
    owners = len({target.owner_id for target in targets})
    return {
        kpi: found[0] if KPIS[kpi].unit is Unit.RATIO else sum(found)
        for kpi, found in values.items()
        if kpi in KPIS
        and len(found) == owners
        and (KPIS[kpi].unit is not Unit.RATIO or len(set(found)) == 1)
    }


def _progress(
    kpi: str, declared: Kpi, target: float, figures: dict[str, Measured], pace: float
) -> TargetProgress:
    found = figures.get(declared.figure)
    missing = declared.missing
    if not missing and found is None:
        missing = "没有管户客户"
    elif found is not None and found.value is None:
        missing = found.missing or "本月没有可计算的记录"
    done, parts = None, tuple[Measured, ...]()
    if found is not None and not missing:
        done = _of_the_month(found)
        parts = tuple(
            replace(_of_the_month(figures[name]), label=word) for name, word in declared.parts
        )
    return TargetProgress(
        kpi=kpi,
        label=declared.label,
        kind=declared.kind,
        target=target,
        unit=declared.unit,
        counter=declared.counter,
        done=done,
        pace=pace,
        missing=missing,
        parts=parts,
    )


def _of_the_month(figure: Measured) -> Measured:
    return replace(figure, name=f"month.{figure.name}", previous=None)


def _of_month(month: WorkRows) -> Iterable[Measured]:
    wanted = {name for kpi in KPIS.values() for name in (kpi.figure, *dict(kpi.parts))}
    for measure in (*measures(month), *_extra()):
        if measure.name in wanted:
            yield measured(measure, month)
    yield from balances(month)


def _extra() -> tuple[Measure, ...]:
    return (
        Measure(
            "premiums", "期交保费", "", "events", "保险成交金额合计", of_type("insurance"), total,
            Unit.FEN,
        ),
        Measure(
            "pension_customers", "养老金缴存户", "户", "events", "个人养老金成交客户去重",
            of_type("pension"), customers,
        ),
    )  # fmt: skip
