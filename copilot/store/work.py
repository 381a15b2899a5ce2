"""What staff did: events, contacts, referrals, visits, complaints and targets, by who may see it.

Everybody sees their own work. A branch manager sees that of the branch, head office that of every
branch; nobody else sees the work of others.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine, Row

from copilot.errors import Forbidden
from copilot.records.codes import Channel, ConsentPurpose, Role
from copilot.records.customer import Complaint, Consent, Interaction, latest_word
from copilot.records.staff import Principal, Staff
from copilot.records.work import Member, Referral, Subject, Target, Visit, Window, WorkEvent
from copilot.store import schema
from copilot.store.engine import read_connection

_dims = schema.dimensions
_PAGE = 500


class WorkRepository:
    """The work of one subject; every answer is limited to it.

    Raises:
        Forbidden: the principal may not see this work.
    """

    def __init__(self, engine: Engine, principal: Principal, subject: Subject) -> None:
        self._engine = engine
        self._subject = subject
        _admit(principal, subject)
        self.team = self._team()
        self._ids = [person.staff_id for person in self.team]
        self.members = self._members()

    def events(self, window: Window) -> list[WorkEvent]:
        """The work log, in time order."""
        table = _dims["events"]
        return [WorkEvent(**_public(row)) for row in self._rows(table, table.c.staff_id, window)]

    def interactions(self, window: Window) -> list[Interaction]:
        """The contacts, in time order."""
        table = _dims["interactions"]
        return [Interaction(**_public(row)) for row in self._rows(table, table.c.staff_id, window)]

    def referrals(self, until: date) -> list[Referral]:
        """The referrals given or taken until a day, in time order."""
        table = _dims["referrals"]
        query = sa.select(table).where(
            sa.or_(table.c.from_staff.in_(self._ids), table.c.to_staff.in_(self._ids)),
            table.c.at <= datetime.combine(until, time.max),
        )
        return [Referral(**_public(row)) for row in self._all(query, table)]

    def visits(self, window: Window) -> list[Visit]:
        """The queue tickets of the branch, in time order."""
        table = _dims["visits"]
        query = sa.select(table.c.id, table.c.at, table.c.branch_id, table.c.customer_id).where(
            _within(table.c.at, window)
        )
        if not self._subject.is_bank:
            query = query.where(table.c.branch_id == self._subject.branch.branch_id)
        return [Visit(**row._mapping) for row in self._all(query, table)]

    def complaints(self, until: date) -> list[Complaint]:
        """The complaints of the subject's customers until a day, in time order."""
        table = _dims["complaints"]
        query = sa.select(table).where(
            table.c.customer_id.in_(self._customers(_dims["customers"].c.customer_id)),
            table.c.at <= datetime.combine(until, time.max),
        )
        return [Complaint(**_public(row)) for row in self._all(query, table)]

    def targets(self, period: str) -> list[Target]:
        """The subject's targets of a period such as ``2026-11``; and those of a bank's branches."""
        table = _dims["targets"]
        owners = [self._subject.owner_id]
        if self._subject.is_bank:
            owners += [member.member_id for member in self.members]
        query = (
            sa.select(table)
            .where(table.c.owner_id.in_(owners), table.c.period == period)
            .order_by(table.c.owner_id, table.c.kpi)
        )
        with read_connection(self._engine) as connection:
            return [Target(**_public(row)) for row in connection.execute(query)]

    def customers(self) -> dict[str, str]:
        """The customers whom the subject manages, or those of the branch, with whose task they are.

        That is the managing member of staff, for the bank the branch; empty when nobody is named.
        """
        table = _dims["customers"]
        owner = table.c.branch_id if self._subject.is_bank else table.c.manager_id
        with read_connection(self._engine) as connection:
            found = connection.execute(self._customers(table.c.customer_id, owner))
            return {customer_id: in_charge or "" for customer_id, in_charge in found}

    def refusing(self, customer_ids: Iterable[str], until: date) -> set[str]:
        """Those whose latest word on marketing, by phone or in general, is a no."""
        table, purpose = _dims["consents"], ConsentPurpose.MARKETING
        wanted = sorted(set(customer_ids))
        said: dict[str, list[Consent]] = {}
        with read_connection(self._engine) as connection:
            for start in range(0, len(wanted), _PAGE):
                query = sa.select(
                    table.c.customer_id, table.c.channel, table.c.at, table.c.granted
                ).where(
                    table.c.customer_id.in_(wanted[start : start + _PAGE]),
                    table.c.purpose == purpose.value,
                )
                for row in connection.execute(query):
                    word = Consent(row.customer_id, purpose, row.channel, row.at, row.granted)
                    said.setdefault(row.customer_id, []).append(word)
        latest = {c: latest_word(words, purpose, until, Channel.PHONE) for c, words in said.items()}
        return {customer_id for customer_id, word in latest.items() if word and not word.granted}

    def product_types(self) -> dict[str, str]:
        """The type of every product code."""
        table = _dims["products"]
        query = sa.select(table.c.product_code, table.c.type).distinct()
        with read_connection(self._engine) as connection:
            return {row.product_code: row.type for row in connection.execute(query)}

    def first_day(self, name: str) -> date | None:
        """The day from which on the bank gave a table's rows; ``None`` when it is empty."""
        query = sa.select(sa.func.min(_dims[name].c.at))
        with read_connection(self._engine) as connection:
            first: datetime | None = connection.scalar(query)
        return first.date() if first else None

    def _team(self) -> tuple[Staff, ...]:
        if self._subject.staff is not None:
            return (self._subject.staff,)
        table = _dims["staff"]
        query = sa.select(table).order_by(table.c.staff_id)
        if not self._subject.is_bank:
            query = query.where(table.c.branch_id == self._subject.branch.branch_id)
        with read_connection(self._engine) as connection:
            return tuple(
                Staff(r.staff_id, r.name or r.staff_id, Role(r.role), r.branch_id, r.valid_to)
                for r in connection.execute(query)
            )

    def _members(self) -> tuple[Member, ...]:
        """The staff of a branch; of the bank, the branches that have staff."""
        if not self._subject.is_bank:
            return tuple(
                Member(person.staff_id, person.name, frozenset({person.staff_id}))
                for person in self.team
            )
        table = _dims["branches"]
        query = sa.select(table.c.branch_id, table.c.name).order_by(table.c.branch_id)
        with read_connection(self._engine) as connection:
            names = {row.branch_id: row.name for row in connection.execute(query)}
        staff: dict[str, set[str]] = {}
        for person in self.team:
            if person.branch_id != self._subject.branch.branch_id:
                staff.setdefault(person.branch_id, set()).add(person.staff_id)
        return tuple(
            Member(branch_id, names.get(branch_id) or branch_id, frozenset(ids))
            for branch_id, ids in sorted(staff.items())
        )

    def _customers(self, *columns: sa.Column[Any]) -> sa.Select[Any]:
        table = _dims["customers"]
        query = sa.select(*columns).order_by(table.c.customer_id)
        if self._subject.staff is not None:
            return query.where(table.c.manager_id == self._subject.staff.staff_id)
        if self._subject.is_bank:
            return query
        return query.where(table.c.branch_id == self._subject.branch.branch_id)

    def _rows(self, table: sa.Table, owner: sa.Column[Any], window: Window) -> Iterable[Row[Any]]:
        return self._all(
            sa.select(table).where(owner.in_(self._ids), _within(table.c.at, window)), table
        )

    def _all(self, query: sa.Select[Any], table: sa.Table) -> list[Row[Any]]:
        with read_connection(self._engine) as connection:
            return list(connection.execute(query.order_by(table.c.at, table.c.id)).all())


def leads(principal: Principal) -> bool:
    """Whether somebody sees the work of others: a branch manager, or head office."""
    return principal.branches is None or Role.MANAGER in principal.roles


def _admit(principal: Principal, subject: Subject) -> None:
    staff, branch = subject.staff, subject.branch.branch_id
    if staff is not None and principal.user_id == staff.staff_id:
        return
    if leads(principal) and principal.sees_branch(branch):
        return
    raise Forbidden(
        f"{principal.user_id} 无权查看 {subject.owner_id} 的工作记录",
        field="staff" if staff else "branch",
        next="员工只看自己的，支行行长看本支行的；请由本人、所在支行行长或总行操作。",
    )


def _within(column: sa.Column[Any], window: Window) -> sa.ColumnElement[bool]:
    return column.between(
        datetime.combine(window.first, time.min), datetime.combine(window.last, time.max)
    )


def _public(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "row_origin"}
