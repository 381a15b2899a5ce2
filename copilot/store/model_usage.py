"""What each day has used of the model, booked for every process of the installation."""

from __future__ import annotations

import contextlib
from datetime import date
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from copilot.records.usage import Usage
from copilot.settings import ModelLimits
from copilot.store import schema
from copilot.store.engine import read_connection, write_transaction

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_days = schema.model_days


class ModelUsageRepository:
    """The bookings of the days."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def on(self, day: date) -> Usage:
        """What a day has used so far, what is set aside included."""
        with read_connection(self._engine) as connection:
            return self._on(connection, day)

    def reserve(self, day: date, most: Usage, limits: ModelLimits) -> str:
        """Books ``most`` unless it exceeds a limit of the day; returns that limit's name."""
        with write_transaction(self._engine) as connection:
            after = self._held(connection, day) + most
            exceeded = _exceeded(after, limits)
            if not exceeded:
                self._put(connection, day, after)
        return exceeded

    def settle(self, day: date, reserved: Usage, used: Usage) -> None:
        """Books what was used in the place of what was reserved."""
        with write_transaction(self._engine) as connection:
            self._put(connection, day, self._held(connection, day) + used + -reserved)

    def _held(self, connection: Connection, day: date) -> Usage:
        """What a day has used; no other process books on it until the transaction ends."""
        locked = sa.select(_days.c.day).where(_days.c.day == day).with_for_update()
        if connection.execute(locked).one_or_none() is None:
            with contextlib.suppress(sa.exc.IntegrityError), connection.begin_nested():
                connection.execute(_days.insert().values(day=day, **_values(Usage())))
            connection.execute(locked)
        return self._on(connection, day)

    def _on(self, connection: Connection, day: date) -> Usage:
        row = connection.execute(sa.select(_days).where(_days.c.day == day)).one_or_none()
        if row is None:
            return Usage()
        seconds = row.milliseconds / 1000
        return Usage(row.calls, row.prompt_tokens, row.completion_tokens, seconds, row.cost)

    def _put(self, connection: Connection, day: date, usage: Usage) -> None:
        connection.execute(_days.update().where(_days.c.day == day).values(_values(usage)))


def _values(usage: Usage) -> dict[str, int]:
    return {
        "calls": usage.calls,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "milliseconds": round(usage.seconds * 1000),
        "cost": usage.cost,
    }


def _exceeded(after: Usage, limits: ModelLimits) -> str:
    amounts = {"day_tokens": after.tokens, "day_fen": after.fen, "day_seconds": after.seconds}
    for name, amount in amounts.items():
        limit = getattr(limits, name)
        if limit is not None and amount > limit:
            return name
    return ""
