"""Which frequent questions may answer a question, and how sure each of them is.

What was learned from examples and the likeness of words each name their nearest entries; the
signs for and against each are brought together by one logistic formula.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from copilot.pipeline.ask_book import Asked, Book, Likeness, book_of
from copilot.pipeline.ask_examples import Group
from copilot.pipeline.ask_likeness import Entry
from copilot.pipeline.ask_meaning import NOTHING, Meaning, MeaningReader, meaning_of
from copilot.pipeline.ask_reader import reader_of
from copilot.records.knowledge import Passage

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

#: Entries that each of the two ways names, and how many are returned.
NAMED, RETURNED = 6, 8
#: Entries whose words are compared.
_CLOSE = 20


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for and against an entry.

    ``meaning`` is its learned score, ``others`` the best other entry's; ``beside`` the score of
    its own near misses, ``beside_others`` the best of the others'; ``record``, ``absent`` and
    ``elsewhere`` the best of those groups; ``strange`` the share of the question that nothing
    about the entry speaks of; ``length`` the logarithm of the question's characters; ``words`` its
    likeness by words, ``thin`` that this rests on next to nothing, ``silent`` that it tells no such
    figure as is asked for, ``barred`` that it is about another thing that is called alike,
    ``outweighed`` that the question is rather like those that nothing answers.
    """

    meaning: float
    others: float
    beside: float
    beside_others: float
    record: float
    absent: float
    elsewhere: float
    strange: float
    length: float
    words: float
    thin: float
    silent: float
    barred: float
    outweighed: float


#: The score and the lead of what nothing answers that outweigh an entry.
PLAINLY, LEAD = -0.5, 0.15
#: The logistic formula over the signs: `benchmarks/questions.py` fits it by leaving out a part of
#: the examples at a time.
BIAS = -10.32
SLOPES = Signs(
    meaning=3.59,
    others=-2.31,
    beside=-0.26,
    beside_others=-3.12,
    record=-1.36,
    absent=-0.96,
    elsewhere=-0.32,
    strange=-5.45,
    length=2.09,
    words=0.54,
    thin=-0.01,
    silent=-2.16,
    barred=-0.94,
    outweighed=-1.00,
)
_NAMES = [field.name for field in fields(Signs)]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with how sure it is that it answers the question (0 to 1), and why.

    ``said`` is the share of the question's words that the passage has.
    """

    passage: Passage
    sure: float
    phrasings: tuple[str, ...] = ()
    said: float = 0.0


def candidates(bench: Workbench, question: str) -> list[Candidate]:
    """The frequent questions that may answer a question, those most sure first.

    Scope is read from the database at this moment: what the asker may not read is not there.
    """
    book = book_of(bench)
    found = [
        one
        for one in signs(book, reader_of(bench.store), question)
        if _valid(book, one.entry, bench)
    ]
    ids = [one.entry.passage_id for one in found]
    seen = bench.store.knowledge(bench.principal).visible(ids)
    usable = [
        Candidate(
            seen[one.entry.passage_id],
            sureness(one.signs),
            tuple(p.text for p in one.entry.phrasings),
            one.said,
        )
        for one in found
        if one.entry.passage_id in seen
    ]
    return sorted(usable, key=lambda c: (-c.sure, c.passage.passage_id))[:RETURNED]


@dataclass(frozen=True, slots=True)
class Signed:
    """An entry with the signs for and against it."""

    entry: Entry
    signs: Signs
    said: float


def signs(book: Book, reader: MeaningReader | None, question: str) -> Iterator[Signed]:
    """The nearest entries of a question, each with its signs."""
    asked = book.asked(question)
    meaning = meaning_of(question, reader)
    unanswered = meaning.best(Group.BESIDE, Group.ABSENT, Group.ELSEWHERE)[1]
    for entry, alike in _nearest(book, asked, meaning):
        if alike.opposite or alike.silent:
            continue
        name = entry.entry_id
        yield Signed(
            entry,
            Signs(
                meaning=meaning.score(Group.ENTRY, name),
                others=meaning.best(Group.ENTRY, but=name)[1],
                beside=meaning.score(Group.BESIDE, name),
                beside_others=meaning.best(Group.BESIDE, but=name)[1],
                record=meaning.best(Group.RECORD)[1],
                absent=meaning.best(Group.ABSENT)[1],
                elsewhere=meaning.best(Group.ELSEWHERE)[1],
                strange=reader.strange(meaning, Group.ENTRY, name) if reader else 0.0,
                length=math.log(1 + len(question)),
                words=alike.fit.order,
                thin=alike.fit.thin,
                silent=alike.silent,
                barred=alike.barred,
                outweighed=unanswered >= max(PLAINLY, meaning.score(Group.ENTRY, name) + LEAD),
            ),
            alike.fit.said,
        )


def sureness(signs: Signs) -> float:
    """One figure (0 to 1) for the signs of an entry."""
    total = BIAS + math.fsum(getattr(SLOPES, n) * getattr(signs, n) for n in _NAMES)
    return 1 / (1 + math.exp(-total))


def _nearest(book: Book, asked: Asked, meaning: Meaning) -> list[tuple[Entry, Likeness]]:
    """The entries nearest by meaning and those nearest by words, with their likeness by words."""
    there = {entry.entry_id: entry for entry in book.entries}
    meant = [n for n, score in meaning.groups[Group.ENTRY] if n in there and score > NOTHING]
    by_words = [(entry, book.likeness(asked, entry)) for entry in book.near(asked, _CLOSE)]
    by_words.sort(key=lambda one: (-one[1].fit.order, one[0].passage_id))
    found = {entry.passage_id: (entry, alike) for entry, alike in by_words[:NAMED]}
    for entry in (there[name] for name in meant[:NAMED]):
        found.setdefault(entry.passage_id, (entry, book.likeness(asked, entry)))
    return list(found.values())


def _valid(book: Book, entry: Entry, bench: Workbench) -> bool:
    return book.passages[entry.passage_id].valid_on(bench.as_of)
