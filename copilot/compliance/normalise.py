"""Folding a text into the form that rules are matched on, with the way back to the original.

Folding undoes what hides a word from a word list and changes nothing that a reader would call a
different text: width and compatibility forms, traditional characters, look-alikes, invisible
characters, separators and emoji inside words, split characters, and homophones or pinyin of the
words that the language file guards. Every step is linear in the text's length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from copilot.compliance.folded import Edit, Folded
from copilot.compliance.quantities import number
from copilot.compliance.sounds import Sounds

_GONE, _SEVERAL, _SYMBOL, _UNKNOWN = "\ue000", "\ue001", "\ue002", "\ufffd"
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_BREAKS = frozenset("\n\x0b\x0c\x85\u2028\u2029")
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LOOSE_MARKS = r"[ .·•・*~|\-_^`#&@$<>=\\…—\n" + _GONE + _SEVERAL + _SYMBOL + "]"
_LOOSE = re.compile(_LOOSE_MARKS + "+")
#: The same next to a Chinese character, or long: a run is read once, however long it is.
_LOOSE_BY_HAN = re.compile(
    rf"{_LOOSE_MARKS}++(?:(?=[{_HAN}])|(?<=[{_HAN}].)|(?<=[{_HAN}]..)|(?<=[{_HAN}]...)"
    rf"|(?<={_LOOSE_MARKS}{{4}}))",
    re.DOTALL,
)

_CN_NUMBER = (
    r"[零一二两三四五六七八九十百]{1,8}(?:点[零一二三四五六七八九]{1,4})?|\d{1,6}(?:\.\d{1,4})?"
)
_PERCENT_WORDS = re.compile(
    rf"百分之(?!百)(?P<fraction>{_CN_NUMBER})|(?P<points>{_CN_NUMBER})个百?分?点(?![餐赞评心位])"
)

_FEW = 16  # different characters to replace one by one

_NUMERALS = frozenset("零一二两三四五六七八九十百0123456789")


class _CharacterTable(dict[int, str]):
    """One folded character per code point, filled as characters are met."""

    def __init__(self, alike: Mapping[str, str]) -> None:
        super().__init__()
        self._alike = alike
        self.several: dict[str, str] = {}

    def __missing__(self, code: int) -> str:
        folded = self[code] = self._fold(chr(code))
        return folded

    def _fold(self, character: str) -> str:
        if character in _BREAKS:
            return "\n"
        if character == "\t":
            return " "
        category = unicodedata.category(character)
        if category in {"Cf", "Cc", "Mn", "Me"} or character in _INVISIBLE:
            return _GONE
        if category in {"Cs", "Co", "Cn"}:
            return _UNKNOWN
        plain = unicodedata.normalize("NFKC", character)
        if len(plain) == 1:
            lowered = plain.lower()
            plain = lowered if len(lowered) == 1 else plain
            plain = self._alike.get(plain, plain)
            return _SYMBOL if unicodedata.category(plain) in {"So", "Sk"} else plain
        self.several[character] = "".join(
            piece for piece in (self[ord(part)] for part in plain) if piece not in (_GONE, _SYMBOL)
        )
        return _SEVERAL


def character_table(alike: Mapping[str, str]) -> _CharacterTable:
    """The table of single characters for ``str.translate``."""
    return _CharacterTable(alike)


class Normaliser:
    """Folds texts of one language.

    Args:
        alike: character → the character it stands for (traditional forms, look-alikes).
        split: two or more characters → the one they spell (阝佥 → 险).
        sounds: character → syllable without tone.
        guarded: words that homophones, pinyin and initials must not hide.
        everyday: characters too common to be taken for a disguise.
        ordinary: ordinary strings that merely sound like a guarded word.
    """

    def __init__(
        self,
        *,
        alike: Mapping[str, str],
        split: Mapping[str, str],
        sounds: Mapping[str, str],
        guarded: Iterable[str],
        everyday: str = "",
        ordinary: Iterable[str] = (),
    ) -> None:
        self._table = _CharacterTable(alike)
        ascii_kept = "".join(c for c in map(chr, range(0x20, 0x7F)) if self._table[ord(c)] == c)
        self._odd = re.compile(f"[^{re.escape(ascii_kept)}\u4e00-\u9fa5]")
        self._unlike = re.compile(f"[{re.escape(''.join(alike))}]" if alike else "(?!)")
        self._split = dict(split)
        joined = "|".join(map(re.escape, sorted(split, key=len, reverse=True))) or "(?!)"
        self._split_form = re.compile(joined)
        self._sounds = Sounds(sounds, guarded, frozenset(everyday), frozenset(ordinary))

    def fold(self, text: str) -> Folded:
        """The folded text with its offset map."""
        folded = Folded(self._characters(text))
        if _LOOSE.search(folded.text):
            folded = folded.edited(self._character_edits(text, folded.text))
        if self._split_form.search(folded.text):
            folded = folded.edited(
                (m.start(), m.end(), self._split[m.group()])
                for m in self._split_form.finditer(folded.text)
            )
        if "百分之" in folded.text or _counts_points(folded.text):
            folded = folded.edited(_percentages(folded.text))
        return folded.edited(self._sounds.repairs(folded.text))

    def _characters(self, text: str) -> str:
        """Every character in folded form: ``translate``, quicker where few characters change."""
        suspects = {*self._odd.findall(text), *self._unlike.findall(text)}
        changed = {c: folded for c in suspects if (folded := self._table[ord(c)]) != c}
        if len(changed) > _FEW or not changed.keys().isdisjoint(changed.values()):
            return text.translate(self._table)
        for character, folded in changed.items():
            text = text.replace(character, folded)
        return text

    def fold_word(self, word: str) -> str:
        """A word of a rule in folded form: characters only, separators kept as written."""
        folded = zip(word, word.translate(self._table), strict=True)
        pieces = (self._table.several.get(original, plain) for original, plain in folded)
        return "".join(piece for piece in pieces if piece != _GONE)

    def _character_edits(self, original: str, text: str) -> Iterable[Edit]:
        """What to drop or spell out: invisible characters, separators, compatibility forms."""
        loose = _LOOSE if _GONE in text or _SEVERAL in text else _LOOSE_BY_HAN
        for match in loose.finditer(text):
            start, end = match.span()
            before, after = text[start - 1 : start], text[end : end + 1]
            run = match.group()
            hides = _GONE in run or _SEVERAL in run
            if not (hides or _is_han(before) or _is_han(after)):
                continue
            if _separates(run, before, after) or _vertical(text, start, end):
                yield start, end, ""
                continue
            if not hides:
                continue
            for position in range(start, end):
                if text[position] == _SEVERAL:
                    yield position, position + 1, self._table.several[original[position]]
                elif text[position] == _GONE:
                    yield position, position + 1, ""


def _separates(run: str, before: str, after: str) -> bool:
    """Whether a run of loose characters merely stands inside a word."""
    if _SEVERAL in run or "\n" in run or "——" in run:
        return False
    if _is_han(before) and _is_han(after):
        return True
    if run.strip(" " + _GONE):
        return False
    return (_is_han(before) and after.isalnum()) or (
        _is_han(after) and (before.isalnum() or before == "%")
    )


def _vertical(text: str, start: int, end: int) -> bool:
    """Whether a line break stands between two lines of one character each."""
    if text[start:end] != "\n" or not (_is_han(text[start - 1 : start]) and start):
        return False
    alone_before = start < 2 or text[start - 2] == "\n"
    alone_after = end + 1 >= len(text) or text[end + 1] == "\n"
    return alone_before and alone_after and _is_han(text[end : end + 1])


def _is_han(character: str) -> bool:
    return (
        "\u3400" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or ("\U00020000" <= character <= "\U0003ffff")
    )


def _counts_points(text: str) -> bool:
    """Whether a 点 may belong to a number: one stands within the four characters before it."""
    position = text.find("点")
    while position >= 0:
        if not _NUMERALS.isdisjoint(text[max(0, position - 4) : position]):
            return True
        position = text.find("点", position + 1)
    return False


def _percentages(text: str) -> Iterable[Edit]:
    """百分之三点五 and 3.5个点 as 3.5%."""
    for match in _PERCENT_WORDS.finditer(text):
        value = number(match["fraction"] or match["points"])
        if value is not None:
            yield match.start(), match.end(), f"{value:f}%"
