"""Shared fixtures: a small store without any bank, and the sample bank made once per run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from lucky_rule import knowledge_with_one_rule

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
def bench(sample_home: Path) -> Iterator[Workbench]:
    """The sample bank, opened at the bank's own console."""
    bench = Workbench.open(load_settings(data_dir=sample_home))
    yield bench
    bench.close()


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
