"""The bank's frequent questions, read once for each state of the knowledge base."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.pipeline.ask_concepts import Concepts, read_concepts
from copilot.pipeline.ask_likeness import Entry, Fit, Phrase, Weights, conflict, fit, phrase
from copilot.pipeline.ask_typos import Typos, sounds
from copilot.pipeline.product_words import QuestionWords, question_words
from copilot.records.codes import PassageKind
from copilot.records.knowledge import Passage
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.store import Store

#: Entries that are looked at closely, and returned.
CLOSE, CANDIDATES = 40, 8
#: The word class of entries that speak of other banks.
_OTHERS = "别家银行"
#: A logistic formula over the parts of a fit and its lead on the next entry, set on paraphrases of
#: the shipped entries against questions that none of them answers.
BIAS = -4.6
SLOPES = (0.8, 0.8, 0.4, 2.0, -0.3, -0.8, 2.6)
LEAD = 3.5
MOST_LEAD = 0.6
#: Words this short are mended only where they name a thing, for short verbs are easily mistaken.
_SHORT = 2
#: From which shared weight an entry may answer about what is usually other people's business.
_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with how sure it is that it answers the question (0 to 1), and why.

    ``said`` is the share of the question's words that the passage has.
    """

    passage: Passage
    sure: float
    parts: tuple[float, ...]
    phrasings: tuple[str, ...] = ()
    said: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """An entry with how it fits.

    ``silent``: it is about the question, but tells no such figure as the question is for. It does
    not answer, and no entry that is farther from the question answers in its place.
    """

    passage: Passage
    fit: Fit
    silent: bool


@dataclass(frozen=True)
class Book:
    """Frequent questions of one state of the knowledge base, whatever their scope."""

    passages: dict[str, Passage]
    entries: tuple[Entry, ...]
    weights: Weights
    words: QuestionWords
    concepts: Concepts
    postings: dict[str, tuple[int, ...]]
    typos: Typos

    def ranked(self, question: str, as_of: date) -> list[Ranked]:
        """The entries valid on a day that are about the question, the best first."""
        asked = phrase(self.mended(question), self.words, self.concepts)
        foreign = self.concepts.outside_in(asked.text)
        elsewhere = any(bank in asked.text for bank in self.words.other_banks)
        word = self.words.defined(asked.text)
        defined = phrase(word, self.words, self.concepts) if word else None
        found = []
        for entry in self._near(asked):
            passage = self.passages[entry.passage_id]
            if not _valid(passage, as_of) or (elsewhere and _OTHERS not in entry.concepts):
                continue
            how = fit(asked, entry, self.weights, self.concepts)
            stranger = any(not _speaks_of(word, entry, how) for word in foreign)
            unknown = defined is not None and not defined.touches(entry)
            if not (stranger or unknown or conflict(asked, entry, how.best, self.words)):
                found.append(Ranked(passage, how, self._silent_on_figure(asked, entry)))
        return sorted(found, key=lambda one: (-one.fit.order, one.passage.passage_id))

    def _silent_on_figure(self, asked: Phrase, entry: Entry) -> bool:
        """Whether the question is for a figure of a kind that the entry does not have."""
        return any(
            slot.asked.search(asked.text)
            and not slot.told.search(entry.told.text)
            and not any(slot.asked.search(p.text) for p in entry.phrasings)
            for slot in self.words.figures
        )

    def phrasings(self, passage_id: str) -> tuple[str, ...]:
        """The ways to ask an entry's question, folded."""
        found = (e for e in self.entries if e.passage_id == passage_id)
        return tuple(p.text for entry in found for p in entry.phrasings)

    def mended(self, question: str) -> str:
        """The question in simplified characters with words spelled by sound put right."""
        from copilot.knowledge.terms import simplified

        return self.typos.mended(simplified(question))

    def _near(self, asked: Phrase) -> list[Entry]:
        """The entries that share the most weight with the question."""
        shared: dict[int, float] = {}
        for term in asked.terms:
            for number in self.postings.get(term, ()):
                shared[number] = shared.get(number, 0.0) + self.weights.of_terms((term,))
        for concept in asked.concepts:
            for number in self.postings.get(f"#{concept}", ()):
                shared[number] = shared.get(number, 0.0) + self.weights.of_concepts((concept,))
        best = sorted(shared, key=lambda number: (-shared[number], number))
        return [self.entries[number] for number in best[:CLOSE]]


def candidates(bench: Workbench, question: str) -> list[Candidate]:
    """The frequent questions that may answer a question, those most sure first.

    Scope is read from the database at this moment: what the asker may not read is not there.
    """
    book = _book(bench)
    ranked = book.ranked(question, bench.as_of)
    ids = [one.passage.passage_id for one in ranked]
    seen = bench.store.knowledge(bench.principal).visible(ids)
    ranked = [one for one in ranked if one.passage.passage_id in seen]
    found = []
    for number, one in enumerate(ranked[:CANDIDATES]):
        if one.silent or one.fit.thin:
            continue
        others = [o.fit.order for n, o in enumerate(ranked[: CANDIDATES + 1]) if n != number]
        lead = max(-MOST_LEAD, min(MOST_LEAD, one.fit.order - max(others, default=0.0)))
        parts = (*one.fit.parts, lead)
        passage_id = one.passage.passage_id
        found.append(
            Candidate(
                seen[passage_id],
                sureness(one.fit.parts, lead),
                parts,
                book.phrasings(passage_id),
                one.fit.said,
            )
        )
    return found


def sureness(parts: Sequence[float], lead: float) -> float:
    """One figure (0 to 1) for a fit and its lead on the next best entry."""
    total = BIAS + LEAD * lead + sum(s * p for s, p in zip(SLOPES, parts, strict=True))
    return 1 / (1 + math.exp(-total))


def mended(bench: Workbench, question: str) -> str:
    """A question with words of the bank that are spelled by sound put right."""
    return _book(bench).mended(question)


def _book(bench: Workbench) -> Book:
    store = bench.store
    words = question_words(bench.settings.knowledge_dir)
    concepts = read_concepts(bench.settings.knowledge_dir)
    knowledge = store.knowledge(Principal.operator())
    return _read(
        _Source(store.data_dir.absolute(), knowledge.revision(), id(words), id(concepts)),
        _Held(store, words, concepts),
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """What a book was read from: another revision or other words make another book."""

    data_dir: Path
    revision: int
    words: int
    concepts: int


class _Held:
    """What is needed to read a book; all are equal, for the source alone tells books apart."""

    def __init__(self, store: Store, words: QuestionWords, concepts: Concepts) -> None:
        self.store, self.words, self.concepts = store, words, concepts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4)
def _read(source: _Source, held: _Held) -> Book:
    from copilot.knowledge import faq_parts

    passages = {
        passage.passage_id: passage
        for passage in held.store.knowledge(Principal.operator()).all_passages()
        if passage.kind is PassageKind.FAQ
    }
    entries = []
    for passage_id, passage in passages.items():
        parts = faq_parts(passage)
        asked = (parts.question, *parts.variants)
        entries.append(
            Entry(
                passage_id,
                tuple(phrase(text, held.words, held.concepts) for text in asked),
                phrase(parts.answer, held.words, held.concepts),
            )
        )
    postings: dict[str, list[int]] = {}
    for number, entry in enumerate(entries):
        for key in (*entry.terms, *(f"#{concept}" for concept in entry.concepts)):
            postings.setdefault(key, []).append(number)
    return Book(
        passages,
        tuple(entries),
        Weights(entries),
        held.words,
        held.concepts,
        {key: tuple(numbers) for key, numbers in postings.items()},
        _typos(entries, held.concepts, held.words, held.store.settings.knowledge_dir),
    )


def _typos(
    entries: Sequence[Entry], concepts: Concepts, words: QuestionWords, knowledge: Path
) -> Typos:
    ordinary = [text for e in entries for text in (*(p.text for p in e.phrasings), e.told.text)]
    names = [w for n, said in concepts.things.items() if n != _OTHERS for w in said]
    acts = (w for w in concepts.plain_words if len(w) > _SHORT)
    vocabulary = {*names, *(w for w in acts if not any(a in w for a in words.asking))}
    known = (*words.other_banks, *words.not_sold, *concepts.outside)
    asked = [word for said in words.properties.values() for word in said]
    return Typos(sounds(knowledge), vocabulary, [*ordinary, *asked, *known])


def _speaks_of(word: str, entry: Entry, how: Fit) -> bool:
    """Whether an entry is about a word that is usually other people's business."""
    if word in how.best.text:
        return True
    return (
        how.shared >= _ENOUGH and not how.strange and any(word in p.text for p in entry.phrasings)
    )


def _valid(passage: Passage, day: date) -> bool:
    starts = passage.valid_from is None or passage.valid_from <= day
    return starts and (passage.valid_to is None or day < passage.valid_to)
