"""Staff, licences, branches, and the principal in whose name everything is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from copilot.records.codes import LicenceKind, ProductType, Role
from copilot.records.validity import in_force

HEAD_OFFICE = "HQ"
"""The branch id of head office, which sees every branch."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff; ``valid_to`` is the first day they no longer work here."""

    staff_id: str
    name: str
    role: Role
    branch_id: str
    valid_to: date | None = None

    def active_on(self, day: date) -> bool:
        """Whether the person works here on ``day``."""
        return self.valid_to is None or day < self.valid_to


@dataclass(frozen=True, slots=True)
class Licence:
    """A qualification with its dates; empty ``product_types`` means the licence's usual ones."""

    staff_id: str
    licence: LicenceKind
    valid_from: date
    valid_to: date | None = None
    product_types: tuple[ProductType, ...] = ()

    def valid_on(self, day: date) -> bool:
        """Whether the licence holds on ``day``."""
        return in_force(self.valid_from, self.valid_to, day)


@dataclass(frozen=True, slots=True)
class Seller:
    """Who would speak, with the licences on record. ``staff`` ``None``: the bank gave no staff."""

    staff: Staff | None
    licences: tuple[Licence, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch; head office has the id ``HQ``."""

    branch_id: str
    name: str
    city: str | None = None
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: repositories answer only within this scope.

    ``branches`` and ``customers`` limit what can be seen; ``None`` means no limit of that kind.
    """

    user_id: str
    roles: frozenset[Role]
    branches: frozenset[str] | None = frozenset()
    customers: frozenset[str] | None = None

    @classmethod
    def operator(cls) -> Principal:
        """The person at the bank's own console: every branch, every customer."""
        return cls("operator", frozenset({Role.OPERATOR, Role.IT}), None, None)

    @classmethod
    def of(cls, staff: Staff) -> Principal:
        """The scope of a member of staff: their branch, or every branch for head office."""
        head_office = staff.branch_id == HEAD_OFFICE
        return cls(
            staff.staff_id,
            frozenset({staff.role}),
            None if head_office else frozenset({staff.branch_id}),
        )

    @property
    def sees_amounts(self) -> bool:
        """Whether amounts are shown: not in the lobby and at the counter, where others look on."""
        return not self.roles or not self.roles <= {Role.LOBBY, Role.TELLER}

    def sees_branch(self, branch_id: str | None) -> bool:
        """Whether records of ``branch_id`` are in scope; records without a branch are shared."""
        return self.branches is None or branch_id is None or branch_id in self.branches

    def sees_customer(self, customer_id: str, branch_id: str | None) -> bool:
        """Whether a customer is in scope."""
        if self.customers is not None and customer_id not in self.customers:
            return False
        return self.sees_branch(branch_id)
