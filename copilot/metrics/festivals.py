"""Festivals that banks plan around, by their dates in the calendar."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("festivals.yaml")


def festivals() -> tuple[str, ...]:
    """The names of the festivals on file."""
    fixed, dated = _on_file()
    return (*fixed, *dated)


def festival_in(name: str, year: int) -> date | None:
    """The day of a festival in a year; ``None`` when the file does not have it.

    >>> festival_in("春节", 2027), festival_in("国庆", 2027), festival_in("春节", 1999)
    (datetime.date(2027, 2, 6), datetime.date(2027, 10, 1), None)
    """
    fixed, dated = _on_file()
    if name in fixed:
        month, day = map(int, fixed[name].split("-"))
        return date(year, month, day)
    return next((day for day in dated[name] if day.year == year), None)


@cache
def _on_file() -> tuple[dict[str, str], dict[str, list[date]]]:
    import yaml

    body = yaml.safe_load(_FILE.read_text("utf-8"))
    return body["fixed"], body["dated"]
