"""PDF files with a text layer: lines and ruled tables, page by page.

A scanned page has no words to cite, so a file without a text layer is refused and says so; a few
picture pages among others are reported.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from copilot.errors import InputError
from copilot.knowledge.blocks import Extract, one_line, without_lookalikes
from copilot.knowledge.limits import MOST_PAGES
from copilot.knowledge.pdf_layout import Line, PageTable, as_blocks

if TYPE_CHECKING:
    from pdfplumber.page import Page
    from pdfplumber.table import Table

_FEWEST = 10
"""Characters; a page with fewer and a picture was scanned."""

_MOST_UNKNOWN = 0.2
"""Share of characters without a known meaning above which a text layer is no text."""

_UNKNOWN = re.compile(r"\(cid:\d+\)|[\ufffd\ue000-\uf8ff]")
_SPACE = 0.2
"""Of the font size: a wider gap between characters is a space."""

_WORDS: dict[str, Any] = {"x_tolerance_ratio": _SPACE}
_LISTED = 10

SCANNED = "PDF 是扫描件，没有文字层，读不出文字。"
_OCR = "请先做文字识别（OCR），或提供 Word 版本。"


def read_pdf(raw: bytes) -> Extract:
    """The blocks of a PDF.

    Raises:
        InputError: encrypted, damaged, scanned, or without a usable text layer; the caller names
            the file.
    """
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect

    try:
        document = pdfplumber.open(io.BytesIO(raw), raise_unicode_errors=False)
    except Exception as error:
        if isinstance(error, PDFPasswordIncorrect) or any(
            isinstance(reason, PDFPasswordIncorrect) for reason in error.args
        ):
            raise InputError("PDF 加了密码，读不出来。", next="请去掉密码后重试。") from None
        raise
    with document:
        count = len(document.pages)
        if count > MOST_PAGES:
            raise InputError(
                f"PDF 有 {count} 页，超过上限 {MOST_PAGES} 页。", next="请拆分后重试。"
            )
        items: list[Line | PageTable] = []
        pictures: list[int] = []
        for page in document.pages:
            found = _items(page)
            items += found
            if sum(len(item.text) for item in found) < _FEWEST and page.images:
                pictures.append(page.page_number)
            page.close()
    text = "".join(item.text for item in items)
    if len(text) < _FEWEST:
        raise InputError(SCANNED if pictures else "PDF 里没有文字。", next=_OCR)
    if len(_UNKNOWN.findall(text)) > _MOST_UNKNOWN * len(_UNKNOWN.sub("?", text)):
        raise InputError("PDF 的字体没有文字编码，读出来是乱码。", next=_OCR)
    return Extract(as_blocks(items, count), _notes(pictures))


def _notes(pictures: Sequence[int]) -> tuple[str, ...]:
    if not pictures:
        return ()
    pages = "、".join(map(str, pictures[:_LISTED])) + ("等" if len(pictures) > _LISTED else "")
    return (f"第 {pages} 页是图片，没有文字层，没有收录（共 {len(pictures)} 页）。",)


def _items(page: Page) -> list[Line | PageTable]:
    """The lines and tables of a page, from top to bottom; slanted watermarks are left out."""
    upright = page.filter(_is_straight)
    if _printed_twice(upright.chars):
        upright = upright.dedupe_chars()
    tables = [table for table in upright.find_tables() if _is_table(table)]
    boxes = [table.bbox for table in tables]
    outside = upright.filter(lambda thing: not _inside(thing, boxes)) if boxes else upright
    items: list[Line | PageTable] = [
        _line(page, line) for line in outside.extract_text_lines(**_WORDS)
    ]
    items += [
        PageTable(page.page_number, table.bbox[1], tuple(map(tuple, _grid(table))))
        for table in tables
    ]
    return sorted(items, key=lambda item: item.top)


def _line(page: Page, line: dict[str, Any]) -> Line:
    return Line(
        text=_words(line["text"]),
        page=page.page_number,
        top=float(line["top"]),
        left=float(line["x0"]),
        right=float(line["x1"]),
        size=max(float(char["size"]) for char in line["chars"]),
        at_edge=line["top"] < page.height * 0.1 or line["bottom"] > page.height * 0.9,
    )


def _words(text: str | None) -> str:
    return one_line(without_lookalikes(text or ""))


def _printed_twice(chars: Sequence[dict[str, Any]]) -> bool:
    """Whether bold type is imitated by printing characters twice, which is costly to undo."""
    places = {(char["text"], round(char["x0"] / 3), round(char["top"] / 3)) for char in chars}
    return len(places) < 0.97 * len(chars)


def _is_straight(thing: dict[str, Any]) -> bool:
    return thing["object_type"] != "char" or bool(thing["upright"])


def _is_table(table: Table) -> bool:
    return len(table.rows) > 1 and len(table.columns) > 1


def _inside(thing: dict[str, Any], boxes: Sequence[tuple[float, float, float, float]]) -> bool:
    if thing["object_type"] != "char":
        return False
    across = (thing["x0"] + thing["x1"]) / 2
    down = (thing["top"] + thing["bottom"]) / 2
    return any(x0 <= across <= x1 and top <= down <= bottom for x0, top, x1, bottom in boxes)


def _grid(table: Table) -> Iterator[list[str]]:
    """Rows of a table; a place covered by a merged cell has that cell's text."""
    texts = [[_words(cell) for cell in row] for row in table.extract(**_WORDS)]
    across = [(column.bbox[0] + column.bbox[2]) / 2 for column in table.columns]
    owners: list[tuple[tuple[float, float, float, float], str]] = [
        (box, text)
        for row, words in zip(table.rows, texts, strict=True)
        for box, text in zip(row.cells, words, strict=True)
        if box is not None
    ]
    for row, words in zip(table.rows, texts, strict=True):
        down = (row.bbox[1] + row.bbox[3]) / 2
        for index, box in enumerate(row.cells):
            if box is None and index < len(across):
                words[index] = next(
                    (
                        text
                        for (x0, top, x1, bottom), text in owners
                        if x0 <= across[index] <= x1 and top <= down <= bottom
                    ),
                    "",
                )
        yield words
