"""The A/B test of a plan: hold-out, sample size, and the smallest difference it could show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from copilot.metrics.plan_rows import PlanRows
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Goal, Reach

ALPHA, POWER = 0.05, 0.8
#: Shares to hold out, the smallest that can show the hoped difference; none can: a tenth.
HOLD_OUTS, TOKEN_HOLD_OUT = (0.2, 0.3, 0.4, 0.5), 0.1
FEWEST = 30  # on a list of which some are held out
LONGEST_BASE = 90
_BOUGHT = """select count(distinct h.customer_id) from holdings h
where h.as_of = (select max(as_of) from holdings where as_of <= $as_of)
  and list_contains($types::varchar[], h.product_type)
  and list_contains($ids::varchar[], h.customer_id)
  and h.opened_on > $since and h.opened_on <= $as_of"""
_USED_MOBILE = """select count(distinct t.customer_id) from transactions t
where t.channel = 'mobile' and list_contains($ids::varchar[], t.customer_id)
  and t.txn_date > $since and t.txn_date <= $as_of"""


def trial_metrics(
    rows: PlanRows, as_of: date, goal: Goal, reach: Reach, past: Mapping[str, Metric]
) -> Iterator[Metric]:
    """Arms, the natural rate, the smallest detectable difference and the sample for the hoped."""
    base = _natural_rate(rows, as_of, goal, reach)
    yield base
    heads = len(reach.assigned)
    hoped = _hoped(past, heads)
    share = _hold_out(base, heads, hoped)
    held = round(heads * share)
    for name, title, value, formula in (
        ("trial.treated", "触达组", heads - held, "可触达客户 − 对照组"),
        ("trial.held_out", "对照组", held, f"可触达客户 × {share:.0%}，取整，随机抽取"),
    ):
        yield Metric(name, title, value, Unit.COUNT, formula, counter="位")
    yield Metric("trial.hold_out", "对照组占比", share, Unit.RATIO, "方案设定")
    mde = _smallest_difference(base, heads - held, held)
    yield Metric(
        "trial.mde",
        "能分辨的最小差别",
        mde,
        Unit.POINTS,
        f"双侧检验，显著性水平{ALPHA:.0%}，检验效能{POWER:.0%}，两组比例的正态近似",
        missing="" if mde is not None else base.missing or "人数太少，任何差别都分辨不出",
    )
    yield Metric(
        "trial.hoped",
        "希望看到的差别",
        hoped,
        Unit.POINTS,
        "预计成交人数 ÷ 名单人数（没有成交记录时用预计接受人数）",
        missing="" if hoped is not None else "没有历史转化记录",
    )
    needed = _sample(base, hoped)
    yield Metric(
        "trial.needed",
        "分辨该差别每组所需人数",
        needed,
        Unit.COUNT,
        "两组等量时由上述水平与效能反算，向上取整",
        counter="位",
        missing="" if needed is not None else "没有可用的基准或期望差别",
    )


def _natural_rate(rows: PlanRows, as_of: date, goal: Goal, reach: Reach) -> Metric:
    """The share of the list that acts by itself in as many days as the plan lasts."""
    days = min(goal.window.days, LONGEST_BASE)
    known = {
        "as_of": as_of,
        "since": as_of - timedelta(days),
        "ids": [one.customer_id for one in reach.assigned],
        "types": [kind.value for kind in goal.product_types],
    }
    mobile = goal.kind == "mobile"
    table, query = ("transactions", _USED_MOBILE) if mobile else ("holdings", _BOUGHT)
    act = "有手机银行交易" if mobile else "新起息所选产品类型"
    whole = len(reach.assigned) if rows.has(table) else 0
    part = rows.one(query, **known)[0] if whole else 0
    return Metric(
        "trial.base",
        "自然转化率",
        part / whole if whole else None,
        Unit.RATIO,
        f"名单客户近{days}天{act}的占比，作对照组的预期",
        query,
        numerator=part,
        denominator=whole,
        missing="" if whole else "名单为空或缺少持仓、交易数据",
    )


def _hoped(past: Mapping[str, Metric], heads: int) -> float | None:
    for name in ("forecast.sales", "forecast.accepted"):
        value = past[name].value
        if isinstance(value, int) and value and heads:
            return value / heads
    return None


def _hold_out(base: Metric, heads: int, hoped: float | None) -> float:
    """More customers go without only where that lets the effect be seen; of a few, nobody."""
    if heads < FEWEST:
        return 0.0
    usual, *larger = HOLD_OUTS
    if _detectable(base, heads, usual, hoped) is not False:
        return usual
    enough = (share for share in larger if _detectable(base, heads, share, hoped))
    return next(enough, TOKEN_HOLD_OUT)


def _detectable(base: Metric, heads: int, share: float, hoped: float | None) -> bool | None:
    """Whether the hoped difference can be told apart; ``None`` when that cannot be said."""
    held = round(heads * share)
    mde = _smallest_difference(base, heads - held, held)
    if hoped is None or not isinstance(base.value, float):
        return None
    return mde is not None and mde <= hoped


def _smallest_difference(base: Metric, treated: int, held: int) -> float | None:
    """The rise over the natural rate that both arms together can show, as a difference."""
    if not isinstance(base.value, float) or treated < 2 or held < 2:
        return None
    from statsmodels.stats.power import NormalIndPower

    effect = NormalIndPower().solve_power(
        effect_size=None, nobs1=treated, alpha=ALPHA, power=POWER, ratio=held / treated
    )
    angle = math.asin(math.sqrt(base.value)) + float(effect) / 2
    if angle > math.pi / 2:
        return None
    return math.sin(angle) ** 2 - base.value


def _sample(base: Metric, hoped: float | None) -> int | None:
    if not isinstance(base.value, float) or hoped is None or base.value + hoped >= 1:
        return None
    from statsmodels.stats.power import NormalIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    effect = proportion_effectsize(base.value + hoped, base.value)
    size = NormalIndPower().solve_power(effect_size=effect, alpha=ALPHA, power=POWER, ratio=1)
    return math.ceil(float(size))
