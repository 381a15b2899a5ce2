"""What the same shares would give for the customers of the list: accepted, bought, and money.

bought = what these customers buy by themselves + what the contacts add; the control group is no
part of the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from copilot.metrics.plan_conversion import CONFIDENCE
from copilot.records.codes import Channel, label
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Assigned

NO_LIFT = "按现有记录看不出触达带来的成交增量"
_NO_RECORDS = "没有可用的历史转化记录，不作预测"


@dataclass(frozen=True, slots=True)
class Expected:
    """People expected to answer and to accept, not yet rounded; ``unknown`` are on channels without
    records."""

    reached: float = 0.0
    low: float = 0.0
    accepted: float = 0.0
    high: float = 0.0
    used: int = 0
    unknown: int = 0


def expected_of(
    past: Mapping[str, Metric], assigned: Sequence[Assigned], channels: Iterable[Channel]
) -> Expected:
    """What the past shares of each channel give for its customers."""
    found = Expected()
    for channel in channels:
        heads = sum(one.channel is channel for one in assigned)
        share = past[f"past.{channel.value}.accepted"]
        answered = past[f"past.{channel.value}.reached"].value
        if not isinstance(share.value, float) or share.low is None or share.high is None:
            found = Expected(
                found.reached, found.low, found.accepted, found.high, found.used,
                found.unknown + heads,
            )  # fmt: skip
            continue
        found = Expected(
            found.reached + heads * (answered if isinstance(answered, float) else 0.0),
            found.low + heads * share.low,
            found.accepted + heads * share.value,
            found.high + heads * share.high,
            found.used + heads,
            found.unknown,
        )
    return found


def forecast_metrics(
    past: Mapping[str, Metric], assigned: Sequence[Assigned], channels: Sequence[Channel]
) -> Iterator[Metric]:
    """Sizes of the channels' lists and what they are expected to give, once each."""
    for channel in channels:
        yield _people(
            f"assigned.{channel.value}",
            f"{label(channel)}名单",
            sum(one.channel is channel for one in assigned),
            "核验通过、不在对照组、分到该渠道的客户数",
        )
    expected = expected_of(past, assigned, channels)
    shares = "各渠道名单人数 × 该渠道近一年接受占比，相加；没有记录的渠道不计"
    ends = f"{shares}；占比取{CONFIDENCE}的端点"
    for name, title, value, formula in (
        ("reached", "预计有回应", expected.reached, shares.replace("接受", "有回应")),
        ("accepted", "预计接受", expected.accepted, shares),
        ("accepted_low", "预计接受（低）", expected.low, ends),
        ("accepted_high", "预计接受（高）", expected.high, ends),
    ):
        heads = round(value) if expected.used else None
        yield _people(f"forecast.{name}", title, heads, formula, _NO_RECORDS)
    yield _people(
        "forecast.unknown_heads",
        "没有历史转化记录的名单",
        expected.unknown,
        "分到没有可用转化记录的渠道的客户数",
    )
    accepted = round(expected.accepted) if expected.used else None
    if "past.lift" in past:
        yield from _sales(past, accepted, len(assigned))


def _sales(past: Mapping[str, Metric], accepted: int | None, heads: int) -> Iterator[Metric]:
    base, lift, ticket = past["trial.base"], past["past.lift"], past["past.ticket"]
    natural = round(heads * base.value) if isinstance(base.value, float) else None
    added = None
    if accepted is not None and isinstance(lift.value, float):
        added = round(accepted * max(0.0, lift.value))
    sold = None if natural is None or added is None else natural + added
    no_lift = "" if added is not None else lift.missing or _NO_RECORDS
    yield _people(
        "forecast.natural", "自然成交", natural, "触达名单人数 × 自然成交率，取整", base.missing
    )
    yield _people(
        "forecast.uplift",
        "触达增量",
        added,
        "预计接受人数 × 接受带来的成交增量（低于零按零计），取整",
        no_lift,
    )
    why = base.missing or no_lift
    yield _people("forecast.sales", "预计成交", sold, "自然成交 + 触达增量", why)
    yield Metric(
        "forecast.conversion",
        "预计成交占名单的比例",
        sold / heads if sold is not None and heads else None,
        Unit.RATIO,
        "预计成交 ÷ 触达名单人数",
        missing="" if sold is not None and heads else why or "名单为空",
    )
    amount = sold * ticket.value if sold is not None and isinstance(ticket.value, int) else None
    yield Metric(
        "forecast.amount",
        "预计成交金额",
        amount,
        Unit.FEN,
        "预计成交 × 每笔成交金额",
        missing="" if amount is not None else why or ticket.missing,
    )


def _people(name: str, title: str, value: int | None, formula: str, missing: str = "") -> Metric:
    why = missing if value is None else ""
    return Metric(name, title, value, Unit.COUNT, formula, counter="位", missing=why)
