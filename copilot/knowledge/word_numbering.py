"""Automatic numbers of Word paragraphs, which are not in the text: 第一条, （二）, 3.1.

Rules are usually written with them, so an article without its number could not be cited.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_DEEPEST = 9
_LARGEST = 9999
_PLACE = re.compile(r"%([1-9])")
_CHINESE = frozenset(
    {
        "chineseCounting",
        "chineseCountingThousand",
        "ideographDigital",
        "japaneseCounting",
        "taiwaneseCounting",
        "taiwaneseCountingThousand",
    }
)
_DIGITS = "零一二三四五六七八九"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    form: str
    pattern: str
    gap: str


@dataclass(slots=True)
class Numbering:
    """The lists of a document and how far each has counted."""

    lists: dict[str, str] = field(default_factory=dict)
    levels: dict[tuple[str, int], _Level] = field(default_factory=dict)
    restarts: dict[tuple[str, int], int] = field(default_factory=dict)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    begun: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def of(cls, root: _Element | None) -> Numbering:
        """The lists declared in a document's numbering part."""
        numbering = cls()
        if root is None:
            return numbering
        for abstract in root.iter(f"{W}abstractNum"):
            name = abstract.get(f"{W}abstractNumId") or ""
            for level in abstract.iter(f"{W}lvl"):
                numbering.levels[name, _number(level.get(f"{W}ilvl"), 0)] = _level(level)
        for declared in root.iter(f"{W}num"):
            name = declared.get(f"{W}numId") or ""
            numbering.lists[name] = value(declared, "abstractNumId") or ""
            for override in declared.iter(f"{W}lvlOverride"):
                start = value(override, "startOverride")
                if start is not None:
                    at = name, _number(override.get(f"{W}ilvl"), 0)
                    numbering.restarts[at] = _number(start, 1)
        return numbering

    def next_label(self, list_id: str, depth: int) -> str:
        """Counts one paragraph of a list on, and gives its number as printed before the text."""
        abstract = self.lists.get(list_id, "")
        level = self.levels.get((abstract, depth))
        if level is None or not 0 <= depth < _DEEPEST:
            return ""
        counts = self.counts.setdefault(abstract, {})
        if (list_id, depth) in self.restarts and (list_id, depth) not in self.begun:
            counts[depth] = self.restarts[list_id, depth] - 1
        self.begun.add((list_id, depth))
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [d for d in counts if d > depth]:
            del counts[deeper]
        if level.form in ("bullet", "none"):
            return ""
        label = _PLACE.sub(lambda place: self._printed(abstract, int(place[1]) - 1), level.pattern)
        return label + level.gap

    def _printed(self, abstract: str, depth: int) -> str:
        level = self.levels.get((abstract, depth))
        if level is None:
            return ""
        return printed(self.counts[abstract].get(depth, level.start), level.form)


def printed(number: int, form: str) -> str:
    """A list number in one of Word's forms; unknown forms are decimal.

    >>> printed(12, "chineseCountingThousand"), printed(3, "upperRoman"), printed(2, "lowerLetter")
    ('十二', 'III', 'b')
    """
    if form in _CHINESE:
        return chinese(number)
    if form == "ideographTraditional" and 1 <= number <= len(_STEMS):
        return _STEMS[number - 1]
    if form in ("lowerLetter", "upperLetter") and 1 <= number <= 26:
        letter = chr(ord("a") + number - 1)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman") and 1 <= number < 4000:
        roman = _roman(number)
        return roman.upper() if form == "upperRoman" else roman
    if form == "decimalEnclosedCircle" and 1 <= number <= 20:
        return chr(0x2460 + number - 1)
    return str(number)


def chinese(number: int) -> str:
    """A number below ten thousand in Chinese characters.

    >>> chinese(10), chinese(21), chinese(105), chinese(1260)
    ('十', '二十一', '一百零五', '一千二百六十')
    """
    if not 0 < number <= _LARGEST:
        return str(number)
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + name
            gap = False
        else:
            gap = True
    return text.removeprefix("一") if text.startswith("一十") else text


def value(element: _Element, name: str) -> str | None:
    """The ``w:val`` of a child."""
    child = element.find(f"{W}{name}")
    return None if child is None else child.get(f"{W}val")


def _level(element: _Element) -> _Level:
    gap = "" if value(element, "suff") == "nothing" else " "
    return _Level(
        _number(value(element, "start"), 1),
        value(element, "numFmt") or "decimal",
        value(element, "lvlText") or "",
        gap,
    )


def _number(text: str | None, default: int) -> int:
    try:
        return max(-1, min(int(text or default), _LARGEST))
    except ValueError:
        return default


def _roman(number: int) -> str:
    text = ""
    for worth, letters in _ROMAN:
        count, number = divmod(number, worth)
        text += letters * count
    return text
