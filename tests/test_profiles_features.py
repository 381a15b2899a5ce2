"""Features of the golden bank: values worked out by hand, and what must never happen to them."""

from __future__ import annotations

import copy
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from profiles_golden import AS_OF, ago, ahead, golden_rows, open_bank, yuan

from copilot.errors import DependencyError, StateError
from copilot.profiles import build_profiles, load_features, read_profile
from copilot.records.profile import Profile
from copilot.records.staff import Principal
from copilot.settings import BankPolicy, Settings

BANK = Principal.operator()
EVERYBODY = [f"C{number:02d}" for number in range(1, 13)]


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Profile]:
    store, settings = open_bank(tmp_path_factory.mktemp("银行 一"), golden_rows())
    build_profiles(store, settings)
    return {customer: read_profile(store, BANK, customer) for customer in EVERYBODY}


def build_all(directory: Path, rows: dict[str, Any]) -> dict[str, dict[str, Any]]:
    store, settings = open_bank(directory, rows)
    build_profiles(store, settings)
    return {
        customer: {f.name: f.value for f in read_profile(store, BANK, customer).features.values()}
        for customer in EVERYBODY
    }


def test_at_least_fifty_features_are_fully_declared() -> None:
    features = load_features().features
    assert len(features) >= 50
    for spec in features.values():
        assert spec.label, spec.name
        assert spec.formula, spec.name
        assert spec.window, spec.name
        assert re.search(r"[一-鿿]", spec.label), spec.name
        if spec.null_rule == "unknown":
            assert spec.unknown_because, spec.name


EXPECTED: dict[str, dict[str, Any]] = {
    "C01": {
        "age": 46,
        "salary_month": 12_000_00.0,
        "n_salary_cp": 1,
        "salary_last_on": date(2026, 11, 10),
        "salary_first_on": date(2025, 12, 10),
        "bonus_30": yuan(160_000),
        "bonus_key": "T000024",
        "tuition_365": yuan(9_000),
        "fee_365": yuan(25),
        "active_months": 12,
        "aum_total": yuan(530_000),
        "aum_demand": yuan(30_000),
        "aum_time": yuan(200_000),
        "aum_deposit": yuan(230_000),
        "aum_fund": 0,
        "debt_loan": yuan(700_000),
        "n_types": 3,
        "aum_month_avg": yuan((530_000 + 100_000) / 2),
        "aum_before_90": yuan(100_000),
        "aum_change_90": yuan(430_000),
        "days_to_maturity": 18,
        "next_maturity_on": ahead(18),
        "next_maturity_amount": yuan(200_000),
        "next_maturity_auto_renew": True,
        "maturing_30": yuan(250_000),
        "maturing_today": 0,
        "risk_declared": "C3",
        "risk_valid": True,
        "risk_age_months": 11,
        "assessments_365": 1,
        "last_contact_days": 30,
        "contacts_90": 1,
        "refusals_180": 0,
        "consent_phone": True,
        "consent_sms": False,
        "complaints_open": 0,
        "visits_90": 1,
        "last_visit_days": 0,
        "referrals_open": 1,
        "tier": "wealth",
        "tier_next": "affluent",
        "tier_gap": yuan(185_000),
        "tier_at_risk": False,
        "life_stage": "family",
        "contact_ok": True,
    },
    "C02": {
        "age": 45,
        "rec_days": 0,
        "dormant": False,
        "freq_30": 2,
        "freq_90": 4,
        "freq_prev_90": 2,
        "freq_365": 8,
        "mon_30": yuan(100 + 129),
        "mon_90": yuan(100 + 129 + 130 + 189),
        "max_out_90": yuan(189),
        "inflow_90": 0,
        "sh_atm": 1.0,
        "sh_web": 0.0,
        "sh_night": None,
        "maturing_today": yuan(20_000),
        "maturing_today_key": "H20",
        "days_to_maturity": None,
        "risk_valid": False,
        "risk_age_months": 12,
        "last_contact_days": 29,
        "contact_ok": False,
    },
    "C03": {
        "age": 65,
        "aum_gold": yuan(60_000),
        "aum_total": yuan(60_000),
        "fx_maturity_on": ahead(7),
        "n_types": 2,
        "risk_declared": None,
        "risk_valid": False,
        "life_stage": "retired",
        "contact_ok": False,
    },
    "C04": {"age": 16, "life_stage": "student", "contact_ok": False},
    "C05": {
        "bal_last": yuan(288_412),
        "bal_last_on": ago(10),
        "idle_amount": yuan(283_412),
        "idle_days": 93,
        "idle_since": ago(93),
        "profiling_refused": False,
    },
    "C06": {
        "inflow_max_7": yuan(350_000),
        "inflow_max_7_on": ago(6),
        "inflow_max_7_key": "T000048",
        "tenure_days": 45,
        "lifecycle": "new",
        "wm_net_365": yuan(-980_000),
    },
    "C07": {"rec_days": 181, "dormant": True, "complaints_open": 1, "contact_ok": False},
    "C09": {
        "age": None,
        "freq_365": 0,
        "rec_days": None,
        "dormant": True,
        "aum_total": 0,
        "next_maturity_on": None,
        "life_stage": "unknown",
    },
    "C10": {
        "salary_month": None,
        "salary_first_on": ago(60),
        "bal_slope": -100_000.0,
        "aum_total": 0,
        "aum_month_avg": yuan(250_000),
        "aum_change_rate_90": -1.0,
        "tier": "wealth",
        "tier_at_risk": True,
        "last_refusal_days": 179,
        "contact_ok": False,
    },
    "C11": {
        "freq_90": 6,
        "freq_prev_90": 12,
        "lifecycle": "declining",
        "refusals_180": 0,
        "last_refusal_days": 180,
        "contact_ok": True,
    },
    "C12": {"tenure_days": None, "consent_phone": False},
}


@pytest.mark.parametrize(
    ("customer", "feature"),
    [(customer, feature) for customer, values in EXPECTED.items() for feature in values],
)
def test_feature_has_the_value_worked_out_by_hand(
    profiles: dict[str, Profile], customer: str, feature: str
) -> None:
    value = profiles[customer].value(feature)
    expected = EXPECTED[customer][feature]
    if isinstance(expected, float):
        assert value == pytest.approx(expected, abs=1e-9)
    else:
        assert value == expected
        assert type(value) is type(expected)


def test_every_unknown_value_says_why(profiles: dict[str, Profile]) -> None:
    unknown = [f for p in profiles.values() for f in p.features.values() if f.value is None]
    assert unknown
    assert all(feature.null_reason for feature in unknown)


def test_customer_who_refused_profiling_keeps_service_facts_only(
    profiles: dict[str, Profile],
) -> None:
    profile = profiles["C08"]
    assert profile.value("profiling_refused") is True
    assert profile.reasons == ()
    assert profile.value("tier") is None
    assert profile.features["inflow_90"].null_reason == "客户已拒绝画像分析"
    assert profile.value("age") == 41
    assert profile.value("pension_in_90") is None
    assert "拒绝画像" in profile.card


def test_nothing_after_the_date_changes_any_feature(tmp_path: Path) -> None:
    with_future = golden_rows()
    past_only = copy.deepcopy(with_future)
    dated = {
        "transactions": "txn_date",
        "holdings": "as_of",
        "risk_assessments": "assessed_on",
        "consents": "at",
        "interactions": "at",
        "complaints": "at",
        "visits": "at",
    }
    dropped = 0
    for table, column in dated.items():
        kept = [row for row in past_only[table] if str(row[column])[:10] <= AS_OF.isoformat()]
        dropped += len(past_only[table]) - len(kept)
        past_only[table] = kept
    assert dropped >= 10
    assert build_all(tmp_path / "a", with_future) == build_all(tmp_path / "b", past_only)


def test_past_date_sees_only_what_was_known_then(tmp_path: Path) -> None:
    store, settings = open_bank(tmp_path, golden_rows())
    day = ago(20)
    build_profiles(store, settings, day)
    profile = read_profile(store, BANK, "C01", day)
    assert profile.value("aum_total") == yuan(100_000)
    assert profile.value("bonus_30") == 0
    assert profile.value("days_to_maturity") == 38
    assert profile.value("consent_sms") is True


def test_missing_tables_switch_features_off_with_a_reason_and_never_zero(tmp_path: Path) -> None:
    rows = {name: golden_rows()[name] for name in ("customers", "products", "holdings")}
    store, settings = open_bank(tmp_path, rows)
    build_profiles(store, settings)
    profile = read_profile(store, BANK, "C01")
    for name, spec in load_features().features.items():
        required = set(spec.sources) - set(spec.optional)
        if any(source.startswith("transactions.") for source in required):
            assert profile.value(name) is None, name
            assert "未提供交易表" in (profile.features[name].null_reason or ""), name
    assert profile.value("aum_total") == yuan(530_000)
    assert profile.value("consent_phone") is None
    assert profile.value("contact_ok") is False
    assert "营销同意不明" in profile.card


def test_column_that_is_empty_throughout_counts_as_not_given(tmp_path: Path) -> None:
    rows = golden_rows()
    for row in rows["transactions"]:
        row.pop("txn_hour", None)
    store, settings = open_bank(tmp_path, rows)
    build_profiles(store, settings)
    profile = read_profile(store, BANK, "C01")
    assert profile.value("sh_night") is None
    assert profile.features["sh_night"].null_reason == "未提供交易表的“交易小时”"
    assert profile.value("sh_weekend") is not None


@pytest.mark.parametrize("empty", ["transactions", "holdings", "consents", "risk_assessments"])
def test_empty_table_is_no_error(tmp_path: Path, empty: str) -> None:
    rows = golden_rows()
    rows[empty] = []
    store, settings = open_bank(tmp_path, rows)
    assert build_profiles(store, settings).customers == len(EVERYBODY)
    assert read_profile(store, BANK, "C01").card


def test_bank_without_customers_builds_nothing_and_does_not_fail(tmp_path: Path) -> None:
    rows = golden_rows()
    rows["customers"] = []
    store, settings = open_bank(tmp_path, rows)
    assert build_profiles(store, settings).customers == 0


def test_huge_amounts_stay_exact(tmp_path: Path) -> None:
    rows = golden_rows()
    rows["transactions"] += [
        {"txn_id": f"TB{n}", "customer_id": "C09", "txn_date": AS_OF, "amount": 10**15 + n}
        for n in range(3)
    ]
    store, settings = open_bank(tmp_path, rows)
    build_profiles(store, settings)
    assert read_profile(store, BANK, "C09").value("inflow_90") == 3 * 10**15 + 3


def test_second_build_of_the_same_tables_does_nothing(tmp_path: Path) -> None:
    store, settings = open_bank(tmp_path, golden_rows())
    first = build_profiles(store, settings)
    stamp = (first.directory / "features.parquet").stat().st_mtime_ns
    assert build_profiles(store, settings).built_at == first.built_at
    assert (first.directory / "features.parquet").stat().st_mtime_ns == stamp


def test_changed_policy_builds_again_and_moves_the_tier(tmp_path: Path) -> None:
    store, settings = open_bank(tmp_path, golden_rows())
    first = build_profiles(store, settings)
    tiers = {"mass": 0, "private": yuan(300_000)}
    changed = Settings(data_dir=settings.data_dir, policy=BankPolicy(tiers=tiers))
    second = build_profiles(store, changed)
    assert second.spec_hash != first.spec_hash
    assert read_profile(store, BANK, "C01").value("tier") == "private"


def test_folder_left_by_a_killed_build_is_replaced(tmp_path: Path) -> None:
    store, settings = open_bank(tmp_path, golden_rows())
    target = build_profiles(store, settings).directory
    with store.transaction() as connection:
        connection.exec_driver_sql("delete from feature_builds")
    (target / "features.parquet").write_bytes(b"half")
    abandoned = target.parent / ".1f0c"
    abandoned.mkdir()
    build_profiles(store, settings)
    assert not abandoned.exists()
    assert read_profile(store, BANK, "C01").value("age") == 46


def test_unreadable_table_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    store, settings = open_bank(tmp_path, golden_rows())
    table = store.facts.current().parquet("transactions")
    table.write_bytes(table.read_bytes()[:200])
    with pytest.raises(DependencyError, match="特征计算失败"):
        build_profiles(store, settings)
    assert list((tmp_path / "features" / "g1").iterdir()) == []


def test_profile_before_any_build_names_the_next_step(tmp_path: Path) -> None:
    store, _ = open_bank(tmp_path, golden_rows())
    with pytest.raises(StateError, match="还没有") as error:
        read_profile(store, BANK, "C01")
    assert "profile build" in error.value.next
