"""One pass over a folded text for every word of every rule, and what the hits mean."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from copilot.compliance.clauses import Structure
from copilot.compliance.normalise import Folded
from copilot.compliance.pack import Pack
from copilot.compliance.quantities import FigureInText, figures
from copilot.compliance.rules import Excuses, Rule

Span = tuple[int, int]
_REACH = 100  # characters around an anchor in which its pattern is looked for
_WINDOW = 60  # characters around a match in which lawful wording may surround it


@dataclass(frozen=True, slots=True)
class Use:
    """Where a rule uses a word: ``part`` is the rule's field, ``matcher`` its index there."""

    rule: int
    part: str
    matcher: int


class Vocabulary:
    """Every word of a pack in one automaton: terms, anchors, supporting words, cues."""

    def __init__(self, pack: Pack) -> None:
        from ahocorasick_rs import AhoCorasick

        uses: dict[str, list[Use]] = {}
        for index, rule in enumerate(pack.rules):
            for part, matcher, word in _waking(rule):
                uses.setdefault(word, []).append(Use(index, part, matcher))
            for word in _supporting(rule):
                uses.setdefault(word, [])
        cues: dict[str, list[str]] = {}
        for name, words in pack.cues.words().items():
            for word in words:
                uses.setdefault(word, [])
                cues.setdefault(word, []).append(name)
        self.words = sorted(uses)
        self.uses = [tuple(uses[word]) for word in self.words]
        self.cues = [tuple(cues.get(word, ())) for word in self.words]
        self._automaton = AhoCorasick(self.words)

    def find(self, text: str) -> Iterable[tuple[int, int, int]]:
        """(word index, start, end) of every occurrence, overlapping ones included."""
        return self._automaton.find_matches_as_indexes(text, overlapping=True)


class Scan:
    """The hits in one folded text.

    ``woken`` maps each rule that has a word in the text to (field, matcher) → spans.
    """

    def __init__(self, vocabulary: Vocabulary, folded: Folded) -> None:
        self.folded = folded
        self.text = folded.text
        found: dict[int, list[Span]] = {}
        for index, start, end in vocabulary.find(folded.text):
            found.setdefault(index, []).append((start, end))
        self._spans = {vocabulary.words[index]: spans for index, spans in found.items()}
        self.woken: dict[int, dict[tuple[str, int], list[Span]]] = {}
        self._cues: dict[str, list[Span]] = {}
        for index, spans in found.items():
            for name in vocabulary.cues[index]:
                self._cues.setdefault(name, []).extend(spans)
            for use in vocabulary.uses[index]:
                parts = self.woken.setdefault(use.rule, {})
                parts.setdefault((use.part, use.matcher), []).extend(spans)

    def spans(self, word: str) -> Sequence[Span]:
        """Where a word of the pack stands, in order."""
        return self._spans.get(word, ())

    @cached_property
    def structure(self) -> Structure:
        """The clauses of the text."""
        return Structure(self.text, {name: sorted(spans) for name, spans in self._cues.items()})

    @cached_property
    def encoded(self) -> bytes:
        """The text as RE2 reads it."""
        return self.text.encode()

    def windows(self, spans: Iterable[Span]) -> Iterable[Span]:
        """The parts of the text around ``spans``, each within its sentence, none twice."""
        merged: list[Span] = []
        for start, end in sorted(spans):
            low, high = self.structure.sentence(start)
            low, high = max(low, start - _REACH), min(max(high, end), end + _REACH)
            if merged and low < merged[-1][1]:
                merged[-1] = merged[-1][0], max(high, merged[-1][1])
            else:
                merged.append((low, high))
        return merged

    @cached_property
    def figures(self) -> tuple[FigureInText, ...]:
        """The figures of the text."""
        return tuple(figures(self.text))

    def excused(self, span: Span, excuses: Excuses, compiled: Callable[[str], Any]) -> bool:
        """Whether what stands at ``span`` is no objection."""
        start, end = span
        if any(self._covered(span, phrase) for phrase in excuses.lawful):
            return True
        if excuses.only_with and not self._beside(span, excuses.only_with):
            return True
        if excuses.not_with and self._beside(span, excuses.not_with):
            return True
        if self.structure.excuses(excuses.unless, start, end):
            return True
        return any(self._inside(span, compiled(regex)) for regex in excuses.lawful_patterns)

    def _covered(self, span: Span, phrase: str) -> bool:
        """Whether an occurrence of ``phrase`` covers ``span``."""
        spans = self.spans(phrase)
        index = bisect_left(spans, (span[1] - len(phrase), 0))
        return index < len(spans) and spans[index][0] <= span[0]

    def _beside(self, span: Span, words: Iterable[str]) -> bool:
        """Whether the sentence around ``span`` has one of the words."""
        low, high = self.structure.sentence(span[0])
        for word in words:
            spans = self.spans(word)
            index = bisect_left(spans, (low, 0))
            if index < len(spans) and spans[index][1] <= max(high, span[1]):
                return True
        return False

    def _inside(self, span: Span, pattern: Any) -> bool:
        """Whether a match of ``pattern`` near ``span`` covers it."""
        low = max(0, span[0] - _WINDOW)
        window = self.text[low : span[1] + _WINDOW]
        start, end = span[0] - low, span[1] - low
        return any(m.start() <= start and end <= m.end() for m in pattern.finditer(window))


def _waking(rule: Rule) -> Iterable[tuple[str, int, str]]:
    for index, terms in enumerate(rule.terms):
        yield from (("terms", index, word) for word in terms.words)
    for index, pattern in enumerate(rule.patterns):
        yield from (("patterns", index, word) for word in pattern.anchors)
    for index, element in enumerate(rule.requires):
        yield from (("requires", index, word) for word in element.when)
    for index, claim in enumerate(rule.claims):
        yield from (("claims", index, word) for word in claim.near)


def _supporting(rule: Rule) -> Iterable[str]:
    groups = (rule.terms, rule.patterns, rule.requires, rule.claims)
    for excuses in (matcher.excuses for group in groups for matcher in group):
        yield from (*excuses.lawful, *excuses.only_with, *excuses.not_with)
