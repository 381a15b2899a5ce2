"""The rows that a summary is computed from, read once for the period and the one before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from copilot.metrics.work_snapshots import read_snapshots
from copilot.records.customer import Complaint, Holding, Interaction
from copilot.records.generation import Generation
from copilot.records.work import (
    Member,
    Referral,
    Subject,
    Visit,
    Window,
    WorkEvent,
    WorkPeriod,
)
from copilot.settings import BankPolicy
from copilot.store.work import WorkRepository

WORK_TABLES = ("events", "interactions", "referrals", "visits", "complaints")
_SNAPSHOT_REACH = 3  # days before a period within which a snapshot stands for its beginning


@dataclass(frozen=True)
class WorkRows:
    """Rows of one subject, none later than the period's last day.

    ``customers`` have whose task they are beside them (`WorkRepository.customers`). ``since`` is
    the first day of each table's rows (``None``: the bank did not give the table);
    ``opening`` and ``closing`` are the snapshots around the period, ``current`` the newest one.
    """

    subject: Subject
    period: WorkPeriod
    policy: BankPolicy
    members: tuple[Member, ...]
    customers: dict[str, str]
    refusing: frozenset[str]
    types: dict[str, str]
    since: dict[str, date | None]
    events: tuple[WorkEvent, ...]
    interactions: tuple[Interaction, ...]
    referrals: tuple[Referral, ...]
    visits: tuple[Visit, ...]
    complaints: tuple[Complaint, ...]
    holdings: dict[date, tuple[Holding, ...]]
    snapshots: tuple[date, ...]

    @property
    def is_branch(self) -> bool:
        """Whether the subject is a branch, or the bank with all of them."""
        return self.subject.staff is None

    @property
    def receives(self) -> bool:
        """Whether visitors of the branch are the subject's own work."""
        return self.is_branch or self.subject.hands_over

    @cached_property
    def current(self) -> date | None:
        """The newest snapshot of holdings at the end of the period."""
        return self.snapshots[-1] if self.snapshots else None

    def owner_of(self, staff_id: str | None) -> str:
        """The member as whose task a member of staff's work counts; empty when there is none."""
        return next((m.member_id for m in self.members if staff_id in m.staff_ids), "")

    def within(self, table: str, window: Window) -> tuple[Any, ...]:
        """The rows of a table that lie in a window; each pair is looked through once."""
        key = table, window
        if key not in self._windows:
            rows = getattr(self, table)
            self._windows[key] = tuple(row for row in rows if window.holds(row.at))
        return self._windows[key]

    @cached_property
    def _windows(self) -> dict[tuple[str, Window], tuple[Any, ...]]:
        return {}

    def opening(self, window: Window) -> date | None:
        """The snapshot with which a period begins; ``None`` when there is none close to it."""
        before = [day for day in self.snapshots if day < window.first]
        if not before or (window.first - before[-1]).days > _SNAPSHOT_REACH:
            return None
        return before[-1]

    def closing(self, window: Window) -> date | None:
        """The last snapshot within a period."""
        within = [day for day in self.snapshots if window.holds(day)]
        return within[-1] if within else None


def read_rows(
    work: WorkRepository,
    generation: Generation,
    subject: Subject,
    period: WorkPeriod,
    policy: BankPolicy,
) -> WorkRows:
    """Every row that the figures of a period need."""
    span = Window(period.previous.first.replace(day=1), period.last)
    customers = work.customers()
    contacts, events = tuple(work.interactions(span)), tuple(work.events(span))
    dealt_with = {contact.customer_id for contact in contacts}
    dealt_with |= {event.customer_id for event in events if event.customer_id}
    snapshots, holdings = read_snapshots(generation, frozenset(customers), period)
    return WorkRows(
        subject=subject,
        period=period,
        policy=policy,
        members=work.members,
        customers=customers,
        refusing=frozenset(work.refusing(dealt_with, period.last)),
        types=work.product_types(),
        since={
            name: work.first_day(name) if generation.has(name) else None for name in WORK_TABLES
        },
        events=events,
        interactions=contacts,
        referrals=tuple(work.referrals(period.last)),
        visits=tuple(work.visits(span)),
        complaints=tuple(work.complaints(period.last)),
        holdings=holdings,
        snapshots=snapshots,
    )
