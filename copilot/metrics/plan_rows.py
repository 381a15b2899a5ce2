"""The rows behind a plan: one connection with the bank's tables and the customers' features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from copilot.records.generation import FeatureBuild, Generation
from copilot.records.plan import Goal, PlanWindow
from copilot.records.sql import SQL_TYPES, parquet
from copilot.records.tables import TABLES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEEDED = ("customers", "interactions", "events", "holdings", "targets", "products", "transactions")
#: Of the branches asked for; without any, of the whole bank.
IN_SCOPE = "(len($branches::varchar[]) = 0 or list_contains($branches::varchar[], branch_id))"
_OPENED = """select customer_id, holding_id, product_type, min(opened_on) as opened_on,
  arg_min(amount, as_of) as amount
from holdings where opened_on is not null group by 1, 2, 3"""


class PlanRows:
    """Views of the tables that plans are computed from; an absent table is an empty view.

    ``features`` has one row a customer with branch and manager, ``reasons`` one a reason,
    ``opened`` one a holding with the day and the amount that it began with.
    """

    def __init__(self, generation: Generation, build: FeatureBuild) -> None:
        import duckdb

        self._connection: DuckDBPyConnection = duckdb.connect(":memory:")
        self.missing = tuple(name for name in NEEDED if not generation.has(name))
        for name in NEEDED:
            if name in self.missing:
                columns = ", ".join(
                    f'null::{SQL_TYPES[c.type]} as "{c.name}"' for c in TABLES[name].columns
                )
                self._view(name, f"select {columns} where false")
            else:
                self._view(name, f"from {parquet(*generation.files(name))}")
        self._view("reasons", build.rows_of("reasons"))
        self._view(
            "features",
            "select f.*, c.branch_id, c.manager_id "
            f"from ({build.rows_of('features')}) f join customers c using (customer_id)",
        )
        self._view("opened", _OPENED)

    def has(self, table: str) -> bool:
        """Whether the bank gave a table."""
        return table not in self.missing

    def all(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Every row of a query."""
        used = {name: value for name, value in values.items() if f"${name}" in query}
        return list(self._connection.execute(query, used).fetchall())

    def one(self, query: str, **values: Any) -> tuple[Any, ...]:
        """The only row of a query."""
        return self.all(query, **values)[0]

    def features_of(self, customers: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The features of customers by name, by customer."""
        query = "select * from features where list_contains($ids::varchar[], customer_id)"
        found = self._connection.execute(query, {"ids": list(customers)})
        names = [column[0] for column in found.description or ()]
        rows = (dict(zip(names, row, strict=True)) for row in found.fetchall())
        return {row["customer_id"]: row for row in rows}

    def close(self) -> None:
        """Releases the connection."""
        self._connection.close()

    def _view(self, name: str, query: str) -> None:
        self._connection.execute(f'create view "{name}" as {query}')


@dataclass(frozen=True, slots=True)
class PlanCase:
    """What the figures of a plan are about: whose customers, which goal, when they are touched.

    No branches stand for the whole bank. ``service_kinds`` are contacts that are no marketing,
    ``interval_days`` lie between two contacts at least.
    """

    rows: PlanRows
    branches: tuple[str, ...]
    as_of: date
    goal: Goal
    touch: PlanWindow
    service_kinds: tuple[str, ...] = ()
    interval_days: int = 30

    def all(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Every row of a query about the case; ``values`` override what the case says."""
        known = {
            "branches": list(self.branches),
            "as_of": self.as_of,
            "first": self.goal.window.first,
            "last": self.goal.window.last,
            "due_types": [kind.value for kind in self.goal.due_types],
            "types": [kind.value for kind in self.goal.product_types],
            "service": list(self.service_kinds),
        }
        return self.rows.all(query, **(known | values))

    def one(self, query: str, **values: Any) -> tuple[Any, ...]:
        """The only row of a query about the case."""
        return self.all(query, **values)[0]
