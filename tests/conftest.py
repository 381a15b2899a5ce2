"""Shared fixtures: a small store without any bank, and the sample bank made once per run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from copilot.settings import Settings, load_settings
from copilot.store import Store

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def no_configured_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches a real endpoint because the developer's shell has one configured."""
    import os

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
