"""The time that a summary covers, and the equal stretch of time that it is compared with."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from copilot.metrics.workdays import workday_after, workday_before, workdays_in
from copilot.records.codes import SummaryPeriod
from copilot.records.work import Window, WorkPeriod

_WEEK = timedelta(days=7)
_FOLLOW_UP_WORKDAYS = 5


def work_period(kind: SummaryPeriod, day: date) -> WorkPeriod:
    """The day itself, or its week or month up to it.

    A day is compared with the working day before, a week with the same days of the week before,
    a month with the same days of the month before (a whole one with a whole one).

    >>> period = work_period(SummaryPeriod.MONTH, date(2026, 11, 20))
    >>> period.previous.as_json(), period.workdays, period.month_workdays
    ({'first': '2026-10-01', 'last': '2026-10-20'}, 15, 21)
    """
    windows = {SummaryPeriod.DAY: _day, SummaryPeriod.WEEK: _week, SummaryPeriod.MONTH: _month}
    window, previous, complete = windows[kind](day)
    month_end = day.replace(day=monthrange(day.year, day.month)[1])
    return WorkPeriod(
        kind=kind,
        window=window,
        previous=previous,
        complete=complete,
        workdays=workdays_in(window.first, window.last),
        previous_workdays=workdays_in(previous.first, previous.last),
        month_workdays=workdays_in(day.replace(day=1), month_end),
        month_elapsed=workdays_in(day.replace(day=1), day),
        next_workday=workday_after(day),
        follow_up_by=_workdays_after(day, _FOLLOW_UP_WORKDAYS),
    )


def _workdays_after(day: date, count: int) -> date:
    for _ in range(count):
        day = workday_after(day)
    return day


def _day(day: date) -> tuple[Window, Window, bool]:
    before = workday_before(day)
    return Window(day, day), Window(before, before), True


def _week(day: date) -> tuple[Window, Window, bool]:
    monday = day - timedelta(days=day.weekday())
    return Window(monday, day), Window(monday - _WEEK, day - _WEEK), day.weekday() == 6


def _month(day: date) -> tuple[Window, Window, bool]:
    first = day.replace(day=1)
    before = first - timedelta(days=1)
    complete = day.day == monthrange(day.year, day.month)[1]
    last = before if complete else before.replace(day=min(day.day, before.day))
    return Window(first, day), Window(before.replace(day=1), last), complete
