"""The words by which questions are understood: data that the bank edits, with a closed schema."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from copilot.errors import InputError
from copilot.paths import shipped
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
    COOLING_OFF = "cooling_off"
    PAY_TERMS = "pay_terms"
    ISSUER = "issuer"
    INSURED = "insured"


class Opposites(BaseModel):
    """Words for two procedures of which one must never answer for the other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    one: tuple[str, ...]
    other: tuple[str, ...]


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
    maturities_today: tuple[re.Pattern[str], ...]
    must_be_said: tuple[str, ...]
    asking: frozenset[str]
    fillers: re.Pattern[str]
    same: tuple[tuple[str, ...], ...]
    opposites: tuple[Opposites, ...]
    subjects: dict[str, tuple[str, ...]]

    @cached_property
    def first_word(self) -> dict[str, str]:
        """The first word of its group, for every word that has a group."""
        return {word.lower(): group[0].lower() for group in self.same for word in group}

    @cached_property
    def synonym(self) -> re.Pattern[str]:
        """Any word that has a group, the longest that fits."""
        longest_first = sorted(self.first_word, key=lambda word: (-len(word), word))
        return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def other_returns_in(self, text: str) -> bool:
        """Whether a text asks for a return that is neither a posted rate nor a benchmark."""
        return any(word in text for name in self.other_returns for word in self.absent(name))

    def absent(self, name: str) -> tuple[str, ...]:
        """The words that ask for something no record holds."""
        return self.never_on_record.get(name, ())


def question_words(knowledge: Path) -> QuestionWords:
    """The words in a knowledge folder, or the shipped ones where it has no such file.

    Raises:
        InputError: the file is wrong; names the field.
    """
    path = knowledge / WORDS_FILE
    path = path if path.is_file() else shipped("knowledge") / WORDS_FILE
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
