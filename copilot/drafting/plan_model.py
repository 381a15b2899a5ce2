"""A plan's overview in a configured model's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copilot.drafting.rewording import Reworder
from copilot.drafting.summary_said import SLOT, slot
from copilot.llm.wire import Wire
from copilot.records.compliance import CheckResult
from copilot.records.report import Paragraph, Piece, Stated, pieces_of
from copilot.records.usage import Usage

REPLY_TOKENS = 2000


@dataclass(frozen=True, slots=True)
class PlanProse:
    """Paragraphs that passed, with the evidence of how they came about."""

    paragraphs: tuple[Paragraph, ...]
    writer: str
    evidence: Mapping[str, Any]
    usage: Usage


Check = Callable[[str], CheckResult]


class PlanWriter:
    """Rewords overviews through one endpoint.

    Args:
        wire: the endpoint.
        prompts_dir: where ``plan.md`` is.
    """

    def __init__(self, wire: Wire, prompts_dir: Path) -> None:
        self._reworder = Reworder(
            wire, prompts_dir, prompt="plan", what="概要", max_tokens=REPLY_TOKENS
        )

    def prose(
        self, paragraphs: Sequence[Paragraph], title: str, bank: str, check: Check
    ) -> PlanProse:
        """The paragraphs in the model's words.

        Raises:
            ModelUnavailable: as `Reworder.reworded`.
        """

        def put(texts: Sequence[str]) -> tuple[Paragraph, ...]:
            return tuple(_filled(p, text) for p, text in zip(paragraphs, texts, strict=True))

        def objections(texts: Sequence[str]) -> list[str]:
            result = check("\n".join(paragraph.text for paragraph in put(texts)))
            return [f.message for f in result.findings if not f.verdict.allows_use]

        found = self._reworder.reworded(
            [_with_slots(paragraph) for paragraph in paragraphs],
            {"bank": bank, "title": title},
            objections,
        )
        return PlanProse(put(found.texts), found.model, found.evidence, found.usage)


def _with_slots(paragraph: Paragraph) -> str:
    """A paragraph with a placeholder for every figure."""
    return "".join(
        slot(piece.source.removeprefix("metric.")) if isinstance(piece, Stated) else piece
        for piece in pieces_of(paragraph)
    )


def _filled(paragraph: Paragraph, text: str) -> Paragraph:
    """The reworded text with the figures of the original, in their order."""
    figures = iter(piece for piece in pieces_of(paragraph) if isinstance(piece, Stated))
    parts: list[Piece] = [
        next(figures) if number % 2 else part for number, part in enumerate(SLOT.split(text))
    ]
    return Paragraph.of(*parts, evidence=paragraph.evidence, style=paragraph.style)
