"""Products, customers, sellers and rules that the gate's tests judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from copilot.matching import decide
from copilot.paths import shipped
from copilot.records.codes import Channel, ConsentPurpose, LicenceKind, ProductType, Role
from copilot.records.compliance import Evidence, LookupRule, RuleCitation, Severity
from copilot.records.customer import Consent, Customer, RiskAssessment
from copilot.records.matching import CustomerFile, GateDecision
from copilot.records.product import Product
from copilot.records.staff import Licence, Seller, Staff

AS_OF = date(2026, 11, 20)
RULES_DIR = shipped("knowledge") / "rules" / "cn" / "gate"


def rule_of(data: dict[str, Any]) -> LookupRule:
    return LookupRule(
        rule_id=data["id"],
        check=data["lookup"]["check"],
        title=data["title"],
        message=data["message"],
        citations=tuple(
            RuleCitation(c["regulation"], str(c["article"]), Evidence(c["evidence"]))
            for c in data["citations"]
        ),
        severity=Severity(data["severity"]),
        parameters=data["lookup"].get("parameters", {}),
    )


@cache
def rule_files() -> tuple[tuple[Path, dict[str, Any]], ...]:
    files = tuple(
        (path, yaml.safe_load(path.read_text("utf-8"))) for path in sorted(RULES_DIR.glob("*.yaml"))
    )
    assert files, "the shipped gate rules are missing"
    return files


@cache
def rules() -> tuple[LookupRule, ...]:
    return tuple(rule_of(data) for _, data in rule_files())


def rule_id(check: str) -> str:
    return next(rule.rule_id for rule in rules() if rule.check == check)


SELLER = Seller(
    Staff("S1002", "林晓", Role.WEALTH, "BR01"),
    tuple(Licence("S1002", kind, date(2020, 1, 1)) for kind in LicenceKind),
)


def product(kind: ProductType, rating: str | None = None, **rest: Any) -> Product:
    return Product(
        "P-1", date(2026, 1, 1), "示例产品", kind, "示例银行", risk_rating=rating, **rest
    )


def born(age: int | None) -> Customer:
    birth = None if age is None else date(AS_OF.year - age, 11, 20)
    return Customer("C0001", birth_date=birth, branch_id="BR01")


def said(granted: bool, day: date, channel: str, purpose: str = "marketing") -> Consent:
    return Consent(
        "C0001", ConsentPurpose(purpose), channel, datetime(day.year, day.month, day.day), granted
    )


def on(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9)


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def refused_checks(decision: GateDecision) -> set[str]:
    by_id = {rule.rule_id: rule.check for rule in rules()}
    return {by_id[reason.rule_id] for reason in decision.refusals}


def judged(
    item: Product, file: CustomerFile, channel: Channel, seller: Seller = SELLER
) -> GateDecision:
    return decide(item, file, seller, channel, rules())


def clean_file(**changes: Any) -> CustomerFile:
    return replace(
        CustomerFile(
            customer=born(40),
            as_of=AS_OF,
            assessments=(RiskAssessment("C0001", ago(30), "C5"),),
            consents=(said(True, ago(100), "all"),),
        ),
        **changes,
    )


PRODUCTS = (
    product(ProductType.DEPOSIT),
    product(ProductType.GOV_BOND),
    product(ProductType.LOAN),
    product(ProductType.STRUCTURED_DEPOSIT, "R1"),
    product(ProductType.WMP, "R2"),
    product(ProductType.WMP, "R3"),
    product(ProductType.FUND, "R4"),
    product(ProductType.PRIVATE_FUND, "R5"),
    product(ProductType.INSURANCE, "R2"),
)
