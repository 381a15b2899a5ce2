"""Customers and their files, within the principal's scope."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from copilot.errors import Forbidden, NotFound
from copilot.records.codes import ConsentPurpose
from copilot.records.customer import Complaint, Consent, Customer, Interaction, RiskAssessment
from copilot.records.matching import CustomerFile
from copilot.records.staff import Principal
from copilot.store import schema
from copilot.store.engine import read_connection

_dims = schema.dimensions
_IN_FILE = ("risk_assessments", "consents", "interactions", "complaints")
_PAGE = 500
_HIDDEN = frozenset({"phone", "id_number", "row_origin"})


class CustomerRepository:
    """Answers about customers that the principal may see; the others are refused, not hidden."""

    def __init__(self, engine: Engine, principal: Principal, missing: frozenset[str]) -> None:
        self._engine = engine
        self._principal = principal
        self._missing = missing

    def get(self, customer_id: str) -> Customer:
        """One customer.

        Raises:
            NotFound: no such customer.
            Forbidden: the customer belongs to a branch outside the principal's scope.
        """
        with read_connection(self._engine) as connection:
            return self._get(connection, customer_id)

    def file(self, customer_id: str, as_of: date) -> CustomerFile:
        """What the gate needs to know of a customer, with nothing later than ``as_of``."""
        with read_connection(self._engine) as connection:
            customer = self._get(connection, customer_id)
            rows = {name: _rows(connection, name, [customer.customer_id]) for name in _IN_FILE}
        return self._assembled(customer, rows, as_of)

    def files(self, customer_ids: Iterable[str], as_of: date) -> Iterator[CustomerFile]:
        """The files of many customers, in order; those out of scope are left out."""
        wanted = sorted(customer_ids)
        table = _dims["customers"]
        for start in range(0, len(wanted), _PAGE):
            page = wanted[start : start + _PAGE]
            with read_connection(self._engine) as connection:
                found = connection.execute(sa.select(table).where(table.c.customer_id.in_(page)))
                customers = {row.customer_id: row for row in found}
                rows = {name: _by_customer(_rows(connection, name, page)) for name in _IN_FILE}
            for customer_id in page:
                row = customers.get(customer_id)
                if row is None or not self._principal.sees_customer(customer_id, row.branch_id):
                    continue
                own = {name: rows[name].get(customer_id, []) for name in _IN_FILE}
                yield self._assembled(Customer(**_public(row)), own, as_of)

    def _assembled(
        self, customer: Customer, rows: Mapping[str, Sequence[Row[Any]]], as_of: date
    ) -> CustomerFile:
        until = datetime.combine(as_of, time.max)
        return CustomerFile(
            customer=customer,
            as_of=as_of,
            assessments=tuple(
                RiskAssessment(row.customer_id, row.assessed_on, row.level)
                for row in rows["risk_assessments"]
                if row.assessed_on <= as_of
            ),
            consents=tuple(
                Consent(
                    row.customer_id, ConsentPurpose(row.purpose), row.channel, row.at, row.granted
                )
                for row in rows["consents"]
                if row.at <= until
            ),
            interactions=tuple(
                Interaction(**_public(row)) for row in rows["interactions"] if row.at <= until
            ),
            complaints=tuple(
                Complaint(**_public(row))
                for row in rows["complaints"]
                if row.at is None or row.at <= until
            ),
            missing_tables=self._missing,
        )

    def last_visit(self, customer_id: str, as_of: date) -> date | None:
        """The day of a customer's latest queue ticket, ``as_of`` included.

        Only the id of a customer in scope may be given.
        """
        table = _dims["visits"]
        query = sa.select(sa.func.max(table.c.at)).where(
            table.c.customer_id == customer_id, table.c.at <= datetime.combine(as_of, time.max)
        )
        with read_connection(self._engine) as connection:
            at: datetime | None = connection.execute(query).scalar()
        return None if at is None else at.date()

    def names(self, customer_ids: Iterable[str]) -> dict[str, str]:
        """Names for showing to staff; customers out of scope or without a name are left out."""
        table = _dims["customers"]
        wanted = list(customer_ids)
        found: dict[str, str] = {}
        with read_connection(self._engine) as connection:
            for start in range(0, len(wanted), _PAGE):
                query = sa.select(table.c.customer_id, table.c.name, table.c.branch_id).where(
                    table.c.customer_id.in_(wanted[start : start + _PAGE])
                )
                for row in connection.execute(query):
                    if row.name and self._principal.sees_customer(row.customer_id, row.branch_id):
                        found[row.customer_id] = row.name
        return found

    def spoken(
        self, customer_ids: Iterable[str], since: datetime, until: datetime
    ) -> dict[str, tuple[Interaction, ...]]:
        """Contacts with a text between two moments, of those of some customers who have any.

        Only the ids of customers in scope may be given.
        """
        table = _dims["interactions"]
        wanted = list(customer_ids)
        found: dict[str, tuple[Interaction, ...]] = {}
        with read_connection(self._engine) as connection:
            for start in range(0, len(wanted), _PAGE):
                query = (
                    sa.select(table)
                    .where(table.c.customer_id.in_(wanted[start : start + _PAGE]))
                    .where(table.c.text.is_not(None), table.c.at.between(since, until))
                    .order_by(table.c.customer_id, table.c.at, table.c.id)
                )
                for row in connection.execute(query):
                    said = found.get(row.customer_id, ())
                    found[row.customer_id] = (*said, Interaction(**_public(row)))
        return found

    def ids(self, branch_id: str | None = None) -> list[str]:
        """Ids of the customers in scope, optionally of one branch, in order."""
        table = _dims["customers"]
        query = sa.select(table.c.customer_id, table.c.branch_id).order_by(table.c.customer_id)
        if branch_id is not None:
            query = query.where(table.c.branch_id == branch_id)
        with read_connection(self._engine) as connection:
            return [
                row.customer_id
                for row in connection.execute(query)
                if self._principal.sees_customer(row.customer_id, row.branch_id)
            ]

    def identifiers(self, customer_id: str) -> tuple[str, ...]:
        """Every string that identifies the customer, for the guard at the model's door."""
        table = _dims["customers"]
        accounts = _dims["accounts"]
        with read_connection(self._engine) as connection:
            customer = self._get(connection, customer_id)
            customer_id = customer.customer_id
            row = connection.execute(
                sa.select(table.c.phone, table.c.id_number).where(
                    table.c.customer_id == customer_id
                )
            ).one()
            numbers = connection.scalars(
                sa.select(accounts.c.account_id).where(accounts.c.customer_id == customer_id)
            ).all()
        known = (customer_id, customer.name, row.phone, row.id_number, *numbers)
        return tuple(value for value in known if value)

    def _get(self, connection: Connection, customer_id: str) -> Customer:
        table = _dims["customers"]
        query = sa.select(table).where(table.c.customer_id.in_(_spellings(customer_id)))
        row = connection.execute(query).first()
        if row is None:
            # Someone may have typed a name where the id belongs; it must not come back in a log.
            shown = customer_id if customer_id.isascii() else "（输入的不是客户号）"
            raise NotFound(
                f"没有这个客户号：{shown}",
                field="customer",
                next="请核对客户号；copilot today 可以列出今天值得联系的客户。",
            )
        if not self._principal.sees_customer(row.customer_id, row.branch_id):
            raise Forbidden(
                f"{self._principal.user_id} 无权查看客户 {row.customer_id}",
                field="customer",
                next="请由该客户所在网点的人员操作。",
            )
        return Customer(**_public(row))


def _spellings(customer_id: str) -> list[str]:
    """The id as typed, and as it is meant when typed full-width or in lower case."""
    plain = unicodedata.normalize("NFKC", customer_id).strip()
    return list(dict.fromkeys((customer_id, plain, plain.upper())))


def _rows(connection: Connection, name: str, customer_ids: Sequence[str]) -> list[Row[Any]]:
    table = _dims[name]
    query = sa.select(table).where(table.c.customer_id.in_(customer_ids))
    return list(connection.execute(query.order_by(*table.primary_key.columns)).all())


def _by_customer(rows: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.customer_id, []).append(row)
    return found


def _public(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in _HIDDEN}
