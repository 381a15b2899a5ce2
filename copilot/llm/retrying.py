"""Trying a request to an endpoint again: what may pass, how long to wait, when to give up.

Failures that may pass (429, 5xx, timeouts, refused connections, cut replies) are tried again with
full jitter or as ``Retry-After`` asks, in seconds or as a date. This is the only place that
retries; whoever asks says what giving up means.
"""

from __future__ import annotations

import email.utils
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import httpx

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 20.0

T = TypeVar("T")


class Passing(Exception):
    """A failure worth another try; ``pause`` is what the endpoint asked for, in seconds."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Retrying:
    """How often a request is tried again.

    Args:
        retries: the further tries.
        pause: waits between tries, in seconds.
        given_up: the error to raise, from the last reason and the number of tries.
    """

    retries: int
    pause: Callable[[float], None]
    given_up: Callable[[str, int], Exception]

    def __call__(self, once: Callable[[], T], ends: float = math.inf) -> T:
        """What ``once`` gives, asked again until it does, gives up, or ``ends`` has come."""
        for attempt in range(self.retries + 1):
            try:
                return once()
            except Passing as failure:
                wait = failure.pause
                if wait is None:
                    wait = random.uniform(0, FIRST_PAUSE_S * 2 ** (attempt + 1))
                late = time.monotonic() + wait >= ends
                if attempt == self.retries or wait > LONGEST_PAUSE_S or late:
                    raise self.given_up(failure.reason, attempt + 1) from None
                self.pause(wait)
        raise AssertionError("unreachable")


def raise_if_passing(response: httpx.Response) -> None:
    """Raises `Passing` for a status that another try may not meet."""
    if response.status_code in (408, 409, 429) or response.status_code >= 500:
        reason = f"服务返回 {response.status_code}"
        raise Passing(reason, retry_after(response.headers.get("Retry-After")))


def passing_of(error: httpx.TransportError) -> Passing:
    """A connection's failure as one that may pass."""
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return Passing("超时")
    if isinstance(error, httpx.ConnectError):
        return Passing("连接不上")
    return Passing("连接中断")


def bounded(
    pieces: Iterator[bytes], deadline: float, largest: int, too_large: Exception
) -> Iterator[bytes]:
    """The pieces of a body while it is neither late nor over ``largest`` bytes."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if time.monotonic() > deadline:
            raise Passing("超时")
        if size > largest:
            raise too_large
        yield piece


def retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: a number or an HTTP date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
