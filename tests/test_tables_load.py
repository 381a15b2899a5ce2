"""Loads: all or nothing, recognised when unchanged, and honest about a full disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from bank_files import CUSTOMERS, TRANSACTIONS, BankFiles
from typer.testing import CliRunner

from copilot.cli import tables as tables_cli
from copilot.errors import InputError, StateError
from copilot.records.staff import Principal
from copilot.settings import load_settings
from copilot.store import Store
from copilot.tables import load_tables, read_sources


@pytest.fixture
def bank(tmp_path: Path) -> BankFiles:
    bank = BankFiles(tmp_path / "导出")
    bank.table("transactions", TRANSACTIONS)
    return bank


LOAD = """
import sys
from pathlib import Path
from copilot.errors import CopilotError
from copilot.settings import load_settings
from copilot.store import Store
from copilot.tables import load_tables, read_sources
{before}
store = Store.create(load_settings(data_dir=Path(sys.argv[2])))
try:
    load_tables(read_sources(Path(sys.argv[1])), store, lambda *step: print(*step, flush=True))
except CopilotError as error:
    print(error.code, error.message, error.next, flush=True)
    sys.exit(error.exit_code)
"""


def load_elsewhere(bank: BankFiles, data_dir: Path, before: str = "") -> subprocess.Popen[str]:
    """The same load in a process of its own."""
    command = [sys.executable, "-c", LOAD.format(before=before), str(bank.mapping()), str(data_dir)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def test_a_load_fills_files_database_and_audit_log_together(bank: BankFiles, store: Store) -> None:
    generation, report = load_tables(read_sources(bank.mapping()), store)
    assert store.facts.current() == generation
    assert store.facts.quality(generation.generation_id) == report
    assert store.customers(Principal.operator()).get("C002").name == "王建国"
    assert store.products(Principal.operator()).codes() == ["DEP-1Y", "WMP-CASH"]
    assert duckdb.sql(
        f"SELECT count(*) FROM read_parquet('{generation.parquet('transactions')}')"
    ).fetchall() == [(3,)]
    assert store.audit.verify().ok
    assert store.audit.verify().entries == 1
    with pytest.raises(StateError):
        generation.parquet("holdings")


def test_unchanged_sources_are_not_loaded_again(bank: BankFiles, store: Store) -> None:
    first, _ = load_tables(read_sources(bank.mapping()), store)
    second, report = load_tables(read_sources(bank.mapping()), store)
    assert second == first
    assert report == store.facts.quality(first.generation_id)
    bank.write("customers.csv", CUSTOMERS + "C004,周雨桐,女,1990-02-02,未婚,2021-01-01\n")
    third, _ = load_tables(read_sources(bank.mapping()), store)
    assert third.generation_id != first.generation_id
    assert third.rows["customers"] == 4


def test_going_back_to_earlier_sources_is_a_load_of_its_own(bank: BankFiles, store: Store) -> None:
    first, _ = load_tables(read_sources(bank.mapping()), store)
    bank.write("customers.csv", CUSTOMERS.replace("李静怡", "李静"))
    load_tables(read_sources(bank.mapping()), store)
    bank.write("customers.csv", CUSTOMERS)
    again, _ = load_tables(read_sources(bank.mapping()), store)
    assert again.generation_id != first.generation_id
    assert store.customers(Principal.operator()).get("C001").name == "李静怡"


def test_a_refused_load_leaves_the_old_generation_and_no_litter(
    bank: BankFiles, store: Store
) -> None:
    generation, _ = load_tables(read_sources(bank.mapping()), store)
    bank.write("customers.csv", CUSTOMERS.encode("gb18030"))
    with pytest.raises(InputError):
        load_tables(read_sources(bank.mapping()), store)
    assert store.facts.current() == generation
    folders = [path.name for path in (store.data_dir / "facts").iterdir()]
    assert folders == [generation.generation_id]


def test_orphans_of_a_dead_load_are_removed_by_the_next(bank: BankFiles, store: Store) -> None:
    for name in (".loading-dead", "20261120-0123456789ab"):
        (store.data_dir / "facts" / name / "quarantine").mkdir(parents=True)
    generation, _ = load_tables(read_sources(bank.mapping()), store)
    folders = [path.name for path in (store.data_dir / "facts").iterdir()]
    assert folders == [generation.generation_id]


def test_a_load_killed_at_any_moment_leaves_a_store_that_opens_and_continues(
    bank: BankFiles, tmp_path: Path
) -> None:
    data_dir = tmp_path / "数据"
    done = load_elsewhere(bank, data_dir)
    done.communicate(timeout=120)
    assert done.returncode == 0
    settings = load_settings(data_dir=data_dir)
    store = Store.open(settings)
    first = store.facts.current()
    rows = "".join(f"N{n},C001,2026-11-{n % 19 + 1:02d},{n}.25\n" for n in range(60_000))
    bank.write("transactions.csv", TRANSACTIONS + rows)
    for wait in (0.0, 0.15, 0.4, 0.8):
        load = load_elsewhere(bank, data_dir)
        assert load.stdout is not None
        load.stdout.readline()
        time.sleep(wait)
        load.send_signal(signal.SIGKILL)
        load.communicate(timeout=60)
        current = store.facts.current()
        assert (current == first) == (current.rows["transactions"] == 3)
        assert store.audit.verify().ok
        assert current.parquet("transactions").is_file()
    generation, _ = load_tables(read_sources(bank.mapping()), store)
    assert generation.rows["transactions"] == 60_003
    current_folders = {first.generation_id, generation.generation_id}
    assert {path.name for path in (data_dir / "facts").iterdir()} == current_folders
    store.close()


def test_a_full_disk_is_explained_and_nothing_is_half_written(
    bank: BankFiles, tmp_path: Path
) -> None:
    data_dir = tmp_path / "数据"
    rows = "".join(f"N{n},C001,2026-11-01,{n * 7919 % 99991}.25\n" for n in range(60_000))
    bank.write("transactions.csv", TRANSACTIONS + rows)
    # A limit on file size fails the write like a disk without space does.
    before = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "Store.create(load_settings(data_dir=Path(sys.argv[2]))).close()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    )
    load = load_elsewhere(bank, data_dir, before)
    out, err = load.communicate(timeout=120)
    assert load.returncode == 3, out + err
    assert "磁盘空间不足" in out
    assert "Traceback" not in err
    assert list((data_dir / "facts").iterdir()) == []
    with pytest.raises(StateError):
        Store.open(load_settings(data_dir=data_dir)).facts.current()


def test_check_reports_without_writing(bank: BankFiles) -> None:
    mapping = bank.mapping()
    before = sorted(bank.folder.rglob("*"))
    result = CliRunner().invoke(
        tables_cli.app, ["check", "--sources", str(mapping), "--format", "json"]
    )
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["read"] == {"customers": 3, "products": 2, "transactions": 3}
    assert "holdings" in document["missing"]
    assert sorted(bank.folder.rglob("*")) == before


def test_codes_lists_every_closed_vocabulary() -> None:
    result = CliRunner().invoke(tables_cli.app, ["codes", "--format", "json"])
    lists = json.loads(result.stdout)
    assert lists["customers"]["gender"] == {"M": "男", "F": "女"}
    assert lists["holdings"]["product_type"]["wmp"] == "理财产品"
    assert set(lists["risk_assessments"]["level"]) == {"C1", "C2", "C3", "C4", "C5"}
    text = CliRunner().invoke(tables_cli.app, ["codes"]).stdout
    assert "理财产品" in text
