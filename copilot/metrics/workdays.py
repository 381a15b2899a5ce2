"""Working days: Mondays to Fridays, less public holidays, plus the days worked in exchange."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).with_name("workdays.yaml")
_DAY = timedelta(days=1)
#: Public holidays that keep their date every year, for years not on file.
_FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


def is_workday(day: date) -> bool:
    """Whether offices work on a day.

    >>> [is_workday(date(2026, 10, day)) for day in (5, 9, 10, 11)]
    [False, True, True, False]
    """
    off, on = _exceptions()
    if day.year not in _years() and (day.month, day.day) in _FIXED:
        return False
    return day in on or (day.weekday() < 5 and day not in off)


def workdays_in(first: date, last: date) -> int:
    """How many working days lie between two days, both included.

    >>> workdays_in(date(2026, 10, 1), date(2026, 10, 10))
    3
    """
    days = (first + step * _DAY for step in range((last - first).days + 1))
    return sum(map(is_workday, days))


def workday_before(day: date) -> date:
    """The last working day before a day.

    >>> workday_before(date(2026, 11, 16))
    datetime.date(2026, 11, 13)
    """
    day -= _DAY
    while not is_workday(day):
        day -= _DAY
    return day


def workday_after(day: date) -> date:
    """The first working day after a day."""
    day += _DAY
    while not is_workday(day):
        day += _DAY
    return day


def unlisted_years(first: date, last: date) -> tuple[int, ...]:
    """The years between two days whose public holidays are not on file.

    >>> unlisted_years(date(2026, 12, 1), date(2026, 12, 31))
    ()
    """
    return tuple(y for y in range(first.year, last.year + 1) if y not in _years())


@lru_cache(maxsize=1)
def _years() -> frozenset[int]:
    import yaml

    return frozenset(yaml.safe_load(_FILE.read_text("utf-8")))


@lru_cache(maxsize=1)
def _exceptions() -> tuple[frozenset[date], frozenset[date]]:
    import yaml

    off: set[date] = set()
    on: set[date] = set()
    for year in yaml.safe_load(_FILE.read_text("utf-8")).values():
        on |= set(year["working"])
        for first, last in year["holidays"]:
            off |= {first + step * _DAY for step in range((last - first).days + 1)}
    return frozenset(off), frozenset(on)
