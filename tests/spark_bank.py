"""The canonical tables and the feature SQL in a Spark session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from copilot.profiles.engine import HOME_CURRENCY
from copilot.records.tables import TABLES

SPARK_TYPES = {
    "text": "string", "json": "string", "int": "int", "float": "double", "bool": "boolean",
    "date": "date", "datetime": "timestamp_ntz", "money": "bigint",
}  # fmt: skip
HELPERS = (
    "snapshots", "policy", "policy_tiers", "policy_refusals", "policy_service_kinds",
    "policy_demand_kinds",
)  # fmt: skip


def session(settings: Mapping[str, str]) -> Any:
    """A local session in Asia/Shanghai, on a machine that thinks it is elsewhere."""
    from pyspark.sql import SparkSession

    builder = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.session.timeZone", "Asia/Shanghai")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.driver.extraJavaOptions", "-Duser.timezone=America/New_York")
    )
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def carried(sql: str, as_of: date) -> str:
    """DuckDB's SQL in Spark's words, the as-of date put in."""
    import sqlglot

    bound = sql.replace("$as_of", f"date '{as_of.isoformat()}'")
    [query] = sqlglot.transpile(
        bound, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    return query


def schema_of(table: str) -> str:
    """The columns of a canonical table as Spark declares them."""
    return ", ".join(f"`{c.name}` {SPARK_TYPES[c.type]}" for c in TABLES[table].columns)


def home_views(spark: Any, currency: str) -> None:
    """The rows in the currency of the books, as the engine shows them beside the whole tables."""
    for table in HOME_CURRENCY:
        rows = spark.table(table).where(f"coalesce(currency, '{currency}') = '{currency}'")
        rows.createOrReplaceTempView(f"home_{table}")


def helper_views(spark: Any, connection: Any) -> None:
    """The small views of the engine, value by value: amounts and days, nothing of a zone."""
    kinds = {"VARCHAR": "string", "BIGINT": "bigint", "INTEGER": "int", "DATE": "date"}
    for name in HELPERS:
        result = connection.execute(f"select * from {name}")
        schema = ", ".join(f"`{item[0]}` {kinds[str(item[1])]}" for item in result.description)
        spark.createDataFrame(result.fetchall(), schema).createOrReplaceTempView(name)
