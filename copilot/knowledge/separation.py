"""How well the evidence floor parts questions that are answered from those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from copilot.knowledge.evaluation import Outcome

STEPS = 20


@dataclass(frozen=True, slots=True)
class Separation:
    """The curve: at each floor, the share kept of either kind of question.

    ``auc`` is the chance that an answerable question has better evidence than one that is not.
    """

    answerable: int
    unanswerable: int
    auc: float
    curve: tuple[tuple[float, float, float], ...]

    def as_json(self) -> dict[str, Any]:
        """The curve as ``copilot eval`` prints it."""
        return {
            "answerable": self.answerable,
            "unanswerable": self.unanswerable,
            "auc": round(self.auc, 4),
            "curve": [
                {
                    "floor": floor,
                    "answerable_kept": round(kept, 4),
                    "unanswerable_refused": round(refused, 4),
                }
                for floor, kept, refused in self.curve
            ],
        }


def separation(outcomes: Sequence[Outcome]) -> Separation | None:
    """The separation by evidence; ``None`` without questions of both kinds."""
    answered = [outcome.evidence for outcome in outcomes if outcome.question.gold]
    unanswered = [outcome.evidence for outcome in outcomes if not outcome.question.gold]
    if not answered or not unanswered:
        return None
    wins = sum((a > u) + (a == u) / 2 for a in answered for u in unanswered)
    floors = [round(step / STEPS, 2) for step in range(STEPS + 1)]
    return Separation(
        len(answered),
        len(unanswered),
        wins / (len(answered) * len(unanswered)),
        tuple(
            (
                floor,
                sum(value >= floor for value in answered) / len(answered),
                sum(value < floor for value in unanswered) / len(unanswered),
            )
            for floor in floors
        ),
    )
