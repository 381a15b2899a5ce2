"""What an answer is made of before it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from copilot.records.compliance import Fact
from copilot.records.draft import Figure
from copilot.records.knowledge import Citation
from copilot.records.product import Product

NO_EVIDENCE = "知识库中没有依据"


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """A text with its figures and citations, the facts it may state, and how it came about.

    ``asked`` are the phrasings of the frequent question that answers, ``heading`` is the first of
    them, ``types`` are the types of product that it is about; ``table`` is a comparison as data.
    ``fit`` tells how sure it is that what is behind it answers the question (0 to 1; 0 where a
    rule decides); ``refused`` marks a text that says why there is no answer.
    """

    text: str
    figures: tuple[Figure, ...] = ()
    citations: tuple[Citation, ...] = ()
    known: tuple[Fact, ...] = ()
    products: tuple[Product, ...] = ()
    ask_whom: str = ""
    notes: tuple[str, ...] = ()
    fit: float = 0.0
    asked: tuple[str, ...] = ()
    heading: str = ""
    types: tuple[str, ...] = ()
    table: Mapping[str, Any] = field(default_factory=dict)
    refused: bool = False
    proof: Mapping[str, Any] = field(default_factory=dict)

    def followed_by(self, other: AnswerParts) -> AnswerParts:
        """Both answers, one after the other."""
        shift = len(self.text) + 1
        moved = (replace(f, start=f.start + shift, end=f.end + shift) for f in other.figures)
        return AnswerParts(
            f"{self.text}\n{other.text}",
            (*self.figures, *moved),
            self.citations + other.citations,
            self.known + other.known,
            self.products,
            self.ask_whom or other.ask_whom,
            self.notes + other.notes,
            max(self.fit, other.fit),
            other.asked,
            other.heading,
            other.types,
            refused=False,
            proof={**other.proof, **self.proof},
        )
