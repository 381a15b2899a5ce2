"""How alike two questions are, and when one must not answer the other however alike they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from copilot.pipeline.product_words import Opposites, QuestionWords

#: A single character tells less than a pair, but paraphrases share more of them.
SINGLE = 0.35
ADULT = 18
_AGE = re.compile(r"(\d{1,3}|[一二两三四五六七八九十]{1,3})多?岁")
_ADULT_SUBJECT = "未成年人"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A question as it is compared: its folded text and its telling terms."""

    text: str
    terms: frozenset[str]


def phrase(text: str, words: QuestionWords) -> Phrase:
    """A question with its synonyms made one and the words of mere asking left out."""
    from copilot.knowledge.terms import fold, terms

    plain = words.fillers.sub("", _one_word_each(fold(text), words))
    telling = frozenset(term for term in terms(plain) if term not in words.asking)
    return Phrase(fold(text), telling)


def likeness(first: Phrase, second: Phrase, weights: Mapping[str, float]) -> float:
    """The shared weight of two questions as a share of both (0 to 1)."""
    whole = _weight(first.terms, weights) + _weight(second.terms, weights)
    return 2 * _weight(first.terms & second.terms, weights) / whole if whole else 0.0


def coverage(asked: Phrase, others: Iterable[Phrase], weights: Mapping[str, float]) -> float:
    """The share (0 to 1) of a question's weight that stands somewhere in the others."""
    there: set[str] = set()
    for other in others:
        there |= other.terms
    whole = _weight(asked.terms, weights)
    return _weight(asked.terms & there, weights) / whole if whole else 0.0


def conflict(
    asked: str, best: str, phrasings: Sequence[str], answer: str, words: QuestionWords
) -> bool:
    """Whether an entry is about another procedure, person or thing than the question.

    Args:
        asked: the folded question.
        best: the entry's phrasing that is most like it, folded.
        phrasings: all of the entry's phrasings, folded.
        answer: the entry's answer, folded.
        words: the words by which questions are understood.
    """
    sides = [(_side(asked, pair), _side(best, pair)) for pair in words.opposites]
    if any(mine and theirs and mine != theirs for mine, theirs in sides):
        return True
    whole = "".join(phrasings) + answer
    for said in words.subjects.values():
        mine = _any(said, asked)
        if (mine and not _any(said, whole)) or (not mine and _any(said, best)):
            return True
    age = _AGE.search(asked)
    if age is None:
        return False
    from copilot.knowledge.terms import arabic

    years = int(age[1]) if age[1].isdigit() else int(arabic(age[1]))
    about_minors = _any(words.subjects.get(_ADULT_SUBJECT, ()), "".join(phrasings))
    return about_minors == (years >= ADULT)


def _side(text: str, pair: Opposites) -> str:
    return "other" if _any(pair.other, text) else "one" if _any(pair.one, text) else ""


def _one_word_each(text: str, words: QuestionWords) -> str:
    return words.synonym.sub(lambda match: words.first_word[match[0]], text)


def _weight(terms: Iterable[str], weights: Mapping[str, float]) -> float:
    return sum(weights.get(t, 1.0) * (SINGLE if len(t) == 1 else 1.0) for t in terms)


def _any(words: Iterable[str], text: str) -> bool:
    return any(word in text for word in words)
