"""What model calls used: tokens as the endpoint counts them, and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more calls; ``seconds`` is wall-clock time.

    >>> Usage(1, 10, 5, 0.5) + Usage(1, 20, 5, 0.5)
    Usage(calls=2, prompt_tokens=30, completion_tokens=10, seconds=1.0)
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.seconds + other.seconds,
        )

    def as_json(self) -> dict[str, Any]:
        """The usage as evidence keeps it; time is left out, so that a replay gives the same."""
        return {
            "calls": self.calls,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }
