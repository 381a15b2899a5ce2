"""What a reader makes of a document: blocks in reading order, and one text composed of them.

Every format becomes the same three things — headings, paragraphs, records (a table's rows) — so
that the rest of the house does not know which format a sentence came from. The composed text is
what spans count in; the same bytes give the same text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from copilot.errors import InputError
from copilot.knowledge.limits import MOST_CHARACTERS

#: Encodings of text files, in the order in which they are tried.
ENCODINGS = ("utf-8-sig", "gb18030")

_AS_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNWANTED = re.compile(
    r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_LOOKALIKE = re.compile(r"[\u2e80-\u2fdf\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a document.

    ``level`` above zero makes it a heading (1 is the outermost). ``record`` is a row that stands
    for itself, ``cells`` its columns with their headers. ``place`` says where in the original it
    stands (第3页, 第5行) when the text alone does not.
    """

    text: str
    level: int = 0
    record: bool = False
    place: str = ""
    cells: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block and where it stands in the composed text."""

    block: Block
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Extract:
    """What was read of a document; ``notes`` say what was left out and why."""

    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()


def decoded(raw: bytes, encodings: Sequence[str] = ENCODINGS) -> str | None:
    """The text of a file in the first of these encodings that it is valid in, if any."""
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return None


def cleaned(text: str) -> str:
    """Text without control characters and direction marks, each replaced by one space.

    Line ends of every kind become ``\\n``. But for ``\\r\\n`` the length does not change, so spans
    in the cleaned text are spans in the decoded one.

    >>> cleaned("限额\\x0050万\\u202e元\\x0b起")
    '限额 50万 元\\n起'
    """
    return _UNWANTED.sub(" ", _AS_LINE_END.sub("\n", text))


def without_lookalikes(text: str) -> str:
    """Radicals and compatibility forms that fonts put in place of characters, as characters.

    >>> without_lookalikes("第\\u2f00条")
    '第一条'
    """
    return _LOOKALIKE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    folded = unicodedata.normalize("NFKC", match[0])
    return folded if len(folded) == 1 else match[0]


def one_line(text: str) -> str:
    """Text on one line with single spaces, cleaned."""
    return " ".join(cleaned(text).split())


def composed(blocks: Iterable[Block]) -> tuple[str, tuple[PlacedBlock, ...]]:
    """The text of blocks, one a line and headings set off by an empty line, and their spans."""
    parts: list[str] = []
    placed: list[PlacedBlock] = []
    length = 0
    for block in blocks:
        if block.level and parts:
            parts.append("\n")
            length += 1
        parts += [block.text, "\n"]
        placed.append(PlacedBlock(block, length, length + len(block.text)))
        length += len(block.text) + 1
    return "".join(parts), tuple(placed)


class Collector:
    """Gathers blocks while a document is read, and stops a document that unfolds without end.

    Raises:
        InputError: from `add`, when the text grows beyond `limits.MOST_CHARACTERS`.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._characters = 0

    def add(self, block: Block) -> None:
        """Keeps a block, unless it is empty."""
        if not block.text.strip():
            return
        self._characters += len(block.text) + sum(len(h) + len(v) for h, v in block.cells)
        if self._characters > MOST_CHARACTERS:
            raise InputError(
                f"正文超过 {MOST_CHARACTERS // 10_000} 万字，超过上限。", next="请拆分后重试。"
            )
        self.blocks.append(block)

    def extract(self, notes: Iterable[str] = ()) -> Extract:
        """What was gathered."""
        return Extract(tuple(self.blocks), tuple(notes))
