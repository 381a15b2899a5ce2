"""One pass over a folded text for every word of every rule, and what the hits mean."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from copilot.compliance.clauses import Structure
from copilot.compliance.folded import Folded
from copilot.compliance.language import MAIN
from copilot.compliance.pack import Pack
from copilot.compliance.quantities import FigureInText
from copilot.compliance.rules import CORE, Excuses, Rule

Span = tuple[int, int]
_REACH = 100  # characters around an anchor in which its pattern is looked for
_WINDOW = 60  # characters around a match in which lawful wording may surround it


#: Where a rule uses a word: the rule's index, and (its field, the matcher's index there).
Use = tuple[int, tuple[str, int]]


class Vocabulary:
    """Every word of one language of a pack in one automaton: terms, anchors, cues, and so on.

    Where words count only as a whole, a ``*`` at the end of a word stands for any ending.
    """

    def __init__(self, pack: Pack, language: str = MAIN) -> None:
        from ahocorasick_rs import AhoCorasick

        self.language = pack.languages[language]
        uses: dict[str, list[Use]] = {}
        for index, rule in enumerate(pack.rules):
            if rule.language != language and rule.jurisdiction != CORE:
                continue
            for part, matcher, word in _waking(rule):
                uses.setdefault(word, []).append((index, (part, matcher)))
            for word in _supporting(rule):
                uses.setdefault(word, [])
        cues: dict[str, list[str]] = {}
        for name, words in self.language.cues.words().items():
            for word in words:
                uses.setdefault(word, [])
                cues.setdefault(word, []).append(name)
        self.words = sorted(uses)
        self.index = {word: index for index, word in enumerate(self.words)}
        self.uses = [tuple(uses[word]) for word in self.words]
        self.cues = [tuple(cues.get(word, ())) for word in self.words]
        if self.language.whole_words:
            self._open = frozenset(i for i, word in enumerate(self.words) if word.endswith("*"))
            self._automaton = AhoCorasick([word.removesuffix("*") for word in self.words])
        else:
            self._automaton = AhoCorasick(self.words)

    def find(self, text: str) -> Iterable[tuple[int, int, int]]:
        """(word index, start, end) of every occurrence, overlapping ones included."""
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return self._whole(text, found) if self.language.whole_words else found

    def _whole(
        self, text: str, found: Iterable[tuple[int, int, int]]
    ) -> Iterator[tuple[int, int, int]]:
        """Only what is no part of a longer word; an open word reaches to the end of its word."""
        for index, start, end in found:
            if text[start].isalnum() and text[start - 1 : start].isalnum():
                continue
            while index in self._open and text[end : end + 1].isalpha():
                end += 1
            if not (text[end - 1].isalnum() and text[end : end + 1].isalnum()):
                yield index, start, end


class Scan:
    """The hits in one folded text.

    ``woken`` maps each rule that has a word in the text to (field, matcher) → spans.
    ``unfinished`` texts go on (see `copilot.compliance.clauses.Structure`).
    """

    def __init__(self, vocabulary: Vocabulary, folded: Folded, *, unfinished: bool = False) -> None:
        self._unfinished = unfinished
        self.folded = folded
        self.text = folded.text
        self.language = vocabulary.language
        found: dict[int, list[Span]] = {}
        for index, start, end in vocabulary.find(folded.text):
            if index in found:
                found[index].append((start, end))
            else:
                found[index] = [(start, end)]
        self._around: dict[Span, Span] = {}
        self._windows: dict[Span, tuple[str, bytes]] = {}
        self._found = found
        self._vocabulary = vocabulary
        self.woken: dict[int, dict[tuple[str, int], list[Span]]] = {}
        woken, uses = self.woken, vocabulary.uses
        for index, spans in found.items():
            for rule, part in uses[index]:
                parts = woken.get(rule)
                if parts is None:
                    woken[rule] = {part: [*spans]}
                elif part in parts:
                    parts[part] += spans
                else:
                    parts[part] = [*spans]

    def spans(self, word: str) -> Sequence[Span]:
        """Where a word of the pack stands, in order."""
        return self._found.get(self._vocabulary.index.get(word, -1), ())

    @cached_property
    def structure(self) -> Structure:
        """The clauses of the text."""
        said: dict[str, list[Span]] = {}
        for index, spans in self._found.items():
            for name in self._vocabulary.cues[index]:
                said.setdefault(name, []).extend(spans)
        cues = {name: sorted(spans) for name, spans in said.items()}
        return Structure(self.text, cues, self.language.grammar, unfinished=self._unfinished)

    @cached_property
    def encoded(self) -> bytes:
        """The text as RE2 reads it."""
        return self.text.encode()

    def window(self, low: int, high: int) -> tuple[str, bytes]:
        """A part of the text without the marks at its end, also as RE2 reads it."""
        found = self._windows.get((low, high))
        if found is None:
            part = self.text[low:high].rstrip(self.language.grammar.marks)
            found = self._windows[low, high] = part, part.encode()
        return found

    def windows(self, spans: Iterable[Span]) -> Iterable[Span]:
        """The parts of the text around ``spans``, each within its sentence, none twice."""
        merged: list[Span] = []
        around = self._around
        for span in sorted(spans):
            found = around.get(span)
            if found is None:
                start, end = span
                low, high = self.structure.sentence(start)
                found = max(low, start - _REACH), min(max(high, end), end + _REACH)
                around[span] = found
            low, high = found
            if merged and low < merged[-1][1]:
                merged[-1] = merged[-1][0], max(high, merged[-1][1])
            else:
                merged.append((low, high))
        return merged

    @cached_property
    def figures(self) -> tuple[FigureInText, ...]:
        """The figures of the text."""
        return tuple(self.language.figures(self.text))

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
