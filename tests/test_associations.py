"""Associations: planted pairs are found, others only as often as the stated rate allows."""

from __future__ import annotations

from pathlib import Path

import known_truth
import numpy as np
import pandas as pd
import planted
import pytest

from copilot.errors import InputError, StateError
from copilot.profiles.associations import associations, holders, pairs_of


def test_every_planted_pair_is_found_and_few_others() -> None:
    false, found_all = 0, 0
    for seed in range(20):
        pairs = {(p.first, p.second) for p in pairs_of(*planted.paired(seed))}
        assert pairs >= planted.PAIRS
        found_all += len(pairs)
        false += len(pairs - planted.PAIRS)
    assert false / found_all <= 0.05


def test_independent_products_give_no_pairs() -> None:
    generator = np.random.default_rng(3)
    rows, columns = np.nonzero(generator.random((3_000, 12)) < 0.15)
    assert pairs_of([str(r) for r in rows], [f"p{c}" for c in columns]) == ()


def test_counts_are_those_of_the_table() -> None:
    customers = [f"A{i}" for i in range(100)]
    items = ["wmp"] * 40 + ["fund"] * 20 + ["deposit"] * 100
    who = customers[:40] + customers[:20] + customers
    (pair,) = pairs_of(who, items)
    assert (pair.first, pair.second) == ("fund", "wmp")
    assert (pair.customers, pair.with_first, pair.with_second, pair.with_both) == (100, 20, 40, 20)
    assert pair.support == pytest.approx(0.2)
    assert pair.lift == pytest.approx(2.5)
    assert "100位客户中" in pair.words
    assert "两样都有的20位，是互不相干时的2.5倍" in pair.words


def test_everybody_holding_everything_says_nothing() -> None:
    customers = [f"A{i}" for i in range(50)]
    assert pairs_of(customers * 2, ["wmp"] * 50 + ["fund"] * 50) == ()
    assert pairs_of([], []) == ()
    assert pairs_of(["A1"], ["wmp"]) == ()


def test_too_many_products_are_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match="201种") as caught:
        pairs_of(["A1"] * 201, [f"p{i}" for i in range(201)])
    assert "产品类型" in caught.value.next


def test_pairs_are_read_from_the_newest_snapshot_without_those_who_refused(tmp_path: Path) -> None:
    tables, _ = known_truth.generate(60)
    first = tables["holdings"]["customer_id"].iloc[0]
    tables["consents"] = pd.DataFrame(
        {
            "customer_id": [first],
            "purpose": ["profiling"],
            "channel": ["all"],
            "at": [pd.Timestamp("2026-05-01 09:00")],
            "granted": [False],
        }
    )
    store, settings = known_truth.open_tables_as_bank(tmp_path, tables)
    shares = holders(store, settings)
    newest = tables["holdings"][tables["holdings"]["as_of"] == known_truth.BUSINESS_DATE]
    wmp = newest[(newest["product_type"] == "wmp") & (newest["customer_id"] != first)]
    assert shares["deposit"] == 1.0
    assert shares["wmp"] == pytest.approx(len(wmp) / 59)
    store.close()


def test_a_bank_without_holdings_is_told_so(tmp_path: Path) -> None:
    tables, _ = known_truth.generate(5)
    del tables["holdings"]
    store, settings = known_truth.open_tables_as_bank(tmp_path, tables)
    with pytest.raises(StateError, match="holdings"):
        associations(store, settings)
    store.close()
