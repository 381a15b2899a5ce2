"""The two clocks of an installation: the database's and the bank's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

BANK_TIME = timezone(timedelta(hours=8))


def utc_now() -> datetime:
    """This moment as the database keeps it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
