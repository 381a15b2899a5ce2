"""What model calls used: tokens as the endpoint counts them, time, and money at set prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MICRO_FEN = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more calls; ``seconds`` is wall-clock time, ``cost`` millionths of a fen.

    >>> Usage(1, 10, 5, 0.5) + Usage(1, 20, 5, 0.5)
    Usage(calls=2, prompt_tokens=30, completion_tokens=10, seconds=1.0, cost=0)
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.seconds + other.seconds,
            self.cost + other.cost,
        )

    def __neg__(self) -> Usage:
        return Usage(
            -self.calls, -self.prompt_tokens, -self.completion_tokens, -self.seconds, -self.cost
        )

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def fen(self) -> float:
        """What it cost."""
        return self.cost / MICRO_FEN

    def as_json(self) -> dict[str, Any]:
        """The usage as evidence keeps it; time is left out, so that a replay gives the same.

        >>> Usage(1, 1000, 500, 2.5, 300_000).as_json()["cost_yuan"]
        0.003
        """
        return {
            "calls": self.calls,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost_yuan": self.fen / 100,
        }
