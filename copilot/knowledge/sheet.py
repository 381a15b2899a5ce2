"""Workbooks: every row of every visible sheet is one record, each cell with its header.

Only stored values are read. A formula counts with the result that was saved with it; one that was
never calculated is left out and counted. Nothing is executed and nothing linked is fetched.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from copilot.errors import InputError
from copilot.knowledge.blocks import Block, Collector, Extract, one_line
from copilot.knowledge.limits import MOST_COLUMNS, MOST_MERGED, MOST_ROWS
from copilot.knowledge.office import DAMAGED, RESAVE, OfficePackage
from copilot.knowledge.table_rows import sentence, titled

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REFERENCE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SHEET_LEVEL, _CAPTION_LEVEL = 1, 2
_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})


@dataclass(frozen=True, slots=True)
class _Merged:
    """A range of merged cells; rows and columns count from 1, ends included."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the cells of a sheet do not say: merges, and formulas without a saved result."""

    merged: tuple[_Merged, ...] = ()
    uncalculated: int = 0


def read_sheets(raw: bytes) -> Extract:
    """The records of a workbook; a sheet's name is the heading above them.

    Raises:
        InputError: damaged, encrypted, hostile or too large; the caller names the file.
    """
    import openpyxl

    package = OfficePackage(raw)
    layouts = _layouts(package)
    collector = Collector()
    notes = ["文件带有宏，宏没有读取。"] if package.has_macros else []
    book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
    with closing(book):
        for sheet in book.worksheets:
            name = one_line(sheet.title)
            if sheet.sheet_state != "visible":
                notes.append(f"工作表“{name}”是隐藏的，没有收录。")
                continue
            layout = layouts.get(sheet.title, _Layout())
            if layout.uncalculated:
                notes.append(f"工作表“{name}”有 {layout.uncalculated} 个公式没有保存结果，已留空。")
            collector.add(Block(name, level=_SHEET_LEVEL))
            _Records(collector, layout.merged).read(_rows(sheet))
    return collector.extract(notes)


def shown(value: Any, number_format: str) -> str:
    """A stored value as the sheet shows it.

    >>> shown(0.0145, "0.00%"), shown(50000, "#,##0"), shown(datetime(2026, 10, 15), "yyyy-mm-dd")
    ('1.45%', '50000', '2026-10-15')
    """
    if value is None or value in _ERRORS:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        plain_day = value.time() == time()
        return value.date().isoformat() if plain_day else value.isoformat(" ", "minutes")
    if isinstance(value, date | time | timedelta):
        return str(value)
    if isinstance(value, int | float):
        # Fifteen digits are what a sheet keeps; more would print 0.1 + 0.2 as it is stored.
        number = Decimal(f"{value:.15g}")
        if "%" in number_format:
            return f"{_plain(number * 100)}%"
        return _plain(number)
    return one_line(str(value))


def _plain(number: Decimal) -> str:
    if not number.is_finite():
        return ""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class _Records:
    """Finds a sheet's captions and headers at its top, and makes a record of each row below."""

    def __init__(self, collector: Collector, merged: Iterable[_Merged]) -> None:
        self._collector = collector
        self._merged = sorted(merged, key=lambda area: area.top)
        self._headers: list[str] | None = None
        self._corners: dict[_Merged, str] = {}
        self._open: list[_Merged] = []
        self._next = 0

    def read(self, rows: Iterator[tuple[int, list[str]]]) -> None:
        """Adds the blocks of a sheet."""
        for number, given in rows:
            row = self._filled(number, given)
            if not any(row):
                continue
            if self._headers is None:
                if len(set(filter(None, row))) == 1:
                    level = _CAPTION_LEVEL
                    self._collector.add(Block(next(filter(None, row)), level=level))
                else:
                    self._headers = self._two_storeys(number, row, rows)
                continue
            cells = titled(self._headers, row)
            place = f"第{number}行"
            self._collector.add(Block(sentence(cells), record=True, place=place, cells=cells))
        if self._headers is not None and not self._collector.blocks[-1].record:
            self._collector.add(Block(sentence(titled((), self._headers)), record=True))

    def _two_storeys(
        self, number: int, row: list[str], rows: Iterator[tuple[int, list[str]]]
    ) -> list[str]:
        """Headers; a header that spans columns goes before those in the row below it."""
        wide = any(area.top == area.bottom == number for area in self._open)
        below = next(rows, None) if wide else None
        if below is None:
            return row
        lower = self._filled(*below)
        width = max(len(row), len(lower))
        pairs = zip(_padded(row, width), _padded(lower, width), strict=True)
        return ["/".join(dict.fromkeys(filter(None, pair))) for pair in pairs]

    def _filled(self, number: int, row: list[str]) -> list[str]:
        """The row with the value of each merged range in all of its cells."""
        while self._next < len(self._merged) and self._merged[self._next].top <= number:
            self._open.append(self._merged[self._next])
            self._next += 1
        self._open = [area for area in self._open if area.bottom >= number]
        right = max((area.right for area in self._open), default=0)
        filled = _padded(row, min(max(right, len(row)), MOST_COLUMNS))
        for area in self._open:
            if area.top == number and area.left <= len(filled):
                self._corners[area] = filled[area.left - 1]
            text = self._corners.get(area, "")
            for column in range(area.left, min(area.right, MOST_COLUMNS) + 1):
                filled[column - 1] = text
        return filled


def _padded(row: list[str], width: int) -> list[str]:
    return row + [""] * (width - len(row))


def _rows(sheet: ReadOnlyWorksheet) -> Iterator[tuple[int, list[str]]]:
    """Row numbers and shown cells; declared sizes are not believed, rows are counted."""
    sheet.reset_dimensions()
    for number, row in enumerate(chain(sheet.iter_rows()), start=1):
        if number > MOST_ROWS:
            raise InputError(
                f"工作表“{one_line(sheet.title)}”超过 {MOST_ROWS // 10_000} 万行。",
                next="请拆分后重试。",
            )
        cells = [shown(cell.value, cell.number_format or "") for cell in row[:MOST_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        yield number, cells


def _layouts(package: OfficePackage) -> dict[str, _Layout]:
    """The layout of each sheet, by its name."""
    main = package.one_related("", "officeDocument")
    root = package.xml(main) if main else None
    if main is None or root is None:
        raise InputError(DAMAGED, next=RESAVE)
    related = package.related(main)
    found = {}
    for sheet in root.iter(f"{_MAIN}sheet"):
        kind, part = related.get(sheet.get(_REFERENCE) or "", ("", ""))
        if kind == "worksheet":
            found[sheet.get("name") or ""] = _layout(package, part)
    return found


def _layout(package: OfficePackage, part: str) -> _Layout:
    from lxml import etree
    from openpyxl.utils import range_boundaries

    merged: list[_Merged] = []
    uncalculated = 0
    with package.stream(part) as stream:
        tags = (f"{_MAIN}c", f"{_MAIN}mergeCell")
        for _, element in etree.iterparse(
            stream, tag=tags, resolve_entities=False, no_network=True, load_dtd=False
        ):
            if element.tag == tags[0]:
                stored = element.find(f"{_MAIN}v")
                uncalculated += element.find(f"{_MAIN}f") is not None and (
                    stored is None or not stored.text
                )
            elif len(merged) < MOST_MERGED:
                merged.append(_Merged(*range_boundaries(element.get("ref") or "A1")))
            element.clear()
    return _Layout(tuple(merged), uncalculated)
