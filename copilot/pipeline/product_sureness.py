"""How sure it is that product records answer a question: the signs, and one logistic formula."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from copilot.pipeline.ask_examples import NO_KIND, Group
from copilot.pipeline.ask_meaning import NOTHING, Meaning, MeaningReader
from copilot.pipeline.product_questions import ProductQuestion


@dataclass(frozen=True, slots=True)
class RecordSigns:
    """What speaks for and against the records.

    ``record`` is the learned score of what is asked of them, ``absent``, ``elsewhere``, ``entry``
    and ``beside`` the best of those groups, ``kind`` and ``no_kind`` the score of a kind of
    product and that of none; ``strange`` the share of the question that no example of the same
    asking speaks of, ``length`` the logarithm of its characters; ``named`` that words name the
    product, ``guessed`` that a term alone does, ``by_word`` that a word names the property.
    """

    record: float
    absent: float
    elsewhere: float
    entry: float
    beside: float
    kind: float
    no_kind: float
    strange: float
    length: float
    named: float
    guessed: float
    by_word: float
    of_kind: float


#: Fitted as the formula of `copilot.pipeline.ask_candidates` is.
BIAS = -4.49
SLOPES = RecordSigns(
    record=3.95,
    absent=-2.47,
    elsewhere=-0.02,
    entry=-1.51,
    beside=-2.33,
    kind=1.09,
    no_kind=-0.97,
    strange=-1.67,
    length=0.00,
    named=0.25,
    guessed=-0.80,
    by_word=0.50,
    of_kind=0.00,
)
#: The score, and the lead, from which a question is like those that nothing answers; and the
#: score where words name the very product.
PLAINLY, LEAD, FIRMLY = -0.5, 0.15, -0.2
_NAMES = [field.name for field in fields(RecordSigns)]


def record_signs(
    question: str, asked: ProductQuestion, meaning: Meaning, reader: MeaningReader | None
) -> RecordSigns:
    """The signs of a question.

    Args:
        question: as typed.
        asked: as its words alone tell it.
        meaning: its learned scores.
        reader: what they were learned by.
    """
    wanted, score = meaning.best(Group.RECORD)
    kinds = [s for kind, s in meaning.kinds.items() if kind != NO_KIND]
    return RecordSigns(
        record=score,
        absent=meaning.best(Group.ABSENT)[1],
        elsewhere=meaning.best(Group.ELSEWHERE)[1],
        entry=meaning.best(Group.ENTRY)[1],
        beside=meaning.best(Group.BESIDE)[1],
        kind=max(kinds, default=NOTHING),
        no_kind=meaning.kinds.get(NO_KIND, NOTHING),
        strange=reader.strange(meaning, Group.RECORD, wanted) if reader else 0.0,
        length=math.log(1 + len(question)),
        named=bool(asked.products) and asked.named,
        guessed=asked.guessed,
        by_word=asked.by_word,
        of_kind=bool(asked.products),
    )


def record_sureness(signs: RecordSigns) -> float:
    """One figure (0 to 1) for the signs of a question.

    Where words tell of product and property, nothing but a likeness to what no record holds
    speaks against it: short questions have few terms to be recognised by.
    """
    unanswered = max(signs.absent, signs.elsewhere, signs.beside)
    floor = FIRMLY if signs.named and not signs.guessed else PLAINLY
    least = PLAINLY if signs.guessed else max(floor, signs.record + LEAD)
    if signs.of_kind and signs.by_word and unanswered < least:
        return 1.0
    total = BIAS + math.fsum(getattr(SLOPES, n) * getattr(signs, n) for n in _NAMES)
    return 1 / (1 + math.exp(-total))
