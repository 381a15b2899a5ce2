"""One pass over a folded text for every word of every rule, and what the hits mean."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from copilot.compliance.clauses import Structure
from copilot.compliance.folded import Folded
from copilot.compliance.language import MAIN, Language
from copilot.compliance.pack import Needs, Pack
from copilot.compliance.quantities import FigureInText
from copilot.compliance.rules import CORE, Excuses, PatternMatcher, Rule

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

Span = tuple[int, int]
_REACH = 100  # characters around an anchor in which its pattern is looked for
_WINDOW = 60  # characters around a match in which lawful wording may surround it


#: Where a rule uses a word: the rule's index, and (its field, the matcher's index there).
Use = tuple[int, tuple[str, int]]


class Vocabulary:
    """The words of one language of a pack: those that wake a rule, and its cues.

    ``uses`` and ``anchors`` tell of each word which matchers it wakes, patterns apart; ``patterns``
    are the rules' patterns with what they cannot match without. Where words count only as a whole,
    a ``*`` at the end of a word stands for any ending.
    """

    def __init__(self, pack: Pack, language: str = MAIN) -> None:
        self.language = pack.languages[language]
        self.patterns: list[tuple[int, PatternMatcher, Needs]] = []
        uses: dict[str, list[Use]] = {}
        anchors: dict[str, list[int]] = {}
        for index, rule in enumerate(pack.rules):
            if rule.language != language and rule.jurisdiction != CORE:
                continue
            for pattern in rule.patterns:
                for word in pattern.anchors:
                    anchors.setdefault(word, []).append(len(self.patterns))
                self.patterns.append((index, pattern, _tellingly(pack.needs, pattern)))
            for part, words in _waking(rule):
                use = index, part
                for word in words:
                    uses.setdefault(word, []).append(use)
        words = list(uses | anchors)
        self.waking = _Words(self.language, words)
        self.uses = [uses.get(word, ()) for word in words]
        self.anchors = [anchors.get(word, ()) for word in words]
        cues: dict[str, list[str]] = {}
        for name, cue_words in self.language.cues.words().items():
            for word in cue_words:
                cues.setdefault(word, []).append(name)
        self.cues = _Words(self.language, list(cues))
        self.named = list(cues.values())


class _Words:
    """Words that are found in one pass."""

    def __init__(self, language: Language, words: Sequence[str]) -> None:
        self._language = language
        self.words = words

    @cached_property
    def _automaton(self) -> AhoCorasick:
        from ahocorasick_rs import AhoCorasick

        if self._language.whole_words:
            return AhoCorasick([word.removesuffix("*") for word in self.words])
        return AhoCorasick(self.words)

    def find(self, text: str) -> dict[int, list[Span]]:
        """The spans of each word that occurs, by its index; overlapping ones included."""
        found: dict[int, list[Span]] = {}
        whole = self._language.whole_words
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            span: Span | None = start, end
            if whole:
                span = _whole(text, start, end, open_=self.words[index].endswith("*"))
            if span is None:
                continue
            if index in found:
                found[index].append(span)
            else:
                found[index] = [span]
        return found


def _tellingly(needs: Mapping[str, Needs], pattern: PatternMatcher) -> Needs:
    """What a pattern cannot match without; what its anchors tell already comes last."""
    return sorted(needs.get(pattern.regex, ()), key=lambda choice: choice[0] in pattern.anchors)


def _whole(text: str, start: int, end: int, *, open_: bool) -> Span | None:
    """A span that is no part of a longer word; an open word reaches to the end of its word."""
    if text[start].isalnum() and text[start - 1 : start].isalnum():
        return None
    while open_ and text[end : end + 1].isalpha():
        end += 1
    return None if text[end - 1].isalnum() and text[end : end + 1].isalnum() else (start, end)


class Scan:
    """The hits in one folded text.

    ``woken`` maps each rule that has a word in the text to (field, matcher) → spans, and
    ``anchored`` each pattern of the vocabulary to the spans of its anchors. ``unfinished`` texts go
    on (see `copilot.compliance.clauses.Structure`).
    """

    def __init__(self, vocabulary: Vocabulary, folded: Folded, *, unfinished: bool = False) -> None:
        self._unfinished = unfinished
        self.folded = folded
        self.text = folded.text
        self.language = vocabulary.language
        self._sentences: dict[int, Span] = {}
        self._asked: dict[tuple[int, int, tuple[str, ...]], bool] = {}
        self._windows: dict[Span, str] = {}
        self._vocabulary = vocabulary
        self.woken: dict[int, dict[tuple[str, int], list[Span]]] = {}
        self.anchored: dict[int, list[Span]] = {}
        uses, anchors, anchored = vocabulary.uses, vocabulary.anchors, self.anchored
        for index, spans in vocabulary.waking.find(self.text).items():
            for rule, part in uses[index]:
                self.woken.setdefault(rule, {}).setdefault(part, []).extend(spans)
            for pattern in anchors[index]:
                if pattern in anchored:
                    anchored[pattern] += spans
                else:
                    anchored[pattern] = [*spans]

    @cached_property
    def structure(self) -> Structure:
        """The clauses of the text."""
        said: dict[str, list[Span]] = {}
        for index, spans in self._vocabulary.cues.find(self.text).items():
            for name in self._vocabulary.named[index]:
                said.setdefault(name, []).extend(spans)
        cues = {name: sorted(spans) for name, spans in said.items()}
        return Structure(self.text, cues, self.language.grammar, unfinished=self._unfinished)

    @cached_property
    def encoded(self) -> bytes:
        """The text as RE2 reads it."""
        return self.text.encode()

    def window(self, low: int, high: int) -> str:
        """A part of the text without the marks at its end."""
        found = self._windows.get((low, high))
        if found is None:
            part = self.text[low:high].rstrip(self.language.grammar.marks)
            found = self._windows[low, high] = part
        return found

    def windows(self, spans: Sequence[Span]) -> Sequence[Span]:
        """The parts of the text around ``spans``, each within its sentence, none twice."""
        if self._one_sentence:
            return ((0, len(self.text)),)
        if len(spans) == 1:
            return (self._near(spans[0]),)
        merged: list[Span] = []
        for span in sorted(spans):
            low, high = self._near(span)
            if merged and low < merged[-1][1]:
                if high > merged[-1][1]:
                    merged[-1] = merged[-1][0], high
            else:
                merged.append((low, high))
        return merged

    @cached_property
    def _one_sentence(self) -> bool:
        """Whether every window is the whole text."""
        length = len(self.text)
        return length <= _REACH and self.structure.sentence(0)[1] == length

    def _near(self, span: Span) -> Span:
        start, end = span
        number = bisect_right(self.structure.sentence_ends, start)
        sentence = self._sentences.get(number)
        if sentence is None:
            sentence = self._sentences[number] = self.structure.sentence(start)
        low, high = sentence
        if high - low <= _REACH and end <= high:
            return sentence
        return max(low, start - _REACH), min(max(high, end), end + _REACH)

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
        length = len(phrase)
        return self._stands(phrase, max(0, span[1] - length), span[0] + length)

    def _beside(self, span: Span, words: tuple[str, ...]) -> bool:
        """Whether the sentence around ``span`` has one of the words; asked once a sentence."""
        low, high = self.structure.sentence(span[0])
        key = low, max(high, span[1]), words
        if key not in self._asked:
            self._asked[key] = any(self._stands(word, *key[:2]) for word in words)
        return self._asked[key]

    def _stands(self, word: str, low: int, high: int) -> bool:
        """Whether a word stands within ``[low, high)``."""
        if not self.language.whole_words:
            return self.text.find(word, low, high) >= 0
        stem = word.removesuffix("*")
        start = self.text.find(stem, low)
        while 0 <= start < high:
            span = _whole(self.text, start, start + len(stem), open_=stem != word)
            if span:
                return span[1] <= high
            start = self.text.find(stem, start + 1)
        return False

    def _inside(self, span: Span, pattern: Any) -> bool:
        """Whether a match of ``pattern`` near ``span`` covers it."""
        low = max(0, span[0] - _WINDOW)
        window = self.text[low : span[1] + _WINDOW]
        start, end = span[0] - low, span[1] - low
        return any(m.start() <= start and end <= m.end() for m in pattern.finditer(window))


def _waking(rule: Rule) -> Iterable[tuple[tuple[str, int], Iterable[str]]]:
    for index, terms in enumerate(rule.terms):
        yield ("terms", index), terms.words
    for index, element in enumerate(rule.requires):
        yield ("requires", index), element.when
    for index, claim in enumerate(rule.claims):
        yield ("claims", index), claim.near
