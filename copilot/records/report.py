"""Documents: marketing plans and work summaries as typed blocks, before any file format.

Report ─▶ Section ─▶ Paragraph | Table | Chart | Gantt

Every figure in a paragraph or cell is a `Stated` value: its text and the metric or record field
that it equals. Exporters only lay out what is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from copilot.records.codes import DraftKind
from copilot.records.draft import Figure


@dataclass(frozen=True, slots=True)
class Stated:
    """A value as a text states it; ``source`` is ``metric.X``, a record field, or empty."""

    text: str
    source: str


Piece = str | Stated


class Style(StrEnum):
    """How a paragraph is set."""

    BODY = "body"
    BULLET = "bullet"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph with its figures by span (code points) and the records behind it.

    ``evidence`` are ids that a reader can look up: events, rules, passages, templates.
    """

    text: str
    figures: tuple[Figure, ...] = ()
    evidence: tuple[str, ...] = ()
    style: Style = Style.BODY

    @classmethod
    def of(
        cls, *pieces: Piece, evidence: tuple[str, ...] = (), style: Style = Style.BODY
    ) -> Paragraph:
        """A paragraph joined from literal text and stated values.

        >>> Paragraph.of("共", Stated("12位", "metric.n"), "。").figures
        (Figure(text='12位', start=1, end=4, source='metric.n'),)
        """
        text, figures = joined(pieces)
        return cls(text, figures, evidence, style)


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row has as many cells as the header. ``note`` stands below it."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Piece, ...], ...]
    note: str = ""


class ChartKind(StrEnum):
    """What a chart shows."""

    BAR = "bar"  # one group of columns a category
    LINE = "line"
    FUNNEL = "funnel"  # one series, each category a part of the one before


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a chart; ``None`` where there is no value. ``sources`` go with ``values``."""

    name: str
    values: tuple[float | None, ...]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart; every series has one value a category, in ``unit``."""

    title: str
    kind: ChartKind
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One line of a calendar, both days included."""

    name: str
    start: date
    end: date
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Gantt:
    """A calendar of tasks as bars over dates."""

    title: str
    tasks: tuple[Task, ...]
    note: str = ""


Block = Paragraph | Table | Chart | Gantt


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of a report."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """A text with its figures, as the checker reads it."""

    text: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A document for people.

    ``label`` is the explicit statement that a program or model wrote it; it stands in the text and
    in the file's metadata. ``producer`` is the bank and writer for the metadata, ``report_id`` the
    draft that holds its evidence.
    """

    title: str
    kind: DraftKind
    as_of: date
    label: str
    sections: tuple[Section, ...]
    producer: str = ""
    report_id: str = ""
    subtitle: str = ""

    @property
    def blocks(self) -> Iterator[Block]:
        """Every block in order."""
        for section in self.sections:
            yield from section.blocks

    @property
    def plain(self) -> Plain:
        """All words of the document, one line a paragraph or table row."""
        text, figures = joined(self._pieces(_lines))
        return Plain(text, figures)

    @property
    def shown(self) -> str:
        """The document on a screen: the words of `plain`, and charts with their values."""
        return joined(self._pieces(_shown_lines))[0]

    def _pieces(self, lines_of: Callable[[Block], list[tuple[Piece, ...]]]) -> list[Piece]:
        lines: list[tuple[Piece, ...]] = [(self.title,)]
        lines += [(self.subtitle,)] if self.subtitle else []
        lines.append((self.label,))
        for section in self.sections:
            lines.append((section.heading,))
            for block in section.blocks:
                lines += lines_of(block)
        pieces: list[Piece] = []
        for line in lines:
            pieces += [*line, "\n"]
        return pieces[:-1]

    def as_json(self) -> dict[str, Any]:
        """The document as JSON: sections with typed blocks."""
        return {
            "title": self.title,
            "subtitle": self.subtitle,
            "kind": self.kind.value,
            "as_of": self.as_of.isoformat(),
            "label": self.label,
            "sections": [
                {
                    "heading": section.heading,
                    "blocks": [block_json(block) for block in section.blocks],
                }
                for section in self.sections
            ],
        }


def joined(
    pieces: Iterator[Piece] | tuple[Piece, ...] | list[Piece],
) -> tuple[str, tuple[Figure, ...]]:
    """The text of pieces and the span of every stated value that has a source."""
    text, figures = "", []
    for piece in pieces:
        if isinstance(piece, Stated):
            if piece.source:
                end = len(text) + len(piece.text)
                figures.append(Figure(piece.text, len(text), end, piece.source))
            text += piece.text
        else:
            text += piece
    return text, tuple(figures)


def pieces_of(paragraph: Paragraph) -> tuple[Piece, ...]:
    """A paragraph taken apart again into literal text and stated values."""
    found: list[Piece] = []
    end = 0
    for figure in paragraph.figures:
        found += [paragraph.text[end : figure.start], Stated(figure.text, figure.source)]
        end = figure.end
    return (*found, paragraph.text[end:])


def sources_in(section: Section) -> frozenset[str]:
    """The sources of every value that a section states, its charts' included."""
    found: set[str] = set()
    for block in section.blocks:
        pieces = (piece for line in _lines(block) for piece in line)
        found.update(piece.source for piece in pieces if isinstance(piece, Stated))
        if isinstance(block, Chart):
            found.update(source for series in block.series for source in series.sources)
    return frozenset(found)


def cell_text(cell: Piece) -> str:
    """What a cell shows."""
    return cell.text if isinstance(cell, Stated) else cell


def with_id(report: Report, report_id: str) -> Report:
    """The report under the id of the draft that holds its evidence."""
    return replace(report, report_id=report_id)


def _lines(block: Block) -> list[tuple[Piece, ...]]:
    if isinstance(block, Paragraph):
        return [pieces_of(block)]
    lines: list[tuple[Piece, ...]] = [(block.title,)] if block.title else []
    if isinstance(block, Table):
        lines.append((" | ".join(block.header),))
        for row in block.rows:
            if not any(map(cell_text, row)):
                continue  # left to be written in by hand
            cells: list[Piece] = []
            for cell in row:
                cells += [cell, " | "]
            lines.append(tuple(cells[:-1]))
    elif isinstance(block, Chart):
        lines.append((" | ".join((*block.categories, *(s.name for s in block.series))),))
    else:
        lines += [(f"{task.name} | {task.owner}",) for task in block.tasks]
    return [*lines, (block.note,)] if block.note else lines


def _shown_lines(block: Block) -> list[tuple[Piece, ...]]:
    if not isinstance(block, Chart):
        return _lines(block)
    unit = f"（{block.unit}）" if block.unit else ""
    table = Table(
        block.title,
        ("", *(f"{series.name}{unit}" for series in block.series)),
        tuple(
            (category, *(chart_value(series.values[place]) for series in block.series))
            for place, category in enumerate(block.categories)
        ),
        block.note,
    )
    return _lines(table)


def chart_value(value: float | None) -> str:
    """A value of a chart in words.

    >>> chart_value(12345.0), chart_value(0.5), chart_value(None)
    ('12,345', '0.50', '无')
    """
    if value is None:
        return "无"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def block_json(block: Block) -> dict[str, Any]:
    """A block with its type."""
    if isinstance(block, Paragraph):
        return {
            "type": "paragraph",
            "style": block.style.value,
            "text": block.text,
            "figures": [figure.as_json() for figure in block.figures],
            "evidence": list(block.evidence),
        }
    if isinstance(block, Table):
        return {
            "type": "table",
            "title": block.title,
            "header": list(block.header),
            "rows": [[cell_text(cell) for cell in row] for row in block.rows],
            "sources": [
                [cell.source if isinstance(cell, Stated) else "" for cell in row]
                for row in block.rows
            ],
            "note": block.note,
        }
    if isinstance(block, Chart):
        return {
            "type": "chart",
            "kind": block.kind.value,
            "title": block.title,
            "unit": block.unit,
            "categories": list(block.categories),
            "series": [
                {"name": s.name, "values": list(s.values), "sources": list(s.sources)}
                for s in block.series
            ],
            "note": block.note,
        }
    return {
        "type": "gantt",
        "title": block.title,
        "tasks": [
            {
                "name": task.name,
                "start": task.start.isoformat(),
                "end": task.end.isoformat(),
                "owner": task.owner,
            }
            for task in block.tasks
        ],
        "note": block.note,
    }
