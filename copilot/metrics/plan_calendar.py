"""A plan's calendar in working days: getting ready, a pilot, touching in batches, looking back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from copilot.metrics.workdays import is_workday, workday_after
from copilot.records.codes import Channel, label
from copilot.records.plan import Goal, PlanWindow
from copilot.records.report import Task

_REVIEW_DAYS, _TRAINING_DAYS, _PILOT_DAYS, _CLOSING_DAYS = 5, 1, 5, 5


def touch_window(as_of: date, goal: Goal) -> PlanWindow:
    """The days in which customers are approached: lists and texts are made ready first.

    Where the goal ends before everything is ready, they are approached all the same.
    """
    first = max(_ready(as_of), _first_workday(goal.window.first))
    last = goal.window.last
    if first > last:
        first = min(workday_after(as_of), last)
    return PlanWindow(first, last, goal.window.label)


def calendar(
    as_of: date, goal: Goal, touch: PlanWindow, channels: Mapping[Channel, int]
) -> tuple[Task, ...]:
    """The steps of a plan, from the day after the date to the goal's last day and after it."""
    start = workday_after(as_of)
    tasks = [Task("名单核对、材料送审", start, _later(start, _REVIEW_DAYS - 1), "营销运营")]
    training = workday_after(tasks[-1].end)
    tasks.append(Task("培训与演练", training, _later(training, _TRAINING_DAYS - 1), "支行行长"))
    tasks += _touching(touch, tasks[-1].end, channels)
    closing = workday_after(touch.last)
    return (*tasks, Task("效果评估与归档", closing, _later(closing, _CLOSING_DAYS - 1), "营销运营"))


def hurried(as_of: date, touch: PlanWindow) -> bool:
    """Whether customers are approached before lists, texts and staff are ready."""
    return touch.first < _ready(as_of)


def _ready(as_of: date) -> date:
    """The first day on which everything is ready."""
    return _later(workday_after(as_of), _REVIEW_DAYS + _TRAINING_DAYS)


def _touching(touch: PlanWindow, ready: date, channels: Mapping[Channel, int]) -> Iterator[Task]:
    if touch.first <= ready:
        yield Task("触达与跟进", touch.first, touch.last, "理财经理")
        return
    half = min(_later(touch.first, _PILOT_DAYS - 1), touch.last)
    yield Task("小范围试点", touch.first, half, "理财经理")
    if half < touch.last:
        rest = min(workday_after(half), touch.last)
        names = "、".join(label(c) for c, heads in channels.items() if heads) or "触达"
        yield Task(f"分批触达（{names}）", rest, touch.last, "理财经理")
        yield Task("每周复盘", rest, touch.last, "支行行长")


def _first_workday(day: date) -> date:
    return day if is_workday(day) else workday_after(day)


def _later(day: date, workdays: int) -> date:
    for _ in range(workdays):
        day = workday_after(day)
    return day
