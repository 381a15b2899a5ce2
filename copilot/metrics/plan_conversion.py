"""What the bank's own past contacts led to: reached, accepted, sold; each share with its interval.

A share without a denominator is not a share: where there are no contacts, no forecast is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from copilot.metrics.plan_rows import IN_SCOPE, PlanRows
from copilot.metrics.work_measures import REACHED
from copilot.records.codes import Channel, ProductType, label
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Assigned

LOOK_BACK_DAYS = 365
SALE_WITHIN_DAYS = 30
FEWEST_CONTACTS = 30
CONFIDENCE = "95%区间"
WHOLE_BANK = "（本范围记录不足，取全行）"
ACCEPTED, SALE = "accepted", "sale"
_CONTACTS = f"""select i.channel, count(*),
  count(*) filter (list_contains($reached::varchar[], i.outcome)),
  count(*) filter (i.outcome = $accepted)
from interactions i join customers c using (customer_id)
where {IN_SCOPE} and i."at" >= $since and i."at" <= $until
  and not list_contains($service::varchar[], coalesce(i.kind, '')) and i.outcome is not null
group by 1 order by 1"""
_SALES_AFTER = f"""select count(*), count(*) filter (exists (select 1 from events e
  where e.kind = $sale and e.customer_id = i.customer_id
    and e."at" >= i."at" and e."at" < i."at" + to_days($within)))
from interactions i join customers c using (customer_id)
where {IN_SCOPE} and i.outcome = $accepted
  and not list_contains($service::varchar[], coalesce(i.kind, ''))
  and i."at" >= (select min("at") from events) and i."at" <= $known_until"""
_TICKET = f"""select avg(e.amount), count(*) from events e
join (select distinct product_code, type from products) p using (product_code)
join customers c on c.customer_id = e.customer_id
where e.kind = $sale and e.amount > 0 and list_contains($types::varchar[], p.type)
  and {IN_SCOPE} and e."at" >= $since and e."at" <= $until"""


def conversion_metrics(
    rows: PlanRows,
    branches: Sequence[str],
    as_of: date,
    channels: Iterable[Channel],
    types: Sequence[ProductType],
    service_kinds: Sequence[str],
) -> Iterator[Metric]:
    """By channel the shares reached and accepted; then accepted to sold, and the usual amount.

    What the branches have too few records of is taken from all branches, and says so.
    """
    until = datetime.combine(as_of, time.max)
    known = {
        "branches": list(branches),
        "since": datetime.combine(as_of - timedelta(LOOK_BACK_DAYS), time.min),
        "until": until,
        "known_until": until - timedelta(SALE_WITHIN_DAYS),
        "reached": list(REACHED),
        "accepted": ACCEPTED,
        "sale": SALE,
        "within": SALE_WITHIN_DAYS,
        "service": list(service_kinds),
        "types": [kind.value for kind in types],
    }
    whole = known | {"branches": []}
    found = {row[0]: row[1:] for row in rows.all(_CONTACTS, **known)}
    elsewhere = {row[0]: row[1:] for row in rows.all(_CONTACTS, **whole)}
    for channel in channels:
        own = found.get(channel.value, (0, 0, 0))
        wide = own[0] < FEWEST_CONTACTS and bool(branches)
        counts = elsewhere.get(channel.value, (0, 0, 0)) if wide else own
        yield from _channel(rows, channel, counts, WHOLE_BANK if wide else "")
    accepted, sold = rows.one(_SALES_AFTER, **known)
    wide = accepted < FEWEST_CONTACTS and bool(branches)
    accepted, sold = rows.one(_SALES_AFTER, **whole) if wide else (accepted, sold)
    yield _share(
        "past.sale_after_accept",
        f"接受后{SALE_WITHIN_DAYS}天内成交",
        sold,
        accepted,
        f"结果为接受的营销触达中，同一客户{SALE_WITHIN_DAYS}天内有成交记录的次数 ÷ 接受次数"
        + (WHOLE_BANK if wide else ""),
        _SALES_AFTER,
        "没有足够的接受与成交记录",
    )
    amount, count = rows.one(_TICKET, **known)
    yield Metric(
        "past.ticket",
        "每笔成交金额",
        None if amount is None else round(amount / 100) * 100,
        Unit.FEN,
        f"近{LOOK_BACK_DAYS}天所选产品类型成交金额的平均，取整到元",
        _TICKET,
        denominator=count,
        missing="没有所选产品类型的成交金额记录" if amount is None else "",
    )


def _channel(
    rows: PlanRows, channel: Channel, counts: tuple[int, int, int], scope: str
) -> Iterator[Metric]:
    contacts, reached, accepted = counts
    name = label(channel)
    why = "数据中没有触达记录" if not rows.has("interactions") else f"{name}没有足够的触达结果记录"
    yield Metric(
        f"past.{channel.value}.contacts",
        f"{name}营销触达",
        contacts if rows.has("interactions") else None,
        Unit.COUNT,
        f"近{LOOK_BACK_DAYS}天有结果的营销触达次数，不含服务类{scope}",
        _CONTACTS,
        "次",
        missing="" if rows.has("interactions") else why,
    )
    for key, words, outcomes, number in (
        ("reached", "有回应", "接受、考虑或拒绝", reached),
        ("accepted", "接受", "接受", accepted),
    ):
        yield _share(
            f"past.{channel.value}.{key}",
            f"{name}{words}占比",
            number,
            contacts if reached else 0,  # a channel that reports no answers says nothing
            f"结果为{outcomes}的次数 ÷ 有结果的营销触达次数{scope}",
            _CONTACTS,
            why if contacts < FEWEST_CONTACTS else f"{name}只登记发送，没有客户回应",
        )


def forecast_metrics(
    metrics: Mapping[str, Metric], assigned: Sequence[Assigned], channels: Iterable[Channel]
) -> Iterator[Metric]:
    """What the same shares would give for the customers assigned to each channel, once each."""
    low = middle = high = reached = 0.0
    used, unknown = 0, 0
    for channel in channels:
        heads = sum(one.channel is channel for one in assigned)
        yield Metric(
            f"assigned.{channel.value}",
            f"{label(channel)}名单",
            heads,
            Unit.COUNT,
            "门禁通过并分到该渠道的客户数",
            counter="位",
        )
        share = metrics[f"past.{channel.value}.accepted"]
        if not isinstance(share.value, float) or share.low is None or share.high is None:
            unknown += heads
            continue
        used += heads
        answered = metrics[f"past.{channel.value}.reached"].value
        reached += heads * answered if isinstance(answered, float) else 0
        low, middle, high = (
            total + heads * part
            for total, part in zip(
                (low, middle, high), (share.low, share.value, share.high), strict=True
            )
        )
    formula = "各渠道名单人数 × 该渠道近一年接受占比，相加；没有记录的渠道不计"
    missing = "" if used else "没有可用的历史转化记录，不作预测"
    yield Metric(
        "forecast.reached",
        "预计有回应",
        round(reached) if used else None,
        Unit.COUNT,
        formula.replace("接受", "有回应"),
        counter="位",
        missing=missing,
    )
    for name, title, value in (
        ("forecast.accepted", "预计接受", middle),
        ("forecast.accepted_low", "预计接受（低）", low),
        ("forecast.accepted_high", "预计接受（高）", high),
    ):
        yield Metric(
            name,
            title,
            round(value) if used else None,
            Unit.COUNT,
            formula if value == middle else f"{formula}；占比取{CONFIDENCE}的端点",
            counter="位",
            missing=missing,
        )
    yield Metric(
        "forecast.unknown_heads",
        "没有历史转化记录的名单",
        unknown,
        Unit.COUNT,
        "分到没有可用转化记录的渠道的客户数",
        counter="位",
    )
    yield from _sales(metrics, round(middle) if used else None, missing)


def _sales(metrics: Mapping[str, Metric], accepted: int | None, missing: str) -> Iterator[Metric]:
    share, ticket = metrics["past.sale_after_accept"], metrics["past.ticket"]
    sold: int | None = None
    if accepted is not None and isinstance(share.value, float):
        sold = round(accepted * share.value)
    yield Metric(
        "forecast.sales",
        "预计成交",
        sold,
        Unit.COUNT,
        f"预计接受人数 × 接受后{SALE_WITHIN_DAYS}天内成交占比，取整",
        counter="位",
        missing="" if sold is not None else missing or share.missing,
    )
    amount = None
    if sold is not None and isinstance(ticket.value, int):
        amount = sold * ticket.value
    yield Metric(
        "forecast.amount",
        "预计成交金额",
        amount,
        Unit.FEN,
        "预计成交人数 × 每笔成交金额",
        missing="" if amount is not None else missing or share.missing or ticket.missing,
    )


def _share(
    name: str, title: str, part: int, whole: int, formula: str, query: str, missing: str
) -> Metric:
    """A share with its Wilson interval; unknown below `FEWEST_CONTACTS`."""
    if whole < FEWEST_CONTACTS:
        return Metric(
            name, title, None, Unit.RATIO, formula, query, "", part, whole, missing=missing
        )
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(part, whole, alpha=0.05, method="wilson")
    return Metric(
        name,
        title,
        part / whole,
        Unit.RATIO,
        formula,
        query,
        "",
        part,
        whole,
        float(low),
        float(high),
    )
