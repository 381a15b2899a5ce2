"""Word documents: headings, paragraphs with their automatic numbers, tables row by row.

What a reader of the printed page does not see is not read: deleted revisions, hidden text, field
codes. Macros, pictures, embedded files and links to outside are never opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot.errors import InputError
from copilot.knowledge.blocks import Block, Collector, Extract, cleaned
from copilot.knowledge.limits import MOST_COLUMNS
from copilot.knowledge.office import DAMAGED, RESAVE, OfficePackage
from copilot.knowledge.table_rows import records, sentence
from copilot.knowledge.word_numbering import Numbering, W, value

if TYPE_CHECKING:
    from lxml.etree import _Element

LONGEST_HEADING = 60
"""Characters; a longer paragraph in a heading style is a paragraph."""

_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_UNSEEN = frozenset(
    {
        f"{W}del",
        f"{W}moveFrom",
        f"{W}rt",
        f"{W}pPr",
        f"{W}rPr",
        f"{W}txbxContent",
        f"{_COMPATIBLE}Fallback",
    }
)
_SIGNS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*([1-9])", re.I)
_TITLE_STYLES = frozenset({"title", "标题"})
_BODY_LEVEL = 9
_FOOTNOTES_LEVEL = 2
_STYLES_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class _Style:
    name: str
    based_on: str
    outline: int | None
    list_id: str | None
    list_depth: int


class WordDocument:
    """The main text of a ``.docx`` or ``.docm`` package."""

    def __init__(self, package: OfficePackage) -> None:
        main = package.one_related("", "officeDocument")
        root = package.xml(main) if main else None
        body = None if root is None else root.find(f"{W}body")
        if main is None or body is None:
            raise InputError(DAMAGED, next=RESAVE)
        self._body = body
        self._styles = _styles(_part(package, main, "styles"))
        self._footnotes = _part(package, main, "footnotes")
        self._numbering = Numbering.of(_part(package, main, "numbering"))
        self._macros = package.has_macros
        self._hidden = 0
        self._collector = Collector()

    def extract(self) -> Extract:
        """The blocks of the document."""
        self._add_all(self._body)
        self._add_footnotes()
        notes = []
        if self._hidden:
            notes.append(f"{self._hidden} 处隐藏文字没有收录。")
        if self._macros:
            notes.append("文件带有宏，宏没有读取。")
        return self._collector.extract(notes)

    def _add_footnotes(self) -> None:
        root = self._footnotes
        notes = [] if root is None else list(root.iter(f"{W}footnote"))
        written = [note for note in notes if note.get(f"{W}type") is None]
        if written:
            self._collector.add(Block("脚注", level=_FOOTNOTES_LEVEL))
        for note in written:
            self._add_all(note)

    def _add_all(self, container: _Element) -> None:
        for element in _blocks_of(container):
            if element.tag == f"{W}p":
                self._add_paragraph(element)
            else:
                self._add_table(element)

    def _add_paragraph(self, paragraph: _Element) -> None:
        label, level = self._label_and_level(paragraph)
        lines = [" ".join(line.split()) for line in self._text(paragraph).split("\n")]
        text = "\n".join(filter(None, lines))
        if text:
            heading = level > 0 and len(text) <= LONGEST_HEADING and "\n" not in text
            self._collector.add(Block(f"{label}{text}", level if heading else 0))
        for box in _text_boxes(paragraph):
            self._add_all(box)

    def _text(self, paragraph: _Element) -> str:
        from lxml import etree

        parts = []
        walker = etree.iterwalk(paragraph, events=("start",))
        for _, element in walker:
            if element.tag in _UNSEEN:
                walker.skip_subtree()
            elif element.tag == f"{W}r" and _is_hidden(element):
                self._hidden += 1
                walker.skip_subtree()
            elif element.tag == f"{W}t":
                parts.append(element.text or "")
            elif element.tag in _SIGNS:
                parts.append(_SIGNS[element.tag])
        return cleaned("".join(parts))

    def _label_and_level(self, paragraph: _Element) -> tuple[str, int]:
        properties = paragraph.find(f"{W}pPr")
        style_id = value(properties, "pStyle") if properties is not None else None
        chain = list(_chain(self._styles, style_id or ""))
        list_id, depth = _list_of(properties, chain)
        label = self._numbering.next_label(list_id, depth) if list_id else ""
        own = value(properties, "outlineLvl") if properties is not None else None
        if own is not None and own.isdecimal():
            return label, 0 if int(own) >= _BODY_LEVEL else int(own) + 2
        return label, next((level for style in chain if (level := _level(style))), 0)

    def _add_table(self, table: _Element) -> None:
        rows = [row for row in table.iter(f"{W}tr") if _table_of(row) is table]
        rows = [row for row in rows if row.find(f"{W}trPr/{W}del") is None]
        cells = [[cell for cell in row.iter(f"{W}tc") if _row_of(cell) is row] for row in rows]
        if max(map(len, cells), default=0) <= 1:  # a frame around text, not a table
            for cell in (cell for row in cells for cell in row):
                self._add_all(cell)
            return
        for record in records(self._grid(cells)):
            self._collector.add(Block(sentence(record)))

    def _grid(self, rows: Iterable[Iterable[_Element]]) -> Iterator[list[str]]:
        above: list[str] = []
        for row in rows:
            grid: list[str] = []
            for cell in row:
                properties = cell.find(f"{W}tcPr")
                merge = None if properties is None else properties.find(f"{W}vMerge")
                continued = merge is not None and merge.get(f"{W}val") in (None, "continue")
                column = len(grid)
                text = above[column] if continued and column < len(above) else self._cell(cell)
                grid += [text] * _span(properties)
                if len(grid) > MOST_COLUMNS:
                    break
            above = grid
            yield grid

    def _cell(self, cell: _Element) -> str:
        return " ".join(filter(None, map(self._text, cell.iter(f"{W}p"))))


def read_word(raw: bytes) -> Extract:
    """The blocks of a Word document.

    Raises:
        InputError: damaged, encrypted or hostile; the caller names the file.
    """
    return WordDocument(OfficePackage(raw)).extract()


def _part(package: OfficePackage, main: str, kind: str) -> _Element | None:
    name = package.one_related(main, kind)
    return package.xml(name) if name else None


def _blocks_of(container: _Element) -> Iterator[_Element]:
    """Paragraphs and tables in order, also those inside content controls and insertions."""
    from lxml import etree

    walker = etree.iterwalk(container, events=("start",))
    for _, element in walker:
        if element.tag in (f"{W}p", f"{W}tbl"):
            walker.skip_subtree()
            yield element
        elif element.tag in _UNSEEN and element is not container:
            walker.skip_subtree()


def _text_boxes(paragraph: _Element) -> Iterator[_Element]:
    for box in paragraph.iter(f"{W}txbxContent"):
        around = {parent.tag for parent in box.iterancestors()}
        nested = any(parent.tag == f"{W}txbxContent" for parent in box.iterancestors())
        if f"{_COMPATIBLE}Fallback" not in around and not nested:
            yield box


def _table_of(row: _Element) -> _Element | None:
    return next(row.iterancestors(f"{W}tbl"), None)


def _row_of(cell: _Element) -> _Element | None:
    return next(cell.iterancestors(f"{W}tr"), None)


def _span(properties: _Element | None) -> int:
    given = value(properties, "gridSpan") if properties is not None else None
    return min(int(given), MOST_COLUMNS) if given and given.isdecimal() else 1


def _is_hidden(run: _Element) -> bool:
    vanish = run.find(f"{W}rPr/{W}vanish")
    return vanish is not None and vanish.get(f"{W}val") not in ("0", "false")


def _styles(root: _Element | None) -> dict[str, _Style]:
    found = {}
    for style in root.iter(f"{W}style") if root is not None else ():
        properties = style.find(f"{W}pPr")
        outline = value(properties, "outlineLvl") if properties is not None else None
        list_id, depth = _list_in(properties)
        found[style.get(f"{W}styleId") or ""] = _Style(
            name=(value(style, "name") or "").strip().lower(),
            based_on=value(style, "basedOn") or "",
            outline=int(outline) if outline and outline.isdecimal() else None,
            list_id=list_id,
            list_depth=depth,
        )
    return found


def _chain(styles: Mapping[str, _Style], style_id: str) -> Iterator[_Style]:
    for _ in range(_STYLES_DEEPEST):
        style = styles.get(style_id)
        if style is None:
            return
        yield style
        style_id = style.based_on


def _level(style: _Style) -> int:
    if style.name in _TITLE_STYLES:
        return 1
    if style.outline is not None:
        return 0 if style.outline >= _BODY_LEVEL else style.outline + 2
    named = _HEADING_STYLE.fullmatch(style.name)
    return int(named[1]) + 1 if named else 0


def _list_of(properties: _Element | None, chain: Iterable[_Style]) -> tuple[str, int]:
    list_id, depth = _list_in(properties)
    if list_id is not None:
        return ("", 0) if list_id == "0" else (list_id, depth)
    for style in chain:
        if style.list_id is not None:
            return ("", 0) if style.list_id == "0" else (style.list_id, style.list_depth)
    return "", 0


def _list_in(properties: _Element | None) -> tuple[str | None, int]:
    numbered = properties.find(f"{W}numPr") if properties is not None else None
    if numbered is None:
        return None, 0
    depth = value(numbered, "ilvl")
    return value(numbered, "numId"), int(depth) if depth and depth.isdecimal() else 0
