"""The feature engine against DuckDB and pandas baselines, written as ``docs/profiles.md``.

    python benchmarks/profiles.py [--customers 200000] [--peers PYTHON] [--spark PYTHON]
        [--repeats 3] [--write docs/profiles.md]

The generator and the baselines are read from ``../shared/bench/profiles`` beside this repository.
``--peers`` is a Python with duckdb, pandas, pyarrow and numpy
(``pip install -r benchmarks/requirements-profiles.txt``), ``--spark`` one with this project and
its extra ``spark``; without it Spark is left out and the page says so. Everything is made in a
temporary folder and removed; each engine runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "benchmarks")]

from profiles_bank import (  # noqa: E402
    BASELINE_COLUMNS,
    canonical_tables,
    differences,
    differences_on_spark,
    generation_of,
)
from profiles_report import document  # noqa: E402

from copilot.profiles import build_profiles, call_list, read_profile  # noqa: E402
from copilot.profiles.compute import Computation, compute_all, unavailable  # noqa: E402
from copilot.profiles.engine import connect, open_tables  # noqa: E402
from copilot.profiles.reasons import load_reasons  # noqa: E402
from copilot.profiles.spec import load_features  # noqa: E402
from copilot.records.sql import literal  # noqa: E402
from copilot.records.staff import Principal  # noqa: E402
from copilot.records.tables import TABLES  # noqa: E402
from copilot.settings import BankPolicy, load_settings  # noqa: E402
from copilot.store import Store  # noqa: E402
from copilot.tables import extend_tables, read_sources  # noqa: E402
from copilot.tables.files_out import dimension_rows  # noqa: E402

BASELINES = REPOSITORY.parent / "shared" / "bench" / "profiles"
AS_OF = date(2026, 6, 30)  # of the generator
BYTES_PER_CUSTOMER = 60_000
TASK = tuple(BASELINE_COLUMNS.values())


@dataclass(frozen=True)
class Run:
    """One engine's run in its own process; seconds, and the peak of memory in bytes."""

    name: str
    wall: float
    cpu: float
    peak: int
    features: int


def main() -> None:
    """Generate, measure, compare, and print or write the page."""
    options = _options()
    if options.task:
        _task(options.task, Path(options.data), Path(options.out))
        return
    if not BASELINES.is_dir():
        sys.exit("没有 ../shared/bench/profiles，未运行。")
    folder = Path(tempfile.mkdtemp(prefix="copilot-profiles-"))
    try:
        if shutil.disk_usage(folder).free < 3 * options.customers * BYTES_PER_CUSTOMER:
            sys.exit("临时目录的空间不够，请用 --customers 减少客户数。")
        figures = _measured(folder, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    page = document(figures)
    if options.write:
        Path(options.write).write_text(page, "utf-8")
    print(page)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--spark", help="a Python with the extra spark and this project")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--write")
    parser.add_argument("--task", choices=("baseline", "all"), help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    given, ours = folder / "given", folder / "facts" / "g1"
    _say(f"生成 {options.customers:,} 位客户")
    made = subprocess.run(
        [options.peers, str(BASELINES / "gen.py"), str(given), str(options.customers)],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    canonical_tables(given, ours)
    shape = [sys.executable, __file__, "--data", str(ours), "--out"]
    plans: dict[str, tuple[list[str], int]] = {
        "duckdb": ([options.peers, "-c", _BASELINE.format("eng_duckdb"), str(given)], 38),
        "ours": ([*shape, str(folder / "ours.parquet"), "--task", "baseline"], len(TASK)),
        "pandas": ([options.peers, "-c", _BASELINE.format("eng_pandas"), str(given)], 38),
        "all": (
            [*shape, str(folder / "all.parquet"), "--task", "all"],
            len(load_features().features),
        ),
    }
    taken: dict[str, list[Run]] = {name: [] for name in plans}
    for _ in range(options.repeats):  # in turns, so that what else the machine does hits all alike
        for name, (words, features) in plans.items():
            out = [] if name in ("ours", "all") else [str(folder / f"{name}.parquet")]
            taken[name].append(_run(name, [*words, *out], features, folder))
            _say(f"{name}: {taken[name][-1].wall:.1f} s，CPU {taken[name][-1].cpu:.1f} s")
    runs = {name: sorted(r, key=lambda run: run.wall)[len(r) // 2] for name, r in taken.items()}
    wrong = differences(folder / "duckdb.parquet", folder / "ours.parquet")
    wrong.pop("ticket_med", None)  # theirs is the mean of the middle two, ours a bucket
    return {
        "made": made,
        "customers": options.customers,
        "machine": f"{os.cpu_count()} 核，{platform.machine()}，Python {platform.python_version()}",
        "load": os.getloadavg()[0],
        "runs": runs,
        "differences": wrong,
        "spark": _on_spark(folder, options.spark),
        **_served(folder, options.customers),
    }


def _on_spark(folder: Path, python: str | None) -> dict[str, Any] | None:
    """Seconds with and without Spark's start, and how many features are ours to the customer."""
    if python is None:
        return None
    out = folder / "spark.parquet"
    script = str(Path(__file__).with_name("profiles_spark.py"))
    words = [python, script, str(folder / "facts" / "g1"), str(out), AS_OF.isoformat()]
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode:
        sys.exit(f"Spark 失败：{done.stderr[-2000:]}")
    whole, computing = json.loads(done.stdout.splitlines()[-1])
    _say(f"spark: {whole:.1f} s")
    wrong = differences_on_spark(out, folder / "ours.parquet")
    return {"whole": whole, "computing": computing, "differences": wrong}


_BASELINE = f"""
import json, sys, time
sys.path.insert(0, {str(BASELINES)!r})
import {{0}} as engine
started, spent = time.perf_counter(), time.process_time()
engine.run(sys.argv[1], sys.argv[2])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([time.perf_counter() - started, time.process_time() - spent,
                  int(peak.split()[1]) * 1024]))
"""


def _run(name: str, words: list[str], features: int, folder: Path) -> Run:
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode:
        sys.exit(f"{name} 失败：{done.stderr[-2000:]}")
    wall, cpu, peak = json.loads(done.stdout.splitlines()[-1])
    return Run(name, wall, cpu, peak, features)


def _task(task: str, data: Path, out: Path) -> None:
    """One run of our engine in this process: the baselines' features, or all of them."""
    started, spent = time.perf_counter(), time.process_time()
    generation = generation_of(data, AS_OF)
    scratch = out.with_suffix(".scratch")
    with connect(scratch) as connection:
        absent = open_tables(connection, generation, BankPolicy())
        features = load_features()
        wanted = TASK if task == "baseline" else None
        what = Computation(features, load_reasons(), unavailable(features, absent), AS_OF, wanted)
        compute_all(connection, what, lambda step, done, total: None)
        connection.execute(f"copy all_features to {literal(str(out))} (format parquet)")
    print(json.dumps([time.perf_counter() - started, time.process_time() - spent, _peak()]))


def _peak() -> int:
    """This process's own peak; what getrusage says is inherited from the process before."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _served(folder: Path, customers: int) -> dict[str, Any]:
    """A whole and an incremental build, and what a reader waits for."""
    settings = load_settings(data_dir=folder)
    store = Store.create(settings)
    generation = generation_of(folder / "facts" / "g1", AS_OF)
    dims = {
        name: dimension_rows(generation.parquet(name))
        for name in generation.rows
        if not TABLES[name].facts
    }
    with store.transaction() as connection:
        store.facts.activate(connection, generation, dims)
    _say("全量计算")
    whole, _ = _timed(lambda: build_profiles(store, settings))
    touched = max(1, customers // 100)
    mapping = _one_percent(folder, touched)
    loading, extension = _timed(lambda: extend_tables(read_sources(mapping, partial=True), store))
    _say("增量计算")
    few, _ = _timed(lambda: build_profiles(store, settings, incremental=True))
    operator = Principal.operator()
    some = [f"C{number:07d}" for number in range(1, customers, max(1, customers // 300))]
    read_profile(store, operator, some[0])
    reading = [_timed(lambda c=c: read_profile(store, operator, c))[0] for c in some]
    listing = [_timed(lambda: call_list(store, operator, limit=20))[0] for _ in range(5)]
    store.close()
    return {
        "whole": whole,
        "incremental": few,
        "loading": loading,
        "touched": extension.customers,
        "read": statistics.median(reading),
        "read_p95": sorted(reading)[int(len(reading) * 0.95)],
        "today": statistics.median(listing),
    }


def _one_percent(folder: Path, touched: int) -> Path:
    """One purchase each by a hundredth of the customers, spread over all of them."""
    lines = ["号,客户,日,金额,种类"]
    lines += [f"X{n:08d},C{n * 100 + 1:07d},2026-06-30,-88,purchase" for n in range(touched)]
    (folder / "新增.csv").write_text("\n".join(lines) + "\n", "utf-8")
    mapping = folder / "增量.yaml"
    mapping.write_text(
        f"version: 1\nbusiness_date: {AS_OF}\ntables:\n  transactions:\n    file: 新增.csv\n"
        "    columns: {txn_id: 号, customer_id: 客户, txn_date: 日, amount: 金额, kind: 种类}\n",
        "utf-8",
    )
    return mapping


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def _say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
