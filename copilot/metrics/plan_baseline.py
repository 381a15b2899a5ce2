"""Where the bank stands: today's standing, head office's target, the gap to the goal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from copilot.metrics.plan_rows import IN_SCOPE, PlanCase
from copilot.metrics.work_targets import KPIS
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Goal, GoalMeasure, PlanWindow

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
where salary_last_on >= $since and {IN_SCOPE}"""
_TARGET = """select sum(value), count(*) from targets
where kpi = $kpi and period = $period and list_contains($owners::varchar[], owner_id)"""
_LEVELS = ("deposit_point", "fund_holding")
ROUND_TO = 10_0000_00  # a goal that is proposed is a whole 10万元
_QUARTERS = "一二三四"


def baseline_metrics(case: PlanCase, owners: Sequence[str]) -> Iterator[Metric]:
    """The standing of what the goal is about, and the owners' target for the same time."""
    standing, target = _standing(case), _head_office(case, owners)
    yield from (standing, target, _target_gap(standing, target, case.goal))


def gap_metrics(metrics: Mapping[str, Metric], goal: Goal) -> Iterator[Metric]:
    """The goal as a number, what the forecast gives of it, what is left, and what can be done."""
    unit = Unit.FEN if goal.measure is GoalMeasure.AMOUNT else Unit.COUNT
    counter = "" if unit is Unit.FEN else goal.counter
    wanted, formula = _wanted(metrics, goal, unit)
    no_number = _why_no_number(goal) if wanted is None else ""
    yield Metric("goal.value", "目标数", wanted, unit, formula, counter=counter, missing=no_number)
    forecast = metrics[goal.outcome]
    got = forecast.value if isinstance(forecast.value, int) else None
    why = no_number or forecast.missing
    gap = None if wanted is None or got is None else max(0, wanted - got)
    for name, title, value, of, words in (
        ("goal.gap", "预计缺口", gap, unit, f"目标数 − {forecast.label}，不小于零"),
        (
            "goal.covered",
            "预计完成比例",
            got / wanted if wanted and got is not None else None,
            Unit.RATIO,
            f"{forecast.label} ÷ 目标数",
        ),
        (
            "goal.feasible",
            "建议目标",
            _feasible(got, goal) if gap else None,
            unit,
            f"{forecast.label}，金额舍到10万元（不足的舍到1万元）",
        ),
    ):
        yield Metric(
            name,
            title,
            value,
            of,
            words,
            counter="" if of is Unit.RATIO else counter,
            missing="" if value is not None else why or "没有缺口",
        )


def _feasible(got: int | None, goal: Goal) -> int | None:
    """The forecast as a goal that could be set; of money a round sum."""
    if got is None or goal.measure is GoalMeasure.CUSTOMERS:
        return got
    step = ROUND_TO if got >= ROUND_TO else ROUND_TO // 10
    return got // step * step


def _why_no_number(goal: Goal) -> str:
    if goal.share is not None:
        return "目标是比率的变化，没有折算成金额或人数"
    return "目标没有写明数量"


def _standing(case: PlanCase) -> Metric:
    """What the goal is about, as the records hold it today."""
    if case.goal.kind == "mobile":
        formula = f"近{MOBILE_DAYS}天有手机银行交易的客户数（登录记录不在数据中）"
        since = case.as_of - timedelta(MOBILE_DAYS)
        return _active(case, "手机银行活跃客户", formula, _MOBILE, since)
    if case.goal.kind in _BY_PAYROLL:
        formula = f"近{PAYROLL_DAYS}天有代发工资入账的客户数"
        since = case.as_of - timedelta(PAYROLL_DAYS)
        return _active(case, "代发客户", formula, _PAYROLL, since)
    amount, holders = case.one(_BALANCE)
    money = case.goal.measure is GoalMeasure.AMOUNT
    known = case.rows.has("holdings")
    return Metric(
        "base.standing",
        "所选产品类型的持仓余额" if money else "持有所选产品类型的客户",
        (amount if money else holders) if known else None,
        Unit.FEN if money else Unit.COUNT,
        "范围内客户最新持仓快照中所选产品类型" + ("金额合计" if money else "的客户数"),
        _BALANCE,
        "" if money else "位",
        missing="" if known else "数据中没有持仓",
    )


def _active(case: PlanCase, title: str, formula: str, query: str, since: date) -> Metric:
    """Customers whom transactions since a day show."""
    known = case.rows.has("transactions")
    return Metric(
        "base.standing",
        title,
        case.one(query, since=since)[0] if known else None,
        Unit.COUNT,
        formula,
        query,
        "位",
        missing="" if known else "数据中没有交易",
    )


def _head_office(case: PlanCase, owners: Sequence[str]) -> Metric:
    """The target of the branches for the time of the goal: its month, else its quarter.

    Shares do not add up over branches, so several branches have none.
    """
    kpi = case.goal.kpi
    declared = KPIS.get(kpi)
    label = declared.label if declared else ""
    name, title = "target.head_office", f"总行“{label}”指标" if declared else "总行指标"
    unit = declared.unit if declared else Unit.COUNT
    why = "这一期间没有下达该项指标" if case.rows.has("targets") else "数据中没有目标表"
    why = why if declared else "这类目标没有对应的考核指标"
    if declared and not (unit is Unit.RATIO and len(owners) > 1):
        for period, words in _periods(case.goal.window):
            value, count = case.rows.one(_TARGET, kpi=kpi, period=period, owners=list(owners))
            if count and count == len(owners):
                exact = value if unit is Unit.RATIO else round(value)
                formula = f"目标表中{words}的{label}，按网点相加，照录"
                title = f"总行{words}“{label}”指标"
                return Metric(name, title, exact, unit, formula, _TARGET, declared.counter)
    return Metric(name, title, None, unit, "目标表照录", _TARGET, missing=why)


def _periods(window: PlanWindow) -> Iterator[tuple[str, str]]:
    """The periods of the target table for a goal, with their names: the closest first."""
    first, last = window.first, window.last
    month = (f"{last.year}-{last.month:02d}", f"{last.year}年{last.month}月")
    number = (last.month + 2) // 3
    quarter = (f"{last.year}Q{number}", f"{last.year}年{_QUARTERS[number - 1]}季度")
    within = (first.year, first.month) == (last.year, last.month)
    yield from (month, quarter) if within else (quarter, month)


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


def _wanted(metrics: Mapping[str, Metric], goal: Goal, unit: Unit) -> tuple[int | None, str]:
    """The goal as a number to be gained, and how it comes about."""
    standing = metrics["base.standing"]
    if goal.retention:
        return _to_be_kept(metrics, goal)
    known = standing.value if isinstance(standing.value, int) and standing.unit is unit else None
    if goal.value is not None and goal.level and known is not None:
        return max(0, goal.value - known), f"目标写明的水平 − {standing.label}，不小于零"
    if goal.value is not None:
        return goal.value, "目标原文"
    kpi = KPIS.get(goal.kpi)
    if goal.share is None or (kpi and kpi.unit is Unit.RATIO) or known is None:
        return None, "目标原文"
    return round(known * goal.share), f"{standing.label} × 目标增幅"


def _to_be_kept(metrics: Mapping[str, Metric], goal: Goal) -> tuple[int | None, str]:
    """A share of what matures, as the money that is to stay."""
    due, usual = metrics["due.all"], metrics["past.retention"]
    assert goal.share is not None
    share: float | None = goal.share
    words = f"{due.label} × 目标承接率"
    if not goal.level:
        share = usual.value + goal.share if isinstance(usual.value, float) else None
        words = f"{due.label} × （{usual.label} + 目标升幅）"
    if share is None or not isinstance(due.value, int):
        return None, words
    return round(due.value * min(1.0, share)), words
