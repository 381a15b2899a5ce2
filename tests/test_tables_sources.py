"""The mapping file: what is wrong is named with file, line, field and the allowed names."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from bank_files import CUSTOMER_MAPPING, HEAD, PRODUCT_MAPPING, TRANSACTIONS, BankFiles

from copilot.errors import DependencyError, InputError
from copilot.records.tables import TABLES
from copilot.tables import check_tables, read_sources


@pytest.fixture
def bank(tmp_path: Path) -> BankFiles:
    return BankFiles(tmp_path / "导出 数据")


def refused(bank: BankFiles, text: str) -> InputError:
    path = bank.mapping(text)
    with pytest.raises(InputError) as caught:
        check_tables(read_sources(path))
    error = caught.value
    assert error.next, "an error without a next step"
    assert error.file is not None
    return error


def test_a_missing_mapping_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_sources(tmp_path / "没有.yaml")
    assert caught.value.file == str(tmp_path / "没有.yaml")


def test_an_unknown_key_is_named_with_its_line_and_the_allowed_keys(bank: BankFiles) -> None:
    error = refused(bank, HEAD.replace("version: 1", "version: 1\nbusines_unit: x") + "  {}\n")
    assert error.row == 2
    assert "currency_unit" in error.next


def test_an_unknown_table_is_named_with_the_likely_one(bank: BankFiles) -> None:
    error = refused(bank, HEAD + CUSTOMER_MAPPING + PRODUCT_MAPPING + "  transaction: {}\n")
    assert "transactions" in error.message
    assert "risk_assessments" in error.next


def test_an_unknown_canonical_column_is_named_with_line_and_allowed_columns(
    bank: BankFiles,
) -> None:
    mapping = CUSTOMER_MAPPING.replace("birth_date:", "birthdate:")
    error = refused(bank, HEAD + mapping + PRODUCT_MAPPING)
    assert "birth_date" in error.message
    assert error.row == HEAD.count("\n") + 7
    assert error.field == "tables.customers.columns.birthdate"


def test_a_required_column_that_is_not_mapped_is_named(bank: BankFiles) -> None:
    error = refused(
        bank, HEAD + CUSTOMER_MAPPING + PRODUCT_MAPPING.replace("      issuer: 发行机构\n", "")
    )
    assert "issuer" in error.message


def test_a_source_column_that_does_not_exist_is_named_with_those_that_do(bank: BankFiles) -> None:
    error = refused(bank, HEAD + CUSTOMER_MAPPING.replace("姓名", "客户姓名") + PRODUCT_MAPPING)
    assert "客户姓名" in error.message
    assert "出生日期" in error.next
    assert error.field == "tables.customers.columns.name"


def test_a_wrong_delimiter_is_suspected_when_the_file_has_one_column(bank: BankFiles) -> None:
    bank.write("customers.csv", "客户号;姓名\nC001;李静怡\n")
    error = refused(bank, HEAD + CUSTOMER_MAPPING + PRODUCT_MAPPING)
    assert "delimiter" in error.next


def test_customers_and_products_are_indispensable(bank: BankFiles) -> None:
    assert "products" in refused(bank, HEAD + CUSTOMER_MAPPING).message


def test_a_missing_file_is_named_with_what_lies_in_its_folder(bank: BankFiles) -> None:
    error = refused(
        bank, HEAD + CUSTOMER_MAPPING.replace("customers.csv", "客户.csv") + PRODUCT_MAPPING
    )
    assert "客户.csv" in error.message
    assert "customers.csv" in error.next


def test_a_column_needs_exactly_one_origin(bank: BankFiles) -> None:
    mapping = CUSTOMER_MAPPING.replace("name: 姓名", "name: {column: 姓名, constant: 某}")
    assert "必须且只能写一个" in refused(bank, HEAD + mapping + PRODUCT_MAPPING).message


def test_a_wrong_expression_is_explained_with_the_source_columns(bank: BankFiles) -> None:
    mapping = CUSTOMER_MAPPING.replace("name: 姓名", 'name: {sql: "upper(姓)"}')
    error = refused(bank, HEAD + mapping + PRODUCT_MAPPING)
    assert error.field == "tables.customers.columns.name.sql"
    assert "姓名" in error.next


@pytest.mark.parametrize(
    "expression",
    ["(SELECT max(c) FROM read_csv('/etc/passwd', columns={'c': 'VARCHAR'}))", "1); SELECT (2"],
)
def test_an_expression_reaches_nothing_but_declared_data(bank: BankFiles, expression: str) -> None:
    mapping = CUSTOMER_MAPPING.replace("name: 姓名", f'name: {{sql: "{expression}"}}')
    refused(bank, HEAD + mapping + PRODUCT_MAPPING)


def test_a_cast_that_fails_does_not_print_the_value(bank: BankFiles) -> None:
    mapping = CUSTOMER_MAPPING.replace("name: 姓名", 'name: {sql: "CAST(姓名 AS INTEGER)"}')
    error = refused(bank, HEAD + mapping + PRODUCT_MAPPING)
    assert "try_cast" in error.next
    assert "李静怡" not in str(error)


def test_a_condition_that_cannot_be_evaluated_names_the_way_out(bank: BankFiles) -> None:
    mapping = CUSTOMER_MAPPING + '    where: "CAST(姓名 AS INTEGER) > 0"\n'
    assert "try_cast" in refused(bank, HEAD + mapping + PRODUCT_MAPPING).next


def test_rows_left_out_by_a_condition_are_counted(bank: BankFiles) -> None:
    bank.mappings["customers"] += "    where: 客户号 <> 'C002'\n"
    report = bank.check()
    assert report.accepted["customers"] == 2
    assert any("1 行不满足" in note for note in report.notes)


def test_credentials_are_refused_by_their_column_name(bank: BankFiles) -> None:
    for name in ("交易密码", "CVV2", "track2_data", "指纹特征"):
        bank.write("customers.csv", f"客户号,{name}\nC001,x\n")
        assert name in refused(bank, HEAD + CUSTOMER_MAPPING + PRODUCT_MAPPING).message


def test_columns_that_merely_sound_like_credentials_are_welcome(bank: BankFiles) -> None:
    bank.table("transactions", TRANSACTIONS.replace("金额", "opinion"))
    bank.mappings["transactions"] = bank.mappings["transactions"].replace("金额", "opinion")
    assert bank.check().accepted["transactions"] == 3


def test_credentials_among_attribute_names_are_refused(bank: BankFiles) -> None:
    bank.table(
        "attributes",
        "客户号,日期,属性,值\nC001,2026-11-01,登录密码,x\n",
        "  attributes:\n    file: attributes.csv\n"
        "    columns: {customer_id: 客户号, as_of: 日期, name: 属性, value: 值}\n",
    )
    with pytest.raises(InputError, match="登录密码"):
        bank.check()


def test_a_password_in_a_url_is_refused_and_not_printed(bank: BankFiles) -> None:
    mapping = """\
  transactions:
    url: postgresql://reader:geheim@db.invalid/core
    sql: select 1
    columns: {txn_id: a, customer_id: a, txn_date: a, amount: a}
"""
    error = refused(bank, HEAD + CUSTOMER_MAPPING + PRODUCT_MAPPING + mapping)
    assert "geheim" not in str(error)
    assert "${NAME}" in error.next


def test_a_secret_comes_from_the_environment(
    bank: BankFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(bank.folder / "core.db") as db:
        db.execute("CREATE TABLE txn (id TEXT, cust TEXT, day TEXT, amt REAL)")
        db.execute("INSERT INTO txn VALUES ('T9', 'C001', '2026-11-05', 12.34)")
    db.close()
    mapping = """\
  transactions:
    url: sqlite:///${CORE_DB}
    sql: select * from txn
    columns: {txn_id: id, customer_id: cust, txn_date: day, amount: amt}
"""
    text = HEAD + CUSTOMER_MAPPING + PRODUCT_MAPPING + mapping
    assert "CORE_DB" in refused(bank, text).message
    monkeypatch.setenv("CORE_DB", "core.db")
    report = check_tables(read_sources(bank.mapping(text)))
    assert report.accepted["transactions"] == 1


def test_an_unreachable_database_is_a_dependency_not_a_traceback(bank: BankFiles) -> None:
    mapping = """\
  transactions:
    url: sqlite:////nirgendwo/core.db
    sql: select 1 as a
    columns: {txn_id: a, customer_id: a, txn_date: a, amount: a}
"""
    path = bank.mapping(HEAD + CUSTOMER_MAPPING + PRODUCT_MAPPING + mapping)
    with pytest.raises(DependencyError) as caught:
        check_tables(read_sources(path))
    assert caught.value.next


def test_what_the_bank_lacks_is_said(bank: BankFiles) -> None:
    missing = bank.check().missing
    assert {"transactions", "customers.phone"} <= missing
    assert not {"customers", "products", "customers.name"} & missing
    assert {name for name in missing if "." not in name} == set(TABLES) - {"customers", "products"}
