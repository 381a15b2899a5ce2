"""The words by which questions are understood: data that the bank edits, with a closed schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from copilot.errors import InputError
from copilot.paths import knowledge_file
from copilot.records.codes import ProductType
from copilot.records.yaml_file import YamlFile

WORDS_FILE = "questions.yaml"


class Property(StrEnum):
    """What a product record can be asked for."""

    RATE = "rate"
    MIN_AMOUNT = "min_amount"
    TERM = "term"
    RATING = "rating"
    FEES = "fees"
    WITHDRAWAL = "withdrawal"
    SALE = "sale"
    BRANCHES = "branches"
    CHANNELS = "channels"
    AUDIENCE = "audience"
    COOLING_OFF = "cooling_off"
    PAY_TERMS = "pay_terms"
    ISSUER = "issuer"
    INSURED = "insured"


class Opposites(BaseModel):
    """Words for two procedures of which one must never answer for the other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    one: tuple[str, ...]
    other: tuple[str, ...]


class FigureSlot(BaseModel):
    """Questions for a kind of figure, and how an answer that has such a figure reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    asked: re.Pattern[str]
    told: re.Pattern[str]


class QuestionWords(BaseModel):
    """The content of ``questions.yaml``; what each list is for stands there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    properties: dict[Property, tuple[str, ...]]
    never_on_record: dict[str, tuple[str, ...]]
    other_returns: tuple[str, ...]
    kinds: tuple[tuple[str, ProductType, str], ...]
    not_sold: tuple[str, ...]
    other_banks: tuple[str, ...]
    reply_words: tuple[str, ...]
    may_i: tuple[str, ...]
    ranking: tuple[re.Pattern[str], ...]
    listing: tuple[re.Pattern[str], ...]
    comparing: tuple[re.Pattern[str], ...]
    interest: tuple[re.Pattern[str], ...]
    changes: tuple[re.Pattern[str], ...]
    maturities_today: tuple[re.Pattern[str], ...]
    must_be_said: tuple[str, ...]
    asking: frozenset[str]
    fillers: re.Pattern[str]
    opposites: tuple[Opposites, ...]
    figures: tuple[FigureSlot, ...]
    definition: re.Pattern[str]
    personal: tuple[re.Pattern[str], ...]
    personal_exempt: re.Pattern[str]

    def asks_personal(self, text: str) -> bool:
        """Whether a text wants somebody's own data looked up or told."""
        return not self.personal_exempt.search(text) and any(p.search(text) for p in self.personal)

    def defined(self, text: str) -> str:
        """The word whose meaning a text asks for, or an empty string."""
        match = self.definition.search(text)
        return (match["named"] or match["term"]) if match else ""

    def other_returns_in(self, text: str) -> bool:
        """Whether a text asks for a return that is neither a posted rate nor a benchmark."""
        return any(word in text for name in self.other_returns for word in self.absent(name))

    def never_on_record_in(self, text: str) -> Iterator[str]:
        """The words of a text that ask for something no record holds."""
        for said in self.never_on_record.values():
            yield from (word for word in said if word in text)

    def absent(self, name: str) -> tuple[str, ...]:
        """The words that ask for something no record holds."""
        return self.never_on_record.get(name, ())


def question_words(knowledge: Path) -> QuestionWords:
    """The words in a knowledge folder, or the shipped ones where it has no such file.

    Raises:
        InputError: the file is wrong; names the field.
    """
    path = knowledge_file(knowledge, WORDS_FILE)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _stamp: int) -> QuestionWords:
    file = YamlFile.read(path)
    try:
        return QuestionWords.model_validate(file.data)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(str(part) for part in wrong["loc"])
        raise InputError(
            f"提问词表的 {place} 写得不对：{wrong['msg']}",
            next="请对照随程序附带的 questions.yaml 修改。",
            file=str(path),
            field=place,
        ) from None
