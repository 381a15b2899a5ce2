"""Reasons, the card and the call list: what a manager is told, and what is kept from whom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from profiles_golden import AS_OF, Rows, ago, ahead, at, golden_rows, open_bank, yuan

from copilot.errors import InputError
from copilot.profiles import (
    build_profiles,
    call_list,
    export_features,
    maturity_list,
    read_profile,
)
from copilot.profiles.reasons import REASONS_FILE, load_reasons
from copilot.records.codes import Role
from copilot.records.profile import Profile, Reason
from copilot.records.staff import Principal, Staff
from copilot.store import Store

BANK = Principal.operator()


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store, settings = open_bank(tmp_path_factory.mktemp("bank"), golden_rows())
    build_profiles(store, settings)
    return store


def reasons(bank: Store, customer: str) -> dict[str, Reason]:
    return {reason.code: reason for reason in read_profile(bank, BANK, customer).reasons}


def test_at_least_twelve_reasons_are_declared() -> None:
    assert len(load_reasons().reasons) >= 12


@pytest.mark.parametrize(
    ("customer", "code", "text", "evidence"),
    [
        (
            "C01",
            "maturity_soon",
            "12月8日有一笔20万元定期到期（已约定自动转存）",
            ("holdings", "H10"),
        ),
        ("C02", "maturity_today", "今天有一笔2万元定期到期", ("holdings", "H20")),
        ("C05", "idle_demand", "活期闲置28万元已93天", ("transactions", "C05|2026-08-19")),
        ("C06", "large_inflow", "11月14日到账一笔35万元，先问用途", ("transactions", "T000048")),
        ("C01", "bonus_arrived", "11月15日奖金到账，近30天合计16万元", ("transactions", "T000024")),
        (
            "C10",
            "aum_decline",
            "资产比8月17日少50万元（降100%），先问近况",
            ("holdings", "C10|2026-08-17"),
        ),
        ("C06", "tier_near", "月均资产距理财客户标准还差1万元", None),
        ("C10", "tier_at_risk", "月均资产达到理财客户标准，目前0元，低于20万元，可能降档", None),
        ("C06", "new_customer", "开户45天，还在新客期", ("customers", "C06")),
        ("C10", "salary_started", "9月21日起在本行代发工资", None),
        (
            "C02",
            "risk_expired",
            "风险测评已过期（2025年11月20日所做，C2）",
            ("risk_assessments", "C02|2025-11-20"),
        ),
        ("C01", "risk_expiring", "风险测评2025年11月21日所做，一个月内到期", None),
        ("C01", "no_protection", "家庭成长阶段，在本行没有保险保障", None),
        ("C01", "no_pension", "有稳定工资入账，在本行未开个人养老金账户", None),
        ("C03", "fx_maturity", "11月27日有一笔外汇存款到期", ("holdings", "H31")),
        (
            "C03",
            "gold_concentrated",
            "积存金6万元，占资产三成以上，价格波动大，建议看看整体配置",
            None,
        ),
        ("C03", "dormant", "超过半年没有主动交易，名下仍有6万元；先核身、提示防诈", None),
    ],
)
def test_reason_is_told_in_words_with_its_rows(
    bank: Store, customer: str, code: str, text: str, evidence: tuple[str, str] | None
) -> None:
    reason = reasons(bank, customer)[code]
    assert reason.text == text
    keys = [(item.table, key) for item in reason.evidence for key in item.keys]
    assert keys
    if evidence is not None:
        assert keys == [evidence]


def test_what_the_customer_may_hear_holds_no_amount(bank: Store) -> None:
    heard = [
        r.sayable
        for c in ("C01", "C02", "C03", "C06", "C10")
        for r in reasons(bank, c).values()
        if r.sayable
    ]
    assert "您有一笔定期12月8日到期，约定了到期自动转存" in heard
    for sentence in heard:
        assert "元" not in sentence
        assert "万" not in sentence


def test_idle_money_and_inflows_are_never_said_to_the_customer(bank: Store) -> None:
    assert reasons(bank, "C05")["idle_demand"].sayable == ""
    assert reasons(bank, "C06")["large_inflow"].sayable == ""


def test_reasons_come_best_first(bank: Store) -> None:
    ranks = [reason.rank for reason in read_profile(bank, BANK, "C01").reasons]
    assert ranks == sorted(ranks, reverse=True)


def _rebuilt(directory: Path, change: dict[str, Any], table: str, key: dict[str, Any]) -> Store:
    rows: Rows = golden_rows()
    for row in rows[table]:
        if all(row.get(name) == value for name, value in key.items()):
            row.update(change)
    store, settings = open_bank(directory, rows)
    build_profiles(store, settings)
    return store


@pytest.mark.parametrize(
    ("table", "key", "change", "customer", "code"),
    [
        (
            "transactions",
            {"txn_id": "T000045"},
            {"balance_after": yuan(29_999)},
            "C05",
            "idle_demand",
        ),
        (
            "transactions",
            {"kind": "transfer_in", "txn_date": ago(6)},
            {"amount": yuan(99_999)},
            "C06",
            "large_inflow",
        ),
        ("holdings", {"customer_id": "C01"}, {"matures_on": ahead(31)}, "C01", "maturity_soon"),
        ("customers", {"customer_id": "C06"}, {"opened_on": ago(91)}, "C06", "new_customer"),
        (
            "risk_assessments",
            {"customer_id": "C02"},
            {"assessed_on": ago(10)},
            "C02",
            "risk_expired",
        ),
    ],
)
def test_reason_is_gone_just_past_its_threshold(
    tmp_path: Path,
    table: str,
    key: dict[str, Any],
    change: dict[str, Any],
    customer: str,
    code: str,
) -> None:
    store = _rebuilt(tmp_path, change, table, key)
    assert code not in reasons(store, customer)


def test_idle_money_is_what_has_lain_there_all_the_time(tmp_path: Path) -> None:
    # The 223,412 yuan arrive one day too late: only the 60,000 that were there before count.
    store = _rebuilt(tmp_path, {"txn_date": ago(59)}, "transactions", {"txn_id": "T000045"})
    assert reasons(store, "C05")["idle_demand"].text == "活期闲置6万元已200天"


def test_card_shows_who_what_ahead_contact_and_date(bank: Store) -> None:
    lines = read_profile(bank, BANK, "C01").card.splitlines()
    assert lines[0] == "【C01】45–49岁，家庭成长阶段，理财客户，成长，开户6年"
    assert lines[1].startswith("资产：合计53万元；活期3万元，定期20万元")
    assert lines[2] == "风险：C3，2025年11月21日测评，有效"
    assert any(line == "机会：12月8日有一笔20万元定期到期（已约定自动转存）" for line in lines)
    assert lines[-2].startswith("联系：同意电话、企微、手机银行营销；30天前联系过")
    assert lines[-1] == "数据日：2026年11月20日"
    assert len(lines) <= 8


def test_card_says_unknown_and_never_zero_for_what_is_not_known(bank: Store) -> None:
    card = read_profile(bank, BANK, "C09").card
    assert "年龄未知" in card
    assert "风险：未知（没有风险测评）" in card


def test_books_in_another_currency_are_told_on_the_card_and_never_mixed(tmp_path: Path) -> None:
    rows = golden_rows()
    rows["transactions"].append(
        {
            "txn_id": "TC",
            "customer_id": "C09",
            "txn_date": ago(1),
            "amount": 100,
            "currency": "CZK",
        }
    )
    store, settings = open_bank(tmp_path, rows, currency="CZK")
    build_profiles(store, settings)
    assert "金额币种：CZK" in read_profile(store, BANK, "C09").card
    assert read_profile(store, BANK, "C09").value("inflow_90") == 100
    assert read_profile(store, BANK, "C01").value("inflow_90") == 0  # all in yuan


def test_card_names_nobody(bank: Store) -> None:
    assert "王建国" not in read_profile(bank, BANK, "C01").card


def test_call_list_respects_consent_contact_refusal_complaint_age_and_profiling(
    bank: Store,
) -> None:
    listed = [call.customer_id for call in call_list(bank, BANK, limit=100)]
    assert listed == ["C06", "C05", "C01"]
    for customer, why in {
        "C02": "contacted 29 days ago",
        "C03": "no consent",
        "C04": "a minor",
        "C07": "an open complaint",
        "C08": "refused profiling",
        "C10": "refused 179 days ago",
    }.items():
        assert customer not in listed, why


def test_call_list_gives_each_customer_once_with_the_best_reason(bank: Store) -> None:
    calls = call_list(bank, BANK)
    assert len({call.customer_id for call in calls}) == len(calls)
    for call in calls:
        profile: Profile = read_profile(bank, BANK, call.customer_id)
        assert call.reason == profile.reasons[0].text
        assert call.reason_code == profile.reasons[0].code
        assert call.data_date == profile.as_of
    assert call_list(bank, BANK, limit=2) == calls[:2]


def test_call_list_stays_in_the_branch(bank: Store) -> None:
    seller = Principal.of(Staff("S2002", "周明", Role.WEALTH, "BR02"))
    assert [call.customer_id for call in call_list(bank, seller)] == ["C05"]
    assert call_list(bank, seller, branch_id="BR01") == []
    assert [call.customer_id for call in call_list(bank, BANK, branch_id="BR02")] == ["C05"]


def test_money_that_falls_due_is_told_to_those_who_may_not_be_offered_anything(bank: Store) -> None:
    due = {call.customer_id: call for call in maturity_list(bank, BANK, AS_OF, AS_OF)}
    assert "C02" in due, "contacted 29 days ago, and a deposit falls due today"
    assert not due.keys() & {call.customer_id for call in call_list(bank, BANK, limit=100)}
    call = due["C02"]
    assert (call.reason_code, call.product_type) == ("maturity_today", "deposit")
    assert call.service_only == "29天前联系过"
    assert "由客户决定" in call.action
    seller = Principal.of(Staff("S2002", "周明", Role.WEALTH, "BR02"))
    assert not maturity_list(bank, seller, AS_OF, AS_OF)


def test_lobby_screen_shows_no_amounts(bank: Store) -> None:
    lobby = Principal.of(Staff("S1003", "陈悦", Role.LOBBY, "BR01"))
    calls = call_list(bank, lobby)
    assert calls
    for call in calls:
        assert not re.search(r"\d[\d.,]*万?元", call.reason)


def test_customer_asked_again_after_consent_was_withdrawn_is_not_called(tmp_path: Path) -> None:
    rows = golden_rows()
    rows["consents"].append(
        {
            "customer_id": "C05",
            "purpose": "marketing",
            "channel": "all",
            "at": at(ago(1)),
            "granted": False,
        }
    )
    store, settings = open_bank(tmp_path, rows)
    build_profiles(store, settings)
    assert "C05" not in [call.customer_id for call in call_list(store, BANK)]


def test_export_writes_one_row_a_customer_in_order(bank: Store, tmp_path: Path) -> None:
    import duckdb

    out = tmp_path / "特征 表.parquet"
    assert export_features(bank, out) == 12
    rows = duckdb.sql(f"select customer_id, aum_total from '{out}'").fetchall()
    assert rows[0] == ("C01", yuan(530_000))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


REASON = """
- code: demo
  title: 演示
  when: f.age > 18
  rank: "1"
  text: "{age:number}岁"
  plain: "成年"
  action: 问好
  features: [age]
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title:", "colour: red\n  title:", "colour"),
        ("features: [age]", "features: [aeg]", "aeg"),
        ("{age:number}", "{age:yuan}", "age:yuan"),
        ("{age:number}", "{ages:number}", "ages"),
        ("features: [age]", "features: [age]\n  product_types: [stocks]", "stocks"),
    ],
)
def test_wrong_reason_names_file_and_field(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "reasons.yaml"
    path.write_text(REASON.replace(old, new), "utf-8")
    with pytest.raises(InputError, match=message) as error:
        load_reasons(path)
    assert "reasons.yaml" in str(error.value)


def test_condition_that_names_no_column_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reasons.yaml"
    path.write_text(REASON.replace("f.age > 18", "f.ages > 18"), "utf-8")
    monkeypatch.setattr("copilot.profiles.build.load_reasons", lambda: load_reasons(path))
    store, settings = open_bank(tmp_path / "bank", golden_rows())
    with pytest.raises(InputError, match="demo") as error:
        build_profiles(store, settings)
    assert REASONS_FILE.name in str(error.value)
