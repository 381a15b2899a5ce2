"""Example questions by what they mean: the bank's own data, from which meaning is learned.

``knowledge/examples/faq/*.yaml``     ways to ask a frequent question, and near ones it leaves open
``knowledge/examples/products.yaml``  ways to ask for a record, and for what no record holds
``knowledge/examples/elsewhere.yaml`` questions that are none of the knowledge base's business
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, RootModel

from copilot.paths import shipped
from copilot.pipeline.product_words import Property
from copilot.records.yaml_file import YamlFile

EXAMPLES = "examples"
PRODUCTS_FILE, ELSEWHERE_FILE, ENTRIES_FOLDER = "products.yaml", "elsewhere.yaml", "faq"
#: The kind of a question that means no product.
NO_KIND = "-"


class Group(StrEnum):
    """What sort of meaning a question has."""

    ENTRY = "entry"  # a frequent question answers it
    BESIDE = "beside"  # near a frequent question that does not answer it
    RECORD = "record"  # a product record answers it
    ABSENT = "absent"  # asked of a product, on no record
    ELSEWHERE = "elsewhere"  # nobody's business here


class Form(StrEnum):
    """Questions for more than one property of one product on one day."""

    PAST_RATE = "past_rate"
    INTEREST = "interest"
    COMPARING = "comparing"
    LISTING = "listing"
    RANKING = "ranking"


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what it means (``group:name``) and the kind of product, where it has one."""

    text: str
    label: str
    kind: str = ""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    asked: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


class _Entries(RootModel[dict[str, _Entry]]):
    model_config = ConfigDict(frozen=True)


class _Elsewhere(RootModel[dict[str, tuple[str, ...]]]):
    model_config = ConfigDict(frozen=True)


class _Records(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    asks: Property | Form
    of: tuple[str, ...] = ()
    questions: tuple[str, ...]


class _Absent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str
    of: tuple[str, ...] = ()
    questions: tuple[str, ...]


class _Products(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    records: tuple[_Records, ...] = ()
    absent: tuple[_Absent, ...] = ()


def label(group: Group, name: str) -> str:
    """A meaning as one word."""
    return f"{group}:{name}"


def example_files(knowledge: Path) -> list[Path]:
    """The example files of a knowledge folder, or the shipped ones where it has none."""
    folder = knowledge / EXAMPLES
    folder = folder if folder.is_dir() else shipped("knowledge") / EXAMPLES
    return sorted(folder.rglob("*.yaml"))


def read_examples(knowledge: Path) -> list[Example]:
    """Every example.

    Raises:
        InputError: a file breaks its schema; names file, line and field.
    """
    return [example for path in example_files(knowledge) for example in _read(path)]


def _read(path: Path) -> Iterator[Example]:
    file = YamlFile.read(path)
    if path.name == PRODUCTS_FILE:
        yield from _of_products(file.validated(_Products))
    elif path.name == ELSEWHERE_FILE:
        for reason, texts in file.validated(_Elsewhere).root.items():
            yield from (Example(text, label(Group.ELSEWHERE, reason), NO_KIND) for text in texts)
    else:
        for entry, said in file.validated(_Entries).root.items():
            yield from (Example(text, label(Group.ENTRY, entry)) for text in said.asked)
            yield from (Example(text, label(Group.BESIDE, entry)) for text in said.beside)


def _of_products(products: _Products) -> Iterator[Example]:
    for told in products.records:
        for text in told.questions:
            yield Example(text, label(Group.RECORD, told.asks), _kind(told.of))
    for missing in products.absent:
        for text in missing.questions:
            yield Example(text, label(Group.ABSENT, missing.what), _kind(missing.of))


def _kind(of: tuple[str, ...]) -> str:
    """The one kind of product that a question means; empty when it means several."""
    return of[0] if len(of) == 1 else "" if of else NO_KIND
