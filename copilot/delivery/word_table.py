"""Tables of a Word document: columns as wide as their words, a shaded header, numbers to the right.

Widths are fixed in the file, because readers that work them out themselves disagree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from copilot.records.report import Table, cell_text

WIDTH_CM = 15.8  # between the margins
NARROWEST, PADDING = 6, 3  # of a column, in half-width characters; a 汉字 is two
CHARACTER_CM = 0.2  # of a half-width character with some room
SHORT_CM, LONGEST_CM = 3.6, 9.0  # a column up to the first is never narrowed
SIZE = 9.0
SMALL_FROM, SMALL = 25, 8.0  # rows from which a table is an appendix, in smaller type
MOST_TOGETHER = 12  # rows of a table that is not parted
_BLANK_HEIGHT_CM = 1.2  # of a row to write in
_HEADER_FILL = "DCE6F1"
_MARGIN_TWIPS = 70
_MEASURES = "%|元|万元|亿元|位|户|次|笔|件|天|人日|个百分点|项|条|人次"
_NUMBER = re.compile(rf"(?:不超过|-)?[\d,.]+\s*(?:{_MEASURES})?")
_BETWEEN_IDS = re.compile(r"(?<=[A-Za-z0-9]{4})、(?=[A-Za-z]\w)")
_EMPTY = frozenset({"", "—", "无"})


def add_table(document: Any, block: Table) -> None:
    """The table at the end of the document."""
    table = document.add_table(rows=1, cols=len(block.header), style="Table Grid")
    rows = [[cell_text(cell) for cell in row] for row in block.rows]
    size = SMALL if len(rows) >= SMALL_FROM else SIZE
    blank = not any(any(texts) for texts in rows)
    count = len(block.header)
    widths = [WIDTH_CM / count] * count if blank else column_widths(block.header, rows)
    right = [_is_number_column(column) for column in zip(*rows, strict=True)] if rows else []
    _fix_layout(table, widths)
    _write(table.rows[0], block.header, widths, size, bold=True)
    _mark(table.rows[0], "w:cantSplit", "w:tblHeader")
    for texts in rows:
        row = table.add_row()
        _write(row, texts, widths, size, right=right)
        _mark(row, "w:cantSplit")
        if not any(texts):
            _leave_room(row)
    if len(rows) <= MOST_TOGETHER:
        _keep_on_one_page(table, with_note=bool(block.note))


def column_widths(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[float]:
    """The width of each column in cm; together at most the width between the margins.

    Short columns get what they need, long ones share what is left; a table of short columns only
    is no wider than it has to be.

    >>> column_widths(("工号", "客户数"), [("S1002", "52位")])
    [1.8, 1.8]
    >>> column_widths(("渠道", "说明"), [("电话", "同一客户两次营销触达之间要隔够天数" * 3)])
    [1.8, 14.0]
    """
    columns = [[title, *cells] for title, *cells in zip(header, *rows, strict=True)]
    needed = [(max(NARROWEST, *map(_width, column)) + PADDING) * CHARACTER_CM for column in columns]
    if sum(needed) <= WIDTH_CM:
        return [round(width, 1) for width in needed]
    kept = SHORT_CM if max(needed) > SHORT_CM else 0.0  # columns up to this stay as they are
    short = sum(width for width in needed if width <= kept)
    long = sum(min(width, LONGEST_CM) for width in needed if width > kept)
    share = (WIDTH_CM - short) / long
    return [round(w if w <= kept else min(w, LONGEST_CM) * share, 1) for w in needed]


def breakable(text: str) -> str:
    """A text whose lists of ids may be parted at the end of a line, by a space of no width.

    >>> breakable("客户C000001、C000002").encode("unicode_escape").decode()[-12:]
    'u200bC000002'
    """
    return _BETWEEN_IDS.sub("、\u200b", text)


def _width(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _is_number_column(cells: Sequence[str]) -> bool:
    """Whether every cell that is filled is a number with at most a measure."""
    filled = [cell for cell in cells if cell not in _EMPTY]
    return bool(filled) and all(_NUMBER.fullmatch(cell) for cell in filled)


def _fix_layout(table: Any, widths: Sequence[float]) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Cm

    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    margins = OxmlElement("w:tblCellMar")
    for side in ("top", "left", "bottom", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(_MARGIN_TWIPS if side in ("left", "right") else 30))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.append(margins)


def _write(
    row: Any,
    texts: Sequence[str],
    widths: Sequence[float],
    size: float,
    *,
    bold: bool = False,
    right: Sequence[bool] = (),
) -> None:
    from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Pt

    for number, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
        cell.width = Cm(widths[number])
        cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        paragraph.paragraph_format.line_spacing = 1.1
        if bold:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            _shade(cell)
        elif right and right[number]:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        run = paragraph.add_run(text)
        run.font.size, run.bold = Pt(size), bold


def _shade(cell: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", _HEADER_FILL)):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)


def _mark(row: Any, *tags: str) -> None:
    from docx.oxml import OxmlElement

    properties = row._tr.get_or_add_trPr()
    for tag in tags:
        properties.append(OxmlElement(tag))


def _keep_on_one_page(table: Any, *, with_note: bool) -> None:
    for row in table.rows if with_note else table.rows[:-1]:
        for cell in row.cells:
            cell.paragraphs[0].paragraph_format.keep_with_next = True


def _leave_room(row: Any) -> None:
    """A row to write in by hand."""
    from docx.shared import Cm

    row.height = Cm(_BLANK_HEIGHT_CM)
