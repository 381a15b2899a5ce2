"""Folding a text into the form that rules are matched on, with the way back to the original.

Folding undoes what hides a word from a word list and changes nothing that a reader would call a
different text: width and compatibility forms, traditional characters, look-alikes, invisible
characters, separators and emoji inside words, split characters, and homophones or pinyin of the
words that the language file guards. Every step is linear in the text's length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from copilot.compliance.folded import Edit, Folded
from copilot.compliance.quantities import number

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_GONE, _SEVERAL, _SYMBOL, _UNKNOWN = "\ue000", "\ue001", "\ue002", "\ufffd"
_SOUND_BASE = 0xF000  # private-use block: one code point per syllable
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_BREAKS = frozenset("\n\x0b\x0c\x85\u2028\u2029")
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LOOSE = re.compile(r"[ .·•・*~|\-_^`#&@$<>=\\…—\n" + _GONE + _SEVERAL + _SYMBOL + "]+")
_LETTERS_BY_HAN = re.compile(rf"[{_HAN}][a-z]|[a-z][{_HAN}]|[a-z]{{4}}")

_CN_NUMBER = (
    r"[零一二两三四五六七八九十百]{1,8}(?:点[零一二三四五六七八九]{1,4})?|\d{1,6}(?:\.\d{1,4})?"
)
_PERCENT_WORDS = re.compile(
    rf"百分之(?!百)(?P<fraction>{_CN_NUMBER})|(?P<points>{_CN_NUMBER})个百?分?点(?![餐赞评心位])"
)

_FEW = 16  # different characters to replace one by one
_PLAIN_KEPT = 50_000

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


def _unlike_their_folding(table: _CharacterTable, alike: Mapping[str, str]) -> re.Pattern[str]:
    """Finds what may change in folding: all but plain letters, digits and Chinese characters."""
    stays = [c for c in map(chr, range(0x4E00, 0x9FA6)) if c not in alike]
    plain = "".join(chr(code) for code in range(0x20, 0x7F) if table[code] == chr(code))
    return re.compile(f"[^{re.escape(plain)}{''.join(_runs(stays))}]")


def _runs(characters: Iterable[str]) -> Iterator[str]:
    """Characters in order as the ranges of an expression."""
    first = last = ""
    for character in characters:
        if last and ord(character) == ord(last) + 1:
            last = character
            continue
        if first:
            yield f"{first}-{last}"
        first = last = character
    if first:
        yield f"{first}-{last}"


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
        self._odd = _unlike_their_folding(self._table, alike)
        self._split = dict(split)
        joined = "|".join(map(re.escape, sorted(split, key=len, reverse=True))) or "(?!)"
        self._split_form = re.compile(joined)
        self._sounds = _Sounds(sounds, guarded, frozenset(everyday), frozenset(ordinary))

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
        changed = {c: self._table[ord(c)] for c in set(self._odd.findall(text))}
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
        for match in _LOOSE.finditer(text):
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


class _SoundTable(dict[int, str]):
    """The sound of each character; those without one stand for themselves."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if len(self) < _PLAIN_KEPT:
            self[code] = character
        return character


class _Sounds:
    """Finds guarded words written with homophones, pinyin or initials."""

    def __init__(
        self,
        sounds: Mapping[str, str],
        guarded: Iterable[str],
        everyday: frozenset[str],
        ordinary: frozenset[str],
    ) -> None:
        self._words = [word for word in guarded if all(c in sounds for c in word)]
        self._spelling = sounds
        self._everyday = everyday
        self._ordinary = ordinary
        self._codes = _SoundTable()
        self._by_sound: AhoCorasick | None = None
        self._by_letters: AhoCorasick | None = None
        self._letter_forms: list[tuple[str, str]] = []

    def repairs(self, text: str) -> list[Edit]:
        """The edits that put guarded words back, left to right, not overlapping."""
        if not self._words:
            return []
        found = self._homophones(text)
        if _LETTERS_BY_HAN.search(text):
            found += self._lettered(text)
        found.sort(key=lambda edit: (edit[0], -edit[1]))
        kept: list[Edit] = []
        for edit in found:
            if not kept or edit[0] >= kept[-1][1]:
                kept.append(edit)
        return kept

    def _homophones(self, text: str) -> list[Edit]:
        if self._by_sound is None:
            self._by_sound = self._sound_automaton()
        plain: list[tuple[int, int]] = []
        suspects: list[Edit] = []
        for index, start, end in self._by_sound.find_matches_as_indexes(
            text.translate(self._codes), overlapping=True
        ):
            word = self._words[index]
            if text[start:end] == word:
                plain.append((start, end))
            else:
                suspects.append((start, end, word))
        found = [
            (start, end, word)
            for start, end, word in suspects
            if self._disguises(text[start:end], word, text, start)
        ]
        if found and plain:  # half of a word that is written plainly is no disguise
            taken = {position for span in plain for position in range(*span)}
            found = [edit for edit in found if taken.isdisjoint(range(edit[0], edit[1]))]
        return found

    def _disguises(self, surface: str, word: str, text: str, start: int) -> bool:
        changed = {a for a, b in zip(surface, word, strict=True) if a != b}
        if len(changed) * 2 > len(word) or changed <= self._everyday:
            return False
        around = text[max(0, start - 2) : start + len(surface) + 2]
        return not any(phrase in around for phrase in self._ordinary)

    def _lettered(self, text: str) -> list[Edit]:
        if self._by_letters is None:
            self._letter_forms = sorted(self._spelled_forms())
            self._by_letters = _automaton([form for form, _ in self._letter_forms])
        found: list[Edit] = []
        for index, start, end in self._by_letters.find_matches_as_indexes(text, overlapping=True):
            before, after = text[start - 1 : start], text[end : end + 1]
            form, word = self._letter_forms[index]
            cut = (form[0].isascii() and before.isascii() and before.isalpha()) or (
                form[-1].isascii() and after.isascii() and after.isalpha()
            )
            if not cut:
                found.append((start, end, word))
        return found

    def _sound_automaton(self) -> AhoCorasick:
        names = sorted(set(self._spelling.values()))
        syllables = {name: chr(_SOUND_BASE + i) for i, name in enumerate(names)}
        self._codes = _SoundTable({ord(c): syllables[s] for c, s in self._spelling.items()})
        return _automaton([word.translate(self._codes) for word in self._words])

    def _spelled_forms(self) -> set[tuple[str, str]]:
        """Each guarded word with some characters as pinyin, or a run of them as initials."""
        forms: set[tuple[str, str]] = set()
        for word in self._words:
            if len(word) > 6:
                continue
            full = [self._spelling[c] for c in word]
            for size in {1, 2, len(word)}:
                for chosen in combinations(range(len(word)), size):
                    mixed = "".join(full[i] if i in chosen else c for i, c in enumerate(word))
                    forms.add((mixed, word))
            for start, end in combinations(range(len(word) + 1), 2):
                letters = "".join(syllable[0] for syllable in full[start:end])
                if end - start >= 2 and len(word) >= 3:
                    forms.add((word[:start] + letters + word[end:], word))
            if len(word) == 4:
                for chosen in combinations(range(4), 2):
                    letter = {i: full[i][0] for i in chosen}
                    forms.add(("".join(letter.get(i, c) for i, c in enumerate(word)), word))
        return {(form, word) for form, word in forms if len(form) >= (4 if form.isascii() else 3)}


def _automaton(words: Sequence[str]) -> AhoCorasick:
    from ahocorasick_rs import AhoCorasick

    return AhoCorasick(words)
