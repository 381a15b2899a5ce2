"""How long work tells that it goes on."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the step in words, how many parts of it are done, and how many there are."""


def silent(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
