"""The A/B test of a plan: hold-out, sample size, and the smallest difference it could show."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from copilot.metrics.plan_forecast import NO_LIFT, expected_of
from copilot.metrics.plan_rows import PlanCase
from copilot.records.codes import Channel
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Assigned

ALPHA, POWER = 0.05, 0.8
#: Shares to hold out, the smallest that can show the hoped difference; none can: a tenth.
HOLD_OUTS, TOKEN_HOLD_OUT = (0.2, 0.3, 0.4, 0.5), 0.1
FEWEST = 30  # on a list of which some are held out
LONGEST_BASE = 365
_BOUGHT = """select count(distinct o.customer_id) from opened o
where list_contains($types::varchar[], o.product_type)
  and list_contains($ids::varchar[], o.customer_id)
  and o.opened_on > $since and o.opened_on <= $as_of"""
_USED_MOBILE = """select count(distinct t.customer_id) from transactions t
where t.channel = 'mobile' and list_contains($ids::varchar[], t.customer_id)
  and t.txn_date > $since and t.txn_date <= $as_of"""


@dataclass(frozen=True, slots=True)
class Trial:
    """The list parted at random: who is approached, who is held out; and what was computed."""

    treated: tuple[Assigned, ...]
    held_out: tuple[str, ...]
    metrics: tuple[Metric, ...]


def trial(
    case: PlanCase,
    past: Mapping[str, Metric],
    passed: Sequence[Assigned],
    channels: Sequence[Channel],
) -> Trial:
    """Part the customers who may be approached before anything is forecast for them."""
    base = _natural_rate(case, passed)
    heads = len(passed)
    hoped = _hoped(past, passed, channels)
    share = _hold_out(base, heads, hoped)
    drawn = sorted((one.customer_id for one in passed), key=partial(_lot, case))
    held_out = frozenset(drawn[: round(heads * share)])
    treated = tuple(one for one in passed if one.customer_id not in held_out)
    metrics = _metrics(base, len(treated), len(held_out), share, hoped)
    return Trial(treated, tuple(sorted(held_out)), tuple(metrics))


def _lot(case: PlanCase, customer_id: str) -> str:
    """A customer's place in the draw: the same for one kind of goal, its days and the date."""
    window = case.goal.window
    drawn = f"{case.goal.kind}|{window.first}|{window.last}|{case.as_of}|{customer_id}"
    return hashlib.sha256(drawn.encode()).hexdigest()


def _metrics(
    base: Metric, treated: int, held: int, share: float, hoped: float | None
) -> Iterator[Metric]:
    yield base
    for name, title, value, formula in (
        ("trial.treated", "触达名单", treated, "可触达客户 − 对照组"),
        ("trial.held_out", "对照组", held, f"可触达客户 × {share:.0%}，取整，随机抽取"),
    ):
        yield Metric(name, title, value, Unit.COUNT, formula, counter="位")
    yield Metric("trial.hold_out", "对照组占比", share, Unit.RATIO, "方案设定")
    mde = _smallest_difference(base, treated, held)
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
        "预计的差别",
        hoped,
        Unit.POINTS,
        "预计接受占名单的比例 × 接受带来的成交增量；不推介产品的目标用预计接受占比",
        missing="" if hoped is not None else NO_LIFT,
    )
    needed = _sample(base, hoped)
    yield Metric(
        "trial.needed",
        "分辨该差别每组所需人数",
        needed,
        Unit.COUNT,
        "两组等量时由上述水平与效能反算，向上取整",
        counter="位",
        missing="" if needed is not None else "没有可用的基准或预计差别",
    )


def _natural_rate(case: PlanCase, passed: Sequence[Assigned]) -> Metric:
    """The share of the customers that acts by itself in as many days as the plan lasts."""
    days = min(case.goal.window.days, LONGEST_BASE)
    mobile = case.goal.kind == "mobile"
    table, query = ("transactions", _USED_MOBILE) if mobile else ("holdings", _BOUGHT)
    act = "有手机银行交易" if mobile else "新起息所选产品类型"
    whole = len(passed) if case.rows.has(table) else 0
    ids = [one.customer_id for one in passed]
    since = case.as_of - timedelta(days)
    part = case.one(query, ids=ids, since=since)[0] if whole else 0
    return Metric(
        "trial.base",
        "自然成交率" if case.goal.product_types else "自然转化率",
        part / whole if whole else None,
        Unit.RATIO,
        f"可触达客户近{days}天{act}的占比，作对照组的预期",
        query,
        numerator=part,
        denominator=whole,
        missing="" if whole else "名单为空或缺少持仓、交易数据",
    )


def _hoped(
    past: Mapping[str, Metric], passed: Sequence[Assigned], channels: Sequence[Channel]
) -> float | None:
    """What the contacts are expected to add to the natural rate, as a share of the list."""
    expected = expected_of(past, passed, channels)
    if not expected.used or not passed:
        return None
    accepted = expected.accepted / len(passed)
    if "past.lift" not in past:
        return accepted
    lift = past["past.lift"].value
    return accepted * lift if isinstance(lift, float) and lift > 0 else None


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
