"""Incremental loads and builds: only what was touched, and never another answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from profiles_golden import AS_OF, at, golden_rows, open_bank, yuan

from copilot.errors import InputError
from copilot.pipeline.increment import load_increment
from copilot.profiles import build_profiles, read_profile
from copilot.profiles.build import manifest_of
from copilot.records.generation import FeatureBuild
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store
from copilot.tables import extend_tables, read_sources

BANK = Principal.operator()
MAPPING = """
version: 1
business_date: {day}
tables:
  transactions:
    file: {file}
    columns:
      {{txn_id: 流水号, customer_id: 客户号, txn_date: 日期, amount: 金额, kind: 种类,
       currency: 币种}}
"""
TODAY = "流水号,客户号,日期,金额,种类,币种\nN1,C02,2026-11-19,350000.00,transfer_in,CNY\n"


def increment(folder: Path, text: str = TODAY, day: date = AS_OF) -> Path:
    """A mapping file over one day's transactions."""
    folder.mkdir(exist_ok=True)
    (folder / "流水.csv").write_text(text, "utf-8")
    mapping = folder / "增量.yaml"
    mapping.write_text(MAPPING.format(day=day, file="流水.csv"), "utf-8")
    return mapping


def extend(store: Store, mapping: Path) -> Any:
    return extend_tables(read_sources(mapping, partial=True), store)


def everything(build: FeatureBuild) -> tuple[list[Any], list[Any], list[Any]]:
    """Every value of a build, as a reader of files, of reasons and of points sees it."""
    from copilot.profiles.read import open_build

    table = open_build(build)
    cursor = table.connection.cursor()
    wide = duckdb.sql(f"from ({build.rows_of('features')}) order by customer_id").fetchall()
    listed = cursor.execute("from features order by customer_id").fetchall()
    assert wide == listed
    reasons = cursor.execute("from reasons order by customer_id, code").fetchall()
    return wide, reasons, [table.row(row[0]) for row in wide]


@pytest.fixture
def bank(tmp_path: Path) -> tuple[Store, Settings]:
    store, settings = open_bank(tmp_path / "行", golden_rows())
    build_profiles(store, settings)
    return store, settings


def test_incremental_build_touches_few_and_equals_a_full_build(
    bank: tuple[Store, Settings], tmp_path: Path
) -> None:
    store, settings = bank
    extension = extend(store, increment(tmp_path / "增量"))
    assert (extension.customers, dict(extension.added)) == (1, {"transactions": 1})
    few = build_profiles(store, settings, incremental=True)
    assert manifest_of(few.directory)["recomputed"] == 1
    again, other = open_bank(tmp_path / "全量", golden_rows())
    extend(again, increment(tmp_path / "增量"))
    full = build_profiles(again, other)
    assert manifest_of(full.directory)["recomputed"] == 12
    assert everything(few) == everything(full)
    assert read_profile(store, BANK, "C02").value("inflow_max_7") == yuan(350_000)


def test_increments_follow_each_other_and_a_build_may_skip_some(
    bank: tuple[Store, Settings], tmp_path: Path
) -> None:
    store, settings = bank
    head = TODAY.splitlines()[0]
    for number, customer in enumerate(("C02", "C06"), start=1):
        rows = f"{head}\nM{number},{customer},2026-11-20,-88.00,purchase,CNY\n"
        extend(store, increment(tmp_path / f"第{number}批", rows))
    skipped = build_profiles(store, settings, incremental=True)
    assert manifest_of(skipped.directory)["recomputed"] == 2
    extend(store, increment(tmp_path / "第3批"))
    last = build_profiles(store, settings, incremental=True)
    assert manifest_of(last.directory)["recomputed"] == 1
    fresh = Store.open(settings)
    full_settings = settings.model_copy(update={"data_dir": settings.data_dir})
    incremental = everything(last)
    with fresh.transaction() as connection:
        connection.exec_driver_sql("delete from feature_builds")
    assert everything(build_profiles(fresh, full_settings)) == incremental


def test_a_file_loaded_twice_changes_nothing(bank: tuple[Store, Settings], tmp_path: Path) -> None:
    store, _ = bank
    mapping = increment(tmp_path / "增量")
    first = extend(store, mapping)
    second = extend(store, mapping)
    assert second.generation == first.generation
    assert dict(second.repeated) == {"transactions": 1}
    assert store.facts.current().rows["transactions"] == first.generation.rows["transactions"]


def test_a_corrected_row_replaces_the_loaded_one(
    bank: tuple[Store, Settings], tmp_path: Path
) -> None:
    store, settings = bank
    extend(store, increment(tmp_path / "增量"))
    extend(store, increment(tmp_path / "更正", TODAY.replace("350000", "150000")))
    build_profiles(store, settings, incremental=True)
    profile = read_profile(store, BANK, "C02")
    assert profile.value("inflow_max_7") == yuan(150_000)
    assert store.facts.current().rows["transactions"] == len(golden_rows()["transactions"]) + 1


def test_rows_of_unknown_customers_are_quarantined_against_what_is_loaded(
    bank: tuple[Store, Settings], tmp_path: Path
) -> None:
    store, _ = bank
    extension = extend(
        store, increment(tmp_path / "增量", TODAY + "N2,C99,2026-11-19,1,purchase,CNY\n")
    )
    assert ("unknown_customer", 1) in [(c.rule, c.rows) for c in extension.quality.counts]
    assert dict(extension.added) == {"transactions": 1}


def test_a_clock_that_goes_back_is_refused_with_the_date(
    bank: tuple[Store, Settings], tmp_path: Path
) -> None:
    store, _ = bank
    before = store.facts.current()
    with pytest.raises(InputError, match="时钟倒退"):
        extend(store, increment(tmp_path / "增量", day=date(2026, 11, 19)))
    assert store.facts.current() == before


def test_a_new_business_date_is_built_whole(bank: tuple[Store, Settings], tmp_path: Path) -> None:
    settings = bank[1]
    mapping = increment(tmp_path / "增量", day=date(2026, 11, 21))
    report = load_increment(settings, mapping, lambda *step: None)
    assert report.recomputed == report.profiles.customers == 12
    assert report.profiles.as_of == date(2026, 11, 21)


def test_a_new_snapshot_day_is_built_whole_because_everybody_depends_on_it(tmp_path: Path) -> None:
    rows = golden_rows()
    rows["holdings"] = [row for row in rows["holdings"] if row["as_of"] != AS_OF]
    store, settings = open_bank(tmp_path / "行", rows)
    build_profiles(store, settings)
    folder = tmp_path / "增量"
    folder.mkdir()
    (folder / "持仓.csv").write_text("号,日,客户,类,金额\nX1,2026-11-20,C02,deposit,9\n", "utf-8")
    (folder / "m.yaml").write_text(
        "version: 1\nbusiness_date: 2026-11-20\ntables:\n  holdings:\n    file: 持仓.csv\n"
        "    columns: {holding_id: 号, as_of: 日, customer_id: 客户, product_type: 类, "
        "amount: 金额}\n",
        "utf-8",
    )
    extend(store, folder / "m.yaml")
    build = build_profiles(store, settings, incremental=True)
    assert manifest_of(build.directory)["recomputed"] == 12


KILLED = """
import sys
from pathlib import Path
from copilot.pipeline.increment import load_increment
from copilot.settings import load_settings
print("ready", flush=True)
load_increment(load_settings(data_dir=Path(sys.argv[1])), Path(sys.argv[2]), lambda *step: None)
"""


def test_an_increment_killed_at_any_moment_leaves_the_old_or_the_new_state(
    bank: tuple[Store, Settings], tmp_path: Path
) -> None:
    store, settings = bank
    mapping = increment(tmp_path / "增量")
    before, after = len(golden_rows()["transactions"]), len(golden_rows()["transactions"]) + 1
    for delay in (0.05, 0.2, 0.35):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(settings.data_dir), str(mapping)],
            stdout=subprocess.PIPE,
            env=dict(os.environ),
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert store.facts.current().rows["transactions"] in (before, after)
        assert read_or_none(store, settings) in (None, yuan(350_000), "old")
    report = load_increment(settings, mapping, lambda *step: None)
    assert store.facts.current().rows["transactions"] == after
    assert read_profile(store, BANK, "C02").value("inflow_max_7") == yuan(350_000)
    assert report.profiles.customers == 12
    folders = [path.name for path in (settings.data_dir / "facts").iterdir()]
    assert not [name for name in folders if name.startswith(".")]
    assert store.audit.verify().ok


def read_or_none(store: Store, settings: Settings) -> Any:
    generation = store.facts.current()
    if store.facts.feature_build(generation.generation_id, AS_OF) is None:
        return None
    value = read_profile(store, BANK, "C02").value("inflow_max_7")
    return "old" if value is None else value


def test_consents_of_an_increment_reach_the_gate_and_the_profile(tmp_path: Path) -> None:
    store, settings = open_bank(tmp_path / "行", golden_rows())
    build_profiles(store, settings)
    folder = tmp_path / "增量"
    folder.mkdir()
    (folder / "c.csv").write_text(
        "客户,用途,渠道,时间,同意\nC01,marketing,all,2026-11-20 09:00:00,否\n", "utf-8"
    )
    (folder / "m.yaml").write_text(
        "version: 1\nbusiness_date: 2026-11-20\ntables:\n  consents:\n    file: c.csv\n"
        "    columns: {customer_id: 客户, purpose: 用途, channel: 渠道, at: 时间, granted: 同意}\n",
        "utf-8",
    )
    extend(store, folder / "m.yaml")
    build_profiles(store, settings, incremental=True)
    consents = store.customers(BANK).file("C01", AS_OF).consents
    assert (at(AS_OF, 9), False) in [(c.at, c.granted) for c in consents]
    assert read_profile(store, BANK, "C01").value("contact_ok") is False
