"""The dates that the sample bank lives by: its window, holidays, paydays and snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

BUSINESS_DATE = date(2026, 11, 20)
WINDOW_START = date(2025, 5, 21)
SPRING_FESTIVAL = date(2026, 2, 17)
DAYS = (BUSINESS_DATE - WINDOW_START).days + 1
SNAPSHOT_MONTHS = 12

_HOLIDAYS = (
    (date(2025, 5, 31), date(2025, 6, 2)),
    (date(2025, 10, 1), date(2025, 10, 8)),
    (date(2026, 1, 1), date(2026, 1, 3)),
    (date(2026, 2, 15), date(2026, 2, 23)),
    (date(2026, 4, 4), date(2026, 4, 6)),
    (date(2026, 5, 1), date(2026, 5, 5)),
    (date(2026, 6, 19), date(2026, 6, 21)),
    (date(2026, 9, 25), date(2026, 9, 27)),
    (date(2026, 10, 1), date(2026, 10, 7)),
)


def is_holiday(day: date) -> bool:
    """Whether ``day`` lies in a public holiday of the window."""
    return any(first <= day <= last for first, last in _HOLIDAYS)


def is_workday(day: date) -> bool:
    """Whether companies pay and offices work on ``day``."""
    return day.weekday() < 5 and not is_holiday(day)


def branch_open(day: date) -> bool:
    """Whether branches serve customers on ``day``: also on Saturdays, never on holidays."""
    return day.weekday() < 6 and not is_holiday(day)


def workday_on_or_before(day: date) -> date:
    """``day``, or the last workday before it: how salaries are paid."""
    while not is_workday(day):
        day -= timedelta(days=1)
    return day


def months() -> Iterator[tuple[int, int]]:
    """Every (year, month) that the window touches, in order."""
    year, month = WINDOW_START.year, WINDOW_START.month
    while (year, month) <= (BUSINESS_DATE.year, BUSINESS_DATE.month):
        yield year, month
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    following = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
    return following - timedelta(days=1)


def snapshot_dates() -> list[date]:
    """The month ends at which holdings are exported, and the business date."""
    ends = [month_end(year, month) for year, month in months()][:-1]
    return [*ends[-SNAPSHOT_MONTHS:], BUSINESS_DATE]


def workdays(first: date, last: date) -> list[date]:
    """The workdays from ``first`` to ``last``, both included."""
    span = (last - first).days + 1
    days = (first + timedelta(days=step) for step in range(span))
    return [day for day in days if is_workday(day)]
