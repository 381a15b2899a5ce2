"""Index terms of Chinese bank text: single units and neighbouring pairs.

A unit is one Chinese character, one run of Latin letters, or one number. Full-width forms, letter
case, traditional characters and Chinese numerals before a unit of time are folded; spaces and
hyphens do not separate neighbours. Measured on four question sets, units plus pairs beat
dictionary words, and they need no dictionary.

>>> terms("R2 理財")
['r', '2', '理', '财', 'r2', '2理', '理财']
>>> terms("三年期，DEP-3Y")
['3', '年', '期', 'dep', '3', 'y', '3年', '年期', 'dep3', '3y']
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import opencc

VERSION = 2
"""Raised whenever the same text gives other terms: indexes of another version are rebuilt."""

_UNIT = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[\u3400-\u9fff\U00020000-\U0003ffff]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百]+(?=年|个月|天|期|级)")
_LAST_ZEROS = re.compile(r"^(\d+(?:\.\d*[1-9])?)\.?0*$")
_TRANSPARENT = re.compile(r"[ \t\-]*")
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}


def fold(text: str) -> str:
    """The text in the one spelling that is compared; its length may differ from the original.

    >>> fold("ＷＭＰ　結構性存款１,０００元")
    'wmp 结构性存款1000元'
    """
    text = _THOUSANDS.sub("", simplified(text))
    return _NUMERAL.sub(lambda match: arabic(match[0]), text)


def simplified(text: str) -> str:
    """The text in half-width lower case and simplified characters, its numerals as they are."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).lower()
    simple: str = _simplifier().convert(plain)
    return simple


def terms(text: str) -> list[str]:
    """The index terms of a text, repeated as often as they occur: units first, then pairs."""
    folded = fold(text)
    units = [(match.start(), match.end()) for match in _UNIT.finditer(folded)]
    singles = [_LAST_ZEROS.sub(r"\1", folded[start:end]) for start, end in units]
    pairs = [
        first + second
        for (first, second), (left, right) in zip(pairwise(singles), pairwise(units), strict=True)
        if _TRANSPARENT.fullmatch(folded, left[1], right[0])
    ]
    return singles + pairs


def arabic(numeral: str) -> str:
    """A Chinese numeral below ten thousand in digits.

    >>> arabic("十二"), arabic("三百零五"), arabic("九十"), arabic("二〇二六")
    ('12', '305', '90', '2026')
    """
    if not any(char in _TENS for char in numeral):
        return "".join(str(_DIGITS[char]) for char in numeral)
    total, digit = 0, 0
    for char in numeral:
        if char in _TENS:
            total += (digit or 1) * _TENS[char]
            digit = 0
        else:
            digit = _DIGITS[char]
    return str(total + digit)


@cache
def _simplifier() -> opencc.OpenCC:
    import opencc

    return opencc.OpenCC("t2s")
