"""What a plan costs: contacts, manager-days, budget a head; and its calendar in working days."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from copilot.metrics.plan_rows import IN_SCOPE, PlanRows
from copilot.metrics.workdays import is_workday, workday_after, workdays_in
from copilot.records.codes import Channel
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Assigned, Goal
from copilot.records.report import Task

BY_HAND = (Channel.PHONE, Channel.WECOM)
PACE_DAYS = 90
_PACE = f"""select avg(n), count(*) from (select i.staff_id, i."at"::date as day, count(*) as n
  from interactions i join customers c using (customer_id)
  where {IN_SCOPE} and i.staff_id is not null
    and list_contains($channels::varchar[], i.channel)
    and not list_contains($service::varchar[], coalesce(i.kind, ''))
    and i."at"::date > $since and i."at"::date <= $as_of
  group by 1, 2)"""


def effort_metrics(
    rows: PlanRows,
    branches: Sequence[str],
    as_of: date,
    goal: Goal,
    assigned: Sequence[Assigned],
    *,
    interval_days: int,
    service_kinds: Sequence[str],
    budget: int | None,
    expected: Metric,
) -> Iterator[Metric]:
    """Contacts by hand, the pace that the records show, days needed and there are, budget."""
    by_hand = sum(one.channel in BY_HAND for one in assigned)
    yield Metric(
        "effort.by_hand", "人工触达", by_hand, Unit.COUNT, "电话与企业微信名单人数", "", "位"
    )
    pace, days = rows.one(
        _PACE,
        branches=list(branches),
        channels=[channel.value for channel in BY_HAND],
        service=list(service_kinds),
        since=as_of - timedelta(PACE_DAYS),
        as_of=as_of,
    )
    pace_metric = Metric(
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
    yield pace_metric
    needed = None if pace is None else math.ceil(by_hand / pace)
    yield Metric(
        "effort.days_needed",
        "所需人日",
        needed,
        Unit.COUNT,
        "人工触达人数 ÷ 每人每日触达，向上取整",
        counter="人日",
        missing=pace_metric.missing,
    )
    people = len({one.staff_id for one in assigned if one.channel in BY_HAND and one.staff_id})
    yield Metric(
        "effort.people", "参与员工", people, Unit.COUNT, "人工名单的负责员工人数", "", "人"
    )
    workdays = workdays_in(goal.window.first, goal.window.last)
    yield Metric(
        "effort.days_available",
        "可用人日",
        people * workdays,
        Unit.COUNT,
        "参与员工人数 × 期内工作日",
        counter="人日",
    )
    yield Metric(
        "effort.workdays",
        "期内工作日",
        workdays,
        Unit.DAYS,
        "期内周一至周五，减法定节假日，加调休上班日",
    )
    touches = (goal.window.days - 1) // interval_days + 1
    yield Metric(
        "effort.touches",
        "每位客户至多触达",
        touches,
        Unit.COUNT,
        f"期内天数按{interval_days}天一次的间隔规则计算",
        counter="次",
    )
    yield from _budget(budget, len(assigned), expected)


def _budget(budget: int | None, heads: int, expected: Metric) -> Iterator[Metric]:
    yield Metric(
        "budget.total",
        "预算",
        budget,
        Unit.FEN,
        "申请时给出",
        missing="" if budget is not None else "没有给出预算",
    )
    accepted = expected.value if isinstance(expected.value, int) else 0
    for name, title, divisor in (
        ("budget.per_head", "每位可触达客户的预算", heads),
        ("budget.per_accept", "每位预计接受客户的预算", accepted),
    ):
        share = None if budget is None or not divisor else budget // divisor
        why = "没有给出预算" if budget is None else "人数为零或不可知"
        yield Metric(
            name,
            title,
            share,
            Unit.FEN,
            "预算 ÷ 人数，舍去不足一分的部分",
            missing="" if share is not None else why,
        )


def calendar(as_of: date, goal: Goal, channels: Mapping[Channel, int]) -> tuple[Task, ...]:
    """The steps of a plan on working days, from the day after the date to the goal's last day.

    Getting ready comes before the goal's first day where there is time, else inside it.
    """
    start = workday_after(as_of)
    tasks = [Task("名单核对、材料送审", start, _later(start, 4), "营销运营")]
    tasks.append(_next("培训与演练", tasks[-1], 1, "支行行长"))
    pilot = max(workday_after(tasks[-1].end), _first_workday(goal.window.first))
    last = goal.window.last
    if pilot > last:
        return (*tasks, Task("触达与跟进", min(start, last), last, "理财经理"))
    half = min(_later(pilot, 4), last)
    tasks.append(Task("小范围试点", pilot, half, "理财经理"))
    if half < last:
        rest = min(workday_after(half), last)
        names = "、".join(_NAMES[c] for c, heads in channels.items() if heads) or "触达"
        tasks.append(Task(f"分批触达（{names}）", rest, last, "理财经理"))
        tasks.append(Task("每周复盘", rest, last, "支行行长"))
    closing = workday_after(last)
    tasks.append(Task("效果评估与归档", closing, _later(closing, 4), "营销运营"))
    return tuple(tasks)


_NAMES = {
    Channel.PHONE: "电话",
    Channel.WECOM: "企业微信",
    Channel.APP: "手机银行",
    Channel.SMS: "短信",
}


def _next(name: str, before: Task, days: int, owner: str) -> Task:
    start = workday_after(before.end)
    return Task(name, start, _later(start, days - 1), owner)


def _first_workday(day: date) -> date:
    return day if is_workday(day) else workday_after(day)


def _later(day: date, workdays: int) -> date:
    for _ in range(workdays):
        day = workday_after(day)
    return day
