"""Every value back to its rows: what is listed recomputes to what is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from profiles_golden import AS_OF, golden_rows, open_bank

from copilot.errors import DependencyError, Forbidden, InputError, NotFound, StateError
from copilot.profiles import (
    FeatureExplanation,
    build_profiles,
    explain_feature,
    load_features,
    read_profile,
    readable,
)
from copilot.profiles.spec import FeatureSet
from copilot.records.codes import Role
from copilot.records.profile import FeatureValue
from copilot.records.staff import Principal, Staff
from copilot.store import Store

BANK = Principal.operator()
CUSTOMERS = ["C01", "C02", "C10"]
FEATURES: FeatureSet = load_features()
Explanations = dict[tuple[str, str], FeatureExplanation]
RECOMPUTABLE = [
    name
    for name in FEATURES.features
    if (rows := FEATURES.rows(name)) is not None and rows.recompute is not None
]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store, settings = open_bank(tmp_path_factory.mktemp("bank"), golden_rows())
    build_profiles(store, settings)
    return store


@pytest.fixture(scope="module")
def explained(bank: Store) -> Explanations:
    return {
        (customer, feature): explain_feature(bank, BANK, customer, feature)
        for customer in CUSTOMERS
        for feature in FEATURES.features
    }


def test_most_features_say_how_their_rows_give_the_value() -> None:
    assert len(RECOMPUTABLE) >= 60


@pytest.mark.parametrize("feature", RECOMPUTABLE)
def test_value_is_recomputed_from_exactly_the_listed_rows(
    explained: Explanations, feature: str
) -> None:
    for customer in CUSTOMERS:
        found = explained[customer, feature]
        value = found.value.value
        if value is None:
            assert found.recomputed is None, customer
        elif isinstance(value, float):
            assert found.recomputed == pytest.approx(value, rel=1e-9), customer
        else:
            assert found.recomputed == value, customer


@pytest.mark.parametrize("feature", list(FEATURES.features))
def test_every_feature_can_be_explained(bank: Store, explained: Explanations, feature: str) -> None:
    found = explained["C01", feature]
    assert found.value == read_profile(bank, BANK, "C01").features[feature]
    if found.table is None:
        assert found.inputs
    else:
        assert len(found.rows) == found.rows_total


def test_listed_rows_identify_nobody_and_quote_no_text(explained: Explanations) -> None:
    hidden = {"name", "phone", "id_number", "birth_date", "memo", "account_id", "counterparty_id"}
    assert not [row for found in explained.values() for row in found.rows if hidden & set(row)]


def test_rows_after_the_date_are_never_evidence(explained: Explanations) -> None:
    seen = 0
    for (_, feature), found in explained.items():
        for row in found.rows:
            for column in {"txn_date", "as_of", "assessed_on", "at"} & set(row):
                seen += 1
                assert str(row[column])[:10] <= AS_OF.isoformat(), feature
    assert seen > 100


def test_unknown_feature_names_the_closest(bank: Store) -> None:
    with pytest.raises(InputError, match="inflow_9_0") as error:
        explain_feature(bank, BANK, "C01", "inflow_9_0")
    assert "inflow_90" in error.value.next


def test_refused_profiling_closes_the_explanation_of_behaviour(bank: Store) -> None:
    with pytest.raises(Forbidden, match="拒绝画像"):
        explain_feature(bank, BANK, "C08", "inflow_90")
    assert explain_feature(bank, BANK, "C08", "age").value.value == 41


def test_profile_is_refused_outside_the_branch(bank: Store) -> None:
    seller = Staff("S1002", "林晓", Role.WEALTH, "BR01")
    assert read_profile(bank, Principal.of(seller), "C01").customer_id == "C01"
    with pytest.raises(Forbidden):
        read_profile(bank, Principal.of(seller), "C05")
    with pytest.raises(Forbidden):
        explain_feature(bank, Principal.of(seller), "C05", "age")


def test_unknown_customer_is_named(bank: Store) -> None:
    with pytest.raises(NotFound, match="C99"):
        read_profile(bank, BANK, "C99")


def test_damaged_profile_file_is_one_clear_error(tmp_path: Path) -> None:
    store, settings = open_bank(tmp_path, golden_rows())
    build = build_profiles(store, settings)
    (build.directory / "points.db").write_bytes(b"not a database")
    with pytest.raises(DependencyError, match="打不开画像文件") as error:
        read_profile(store, BANK, "C01")
    assert "profile build" in error.value.next


@pytest.mark.parametrize(
    ("feature", "shown"),
    [
        (FeatureValue("mon_30", 1_234_56, "fen"), "1,234.56元"),
        (FeatureValue("sh_work", 0.25, "ratio"), "25.0%"),
        (FeatureValue("dormant", True, "bool"), "是"),
        (FeatureValue("bal_slope", -100_000.0, "fen_per_month"), "-1,000元/月"),
        (FeatureValue("age", None, "count", null_reason="没有出生日期"), "未知（没有出生日期）"),
    ],
)
def test_values_are_readable(feature: FeatureValue, shown: str) -> None:
    assert readable(feature) == shown


def test_profile_of_another_program_version_asks_for_a_build(tmp_path: Path) -> None:
    store, settings = open_bank(tmp_path, golden_rows())
    build = build_profiles(store, settings)
    (build.directory / "build.json").write_text('{"unavailable": {}}', "utf-8")
    with pytest.raises(StateError, match="另一版") as error:
        read_profile(store, BANK, "C01")
    assert "profile build" in error.value.next
