"""The rows behind a plan: one connection with the bank's tables and the customers' features."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.records.generation import FeatureBuild, Generation
from copilot.records.tables import TABLES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEEDED = ("customers", "interactions", "events", "holdings", "targets", "products", "transactions")
#: Of the branches asked for; without any, of the whole bank.
IN_SCOPE = "(len($branches::varchar[]) = 0 or list_contains($branches::varchar[], branch_id))"
_SQL_TYPES = {"money": "bigint", "date": "date", "datetime": "timestamp", "float": "double"}


class PlanRows:
    """Views of the tables that plans are computed from; an absent table is an empty view.

    ``features`` has one row a customer with branch and manager, ``reasons`` one a reason.
    """

    def __init__(self, generation: Generation, build: FeatureBuild) -> None:
        import duckdb

        self._connection: DuckDBPyConnection = duckdb.connect(":memory:")
        self.missing = tuple(name for name in NEEDED if not generation.has(name))
        for name in NEEDED:
            if name in self.missing:
                columns = ", ".join(
                    f'null::{_SQL_TYPES.get(c.type, "varchar")} as "{c.name}"'
                    for c in TABLES[name].columns
                )
                self._view(name, f"select {columns} where false")
            else:
                self._view(name, _files(generation.files(name)))
        self._view("reasons", build.rows_of("reasons"))
        self._view(
            "features",
            "select f.*, c.branch_id, c.manager_id "
            f"from ({build.rows_of('features')}) f join customers c using (customer_id)",
        )

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

    def close(self) -> None:
        """Releases the connection."""
        self._connection.close()

    def _view(self, name: str, query: str) -> None:
        self._connection.execute(f'create view "{name}" as {query}')


def _files(paths: Iterable[Path]) -> str:
    quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"select * from read_parquet([{quoted}], union_by_name = true)"
