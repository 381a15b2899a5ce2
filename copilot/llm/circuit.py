"""A circuit breaker for each endpoint: a dead model is left alone for a while, not asked again.

closed ──failures in a row──▶ open ──rest──▶ half open ──one trial──▶ closed | open

`pybreaker` keeps the states. Its own ``call`` holds a lock as long as the call lasts, which would
let only one request through at a time, so calls are only reported to it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from copilot.errors import CopilotError, ModelUnavailable


class Outage(ModelUnavailable):
    """No usable reply after every try: what a circuit counts."""


class CircuitOpen(ModelUnavailable):
    """The endpoint has failed repeatedly and is not asked for now."""

    code = "model_resting"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"模型服务连续失败，{max(1, round(seconds))} 秒内不再请求。",
            next="在此期间使用内置模板引擎；请检查模型服务。",
        )


class Circuit:
    """The breaker of one endpoint, shared by every request of the process.

    Each process finds out for itself that an endpoint is down: that costs it a few calls, and one
    that cannot reach the endpoint does not silence the others.

    Args:
        failures: failures in a row after which the endpoint is left alone.
        rest_s: for how long, in seconds.
        counts: what is a failure; anything else that is raised is an answer of the endpoint.
    """

    def __init__(self, failures: int, rest_s: float, counts: type[CopilotError] = Outage) -> None:
        import pybreaker

        self._states = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=failures,
            reset_timeout=rest_s,
            exclude=[lambda error: not isinstance(error, counts)],
            state_storage=self._states,
            throw_new_error_on_trip=False,
        )
        self._rest = timedelta(seconds=rest_s)
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """One call to the endpoint; how it ends decides about the next ones.

        Raises:
            CircuitOpen: the endpoint is being left alone.
        """
        with self._lock:
            self._admit()
        try:
            yield
        except Exception as error:
            self._report(error)
            raise
        except BaseException:  # whoever asked went away; that says nothing about the endpoint
            self._report(None)
            raise
        self._report(None)

    def _admit(self) -> None:
        import pybreaker

        if self._states.state == pybreaker.STATE_CLOSED:
            return
        opened = self._states.opened_at or datetime.now(UTC)
        left = opened + self._rest - datetime.now(UTC)
        if self._states.state == pybreaker.STATE_HALF_OPEN or left > timedelta(0):
            raise CircuitOpen(left.total_seconds())
        self._breaker.half_open()

    def _report(self, error: Exception | None) -> None:
        def outcome() -> None:
            if error is not None:
                raise error

        with contextlib.suppress(Exception):
            self._breaker.call(outcome)


@lru_cache(maxsize=64)
def circuit_of(
    url: str, model: str, failures: int, rest_s: float, counts: type[CopilotError] = Outage
) -> Circuit:
    """The circuit of an endpoint in this process."""
    return Circuit(failures, rest_s, counts)
