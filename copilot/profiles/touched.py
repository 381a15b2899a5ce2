"""Which customers an incremental build must compute again, and from which build it starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import NotFound
from copilot.records.generation import FeatureBuild, Generation
from copilot.records.sql import parquet
from copilot.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: Beyond this share of the customers a whole build is no slower.
LARGEST_SHARE = 0.2
_LONGEST_CHAIN = 100


@dataclass(frozen=True, slots=True)
class Start:
    """The build to start from, and the lists of customers that loads have touched since."""

    build: FeatureBuild
    manifest: dict[str, Any]
    touched: tuple[Path, ...]


def start_of(
    store: Store,
    generation: Generation,
    as_of: date,
    spec_hash: str,
    complete: Callable[[Path], bool],
) -> Start | None:
    """The nearest build of the same date and declarations, back along the incremental loads."""
    touched: list[Path] = []
    for _ in range(_LONGEST_CHAIN):
        build = store.facts.feature_build(generation.generation_id, as_of)
        if build is not None and build.spec_hash == spec_hash and complete(build.directory):
            manifest = json.loads((build.directory / "build.json").read_text("utf-8"))
            return Start(build, manifest, tuple(touched))
        before = generation.increment
        if before is None:
            return None
        touched.append(generation.directory / before.touched)
        try:
            generation = store.facts.generation(before.base)
        except NotFound:  # removed since
            return None
    return None


def touch(
    connection: DuckDBPyConnection,
    generation: Generation,
    start: Start | None,
    shared: dict[str, Any],
) -> int | None:
    """Create the table ``touched``; returns how many customers are in it.

    ``None`` when everybody must be computed: there is no build to start from, what all customers
    share has changed, or too many were touched.
    """
    if start is None or start.manifest.get("shared") != shared:
        return None
    connection.execute("create temp table listed (customer_id varchar)")
    for path in start.touched:
        connection.execute(f"insert into listed from {parquet(path)}")
    live = sorted({*start.manifest["live_customers"], *generation.live.last})
    connection.execute("insert into listed select unnest($live::varchar[])", {"live": live})
    connection.execute(
        "create temp table touched as select customer_id from customers "
        "where customer_id in (select customer_id from listed)"
    )
    row = connection.execute(
        "select (select count(*) from touched), (select count(*) from customers)"
    ).fetchone()
    few, all_of_them = row or (0, 0)
    return int(few) if few <= max(LARGEST_SHARE * all_of_them, 1) else None
