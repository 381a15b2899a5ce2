"""The bank's frequent questions, read once for each state of the knowledge base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

#: The word class of entries that speak of other banks.
_OTHERS = "别家银行"
#: Words this short are mended only where they name a thing, for short verbs are easily mistaken.
_SHORT = 2
#: From which shared weight an entry may answer about what is usually other people's business.
_ENOUGH = 0.5
#: Books held at a time: a server has one, a test of many banks has many.
_MOST_BOOKS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as entries are compared with it.

    ``foreign`` are its words for other people's business, ``defined`` the word whose meaning it
    asks for, ``elsewhere`` that it names another bank.
    """

    phrase: Phrase
    foreign: frozenset[str]
    defined: Phrase | None
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class Likeness:
    """How an entry fits a question by its words.

    ``silent``: it is about the question, but tells no such figure as the question is for;
    ``barred``: it is about something else that is called alike; ``opposite``: it is about the
    opposite procedure, or about people of another age.
    """

    fit: Fit
    silent: bool
    barred: bool
    opposite: bool


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

    def asked(self, question: str) -> Asked:
        """A question as it is compared."""
        phrased = phrase(self.mended(question), self.words, self.concepts)
        word = self.words.defined(phrased.text)
        return Asked(
            phrased,
            self.concepts.outside_in(phrased.text),
            phrase(word, self.words, self.concepts) if word else None,
            any(bank in phrased.text for bank in self.words.other_banks),
        )

    def likeness(self, asked: Asked, entry: Entry) -> Likeness:
        """How an entry fits a question."""
        how = fit(asked.phrase, entry, self.weights, self.concepts)
        barred = (
            (asked.elsewhere and _OTHERS not in entry.concepts)
            or any(not _speaks_of(word, entry, how) for word in asked.foreign)
            or (asked.defined is not None and not asked.defined.touches(entry))
        )
        return Likeness(
            how,
            self._silent_on_figure(asked.phrase, entry),
            barred,
            conflict(asked.phrase, entry, how.best, self.words),
        )

    def _silent_on_figure(self, asked: Phrase, entry: Entry) -> bool:
        """Whether the question is for a figure of a kind that the entry does not have."""
        return any(
            slot.asked.search(asked.text)
            and not slot.told.search(entry.told.text)
            and not any(slot.asked.search(p.text) for p in entry.phrasings)
            for slot in self.words.figures
        )

    def mended(self, question: str) -> str:
        """The question in simplified characters with words spelled by sound put right."""
        from copilot.knowledge.terms import simplified

        return self.typos.mended(simplified(question))

    def near(self, asked: Asked, most: int) -> list[Entry]:
        """The entries that share the most weight with the question."""
        shared: dict[int, float] = {}
        for term in sorted(asked.phrase.terms):
            for number in self.postings.get(term, ()):
                shared[number] = shared.get(number, 0.0) + self.weights.of_terms((term,))
        for concept in sorted(asked.phrase.concepts):
            for number in self.postings.get(f"#{concept}", ()):
                shared[number] = shared.get(number, 0.0) + self.weights.of_concepts((concept,))
        best = sorted(shared, key=lambda number: (-shared[number], number))
        return [self.entries[number] for number in best[:most]]


def mended(bench: Workbench, question: str) -> str:
    """A question with words of the bank that are spelled by sound put right."""
    return book_of(bench).mended(question)


def book_of(bench: Workbench) -> Book:
    """The book of a bank's frequent questions as its knowledge base is now."""
    store = bench.store
    words = question_words(bench.settings.knowledge_dir)
    concepts = read_concepts(bench.settings.knowledge_dir)
    revision = store.knowledge(Principal.operator()).revision()
    key = (store.data_dir.absolute(), revision)
    book = _BOOKS.get(key)
    if book is None or book.words is not words or book.concepts is not concepts:
        book = _read(store, words, concepts)
        while len(_BOOKS) >= _MOST_BOOKS:
            del _BOOKS[next(iter(_BOOKS))]
        _BOOKS[key] = book
    return book


_BOOKS: dict[tuple[Path, int], Book] = {}


def _read(store: Store, words: QuestionWords, concepts: Concepts) -> Book:
    from copilot.knowledge import faq_parts
    from copilot.knowledge.faq import entry_id

    passages = {
        passage.passage_id: passage
        for passage in store.knowledge(Principal.operator()).all_passages()
        if passage.kind is PassageKind.FAQ
    }
    entries = []
    for passage_id, passage in passages.items():
        parts = faq_parts(passage)
        asked = (parts.question, *parts.variants)
        entries.append(
            Entry(
                passage_id,
                entry_id(passage),
                tuple(phrase(text, words, concepts) for text in asked),
                phrase(parts.answer, words, concepts),
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
        words,
        concepts,
        {key: tuple(numbers) for key, numbers in postings.items()},
        _typos(entries, concepts, words, store.settings.knowledge_dir),
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
