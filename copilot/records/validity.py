"""From when until when something is in force."""

from __future__ import annotations

from datetime import date


def in_force(valid_from: date | None, valid_to: date | None, day: date) -> bool:
    """Whether ``valid_from <= day < valid_to``; without a date there is no limit on that side.

    >>> in_force(date(2026, 1, 1), None, date(2026, 1, 1))
    True
    >>> in_force(None, date(2026, 1, 1), date(2026, 1, 1))
    False
    """
    return (valid_from is None or valid_from <= day) and (valid_to is None or day < valid_to)
