"""English rules: another language, another law, and Chinese checks none the wiser."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from copilot.compliance import Checker, Pack
from copilot.compliance.language import Language
from copilot.paths import shipped
from copilot.records.codes import Audience, ProductType
from copilot.records.compliance import CheckContext, Fact, Verdict

RULES = shipped("knowledge") / "rules"
DAY = date(2026, 11, 20)
ENGLISH = ("us", "uk", "hk", "sg")


@pytest.fixture(scope="module")
def pack() -> Pack:
    return Pack.read(RULES / "pack.json")


@pytest.fixture(scope="module")
def checker(pack: Pack) -> Checker:
    return Checker(pack)


@pytest.fixture(scope="module")
def english(pack: Pack) -> Language:
    return pack.languages["en"]


def _context(jurisdiction: str, product: str = "wmp", **given: object) -> CheckContext:
    context = CheckContext(
        product=ProductType(product), jurisdictions=(jurisdiction,), as_of=DAY, whole=False
    )
    return replace(context, **given)  # type: ignore[arg-type]


def _rules(checker: Checker, text: str, context: CheckContext) -> dict[str, str]:
    return {f.rule_id: f.text for f in checker.check(text, context).findings}


def test_there_are_at_least_thirty_english_rules_of_four_jurisdictions(pack: Pack) -> None:
    rules = [rule for rule in pack.rules if rule.language == "en"]
    assert len(rules) >= 30
    assert {rule.jurisdiction for rule in rules} == set(ENGLISH)
    for rule in rules:
        if not any(c.evidence.may_block for c in rule.citations):
            assert rule.verdict.rank <= Verdict.REVIEW.rank, rule.id


def test_every_english_rule_cites_a_row_of_the_catalogue(pack: Pack) -> None:
    path = Path(__file__).resolve().parents[2] / "shared" / "facts" / "regulations.jsonl"
    if not path.is_file():
        pytest.skip(f"the catalogue of regulations is not at {path}")
    rows = {row["id"]: row for row in map(json.loads, path.read_text("utf-8").splitlines())}
    for rule in pack.rules:
        if rule.language == "en":
            for citation in rule.source["citations"]:
                row = rows[citation["catalogue"]]
                assert citation["evidence"] == row["evidence"], rule.id
                assert row["jurisdiction"].lower() == rule.jurisdiction, rule.id


def test_english_rules_are_silent_unless_asked_for(checker: Checker) -> None:
    text = "Guaranteed returns, risk-free, FDIC insured fund! 保本保息"
    context = CheckContext(product=ProductType.WMP, as_of=DAY)
    assert {rule_id.split(".")[0] for rule_id in _rules(checker, text, context)} == {"cn"}


def test_chinese_rules_are_silent_where_another_law_is_asked_for(checker: Checker) -> None:
    assert _rules(checker, "保本保息，零风险", _context("us")) == {}


def test_two_jurisdictions_can_be_asked_for_at_once(checker: Checker) -> None:
    context = replace(_context("us"), jurisdictions=("cn", "us", "sg"))
    found = _rules(checker, "保本保息 — risk-free", context)
    assert {rule_id.split(".")[0] for rule_id in found} == {"cn", "us", "sg"}


@pytest.mark.parametrize(
    ("jurisdiction", "product", "text", "rule_id", "found"),
    [
        ("us", "fund", "Our funds are FDIC insured.", "us.fdic.uninsured-product", "FDIC insured"),
        ("us", "fund", "FDIC\u200b-in\u00adsured", "us.fdic.uninsured-product", None),
        ("us", "loan", "0% for everyone!", "us.regz.terms-available", "0% for everyone"),
        ("us", "deposit", "Earn a profit of 4%", "us.regdd.profit", "profit"),
        ("sg", "fund", "There is nо chance of loss", "sg.mas.false-safety", "nо chance of loss"),
        ("sg", "fund", "It is r1sk-free", "sg.mas.false-safety", "r1sk-free"),
        ("sg", "fund", "It is R I S K free", "sg.mas.false-safety", None),
        ("uk", "fund", "Up 9% in the past six\nmonths", "uk.cobs.short-performance", None),
        ("hk", "fund", "A guar-anteed fund", "hk.sfc.guarantee", "guar-anteed fund"),
        ("hk", "fund", "ＧＵＡＲＡＮＴＥＥＤ ＦＵＮＤ", "hk.sfc.guarantee", None),
    ],
)
def test_wording_is_found_through_case_breaks_and_disguises(
    checker: Checker,
    jurisdiction: str,
    product: str,
    text: str,
    rule_id: str,
    found: str | None,
) -> None:
    rules = _rules(checker, text, _context(jurisdiction, product))
    assert rule_id in rules
    assert found is None or rules[rule_id] == found


@pytest.mark.parametrize(
    ("jurisdiction", "product", "text"),
    [
        ("us", "fund", "Mutual funds are not FDIC insured, not deposits and may lose value."),
        ("us", "fund", "This fund is neither federally insured nor insured by the FDIC."),
        ("us", "deposit", "We are a not-for-profit credit union. Profitable? Ask us."),
        ("us", "deposit", "Nonprofits and profitability seminars are free."),
        ("sg", "fund", "No investment is risk-free."),
        ("sg", "fund", "An offer with zero risk is a scam: report it."),
        ("hk", "fund", "Income is not guaranteed, nor is capital guaranteed."),
        ("uk", "fund", "The U.S. office opened 7 years ago; 12% of staff are engineers."),
    ],
)
def test_denials_warnings_and_longer_words_are_lawful(
    checker: Checker, jurisdiction: str, product: str, text: str
) -> None:
    assert _rules(checker, text, _context(jurisdiction, product)) == {}


def test_a_denial_ends_with_its_clause(checker: Checker) -> None:
    context = _context("hk", "fund")
    assert "hk.sfc.guarantee" in _rules(checker, "No fees and guaranteed returns", context)
    assert "hk.sfc.guarantee" in _rules(checker, "Not cheap, but guaranteed income", context)
    assert _rules(checker, "No charges or guaranteed returns", context) == {}


@pytest.mark.parametrize(
    ("jurisdiction", "product", "text", "rule_id", "element"),
    [
        ("us", "loan", "Just $199 a month!", "us.regz.trigger-terms", " 60 months, 6.9% APR."),
        ("us", "loan", "Borrow at 4.9% interest", "us.regz.rate-as-apr", " (5.1% APR)"),
        ("us", "deposit", "Earn 3.5% on savings", "us.regdd.yield-as-apy", " APY"),
        ("uk", "fund", "8% income a year.", "uk.cobs.risk-with-benefit", " Capital is at risk."),
        ("sg", "fund", "6% payout!", "sg.mas.balanced", " It is not guaranteed."),
    ],
)
def test_a_trigger_term_calls_for_its_element(
    checker: Checker, jurisdiction: str, product: str, text: str, rule_id: str, element: str
) -> None:
    context = _context(jurisdiction, product, whole=True)
    missing = [f for f in checker.check(text, context).findings if f.rule_id == rule_id]
    assert missing
    for finding in missing:
        assert (finding.start, finding.end) == (len(text), len(text))
        assert finding.verdict is Verdict.NEEDS_ELEMENT
    assert rule_id not in _rules(checker, text + element, context)
    assert rule_id not in _rules(checker, text, _context(jurisdiction, product))


def test_an_advertisement_with_its_disclosures_passes(checker: Checker) -> None:
    deposit = (
        "4.50% annual percentage yield (APY) as of 11/22/2026. $1,000 minimum. 12-month CD; "
        "early withdrawal penalty applies; fees could reduce earnings. Member FDIC."
    )
    assert _rules(checker, deposit, _context("us", "large_cd", whole=True)) == {}
    fund = (
        "The fund returned 4.4% in 2025. Source: ABC, 30 Sep 2021 to 30 Sep 2026, net of charges. "
        "Past performance is not a reliable indicator of future results. Your capital is at risk. "
        "ABC Bank plc, authorised and regulated by the FCA."
    )
    assert _rules(checker, fund, _context("uk", "fund", whole=True)) == {}


def test_rules_are_for_their_products_only(checker: Checker) -> None:
    text = "Your deposit is FDIC insured."
    assert _rules(checker, text, _context("us", "deposit")) == {}
    assert "us.fdic.uninsured-product" in _rules(checker, text, _context("us", "insurance"))
    assert _rules(checker, text, _context("us", audience=Audience.INTERNAL)) == {}


def test_figures_of_english_texts_need_a_source_too(checker: Checker) -> None:
    facts = (
        Fact("product.rate_bp", "rate", "rate", 450.0),
        Fact("product.min_amount", "min_amount", "amount", 100_000_00),
        Fact("product.term_days", "term", "term", 365),
        Fact("as_of", "date", "date", "2026-11-22"),
    )
    context = _context("us", "deposit", facts=facts)
    right = "4.50% APY as of November 22, 2026 (11/22/2026); $100,000 minimum; 1 year or 12 months"
    assert _rules(checker, right, context) == {}
    for wrong, found in (
        ("4.55% APY", "4.55%"),
        ("455 basis points", "455 basis points"),
        ("as of 23 November 2026", "23 November 2026"),
        ("$1 million minimum", "$1 million"),
        ("a 24 month term", "24 month"),
    ):
        assert _rules(checker, wrong, context) == {"core.ungrounded-figure": found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4.5 percent", [("rate", 450.0)]),
        ("25 bps", [("rate", 25.0)]),
        ("HK$12,000.50 or £3k", [("amount", 1_200_050), ("amount", 300_000)]),
        ("2 million dollars", [("amount", 200_000_000)]),
        ("30 June 2031; Jan. 5, 2027; 2026-02-28", ["2031-06-30", "2027-01-05", "2026-02-28"]),
        ("30 February", [("count", 30.0)]),
        ("90-day notice, 18 months, 2 years", [90, 547, 730]),
    ],
)
def test_figures_are_read_in_english(english: Language, text: str, expected: list[object]) -> None:
    found = list(english.figures(english.normaliser.fold(text).text))
    if expected and not isinstance(expected[0], tuple):
        assert [f.value for f in found] == expected
    else:
        assert [(f.kind, f.value) for f in found] == expected


def test_the_command_takes_a_jurisdiction(tmp_path: Path) -> None:
    (tmp_path / "advert.txt").write_text("Our mutual funds are FDIC insured.", "utf-8")

    def check(*words: str) -> tuple[int, dict[str, Any]]:
        command = [sys.executable, "-m", "copilot", "check", "advert.txt", "--product", "fund"]
        command += ["--fragment", "--format", "json", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout)

    code, document = check("--jurisdiction", "us")
    assert code == 1
    assert [f["rule_id"] for f in document["findings"]] == ["us.fdic.uninsured-product"]
    code, document = check()
    assert (code, document["verdict"]) == (0, "pass")
    code, document = check("--jurisdiction", "fr")
    assert code == 2
    assert "cn、hk、sg、uk、us" in document["error"]["next"]
