"""Each gate rule holds in its own file's cases; without its core rules the gate stays shut."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from gate_bank import (
    AS_OF,
    PRODUCTS,
    SELLER,
    ago,
    born,
    clean_file,
    on,
    rule_files,
    rules,
    said,
)

from copilot.errors import StateError
from copilot.matching import decide
from copilot.records.codes import Channel, LicenceKind, Origin, ProductType, Role
from copilot.records.customer import Complaint, Interaction, RiskAssessment
from copilot.records.feedback import CustomerFeedback
from copilot.records.matching import CustomerFile
from copilot.records.product import Product
from copilot.records.profile import FeatureValue, Profile
from copilot.records.staff import Licence, Seller, Staff


@pytest.mark.parametrize("check", ["seller_licence", "consent_marketing", "risk_above_tolerance"])
def test_nothing_passes_when_a_core_check_has_no_rule(check: str) -> None:
    fewer = [rule for rule in rules() if rule.check != check]
    with pytest.raises(StateError, match=check):
        decide(PRODUCTS[0], clean_file(), SELLER, Channel.COUNTER, fewer)


#: Features of the profile that a rule's case may give under their own names.
_FEATURES = ("life_stage", "n_salary_cp", "pension_in_90", "surplus_months_6", "debt_card",
             "idle_amount", "aum_gold", "dormant", "tuition_365", "fx_maturity_on")  # fmt: skip


def given_cases() -> list[Any]:
    return [
        pytest.param(data, case["given"], wanted == "fail", id=f"{path.stem}-{wanted}-{number}")
        for path, data in rule_files()
        for wanted in ("fail", "pass")
        for number, case in enumerate(data["cases"][wanted])
    ]


@pytest.mark.parametrize(("data", "given", "objects"), given_cases())
def test_rule_holds_in_the_cases_of_its_own_file(
    data: dict[str, Any], given: dict[str, Any], objects: bool
) -> None:
    item, file, channel, seller = case_of(data["lookup"]["check"], given)
    decision = decide(item, file, seller, channel, rules())
    refused = {reason.rule_id for reason in decision.refusals}
    cautioned = {reason.rule_id for reason in decision.cautions}
    if objects:
        assert data["id"] in refused | cautioned
    else:  # a rule that blocks may still leave a duty, such as a guardian beside a minor
        assert data["id"] not in (refused if data["severity"] == "block" else refused | cautioned)


def case_of(check: str, given: dict[str, Any]) -> tuple[Product, CustomerFile, Channel, Seller]:
    """The records that a rule's case describes; what it leaves out is harmless."""
    kind = ProductType(given.get("product_type") or _usual_type(check, given))
    fields = {"risk_rating", "origin", "partner_approval_ref", "min_amount", "sale_from",
              "sale_to", "valid_to", "tiers", "branches"}  # fmt: skip
    item = Product("P-1", date(2020, 1, 1), "示例产品", kind, "示例银行")
    item = replace(item, **{k: v for k, v in given.items() if k in fields})
    item = replace(item, origin=Origin(item.origin))
    if "channels" in given:
        item = replace(item, channels=tuple(Channel(code) for code in given["channels"]))
    branch = given.get("branch_id", "BR01")
    customer = replace(born(given.get("age", 40)), branch_id=branch)
    customer = replace(customer, qualified_investor=given.get("qualified_investor"))
    touched = [("last_marketing_contact", None), ("refused_on", "refused")]
    features = {
        name: FeatureValue(name, given.get(said), unit)
        for name, said, unit in (("tier", "tier", "code"), ("aum_total", "aum", "fen"))
    }
    features |= {
        name: FeatureValue(name, given[name], "code") for name in _FEATURES if name in given
    }
    file = CustomerFile(
        customer=customer,
        as_of=AS_OF,
        assessments=_assessments(given),
        consents=tuple(
            said(c["granted"], c["at"], c["channel"], c["purpose"])
            for c in given.get("consents", ())
        ),
        interactions=tuple(
            Interaction("I", "C0001", on(given[key]), Channel.PHONE, outcome=outcome)
            for key, outcome in touched
            if given.get(key)
        ),
        fraud_signs=given.get("fraud_signs", ""),
        asked=given.get("asked", False),
        feedback=CustomerFeedback(serve_first_because=given.get("serve_first_because", "")),
        complaints=tuple(
            Complaint("K", "C0001", on(c["at"]), status=c["status"])
            for c in given.get("complaints", ())
        ),
        profile=Profile("C0001", AS_OF, "g1", features, ()),
    )
    seller = Seller(Staff("S1", "赵敏", Role(given.get("role", "wealth")), branch), _held(given))
    return item, file, Channel(given.get("channel", "counter")), seller


def _usual_type(check: str, given: dict[str, Any]) -> str:
    if given.get("risk_rating") or check in ("amount_proportion", "elder_high_risk"):
        return "wmp"
    return "deposit"


def _assessments(given: dict[str, Any]) -> tuple[RiskAssessment, ...]:
    if "level" in given:
        return (RiskAssessment("C0001", ago(10), given["level"]),)
    return tuple(
        RiskAssessment("C0001", a["assessed_on"], a["level"]) for a in given.get("assessments", ())
    )


def _held(given: dict[str, Any]) -> tuple[Licence, ...]:
    return tuple(
        Licence("S1", LicenceKind(held["licence"]), held["valid_from"], held.get("valid_to"))
        for held in given.get("licences", ())
    )
