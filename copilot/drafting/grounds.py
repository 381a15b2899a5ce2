"""What of a profile speaks for a product beside the reasons to make contact: facts, no guesses."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from copilot.records.codes import ProductType
from copilot.records.figures import amount_rounded
from copilot.records.product import Product
from copilot.records.profile import FeatureScalar, Profile
from copilot.records.yaml_file import YamlFile

GROUNDS_FILE = Path(__file__).with_name("grounds.yaml")
_SLOT = re.compile(r"\{([a-z0-9_]+):(amount|number|text)\}")
_COMPARED = re.compile(r"(>=|<=|==|>|<) (-?\d+)|in ((?:\w+ ?)+)|known")
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


class Ground(BaseModel):
    """One fact with the product types that it speaks for.

    ``least`` asks that money at hand reaches the product's minimum; ``demand_only`` is for money
    without a term, for which the other grounds of a deposit do not speak.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1)
    product_types: tuple[ProductType, ...] = Field(min_length=1)
    when: dict[str, str] = Field(min_length=1)
    least: bool = False
    demand_only: bool = False

    def speaks(self, product: Product, profile: Profile) -> bool:
        """Whether the fact is one, and speaks for the product."""
        daily = product.type is ProductType.DEPOSIT and not product.term_days
        if product.type not in self.product_types or self.demand_only is not daily:
            return False
        if self.least and not _reached(product, profile):
            return False
        return all(_holds(wanted, profile.value(name)) for name, wanted in self.when.items())

    def told(self, profile: Profile) -> str:
        """The fact in words."""
        return _SLOT.sub(lambda slot: _shown(profile.value(slot[1]), slot[2]), self.text)


@cache
def load_grounds(path: Path = GROUNDS_FILE) -> tuple[Ground, ...]:
    """The grounds of a file, in its order.

    Raises:
        InputError: an unknown key or comparison; names file and line.
    """
    file = YamlFile.read(path)
    grounds = tuple(file.validated(Ground, (index,)) for index in range(len(file.data)))
    for index, ground in enumerate(grounds):
        for name, wanted in ground.when.items():
            if _COMPARED.fullmatch(wanted) is None:
                raise file.error(f"条件 {wanted!r} 写法不对。", (index, "when", name))
    return grounds


def grounds_for(product: Product, profile: Profile) -> Iterator[str]:
    """The facts of a profile that speak for a product, the most telling first."""
    return (g.told(profile) for g in load_grounds() if g.speaks(product, profile))


def _holds(wanted: str, value: FeatureScalar) -> bool:
    found = _COMPARED.fullmatch(wanted)
    assert found is not None
    if wanted == "known":
        return value is not None
    if found[3]:
        return str(value) in found[3].split()
    return isinstance(value, (int, float)) and _HOLDS[found[1]](value, float(found[2]))


def _reached(product: Product, profile: Profile) -> bool:
    at_hand = (profile.value(name) for name in ("aum_demand", "maturing_30", "maturing_today"))
    known = sum(value for value in at_hand if isinstance(value, (int, float)))
    return known >= (product.min_amount or 0)


def _shown(value: FeatureScalar, form: str) -> str:
    if form == "amount" and isinstance(value, (int, float)):
        return amount_rounded(int(value))
    return str(value)
