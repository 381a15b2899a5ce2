"""Staff, licences and branches."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine, Row

from copilot.errors import Forbidden, NotFound, StateError
from copilot.records.codes import LicenceKind, ProductType, Role
from copilot.records.staff import Branch, Licence, Principal, Seller, Staff
from copilot.store import schema
from copilot.store.engine import read_connection

_dims = schema.dimensions


class StaffRepository:
    """Who works where, with which licences."""

    def __init__(self, engine: Engine, principal: Principal) -> None:
        self._engine = engine
        self._principal = principal

    def get(self, staff_id: str) -> Staff:
        """One member of staff.

        Raises:
            NotFound: no such staff id.
        """
        table = _dims["staff"]
        with read_connection(self._engine) as connection:
            row = connection.execute(
                sa.select(table).where(table.c.staff_id == staff_id)
            ).one_or_none()
        if row is None:
            raise NotFound(
                f"没有这个工号：{staff_id}",
                field="staff",
                next="请核对工号（--as 或 --staff 后面写的）。",
            )
        return _staff(row)

    def active(self, staff_id: str, day: date) -> Staff:
        """One member of staff, who works here on ``day``.

        Raises:
            NotFound: no such staff id.
            StateError: they have left.
        """
        staff = self.get(staff_id)
        if not staff.active_on(day):
            raise StateError(
                f"工号 {staff_id} 在 {day.isoformat()} 已离岗",
                next="请换一个在岗的工号，或换一个 --as-of 日期。",
            )
        return staff

    def seller(self, staff_id: str) -> Seller:
        """A member of staff with every licence on record, expired ones too."""
        table = _dims["licences"]
        staff = self.get(staff_id)
        query = (
            sa.select(table)
            .where(table.c.staff_id == staff_id)
            .order_by(table.c.licence, table.c.valid_from)
        )
        with read_connection(self._engine) as connection:
            return Seller(staff, tuple(_licence(row) for row in connection.execute(query)))

    def at_branch(self, branch_id: str, as_of: date) -> list[Staff]:
        """The staff of a branch who work there on ``as_of``, by staff id."""
        table = _dims["staff"]
        query = sa.select(table).where(table.c.branch_id == branch_id).order_by(table.c.staff_id)
        with read_connection(self._engine) as connection:
            staff = [_staff(row) for row in connection.execute(query)]
        return [person for person in staff if person.active_on(as_of)]

    def everyone(self) -> list[Staff]:
        """Every member of staff in the principal's branches, by staff id."""
        table = _dims["staff"]
        with read_connection(self._engine) as connection:
            staff = [
                _staff(row)
                for row in connection.execute(sa.select(table).order_by(table.c.staff_id))
            ]
        return [person for person in staff if self._principal.sees_branch(person.branch_id)]

    def branch(self, branch_id: str) -> Branch:
        """One branch.

        Raises:
            NotFound: no such branch.
            Forbidden: the branch is outside the principal's scope.
        """
        known = {branch.branch_id: branch for branch in self._all_branches()}
        if branch_id not in known:
            seen = "、".join(branch.branch_id for branch in self.branches())
            raise NotFound(
                f"没有这个网点：{branch_id}",
                field="branch",
                next=f"可用的网点：{seen or '（无）'}。",
            )
        if not self._principal.sees_branch(branch_id):
            raise Forbidden(
                f"{self._principal.user_id} 无权查看网点 {branch_id}",
                field="branch",
                next="请由该网点的人员操作。",
            )
        return known[branch_id]

    def branches(self) -> list[Branch]:
        """Every branch in the principal's scope, by id."""
        return [b for b in self._all_branches() if self._principal.sees_branch(b.branch_id)]

    def _all_branches(self) -> list[Branch]:
        table = _dims["branches"]
        with read_connection(self._engine) as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.branch_id)).all()
        return [
            Branch(row.branch_id, row.name or row.branch_id, row.city, row.parent_id)
            for row in rows
        ]


def _staff(row: Row[Any]) -> Staff:
    return Staff(
        row.staff_id, row.name or row.staff_id, Role(row.role), row.branch_id, row.valid_to
    )


def _licence(row: Row[Any]) -> Licence:
    types = json.loads(row.product_types) if row.product_types else []
    return Licence(
        row.staff_id,
        LicenceKind(row.licence),
        row.valid_from,
        row.valid_to,
        tuple(ProductType(value) for value in types),
    )
