"""The shelf in order of need, and what is offered instead of what is refused."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from typing import Any

from test_matching_gate import AS_OF, SELLER, clean_file, rules

from copilot.matching import alternatives, match
from copilot.records.codes import Channel, ProductType, Role
from copilot.records.customer import RiskAssessment
from copilot.records.matching import CustomerFile, MatchResult
from copilot.records.product import Product
from copilot.records.profile import FeatureValue, Profile, Reason
from copilot.records.staff import Seller, Staff
from copilot.settings import BankPolicy


def item(code: str, kind: ProductType, rating: str | None = None, **rest: Any) -> Product:
    return Product(
        code, date(2026, 1, 1), f"示例{code}", kind, "示例银行", risk_rating=rating, **rest
    )


SHELF = (
    item("CD-3Y", ProductType.LARGE_CD, rate_bp=165.0, min_amount=20_0000_00),
    item("DEP-1Y", ProductType.DEPOSIT, rate_bp=110.0, term_days=365),
    item("DEP-3Y", ProductType.DEPOSIT, rate_bp=150.0, term_days=1095),
    item("DEP-CUR", ProductType.DEPOSIT, rate_bp=5.0),
    item("FUND-MIX", ProductType.FUND, "R4"),
    item("GB-3Y", ProductType.GOV_BOND, rate_bp=160.0),
    item("INS-ANN", ProductType.INSURANCE, "R2"),
    item("LOAN-CONS", ProductType.LOAN),
    item("PEN-ACC", ProductType.PENSION),
    item("PRIV-01", ProductType.PRIVATE_FUND, "R5"),
    item("WMP-MH30", ProductType.WMP, "R2", benchmark_high_bp=210.0),
    item("WMP-PLUS", ProductType.WMP, "R3", benchmark_high_bp=335.0),
)
MATURING = Reason(
    "maturity_soon",
    "12月8日有一笔20万元定期到期",
    ("next_maturity_on",),
    (),
    ("deposit", "wmp"),
    "",
    90,
)
NO_PENSION = Reason("no_pension", "未开个人养老金账户", ("aum_pension",), (), ("pension",), "", 24)


def file_with(level: str = "C5", aum: int = 50_0000_00, **changes: Any) -> CustomerFile:
    features = {"aum_total": FeatureValue("aum_total", aum, "fen")}
    profile = Profile("C0001", AS_OF, "g1", features, (MATURING, NO_PENSION))
    assessments = (RiskAssessment("C0001", date(2026, 11, 1), level),)
    return clean_file(assessments=assessments, profile=profile, **changes)


def shelf(file: CustomerFile, products: tuple[Product, ...] = SHELF, **rest: Any) -> MatchResult:
    return match(products, file, SELLER, Channel.COUNTER, rules(), **rest)


def codes(result: MatchResult) -> list[str]:
    return [candidate.product_code for candidate in result.allowed]


def test_every_product_is_either_allowed_or_refused_with_rules() -> None:
    result = shelf(file_with("C2"))
    refused = [decision.product_code for decision in result.refused]
    assert sorted(codes(result) + refused) == [p.product_code for p in SHELF]
    assert refused == ["FUND-MIX", "PRIV-01", "WMP-PLUS"]
    for entry in result.as_json()["refused"]:
        assert entry["rule_ids"]
        assert entry["message"]
        assert entry["citations"]


def test_match_document_is_the_one_that_scripts_rely_on() -> None:
    document = shelf(file_with("C2")).as_json()
    assert document["customer"] == {
        "customer_id": "C0001",
        "age": 40,
        "risk_tolerance": "C2",
        "risk_assessed_on": "2026-11-01",
    }
    assert {"product_code", "type", "risk_rating", "reasons"} <= set(document["allowed"][0])
    assert {"product_code", "rule_ids", "message", "citations"} <= set(document["refused"][0])


def test_products_that_answer_a_reason_come_first_with_the_reason() -> None:
    result = shelf(file_with("C2"))
    assert codes(result)[:4] == ["DEP-1Y", "DEP-3Y", "WMP-MH30", "PEN-ACC"]
    assert result.allowed[0].reasons == ("12月8日有一笔20万元定期到期",)
    assert result.allowed[3].reasons == ("未开个人养老金账户",)


def test_order_never_follows_a_rate_a_benchmark_or_the_order_of_the_shelf() -> None:
    usual = codes(shelf(file_with()))
    richer = tuple(
        replace(p, rate_bp=(p.rate_bp or 0) * 9 + place, benchmark_high_bp=900.0 - place)
        for place, p in enumerate(SHELF)
    )
    assert codes(shelf(file_with(), richer)) == usual
    assert codes(shelf(file_with(), tuple(reversed(SHELF)))) == usual


def test_bank_priority_orders_products_that_serve_a_need_equally() -> None:
    policy = BankPolicy(product_priority=("DEP-3Y", "PRIV-01"))
    result = shelf(file_with("C2"), policy=policy)
    assert codes(result)[:3] == ["DEP-3Y", "DEP-1Y", "WMP-MH30"]
    assert "PRIV-01" not in codes(result)


def test_reason_does_not_speak_for_a_product_out_of_reach() -> None:
    deposit = replace(SHELF[1], min_amount=60_0000_00)
    result = shelf(file_with(aum=50_0000_00), (deposit,))
    assert result.allowed[0].reasons == ()


def test_demand_deposit_is_no_answer_to_money_that_falls_due() -> None:
    by_code = {candidate.product_code: candidate for candidate in shelf(file_with()).allowed}
    assert by_code["DEP-CUR"].reasons == ()
    assert by_code["DEP-1Y"].reasons == ("12月8日有一笔20万元定期到期",)


def test_refused_product_is_replaced_by_lawful_ones_of_the_same_need_first() -> None:
    result = shelf(file_with("C2"))
    fund = SHELF[4]
    assert [c.product_code for c in alternatives(result, fund)] == ["WMP-MH30", "DEP-1Y", "DEP-3Y"]
    loan = SHELF[7]
    assert alternatives(result, loan) == ()


def test_alternatives_are_always_allowed_and_never_the_refused_product() -> None:
    for level, product in itertools.product(("C1", "C2", "C3", "C5"), SHELF):
        result = shelf(file_with(level))
        allowed = set(codes(result))
        offered = [c.product_code for c in alternatives(result, product, limit=9)]
        assert set(offered) <= allowed - {product.product_code}


def test_lobby_managers_shelf_holds_no_investment_or_insurance() -> None:
    lobby = Seller(Staff("S1003", "陈悦", Role.LOBBY, "BR01"))
    result = match(SHELF, file_with(), lobby, Channel.COUNTER, rules())
    plain = {"deposit", "large_cd", "gov_bond", "loan", "credit_card", "fx"}
    assert {candidate.type.value for candidate in result.allowed} <= plain
    for decision in result.refused:
        assert "seller" in {reason.subject for reason in decision.refusals}


def test_without_a_profile_the_shelf_is_unranked_and_carries_no_reasons() -> None:
    result = shelf(replace(file_with("C2"), profile=None))
    assert codes(result) == sorted(codes(result))
    assert all(candidate.reasons == () for candidate in result.allowed)


def test_elder_customer_carries_the_duty_of_care_with_the_candidate() -> None:
    customer = replace(file_with().customer, birth_date=date(1950, 1, 1))  # type: ignore[type-var]
    result = shelf(file_with("C3", customer=customer))
    by_code = {candidate.product_code: candidate for candidate in result.allowed}
    assert [c.rule_id for c in by_code["WMP-MH30"].cautions] == ["cn.gate.elder-care"]
    assert by_code["DEP-1Y"].cautions == ()
