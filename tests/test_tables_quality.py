"""Repair and quarantine: every rule counted with its rows, nothing dropped, no value printed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from bank_files import CUSTOMERS, TRANSACTIONS, BankFiles, found
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.settings import Settings, load_settings
from copilot.store import Store
from copilot.tables import load_tables, quality_text, read_sources

HOLDING_HEAD = "持仓号,快照日,客户号,类型,代码,金额,币种,起息日,到期日\n"


@pytest.fixture
def bank(tmp_path: Path) -> BankFiles:
    return BankFiles(tmp_path / "导出")


def loaded(
    bank: BankFiles, settings: Settings, table: str, columns: str
) -> list[tuple[object, ...]]:
    """Rows of a table after a load, in key order."""
    store = Store.create(settings)
    try:
        generation, _ = load_tables(read_sources(bank.mapping()), store)
    finally:
        store.close()
    path = generation.parquet(table)
    return duckdb.sql(f"SELECT {columns} FROM read_parquet('{path}') ORDER BY 1").fetchall()


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("1234.5", 123450),
        ("１２３４．５０", 123450),
        ('"1,234.50"', 123450),
        ("1234.5元", 123450),
        ("￥1234.5", 123450),
        ("0.12345万元", 123450),
        ('"(1,234.50)"', -123450),
        (" -1234.50 ", -123450),
        ("1e3", 100000),
        ("1000000000", 100_000_000_000),
    ],
)
def test_amounts_are_read_as_people_write_them(
    bank: BankFiles, settings: Settings, written: str, fen: int
) -> None:
    bank.table("transactions", f"流水号,客户号,交易时间,金额\nT1,C001,2026-11-01,{written}\n")
    assert loaded(bank, settings, "transactions", "amount") == [(fen,)]


@pytest.mark.parametrize("written", ['"12,34"', "一千", "12.3.4", "1e400", "--5", "(12", "nan元"])
def test_amounts_that_cannot_be_read_are_put_aside_not_guessed(
    bank: BankFiles, written: str
) -> None:
    bank.table("transactions", TRANSACTIONS + f"T9,C001,2026-11-01,{written}\n")
    report = bank.check()
    count = found(report, "unreadable.amount")
    assert (count.action, count.rows, count.examples) == ("quarantined", 1, (5,))
    assert report.accepted["transactions"] == 3


@settings(max_examples=4, deadline=None)
@given(
    amounts=st.lists(
        st.integers(min_value=-(10**15), max_value=10**15), min_size=1, max_size=99, unique=True
    )
)
def test_any_amount_of_yuan_and_fen_is_read_exactly(
    tmp_path_factory: pytest.TempPathFactory, amounts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("金额")
    bank = BankFiles(folder / "导出")
    rows = "".join(
        f"T{fen},C001,2026-11-01,{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}\n"
        for fen in amounts
    )
    bank.table("transactions", "流水号,客户号,交易时间,金额\n" + rows)
    settings = load_settings(data_dir=folder / "数据")
    read = loaded(bank, settings, "transactions", "txn_id, amount")
    assert dict(read) == {f"T{fen}": fen for fen in amounts}


@pytest.mark.parametrize(
    "written",
    ["2026-11-05", "2026/11/5", "20261105", "2026年11月5日", "２０２６-11-05", "2026.11.05"],
)
def test_dates_are_read_in_the_ways_banks_write_them(
    bank: BankFiles, settings: Settings, written: str
) -> None:
    bank.table("transactions", f"流水号,客户号,交易时间,金额\nT1,C001,{written},1\n")
    assert loaded(bank, settings, "transactions", "txn_date, txn_hour") == [
        (date(2026, 11, 5), None)
    ]


def test_dates_in_day_month_order_are_not_guessed(bank: BankFiles) -> None:
    bank.table("transactions", TRANSACTIONS + "T9,C001,05/11/2026,1\n")
    assert found(bank.check(), "unreadable.txn_date").action == "quarantined"


def test_times_become_bank_local_day_and_hour(bank: BankFiles, settings: Settings) -> None:
    bank.table(
        "transactions",
        "流水号,客户号,交易时间,金额\n"
        "T1,C001,2026-11-04T17:30:00Z,1\n"
        "T2,C001,2026-11-05 01:30:00,1\n"
        "T3,C001,2026-11-04 23:30:00+06:00,1\n",
    )
    rows = loaded(bank, settings, "transactions", "txn_id, txn_date, txn_hour")
    assert rows == [(f"T{n}", date(2026, 11, 5), 1) for n in (1, 2, 3)]


def test_a_table_without_a_clock_does_not_become_a_bank_of_night_owls(bank: BankFiles) -> None:
    rows = "".join(f"T{n},C001,2026-11-01 00:00:00,1\n" for n in range(30))
    bank.table("transactions", "流水号,客户号,交易时间,金额\n" + rows)
    assert found(bank.check(), "no_clock").rows == 30


def test_impossible_birthdays_become_unknown(bank: BankFiles, settings: Settings) -> None:
    bank.write(
        "customers.csv",
        CUSTOMERS
        + "C004,甲,男,1899-12-31,已婚,2015-01-01\n"
        + "C005,乙,男,2027-01-01,已婚,\n"
        + "C006,丙,女,1910-01-01,未婚,2015-01-01\n"
        + "C007,丁,女,1916-12-01,未婚,2015-01-01\n",
    )
    assert found(bank.check(), "impossible_birthday").examples == (5, 6, 7)
    born = dict(loaded(bank, settings, "customers", "customer_id, birth_date"))
    assert born["C004"] is born["C005"] is born["C006"] is None
    assert born["C007"] == date(1916, 12, 1)


def test_swapped_columns_are_put_back_only_when_the_reading_is_certain(
    bank: BankFiles, settings: Settings
) -> None:
    bank.write(
        "customers.csv",
        CUSTOMERS
        + "C004,甲,已婚,1980-01-01,男,2010-01-01\n"
        + "C005,乙,男,2012-05-01,已婚,1981-02-03\n"
        + "C006,丙,已婚,1980-01-01,不详,2010-01-01\n",
    )
    report = bank.check()
    assert found(report, "swapped_columns.gender_marital").examples == (5,)
    assert found(report, "swapped_columns.birth_opening").examples == (6,)
    rows = loaded(bank, settings, "customers", "customer_id, gender, marital_status, birth_date")
    assert rows[3] == ("C004", "M", "married", date(1980, 1, 1))
    assert rows[4][3] == date(1981, 2, 3)
    assert rows[5][1:3] == (None, None)


def test_duplicates_keep_one_row_and_contradictions_keep_the_last(
    bank: BankFiles, settings: Settings
) -> None:
    bank.table(
        "transactions",
        TRANSACTIONS + "T1,C001,2026-11-01 09:30:00,8500\nT3,C002,2026-11-03 10:00:00,9999\n",
    )
    report = bank.check()
    assert found(report, "duplicate_row").examples == (2,)
    assert found(report, "duplicate_key").examples == (4,)
    rows = loaded(bank, settings, "transactions", "txn_id, amount")
    assert rows == [("T1", 850000), ("T2", -12050), ("T3", 999900)]


def test_rows_that_point_nowhere_are_put_aside(bank: BankFiles) -> None:
    bank.table("transactions", TRANSACTIONS + "T4,C999,2026-11-01,5\nT5,,2026-11-01,5\n")
    report = bank.check()
    assert found(report, "unknown_customer").examples == (5,)
    assert found(report, "missing_required.customer_id").examples == (6,)


def test_a_rate_in_percent_where_basis_points_are_meant_is_pointed_out(bank: BankFiles) -> None:
    bank.mappings["products"] += "      rate_bp: 利率\n      apr_bp: 年化\n"
    rows = ("D1,活期,deposit,5,", "D2,一年期,deposit,1.15%,", "D3,两年期,deposit,1.15,")
    rows += ("L1,消费贷,loan,,360", "L2,按揭,loan,,3.6")
    lines = ["产品代码,名称,类型,利率,年化,发行机构,生效日"]
    lines += [f"{row},本行,2026-01-01" for row in rows]
    bank.write("products.csv", "\n".join(lines) + "\n")
    pointed = found(bank.check(), "percent_for_points")
    assert (pointed.action, pointed.examples) == ("noted", (4, 6))


def test_the_future_is_put_aside(bank: BankFiles) -> None:
    bank.table("transactions", TRANSACTIONS + "T4,C001,2026-11-20,5\nT5,C001,2026-11-21,5\n")
    assert found(bank.check(), "future_date.txn_date").examples == (6,)


def test_holdings_are_judged(bank: BankFiles, settings: Settings) -> None:
    bank.table(
        "holdings",
        HOLDING_HEAD
        + "H1,2026-10-31,C001,理财产品,WMP-CASH,50000,人民币,2026-01-01,\n"
        + "H2,2026-10-31,C001,存款,DEP-1Y,-1,CNY,2026-01-01,2027-01-01\n"
        + "H3,2026-10-31,C002,存款,旧产品9,100,CNY,2026-01-01,2027-01-01\n"
        + "H4,2026-10-31,C002,存款,DEP-1Y,100,USD,2026-06-01,2026-01-01\n"
        + "H5,2026-10-31,C002,credit,DEP-1Y,100,CNY,,9999-12-31\n",
    )
    report = bank.check()
    assert found(report, "negative_holding").examples == (3,)
    assert found(report, "unknown_product").action == "noted"
    assert found(report, "other_currency").examples == (5,)
    assert found(report, "swapped_columns.opening_maturity").examples == (5,)
    assert found(report, "unknown_code.product_type").examples == (6,)
    rows = loaded(bank, settings, "holdings", "holding_id, product_code, currency, amount")
    assert rows == [
        ("H1", "WMP-CASH", "CNY", 5_000_000),
        ("H3", None, "CNY", 10_000),
        ("H4", "DEP-1Y", "USD", 10_000),
    ]


def test_every_row_read_is_accepted_or_in_quarantine_with_its_source(
    bank: BankFiles, settings: Settings
) -> None:
    bank.table(
        "transactions",
        TRANSACTIONS + "T1,C001,坏,坏\n,C001,2026-11-01,5\nT8,C001\nT9,C9,2026-11-01,1\n",
    )
    store = Store.create(settings)
    generation, report = load_tables(read_sources(bank.mapping()), store)
    store.close()
    aside = duckdb.sql(
        f"SELECT row, reason, source FROM "
        f"read_parquet('{generation.directory}/quarantine/transactions.parquet') ORDER BY row"
    ).fetchall()
    assert report.read["transactions"] == 7
    assert report.accepted["transactions"] + len(aside) == report.read["transactions"]
    assert [row[:2] for row in aside] == [
        (5, "unreadable.txn_date"),
        (6, "missing_key.txn_id"),
        (7, "malformed_row"),
        (8, "unknown_customer"),
    ]
    assert "坏" in aside[0][2]


def test_risk_levels_outside_c1_to_c5_are_put_aside(bank: BankFiles) -> None:
    bank.table(
        "risk_assessments",
        "客户号,日期,等级\nC001,2026-05-01,C3\nC002,2026-05-01,c4\nC003,2026-05-01,进取型\n",
        "  risk_assessments:\n    file: risk_assessments.csv\n"
        "    columns: {customer_id: 客户号, assessed_on: 日期, level: 等级}\n",
    )
    report = bank.check()
    assert found(report, "unknown_code.level").examples == (4,)
    assert report.accepted["risk_assessments"] == 2


def test_the_report_names_no_customer(bank: BankFiles) -> None:
    bank.write("customers.csv", CUSTOMERS + "C004,欧阳明,中性,坏日期,其它,坏\n")
    text = quality_text(bank.check())
    assert "第 5 行" in text
    assert not any(word in text for word in ("欧阳明", "李静怡", "坏日期", "中性"))
