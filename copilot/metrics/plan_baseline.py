"""Where the bank stands: today's standing, head office's target, the gap to the goal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from copilot.metrics.plan_rows import IN_SCOPE, PlanRows
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Goal, GoalMeasure

MOBILE_DAYS = 30
PAYROLL_DAYS = 45
_BY_PAYROLL = ("payroll", "payroll_new")
_BALANCE = f"""select coalesce(sum(h.amount), 0), count(distinct h.customer_id) from holdings h
join customers c using (customer_id)
where h.as_of = (select max(as_of) from holdings where as_of <= $as_of)
  and list_contains($types::varchar[], h.product_type) and {IN_SCOPE}"""
_MOBILE = f"""select count(distinct t.customer_id) from transactions t
join customers c using (customer_id) where t.channel = 'mobile' and t.txn_date > $since
  and t.txn_date <= $as_of and {IN_SCOPE}"""
_PAYROLL = f"""select count(*) from features
where salary_last_on >= $payroll_since and {IN_SCOPE}"""
_TARGET = """select sum(value), count(*) from targets
where kpi = $kpi and period = $period and list_contains($owners::varchar[], owner_id)"""
_SHARES = ("maturity_retention", "payroll_retention", "referral_success", "call_connect_rate")
_LEVELS = ("deposit_point", "fund_holding")
_MONEY = ("deposit_point", "deposit_daily_avg", "aum_net", "fund_holding", "insurance_premium",
          "intermediary_income")  # fmt: skip


def baseline_metrics(
    rows: PlanRows, branches: Sequence[str], owners: Sequence[str], as_of: date, goal: Goal
) -> Iterator[Metric]:
    """The standing of what the goal is about, and the owners' target for the same time."""
    standing, target = _standing(rows, branches, as_of, goal), _head_office(rows, owners, goal)
    yield from (standing, target, _target_gap(standing, target, goal))


def gap_metrics(metrics: Mapping[str, Metric], goal: Goal) -> Iterator[Metric]:
    """The goal as a number, what the forecast gives of it, and what is left."""
    unit = Unit.FEN if goal.measure is GoalMeasure.AMOUNT else Unit.COUNT
    counter = "" if unit is Unit.FEN else "位"
    wanted, formula = _wanted(metrics["base.standing"], goal, unit)
    yield Metric(
        "goal.value",
        "目标数",
        wanted,
        unit,
        formula,
        counter=counter,
        missing=_why_no_number(goal) if wanted is None else "",
    )
    forecast = metrics[goal.outcome]
    gap = None
    if wanted is not None and isinstance(forecast.value, int):
        gap = wanted - forecast.value
    yield Metric(
        "goal.gap",
        "预计缺口",
        None if gap is None else max(0, gap),
        unit,
        f"目标数 − {forecast.label}，不小于零",
        counter=counter,
        missing="" if gap is not None else forecast.missing or _why_no_number(goal),
    )
    covered = None
    if wanted and isinstance(forecast.value, int):
        covered = forecast.value / wanted
    yield Metric(
        "goal.covered",
        "预计完成比例",
        covered,
        Unit.RATIO,
        f"{forecast.label} ÷ 目标数",
        missing="" if covered is not None else forecast.missing or _why_no_number(goal),
    )


def _why_no_number(goal: Goal) -> str:
    if goal.share is not None:
        return "目标是比率的变化，没有折算成金额或人数"
    return "目标没有写明数量"


def _standing(rows: PlanRows, branches: Sequence[str], as_of: date, goal: Goal) -> Metric:
    known = {
        "branches": list(branches),
        "as_of": as_of,
        "since": as_of - timedelta(MOBILE_DAYS),
        "payroll_since": as_of - timedelta(PAYROLL_DAYS),
    }
    if goal.kind == "mobile":
        lacks = not rows.has("transactions")
        return Metric(
            "base.standing",
            "手机银行活跃客户",
            None if lacks else rows.one(_MOBILE, **known)[0],
            Unit.COUNT,
            f"近{MOBILE_DAYS}天有手机银行交易的客户数（登录记录不在数据中）",
            _MOBILE,
            "位",
            missing="数据中没有交易" if lacks else "",
        )
    if goal.kind in _BY_PAYROLL:
        lacks = not rows.has("transactions")
        return Metric(
            "base.standing",
            "代发客户",
            None if lacks else rows.one(_PAYROLL, **known)[0],
            Unit.COUNT,
            f"近{PAYROLL_DAYS}天有代发工资入账的客户数",
            _PAYROLL,
            "位",
            missing="数据中没有交易" if lacks else "",
        )
    types = [kind.value for kind in goal.product_types]
    lacks = not rows.has("holdings")
    amount, holders = rows.one(_BALANCE, types=types, **known)
    if goal.measure is GoalMeasure.AMOUNT:
        value, unit, title = amount, Unit.FEN, "所选产品类型的持仓余额"
    else:
        value, unit, title = holders, Unit.COUNT, "持有所选产品类型的客户"
    return Metric(
        "base.standing",
        title,
        None if lacks else value,
        unit,
        "范围内客户最新持仓快照中所选产品类型" + ("金额合计" if unit is Unit.FEN else "的客户数"),
        _BALANCE,
        "" if unit is Unit.FEN else "位",
        missing="数据中没有持仓" if lacks else "",
    )


def _head_office(rows: PlanRows, owners: Sequence[str], goal: Goal) -> Metric:
    """The target of the branches for the quarter or month in which the goal ends.

    Shares do not add up over branches, so several branches have none.
    """
    last = goal.window.last
    periods = (f"{last.year}Q{(last.month + 2) // 3}", f"{last.year}-{last.month:02d}")
    name, title = "target.head_office", "总行下达的指标"
    unit = Unit.FEN if goal.kpi in _MONEY else Unit.COUNT
    unit = Unit.RATIO if goal.kpi in _SHARES else unit
    why = "数据中没有目标表" if not rows.has("targets") else "这一期间没有下达该项指标"
    why = "这类目标没有对应的考核指标" if not goal.kpi else why
    if goal.kpi and not (unit is Unit.RATIO and len(owners) > 1):
        for period in periods:
            value, count = rows.one(_TARGET, kpi=goal.kpi, period=period, owners=list(owners))
            if count and count == len(owners):
                exact = value if unit is Unit.RATIO else round(value)
                words = f"目标表中 {period} 期 {goal.kpi} 的数值，按网点相加，照录"
                counter = "位" if unit is Unit.COUNT else ""
                return Metric(name, title, exact, unit, words, _TARGET, counter)
    return Metric(name, title, None, unit, "目标表照录", _TARGET, missing=why)


def _target_gap(standing: Metric, target: Metric, goal: Goal) -> Metric:
    """How far the standing is from head office's target, where both count the same."""
    gap, why = None, target.missing or standing.missing
    if goal.kpi not in _LEVELS or goal.measure is not GoalMeasure.AMOUNT:
        why = why or "指标口径与持仓余额不同，不作比较"
    elif isinstance(target.value, int) and isinstance(standing.value, int):
        gap = max(0, target.value - standing.value)
    words = f"{target.label} − {standing.label}，不小于零"
    return Metric(
        "target.gap", "距总行指标", gap, Unit.FEN, words, missing="" if gap is not None else why
    )


def _wanted(standing: Metric, goal: Goal, unit: Unit) -> tuple[int | None, str]:
    if goal.value is not None:
        return goal.value, "目标原文"
    if goal.share is not None and goal.kpi in _SHARES:
        return None, "目标原文是比率的变化，没有折算成金额或人数"
    if goal.share is not None and standing.unit is unit and isinstance(standing.value, int):
        return round(standing.value * goal.share), f"{standing.label} × 目标增幅"
    return None, "目标原文"
