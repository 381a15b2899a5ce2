"""The gate, cell by cell against an oracle written independently of it: nothing illegal passes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from gate_bank import (
    AS_OF,
    PRODUCTS,
    SELLER,
    ago,
    born,
    clean_file,
    judged,
    on,
    product,
    refused_checks,
    rule_id,
    rules,
    said,
)

from copilot.errors import InputError
from copilot.matching import decide
from copilot.records.codes import Channel, LicenceKind, Origin, ProductType, Role
from copilot.records.compliance import Severity
from copilot.records.customer import Complaint, Interaction, RiskAssessment
from copilot.records.matching import CustomerFile
from copilot.records.product import Product
from copilot.records.profile import FeatureValue, Profile
from copilot.records.staff import Licence, Seller, Staff

ASSESSMENTS: tuple[tuple[RiskAssessment, ...], ...] = (
    (),
    *(
        (RiskAssessment("C0001", taken, level),)
        for level in ("C1", "C2", "C3", "C4", "C5")
        for taken in (ago(1), date(2025, 11, 21), date(2025, 11, 20), date(2025, 1, 1))
    ),
    (RiskAssessment("C0001", AS_OF + timedelta(days=1), "C5"),),
    (RiskAssessment("C0001", ago(400), "C5"), RiskAssessment("C0001", ago(5), "C1")),
)
CONSENTS: tuple[Sequence[tuple[bool, int, str]], ...] = (
    (),
    ((True, 100, "all"),),
    ((True, 100, "all"), (False, 10, "sms")),
    ((False, 100, "all"), (True, 10, "phone")),
    ((True, -1, "all"),),  # given tomorrow
)
AGES = (None, 17, 18, 64, 65, 80)

MARKETED = {"phone", "wecom", "sms", "app", "email"}
RATED = {"structured_deposit", "wmp", "fund", "private_fund", "insurance", "gold", "pension"}


def oracle(
    item: Product,
    assessments: tuple[RiskAssessment, ...],
    consents: Sequence[tuple[bool, int, str]],
    age: int | None,
    channel: Channel,
) -> set[str]:
    """Which checks must refuse, worked out from the law's side without the gate's code."""
    broken: set[str] = set()
    kind = item.type.value
    known = [a for a in assessments if a.assessed_on <= AS_OF]
    last = sorted(known, key=lambda a: a.assessed_on)[-1] if known else None
    if kind in RATED:
        if last is None:
            broken.add("risk_assessment_present")
        elif last.assessed_on <= date(2025, 11, 20):
            broken.add("risk_assessment_valid")
        if last is not None and int((item.risk_rating or "R0")[1]) > int(last.level[1]):
            broken.add("risk_above_tolerance")
        if age is not None and age >= 65 and (item.risk_rating or "R0") >= "R4":
            broken.add("elder_high_risk")
    if age is not None and age < 18:
        broken.add("minor")
    if kind == "private_fund":
        broken.add("qualified_investor")  # nobody in these cells is recorded as one
        if channel.value != "counter":
            broken.add("private_public")
    if channel.value in MARKETED:
        words = [w for w in consents if w[1] >= 0 and w[2] in ("all", channel.value)]
        if not words or not min(words, key=lambda w: w[1])[0]:
            broken.add("consent_marketing")
    return broken


@pytest.mark.parametrize("item", PRODUCTS, ids=lambda p: f"{p.type.value}-{p.risk_rating}")
def test_no_cell_passes_that_the_law_forbids_and_each_refusal_names_its_rule(
    item: Product,
) -> None:
    cells = passed = 0
    for assessments, consents, age, channel in itertools.product(
        ASSESSMENTS, CONSENTS, AGES, Channel
    ):
        file = CustomerFile(
            customer=born(age),
            as_of=AS_OF,
            assessments=assessments,
            consents=tuple(said(g, ago(days), where) for g, days, where in consents),
        )
        decision = judged(item, file, channel)
        expected = oracle(item, assessments, consents, age, channel)
        assert refused_checks(decision) == expected, (assessments, consents, age, channel)
        assert decision.allowed == (not expected)
        for reason in decision.refusals:
            assert reason.rule_id.startswith("cn.gate.")
            assert reason.message
            assert reason.citations
        cells += 1
        passed += decision.allowed
    assert cells == len(ASSESSMENTS) * len(CONSENTS) * len(AGES) * len(Channel)
    assert (passed > 0) == (item.type is not ProductType.PRIVATE_FUND)


LICENCES = {
    "none": (),
    "right": (Licence("S1", LicenceKind.FUND_SALES, date(2020, 1, 1)),),
    "another kind": (Licence("S1", LicenceKind.WEALTH_SALES, date(2020, 1, 1)),),
    "ends today": (Licence("S1", LicenceKind.FUND_SALES, date(2020, 1, 1), AS_OF),),
    "ends tomorrow": (
        Licence("S1", LicenceKind.FUND_SALES, date(2020, 1, 1), AS_OF + timedelta(days=1)),
    ),
    "begins tomorrow": (Licence("S1", LicenceKind.FUND_SALES, AS_OF + timedelta(days=1)),),
    "somebody else's": (Licence("S2", LicenceKind.FUND_SALES, date(2020, 1, 1)),),
    "for other types": (
        Licence("S1", LicenceKind.FUND_SALES, date(2020, 1, 1), None, (ProductType.PENSION,)),
    ),
}


@pytest.mark.parametrize("held", list(LICENCES))
@pytest.mark.parametrize("role", list(Role))
def test_fund_is_spoken_of_only_with_a_valid_fund_licence_in_a_selling_role(
    held: str, role: Role
) -> None:
    seller = Seller(Staff("S1", "赵敏", role, "BR01"), LICENCES[held])
    decision = judged(product(ProductType.FUND, "R3"), clean_file(), Channel.COUNTER, seller)
    expected = set()
    if held not in ("right", "ends tomorrow"):
        expected.add("seller_licence")
    if role not in (Role.WEALTH, Role.MANAGER):
        expected.add("seller_role")
    assert refused_checks(decision) == expected
    assert all(reason.subject == "seller" for reason in decision.refusals)


@pytest.mark.parametrize("kind", [ProductType.DEPOSIT, ProductType.LARGE_CD, ProductType.LOAN])
def test_lobby_manager_without_licence_may_speak_of_plain_products(kind: ProductType) -> None:
    seller = Seller(Staff("S1", "赵敏", Role.LOBBY, "BR01"))
    assert judged(product(kind), clean_file(), Channel.COUNTER, seller).allowed


def test_person_who_has_left_may_speak_of_nothing() -> None:
    seller = Seller(Staff("S1", "赵敏", Role.WEALTH, "BR01", valid_to=AS_OF), SELLER.licences)
    decision = judged(product(ProductType.DEPOSIT), clean_file(), Channel.COUNTER, seller)
    assert "seller_role" in refused_checks(decision)


def test_nobody_named_is_refused_where_a_licence_is_needed_and_unchecked_without_staff_table() -> (
    None
):
    fund = product(ProductType.FUND, "R3")
    decision = judged(fund, clean_file(), Channel.COUNTER, Seller(None))
    assert refused_checks(decision) == {"seller_licence"}
    without = clean_file(missing_tables=frozenset({"staff", "licences"}))
    decision = judged(fund, without, Channel.COUNTER, Seller(None))
    assert decision.allowed
    assert "staff" in decision.unchecked


@pytest.mark.parametrize(
    ("days", "kind", "outcome", "broken"),
    [
        (29, "marketing", "considering", {"contact_interval"}),
        (30, "marketing", "considering", set()),
        (1, "service", "done", set()),
        (179, "marketing", "refused", {"contact_refusal"}),
        (180, "marketing", "refused", set()),
        (10, "service", "refused", {"contact_refusal"}),
        (-1, "marketing", "refused", set()),
    ],
)
def test_contact_rules_hold_for_contacts_that_the_bank_starts(
    days: int, kind: str, outcome: str, broken: set[str]
) -> None:
    touched = Interaction("I1", "C0001", on(ago(days)), Channel.PHONE, kind=kind, outcome=outcome)
    file = clean_file(interactions=(touched,))
    deposit = product(ProductType.DEPOSIT)
    for channel in Channel:
        expected = broken if channel.value in MARKETED else set()
        assert refused_checks(judged(deposit, file, channel)) == expected, channel


@pytest.mark.parametrize(
    ("complaint", "stopped"),
    [
        (Complaint("K", "C0001", on(ago(5)), status="open"), True),
        (Complaint("K", "C0001", on(ago(500)), status="in_progress"), True),
        (Complaint("K", "C0001", on(ago(5)), status=None), True),
        (Complaint("K", "C0001", on(ago(29)), status="closed"), True),
        (Complaint("K", "C0001", on(ago(30)), status="closed"), False),
        (Complaint("K", "C0001", on(ago(-1)), status="open"), False),
    ],
)
def test_open_complaint_stops_selling_on_every_channel(complaint: Complaint, stopped: bool) -> None:
    for channel in Channel:
        decision = judged(
            product(ProductType.DEPOSIT), clean_file(complaints=(complaint,)), channel
        )
        assert ("open_complaint" in refused_checks(decision)) == stopped


def test_refused_profiling_stops_outreach_and_is_a_caution_at_the_counter() -> None:
    file = clean_file(
        consents=(
            said(True, ago(100), "all"),
            said(True, ago(90), "app", "profiling"),
            said(False, ago(10), "counter", "profiling"),
        )
    )
    deposit = product(ProductType.DEPOSIT)
    assert refused_checks(judged(deposit, file, Channel.SMS)) == {"profiling_opt_out"}
    at_counter = judged(deposit, file, Channel.COUNTER)
    assert at_counter.allowed
    assert [c.rule_id for c in at_counter.cautions] == [rule_id("profiling_opt_out")]


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"sale_from": AS_OF + timedelta(days=1)}, {"product_on_sale"}),
        ({"sale_from": AS_OF, "sale_to": AS_OF}, set()),
        ({"sale_to": ago(1)}, {"product_on_sale"}),
        ({"valid_to": AS_OF}, {"product_on_sale"}),
        ({"channels": (Channel.PHONE,)}, {"product_channel"}),
        ({"channels": (Channel.COUNTER,)}, set()),
        ({"branches": ("BR02",)}, {"product_branch"}),
        ({"branches": ("BR01", "BR02")}, set()),
        ({"tiers": ("private",)}, {"product_tier"}),
        ({"tiers": ("wealth",)}, set()),
        ({"origin": Origin.AGENCY}, {"agency_authorised"}),
        ({"origin": Origin.AGENCY, "partner_approval_ref": "示例理财授〔2026〕001号"}, set()),
        ({"min_amount": 30_0000_01}, {"amount_proportion"}),
        ({"min_amount": 30_0000_00}, set()),
        ({"risk_rating": None}, {"risk_above_tolerance"}),
    ],
)
def test_product_must_be_on_the_shelf_for_this_date_channel_branch_tier_and_purse(
    changes: dict[str, Any], broken: set[str]
) -> None:
    features = {
        "tier": FeatureValue("tier", "wealth", "code"),
        "aum_total": FeatureValue("aum_total", 100_0000_00, "fen"),
    }
    file = clean_file(profile=Profile("C0001", AS_OF, "g1", features, ()))
    item = replace(product(ProductType.WMP, "R3"), **changes)
    assert refused_checks(judged(item, file, Channel.COUNTER)) == broken


def test_head_office_seller_is_judged_by_the_customers_branch() -> None:
    seller = replace(SELLER, staff=Staff("S1002", "林晓", Role.WEALTH, "HQ"))
    item = product(ProductType.DEPOSIT, branches=("BR01",))
    assert judged(item, clean_file(), Channel.COUNTER, seller).allowed


def test_qualified_investor_may_hear_of_a_private_product_at_the_counter_only() -> None:
    customer = replace(born(40), qualified_investor=True)
    private = product(ProductType.PRIVATE_FUND, "R5")
    for channel in Channel:
        decision = judged(private, clean_file(customer=customer), channel)
        assert decision.allowed == (channel is Channel.COUNTER), channel


@pytest.mark.parametrize(("age", "cautions"), [(59, 0), (60, 1), (64, 1), (65, 2), (90, 2)])
def test_elderly_insurance_customers_bring_duties(age: int, cautions: int) -> None:
    decision = judged(
        product(ProductType.INSURANCE, "R2"), clean_file(customer=born(age)), Channel.COUNTER
    )
    assert decision.allowed
    assert len(decision.cautions) == cautions


def test_missing_tables_are_named_and_risk_and_consent_count_as_a_no() -> None:
    tables = ("risk_assessments", "consents", "interactions", "complaints", "holdings")
    bare = CustomerFile(customer=born(40), as_of=AS_OF, missing_tables=frozenset(tables))
    fund = judged(product(ProductType.FUND, "R1"), bare, Channel.PHONE)
    assert refused_checks(fund) == {"risk_assessment_present", "consent_marketing"}
    assert {"interactions", "complaints", "consents"} <= set(fund.unchecked)
    deposit = judged(product(ProductType.DEPOSIT), bare, Channel.COUNTER)
    assert deposit.allowed


def test_unknown_age_is_reported_as_unchecked() -> None:
    decision = judged(
        product(ProductType.FUND, "R3"), clean_file(customer=born(None)), Channel.COUNTER
    )
    assert "customers.birth_date" in decision.unchecked


def test_walk_in_hears_of_plain_products_at_the_counter_and_nothing_rated() -> None:
    walk_in = CustomerFile(customer=None, as_of=AS_OF)
    for item in PRODUCTS:
        plain = item.type in (ProductType.DEPOSIT, ProductType.GOV_BOND, ProductType.LOAN)
        assert judged(item, walk_in, Channel.COUNTER).allowed == plain, item.type
        assert not judged(item, walk_in, Channel.SMS).allowed


def test_message_names_the_values_that_break_the_rule() -> None:
    file = clean_file(assessments=(RiskAssessment("C0001", ago(3), "C2"),))
    [reason] = judged(product(ProductType.FUND, "R4"), file, Channel.COUNTER).refusals
    assert reason.rule_id == rule_id("risk_above_tolerance")
    assert reason.message.endswith("（客户C2，产品R4）")


def test_milder_severity_cautions_instead_of_refusing() -> None:
    softer = [
        replace(rule, severity=Severity.WARN) if rule.check == "amount_proportion" else rule
        for rule in rules()
    ]
    features = {"aum_total": FeatureValue("aum_total", 100, "fen")}
    file = clean_file(profile=Profile("C0001", AS_OF, "g1", features, ()))
    item = product(ProductType.WMP, "R2", min_amount=1000)
    decision = decide(item, file, SELLER, Channel.COUNTER, softer)
    assert decision.allowed
    assert [c.rule_id for c in decision.cautions] == [rule_id("amount_proportion")]


def test_rule_with_an_unknown_check_is_an_error_that_lists_the_checks() -> None:
    wrong = [*rules(), replace(rules()[0], rule_id="cn.gate.x", check="star_sign")]
    with pytest.raises(InputError, match="star_sign") as error:
        decide(PRODUCTS[0], clean_file(), SELLER, Channel.COUNTER, wrong)
    assert "risk_above_tolerance" in error.value.next


@pytest.mark.parametrize(
    ("check", "parameters"),
    [
        ("minor", {"year": 18}),
        ("minor", {"age": "eighteen"}),
        ("minor", {"product_types": ["shares"]}),
        ("amount_proportion", {"max_share": 3}),
        ("elder_high_risk", {"min_rating": "R9"}),
    ],
)
def test_wrong_parameter_names_the_rule(check: str, parameters: dict[str, Any]) -> None:
    wrong = [
        replace(rule, parameters=parameters) if rule.check == check else rule for rule in rules()
    ]
    features = {"aum_total": FeatureValue("aum_total", 100, "fen")}
    file = clean_file(profile=Profile("C0001", AS_OF, "g1", features, ()))
    item = product(ProductType.FUND, "R4", min_amount=1)
    with pytest.raises(InputError, match=rule_id(check)):
        decide(item, file, SELLER, Channel.COUNTER, wrong)
