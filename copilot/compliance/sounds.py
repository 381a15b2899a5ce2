"""Guarded words that are written with homophones, pinyin or initials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from copilot.compliance.folded import Edit

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_SOUND_BASE = 0xF000  # private-use block: one code point per syllable
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
_LETTERS = re.compile("[a-z]+")
_LETTERS_ALONE = 4  # letters that may spell a word with no Chinese character beside them
_LONGEST_SPELLED = 6
_LETTERS_KEPT = 10_000
_PLANE = 0x1_0000  # the characters that texts are written in; those beyond keep their codes

Forms = tuple[tuple[tuple[int, int], ...], dict[str, str]]
"""Of forms around the same letters: their (characters before the letters, length), and words."""


class Sounds:
    """Finds the guarded words of one language in their disguises by sound.

    Args:
        sounds: character → syllable without tone.
        guarded: the words.
        everyday: characters too common to be taken for a disguise.
        ordinary: ordinary strings that merely sound like a guarded word.
    """

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
        self._forms: dict[str, Forms | None] = {}

    def repairs(self, text: str) -> list[Edit]:
        """The edits that put guarded words back, left to right, not overlapping."""
        if not self._words:
            return []
        found = self._homophones(text)
        found += self._lettered(text)
        if len(found) < 2:
            return found
        found.sort(key=lambda edit: (edit[0], -edit[1]))
        kept: list[Edit] = []
        for edit in found:
            if not kept or edit[0] >= kept[-1][1]:
                kept.append(edit)
        return kept

    def _homophones(self, text: str) -> list[Edit]:
        words = self._words
        spans = self._by_sound.find_matches_as_indexes(
            text.translate(self._codes), overlapping=True
        )
        found = [
            (start, end, words[index])
            for index, start, end in spans
            if (surface := text[start:end]) != words[index]
            and self._disguises(surface, words[index], text, start)
        ]
        if found:  # half of a word that is written plainly is no disguise
            plain = [(start, end) for i, start, end in spans if text[start:end] == words[i]]
            taken = {position for span in plain for position in range(*span)}
            found = [edit for edit in found if taken.isdisjoint(range(edit[0], edit[1]))]
        return found

    def _disguises(self, surface: str, word: str, text: str, start: int) -> bool:
        changed = {a for a, b in zip(surface, word, strict=True) if a != b}
        if len(changed) * 2 > len(word) or changed <= self._everyday:
            return False
        around = text[max(0, start - 2) : start + len(surface) + 2]
        return not any(phrase in around for phrase in self._ordinary)

    @cached_property
    def _codes(self) -> list[int]:
        """The sound of each character; those without one stand for themselves."""
        names = sorted(set(self._spelling.values()))
        syllables = {name: _SOUND_BASE + i for i, name in enumerate(names)}
        last = max(map(ord, self._spelling), default=0)
        codes = list(range(max(_PLANE, last + 1)))  # twice as quick to translate by as a dict
        for character, syllable in self._spelling.items():
            codes[ord(character)] = syllables[syllable]
        return codes

    @cached_property
    def _by_sound(self) -> AhoCorasick:
        from ahocorasick_rs import AhoCorasick

        return AhoCorasick([word.translate(self._codes) for word in self._words])

    def _lettered(self, text: str) -> Iterator[Edit]:
        """Words with pinyin or initials: letters are never cut out of a longer run of them."""
        for letters in _LETTERS.finditer(text):
            if not _may_spell(text, *letters.span()):
                continue
            forms = self._forms_around(letters.group())
            if forms is None:
                continue
            shapes, words = forms
            for before, length in shapes:
                start = letters.start() - before
                end = start + length
                if start < 0 or end > len(text):
                    continue
                word = words.get(text[start:end])
                if word and not (_is_letter(text[end - 1]) and _is_letter(text[end : end + 1])):
                    yield start, end, word

    def _forms_around(self, letters: str) -> Forms | None:
        """The forms whose first letters are these; worked out when the letters are first met."""
        if letters not in self._forms:
            if len(self._forms) >= _LETTERS_KEPT:
                self._forms.clear()
            known = letters in self._sheet
            self._forms[letters] = self._new_forms(letters) if known else None
        return self._forms[letters]

    def _new_forms(self, letters: str) -> Forms | None:
        words: dict[str, str] = {}
        shapes: dict[tuple[int, int], None] = {}
        for word in sorted(self._words):
            if len(word) > _LONGEST_SPELLED or not self._may_have(word, letters):
                continue
            for form in self._spelled(word):
                first = _LETTERS.search(form)
                if first and first.group() == letters:
                    words.setdefault(form, word)
                    shapes[first.start(), len(form)] = None
        return (tuple(shapes), words) if words else None

    @cached_property
    def _sheet(self) -> str:
        """Every word's pinyin and initials; letters that are not in it spell nothing."""
        full = [[self._spelling[c] for c in word] for word in self._words]
        initials = ["".join([syllable[0] for syllable in word]) for word in full]
        return " ".join(["".join(word) for word in full] + initials)

    def _may_have(self, word: str, letters: str) -> bool:
        """Whether some form of the word may have exactly these letters in one piece."""
        full = [self._spelling[c] for c in word]
        return (
            letters in full
            or letters in "".join([syllable[0] for syllable in full])
            or letters == "".join(full)
            or any(a + b == letters for a, b in pairwise(full))
        )

    def _spelled(self, word: str) -> Iterator[str]:
        """A guarded word with some characters as pinyin, or a run of them as initials."""
        full = [self._spelling[c] for c in word]
        forms: set[str] = set()
        for size in {1, 2, len(word)}:
            for chosen in combinations(range(len(word)), size):
                forms.add("".join(full[i] if i in chosen else c for i, c in enumerate(word)))
        for start, end in combinations(range(len(word) + 1), 2):
            letters = "".join(syllable[0] for syllable in full[start:end])
            if end - start >= 2 and len(word) >= 3:
                forms.add(word[:start] + letters + word[end:])
        if len(word) == 4:
            for chosen in combinations(range(4), 2):
                letter = {i: full[i][0] for i in chosen}
                forms.add("".join(letter.get(i, c) for i, c in enumerate(word)))
        return (form for form in forms if len(form) >= (4 if form.isascii() else 3))


def _may_spell(text: str, start: int, end: int) -> bool:
    """Whether letters stand beside a Chinese character, or are many."""
    by_han = _HAN_CHARACTER.match(text, end) or _HAN_CHARACTER.match(text, max(0, start - 1))
    return end - start >= _LETTERS_ALONE or by_han is not None


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()
