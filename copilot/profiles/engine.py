"""DuckDB over a generation: views named as the canonical tables, and what the bank did not give.

Feature SQL and explanations see the same views, so a value and the rows behind it cannot part.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.records.generation import Generation
from copilot.records.profile import FeatureSpec
from copilot.records.sql import SQL_TYPES, literal, parquet
from copilot.records.tables import TABLES, Table
from copilot.settings import BankPolicy

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: Tables that are also shown as ``home_…``: the rows in the currency of the bank's books.
HOME_CURRENCY = ("transactions", "holdings")
_LIVE_BATCH = 500
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


def open_tables(
    connection: DuckDBPyConnection,
    generation: Generation,
    policy: BankPolicy,
    only: Container[str] = TABLES,
) -> frozenset[str]:
    """Create the views of the canonical tables (or ``only`` some) and of the bank's policy.

    What has happened since the load is in them. ``home_…`` are the rows in the currency
    of the bank's books, and ``snapshots`` the days that the bank gave holdings for.

    Returns what the bank did not give: table names, and ``table.column`` for columns that are
    absent or empty from the first row to the last.
    """
    absent: set[str] = set()
    for table in TABLES.values():
        if table.name not in only:
            continue
        live = generation.live.tables.get(table.name, ())
        files = generation.files(table.name) if generation.has(table.name) else ()
        if files and files[0].is_file():
            absent |= _open_table(connection, table, files, live, generation.business_date)
        elif live:
            _open_live(connection, table, live, f"date '{generation.business_date}'")
            _open_view(connection, table, f"from live_{table.name}")
        else:
            absent.add(table.name)
            _open_absent(connection, table)
    for name in filter(only.__contains__, HOME_CURRENCY):
        # A literal reaches the scan of the Parquet file, a subquery over the policy would not.
        home = literal(generation.currency)
        connection.execute(
            f"create or replace view home_{name} as from {name} "
            f"where coalesce(currency, {home}) = {home}"
        )
    if "holdings" in only:
        connection.execute(
            "create or replace temp table snapshots as select distinct as_of from holdings"
        )
    _open_policy(connection, policy, generation.currency)
    return frozenset(absent)


def narrow_tables(connection: DuckDBPyConnection, customers: str, *, copied: bool) -> None:
    """Leave in every table only the customers of the table ``customers`` (customer_id).

    The views are replaced by copies (``copied``, for a few customers scattered over the files), or
    by filtered views where ``customers`` is one stretch of ids that files sorted by customer skip
    to. Accounts stay whole, because a transaction may lie on somebody else's account.
    """
    low, high = _stretch(connection, customers)
    for table in TABLES.values():
        if table.name == "accounts" or all(c.name != "customer_id" for c in table.columns):
            continue
        rows = f"from given_{table.name} where customer_id "
        if copied:
            rows += f"in (select customer_id from {customers})"
            connection.execute(f"create temp table few_{table.name} as {rows}")
            rows = f"from few_{table.name}"
        else:
            rows += f"between {low} and {high}"
        connection.execute(f'create or replace view "{table.name}" as {rows}')


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


def _open_table(
    connection: DuckDBPyConnection,
    table: Table,
    files: tuple[Path, ...],
    live: Iterable[Mapping[str, Any]],
    business_date: date,
) -> set[str]:
    source = parquet(*files)
    described = connection.execute(f"describe select * from {source}").fetchall()
    given = {str(row[0]): str(row[1]).lower() for row in described}
    filled = _filled_columns(connection, files)
    selected = []
    for column in table.columns:
        wanted = SQL_TYPES[column.type]
        if column.name not in given:
            selected.append(f'cast(null as {wanted}) as "{column.name}"')
        elif given[column.name] == wanted:
            selected.append(f'"{column.name}"')  # bare, so that filters reach the Parquet file
        else:
            selected.append(f'cast("{column.name}" as {wanted}) as "{column.name}"')
    rows = f"select {', '.join(selected)} from {source} as given"
    if live:
        day = f"date '{business_date}'"
        newest = f"coalesce((select max(as_of) from {source} where as_of <= {day}), {day})"
        filled |= _open_live(connection, table, live, newest)
        rows = f"{rows} where {_NOT_REPLACED.get(table.name, _not_replaced(table))}"
        rows += f" union all from live_{table.name}"
    _open_view(connection, table, rows)
    return {f"{table.name}.{column.name}" for column in table.columns if column.name not in filled}


#: A transaction under a loaded number is settled before it gets here; a holding is replaced in
#: the newest snapshot.
_NOT_REPLACED = {
    "transactions": "true",
    "holdings": "not (holding_id in (select holding_id from live_holdings) "
    "and as_of in (select as_of from live_holdings))",
}


def _not_replaced(table: Table) -> str:
    same = " and ".join(f'l."{name}" = given."{name}"' for name in table.key)
    return f"not exists (select 1 from live_{table.name} l where {same})"


def _open_view(connection: DuckDBPyConnection, table: Table, rows: str) -> None:
    connection.execute(f"create or replace view given_{table.name} as {rows}")
    connection.execute(f'create or replace view "{table.name}" as from given_{table.name}')


def _open_live(
    connection: DuckDBPyConnection,
    table: Table,
    rows: Iterable[Mapping[str, Any]],
    snapshot: str,
) -> set[str]:
    """The table ``live_…`` of rows that no load has brought; returns the columns they fill."""
    columns = ", ".join(f'"{column.name}" {SQL_TYPES[column.type]}' for column in table.columns)
    connection.execute(f"create or replace temp table live_{table.name} ({columns})")
    names = [column.name for column in table.columns]
    given = [[row.get(name) for name in names] for row in rows]
    one = f"({', '.join('?' for _ in names)})"
    for start in range(0, len(given), _LIVE_BATCH):
        batch = given[start : start + _LIVE_BATCH]
        connection.execute(
            f"insert into live_{table.name} values {', '.join(one for _ in batch)}",
            [value for row in batch for value in row],
        )
    if table.name == "holdings":
        connection.execute(f"update live_holdings set as_of = {snapshot}")
    return {name for name in names if any(row.get(name) is not None for row in rows)}


def _filled_columns(connection: DuckDBPyConnection, files: tuple[Path, ...]) -> set[str]:
    """Columns with at least one value, from the footers; an empty file counts as all filled."""
    rows = connection.execute(
        "select path_in_schema, sum(num_values), sum(stats_null_count) "
        f"from parquet_metadata([{', '.join(map(literal, files))}]) group by path_in_schema"
    ).fetchall()
    if not rows:
        described = connection.execute(f"describe select * from {parquet(*files)}").fetchall()
        return {str(row[0]) for row in described}
    return {str(name) for name, values, nulls in rows if nulls is None or nulls < values}


def _stretch(connection: DuckDBPyConnection, customers: str) -> tuple[str, str]:
    row = connection.execute(
        f"select min(customer_id), max(customer_id) from {customers}"
    ).fetchone()
    low, high = row or (None, None)
    return literal(low or ""), literal(high or "")


def _open_absent(connection: DuckDBPyConnection, table: Table) -> None:
    columns = ", ".join(
        f'cast(null as {SQL_TYPES[column.type]}) as "{column.name}"' for column in table.columns
    )
    _open_view(connection, table, f"select {columns} where false")


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
