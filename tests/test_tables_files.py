"""Files as banks hand them over: encodings, compression, Excel, Parquet, sheets, broken ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import openpyxl
import pytest
from bank_files import CUSTOMERS, HEAD, PRODUCTS, TRANSACTIONS, BankFiles, found

from copilot.errors import InputError
from copilot.settings import Settings
from copilot.store import Store
from copilot.tables import check_tables, load_tables, read_sources


@pytest.fixture
def bank(tmp_path: Path) -> BankFiles:
    return BankFiles(tmp_path / "导出")


def test_a_gb18030_file_is_read_when_declared(bank: BankFiles) -> None:
    bank.write("customers.csv", CUSTOMERS.replace("陈思远", "陈㐀远"), "gb18030")
    bank.mappings["customers"] += "    encoding: gb18030\n"
    assert bank.check().accepted["customers"] == 3


@pytest.mark.parametrize(
    ("written", "declared", "advised"),
    [("gb18030", "utf-8", "gb18030"), ("utf-8", "gb18030", "utf-8")],
)
def test_a_wrong_encoding_is_named_with_byte_offset_and_advice(
    bank: BankFiles, written: str, declared: str, advised: str
) -> None:
    bank.write("customers.csv", CUSTOMERS + "C004,囍,女,,,\n" * 9, written)
    bank.mappings["customers"] += f"    encoding: {declared}\n"
    with pytest.raises(InputError) as caught:
        bank.check()
    assert caught.value.file == "customers.csv"
    assert "字节" in caught.value.message
    assert f"encoding: {advised}" in caught.value.next


def test_a_western_file_is_told_its_encoding(bank: BankFiles) -> None:
    bank.write("customers.csv", "id,note\nC001,£5 café\n", "cp1252")
    with pytest.raises(InputError) as caught:
        bank.check()
    assert "encoding: cp1252" in caught.value.next


def test_a_byte_order_mark_does_not_spoil_the_first_column(bank: BankFiles) -> None:
    bank.write("customers.csv", "\ufeff" + CUSTOMERS)
    assert bank.check().accepted["customers"] == 3


def test_compressed_files_of_a_pattern_are_read_together(bank: BankFiles) -> None:
    lines = TRANSACTIONS.splitlines(keepends=True)
    for month, rows in (("202610", lines[1:3]), ("202611", lines[3:])):
        content = gzip.compress((lines[0] + "".join(rows)).encode())
        bank.write(f"txn_{month}.csv.gz", content)
    bank.table("transactions", "")
    bank.mappings["transactions"] = bank.mappings["transactions"].replace(
        "transactions.csv", '"txn_*.csv.gz"'
    )
    assert bank.check().accepted["transactions"] == 3


def test_a_truncated_archive_is_named(bank: BankFiles) -> None:
    bank.write("customers.csv.gz", gzip.compress(CUSTOMERS.encode() * 99)[:-20])
    bank.mappings["customers"] = bank.mappings["customers"].replace("s.csv", "s.csv.gz")
    with pytest.raises(InputError) as caught:
        bank.check()
    assert caught.value.file == "customers.csv.gz"


def test_an_excel_sheet_is_read(bank: BankFiles) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("客户清单")
    for line in CUSTOMERS.splitlines():
        sheet.append(line.split(","))
    book.save(bank.folder / "customers.xlsx")
    bank.mappings["customers"] = bank.mappings["customers"].replace("s.csv", "s.xlsx")
    text = HEAD + bank.mappings["customers"] + "    sheet: 客户\n" + bank.mappings["products"]
    with pytest.raises(InputError) as caught:
        check_tables(read_sources(bank.mapping(text)))
    assert "客户清单" in caught.value.next
    bank.mappings["customers"] += "    sheet: 客户清单\n"
    assert bank.check().accepted["customers"] == 3


def test_a_parquet_file_is_read_with_its_types(bank: BankFiles, settings: Settings) -> None:
    path = bank.folder / "transactions.parquet"
    duckdb.sql(
        "COPY (SELECT 7 AS id, 'C001' AS cust, DATE '2026-11-02' AS day, 12.5::DOUBLE AS amt, "
        f"TIMESTAMPTZ '2026-11-01 17:00:00+00' AS at) TO '{path}'"
    )
    bank.mappings["transactions"] = (
        "  transactions:\n    file: transactions.parquet\n    columns: "
        "{txn_id: id, customer_id: cust, txn_date: day, txn_hour: at, amount: amt}\n"
    )
    store = Store.create(settings)
    generation, _ = load_tables(read_sources(bank.mapping()), store)
    store.close()
    rows = duckdb.sql(
        f"SELECT txn_id, txn_date::VARCHAR, txn_hour, amount, typeof(txn_hour) "
        f"FROM read_parquet('{generation.parquet('transactions')}')"
    ).fetchall()
    assert rows == [("7", "2026-11-02", 1, 1250, "TINYINT")]


def test_what_only_claims_to_be_excel_or_parquet_is_named(bank: BankFiles) -> None:
    for suffix in ("xlsx", "parquet"):
        bank.write(f"customers.{suffix}", CUSTOMERS)
        mapping = bank.mappings["customers"].replace("s.csv", f"s.{suffix}")
        path = bank.mapping(HEAD + mapping + bank.mappings["products"])
        with pytest.raises(InputError) as caught:
            check_tables(read_sources(path))
        assert caught.value.file == f"customers.{suffix}"


def test_product_sheets_are_read_from_their_front_matter(
    bank: BankFiles, settings: Settings
) -> None:
    (bank.folder / "products").mkdir()
    sheet = (
        "---\nproduct_code: DEP-1Y\nvalid_from: 2026-09-01\nname: 整存整取一年\ntype: deposit\n"
        "issuer: 示例银行\nmin_amount: 50\nrate_bp: 125\nchannels: [counter, app]\n"
        "fees:\n- {name: 工本费, amount: 2.5}\ndeposit_insured: true\n---\n\n## 概要\n\n正文。\n"
    )
    bank.write("products/DEP-1Y.md", sheet)
    bank.mappings["products"] = "  products:\n    file: products/*.md\n"
    store = Store.create(settings)
    generation, _ = load_tables(read_sources(bank.mapping()), store)
    store.close()
    rows = duckdb.sql(
        "SELECT product_code, min_amount, rate_bp, channels, fees, deposit_insured "
        f"FROM read_parquet('{generation.parquet('products')}')"
    ).fetchall()
    assert rows == [
        ("DEP-1Y", 5000, 125.0, '["counter", "app"]', '[{"name": "工本费", "amount": 250}]', True)
    ]


def test_an_unknown_key_of_a_product_sheet_is_named_with_its_line(bank: BankFiles) -> None:
    (bank.folder / "products").mkdir()
    bank.write("products/X.md", "---\nproduct_code: X\nrate: 125\n---\n")
    bank.mappings["products"] = "  products:\n    file: products/*.md\n"
    with pytest.raises(InputError) as caught:
        bank.check()
    assert (caught.value.file, caught.value.row, caught.value.field) == ("products/X.md", 3, "rate")


def test_an_empty_file_counts_as_no_rows_and_is_said(bank: BankFiles) -> None:
    bank.table("transactions", "")
    with pytest.raises(InputError, match=r"空文件.*流水号"):
        bank.check()
    bank.table("transactions", TRANSACTIONS.splitlines()[0] + "\n")
    report = bank.check()
    assert report.read["transactions"] == 0
    assert any("transactions）一行也没有" in note for note in report.notes)


def test_an_indispensable_table_without_a_usable_row_is_refused(bank: BankFiles) -> None:
    bank.write("customers.csv", CUSTOMERS.splitlines()[0] + "\n,李静怡,女,,,\n")
    with pytest.raises(InputError, match="没有一行可用") as caught:
        bank.check()
    assert "必填但为空" in caught.value.message


def test_null_bytes_and_hidden_characters_are_removed_and_counted(
    bank: BankFiles, settings: Settings
) -> None:
    bank.write(
        "customers.csv", CUSTOMERS.replace("C002", "C0\u200b02").replace("陈思远", "陈\x00思\x07远")
    )
    count = found(bank.check(), "hidden_characters")
    assert (count.rows, count.examples) == (2, (3, 4))
    store = Store.create(settings)
    generation, _ = load_tables(read_sources(bank.mapping()), store)
    store.close()
    names = duckdb.sql(
        f"SELECT customer_id, name FROM read_parquet('{generation.parquet('customers')}')"
    ).fetchall()
    assert names[1:] == [("C002", "王建国"), ("C003", "陈思远")]


def test_rows_of_another_shape_are_put_aside_and_the_numbers_of_the_others_stay_right(
    bank: BankFiles,
) -> None:
    lines = TRANSACTIONS.splitlines()
    content = [
        lines[0],
        lines[1],
        "T7,C001,2026-11-01,1,多一列",
        lines[2],
        "坏行",
        lines[3],
        "T8,C404,2026-11-01,1",
    ]
    bank.table("transactions", "\n".join(content) + "\n")
    report = bank.check()
    assert found(report, "malformed_row").examples == (3, 5)
    assert found(report, "unknown_customer").examples == (7,)
    assert report.accepted["transactions"] == 3


def test_a_huge_line_is_put_aside(bank: BankFiles) -> None:
    bank.table("transactions", TRANSACTIONS + "T7,C001,2026-11-01," + "9" * 40_000_000 + "\n")
    report = bank.check()
    assert found(report, "malformed_row").examples == (5,)
    assert report.accepted["transactions"] == 3


def test_mixed_line_ends_are_read(bank: BankFiles) -> None:
    lines = TRANSACTIONS.splitlines()
    bank.table("transactions", f"{lines[0]}\r\n{lines[1]}\n{lines[2]}\r\n{lines[3]}\n")
    assert bank.check().accepted["transactions"] == 3


def test_a_column_that_changes_type_midway_is_counted(bank: BankFiles) -> None:
    rows = "".join(f"A{n},C001,2026-11-01,{n}\n" for n in range(3000))
    words = "".join(f"B{n},C001,2026-11-01,未知\n" for n in range(3))
    bank.table("transactions", "流水号,客户号,交易时间,金额\n" + rows + words)
    assert found(bank.check(), "unreadable.amount").examples == (3002, 3003, 3004)


def test_a_column_that_stands_twice_is_named(bank: BankFiles) -> None:
    bank.write("products.csv", PRODUCTS.replace("发行机构", "名称"))
    with pytest.raises(InputError, match="名称"):
        bank.check()


def test_wide_tables_become_long_and_say_what_was_empty(bank: BankFiles) -> None:
    bank.write("aum.csv", "客户号,X1,X2\nC001,100,0\nC002,,5\n")
    bank.mappings["holdings"] = (
        "  holdings:\n    file: aum.csv\n"
        "    unpivot: {columns: {X1: wmp, X2: fund}, name: kind, value: balance}\n"
        "    columns:\n"
        "      holding_id: {sql: \"concat(客户号, '-', kind)\"}\n"
        "      as_of: {constant: 2026-10-31}\n"
        "      customer_id: 客户号\n      product_type: kind\n      amount: balance\n"
    )
    report = bank.check()
    assert report.accepted["holdings"] == 3
    assert any("1 个空值" in note for note in report.notes)


def test_queries_over_declared_files_join_them(bank: BankFiles) -> None:
    bank.write("disp.csv", "账号,客户号\nA1,C001\nA2,C002\n")
    bank.write("account.csv", "账号,开户\nA1,930101\nA2,991231\n")
    text = (
        HEAD.replace("tables:", "files:\n  d: {file: disp.csv}\n  a: {file: account.csv}\ntables:")
        + "".join(bank.mappings.values())
        + "  accounts:\n    sql: SELECT a.账号, d.客户号, a.开户 FROM a JOIN d USING (账号)\n"
        + "    columns:\n      account_id: 账号\n      customer_id: 客户号\n"
        + "      opened_on: {column: 开户, formats: ['%y%m%d']}\n"
    )
    report = check_tables(read_sources(bank.mapping(text)))
    assert report.accepted["accounts"] == 2
    with pytest.raises(InputError, match="不能执行") as caught:
        check_tables(read_sources(bank.mapping(text.replace("FROM a", "FROM b"))))
    assert "d" in caught.value.next


def test_a_file_without_a_header_gets_names_from_the_mapping(bank: BankFiles) -> None:
    bank.write("transactions.csv", "T1|C001|2026-11-01|5\nT2|C404|2026-11-01|5\n")
    bank.mappings["transactions"] = (
        "  transactions:\n    file: transactions.csv\n    header: false\n    delimiter: '|'\n"
        "    names: [流水, 客户, 日期, 金额]\n    columns: "
        "{txn_id: 流水, customer_id: 客户, txn_date: 日期, amount: 金额}\n"
    )
    report = bank.check()
    assert report.accepted["transactions"] == 1
    assert found(report, "unknown_customer").examples == (2,)


def test_two_sources_fill_one_table(bank: BankFiles) -> None:
    for day in ("0930", "1231"):
        bank.write(f"label_{day}.csv", "客户号,y\nC001,1\nC002,-1\n")
    bank.mappings["labels"] = "  labels:\n" + "".join(
        f"    - file: label_{day.replace('-', '')[4:]}.csv\n      columns: "
        f"{{customer_id: 客户号, as_of: {{constant: {day}}}, name: {{constant: 流出}}, value: y}}\n"
        for day in ("2025-09-30", "2025-12-31")
    )
    assert bank.check().accepted["labels"] == 4
