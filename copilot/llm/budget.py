"""What a request and a day may use of a model: tokens, money, seconds.

Before a call its most is set aside, after it what it used is booked; so a limit holds whatever
other requests and processes do meanwhile. What an endpoint does not report is counted in
characters, which is more than it can have been.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from copilot.errors import ModelUnavailable
from copilot.records.usage import Usage
from copilot.settings import ModelLimits

UNSTATED_REPLY = 2000  # tokens set aside for a reply without a stated limit


class OverBudget(ModelUnavailable):
    """The call would exceed what the request or the day may use, so it was not made."""

    code = "over_budget"

    def __init__(self, whose: str, what: str, setting: str) -> None:
        super().__init__(
            f"{whose}的模型{what}已到上限，没有再请求模型。",
            next=f"使用内置模板引擎；要放宽请调整 llm_limits.{setting}。",
        )


class Ledger(Protocol):
    """What has been used on each day, kept for every process of the installation."""

    def reserve(self, day: date, usage: Usage, limits: ModelLimits) -> str:
        """Book ``usage`` unless it exceeds a limit; returns that limit's name, or nothing."""
        ...

    def settle(self, day: date, reserved: Usage, used: Usage) -> None:
        """Put what was used in the place of what was reserved."""
        ...


@dataclass(slots=True)
class Call:
    """One call that may be made; ``seconds`` is what is left for it."""

    seconds: float | None
    used: Usage | None = None


@dataclass(slots=True)
class Meter:
    """The budget of one request.

    Args:
        limits: what a request and a day may use.
        ledger: the days' bookings; without one only the request is limited.
        today: the bank's own calendar day.
    """

    limits: ModelLimits
    ledger: Ledger | None = None
    today: Callable[[], date] = date.today
    usage: Usage = field(default_factory=Usage)

    @contextlib.contextmanager
    def call(self, prompt: int, reply: int | None) -> Iterator[Call]:
        """Room for a call of at most ``prompt`` and ``reply`` tokens; set what it used on it.

        Raises:
            OverBudget: there is no such room.
        """
        seconds = self._seconds_left()
        most = self.priced(prompt, reply or UNSTATED_REPLY, seconds or 0.0)
        self._refuse(most)
        day = self.today()
        if self.ledger is not None and (exceeded := self.ledger.reserve(day, most, self.limits)):
            raise OverBudget("今天", _WHAT[exceeded.removeprefix("day_")], exceeded)
        started = time.monotonic()
        call = Call(seconds)
        try:
            yield call
        finally:
            spent = time.monotonic() - started
            used = call.used or Usage(1, seconds=spent)
            self.usage += used
            if self.ledger is not None:
                self.ledger.settle(day, most, used)

    def priced(self, prompt: int, completion: int, seconds: float) -> Usage:
        """One call's usage at the configured prices."""
        limits = self.limits
        cost = prompt * limits.prompt_price + completion * limits.completion_price
        return Usage(1, prompt, completion, seconds, cost)

    def _seconds_left(self) -> float | None:
        if self.limits.request_seconds is None:
            return None
        left = self.limits.request_seconds - self.usage.seconds
        if left <= 0:
            raise OverBudget("本次", _WHAT["seconds"], "request_seconds")
        return left

    def _refuse(self, most: Usage) -> None:
        after = self.usage + most
        for name, amount in (("tokens", after.tokens), ("fen", after.fen)):
            limit = getattr(self.limits, f"request_{name}")
            if limit is not None and amount > limit:
                raise OverBudget("本次", _WHAT[name], f"request_{name}")


_WHAT = {"tokens": "用量", "fen": "费用", "seconds": "用时"}
