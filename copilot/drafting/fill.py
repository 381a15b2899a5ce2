"""Fill a template text from records, remembering where every figure stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from copilot.drafting.slots import PATHS, Part, Slot, parse
from copilot.errors import InputError
from copilot.llm.untrusted import gives_orders
from copilot.records import figures
from copilot.records.draft import Figure
from copilot.records.product import Product

UNKNOWN_SALUTATION = "您"


class MissingSlot(InputError):
    """The record has no value for a slot of the template: another template must be used."""

    code = "missing_slot"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"资料中没有 {path} 的值，这个模板填不完整。",
            next="请换一个不用该变量的模板。",
            field=path,
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled text; ``figures`` are the slots whose filled text holds a digit."""

    text: str
    figures: tuple[Figure, ...]


def greeting(salutation: str) -> str:
    """How a text greets a customer, also when no name is known.

    >>> greeting("张先生"), greeting("您")
    ('张先生您好', '您好')
    """
    return "您好" if salutation == UNKNOWN_SALUTATION else f"{salutation}您好"


_SHOWN: dict[str, Callable[[Any], str]] = {
    "": str,
    "greeting": greeting,
    "percent": figures.percent,
    "amount": figures.amount,
    "term": figures.term,
    "date": figures.month_day,
    "full_date": figures.full_date,
}


def fill(text: str | tuple[Part, ...], values: Mapping[str, object]) -> Filled:
    """Fill every slot of a template text.

    Args:
        text: the text, or its `parse`d parts.
        values: the records' values by slot path, in the records' units.

    Raises:
        InputError: the text is not in the slot language.
        MissingSlot: a slot's value is absent or None.

    >>> fill("年利率{{ product.rate_bp | percent }}。", {"product.rate_bp": 125.0}).figures
    (Figure(text='1.25%', start=3, end=8, source='product.rate_bp'),)
    """
    parts = parse(text) if isinstance(text, str) else text
    pieces: list[str] = []
    found: list[Figure] = []
    position = 0
    for part in parts:
        piece = _shown(part, values) if isinstance(part, Slot) else part
        if isinstance(part, Slot) and any(character.isdigit() for character in piece):
            found.append(Figure(piece, position, position + len(piece), part.path))
        pieces.append(piece)
        position += len(piece)
    return Filled("".join(pieces), tuple(found))


def product_values(product: Product) -> dict[str, object]:
    """The slot values that a product version gives; a text that orders the writer about is none."""
    values = {
        path: getattr(product, path.removeprefix("product."))
        for path in PATHS
        if path.startswith("product.")
    }
    return {
        path: None if isinstance(value, str) and gives_orders(value) else value
        for path, value in values.items()
    }


def _shown(slot: Slot, values: Mapping[str, object]) -> str:
    value = values.get(slot.path)
    if value is None or value == "":
        raise MissingSlot(slot.path)
    return _SHOWN[slot.filter](value)
