"""A judged load as Parquet: kept rows per table, quarantined rows with their reasons and source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from copilot.records.sql import identifier, literal, parquet
from copilot.records.tables import TABLES, Table
from copilot.tables.columns import duckdb_type
from copilot.tables.landing import Landing
from copilot.tables.staging import stage_name

_BATCH = 5_000
#: Read far more often than written. The second version of the format stores whole numbers as
#: differences; with zstd a year of transactions is a sixth smaller, and read a third slower.
PARQUET = "(FORMAT parquet, COMPRESSION snappy, PARQUET_VERSION v2)"


def write_generation(landing: Landing, tables: list[str], out: Path) -> None:
    """Write ``<table>.parquet`` per canonical table, and ``quarantine/<table>.parquet``."""
    (out / "quarantine").mkdir(parents=True)
    for name in tables:
        table = TABLES[name]
        columns = ", ".join(
            f"CAST({identifier(column.name)} AS {duckdb_type(column)}) AS {identifier(column.name)}"
            for column in table.columns
        )
        # Sorted, so that a slice of customers is read without the rest of the file.
        sorted_by = "ORDER BY customer_id" if table.facts else ""
        landing.db.execute(
            f'COPY (SELECT {columns} FROM {stage_name(table)} WHERE "@reason" IS NULL {sorted_by}) '
            f"TO {literal(out / f'{name}.parquet')} {PARQUET}"
        )
        _write_quarantine(landing, table, out / "quarantine" / f"{name}.parquet")


def _write_quarantine(landing: Landing, table: Table, path: Path) -> None:
    stage = stage_name(table)
    raws = [
        row[0]
        for row in landing.db.execute(
            f'SELECT DISTINCT "@raw" FROM {stage} WHERE "@reason" IS NOT NULL ORDER BY 1'
        ).fetchall()
    ]
    parts = [
        f'SELECT s."@file" AS file, s."@row" AS row, s."@reason" AS reason, '
        f"{_source_json(landing, raw)} AS source FROM {stage} s "
        f'JOIN {raw} r ON r."@row" = s."@row" AND r."@file" = s."@file" '
        f'WHERE s."@reason" IS NOT NULL AND s."@raw" = {literal(raw)}'
        for raw in raws
    ]
    malformed = (
        'SELECT "@file" AS file, "@row" AS row, \'malformed_row\' AS reason, '
        f"to_json(source) AS source FROM malformed WHERE owner = {literal(table.name)}"
    )
    if not landing.db.execute(f"SELECT 1 FROM ({malformed}) LIMIT 1").fetchone() and not parts:
        return
    landing.db.execute(
        f"COPY ({' UNION ALL '.join([*parts, malformed])}) TO {literal(path)} {PARQUET}"
    )


def _source_json(landing: Landing, raw: str) -> str:
    described = landing.db.execute(f"DESCRIBE {raw}").fetchall()
    fields = ", ".join(
        f"{identifier(row[0])} := r.{identifier(row[0])}"
        for row in described
        if row[0] not in ("@file", "@row")
    )
    return f"to_json(struct_pack({fields}))"


def dimension_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a finished Parquet file as Python values."""
    import duckdb

    with duckdb.connect() as db:
        result = db.execute(f"SELECT * FROM {parquet(path)}")
        names = [item[0] for item in result.description or ()]
        while rows := result.fetchmany(_BATCH):
            for row in rows:
                yield dict(zip(names, row, strict=True))
