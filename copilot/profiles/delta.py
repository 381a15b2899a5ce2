"""The files of a build, and the delta that an incremental build lays over them.

``delta.duckdb`` holds features, reasons and points of the customers computed again, and their
list; the files below it are those of the build it started from, linked and not copied. The wide
Parquet file is brought up to date right after the switch, by a rename.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.errors import DependencyError
from copilot.profiles.compute import Computation, compute
from copilot.profiles.engine import connect, literal, narrow_tables
from copilot.profiles.spec import FeatureSet
from copilot.profiles.touched import Start

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FEATURES_FILE = "features.parquet"
REASONS_FILE = "reasons.parquet"
POINTS_FILE = "points.duckdb"
DELTA_FILE = "delta.duckdb"
_BEHIND = "features.behind"  # while the wide file lacks the delta
_TABLES = ("features", "reasons", "points")


def write_points(connection: DuckDBPyConnection, features: FeatureSet, path: Path) -> None:
    """One row per customer behind an index, from the tables ``all_features`` and ``reasons``."""
    connection.execute(f"attach {literal(str(path))} as points")
    connection.execute(
        f"create table points.points as {_points(features, 'all_features', 'reasons')}"
    )
    connection.execute("create index by_customer on points.points (customer_id)")
    connection.execute("detach points")


def _points(features: FeatureSet, values: str, reasons: str) -> str:
    names = ", ".join(f'f."{name}"' for name in features.features)
    return (
        f"select f.customer_id, json_array({names}) as features, "
        f"r.reasons from {values} f left join ("
        "  select customer_id, to_json(list([code, cast(rank as varchar)] "
        f"    order by rank desc, code)) as reasons from {reasons} group by customer_id"
        ") r on r.customer_id = f.customer_id order by f.customer_id"
    )


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
    row = connection.execute("select count(*) from customers").fetchone()
    narrow_tables(connection, "touched", copied=True)
    compute(connection, what, report)
    base = start.build.directory
    for name in (FEATURES_FILE, REASONS_FILE, POINTS_FILE):
        os.link(base / name, directory / name)
    connection.execute(f"attach {literal(str(directory / DELTA_FILE))} as delta")
    connection.execute("create table delta.touched as from touched")
    connection.execute("create table delta.features as from features")
    connection.execute("create table delta.reasons as from found")
    points = _points(what.features, "features", "found")
    connection.execute(f"create table delta.points as {points}")
    if (base / DELTA_FILE).is_file():
        _carry_over(connection, base / DELTA_FILE)
    connection.execute("create index by_customer on delta.points (customer_id)")
    connection.execute("detach delta")
    (directory / _BEHIND).touch()
    return int(row[0]) if row else 0


def _carry_over(connection: DuckDBPyConnection, earlier: Path) -> None:
    """What an earlier delta holds of customers that were not touched again."""
    connection.execute(f"attach {literal(str(earlier))} as earlier (read_only)")
    for name in (*_TABLES, "touched"):
        connection.execute(
            f"insert into delta.{name} from earlier.{name} "
            "where customer_id not in (select customer_id from touched)"
        )
    connection.execute("detach earlier")


def open_files(connection: DuckDBPyConnection, directory: Path) -> bool:
    """Views ``features`` and ``reasons`` of a build; ``points.points`` and, where this says so,
    ``delta.points`` by customer."""
    connection.execute(f"attach {literal(str(directory / POINTS_FILE))} as points (read_only)")
    overlaid = (directory / DELTA_FILE).is_file()
    if overlaid:
        delta = literal(str(directory / DELTA_FILE))
        connection.execute(f"attach {delta} as delta (read_only)")
    for name, file in (("features", FEATURES_FILE), ("reasons", REASONS_FILE)):
        rows = f"from read_parquet({literal(str(directory / file))})"
        if overlaid:
            rows += (
                " where customer_id not in (select customer_id from delta.touched) "
                f"union all by name from delta.{name}"
            )
        connection.execute(f"create view {name} as {rows}")
    return overlaid


def finish_features(directory: Path) -> None:
    """Bring the wide file of an incremental build up to date, if it is not."""
    import duckdb

    mark = directory / _BEHIND
    if not mark.exists():
        return
    aside = directory / f".{FEATURES_FILE}"
    try:
        with connect(directory / "scratch") as connection:
            open_files(connection, directory)
            connection.execute(
                f"copy (from features order by customer_id) to {literal(str(aside))} "
                "(format parquet)"
            )
        os.replace(aside, directory / FEATURES_FILE)  # the file it was linked from stays
        mark.unlink()
    except (OSError, duckdb.Error) as error:
        aside.unlink(missing_ok=True)
        raise DependencyError(
            f"写特征文件失败（{type(error).__name__}）",
            file=str(directory),
            next="请检查磁盘空间后运行 copilot profile build --incremental。",
        ) from None
    finally:
        shutil.rmtree(directory / "scratch", ignore_errors=True)
