"""The feature SQL carried to Spark gives what DuckDB gives, in a session in Asia/Shanghai.

Run by ``make spark``, which installs the extra; it needs Java too.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from profiles_golden import AS_OF, at, golden_rows, open_bank
from spark_bank import carried, helper_views, home_views, schema_of, session

from copilot.profiles.compute import Computation, compute, unavailable
from copilot.profiles.engine import connect, open_tables
from copilot.profiles.reasons import load_reasons, reason_queries
from copilot.profiles.spec import FEATURES_DIR, UNIT_TYPES, load_features
from copilot.records.tables import TABLES
from copilot.settings import BankPolicy

pytestmark = pytest.mark.spark


def rows_of_the_golden_bank() -> dict[str, list[dict[str, Any]]]:
    """The golden set, with hours on both sides of midnight and a life event."""
    rows = golden_rows()
    rows["attributes"] = [
        {"customer_id": "C06", "as_of": AS_OF, "name": "life_event", "value": "home"}
    ]
    rows["visits"].append(
        {"id": "V9", "customer_id": "C02", "branch_id": "BR01", "at": at(AS_OF, 23)}
    )
    rows["consents"].append(
        {"customer_id": "C11", "purpose": "marketing", "channel": "sms", "at": at(AS_OF, 0),
         "granted": False}
    )  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    pytest.importorskip("pyspark.sql", reason="pyspark 未安装：make spark")
    if shutil.which("java") is None:
        pytest.skip("没有 Java：Spark 需要 Java 17 或更新版本")
    running = session(
        {
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.adaptive.enabled": "false",
            "spark.sql.codegen.wholeStage": "false",  # a dozen rows are not worth compiling
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        }
    )
    yield running
    running.stop()


def spark_rows(spark: Any, table: str, rows: list[dict[str, Any]]) -> None:
    data = [tuple(row.get(c.name) for c in TABLES[table].columns) for row in rows]
    spark.createDataFrame(data, schema_of(table)).createOrReplaceTempView(table)


def settled(spark: Any, query: str, name: str) -> list[Any]:
    """A query's rows, also as a view that no longer knows where they came from.

    Views over views over the same tables end in an analyser error of Spark 4.1.
    """
    frame = spark.sql(query)
    rows: list[Any] = frame.collect()
    spark.createDataFrame(rows, frame.schema).createOrReplaceTempView(name)
    return rows


def assembled(features: Any, groups: list[Any]) -> str:
    columns = ["c.customer_id"]
    for group in groups:
        for spec in group.features:
            kind = {"varchar": "string"}.get(UNIT_TYPES[spec.unit], UNIT_TYPES[spec.unit])
            columns.append(f"cast(g_{group.name}.{spec.name} as {kind}) as {spec.name}")
    joins = " ".join(
        f"left join g_{group.name} on g_{group.name}.customer_id = c.customer_id"
        for group in groups
    )
    return f"select {', '.join(columns)} from customers c {joins}"


def test_spark_and_duckdb_agree_on_every_feature_and_reason(spark: Any, tmp_path: Path) -> None:
    rows = rows_of_the_golden_bank()
    store, _ = open_bank(tmp_path, rows)
    features, reasons = load_features(), load_reasons()
    with connect() as connection:
        absent = open_tables(connection, store.facts.current(), BankPolicy())
        what = Computation(features, reasons, {}, AS_OF)
        assert unavailable(features, absent) == {}
        helper_views(spark, connection)
        compute(connection, what, lambda step: None)
        expected = {
            group.name: by_customer(connection.execute(f'from "g_{group.name}"'))
            for group in features.groups
        }
        found_here = set(connection.execute("select customer_id, code from found").fetchall())
    for table in TABLES:
        spark_rows(spark, table, rows.get(table, []))
    home_views(spark, store.facts.current().currency)
    compared = 0
    for group in features.groups:
        if group.derived:
            done = [other for other in features.groups if not other.derived]
            settled(spark, assembled(features, done), "features")
        rows_there = settled(spark, carried(group.sql, AS_OF), f"g_{group.name}")
        there = {row["customer_id"]: row.asDict() for row in rows_there}
        assert there.keys() == expected[group.name].keys()
        for customer, values in expected[group.name].items():
            for name, value in values.items():
                assert same(value, there[customer][name]), (group.name, customer, name)
                compared += 1
    assert compared == len(features.features) * 12 + 12 * len(features.groups)
    settled(spark, assembled(features, list(features.groups)), "features")
    found_there = set()
    for query in reason_queries(reasons).values():
        found_there |= {(row[0], row[1]) for row in spark.sql(carried(query, AS_OF)).collect()}
    refused = {("C08", code) for code in reasons.reasons}
    assert found_there - refused == found_here - refused
    assert len(found_here) >= 12


def by_customer(result: Any) -> dict[str, dict[str, Any]]:
    names = [item[0] for item in result.description]
    return {row[0]: dict(zip(names, row, strict=True)) for row in result.fetchall()}


def same(one: Any, other: Any) -> bool:
    """Nulls alike, numbers equal (floats to 1e-9), dates and texts equal."""
    if one is None or other is None:
        return one is other
    if isinstance(one, (date, datetime, str, bool)):
        return bool(one == other)
    return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("path", sorted(FEATURES_DIR.glob("*.sql")), ids=lambda path: path.stem)
def test_carried_sql_keeps_the_habits_that_are_portable(path: Path) -> None:
    pytest.importorskip("sqlglot", reason="sqlglot 未安装：pip install .[dev]")
    query = carried(path.read_text("utf-8"), AS_OF)
    assert not re.search(r"\b(ISODOW|DAYOFWEEK|WEEKDAY|INT128|HUGEINT)\b", query)
    assert "$as_of" not in query
