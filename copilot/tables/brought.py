"""Which pending events a new load holds the bank's own rows for."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any

from copilot.errors import StateError
from copilot.records.generation import Generation
from copilot.records.sql import SQL_TYPES, identifier, parquet
from copilot.records.tables import TABLES

if TYPE_CHECKING:
    from copilot.store import Store


def brought_keys(
    generation: Generation, store: Store, only: Container[str] = TABLES
) -> dict[str, set[tuple[Any, ...]]]:
    """By table, the keys of pending events that are rows of the generation."""
    import duckdb

    try:
        pending = store.facts.current().live.tables
    except StateError:  # the first load
        return {}
    found: dict[str, set[tuple[Any, ...]]] = {}
    with duckdb.connect() as db:
        for name, rows in pending.items():
            if name not in only or not generation.has(name):
                continue
            if name == "holdings":  # these are settled by day
                continue
            keys = [TABLES[name].column(key) for key in TABLES[name].key]
            columns = ", ".join(f"{identifier(k.name)} {SQL_TYPES[k.type]}" for k in keys)
            db.execute(f"CREATE OR REPLACE TABLE pending ({columns})")
            db.executemany(
                f"INSERT INTO pending VALUES ({', '.join('?' for _ in keys)})",
                [[row[key.name] for key in keys] for row in rows],
            )
            loaded = parquet(*generation.files(name))
            names = ", ".join(identifier(key.name) for key in keys)
            found[name] = set(
                db.execute(
                    f"SELECT {names} FROM pending SEMI JOIN {loaded} USING ({names})"
                ).fetchall()
            )
    return found
