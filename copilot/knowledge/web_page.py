"""Web pages: the article's words, without scripts, styles, navigation and what is not shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from copilot.errors import InputError
from copilot.knowledge.blocks import ENCODINGS, Block, Collector, Extract, cleaned, decoded
from copilot.knowledge.limits import MOST_COLUMNS
from copilot.knowledge.table_rows import records, sentence

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_DROPPED = frozenset(
    {
        *("script", "style", "noscript", "template", "iframe", "frame", "object", "embed"),
        *("applet", "svg", "math", "canvas", "audio", "video", "head", "nav", "aside", "footer"),
        *("form", "button", "select", "textarea", "input", "dialog", "menu"),
    }
)
_PARAGRAPHS = frozenset(
    {
        *("html", "body", "main", "article", "section", "div", "p", "li", "dt", "dd", "pre"),
        *("blockquote", "figure", "figcaption", "address", "ul", "ol", "dl", "header", "hgroup"),
        *("table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "center", "details"),
        *("summary", "br", "hr", "fieldset", "legend"),
    }
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])"
)
_NAVIGATION_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{1,40})", re.I)
_XML_HEAD = re.compile(r"^\s*<\?xml[^>]*\?>")
_OPENING = 4096
_NATIONAL = frozenset({"gb2312", "gbk", "gb18030", "x-gbk"})


def read_web_page(raw: bytes) -> Extract:
    """The blocks of a web page.

    Raises:
        InputError: neither UTF-8 nor GB18030, or without words; the caller names the file.
    """
    from lxml import etree, html

    parser = html.HTMLParser(
        no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    text = _XML_HEAD.sub("", cleaned(_text(raw)))
    try:
        root = html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        raise InputError("网页没有可读的正文。", next="请检查文件内容。") from None
    hidden = _prune(root)
    reader = _Reader()
    reader.read(_article(root))
    return reader.collector.extract([f"{hidden} 处页面上不显示的内容没有收录。"] if hidden else [])


def _text(raw: bytes) -> str:
    declared = _DECLARED.search(raw[:_OPENING])
    national = declared is not None and declared[1].decode().lower() in _NATIONAL
    text = decoded(raw, ENCODINGS[::-1] if national else ENCODINGS)
    if text is None:
        raise InputError("网页编码无法识别。", next="请另存为 UTF-8 后重试。")
    return text


def _article(root: HtmlElement) -> HtmlElement:
    """The page's own statement of where its text is, else the whole page."""
    for path in (".//main", ".//article"):
        found = root.findall(path)
        if len(found) == 1 and len(found[0].text_content().strip()) > 0:
            return found[0]
    return root


def _prune(root: HtmlElement) -> int:
    """Takes out what is no text of the page; the number of pieces that were merely hidden."""
    dropped = [element for element in root.iter() if element.tag in _DROPPED or _is_aside(element)]
    hidden = [element for element in root.iter() if _is_hidden(element)]
    for element in dropped + hidden:
        if element is not root and element.getparent() is not None:
            element.drop_tree()
    return len(hidden)


def _is_aside(element: HtmlElement) -> bool:
    return element.get("role") in _NAVIGATION_ROLES


def _is_hidden(element: HtmlElement) -> bool:
    return (
        element.get("hidden") is not None
        or _HIDDEN_STYLE.search((element.get("style") or "").lower()) is not None
    )


class _Reader:
    """Walks the page without recursion: hostile pages nest deeper than a stack is."""

    def __init__(self) -> None:
        self.collector = Collector()
        self._words: list[str] = []
        self._level = 0

    def read(self, root: HtmlElement) -> None:
        """Gathers the blocks below ``root``."""
        from lxml import etree

        table: HtmlElement | None = None
        for event, element in etree.iterwalk(root, events=("start", "end")):
            if table is not None and element is not table:
                continue
            if event == "start":
                self._open(element)
                if element.tag == "table" and _is_data(element):
                    table = element
                    self._add_table(element)
            else:
                table = None
                self._shut(element)
                self._keep(element.tail if element is not root else None)
        self._close()

    def _open(self, element: HtmlElement) -> None:
        if element.tag in _HEADINGS:
            self._close()
            self._level = _HEADINGS[element.tag]
        elif element.tag in _PARAGRAPHS:
            self._close()
        self._keep(element.text)

    def _shut(self, element: HtmlElement) -> None:
        if element.tag in _HEADINGS or element.tag in _PARAGRAPHS:
            self._close()

    def _keep(self, words: str | None) -> None:
        if words:
            self._words.append(words)

    def _close(self) -> None:
        self.collector.add(Block(" ".join("".join(self._words).split()), level=self._level))
        self._words, self._level = [], 0

    def _add_table(self, table: HtmlElement) -> None:
        self._close()
        for record in records(_grid(table)):
            self.collector.add(Block(sentence(record)))


def _is_data(table: HtmlElement) -> bool:
    """Whether a table holds data; old pages are laid out with tables inside tables."""
    if next(table.iterdescendants("table"), None) is not None:
        return False
    return any(len(row.findall("td")) + len(row.findall("th")) > 1 for row in table.iter("tr"))


def _grid(table: HtmlElement) -> Iterator[list[str]]:
    """Rows with merged cells filled in, in either direction."""
    below: dict[int, tuple[str, int]] = {}
    for row in table.iter("tr"):
        grid: list[str] = []
        for cell in row.iterchildren("td", "th"):
            _carry(grid, below)
            text = " ".join(cell.text_content().split())
            rows = _count(cell.get("rowspan"))
            for _ in range(min(_count(cell.get("colspan")), MOST_COLUMNS - len(grid))):
                if rows > 1:
                    below[len(grid)] = (text, rows)
                grid.append(text)
        _carry(grid, below)
        below = {column: (text, rows - 1) for column, (text, rows) in below.items() if rows > 1}
        yield grid


def _carry(grid: list[str], below: dict[int, tuple[str, int]]) -> None:
    while len(grid) in below:
        grid.append(below[len(grid)][0])


def _count(given: str | None) -> int:
    return int(given) if given and given.isdecimal() and 0 < int(given[:6]) <= MOST_COLUMNS else 1
