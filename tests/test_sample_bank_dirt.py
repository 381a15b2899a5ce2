"""The sample bank's dirt: there, exactly as listed, and met by the loader as it should be."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from sample_bank_files import WIDE_DIGITS, Bank, fen

from copilot.paths import shipped
from copilot.records.generation import QualityReport
from copilot.tables import check_tables, read_sources
from copilot.tables.sample import BUSINESS_DATE, write_sample_bank

CUSTOMERS = 200


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    folder = tmp_path_factory.mktemp("示例 银行")
    write_sample_bank(folder, knowledge_dir=shipped("knowledge"), customers=CUSTOMERS)
    return Bank(folder)


@pytest.fixture(scope="module")
def report(bank: Bank) -> QualityReport:
    return check_tables(read_sources(bank.folder / "sources.yaml"))


def test_dirt_of_at_least_twelve_kinds_is_listed_and_there(bank: Bank) -> None:
    kinds = {entry["kind"] for entry in bank.dirty}
    assert len(kinds) >= 12
    for entry in bank.dirty:
        assert entry["count"] == len(entry["keys"])
        assert entry["count"] >= 3 or entry["kind"] in ("gb18030_file", "byte_order_mark")
        assert entry["handling"] in ("repair", "quarantine", "note")


def test_dirty_cells_are_exactly_those_listed(bank: Bank) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for row in bank.table("transactions"):
        key, amount = row["流水号"], row["金额"]
        if amount.endswith("元"):
            found["amount_with_unit"].add(key)
        elif amount == "——":
            found["unreadable_amount"].add(key)
        elif amount.translate(WIDE_DIGITS) != amount:
            found["full_width_amount"].add(key)
        if row["交易日期"].translate(WIDE_DIGITS) != row["交易日期"]:
            found["full_width_date"].add(key)
        elif row["交易日期"] > BUSINESS_DATE.isoformat():
            found["future_transaction"].add(key)
        if row["客户号"].startswith("C9"):
            found["unknown_customer"].add(key)
    for kind, keys in found.items():
        assert keys == set(bank.keys(kind, "transactions")), kind
    assert len(found) == 6
    times = Counter(row["流水号"] for row in bank.table("transactions"))
    repeated = {key for key, count in times.items() if count > 1}
    assert repeated == set(bank.keys("exact_duplicate", "transactions"))


def test_dirty_customers_are_exactly_those_listed(bank: Bank) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    numbers: dict[str, list[str]] = defaultdict(list)
    for row in bank.table("customers"):
        key, birth = row["客户号"].strip(), row["出生日期"]
        numbers[row["证件号码"]].append(key)
        if birth in ("1885-03-12", "2027-05-01", "1990-02-30"):
            found["impossible_birth_date"].add(key)
        elif birth > row["开户日期"]:
            found["swapped_dates"].add(key)
        if "/" in birth:
            found["two_date_formats"].add(key)
        if row["性别"] not in ("男", "女"):
            found["swapped_codes"].add(key)
        if row["客户号"] != key:
            found["trailing_spaces"].add(key)
    found["probable_duplicate"] = {keys[-1] for keys in numbers.values() if len(keys) > 1}
    for kind, keys in found.items():
        assert keys == set(bank.keys(kind, "customers")), kind
    assert len(found) == 6
    assert (bank.folder / "customers.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_dirty_holdings_assessments_and_consents_are_those_listed(bank: Bank) -> None:
    products = {row["product_code"] for row in bank.table("products")}
    holdings = bank.table("holdings")
    negative = {row["持仓编号"] for row in holdings if fen(row["金额"]) < 0}
    unknown = {row["持仓编号"] for row in holdings if row["产品代码"] not in products}
    assert negative == set(bank.keys("negative_holding", "holdings"))
    assert unknown == set(bank.keys("unknown_product_code", "holdings"))
    assessed = bank.table("risk_assessments")
    odd = [row["客户号"] for row in assessed if row["测评结果"] == "C9"]
    assert sorted(odd) == sorted(bank.keys("unknown_risk_level", "risk_assessments"))
    slashed = [row["客户号"] for row in assessed if "/" in row["测评日期"]]
    assert sorted(slashed) == sorted(bank.keys("two_date_formats", "risk_assessments"))
    latest: dict[str, str] = {}
    for row in assessed:
        if row["测评结果"] != "C9":
            day = row["测评日期"].replace("/", "-")
            latest[row["客户号"]] = max(latest.get(row["客户号"], ""), day)
    expired = {key for key, day in latest.items() if day <= "2025-11-20"}
    assert expired == set(bank.keys("expired_assessment", "risk_assessments"))
    asked = {row["客户号"] for row in bank.table("consents")}
    silent = {f"C{number:06d}" for number in range(1, CUSTOMERS + 1)} - asked
    assert silent == set(bank.keys("missing_consent", "consents"))


def test_the_interactions_file_is_gb18030_and_nothing_else(bank: Bank) -> None:
    data = (bank.folder / "interactions.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert "客户" in data.decode("gb18030")


def test_the_loader_quarantines_exactly_the_rows_that_are_beyond_repair(
    bank: Bank, report: QualityReport
) -> None:
    lost = {
        table: report.read[table] - report.accepted[table]
        for table in report.read
        if report.read[table] != report.accepted[table]
    }
    expected: Counter[str] = Counter()
    for entry in bank.dirty:
        if entry["handling"] == "quarantine":
            expected[entry["table"]] += entry["count"]
    assert lost == expected


def test_the_loader_repairs_or_notes_what_the_manifest_says(
    bank: Bank, report: QualityReport
) -> None:
    found: Counter[tuple[str, str, str]] = Counter()
    for count in report.counts:
        found[count.table, count.rule, count.action] += count.rows

    def listed(table: str, *kinds: str) -> int:
        return sum(len(bank.keys(kind, table)) for kind in kinds)

    amounts = listed("transactions", "amount_with_unit", "full_width_amount")
    assert found["transactions", "number_form.amount", "repaired"] == amounts
    days = listed("transactions", "full_width_date")
    assert found["transactions", "date_form.txn_date", "repaired"] == days
    swapped = listed("customers", "swapped_codes")
    assert found["customers", "swapped_columns.gender_marital", "repaired"] == swapped
    impossible = sum(
        found["customers", rule, "noted"]
        for rule in ("impossible_birthday", "unreadable.birth_date")
    )
    assert impossible == listed("customers", "impossible_birth_date")
    twice = 2 * listed("customers", "probable_duplicate")
    assert found["customers", "shared_id_number", "noted"] == twice
    unknown = listed("holdings", "unknown_product_code")
    assert found["holdings", "unknown_product", "noted"] == unknown
