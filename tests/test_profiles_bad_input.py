"""What a bank's tables can do to profiles: counted, explained, never a silent wrong number."""

from __future__ import annotations

from pathlib import Path

import pytest
from bank_files import BankFiles
from profiles_golden import AS_OF, Rows, ago, golden_rows, open_bank, yuan

from copilot.profiles import build_profiles, call_list, read_profile
from copilot.records.profile import Profile
from copilot.records.staff import Principal
from copilot.records.tables import TABLES
from copilot.tables import check_tables, read_sources

BANK = Principal.operator()


def profile_of(folder: Path, rows: Rows, customer: str) -> Profile:
    store, settings = open_bank(folder, rows)
    build_profiles(store, settings)
    return read_profile(store, BANK, customer)


def test_one_customer_with_nothing_else_has_a_profile_of_unknowns(tmp_path: Path) -> None:
    rows: Rows = {"customers": [{"customer_id": "唯一"}], "products": []}
    store, settings = open_bank(tmp_path, rows)
    assert build_profiles(store, settings).customers == 1
    profile = read_profile(store, BANK, "唯一")
    assert profile.value("aum_total") is None
    assert profile.value("contact_ok") is False
    assert "未知" in profile.card
    assert call_list(store, BANK) == []


def test_tables_that_are_all_empty_give_unknown_or_nothing(tmp_path: Path) -> None:
    rows: Rows = {name: [] for name in TABLES}
    rows["customers"] = [{"customer_id": "C01"}]
    profile = profile_of(tmp_path, rows, "C01")
    assert profile.value("freq_365") == 0
    assert profile.value("aum_total") is None
    assert profile.value("tier") is None


def test_columns_without_a_single_value_switch_off_what_needs_them(tmp_path: Path) -> None:
    rows = golden_rows()
    for row in rows["transactions"]:
        row["balance_after"] = None
        row["counterparty_id"] = None
    profile = profile_of(tmp_path, rows, "C05")
    for name in ("bal_last", "idle_amount", "distinct_cp_90"):
        assert profile.value(name) is None
        assert "未提供" in (profile.features[name].null_reason or "")


def test_foreign_money_is_never_added_to_the_banks_own(tmp_path: Path) -> None:
    rows = golden_rows()
    rows["transactions"] += [
        {"txn_id": f"F{n}", "customer_id": "C09", "txn_date": ago(1), "amount": yuan(10**6),
         "currency": currency, "kind": "transfer_in"}
        for n, currency in enumerate(("USD", "HKD", "JPY"))
    ]  # fmt: skip
    rows["holdings"] += [
        {"holding_id": "HF", "customer_id": "C09", "product_type": "deposit",
         "amount": yuan(10**6), "as_of": AS_OF, "currency": "USD"}
    ]  # fmt: skip
    profile = profile_of(tmp_path, rows, "C09")
    assert profile.value("inflow_90") == 0
    assert profile.value("inflow_max_7") is None
    assert profile.value("aum_total") == 0


@pytest.mark.parametrize("amount", [yuan(10**9), yuan(10**13)])
def test_amounts_of_billions_stay_exact_in_every_sum(tmp_path: Path, amount: int) -> None:
    rows = golden_rows()
    rows["transactions"] += [
        {"txn_id": f"B{n}", "customer_id": "C09", "txn_date": ago(n), "amount": -amount - n,
         "kind": "purchase"}
        for n in range(5)
    ]  # fmt: skip
    profile = profile_of(tmp_path, rows, "C09")
    assert profile.value("mon_90") == 5 * amount + 10
    assert profile.value("max_out_90") == amount + 4
    assert profile.value("ticket_std") == pytest.approx(2.5**0.5, rel=1e-12)
    assert profile.value("ticket_med") == amount


def test_slices_of_any_size_give_the_same_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = profile_of(tmp_path / "整", golden_rows(), "C05")
    monkeypatch.setattr("copilot.profiles.compute.SLICE", 5)
    assert profile_of(tmp_path / "片", golden_rows(), "C05") == whole


def test_clocks_that_go_back_and_days_to_come_are_put_aside_with_counts(tmp_path: Path) -> None:
    bank = BankFiles(tmp_path / "导出")
    bank.table(
        "transactions",
        "流水号,客户号,交易时间,金额\n"
        "T1,C001,2026-11-03 10:00:00,10\n"
        "T2,C001,2026-11-01 09:00:00,10\n"  # the file goes back in time
        "T3,C001,1026-11-02 09:00:00,10\n"
        "T4,C001,2027-01-01 09:00:00,10\n",
    )
    report = check_tables(read_sources(bank.mapping()))
    assert report.accepted["transactions"] == 2
    found = {count.rule: count.rows for count in report.counts if count.table == "transactions"}
    assert found == {"unreadable.txn_date": 1, "future_date.txn_date": 1}
