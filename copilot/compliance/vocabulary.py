"""The words of one language of a pack, ready to be found in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from copilot.compliance.language import MAIN, Language
from copilot.compliance.pack import Pack
from copilot.compliance.rules import CORE, PatternMatcher, Rule
from copilot.compliance.spans import Span

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

Hit = tuple[int, int, int]
"""A word's number, and where it stands."""

Part = tuple[str, int]
"""A field of a rule, and the number of a matcher in it."""

Way = tuple[int, int, Sequence[Sequence[str]]]
"""A way in which a rule's pattern can match: both by their numbers, and what else must be there."""


class Vocabulary:
    """The words that wake the rules of one language, and its cues.

    ``patterns`` are the rules' patterns, each behind its rule's index, and ``crossing`` those of
    them whose anchors may reach over the end of a sentence. Of each word, ``tells`` are the ways to
    match of whose rarest choice it is, and ``uses`` the matchers that it wakes, patterns apart,
    each as a rule's index and a part.
    """

    def __init__(self, pack: Pack, language: str = MAIN) -> None:
        self.language = pack.languages[language]
        self.words = Words(self.language)
        self.patterns: list[tuple[int, PatternMatcher]] = []
        self.crossing: list[int] = []
        self.tells: dict[int, list[Way]] = {}
        self.uses: dict[int, list[tuple[int, Part]]] = {}
        for index, rule in enumerate(pack.rules):
            if rule.language != language and rule.jurisdiction != CORE:
                continue
            for part, words in _waking(rule):
                for word in words:
                    self.uses.setdefault(self.words.number(word), []).append((index, part))
            for pattern in rule.patterns:
                self._add_pattern(index, pattern, pack)

    def _add_pattern(self, rule: int, pattern: PatternMatcher, pack: Pack) -> None:
        number = len(self.patterns)
        self.patterns.append((rule, pattern))
        if not self._ends_of_sentences.isdisjoint(chain.from_iterable(pattern.anchors)):
            self.crossing.append(number)
            return
        for rarest, *others in pack.ways_of(pattern):
            way = rule, number, sorted(others, key=len)
            for word in rarest:
                self.tells.setdefault(self.words.number_inside(word), []).append(way)

    @cached_property
    def _ends_of_sentences(self) -> frozenset[str]:
        return frozenset(self.language.grammar.ends)

    def cues_in(self, text: str) -> dict[str, list[Span]]:
        """The cues of a text by name, in order."""
        words, names = self._cues
        said: dict[str, list[Span]] = {name: [] for name in self.language.cues.words()}
        for word, start, end in words.find(text):
            for name in names[word]:
                said[name].append((start, end))
        for spans in said.values():
            spans.sort()
        return said

    @cached_property
    def _cues(self) -> tuple[Words, Sequence[Sequence[str]]]:
        words = Words(self.language)
        names: dict[int, list[str]] = {}
        for name, cue_words in self.language.cues.words().items():
            for word in cue_words:
                names.setdefault(words.number(word), []).append(name)
        return words, [names[number] for number in range(len(words))]


class Words:
    """Words and strings that are found in one pass.

    Where words count only as a whole, a ``*`` at the end of a word stands for any ending, and
    strings inside words are told from words.
    """

    def __init__(self, language: Language) -> None:
        self._whole_words = language.whole_words
        self._numbers: dict[tuple[str, bool | None], int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, word: str) -> int:
        """The number of a word, which may be new."""
        if not self._whole_words:
            return self.number_inside(word)
        key = word.removesuffix("*"), word.endswith("*")
        return self._numbers.setdefault(key, len(self._numbers))

    def number_inside(self, string: str) -> int:
        """The number of a string that may stand inside words."""
        return self._numbers.setdefault((string, None), len(self._numbers))

    @cached_property
    def _automaton(self) -> AhoCorasick:
        from ahocorasick_rs import AhoCorasick

        return AhoCorasick([string for string, _ in self._numbers])

    @cached_property
    def _open(self) -> Sequence[bool | None]:
        return [is_open for _, is_open in self._numbers]

    def find(self, text: str) -> Sequence[Hit]:
        """Every occurrence, overlapping ones included, in order of their ends."""
        hits: Sequence[Hit] = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return self._whole(text, hits) if self._whole_words else hits

    def _whole(self, text: str, hits: Iterable[Hit]) -> list[Hit]:
        kept = []
        for number, start, end in hits:
            is_open = self._open[number]
            span = (start, end)
            whole = span if is_open is None else whole_word(text, start, end, is_open=is_open)
            if whole:
                kept.append((number, *whole))
        return sorted(kept, key=itemgetter(2))


def whole_word(text: str, start: int, end: int, *, is_open: bool) -> Span | None:
    """A span that is no part of a longer word; an open word reaches to the end of its word."""
    if text[start].isalnum() and text[start - 1 : start].isalnum():
        return None
    while is_open and text[end : end + 1].isalpha():
        end += 1
    return None if text[end - 1].isalnum() and text[end : end + 1].isalnum() else (start, end)


def _waking(rule: Rule) -> Iterable[tuple[Part, Iterable[str]]]:
    for index, terms in enumerate(rule.terms):
        yield ("terms", index), terms.words
    for index, element in enumerate(rule.requires):
        yield ("requires", index), element.when
    for index, claim in enumerate(rule.claims):
        yield ("claims", index), claim.near
