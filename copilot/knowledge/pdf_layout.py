"""Lines on pages become headings and whole paragraphs again.

A PDF knows where words stand, not what they are: larger type is a heading, a line that does not
reach the margin ends its paragraph, what stands at the edge of most pages is no part of the text,
and a table that goes on at the top of the next page is one table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from copilot.knowledge.articles import is_division
from copilot.knowledge.blocks import Block, Collector
from copilot.knowledge.table_rows import records, sentence

_LARGER = 1.12
"""Of the body's size: type from here on is a heading."""

LONGEST_HEADING = 40
_LEVELS = 6
_PAGE_NUMBER = re.compile(r"[-—–\s第共页/|·.]*\d{1,4}[-—–\s第共页/|·.\d]*")
_DIGITS = re.compile(r"\d+")
_ENDS = "。！？；：.!?;:"
_ASCII_WORD = re.compile(r"[A-Za-z0-9,.;:)]")
_FEWEST_PAGES = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line; lengths are points from the page's top left corner."""

    text: str
    page: int
    top: float
    left: float
    right: float
    size: float
    at_edge: bool


@dataclass(frozen=True, slots=True)
class PageTable:
    """The part of a table that stands on one page."""

    page: int
    top: float
    rows: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        """All of its words."""
        return "".join(cell for row in self.rows for cell in row)


def as_blocks(items: Sequence[Line | PageTable], pages: int) -> tuple[Block, ...]:
    """The blocks of a document from everything on its pages, in reading order."""
    lines = [item for item in items if isinstance(item, Line) and item.text]
    running = _running(lines, pages)
    builder = _Builder(_Type.of([line for line in lines if line not in running]))
    for item in items:
        if isinstance(item, PageTable):
            builder.table(item)
        elif item.text and item not in running:
            builder.line(item)
    builder.finish()
    return tuple(builder.collector.blocks)


def _running(lines: Sequence[Line], pages: int) -> frozenset[Line]:
    """Headers, footers and page numbers."""
    edge = [line for line in lines if line.at_edge]
    on_pages = Counter(key for key, _ in {(_pattern(line), line.page) for line in edge})
    often = max(_FEWEST_PAGES, pages / 2)
    return frozenset(
        line
        for line in edge
        if on_pages[_pattern(line)] >= often or _PAGE_NUMBER.fullmatch(line.text)
    )


def _pattern(line: Line) -> str:
    return _DIGITS.sub("#", line.text)


@dataclass(frozen=True, slots=True)
class _Type:
    """How the document is set: body size, margins, and the sizes of its headings."""

    body: float
    left: float
    right: float
    headings: tuple[float, ...]

    @classmethod
    def of(cls, lines: Sequence[Line]) -> _Type:
        weights: Counter[float] = Counter()
        for line in lines:
            weights[_rounded(line.size)] += len(line.text)
        body = weights.most_common(1)[0][0] if weights else 1.0
        set_in_body = [line for line in lines if _rounded(line.size) == body]
        headings = sorted((size for size in weights if size >= body * _LARGER), reverse=True)
        return cls(
            body,
            min((line.left for line in set_in_body), default=0.0),
            max((line.right for line in set_in_body), default=0.0),
            tuple(headings),
        )

    def level(self, line: Line) -> int:
        """The heading level of a line by its size; zero for body text."""
        size = _rounded(line.size)
        if size not in self.headings or len(line.text) > LONGEST_HEADING:
            return 0
        return min(self.headings.index(size) + 1, _LEVELS)

    def fills(self, line: Line) -> bool:
        """Whether a line runs up to the right margin, so that its sentence may go on."""
        return line.right >= self.right - 2.5 * line.size

    def indented(self, line: Line) -> bool:
        """Whether a line begins like a paragraph."""
        return line.left >= self.left + 0.8 * line.size


class _Builder:
    def __init__(self, setting: _Type) -> None:
        self.collector = Collector()
        self._setting = setting
        self._open: list[Line] = []
        self._rows: list[tuple[str, ...]] = []
        self._table_page = 0

    def line(self, line: Line) -> None:
        """Takes the next line of text."""
        self._close_table()
        if self._open and not self._continues(self._open[-1], line):
            self._close()
        self._open.append(line)

    def table(self, table: PageTable) -> None:
        """Takes the next table; one that goes on from the page before joins it."""
        self._close()
        width = max(map(len, table.rows))
        goes_on = (
            self._rows and table.page == self._table_page + 1 and width == max(map(len, self._rows))
        )
        if not goes_on:
            self._close_table()
        rows = table.rows
        if goes_on and rows[0] == self._rows[0]:
            rows = rows[1:]
        self._rows += rows
        self._table_page = table.page

    def finish(self) -> None:
        """Closes what is open."""
        self._close()
        self._close_table()

    def _continues(self, before: Line, line: Line) -> bool:
        level = self._setting.level(line)
        if level != self._setting.level(before):
            return False
        if level:
            near = 0 <= line.top - before.top < 2 * line.size and before.page == line.page
            return near and not is_division(line.text)
        # After a full stop at the margin nothing tells a new paragraph from the old one; to part
        # them there costs less than to join two.
        whole = before.text[-1] in _ENDS or not self._setting.fills(before)
        return not whole and not self._setting.indented(line)

    def _close(self) -> None:
        if self._open:
            first = self._open[0]
            text = first.text
            for line in self._open[1:]:
                text = f"{text}{_gap(text, line.text)}{line.text}"
            level = self._setting.level(first)
            self.collector.add(Block(text, level=level, place=f"第{first.page}页"))
            self._open = []

    def _close_table(self) -> None:
        for record in records(self._rows):
            self.collector.add(Block(sentence(record), place=f"第{self._table_page}页"))
        self._rows = []


def _gap(before: str, after: str) -> str:
    # Chinese lines join without a space, words of Latin script with one.
    return " " if _ASCII_WORD.match(before[-1]) and _ASCII_WORD.match(after[0]) else ""


def _rounded(size: float) -> float:
    return round(size * 2) / 2
