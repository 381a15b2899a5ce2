"""Whom a score is trained and applied on: their columns, read over one build of the features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from copilot.errors import InputError
from copilot.profiles.arrays import Floats
from copilot.profiles.engine import connect, open_tables
from copilot.profiles.scores.columns import Column, read_columns, texts
from copilot.profiles.scores.targets import Cases, population_of
from copilot.profiles.scores.training import Slice
from copilot.records.generation import FeatureBuild, Generation
from copilot.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def opened(
    generation: Generation, settings: Settings, build: FeatureBuild | None = None
) -> Iterator[DuckDBPyConnection]:
    """The bank's tables; with a build, also who refused to be profiled on its date."""
    with connect() as connection:
        open_tables(connection, generation, settings.policy)
        if build is not None:
            open_refused(connection, build)
        yield connection


def open_refused(connection: DuckDBPyConnection, build: FeatureBuild) -> None:
    """The table ``refused``: who refused to be profiled on the date of a build."""
    connection.execute(
        "create or replace temp table refused as select customer_id "
        f"from ({build.rows_of('features')}) where coalesce(profiling_refused, false)"
    )


def slice_of(
    connection: DuckDBPyConnection, cases: Cases, columns: Sequence[Column], build: FeatureBuild
) -> Slice:
    """The cases of a date with their columns over a build that is no later.

    Raises:
        InputError: the build is later: it would know what the cases have to foretell.
    """
    if build.as_of > cases.as_of:
        raise InputError(
            f"{cases.as_of} 的样本不能用 {build.as_of} 的特征：特征日期晚于样本日期",
            next="请用不晚于样本日期的画像。",
        )
    _open_cases(connection, cases.customers)
    features = build.rows_of("features")
    matrix = read_columns(connection, columns, features, cases.as_of)
    people = connection.execute(
        "select f.age::double as age, c.gender from cases k "
        f"left join ({features}) f on f.customer_id = k.customer_id "
        "left join customers c on c.customer_id = k.customer_id order by k.place"
    ).fetchnumpy()
    age = np.ma.filled(np.ma.asarray(people["age"], dtype=np.float64), np.nan)
    return Slice(cases, matrix, age, texts(people["gender"]))


def population(
    connection: DuckDBPyConnection, name: str, columns: Sequence[Column], build: FeatureBuild
) -> tuple[NDArray[np.object_], Floats]:
    """Who may be scored by a score on the date of a build, and their columns."""
    read = connection.execute(
        f"select customer_id from ({population_of(name)}) "
        "where customer_id not in (select customer_id from refused) order by customer_id",
        {"as_of": build.as_of},
    ).fetchnumpy()
    customers = np.asarray(read["customer_id"])
    _open_cases(connection, customers)
    features = build.rows_of("features")
    return customers, read_columns(connection, columns, features, build.as_of)


def _open_cases(connection: DuckDBPyConnection, customers: NDArray[np.object_]) -> None:
    connection.execute(
        "create or replace temp table cases as select unnest(range(len($c::varchar[]))) as place, "
        "unnest($c::varchar[]) as customer_id",
        {"c": [str(customer) for customer in customers]},
    )
