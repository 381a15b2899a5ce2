"""Old loads leave the disk: the current one and the one before stay, and nothing breaks off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from profiles_golden import golden_rows, open_bank, yuan
from test_incremental import BANK, TODAY, extend, increment

from copilot.pipeline.pruning import prune
from copilot.profiles import build_profiles, read_profile, recomputed_of
from copilot.settings import Settings
from copilot.store import Store

LATER = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=2)
Bank = tuple[Store, Settings, list[str]]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Three loads, one laid over the other; the first two have profiles."""
    home = tmp_path_factory.mktemp("载入")
    store, settings = open_bank(home / "行", golden_rows())
    loads = [store.facts.current().generation_id]
    head = TODAY.splitlines()[0]
    for number in range(2):
        build_profiles(store, settings, incremental=True)
        rows = f"{head}\nP{number},C02,2026-11-19,{150_000 + number}.00,transfer_in,CNY\n"
        extend(store, increment(home / f"第{number}批", rows))
        loads.append(store.facts.current().generation_id)
    store.close()
    return settings.data_dir, loads


@pytest.fixture
def bank(loaded: tuple[Path, list[str]], tmp_path: Path) -> Iterator[Bank]:
    settings = Settings(data_dir=tmp_path / "行")
    shutil.copytree(loaded[0], settings.data_dir)
    store = Store.open(settings)
    yield store, settings, loaded[1]
    store.close()


def folders(settings: Settings, name: str) -> set[str]:
    return {path.name for path in (settings.data_dir / name).iterdir()}


def test_the_current_load_and_the_one_before_stay_and_older_ones_leave(bank: Bank) -> None:
    store, settings, loads = bank
    build_profiles(store, settings, incremental=True)
    pruned = prune(store, now=LATER)
    assert (pruned.removed, pruned.kept) == ((loads[0],), (loads[2], loads[1]))
    assert folders(settings, "facts") == folders(settings, "features") == set(loads[1:])
    assert read_profile(store, BANK, "C02").value("inflow_max_7") == yuan(150_001)
    assert prune(store, now=LATER).removed == ()
    assert store.audit.verify().ok


def test_a_load_replaced_within_the_hour_stays_for_whoever_reads_it(bank: Bank) -> None:
    store, settings, loads = bank
    assert prune(store).removed == ()
    assert folders(settings, "facts") == set(loads)


def test_the_current_load_stays_even_when_only_one_is_kept(bank: Bank) -> None:
    store, settings, loads = bank
    build_profiles(store, settings, incremental=True)
    assert prune(store, keep=1, now=LATER).kept == (loads[2],)
    assert read_profile(store, BANK, "C02").value("inflow_max_7") == yuan(150_001)


def test_profiles_are_built_whole_when_the_load_to_start_from_has_gone(bank: Bank) -> None:
    store, settings, loads = bank
    prune(store, keep=1, now=LATER)
    build = build_profiles(store, settings, incremental=True)
    assert (build.generation_id, recomputed_of(build)) == (loads[2], 12)


def test_what_a_killed_removal_left_behind_goes_with_the_next(bank: Bank) -> None:
    store, settings, _ = bank
    left = settings.data_dir / "features" / "20260101-0123456789ab"
    kept = settings.data_dir / "scores" / "models"
    for folder in (left, kept):
        folder.mkdir(parents=True)
    prune(store)
    assert (left.exists(), kept.exists()) == (False, True)
