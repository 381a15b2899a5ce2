"""The baselines' features on Spark: the same SQL files, carried over by sqlglot.

Run by ``profiles.py --spark PYTHON``, a Python with the extra ``spark`` and this project.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from profiles_bank import BASELINE_COLUMNS, generation_of  # noqa: E402
from spark_bank import carried, helper_views, home_views, schema_of, session  # noqa: E402

from copilot.profiles.engine import connect, open_tables  # noqa: E402
from copilot.profiles.spec import load_features  # noqa: E402
from copilot.records.tables import TABLES  # noqa: E402
from copilot.settings import BankPolicy  # noqa: E402


def main(data: Path, out: Path, as_of: date) -> None:
    """Compute and write the features; prints the seconds, with and without Spark's start."""
    started = time.perf_counter()
    spark = session({"spark.driver.memory": "6g", "spark.sql.shuffle.partitions": "4"})
    for table in TABLES:
        file = data / f"{table}.parquet"
        rows = spark.createDataFrame([], schema_of(table))
        if file.is_file():
            rows = rows.unionByName(spark.read.parquet(str(file)), allowMissingColumns=True)
        rows.createOrReplaceTempView(table)
    generation = generation_of(data, as_of)
    home_views(spark, generation.currency)
    with connect() as connection:
        open_tables(connection, generation, BankPolicy())
        helper_views(spark, connection)
    ready = time.perf_counter()
    wanted = set(BASELINE_COLUMNS.values())
    features = spark.table("customers").select("customer_id")
    for group in load_features().groups:
        columns = [spec.name for spec in group.features if spec.name in wanted]
        if columns:
            found = spark.sql(carried(group.sql, as_of)).select("customer_id", *columns)
            features = features.join(found, "customer_id", "left")
    features.write.parquet(str(out))
    finished = time.perf_counter()
    print(json.dumps([finished - started, finished - ready]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), date.fromisoformat(sys.argv[3]))
