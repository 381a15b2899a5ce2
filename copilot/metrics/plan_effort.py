"""What a plan costs: contacts by hand, manager-days, rounds, budget a head."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

from copilot.metrics.plan_rows import IN_SCOPE, PlanCase
from copilot.metrics.workdays import workdays_in
from copilot.records.codes import Channel
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Assigned

BY_HAND = (Channel.PHONE, Channel.WECOM)
PACE_DAYS = 90
_PACE = f"""select avg(n), count(*) from (select i.staff_id, i."at"::date as day, count(*) as n
  from interactions i join customers c using (customer_id)
  where {IN_SCOPE} and i.staff_id is not null
    and list_contains($channels::varchar[], i.channel)
    and not list_contains($service::varchar[], coalesce(i.kind, ''))
    and i."at"::date > $since and i."at"::date <= $as_of
  group by 1, 2)"""


def effort_metrics(case: PlanCase, assigned: Sequence[Assigned]) -> Iterator[Metric]:
    """Contacts by hand in a round, the pace that the records show, days needed and there are."""
    hands = [one for one in assigned if one.channel in BY_HAND]
    people = len({one.staff_id for one in hands if one.staff_id})
    yield _count("effort.by_hand", "人工触达", len(hands), "电话与企业微信名单人数", "位")
    yield _count("effort.people", "参与员工", people, "人工名单的负责员工人数", "人")
    pace = _pace(case)
    yield pace
    rounds = _rounds(case)
    yield from _days(len(hands), pace, rounds)
    workdays = workdays_in(case.touch.first, case.touch.last)
    yield Metric(
        "effort.workdays",
        "触达期工作日",
        workdays,
        Unit.DAYS,
        "触达期内周一至周五，减法定节假日，加调休上班日",
    )
    yield _count(
        "effort.days_available",
        "可用人日",
        people * workdays,
        "参与员工人数 × 触达期工作日",
        "人日",
    )
    yield Metric(
        "effort.interval",
        "两次触达至少间隔",
        case.interval_days,
        Unit.DAYS,
        "触达间隔规则的天数；没有该规则时取本行设定",
    )
    yield _count(
        "effort.touches",
        "触达期内至多轮数",
        rounds,
        f"触达期天数按{case.interval_days}天一次的间隔计算",
        "轮",
    )


def budget_metrics(budget: int | None, heads: int, accepted: Metric) -> Iterator[Metric]:
    """The budget and what of it there is for a customer; ``heads`` are those to be approached."""
    none = "没有给出预算"
    yield Metric(
        "budget.total",
        "预算",
        budget,
        Unit.FEN,
        "申请时给出",
        missing=none if budget is None else "",
    )
    expected = accepted.value if isinstance(accepted.value, int) else 0
    for name, title, divisor in (
        ("budget.per_head", "每位触达客户的预算", heads),
        ("budget.per_accept", "每位预计接受客户的预算", expected),
    ):
        share = None if budget is None or not divisor else budget // divisor
        why = none if budget is None else "人数为零或不可知"
        yield Metric(
            name,
            title,
            share,
            Unit.FEN,
            "预算 ÷ 人数，舍去不足一分的部分",
            missing="" if share is not None else why,
        )


def _pace(case: PlanCase) -> Metric:
    pace, days = case.one(
        _PACE,
        channels=[channel.value for channel in BY_HAND],
        since=case.as_of - timedelta(PACE_DAYS),
    )
    return Metric(
        "effort.pace",
        "每人每日触达",
        pace,
        Unit.NUMBER,
        f"近{PACE_DAYS}天有电话或企业微信营销触达的员工日，平均每日次数",
        _PACE,
        "次",
        denominator=days,
        missing="" if pace is not None else "没有可用的触达记录",
    )


def _days(heads: int, pace: Metric, rounds: int) -> Iterator[Metric]:
    """Manager-days for one round and for as many as the interval allows."""
    for name, title, times, formula in (
        ("effort.days_needed", "触达一轮所需人日", 1, "人工触达人数 ÷ 每人每日触达，向上取整"),
        (
            "effort.days_all",
            "用满轮数所需人日",
            rounds,
            "人工触达人数 × 轮数 ÷ 每人每日触达，向上取整",
        ),
    ):
        needed = math.ceil(heads * times / pace.value) if isinstance(pace.value, float) else None
        yield Metric(name, title, needed, Unit.COUNT, formula, counter="人日", missing=pace.missing)


def _rounds(case: PlanCase) -> int:
    return (case.touch.days - 1) // case.interval_days + 1


def _count(name: str, title: str, value: int, formula: str, counter: str) -> Metric:
    return Metric(name, title, value, Unit.COUNT, formula, counter=counter)
