"""The files of a build, and the delta that an incremental build lays over them.

An incremental build links the files of the build that it started from and writes beside them, for
the customers computed again, their features and reasons (``….newer.parquet``), their list, and
their points. Who reads a build lays one over the other, see
`FeatureBuild.rows_of`; the next whole build has no delta.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.profiles.compute import Computation, compute
from copilot.profiles.engine import narrow_tables
from copilot.profiles.points import points, write_points
from copilot.profiles.spec import FeatureSet
from copilot.profiles.touched import Start
from copilot.records.generation import RECOMPUTED_FILE, FeatureBuild
from copilot.records.sql import literal, parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FEATURES_FILE = "features.parquet"
REASONS_FILE = "reasons.parquet"
POINTS_FILE = "points.db"
_NEWER_POINTS_FILE = "points.newer.db"
_BATCH = 5_000
_FEW = 1_000  # customers: below this, sharing the work out takes longer than doing it
#: Files of the delta: what is in them, and the table of the computation that it comes from.
_NEWER = {
    RECOMPUTED_FILE: "touched",
    "features.newer.parquet": "features",
    "reasons.newer.parquet": "found",
}


def write_profile_points(
    connection: DuckDBPyConnection, features: FeatureSet, path: Path, values: str, reasons: str
) -> None:
    """The rows of the tables ``values`` and ``reasons``, read one customer at a time."""
    write_points(path, _rows(connection, features, values, reasons))


def _rows(
    connection: DuckDBPyConnection, features: FeatureSet, values: str, reasons: str
) -> Iterator[tuple[str, str]]:
    names = ", ".join(f'f."{name}"' for name in features.features)
    found = connection.execute(
        f"select f.customer_id, cast(json_array(json_array({names}), r.listed) as varchar) "
        f"from {values} f left join ("
        "  select customer_id, to_json(list([code, cast(rank as varchar)] "
        f"    order by rank desc, code)) as listed from {reasons} group by customer_id"
        ") r on r.customer_id = f.customer_id order by f.customer_id"
    )
    while batch := found.fetchmany(_BATCH):
        yield from batch


def write_delta(
    connection: DuckDBPyConnection,
    what: Computation,
    start: Start,
    directory: Path,
    report: Callable[[str], None],
) -> int:
    """Compute the customers of the table ``touched`` and lay them over the build at ``start``.

    Returns the number of customers of the bank.
    """
    query = "select (select count(*) from customers), (select count(*) from touched)"
    customers, again = connection.execute(query).fetchone() or (0, 0)
    narrow_tables(connection, "touched", copied=True)
    if again < _FEW:
        connection.execute("set threads = 1")
    compute(connection, what, report)
    base = start.build.directory
    for name in (FEATURES_FILE, REASONS_FILE, POINTS_FILE):
        os.link(base / name, directory / name)
    for name, table in _NEWER.items():
        rows = f"from {table}"
        if (base / name).is_file():
            rows += f" union all {_not_again(parquet(base / name))}"
        path = literal(directory / name)
        connection.execute(f"copy ({rows}) to {path} (format parquet)")
    earlier, newer = base / _NEWER_POINTS_FILE, directory / _NEWER_POINTS_FILE
    _write_newer_points(connection, what.features, earlier, newer)
    return int(customers)


def _write_newer_points(
    connection: DuckDBPyConnection, features: FeatureSet, earlier: Path, path: Path
) -> None:
    newer = dict(_rows(connection, features, "features", "found"))
    kept = points(earlier) if earlier.is_file() else iter(())
    write_points(path, chain(newer.items(), (row for row in kept if row[0] not in newer)))


def _not_again(earlier: str) -> str:
    """What an earlier delta holds of customers that were not touched again."""
    return f"from {earlier} where customer_id not in (select customer_id from touched)"


def open_files(connection: DuckDBPyConnection, build: FeatureBuild) -> tuple[Path, ...]:
    """Views ``features`` and ``reasons`` of a build.

    Returns the files of points by customer, the newest first.
    """
    for name in ("features", "reasons"):
        connection.execute(f"create view {name} as {build.rows_of(name)}")
    given = (build.directory / name for name in (_NEWER_POINTS_FILE, POINTS_FILE))
    return tuple(path for path in given if path.is_file())
