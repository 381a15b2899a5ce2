"""What the bank's own past contacts led to: answered, accepted, bought; shares with intervals.

To buy is one thing throughout a plan: a holding of the goal's product types begins. A share
without a denominator is not a share: where there are no contacts, no forecast is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from copilot.metrics.plan_rows import IN_SCOPE, PlanCase
from copilot.metrics.work_measures import REACHED
from copilot.records.codes import Channel, ProductType, label
from copilot.records.metric import Metric, Unit

LOOK_BACK_DAYS = 365
SALE_WITHIN_DAYS = 30
FEWEST_CONTACTS = 30
FEWEST_SALES = 5  # below, a product type has no rate of its own
CONFIDENCE = "95%区间"
WHOLE_BANK = "（本范围记录不足，取全行）"
ANY_PRODUCT = "（所选产品没有单独记录，转化率不分产品，仅供参考）"
ACCEPTED = "accepted"
_SINCE = f"近{LOOK_BACK_DAYS}天"
_MARKETING = """not list_contains($service::varchar[], coalesce(i.kind, ''))
  and i.outcome is not null"""
_CONTACTS = f"""select i.channel, count(*),
  count(*) filter (list_contains($reached::varchar[], i.outcome)),
  count(*) filter (i.outcome = $accepted)
from interactions i join customers c using (customer_id)
where {IN_SCOPE} and i."at" >= $since and i."at" <= $until and {_MARKETING}
group by 1 order by 1"""
_BOUGHT_AFTER = f"""select count(*) filter (yes), count(*) filter (yes and bought),
  count(*) filter (silent), count(*) filter (silent and bought)
from (select i.outcome = $accepted as yes,
    not list_contains($reached::varchar[], i.outcome) as silent,
    exists (select 1 from opened o where o.customer_id = i.customer_id
      and (len($types::varchar[]) = 0 or list_contains($types::varchar[], o.product_type))
      and o.opened_on >= i."at"::date and o.opened_on < i."at"::date + $within) as bought
  from interactions i join customers c using (customer_id)
  where {IN_SCOPE} and i."at" >= $since and i."at" <= $known_until and {_MARKETING})"""
_TICKET = f"""select avg(o.amount), count(*) from opened o join customers c using (customer_id)
where {IN_SCOPE} and list_contains($types::varchar[], o.product_type)
  and o.opened_on > $since::date and o.opened_on <= $as_of"""


def conversion_metrics(case: PlanCase, channels: Iterable[Channel]) -> Iterator[Metric]:
    """By channel the shares answered and accepted; what was bought afterwards, and for how much.

    What the branches have too few records of is taken from all branches, and says so.
    """
    yield from _by_channel(case, channels)
    if case.goal.product_types:
        yield from _bought(case)
        yield from _tickets(case)


def _times(as_of: date) -> dict[str, Any]:
    until = datetime.combine(as_of, time.max)
    return {
        "since": datetime.combine(as_of - timedelta(LOOK_BACK_DAYS), time.min),
        "until": until,
        "known_until": until - timedelta(SALE_WITHIN_DAYS),
        "reached": list(REACHED),
        "accepted": ACCEPTED,
        "within": SALE_WITHIN_DAYS,
    }


def _by_channel(case: PlanCase, channels: Iterable[Channel]) -> Iterator[Metric]:
    known = _times(case.as_of)
    found = {row[0]: row[1:] for row in case.all(_CONTACTS, **known)}
    elsewhere = {row[0]: row[1:] for row in case.all(_CONTACTS, **known, branches=[])}
    for channel in channels:
        own = found.get(channel.value, (0, 0, 0))
        wide = own[0] < FEWEST_CONTACTS and bool(case.branches)
        counts = elsewhere.get(channel.value, (0, 0, 0)) if wide else own
        yield from _channel(case, channel, counts, WHOLE_BANK if wide else "")


def _channel(
    case: PlanCase, channel: Channel, counts: tuple[int, int, int], scope: str
) -> Iterator[Metric]:
    contacts, reached, accepted = counts
    name, given = label(channel), case.rows.has("interactions")
    why = f"{name}没有足够的触达结果记录" if given else "数据中没有触达记录"
    yield Metric(
        f"past.{channel.value}.contacts",
        f"{name}营销触达",
        contacts if given else None,
        Unit.COUNT,
        f"{_SINCE}有结果的营销触达次数，不含服务类{scope}",
        _CONTACTS,
        "次",
        missing="" if given else why,
    )
    for key, words, outcomes, number in (
        ("reached", "有回应", "接受、考虑或拒绝", reached),
        ("accepted", "接受", "接受", accepted),
    ):
        yield share_metric(
            f"past.{channel.value}.{key}",
            f"{name}{words}占比",
            number,
            contacts if reached else 0,  # a channel that reports no answers says nothing
            f"结果为{outcomes}的次数 ÷ 有结果的营销触达次数{scope}",
            query=_CONTACTS,
            missing=why if contacts < FEWEST_CONTACTS else f"{name}只登记发送，没有客户回应",
        )


def _bought(case: PlanCase) -> Iterator[Metric]:
    """Bought after accepting, after no answer, and the difference that accepting makes."""
    counts, note = _counts(case)
    accepted, sold, silent, anyway = counts
    missing = "没有足够的接受记录" if case.rows.has("holdings") else "数据中没有持仓，看不到成交"
    within = f"之后{SALE_WITHIN_DAYS}天内新起息所选产品的次数"
    after = share_metric(
        "past.sale_after_accept",
        f"接受后{SALE_WITHIN_DAYS}天内成交",
        sold,
        accepted,
        f"结果为接受的营销触达中，{within} ÷ 接受次数{note}",
        query=_BOUGHT_AFTER,
        missing=missing,
    )
    unasked = share_metric(
        "past.sale_unanswered",
        f"没有回应者{SALE_WITHIN_DAYS}天内成交",
        anyway,
        silent,
        f"没有回应的营销触达中，{within} ÷ 没有回应的次数{note}",
        query=_BOUGHT_AFTER,
        missing=missing,
    )
    yield from (after, unasked)
    lift = None
    if isinstance(after.value, float) and isinstance(unasked.value, float):
        lift = after.value - unasked.value
    yield Metric(
        "past.lift",
        "接受带来的成交增量",
        lift,
        Unit.POINTS,
        f"{after.label} − {unasked.label}；不是随机试验，只作参考",
        missing="" if lift is not None else missing,
    )


def _counts(case: PlanCase) -> tuple[tuple[int, int, int, int], str]:
    """Contacts and purchases by the narrowest records that are enough: these products, then any."""
    if not case.rows.has("holdings"):
        return (0, 0, 0, 0), ""
    known = _times(case.as_of)
    wide: dict[str, Any] = {"branches": []} if case.branches else {}
    tries: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, ""),
        (wide, WHOLE_BANK if wide else ""),
        (wide | {"types": []}, ANY_PRODUCT),
    )
    counts = (0, 0, 0, 0)
    for narrowed, note in tries:
        a, b, c, d = case.one(_BOUGHT_AFTER, **(known | narrowed))
        counts = (a, b, c, d)
        if min(a, c) >= FEWEST_CONTACTS and b >= FEWEST_SALES:
            return counts, note
    return counts, ANY_PRODUCT


def _tickets(case: PlanCase) -> Iterator[Metric]:
    """The usual amount of a purchase: of the goal's products together, then of each type."""
    whole = _ticket(case, "past.ticket", "每笔成交金额", case.goal.product_types)
    yield whole
    if len(case.goal.product_types) > 1:
        for kind in case.goal.product_types:
            yield _ticket(case, f"past.ticket.{kind.value}", f"{label(kind)}每笔金额", (kind,))


def _ticket(case: PlanCase, name: str, title: str, types: Sequence[ProductType]) -> Metric:
    since = case.as_of - timedelta(LOOK_BACK_DAYS)
    chosen = {"types": [kind.value for kind in types], "since": since}
    amount, count = case.one(_TICKET, **chosen)
    wide = count < FEWEST_SALES and bool(case.branches)
    if wide:
        amount, count = case.one(_TICKET, **chosen, branches=[])
    enough, names = count >= FEWEST_SALES, "、".join(map(label, types))
    where = WHOLE_BANK if wide else ""
    return Metric(
        name,
        title,
        round(amount / 100) * 100 if enough else None,
        Unit.FEN,
        f"{_SINCE}新起息的{names}起息金额的平均，取整到元{where}",
        _TICKET,
        denominator=count,
        missing="" if enough else f"{names}没有足够的成交记录",
    )


def share_metric(
    name: str, title: str, part: int, whole: int, formula: str, *, query: str, missing: str
) -> Metric:
    """A share with its Wilson interval; unknown below `FEWEST_CONTACTS`."""
    metric = Metric(
        name,
        title,
        None,
        Unit.RATIO,
        formula,
        query,
        numerator=part,
        denominator=whole,
        missing=missing,
    )
    if whole < FEWEST_CONTACTS:
        return metric
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(part, whole, alpha=0.05, method="wilson")
    return replace(metric, value=part / whole, low=float(low), high=float(high), missing="")
