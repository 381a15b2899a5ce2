"""What a gate check is: one case, one rule's parameters, an objection or none.

    customer × seller × product × channel × date ──check──▶ Objection | Unchecked | None

A check is registered under the name that lookup rules use, with the product types and channels
it is about unless the rule says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from copilot.errors import InputError
from copilot.records.codes import Channel, ProductType, Role
from copilot.records.compliance import LookupRule
from copilot.records.customer import Customer
from copilot.records.gate_check import GateCheck
from copilot.records.matching import CustomerFile
from copilot.records.product import Product
from copilot.records.staff import Seller
from copilot.settings import BankPolicy

CodeT = TypeVar("CodeT", bound=StrEnum)

#: Products whose value can fall: they need a risk rating and a valid assessment.
RATED_TYPES = frozenset(
    {
        ProductType.STRUCTURED_DEPOSIT,
        ProductType.WMP,
        ProductType.FUND,
        ProductType.PRIVATE_FUND,
        ProductType.GOLD,
        ProductType.INSURANCE,
    }
)
PUSHED_CHANNELS = frozenset(channel for channel in Channel if channel.pushed)
ALL_TYPES = frozenset(ProductType)
ALL_CHANNELS = frozenset(Channel)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything one decision is taken from."""

    file: CustomerFile
    seller: Seller
    product: Product
    channel: Channel
    policy: BankPolicy

    @property
    def as_of(self) -> date:
        """The date of the decision."""
        return self.file.as_of

    @property
    def customer(self) -> Customer | None:
        """The customer, ``None`` for a walk-in."""
        return self.file.customer

    @property
    def age(self) -> int | None:
        """The customer's age on the date; a walk-in's only if the description says it."""
        return self.customer.age_on(self.as_of) if self.customer else self.file.described_age

    def lacks(self, table: str) -> bool:
        """Whether the bank did not give a table."""
        return table in self.file.missing_tables


@dataclass(frozen=True, slots=True)
class Objection:
    """A rule is broken; ``detail`` names the values that break it.

    A ``duty`` is something to observe, never a refusal; ``words`` then say it better than the
    rule's message, which is worded for the refusal.
    """

    detail: str = ""
    duty: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True)
class Unchecked:
    """The check cannot be made: the table or column that it needs is not there."""

    what: str


Outcome = Objection | Unchecked | None
CheckFunction = Callable[[Case, "Parameters"], Outcome]


@dataclass(frozen=True, slots=True)
class Parameters:
    """A lookup rule's own thresholds, read with the defaults of the check."""

    rule: LookupRule

    def whole(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.rule.parameters.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(name, "整数")
        return value

    def share(self, name: str, default: float) -> float:
        """A number between 0 and 1."""
        value = self.rule.parameters.get(name, default)
        if not isinstance(value, (int, float)) or not 0 < value <= 1:
            raise self._wrong(name, "0到1之间的数")
        return float(value)

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of some codes."""
        value = self.rule.parameters.get(name, default)
        if value not in allowed:
            raise self._wrong(name, f"{'、'.join(allowed)}之一")
        return str(value)

    def types(self, name: str, default: frozenset[ProductType]) -> frozenset[ProductType]:
        """A set of product types."""
        return self._codes(name, self.rule.parameters.get(name), ProductType, default)

    def channels(self, name: str, default: frozenset[Channel]) -> frozenset[Channel]:
        """A set of channels."""
        return self._codes(name, self.rule.parameters.get(name), Channel, default)

    def roles(self, name: str, default: frozenset[Role]) -> frozenset[Role]:
        """A set of staff roles."""
        return self._codes(name, self.rule.parameters.get(name), Role, default)

    def _codes(
        self, name: str, value: Any, kind: type[CodeT], default: frozenset[CodeT]
    ) -> frozenset[CodeT]:
        if value is None:
            return default
        try:
            return frozenset(kind(code) for code in value)
        except (TypeError, ValueError):
            raise self._wrong(name, f"{kind.__name__} 的代码列表") from None

    def _wrong(self, name: str, wanted: str) -> InputError:
        return InputError(
            f"规则 {self.rule.rule_id} 的参数 {name} 应当是{wanted}",
            field=f"lookup.parameters.{name}",
            next=f"请修改该规则；copilot rules show {self.rule.rule_id} 可以查看。",
        )


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check. ``core`` checks must have a rule, else no decision is taken.

    A check that ``reads_types`` asks for the rule's product types itself; for the others a
    product of another type is simply not their business.
    """

    name: GateCheck
    subject: str  # customer | seller | product | contact
    parameters: frozenset[str]
    product_types: frozenset[ProductType]
    channels: frozenset[Channel]
    core: bool
    reads_types: bool
    run: CheckFunction


CHECKS: dict[str, Check] = {}


def check(
    name: str,
    subject: str,
    *,
    parameters: tuple[str, ...] = (),
    product_types: frozenset[ProductType] = ALL_TYPES,
    channels: frozenset[Channel] = ALL_CHANNELS,
    core: bool = False,
    reads_types: bool = False,
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a check under the name that lookup rules use, a `GateCheck`."""

    def register(run: CheckFunction) -> CheckFunction:
        known = frozenset(parameters) | {"product_types", "channels"}
        CHECKS[name] = Check(
            GateCheck(name), subject, known, product_types, channels, core, reads_types, run
        )
        return run

    return register
