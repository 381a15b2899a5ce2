"""What parsing a file gives: a document and its passages, before versions and ids are known."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from copilot.knowledge.articles import Section
from copilot.knowledge.source import RawFile, Source
from copilot.records.codes import Audience, PassageKind
from copilot.records.knowledge import Document, Passage

PARSER_VERSION = 3
"""Raised when the same file gives other passages: unchanged files are then parsed again."""

LONGEST_PASSAGE = 900
"""Characters; longer sections are cut at paragraph ends so that a hit stays readable."""

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$", re.M)
_PARAGRAPH_END = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(r"[。！？；\n]")


@dataclass(frozen=True, slots=True)
class ParsedPassage:
    """One citable piece; unset scope and dates are the document's."""

    heading: str
    text: str
    start: int
    end: int
    citation: str
    audience: Audience | None = None
    product_types: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """One file's content. ``document_id`` does not depend on where the file lies.

    ``notes`` are what the person who takes it in should know.
    """

    document_id: str
    kind: PassageKind
    title: str
    passages: tuple[ParsedPassage, ...]
    audience: Audience = Audience.INTERNAL
    branches: tuple[str, ...] = ()
    product_code: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    notes: tuple[str, ...] = ()

    def as_version(self, version: int, source: Source) -> tuple[Document, list[Passage]]:
        """The records of this content as a version of its document."""
        document = Document(
            document_id=self.document_id,
            version=version,
            kind=self.kind,
            title=self.title,
            source=source.path.name,
            content_hash=stored_hash(source),
            audience=self.audience,
            branches=self.branches,
            product_code=self.product_code,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )
        return document, [
            self._passage(version, ordinal, parsed)
            for ordinal, parsed in enumerate(self.passages, start=1)
        ]

    def _passage(self, version: int, ordinal: int, parsed: ParsedPassage) -> Passage:
        digest = hashlib.sha256(f"{parsed.heading}\n{parsed.text}".encode()).hexdigest()[:8]
        return Passage(
            passage_id=f"{self.document_id}:v{version}:{ordinal}-{digest}",
            document_id=self.document_id,
            version=version,
            kind=self.kind,
            heading=parsed.heading,
            text=parsed.text,
            start=parsed.start,
            end=parsed.end,
            citation=parsed.citation,
            audience=parsed.audience or self.audience,
            branches=self.branches,
            product_code=self.product_code,
            product_types=parsed.product_types,
            valid_from=parsed.valid_from or self.valid_from,
            valid_to=parsed.valid_to or self.valid_to,
        )


def stored_hash(source: Source | RawFile) -> str:
    """What tells whether a file must be parsed again: its bytes and the parser's version."""
    return f"{PARSER_VERSION}:{source.content_hash}"


def sections(text: str, start: int = 0) -> list[Section]:
    """The titled sections of Markdown from ``start`` on; prose before a title has none."""
    found: list[Section] = []
    open_titles: list[tuple[int, str]] = []
    begin = start
    for match in _HEADING.finditer(text, start):
        _close(found, text, open_titles, begin, match.start())
        level = len(match[1])
        open_titles = [title for title in open_titles if title[0] < level]
        open_titles.append((level, match[2]))
        begin = match.end()
    _close(found, text, open_titles, begin, len(text))
    return found


def _close(
    found: list[Section], text: str, titles: list[tuple[int, str]], begin: int, end: int
) -> None:
    span = trimmed(text, begin, end)
    if span[0] < span[1]:
        found.append(Section(tuple(title for _, title in titles), *span))


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A span cut into at most `LONGEST_PASSAGE` characters, at paragraph, else sentence ends."""
    found = []
    while end - start > LONGEST_PASSAGE:
        cut = _last_end(text, start, start + LONGEST_PASSAGE)
        found.append(trimmed(text, start, cut))
        start = trimmed(text, cut, end)[0]
    if start < end:
        found.append((start, end))
    return found


def _last_end(text: str, start: int, limit: int) -> int:
    for pattern in (_PARAGRAPH_END, _SENTENCE_END):
        ends = [match.end() for match in pattern.finditer(text, start, limit)]
        if ends and ends[-1] - start > LONGEST_PASSAGE // 3:
            return ends[-1]
    return limit
