"""How well an entry of frequent questions fits a question: word classes and characters, weighed.

Everything is counted against the bank's own entries: a word class that few entries have tells
more than one that many have. The figures of one fit are kept apart (`Fit`), so that an answer or
a refusal can be explained, and are brought together by a fixed logistic formula.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from copilot.pipeline.ask_concepts import Concepts
from copilot.pipeline.product_words import Opposites, QuestionWords

#: A single character tells less than a pair, but paraphrases share more of them.
SINGLE = 0.35
ADULT = 18
#: The weight of a word class that only one or two entries have, and a bit.
_HEAVY = 6
_AGE = re.compile(r"(\d{1,3}|[一二两三四五六七八九十]{1,3})多?岁")
_MINOR = "未成年人"
#: Below both of these a fit is an accident: no right answer of five sets of questions is there.
_LEAST_SHARED, _LEAST_TERMS = 0.45, 0.2
#: By which the parts of a fit decide between entries.
_ORDER = (1.0, 1.0, 0.6, 0.6, -0.5, -0.3, 0.3)
Weigh = Callable[[frozenset[str]], float]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A question as it is compared: folded text, word classes, telling terms."""

    text: str
    concepts: frozenset[str]
    terms: frozenset[str]

    def touches(self, entry: Entry) -> bool:
        """Whether an entry is asked with a word class or a pair of characters of this one."""
        pairs = frozenset(term for term in self.terms if len(term) > 1)
        return bool(self.concepts & entry.concepts or pairs & entry.terms)


def phrase(text: str, words: QuestionWords, concepts: Concepts) -> Phrase:
    """A question with the words of mere asking left out of its terms."""
    from copilot.knowledge.terms import fold, terms

    folded = fold(text)
    plain = words.fillers.sub("", folded)
    telling = frozenset(term for term in terms(plain) if term not in words.asking)
    return Phrase(folded, concepts.found_in(folded), telling)


@dataclass(frozen=True)
class Entry:
    """A frequent question with every way to ask it, and its answer."""

    passage_id: str
    entry_id: str
    phrasings: tuple[Phrase, ...]
    told: Phrase

    @cached_property
    def concepts(self) -> frozenset[str]:
        """The word classes of its phrasings."""
        return frozenset().union(*(p.concepts for p in self.phrasings))

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms of its phrasings."""
        return frozenset().union(*(p.terms for p in self.phrasings))


@dataclass(frozen=True, slots=True)
class Fit:
    """How well an entry fits, part by part (each 0 to 1, the weights aside).

    ``concepts`` and ``terms`` are the likeness to the best phrasing; ``asked_of`` the share of the
    question's word classes that the phrasings have; ``said`` the share of its terms that the whole
    entry has; ``strange`` the weight of things that the entry never mentions, ``unasked`` of things
    in the best phrasing that the question does not; ``shared`` the weight of the word classes
    that both have.
    """

    concepts: float
    terms: float
    asked_of: float
    said: float
    strange: float
    unasked: float
    shared: float
    best: Phrase

    @property
    def parts(self) -> tuple[float, ...]:
        """The figures in a fixed order."""
        return (
            self.concepts,
            self.terms,
            self.asked_of,
            self.said,
            self.strange,
            self.unasked,
            self.shared,
        )

    @property
    def thin(self) -> bool:
        """Whether an everyday word or two is all that both have (「茅台能买吗」)."""
        return self.shared < _LEAST_SHARED and self.terms < _LEAST_TERMS

    @property
    def order(self) -> float:
        """By which entries are put in order."""
        return sum(weight * part for weight, part in zip(_ORDER, self.parts, strict=True))


class Weights:
    """How telling word classes and terms are among a set of entries."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._total = len(entries)
        self._concepts = Counter(c for entry in entries for c in entry.concepts)
        self._terms = Counter(t for entry in entries for t in entry.terms)

    def of_concepts(self, concepts: Iterable[str]) -> float:
        """The weight of word classes together."""
        return math.fsum(self._idf(self._concepts[concept]) for concept in concepts)

    def of_terms(self, terms: Iterable[str]) -> float:
        """The weight of terms together."""
        return math.fsum(
            self._idf(self._terms[t]) * (SINGLE if len(t) == 1 else 1.0) for t in terms
        )

    def _idf(self, entries: int) -> float:
        return math.log(1 + self._total / (1 + entries))


def fit(asked: Phrase, entry: Entry, weights: Weights, concepts: Concepts) -> Fit:
    """How well an entry fits a question."""
    alike = [
        (
            _dice(asked.concepts, p.concepts, weights.of_concepts),
            _dice(asked.terms, p.terms, weights.of_terms),
            p,
        )
        for p in entry.phrasings
    ]
    by_concepts, by_terms, best = max(alike, key=lambda found: found[0] + found[1])
    whole = entry.concepts | entry.told.concepts
    strange = (c for c in asked.concepts - whole if c in concepts.things)
    unasked = (c for c in best.concepts - asked.concepts if c in concepts.things)
    return Fit(
        by_concepts,
        by_terms,
        _share(asked.concepts, entry.concepts, weights.of_concepts),
        _share(asked.terms, entry.terms | entry.told.terms, weights.of_terms),
        weights.of_concepts(strange) / _HEAVY,
        weights.of_concepts(unasked) / _HEAVY,
        min(1.5, weights.of_concepts(asked.concepts & best.concepts) / _HEAVY),
        best,
    )


def conflict(asked: Phrase, entry: Entry, best: Phrase, words: QuestionWords) -> bool:
    """Whether an entry is about the opposite procedure, or about people of another age."""
    sides = [
        (_side(asked.text, pair), _side(best.text, pair) or _side(entry.told.text, pair))
        for pair in words.opposites
    ]
    if any(mine and theirs and mine != theirs for mine, theirs in sides):
        return True
    age = _AGE.search(asked.text)
    if age is None:
        return False
    from copilot.knowledge.terms import arabic

    years = int(age[1]) if age[1].isdigit() else int(arabic(age[1]))
    return (_MINOR in entry.concepts) == (years >= ADULT)


def term_weight(terms: Iterable[str], weights: Mapping[str, float]) -> float:
    """The weight of terms by weights of one's own; an unknown term counts 1."""
    return math.fsum(weights.get(t, 1.0) * (SINGLE if len(t) == 1 else 1.0) for t in terms)


def _side(text: str, pair: Opposites) -> str:
    if any(word in text for word in pair.other):
        return "other"
    return "one" if any(word in text for word in pair.one) else ""


def _dice(first: frozenset[str], second: frozenset[str], weigh: Weigh) -> float:
    whole = weigh(first) + weigh(second)
    return 2 * weigh(first & second) / whole if whole else 0.0


def _share(asked: frozenset[str], there: frozenset[str], weigh: Weigh) -> float:
    whole = weigh(asked)
    return weigh(asked & there) / whole if whole else 0.0
