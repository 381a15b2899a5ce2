"""Claims about the sample bank's shelf: complete dated records, and prose that states them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from parsed_files import read_source

from copilot.errors import InputError
from copilot.knowledge.formats import parse
from copilot.knowledge.source import Source
from copilot.records.codes import Channel, PassageKind, ProductType, Tier

KNOWLEDGE = Path(__file__).resolve().parent.parent / "knowledge"
BUSINESS_DATE = date(2026, 11, 20)
PRODUCTS = sorted((KNOWLEDGE / "products").glob("*.md"))

# fmt: off
CODES = {
    "DEP-CUR", "DEP-CALL7", "DEP-3M", "DEP-6M", "DEP-1Y", "DEP-2Y", "DEP-3Y", "DEP-5Y",
    "CD-1Y", "CD-3Y", "GB-3Y", "GB-5Y", "SD-90", "SD-180", "SD-365",
    "WMP-CASH", "WMP-MH7", "WMP-MH30", "WMP-MH90", "WMP-FX180", "WMP-FX365", "WMP-FX540",
    "WMP-PLUS365", "WMP-PLUS730", "FUND-BOND", "FUND-INDEX", "FUND-MIX", "PRIV-01",
    "INS-ANN", "INS-LIFE", "PEN-ACC", "LOAN-CONS", "LOAN-MORT", "CARD-INST", "GOLD-ACC",
    "FX-USD1Y",
}
# fmt: on
NEVER_SAID = ("保本", "稳赚", "高收益", "低风险", "零风险", "无风险", "稳健", "放心买", "最高收益")


def ids(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


def sheet(path: Path) -> tuple[Mapping[str, Any], str]:
    """A product sheet's record and its prose."""
    source = read_source(path)
    front = source.front_matter()
    assert front is not None, path.name
    return front.values, source.text[front.body_start :]


def current(day: date = BUSINESS_DATE) -> dict[str, Mapping[str, Any]]:
    """The records valid on a day, by product code."""
    records = [sheet(path)[0] for path in PRODUCTS]
    return {
        r["product_code"]: r
        for r in records
        if r["valid_from"] <= day and (r.get("valid_to") is None or day < r["valid_to"])
    }


# --- the shelf -------------------------------------------------------------------------------


def test_every_sheet_parses_as_a_product() -> None:
    documents = [parse(read_source(path)) for path in PRODUCTS]
    assert {document.kind for document in documents} == {PassageKind.PRODUCT}
    assert len({document.document_id for document in documents}) == len(PRODUCTS)


def test_an_unknown_key_in_a_product_sheet_is_refused() -> None:
    source = read_source(KNOWLEDGE / "products" / "DEP-1Y.md")
    broken = source.text.replace("rate_bp:", "rate_percent:", 1)
    with pytest.raises(InputError, match="rate_percent"):
        parse(Source(source.path, broken, source.content_hash))


def test_the_shelf_holds_every_code_once_on_the_business_date() -> None:
    assert set(current()) == CODES
    assert {r["type"] for r in current().values()} == {kind.value for kind in ProductType}


def test_versions_of_a_product_follow_each_other_without_gap_or_overlap() -> None:
    versions: dict[str, list[Mapping[str, Any]]] = {}
    for path in PRODUCTS:
        record = sheet(path)[0]
        versions.setdefault(record["product_code"], []).append(record)
    dated = {code: sorted(v, key=lambda r: r["valid_from"]) for code, v in versions.items()}
    histories = {code: v for code, v in dated.items() if len(v) > 1}
    assert len(histories) >= 3
    figures = ("rate_bp", "benchmark_low_bp", "apr_bp")
    for code, (*_, old, new) in histories.items():
        assert old["valid_to"] == new["valid_from"], code
        assert any(old.get(f) != new.get(f) for f in figures), code


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_file_name_names_the_product_and_an_old_version_its_date(path: Path) -> None:
    record, _ = sheet(path)
    old = record.get("valid_to") is not None
    name = f"{record['product_code']}@{record['valid_from']}" if old else record["product_code"]
    assert path.stem == name


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_record_is_complete_for_its_type_and_within_the_code_lists(path: Path) -> None:
    record, _ = sheet(path)
    required = {
        "deposit": "rate_bp deposit_insured liquidity min_amount",
        "large_cd": "rate_bp deposit_insured liquidity min_amount term_days sale_from sale_to",
        "gov_bond": "rate_bp deposit_insured liquidity min_amount term_days sale_from sale_to",
        "structured_deposit": "benchmark_low_bp benchmark_high_bp benchmark_basis "
        "benchmark_statement risk_rating risk_statement liquidity term_days cooling_off_days",
        "wmp": "benchmark_low_bp benchmark_high_bp benchmark_basis benchmark_statement "
        "risk_rating fees risk_statement liquidity partner_approval_ref",
        "fund": "risk_rating fees benchmark_basis risk_statement liquidity partner_approval_ref",
        "private_fund": "risk_rating risk_statement min_amount",
        "insurance": "pay_terms cooling_off_days risk_statement liquidity partner_approval_ref",
        "pension": "liquidity risk_statement",
        "loan": "apr_bp apr_high_bp liquidity risk_statement",
        "credit_card": "apr_bp apr_high_bp liquidity risk_statement",
        "gold": "risk_rating fees risk_statement liquidity",
        "fx": "rate_bp liquidity risk_statement",
    }[record["type"]]
    missing = [field for field in required.split() if record.get(field) is None]
    assert not missing
    assert set(record["channels"]) <= {channel.value for channel in Channel}
    assert set(record["tiers"]) <= {tier.value for tier in Tier}
    assert set(record["branches"]) <= {"BR01", "BR02", "BR03"}
    assert set(record["audiences"]) <= {"retail", "qualified_investor"}
    if record["type"] in ("wmp", "fund", "insurance"):
        assert record["origin"] == "agency"
        assert record["issuer"] != "示例银行"


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_insurance_and_funds_promise_no_rate(path: Path) -> None:
    record, _ = sheet(path)
    if record["type"] in ("insurance", "fund", "private_fund", "gold"):
        rates = ("rate_bp", "benchmark_low_bp", "benchmark_high_bp", "apr_bp")
        assert not [field for field in rates if record.get(field) is not None]


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_sentences_that_templates_join_end_with_a_full_stop(path: Path) -> None:
    record, _ = sheet(path)
    for field in ("liquidity", "risk_statement", "benchmark_basis", "benchmark_statement"):
        assert record.get(field) is None or record[field].endswith("。"), field


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_dates_of_a_record_are_in_order(path: Path) -> None:
    record, _ = sheet(path)
    assert date(2026, 1, 1) <= record["valid_from"] <= BUSINESS_DATE
    assert record.get("valid_to") is None or record["valid_from"] < record["valid_to"]
    if record.get("sale_from"):
        assert record["valid_from"] <= record["sale_from"] <= record["sale_to"]


def test_most_products_are_on_sale_some_have_ended_and_one_starts_later() -> None:
    records = current().values()
    ended = {r["product_code"] for r in records if r.get("sale_to", date.max) < BUSINESS_DATE}
    later = {r["product_code"] for r in records if r.get("sale_from", date.min) > BUSINESS_DATE}
    assert ended == {"GB-5Y", "SD-365"}
    assert later == {"WMP-FX540"}


def test_access_limits_are_in_the_records() -> None:
    shelf = current()
    assert [code for code, r in shelf.items() if r["branches"]] == ["WMP-FX180"]
    assert shelf["WMP-FX180"]["branches"] == ["BR02"]
    private = shelf["PRIV-01"]
    assert private["audiences"] == ["qualified_investor"]
    assert (private["channels"], private["tiers"]) == ([], ["private"])
    assert shelf["CD-3Y"]["min_amount"] == 200_000
    assert {shelf[code]["cooling_off_days"] for code in ("INS-ANN", "INS-LIFE")} == {15}


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_mandated_statements_stand_in_the_record(path: Path) -> None:
    record, _ = sheet(path)
    if record["type"] == "wmp":
        assert "理财非存款、产品有风险、投资须谨慎" in record["risk_statement"]
        assert "不是预期收益率" in record["benchmark_statement"]
        assert "不代表产品未来表现和实际收益" in record["benchmark_statement"]
        assert "承诺" in record["benchmark_statement"]
    if record["type"] == "structured_deposit":
        assert "结构性存款不同于一般性存款，具有投资风险" in record["risk_statement"]
        assert "不是预期收益率" in record["benchmark_statement"]
    if record["type"] == "fund":
        assert "过往业绩不预示其未来表现" in record["risk_statement"]


# --- the prose says what the record says ------------------------------------------------------


def stated_elsewhere(record: Mapping[str, Any]) -> str:
    """The record's own sentences, whose figures the prose may repeat."""
    fields = ("name", "liquidity", "risk_statement", "benchmark_basis", "benchmark_statement")
    notes = [fee.get("note", "") for fee in record.get("fees", [])]
    return "".join([*(str(record.get(field) or "") for field in fields), *notes])


def rates_in(text: str) -> Iterator[float]:
    for number, unit in re.findall(r"(\d+(?:\.\d+)?)([%‰])", text):
        yield round(float(number) * (100 if unit == "%" else 10), 4)


def amounts_in(text: str) -> Iterator[float]:
    for number, unit in re.findall(r"(\d+(?:\.\d+)?)(万?)元", text.replace(",", "")):
        yield float(number) * (10_000 if unit else 1)


def terms_in(text: str) -> Iterator[int]:
    for number, unit in re.findall(r"(\d+)(天|年(?!\d)|个月|小时)", text):
        days = {"天": 1.0, "年": 365.0, "个月": 30.4, "小时": 1 / 24}[unit]
        yield int(int(number) * days)


def without_dates(text: str) -> str:
    return re.sub(r"\d{4}年\d{1,2}月\d{1,2}日", "", text)


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_every_figure_in_the_prose_is_a_figure_of_the_record(path: Path) -> None:
    record, prose = sheet(path)
    own, text = stated_elsewhere(record), without_dates(prose)
    fees = record.get("fees", [])
    rates = {record.get(f) for f in ("rate_bp", "apr_bp", "apr_high_bp")}
    rates |= {record.get(f) for f in ("benchmark_low_bp", "benchmark_high_bp")}
    rates |= {fee.get("rate_bp") for fee in fees} | set(rates_in(own))
    amounts = {record.get("min_amount")} | {fee.get("amount") for fee in fees}
    terms = {record.get("term_days"), record.get("cooling_off_days")}
    terms |= {years * 365 for years in record.get("pay_terms", [])} | set(terms_in(own))
    assert set(rates_in(text)) <= rates
    assert set(amounts_in(text)) <= amounts | set(amounts_in(own))
    assert set(terms_in(text)) <= terms


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_every_date_in_the_prose_is_a_date_of_the_record(path: Path) -> None:
    record, prose = sheet(path)
    known = {record.get(f) for f in ("valid_from", "valid_to", "sale_from", "sale_to")}
    if record.get("valid_to"):
        known.add(record["valid_to"] - timedelta(days=1))
    found = re.findall(r"(\d{4})年(\d{1,2})月(\d{1,2})日", prose)
    assert {date(int(y), int(m), int(d)) for y, m, d in found} <= known


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_risk_rating_and_the_customer_it_fits_agree_with_the_record(path: Path) -> None:
    record, prose = sheet(path)
    assert set(re.findall(r"R[1-5]", prose)) <= {record.get("risk_rating")}
    for level in re.findall(r"C([1-5])及以上", prose):
        assert record["risk_rating"] == f"R{level}"


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_the_term_in_the_name_is_the_term_of_the_record(path: Path) -> None:
    record, _ = sheet(path)
    number = {"一": 1, "两": 2, "三": 3, "五": 5, "六": 6}
    if found := re.search(r"([一两三五六])(年|个月)", record["name"]):
        days = number[found[1]] * (365 if found[2] == "年" else 365 / 12)
        assert record["term_days"] == int(days)


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_prose_is_short_sections_a_person_can_say(path: Path) -> None:
    record, prose = sheet(path)
    sections = dict(re.findall(r"^## (.+)\n\n(.+)$", prose, re.M))
    wanted = ["产品概要", "适合谁与不适合谁", "费用", "风险提示", "常见误解"]
    if record.get("valid_to"):
        wanted = ["产品概要", "版本说明"]
    assert [w for w in wanted if not any(title.startswith(w) for title in sections)] == []
    assert all(12 <= len(text) <= 260 for text in sections.values())
    if record["type"] in ("wmp", "fund", "insurance", "private_fund"):
        assert record["issuer"] in sections["产品概要"]


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_nothing_is_worded_as_the_regulators_forbid(path: Path) -> None:
    text = path.read_text("utf-8")
    assert [word for word in NEVER_SAID if word in text] == []
    assert text.count("预期收益率") == text.count("不是预期收益率")


@pytest.mark.parametrize("path", PRODUCTS, ids=ids(PRODUCTS))
def test_a_benchmark_in_the_prose_stands_with_its_basis_and_statement(path: Path) -> None:
    record, prose = sheet(path)
    if record.get("benchmark_low_bp") is None:
        return
    for paragraph in prose.split("\n\n"):
        if f"{record['benchmark_high_bp'] / 100:.2f}%" in paragraph:
            assert record["benchmark_statement"] in paragraph
            assert record["type"] == "structured_deposit" or record["benchmark_basis"] in paragraph
