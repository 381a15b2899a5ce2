"""Shared fixtures: a small store without any bank, and the sample bank made once per run."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import knowledge_files as files
import pytest
from fake_openai import FakeOpenAI
from filelock import FileLock
from lucky_rule import knowledge_with_one_rule

from copilot.llm.circuit import circuit_of
from copilot.llm.wire import Endpoint, Wire
from copilot.pipeline.workbench import Workbench
from copilot.settings import Settings, load_settings
from copilot.store import Store
from copilot.store.copies import copy_data_dir
from tests.shell import Shell

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def no_configured_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches a real endpoint because the developer's shell has one configured."""
    for name in list(os.environ):
        if name.startswith("COPILOT_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def rested() -> None:
    """No test inherits another one's failing endpoint."""
    circuit_of.cache_clear()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with an empty data directory."""
    return load_settings(data_dir=tmp_path / "数据 目录")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A new, empty store."""
    store = Store.create(settings)
    yield store
    store.close()


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The data directory of the whole sample bank, made once for all test processes.

    Tests may draft in it (drafts only add rows); a test that breaks things copies it first.
    """
    from copilot.pipeline.bank import bring_in

    root = tmp_path_factory.getbasetemp()
    home = (root if worker_id == "master" else root.parent) / "示例 银行"
    with FileLock(str(home) + ".lock"):
        if not (home / "ready").is_file():
            bring_in(load_settings(data_dir=home), None, lambda step, done, total: None)
            (home / "ready").touch()
    return home


@pytest.fixture
def bench_home(sample_home: Path) -> Path:
    """The bank that ``bench`` opens; tests that change it name a copy of their own here."""
    return sample_home


@pytest.fixture
def bench(bench_home: Path) -> Iterator[Workbench]:
    """The bank, opened at its own console."""
    bench = Workbench.open(load_settings(data_dir=bench_home))
    yield bench
    bench.close()


@pytest.fixture
def lobby(sample_home: Path) -> Iterator[Workbench]:
    """The sample bank, opened by a lobby manager without a licence."""
    bench = Workbench.open(load_settings(data_dir=sample_home), staff_id="S1004")
    yield bench
    bench.close()


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    """An endpoint that answers what the test scripts."""
    with FakeOpenAI() as running:
        yield running


@pytest.fixture
def model(bench: Workbench, server: FakeOpenAI) -> FakeOpenAI:
    """The same endpoint, configured as the model of the bench."""
    endpoint = Endpoint(server.base_url, "scripted", timeout_s=2, retries=1)
    bench.wire = Wire(endpoint, pause=lambda seconds: None)
    return server


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A small folder of knowledge files."""
    return files.write_shelf(tmp_path / "资料")


@pytest.fixture
def filled(store: Store, settings: Settings, shelf: Path) -> Store:
    """A store that has taken in the small folder."""
    files.take_in(store, settings, shelf)
    return store


@pytest.fixture
def knowledge(tmp_path: Path) -> Path:
    """A knowledge folder with one rule."""
    return knowledge_with_one_rule(tmp_path / "knowledge")


@pytest.fixture
def home(sample_home: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the sample bank, for tests that change it."""
    place = tmp_path / "home"
    copy_data_dir(sample_home, place)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


@pytest.fixture(scope="module")
def copied(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample bank whose work log a test may change."""
    home = tmp_path_factory.mktemp("bank") / "行"
    copy_data_dir(sample_home, home, without=["sample"])
    return home


@pytest.fixture
def log(copied: Path) -> Iterator[sqlite3.Connection]:
    """The copied bank's tables, put back after the test."""
    kept = copied.with_name(f"{copied.name}.db")
    shutil.copy(copied / "copilot.db", kept)
    connection = sqlite3.connect(copied / "copilot.db", isolation_level=None)
    yield connection
    connection.close()
    for stale in copied.glob("copilot.db-*"):
        stale.unlink()
    shutil.move(kept, copied / "copilot.db")
