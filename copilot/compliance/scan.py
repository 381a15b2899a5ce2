"""One pass over a folded text for every word of every rule, and what the hits mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property

from copilot.compliance.clauses import Structure
from copilot.compliance.expressions import Expression
from copilot.compliance.folded import Folded
from copilot.compliance.quantities import FigureInText
from copilot.compliance.rules import Excuses
from copilot.compliance.spans import Span
from copilot.compliance.vocabulary import Part, Vocabulary, whole_word

_REACH = 100  # characters around an anchor in which its pattern is looked for
_WINDOW = 60  # characters around a match in which lawful wording may surround it


class Scan:
    """The hits in one folded text.

    ``woken`` maps each rule in force that has a word in the text to part → spans. ``unfinished``
    texts go on (see `copilot.compliance.clauses.Structure`).

    Args:
        vocabulary: the words to look for.
        folded: the text.
        active: the rules in force, by index.
        unfinished: whether the text goes on.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        folded: Folded,
        active: Collection[int],
        *,
        unfinished: bool = False,
    ) -> None:
        self.folded = folded
        self.text = folded.text
        self.language = vocabulary.language
        self.structure = Structure(
            self.text, vocabulary.cues_in, self.language.grammar, unfinished=unfinished
        )
        self.woken: dict[int, dict[Part, list[Span]]] = {}
        self._vocabulary = vocabulary
        self._active = active
        self._asked: dict[tuple[int, int, tuple[str, ...]], bool] = {}
        self._encoded: dict[Span, bytes] = {}
        self._matched: dict[str, bool] = {}
        self._likely: list[tuple[int, Span]] = []
        self._read()

    def _read(self) -> None:
        """Finds every word: the rules that it wakes, and the patterns that may match beside it."""
        uses, tells, active = self._vocabulary.uses, self._vocabulary.tells, self._active
        low = high = 0
        part, weighed, kept = "", set[int](), set[int]()
        for word, start, end in self._vocabulary.words.find(self.text):
            if word in uses:
                self._wake(uses[word], (start, end))
            if word not in tells:
                continue
            if start >= high:  # words come in order of their ends, and so do their sentences
                low, high = self.structure.sentence(start)
                part, weighed, kept = self.text[low:high], set(), set()
            if word in weighed:
                continue
            weighed.add(word)
            for rule, pattern, others in tells[word]:
                if rule in active and pattern not in kept and _has_all(part, others):
                    kept.add(pattern)
                    self._likely.append((pattern, (low, high)))

    def _wake(self, uses: Iterable[tuple[int, Part]], span: Span) -> None:
        for rule, part in uses:
            if rule in self._active:
                self.woken.setdefault(rule, {}).setdefault(part, []).append(span)

    def likely(self) -> Iterator[tuple[int, Sequence[Span]]]:
        """The patterns that may match, with the parts of the text where they may."""
        patterns = self._vocabulary.patterns
        for number, (low, high) in self._likely:
            anchors = patterns[number][1].anchors
            if high - low > _REACH:
                yield number, self.windows(list(self._places(anchors, low, high)))
            elif self._has(anchors, low, high):
                yield number, ((low, high),)
        for number in self._vocabulary.crossing:
            rule, pattern = patterns[number]
            if rule in self._active:
                yield number, self.windows(list(self._places(pattern.anchors, 0, len(self.text))))

    def matches(self, regex: str, compiled: Callable[[str], Expression]) -> bool:
        """Whether any part of the text matches; asked once, as rules share what they require."""
        found = self._matched.get(regex)
        if found is None:
            found = self._matched[regex] = compiled(regex).matches(self._whole)
        return found

    @cached_property
    def _whole(self) -> bytes:
        return self.text.encode()

    def window(self, low: int, high: int) -> bytes:
        """A part of the text as RE2 reads it, without the marks at its end."""
        found = self._encoded.get((low, high))
        if found is None:
            part = self.text[low:high].rstrip(self.language.grammar.marks)
            found = self._encoded[low, high] = part.encode()
        return found

    def windows(self, spans: Sequence[Span]) -> Sequence[Span]:
        """The parts of the text around ``spans``, each within its sentence, none twice."""
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

    def _near(self, span: Span) -> Span:
        start, end = span
        low, high = sentence = self.structure.sentence(start)
        if high - low <= _REACH and end <= high:
            return sentence
        return max(low, start - _REACH), min(max(high, end), end + _REACH)

    @cached_property
    def figures(self) -> tuple[FigureInText, ...]:
        """The figures of the text."""
        return tuple(self.language.figures(self.text))

    def excused(self, span: Span, excuses: Excuses, compiled: Callable[[str], Expression]) -> bool:
        """Whether what stands at ``span`` is no objection."""
        if excuses.lawful and self._covered(span, excuses.lawful):
            return True
        if excuses.only_with and not self._beside(span, excuses.only_with):
            return True
        if excuses.not_with and self._beside(span, excuses.not_with):
            return True
        if self.structure.excuses(excuses.unless, *span):
            return True
        return any(self._inside(span, compiled(regex)) for regex in excuses.lawful_patterns)

    def _covered(self, span: Span, phrases: Iterable[str]) -> bool:
        """Whether an occurrence of one of the phrases covers ``span``."""
        start, end = span
        return any(
            self._stands(phrase, max(0, end - len(phrase)), start + len(phrase))
            for phrase in phrases
        )

    def _beside(self, span: Span, words: tuple[str, ...]) -> bool:
        """Whether the sentence around ``span`` has one of the words; asked once a sentence."""
        low, high = self.structure.sentence(span[0])
        high = max(high, span[1])
        key = low, high, words
        found = self._asked.get(key)
        if found is None:
            found = self._asked[key] = self._has(words, low, high)
        return found

    def _has(self, words: Iterable[str], low: int, high: int) -> bool:
        """Whether one of the words stands within ``[low, high)``."""
        if self.language.whole_words:
            return any(self._stands(word, low, high) for word in words)
        return _has_all(self.text[low:high], (words,))

    def _stands(self, word: str, low: int, high: int) -> bool:
        """Whether a word stands within ``[low, high)``."""
        if not self.language.whole_words:
            return self.text.find(word, low, high) >= 0
        return next(self._places((word,), low, high), None) is not None

    def _places(self, words: Iterable[str], low: int, high: int) -> Iterator[Span]:
        """Where words stand within ``[low, high)``, word by word."""
        whole_words = self.language.whole_words
        for word in words:
            stem = word.removesuffix("*") if whole_words else word
            start = self.text.find(stem, low, high)
            while start >= 0:
                span: Span | None = start, start + len(stem)
                if whole_words:
                    span = whole_word(self.text, start, start + len(stem), is_open=stem != word)
                if span and span[1] <= high:
                    yield span
                start = self.text.find(stem, start + 1, high)

    def _inside(self, span: Span, expression: Expression) -> bool:
        """Whether a match of an expression near ``span`` covers it."""
        low = max(0, span[0] - _WINDOW)
        start, end = span[0] - low, span[1] - low
        window = self.text[low : span[1] + _WINDOW].encode()
        return any(first <= start and end <= last for first, last in expression.spans(window))


def _has_all(text: str, choices: Iterable[Iterable[str]]) -> bool:
    """Whether a text has one string of each choice; written out, for nothing runs oftener."""
    for choice in choices:
        for string in choice:
            if string in text:
                break
        else:
            return False
    return True
