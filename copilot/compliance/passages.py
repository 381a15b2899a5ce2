"""A text cut into clauses and sentences, as its script punctuates, and put together again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from copilot.compliance.spans import Span
from copilot.records.compliance import Finding


@dataclass(frozen=True, slots=True)
class Punctuation:
    """The marks of a script.

    ``piece`` matches a clause (group 1) and the marks behind it (group 2), ``sentence`` a whole
    sentence; ``ends`` are marks that end one, ``weak`` those that do not, ``pause`` stands between
    statements and ``listing`` between items; ``stop`` ends what is added, ``gap`` before it.
    Two statements with ``telling`` characters in a row in common say the same.
    """

    piece: re.Pattern[str]
    sentence: re.Pattern[str]
    ends: str
    weak: tuple[str, ...]
    pause: str
    listing: str
    stop: str
    telling: int
    gap: str = ""

    def pieces(self, text: str) -> list[Piece]:
        """The clauses of a text."""
        return [Piece(m[1], m[2], m.start(1)) for m in self.piece.finditer(text) if m.group()]

    def sentences(self, text: str) -> list[str]:
        """The sentences of a text without the ends of lines."""
        return [m.group().rstrip("\n ") for m in self.sentence.finditer(text) if m.group()]

    def inserted(self, text: str, supplied: str, near: int | None = None) -> str:
        """The text with a sentence put behind it, or behind the one that ends at ``near``."""
        supplied = supplied.rstrip(self.stop) + self.stop
        if near is not None and near < len(text):
            before, after = text[:near], text[near:]
            body = before.rstrip(" ")
            joint = "" if body[-1] in self.ends else self.stop
            gap = self.gap if body[-1] != "\n" else ""
            return body + joint + gap + supplied + (self.gap or before[len(body) :]) + after
        body = text.rstrip()
        joint = "" if body[-1:] in self.ends or not body else self.stop
        return body + joint + (self.gap if body else "") + supplied


#: A list of figures (1年、2年和3年的收益率为6%、8%、9%) is one clause.
CHINESE = Punctuation(
    piece=re.compile(
        r"((?:[^。！!？?；;\n，,、：:]|(?<=[\d%％点年月天日期万亿元倍])、(?=\d))*)"
        r"((?:[。！!？?；;\n]+|[，,：:](?!\d)|、|(?<!\d)[，,：:]|\Z))"
    ),
    sentence=re.compile(r"[^。！!？?；;\n]*[。！!？?；;\n]*"),
    ends="。！!？?；;\n",
    weak=tuple("，,、：:"),
    pause="，",
    listing="、",
    stop="。",
    telling=6,
)
#: A mark counts where a space follows it: 3.5 and 5,000 are one word.
LATIN = Punctuation(
    piece=re.compile(r"((?:[^.!?,:;\n]|[.!?,:;](?![\s.!?,:;]|\Z))*)((?:[.!?,:;]+\s*|\n\s*|\Z))"),
    sentence=re.compile(r"(?:[^.!?\n]|[.!?](?![\s.!?]|\Z))*[.!?\n]*\s*"),
    ends=".!?\n",
    weak=tuple(",:;"),
    pause=", ",
    listing=", ",
    stop=".",
    telling=30,
    gap=" ",
)


@dataclass(slots=True)
class Piece:
    """A stretch of text without punctuation, the mark behind it, and where it starts."""

    text: str
    mark: str
    start: int = 0

    @property
    def end(self) -> int:
        """Where the stretch ends."""
        return self.start + len(self.text)


def reach(pieces: Sequence[Piece], first: int, objected: Sequence[Finding]) -> int:
    """The last piece that an objection joins to the piece ``first``."""
    last, grown = first, True
    while grown:
        grown = False
        for finding in objected:
            while (
                last + 1 < len(pieces)
                and finding.start < pieces[last].end
                and pieces[first].start < finding.end
                and pieces[last + 1].start < finding.end
            ):
                last, grown = last + 1, True
    return last


def outside(text: str, span: Span, spans: Sequence[Span]) -> list[str]:
    """The parts of a passage that no objection covers."""
    done, parts = span[0], []
    for start, end in spans:
        parts.append(text[done:start])
        done = end
    return [*parts, text[done : span[1]]]
