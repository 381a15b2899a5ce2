"""DuckDB over a generation: views named as the canonical tables, and what the bank did not give.

Feature SQL and explanations see the same views, so a value and the rows behind it cannot part.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.records.generation import Generation
from copilot.records.profile import FeatureSpec
from copilot.records.tables import TABLES, Table
from copilot.settings import BankPolicy

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SQL_TYPES = {
    "text": "varchar",
    "json": "varchar",
    "int": "integer",
    "float": "double",
    "bool": "boolean",
    "date": "date",
    "datetime": "timestamp",
    "money": "bigint",
}
_POLICY_DAYS = (
    "dormant_days",
    "idle_demand_days",
    "maturity_ahead_days",
    "risk_valid_months",
    "contact_interval_days",
    "contact_refusal_days",
)
_POLICY_AMOUNTS = ("idle_demand_amount", "large_inflow_amount")


def connect(scratch: Path | None = None) -> DuckDBPyConnection:
    """An in-memory DuckDB that never reaches a network.

    Large joins spill into ``scratch``; without one nothing is written to disk.
    """
    import duckdb

    config: dict[str, Any] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "preserve_insertion_order": "false",
    }
    config["temp_directory"] = str(scratch) if scratch is not None else ""
    return duckdb.connect(":memory:", config=config)


def literal(text: str) -> str:
    """A SQL string literal.

    >>> literal("O'Hara")
    "'O''Hara'"
    """
    return "'" + text.replace("'", "''") + "'"


def open_tables(
    connection: DuckDBPyConnection,
    generation: Generation,
    policy: BankPolicy,
    only: Container[str] = TABLES,
) -> frozenset[str]:
    """Create the views of the canonical tables (or ``only`` some) and of the bank's policy.

    Returns what the bank did not give: table names, and ``table.column`` for columns that are
    absent or empty from the first row to the last.
    """
    absent: set[str] = set()
    for table in TABLES.values():
        if table.name not in only:
            continue
        path = generation.directory / f"{table.name}.parquet"
        if generation.has(table.name) and path.is_file():
            absent |= _open_table(connection, table, path)
        else:
            absent.add(table.name)
            _open_absent(connection, table)
    _open_policy(connection, policy, generation.currency)
    return frozenset(absent)


def why_unavailable(spec: FeatureSpec, absent: frozenset[str]) -> str | None:
    """Why a feature cannot be computed from these tables, ``None`` when it can."""
    for source in spec.sources:
        if source not in spec.optional and _is_absent(source, absent):
            return f"未提供{_label(source)}"
    return None


def _is_absent(source: str, absent: frozenset[str]) -> bool:
    return source in absent or source.partition(".")[0] in absent


def _label(source: str) -> str:
    name, _, column = source.partition(".")
    table = TABLES.get(name)
    if table is None:
        return f"计算它所需的特征 {column}"
    return f"{table.label}表的“{table.column(column).label}”"


def _open_table(connection: DuckDBPyConnection, table: Table, path: Path) -> set[str]:
    source = f"read_parquet({literal(str(path))})"
    described = connection.execute(f"describe select * from {source}").fetchall()
    given = {str(row[0]): str(row[1]).lower() for row in described}
    filled = _filled_columns(connection, path)
    absent = {
        f"{table.name}.{column.name}" for column in table.columns if column.name not in filled
    }
    selected = []
    for column in table.columns:
        wanted = _SQL_TYPES[column.type]
        if column.name not in given:
            selected.append(f'cast(null as {wanted}) as "{column.name}"')
        elif given[column.name] == wanted:
            selected.append(f'"{column.name}"')  # bare, so that filters reach the Parquet file
        else:
            selected.append(f'cast("{column.name}" as {wanted}) as "{column.name}"')
    connection.execute(
        f'create or replace view "{table.name}" as select {", ".join(selected)} from {source}'
    )
    return absent


def _filled_columns(connection: DuckDBPyConnection, path: Path) -> set[str]:
    """Columns with at least one value, from the footer; an empty file counts as all filled."""
    rows = connection.execute(
        "select path_in_schema, sum(num_values), sum(stats_null_count) from parquet_metadata(?) "
        "group by path_in_schema",
        [str(path)],
    ).fetchall()
    if not rows:
        described = connection.execute(
            f"describe select * from read_parquet({literal(str(path))})"
        ).fetchall()
        return {str(row[0]) for row in described}
    return {str(name) for name, values, nulls in rows if nulls is None or nulls < values}


def _open_absent(connection: DuckDBPyConnection, table: Table) -> None:
    columns = ", ".join(
        f'cast(null as {_SQL_TYPES[column.type]}) as "{column.name}"' for column in table.columns
    )
    connection.execute(f'create or replace view "{table.name}" as select {columns} where false')


def _open_policy(connection: DuckDBPyConnection, policy: BankPolicy, currency: str) -> None:
    columns = [f"{literal(currency)} as currency"]
    columns += [f"cast({getattr(policy, name)} as integer) as {name}" for name in _POLICY_DAYS]
    columns += [f"cast({getattr(policy, name)} as bigint) as {name}" for name in _POLICY_AMOUNTS]
    connection.execute(f"create or replace view policy as select {', '.join(columns)}")
    tiers = [
        f"select {literal(tier)} as tier, cast({floor} as bigint) as min_amount"
        for tier, floor in policy.tiers.items()
    ]
    connection.execute(f"create or replace view policy_tiers as {' union all '.join(tiers)}")
    _open_list(connection, "policy_refusals", "outcome", policy.refusal_outcomes)
    _open_list(connection, "policy_service_kinds", "kind", policy.service_kinds)
    _open_list(connection, "policy_demand_kinds", "kind", policy.demand_account_kinds)


def _open_list(
    connection: DuckDBPyConnection, name: str, column: str, values: Iterable[str]
) -> None:
    rows = [f"select {literal(value)} as {column}" for value in values]
    body = " union all ".join(rows) or f"select cast(null as varchar) as {column} where false"
    connection.execute(f"create or replace view {name} as {body}")
