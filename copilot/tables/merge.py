"""One table of an incremental load: what is new, what it replaces, and the files that result."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.records.sql import identifier, literal, parquet
from copilot.records.tables import Table
from copilot.tables.files_out import PARQUET

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_PARTS = 16  # of a table, before they are written as one file


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of one table: ``part`` holds the added rows, if there are any."""

    added: int
    replaced: int
    repeated: int
    rows: int
    part: Path


def merge_table(
    db: DuckDBPyConnection,
    table: Table,
    old: Sequence[Path],
    new: Path,
    out: Path,
    rows: int,
) -> Merged:
    """Write the files of ``table`` into ``out`` and note its customers in ``touched``.

    ``old`` are the files taken over, which hold ``rows`` rows; ``new`` the judged increment.
    """
    key = ", ".join(identifier(name) for name in table.key)
    order = "ORDER BY customer_id" if table.facts else ""
    columns = ", ".join(identifier(column.name) for column in table.columns)
    db.execute(f"CREATE OR REPLACE VIEW given AS SELECT {columns} FROM {parquet(new)}")
    loaded = f"(FROM given LIMIT 0) UNION ALL BY NAME (FROM {parquet(*old)})"
    known = f"SELECT {columns} FROM ({loaded}) SEMI JOIN given USING ({key})"
    if not old:
        known = "FROM given LIMIT 0"
    db.execute(f"CREATE OR REPLACE TABLE met AS {known}")
    db.execute("CREATE OR REPLACE TABLE fresh AS FROM given EXCEPT FROM met")
    db.execute(f"CREATE OR REPLACE TABLE gone AS FROM met SEMI JOIN fresh USING ({key})")
    added, gone, given = (_count(db, name) for name in ("fresh", "gone", "given"))
    for path in old:
        _take_over(db, path, out, key, bool(gone))
    part = out / (_next_part(table.name, old) if old else f"{table.name}.parquet")
    if added or not old:
        db.execute(f"COPY (FROM fresh {order}) TO {literal(part)} {PARQUET}")
    _note_customers(db, table)
    if len(old) >= MOST_PARTS:
        _join_parts(db, [out / path.name for path in old], order)
    return Merged(added, gone, given - added, rows + added - gone, part)


def touched_customers(db: DuckDBPyConnection, out: Path, path: Path) -> int:
    """Write the customers noted in ``touched``; returns how many."""
    db.execute("CREATE TABLE once AS SELECT DISTINCT customer_id FROM touched ORDER BY customer_id")
    db.execute(f"COPY once TO {literal(path)} {PARQUET}")
    return _count(db, "once")


def _note_customers(db: DuckDBPyConnection, table: Table) -> None:
    if all(column.name != "customer_id" for column in table.columns):
        return
    for changed in ("fresh", "gone"):
        db.execute(
            f"INSERT INTO touched SELECT customer_id FROM {changed} WHERE customer_id IS NOT NULL"
        )


def note_movers(db: DuckDBPyConnection, transactions: Sequence[Path]) -> None:
    """Note who moved money on the accounts just merged: a balance counts by its account's kind."""
    db.execute(
        f"INSERT INTO touched SELECT DISTINCT customer_id FROM {parquet(*transactions)} "
        "SEMI JOIN fresh USING (account_id)"
    )


def _take_over(db: DuckDBPyConnection, path: Path, out: Path, key: str, replaced: bool) -> None:
    target = out / path.name
    if replaced and _count(db, f"{parquet(path)} SEMI JOIN gone USING ({key})"):
        db.execute(
            f"COPY (FROM {parquet(path)} ANTI JOIN gone USING ({key})) "
            f"TO {literal(target)} {PARQUET}"
        )
    else:
        os.link(path, target)


def _join_parts(db: DuckDBPyConnection, paths: Sequence[Path], order: str) -> None:
    aside = paths[0].with_name(".joined")
    db.execute(f"COPY (FROM {parquet(*paths)} {order}) TO {literal(aside)} {PARQUET}")
    os.replace(aside, paths[0])
    for path in paths[1:]:
        path.unlink()


def _next_part(name: str, old: Sequence[Path]) -> str:
    numbers = [int(path.name.split(".")[1]) for path in old[1:]]
    return f"{name}.{max(numbers, default=0) + 1:04}.parquet"


def _count(db: DuckDBPyConnection, rows: str) -> int:
    row = db.execute(f"SELECT count(*) FROM {rows}").fetchone()
    return int(row[0]) if row else 0
