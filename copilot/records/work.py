"""Work of a member of staff or a branch: what was logged, what was measured, what is still open.

Row ids behind a figure are those of the bank's own tables, so that every sentence of a summary can
be followed to its events.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from copilot.records.codes import Role, SummaryPeriod
from copilot.records.metric import Unit
from copilot.records.staff import HEAD_OFFICE, Branch, Staff

MATURITY_DAYS = 7
"""How far ahead a summary looks for money that falls due."""


@dataclass(frozen=True, slots=True)
class Window:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    def holds(self, moment: datetime | date | None) -> bool:
        """Whether a moment lies in the window; an unknown one does not."""
        if moment is None:
            return False
        day = moment.date() if isinstance(moment, datetime) else moment
        return self.first <= day <= self.last

    def as_json(self) -> dict[str, str]:
        """Both days in ISO form."""
        return {"first": self.first.isoformat(), "last": self.last.isoformat()}


@dataclass(frozen=True, slots=True)
class WorkEvent:
    """One line of a work log; ``amount`` in fen. ``note`` is free text and never an instruction."""

    id: str
    staff_id: str
    at: datetime
    kind: str
    customer_id: str | None = None
    product_code: str | None = None
    amount: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Referral:
    """A customer handed from one member of staff to another."""

    id: str
    at: datetime | None
    customer_id: str | None = None
    from_staff: str | None = None
    to_staff: str | None = None
    accepted_at: datetime | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One queue ticket of a branch."""

    id: str
    at: datetime | None
    branch_id: str | None = None
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A target: money in fen, shares as ratios, everything else as a count."""

    owner_id: str
    period: str
    kpi: str
    value: float


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose work it is: one member of staff, a branch, or the bank.

    ``staff`` is ``None`` for a branch; head office without a member of staff is the whole bank.
    """

    branch: Branch
    staff: Staff | None = None

    @property
    def is_bank(self) -> bool:
        """Whether it is the work of every branch."""
        return self.staff is None and self.branch.branch_id == HEAD_OFFICE

    @property
    def hands_over(self) -> bool:
        """Whether it is somebody who gives customers to others rather than taking them on."""
        return self.staff is not None and self.staff.role in (Role.LOBBY, Role.TELLER)

    @property
    def owner_id(self) -> str:
        """The id that targets and file names use."""
        return self.staff.staff_id if self.staff else self.branch.branch_id

    @property
    def role(self) -> str:
        """The role of the member of staff, else ``bank`` or ``branch``."""
        if self.staff is not None:
            return self.staff.role.value
        return "bank" if self.is_bank else "branch"


@dataclass(frozen=True, slots=True)
class Member:
    """One line of a branch's or the bank's work: a member of staff, or a branch with its staff."""

    member_id: str
    name: str
    staff_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class WorkPeriod:
    """The time that is summed up and the equal stretch of time before it.

    ``workdays`` counts those of ``window``; ``month_workdays`` and ``month_elapsed`` those of the
    month that the last day lies in, for the pace of monthly targets. ``follow_up_by`` is the day
    until which what is left open should be followed up.
    """

    kind: SummaryPeriod
    window: Window
    previous: Window
    complete: bool
    workdays: int
    previous_workdays: int
    month_workdays: int
    month_elapsed: int
    next_workday: date
    follow_up_by: date

    @property
    def last(self) -> date:
        """The day that the summary looks back from."""
        return self.window.last

    @property
    def month_left(self) -> int:
        """The working days of the month after the last day."""
        return self.month_workdays - self.month_elapsed


@dataclass(frozen=True, slots=True)
class Measured:
    """One computed figure of the period, the rows behind it, and the same of the period before.

    ``value`` ``None``: it cannot be computed, and ``missing`` says why; ``previous`` ``None``: the
    records do not cover the period before. Money in fen, shares as ratios.
    """

    name: str
    label: str
    value: int | float | None
    unit: Unit
    counter: str
    formula: str
    table: str
    window: Window
    rows: tuple[str, ...] = ()
    previous: int | float | None = None
    missing: str = ""

    @property
    def source(self) -> str:
        """Where a text says that the figure comes from."""
        return f"metric.{self.name}"

    @property
    def count(self) -> float:
        """The value as a number, 0 when it is unknown."""
        return self.value or 0

    def as_json(self) -> dict[str, Any]:
        """The figure with everything needed to check it."""
        return {
            "name": self.name,
            "label": self.label,
            "value": self.value,
            "unit": self.unit.value,
            "formula": self.formula,
            "window": self.window.as_json(),
            "table": self.table,
            "rows": list(self.rows),
            "previous": self.previous,
            **({"missing": self.missing} if self.missing else {}),
        }


class TargetKind(StrEnum):
    """How a target is judged."""

    FLOW = "flow"  # adds up over the month: compared with the share of workdays gone
    LEVEL = "level"  # a balance or share that must be reached
    CEILING = "ceiling"  # must not be exceeded


@dataclass(frozen=True, slots=True)
class TargetProgress:
    """One target of the month and how far it is reached; ``done`` ``None``: cannot be told.

    ``parts`` are the two figures that a share is made of, the whole and the part.
    """

    kpi: str
    label: str
    kind: TargetKind
    target: float
    unit: Unit
    counter: str
    done: Measured | None
    pace: float
    missing: str = ""
    parts: tuple[Measured, ...] = ()

    @property
    def source(self) -> str:
        """Where a text says that the target comes from."""
        return f"target.{self.kpi}"

    @property
    def rate(self) -> float | None:
        """Done as a share of the target; ``None`` when one of them is not known or zero."""
        if self.done is None or self.done.value is None or not self.target:
            return None
        return self.done.value / self.target

    @property
    def expected(self) -> float | None:
        """What a target that adds up comes to by the end of the month at the pace so far."""
        if self.kind is not TargetKind.FLOW or self.done is None or not self.pace:
            return None
        return self.done.count / self.pace

    @property
    def on_track(self) -> bool | None:
        """Whether the target is reached, or its pace kept; ``None`` when it cannot be told."""
        if self.done is None or self.done.value is None:
            return None
        if self.kind is TargetKind.CEILING:
            return self.done.value <= self.target
        if self.kind is TargetKind.FLOW:
            return self.done.value >= self.target * self.pace
        return self.done.value >= self.target

    def as_json(self) -> dict[str, Any]:
        """The target with what has been done."""
        return {
            "kpi": self.kpi,
            "label": self.label,
            "kind": self.kind.value,
            "target": self.target,
            "done": self.done.value if self.done else None,
            "metric": self.done.name if self.done else None,
            "rate": self.rate,
            "pace": self.pace if self.kind is TargetKind.FLOW else None,
            "on_track": self.on_track,
            **({"missing": self.missing} if self.missing else {}),
        }


class OpenKind(StrEnum):
    """What still has to be done."""

    MATURITY = "maturity"
    COMPLAINT = "complaint"
    CALLBACK = "callback"
    REFERRAL = "referral"
    LOST = "lost"  # matured money that left in the period
    SETTLING = "settling"  # a referral taken on this month that has no result yet
    UNMATCHED = "unmatched"  # a referral marked as sold without a sale in the work log
    PROSPECT = "prospect"  # a customer with a reason that fits a lagging target


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One customer with something open; ``rows`` are ids of ``table``, ``due`` a date to keep.

    ``renews`` marks money that is deposited again by itself, ``owner`` the member (`Member`) whose
    task it is, ``amount`` the money in fen. A prospect is one for the target ``kpi``, ``why`` says
    what speaks for it.
    """

    kind: OpenKind
    customer_id: str
    table: str
    rows: tuple[str, ...]
    due: date | None = None
    renews: bool = False
    owner: str = ""
    amount: int | None = None
    kpi: str = ""
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """The item by the bank's own ids."""
        return {
            "kind": self.kind.value,
            "customer_id": self.customer_id,
            "table": self.table,
            "rows": list(self.rows),
            "due": self.due and self.due.isoformat(),
            "renews": self.renews,
            "owner": self.owner,
            **({"kpi": self.kpi, "why": self.why} if self.kpi else {}),
        }


@dataclass(frozen=True, slots=True)
class Work:
    """Everything measured for one summary; ``notes`` say what the data do not hold.

    ``answers_for`` names the branch whose targets and open items stand here because the member of
    staff leads it.
    """

    subject: Subject
    period: WorkPeriod
    figures: dict[str, Measured]
    targets: tuple[TargetProgress, ...] = ()
    open_items: tuple[OpenItem, ...] = ()
    members: tuple[Member, ...] = ()
    notes: tuple[str, ...] = field(default=())
    answers_for: str = ""

    def without_amounts(self, why: str) -> Work:
        """The same for a screen that others look at: no amounts, no targets of money."""
        figures = {
            name: replace(figure, value=None, previous=None, missing=why)
            if figure.unit is Unit.FEN
            else figure
            for name, figure in self.figures.items()
        }
        targets = tuple(
            replace(target, parts=tuple(p for p in target.parts if p.unit is not Unit.FEN))
            for target in self.targets
            if target.unit is not Unit.FEN
        )
        items = tuple(replace(item, amount=None) for item in self.open_items)
        return replace(self, figures=figures, targets=targets, open_items=items)

    def count(self, name: str) -> float:
        """A figure's value; 0 when it is unknown or was not measured."""
        found = self.figures.get(name)
        return found.count if found else 0

    def open(self, kind: OpenKind, kpi: str = "") -> tuple[OpenItem, ...]:
        """The open items of a kind, the most pressing first; prospects by their target."""
        return tuple(item for item in self.open_items if item.kind is kind and item.kpi == kpi)
