"""Placeholders: sentences are written with them, figures come from what they stand for only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from copilot.records.compliance import Fact
from copilot.records.figures import amount_reported, reported
from copilot.records.metric import Unit
from copilot.records.report import Piece, Stated

SLOT = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
ROLE = "quoted"  # the words around a count or share do not say what it is
AMOUNT_ROLE = "amount"


@dataclass(frozen=True, slots=True)
class Said:
    """The words of one placeholder, the facts they state, and where they come from.

    ``metrics`` are the figures behind it, ``rows`` further rows as ``table:id``.
    """

    text: str
    source: str
    facts: tuple[Fact, ...] = ()
    metrics: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


Values = Mapping[str, Said]


def slot(name: str) -> str:
    """A placeholder.

    >>> slot("calls")
    '{{ calls }}'
    """
    return f"{{{{ {name} }}}}"


def slots_in(template: str) -> list[str]:
    """The placeholders of a sentence, in order."""
    return SLOT.findall(template)


def pieces(template: str, values: Values) -> tuple[Piece, ...]:
    """A sentence with its placeholders filled."""
    found: list[Piece] = []
    for number, part in enumerate(SLOT.split(template)):
        found.append(Stated(values[part].text, values[part].source) if number % 2 else part)
    return tuple(found)


def facts_of(values: Values) -> tuple[Fact, ...]:
    """Everything that a text may state, for the checker; what says the same stands once."""
    facts = (fact for said in values.values() for fact in said.facts)
    return tuple({(fact.role, fact.kind, fact.value): fact for fact in facts}.values())


def stated(value: float, unit: Unit, counter: str) -> tuple[str, Fact]:
    """A value as summaries state it, and the fact that this states (figures have no sign).

    >>> stated(0.8945, Unit.RATIO, "")[0], stated(12, Unit.COUNT, "笔")[0]
    ('89.5%', '12笔')
    """
    if unit is Unit.FEN:
        fen = reported(round(value))
        return amount_reported(fen), Fact("", AMOUNT_ROLE, "amount", abs(fen))
    if unit in (Unit.RATIO, Unit.POINTS):
        percent = round(value * 100, 1)
        name = "%" if unit is Unit.RATIO else "个百分点"
        return f"{percent:g}{name}", Fact("", ROLE, "rate", abs(percent) * 100)
    number = round(value, 1)
    return f"{number:.10g}{counter}", Fact("", ROLE, "count", abs(number))


def date_fact(day: date, source: str) -> Fact:
    """The fact that a date states."""
    return Fact(source, "date", "date", day.isoformat())
