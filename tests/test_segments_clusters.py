"""Segments: planted groups are found again, noise is not sold as groups, words fit the numbers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import known_truth
import numpy as np
import pandas as pd
import planted
import pytest

from copilot.errors import NotFound, StateError
from copilot.profiles import build_profiles, read_profile
from copilot.profiles.scores.columns import Column
from copilot.profiles.segments import (
    build_segments,
    members_of,
    read_segments,
    segment_changes,
    segments_of,
)
from copilot.profiles.segments.clusters import Candidate, _chosen, compare
from copilot.profiles.segments.conditions import describe
from copilot.records.codes import Role
from copilot.records.staff import Principal

TODAY = known_truth.BUSINESS_DATE
BEFORE = TODAY - timedelta(30)
N = 400


def _tables(values: np.ndarray, *, moved: bool = False) -> dict[str, pd.DataFrame]:
    ids = [f"G{i:04d}" for i in range(len(values))]
    frames = []
    for day in (BEFORE, TODAY):
        shown = values.copy()
        if moved and day == TODAY:
            shown[0] = values[-1]
        frames += [
            pd.DataFrame({"customer_id": ids, "as_of": day, "name": f"N{k}", "value": column})
            for k, column in enumerate(shown.round(3).T)
        ]
    attributes = pd.concat(frames)
    attributes["value"] = attributes["value"].astype(str)
    return {
        "customers": pd.DataFrame({"customer_id": ids, "branch_id": ["BR01"] * len(ids)}),
        "products": known_truth.generate(3)[0]["products"],
        "attributes": attributes,
    }


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Any:
    values, groups = planted.grouped(N)
    home = tmp_path_factory.mktemp("segments")
    store, settings = known_truth.open_tables_as_bank(home, _tables(values, moved=True))
    with store.writer_lock():
        built = build_segments(store, settings)
    yield store, settings, built, groups
    store.close()


def test_clusters_recover_the_planted_groups(bank: Any) -> None:
    from sklearn.metrics import adjusted_rand_score

    store, _, built, groups = bank
    found = np.zeros(N, dtype=int)
    for place, one in enumerate(s for s in built.segments if s.scheme == "cluster"):
        for customer in members_of(store, Principal.operator(), one.segment_id):
            found[int(customer[1:])] = place
    assert adjusted_rand_score(groups[1:], found[1:]) >= 0.8  # the first customer was moved


def test_a_cluster_has_a_name_and_at_most_three_conditions_for_nine_tenths(bank: Any) -> None:
    clusters = [s for s in bank[2].segments if s.scheme == "cluster"]
    assert len({s.name for s in clusters}) == len(clusters) == 3
    for one in clusters:
        assert 1 <= len(one.conditions) <= 3
        assert one.covered >= 0.9
        assert one.precise >= 0.9


def test_customers_without_structure_are_not_divided() -> None:
    noise = np.random.default_rng(2).normal(size=(500, 6))
    candidates, clustering = compare(noise)
    assert clustering is None
    assert all(not one.eligible for one in candidates)
    assert {one.method for one in candidates} == {"kmeans", "hierarchical", "dbscan"}


def test_without_clusters_the_reason_is_said(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(size=(N, 5))
    store, settings = known_truth.open_tables_as_bank(tmp_path, _tables(noise))
    with store.writer_lock():
        built = build_segments(store, settings)
    assert "ARI" in built.not_offered["cluster"]
    assert all(s.scheme != "cluster" for s in built.segments)
    store.close()


def test_another_method_needs_to_win_clearly() -> None:
    kmeans = Candidate("kmeans", 3, 0.95, 0.2, 0.0)
    level = Candidate("hierarchical", 3, 0.96, 0.2, 0.0)
    better = Candidate("dbscan", 3, 0.99, 0.2, 0.01)
    assert _chosen([kmeans, level]) is kmeans
    assert _chosen([kmeans, level, better]) is better
    assert _chosen([Candidate("kmeans", 4, 0.89, 0.2, 0.0)]) is None
    assert _chosen([Candidate("kmeans", 4, 0.99, 0.01, 0.0)]) is None


def test_a_change_of_segment_names_the_values_that_moved(bank: Any) -> None:
    store, settings, _, _ = bank
    with store.writer_lock():
        build_profiles(store, settings, BEFORE)
    before = read_profile(store, Principal.operator(), "G0000", BEFORE)
    after = read_profile(store, Principal.operator(), "G0000")
    (change,) = segment_changes(store, settings, before, after)
    assert change.scheme == "cluster"
    assert change.before != change.after
    assert any("→" in reason for reason in change.because)
    still = read_profile(store, Principal.operator(), "G0001", BEFORE)
    now = read_profile(store, Principal.operator(), "G0001")
    assert segment_changes(store, settings, still, now) == []


def test_segments_keep_their_meaning_until_they_are_learnt_again(bank: Any) -> None:
    store, settings, built, _ = bank
    with store.writer_lock():
        again = build_segments(store, settings)
    assert again == built
    assert segments_of(store) == built
    assert built.drift["cluster"] < 0.05


def test_the_profile_names_the_cluster(bank: Any) -> None:
    store = bank[0]
    profile = read_profile(store, Principal.operator(), "G0001")
    names = {s.name for s in bank[2].segments if s.scheme == "cluster"}
    assert profile.segments["cluster"] in names


def test_customers_of_another_branch_are_not_listed(bank: Any) -> None:
    elsewhere = Principal("S2001", frozenset({Role.MANAGER}), frozenset({"BR02"}))
    assert members_of(bank[0], elsewhere, "cluster.1") == []
    assert members_of(bank[0], Principal.operator(), "cluster.1")


def test_an_unknown_segment_names_those_there_are(bank: Any) -> None:
    with pytest.raises(NotFound, match="客群 vip"):
        bank[2].segment("vip")


@pytest.mark.parametrize(
    "values",
    [np.ones((1, 5)), np.ones((200, 5)), np.full((200, 5), np.nan)],
    ids=["one customer", "constant features", "nothing known"],
)
def test_nothing_to_divide_is_said_and_nothing_fails(tmp_path: Path, values: np.ndarray) -> None:
    store, settings = known_truth.open_tables_as_bank(tmp_path, _tables(values))
    with store.writer_lock():
        built = build_segments(store, settings)
    assert "cluster" in built.not_offered
    assert {s.scheme for s in built.segments} <= {"tier", "life_stage", "lifecycle"}
    store.close()


def test_segments_before_any_build_ask_for_it(tmp_path: Path) -> None:
    store, settings = known_truth.open_tables_as_bank(tmp_path, _tables(np.ones((3, 2))))
    with store.writer_lock():
        build = build_profiles(store, settings)
    assert read_segments(store, build, "G0000") == {}
    with pytest.raises(StateError, match="还没有"):
        segments_of(store)
    store.close()


def test_conditions_keep_nine_tenths_and_say_amounts_in_words() -> None:
    columns = [
        Column("aum", "资产", "number", "fen", "x"),
        Column("n", "笔数", "number", "count", "x"),
    ]
    generator = np.random.default_rng(5)
    members = np.arange(300) < 100
    assets = np.where(members, generator.uniform(3e7, 9e7, 300), generator.uniform(0, 2e7, 300))
    matrix = np.column_stack([assets, generator.integers(0, 9, 300)])
    found = describe(columns, matrix, members)
    assert found.covered >= 0.9
    assert found.precise == 1.0
    assert len(found.words) == 1
    assert found.words[0].startswith("资产不少于3")
    assert "万元" in found.words[0]
