"""Knowledge: documents, versions, passages with spans, hits and checked citations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from copilot.records.codes import Audience, PassageKind
from copilot.records.validity import in_force


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document. Valid for ``valid_from <= day < valid_to``.

    ``branches`` empty means every branch. ``content_hash`` is over the source bytes.
    """

    document_id: str
    version: int
    kind: PassageKind
    title: str
    source: str
    content_hash: str
    audience: Audience = Audience.CUSTOMER
    branches: tuple[str, ...] = ()
    product_code: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def valid_on(self, day: date) -> bool:
        """Whether this version is in force on ``day``."""
        return in_force(self.valid_from, self.valid_to, day)

    def as_json(self) -> dict[str, Any]:
        """A document version as every command prints it."""
        return {
            "document": self.document_id,
            "version": self.version,
            "kind": self.kind.value,
            "title": self.title,
            "audience": self.audience.value,
            "branches": list(self.branches),
            "product_code": self.product_code,
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Passage:
    """A citable piece of a document version; ``start``/``end`` are its span in the source text.

    ``heading`` holds the titles above it (law and chapter, sheet and section).
    """

    passage_id: str
    document_id: str
    version: int
    kind: PassageKind
    heading: str
    text: str
    start: int
    end: int
    citation: str
    audience: Audience = Audience.CUSTOMER
    branches: tuple[str, ...] = ()
    product_code: str | None = None
    product_types: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def valid_on(self, day: date) -> bool:
        """Whether this passage is in force on ``day``."""
        return in_force(self.valid_from, self.valid_to, day)

    def as_json(self) -> dict[str, Any]:
        """A passage of a document that a command prints."""
        return {
            "passage_id": self.passage_id,
            "heading": self.heading,
            "text": self.text,
            "citation": self.citation,
            "audience": self.audience.value,
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What to look for and who asks; every filter applies before ranking."""

    text: str
    as_of: date
    k: int = 10
    kind: PassageKind | None = None
    audience: Audience = Audience.INTERNAL
    branches: frozenset[str] | None = None
    product_code: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found, with its score (larger is better) and highlighted sentence.

    ``coverage`` is the share (0 to 1) of the question's weight that the passage carries,
    ``evidence`` (0 to 1) how much there is to answer from.
    """

    passage: Passage
    title: str
    score: float
    snippet: str = ""
    coverage: float = 0.0
    evidence: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """A result of ``copilot search --format json``."""
        p = self.passage
        return {
            "passage_id": p.passage_id,
            "document": p.document_id,
            "title": self.title,
            "text": p.text,
            "score": round(self.score, 4),
            "citation": p.citation,
            "valid_from": p.valid_from and p.valid_from.isoformat(),
            "valid_to": p.valid_to and p.valid_to.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Citation:
    """A sentence of ours, the passage it rests on, and the literal quote from it."""

    sentence: str
    passage_id: str
    quote: str
    source: str = ""

    def as_json(self) -> dict[str, str]:
        """The citation as answers and pitches print it."""
        return {"sentence": self.sentence, "passage_id": self.passage_id, "quote": self.quote}


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did, per file: added, unchanged, replaced, or refused with the reason.

    ``remarks`` pair a file that was taken in with what its owner should know of it.
    """

    files: tuple[tuple[str, str, str], ...]
    passages: int
    generation: str
    notes: tuple[str, ...] = field(default=())
    remarks: tuple[tuple[str, str], ...] = field(default=())
