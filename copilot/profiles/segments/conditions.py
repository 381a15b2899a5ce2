"""A group of customers in at most three plain conditions, and how much of it they describe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from copilot.profiles.arrays import Bools, Floats
from copilot.profiles.scores.columns import Column
from copilot.profiles.scores.words import amount_words

MOST_CONDITIONS = 3
DESCRIBED = 0.9
_LOSSES = (0.0, 0.01, 0.02, 0.033, 0.05, 0.07, 0.1)


@dataclass(frozen=True, slots=True)
class Condition:
    """``column`` at least (``at_least``) or at most ``bound``."""

    column: Column
    at_least: bool
    bound: float

    def holds(self, values: Floats) -> Bools:
        """Where the condition holds; an unknown value never meets it."""
        return values >= self.bound if self.at_least else values <= self.bound

    @property
    def words(self) -> str:
        """The condition as a banker would write it."""
        side = "不少于" if self.at_least else "不多于"
        return f"{self.column.label}{side}{amount_words(self.column.unit, self.bound)}"


@dataclass(frozen=True, slots=True)
class Description:
    """Conditions that hold together; shares of the group covered and of those covered in it."""

    conditions: tuple[Condition, ...]
    covered: float
    precise: float

    @property
    def words(self) -> tuple[str, ...]:
        """One clause per condition."""
        return tuple(condition.words for condition in self.conditions)


def describe(columns: Sequence[Column], matrix: Floats, members: Bools) -> Description:
    """The conjunction of at most three bounds that keeps nine tenths of ``members``.

    Greedy: each step adds the bound that leaves the largest share of members among those who
    still qualify, while at least 90 % of the members remain.
    """
    inside = np.ones(len(matrix), dtype=bool)
    chosen: list[Condition] = []
    needed = DESCRIBED * members.sum()
    precise = float(members.mean())
    for _ in range(MOST_CONDITIONS):
        best: tuple[float, Condition, Bools] | None = None
        for place, column in enumerate(columns):
            for condition in _bounds(column, matrix[members & inside, place]):
                kept = inside & condition.holds(matrix[:, place])
                hits = int((kept & members).sum())
                if hits >= needed and (best is None or hits / kept.sum() > best[0] + 1e-9):
                    best = (hits / int(kept.sum()), condition, kept)
        if best is None or best[0] <= precise + 0.005:
            break
        precise, condition, inside = best
        chosen.append(condition)
    covered = float((inside & members).sum() / max(1, members.sum()))
    return Description(tuple(chosen), covered, precise)


def _bounds(column: Column, values: Floats) -> list[Condition]:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return []
    found = []
    for loss in _LOSSES:
        low = float(np.quantile(known, loss, method="lower"))
        high = float(np.quantile(known, 1 - loss, method="higher"))
        found += [
            Condition(column, True, _rounded(low, up=False)),
            Condition(column, False, _rounded(high, up=True)),
        ]
    return found


def _rounded(value: float, *, up: bool) -> float:
    """The bound at two leading digits, moved outwards so that nobody drops out."""
    if value == 0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 1)
    steps = np.ceil(value / step - 1e-9) if up else np.floor(value / step + 1e-9)
    return float(steps * step)
