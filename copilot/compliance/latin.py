"""Folding and figures of languages written in Latin letters; their words are data.

A Latin text is matched by whole words. Folding lowers case, undoes look-alikes and invisible
characters, reads a hyphen between letters and a soft line break as a space, and joins what is
spelled out (g u a r a n t e e d) or written with digits inside a word (r1sk). Figures are found
by the RE2 patterns of the language file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from copilot.compliance.folded import Edit, Folded
from copilot.compliance.normalise import character_table
from copilot.compliance.quantities import FigureInText, months_in_days

_GONE, _SEVERAL = "\ue000", "\ue001"
_ODD = re.compile(
    r"\s{2,}|[\n\t]|(?<=[a-z])[-‐‑@$!0-9|*_.](?=[a-z])"
    r"|(?<![a-z0-9])[a-z](?:[ .*_\-][a-z]){3,}(?![a-z0-9])"
)
_UNSEEN = re.compile(f"[{_GONE}{_SEVERAL}]")
_SEPARATOR = r"[ \-.*_·]?"
_SPELLED = str.maketrans("01345@$!|", "oieasasil")
_ABBREVIATION = re.compile(r"(?<![a-z])[a-z]\.[a-z]")


class LatinNormaliser:
    """Folds texts of one Latin language.

    Args:
        alike: character → the letter it stands for (Cyrillic а → a).
        guarded: words that a separator between letters must not hide (guar-anteed).
    """

    def __init__(self, alike: Mapping[str, str], guarded: Iterable[str] = ()) -> None:
        self._table = character_table(alike)
        longest = sorted(guarded, key=len, reverse=True)
        forms = "|".join(_SEPARATOR.join(map(re.escape, word)) for word in longest) or "(?!)"
        self._guarded = re.compile(rf"(?<![a-z])(?:{forms})(?![a-z])")

    def fold(self, text: str) -> Folded:
        """The folded text with its offset map."""
        folded = Folded(text.translate(self._table))
        if _UNSEEN.search(folded.text):
            several = self._table.several
            folded = folded.edited(
                (m.start(), m.end(), several[text[m.start()]] if m.group() == _SEVERAL else "")
                for m in _UNSEEN.finditer(folded.text)
            )
        plain = folded.text
        broken = [m.span() for m in self._guarded.finditer(plain) if not m.group().isalpha()]
        if broken:
            folded = folded.edited((s, e, _letters_of(plain[s:e])) for s, e in broken)
        edits = list(_edits(folded.text)) if _ODD.search(folded.text) else []
        return folded.edited(edits) if edits else folded

    def fold_word(self, word: str) -> str:
        """A word of a rule in folded form; a closing ``*`` (any ending) stays."""
        return self.fold(word).text


def _edits(text: str) -> Iterator[Edit]:
    """What is spaced, broken, hyphenated, spelled out or disguised."""
    for match in _ODD.finditer(text):
        start, end = match.span()
        run = match.group()
        if run[0].isspace():
            yield start, end, "\n" if _ends_paragraph(text, start, end) else " "
        elif run[0].isalpha():
            yield start, end, _letters_of(run)
        elif run in "-‐‑":
            yield start, end, " "
        elif run in "01345@$!|" and _inside_word(text, start):
            yield start, end, run.translate(_SPELLED)
        elif run in "*_" or (run == "." and _inside_word(text, start)):
            yield start, end, ""


def _letters_of(run: str) -> str:
    return re.sub(r"[^a-z]", "", run)


def _ends_paragraph(text: str, start: int, end: int) -> bool:
    """Whether a run of white space is more than a line broken for width."""
    breaks = text.count("\n", start, end)
    if breaks != 1:
        return breaks > 1
    return not (text[start - 1 : start].isalnum() or text[start - 1 : start] == ",") or not (
        text[end : end + 1].isalnum()
    )


def _inside_word(text: str, position: int) -> bool:
    """Whether letters stand on both sides, and at least two on one of them."""
    around = text[max(0, position - 2) : position], text[position + 1 : position + 3]
    return any(len(side) == 2 and side.isalpha() for side in around) and not (
        _ABBREVIATION.search(text[max(0, position - 2) : position + 3])
    )


@dataclass(frozen=True)
class LatinFigures:
    """Finds figures by the patterns of a language file.

    ``patterns`` are (kind, RE2 pattern, factor); groups are ``n`` with an optional ``scale``, or
    ``day``, ``month`` and ``year``. A place belongs to the first pattern that matches there.
    """

    patterns: Sequence[tuple[str, Any, float]]
    scales: Mapping[str, float]
    months: Mapping[str, int]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LatinFigures:
        """The patterns of a compiled language."""
        import re2

        return cls(
            tuple((p["kind"], re2.compile(p["regex"]), p["factor"]) for p in data["patterns"]),
            data["scales"],
            {name: number for number, name in enumerate(data["months"], 1)},
        )

    def __call__(self, text: str) -> Iterator[FigureInText]:
        """Every figure of a folded text, left to right."""
        found: list[tuple[int, int, FigureInText]] = []
        for order, (kind, pattern, factor) in enumerate(self.patterns):
            for match in pattern.finditer(text):
                figure = self._figure(kind, match, factor)
                if figure is not None:
                    found.append((figure.start, order, figure))
        end = 0
        for _, _, figure in sorted(found, key=lambda item: item[:2]):
            if figure.start >= end:
                end = figure.end
                yield figure

    def _figure(self, kind: str, match: Any, factor: float) -> FigureInText | None:
        groups = match.groupdict()
        start, end = match.span()
        if kind == "date":
            value = self._date(groups)
            return FigureInText(start, end, kind, value) if value else None
        number = float(groups["n"].replace(",", "")) * self.scales.get(groups.get("scale") or "", 1)
        if kind == "months":
            return FigureInText(start, end, "term", months_in_days(int(number * factor)))
        scaled = round(number * factor, 6)
        return FigureInText(start, end, kind, int(scaled) if kind in ("amount", "term") else scaled)

    def _date(self, groups: Mapping[str, str | None]) -> str | None:
        word = groups["month"] or ""
        month = int(word) if word.isdigit() else self.months.get(word[:3], 0)
        day, year = int(groups["day"] or 0), groups.get("year")
        try:
            date(int(year or 2024), month, day)  # 2024 has every day that a year can have
        except ValueError:
            return None
        return f"{int(year):04}-{month:02}-{day:02}" if year else f"--{month:02}-{day:02}"
