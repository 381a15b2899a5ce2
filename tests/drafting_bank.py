"""Records for drafting tests: two products, one customer, two scripts' worth of bank."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from copilot.drafting.brief import WritingBrief
from copilot.paths import shipped
from copilot.records.codes import (
    Channel,
    DraftKind,
    LifeStage,
    Origin,
    PassageKind,
    ProductType,
    Role,
)
from copilot.records.customer import Customer
from copilot.records.knowledge import Passage
from copilot.records.product import Product
from copilot.records.profile import FeatureValue, Profile, Reason
from copilot.records.staff import Branch, Staff
from copilot.records.template import Approval, Condition, Template

TODAY = date(2026, 11, 20)

DEPOSIT = Product(
    "DEP-3Y",
    date(2026, 10, 15),
    "三年期整存整取",
    ProductType.DEPOSIT,
    "示例银行",
    min_amount=50_00,
    term_days=1095,
    rate_bp=145,
    liquidity="提前支取的部分按支取日活期利率计息。",
)
WEALTH = Product(
    "WMP-FX365",
    date(2026, 9, 1),
    "示例理财启航封闭式365天固收类",
    ProductType.WMP,
    "示例理财有限责任公司",
    origin=Origin.AGENCY,
    risk_rating="R2",
    min_amount=1_00,
    term_days=365,
    benchmark_low_bp=200,
    benchmark_high_bp=260,
    benchmark_basis="按债券类资产的历史表现和配置比例测算并扣除费用后得出。",
    benchmark_statement="业绩比较基准不是预期收益率，不代表产品未来表现和实际收益。",
    risk_statement="理财非存款、产品有风险、投资须谨慎。",
    liquidity="封闭期内不能赎回。",
)
WANG = Customer("C000123", "王建国", "M", birth_date=date(1979, 3, 2), branch_id="BR01")
SELLER = Staff("S1002", "李敏", Role.WEALTH, "BR01")
BRANCH = Branch("BR01", "城东支行")

MATURING = Reason(
    "maturity_soon",
    "12月8日有一笔10万元定期到期",
    ("next_maturity_on", "next_maturity_amount"),
    product_types=("deposit", "wmp"),
    sayable="您有一笔定期12月8日到期",
    rank=90,
)
IDLE = Reason(
    "idle_demand",
    "活期闲置28万元已93天",
    ("idle_amount", "idle_days"),
    product_types=("deposit",),
    rank=72,
)
PASSAGE = Passage(
    "product/DEP-3Y#2",
    "product/DEP-3Y",
    1,
    PassageKind.PRODUCT,
    "三年期整存整取 / 产品概要",
    "三年期整存整取，50元起存，2026年10月15日起挂牌年利率1.45%。提前支取的部分按支取日活期利率计息。",
    0,
    60,
    "产品资料 DEP-3Y",
    product_code="DEP-3Y",
)


def features(**values: Any) -> dict[str, FeatureValue]:
    units = {"aum_total": "fen", "days_to_maturity": "days", "age": "count"}
    return {
        name: FeatureValue(name, value, units.get(name, "code")) for name, value in values.items()
    }


PROFILE = Profile(
    "C000123",
    TODAY,
    "g1",
    features(
        aum_total=72_0000_00,
        days_to_maturity=18,
        next_maturity_on=date(2026, 12, 8),
        life_stage="family",
        risk_declared="C3",
    ),
    (MATURING, IDLE),
    segments={"tier": "affluent"},
    card="王先生，47岁，资产72万元",
)


def brief(
    product: Product = DEPOSIT, channel: Channel = Channel.COUNTER, **changes: Any
) -> WritingBrief:
    """The usual brief: a known customer, a licensed seller, the product's passage."""
    usual = WritingBrief(
        product=product,
        channel=channel,
        as_of=TODAY,
        bank_name="示例银行",
        customer=WANG,
        profile=PROFILE,
        seller=SELLER,
        branch=BRANCH,
        passages=(PASSAGE,) if product is DEPOSIT else (),
        life_stage=LifeStage.FAMILY,
    )
    return replace(usual, **changes)


def template(template_id: str, text: str, **changes: Any) -> Template:
    """A deposit template for the counter."""
    usual = Template(
        template_id=template_id,
        version=1,
        title="三年期",
        kind=DraftKind.PITCH,
        product_types=(ProductType.DEPOSIT,),
        channels=(Channel.COUNTER,),
        tone="plain",
        valid_from=date(2026, 1, 1),
        valid_to=date(2027, 1, 1),
        author="S9004",
        text=text,
    )
    return replace(usual, **changes)


def approve(template: Template, draft: object) -> Approval:
    """Everything is approved."""
    number = f"示例行消审〔2026〕{template.template_id}"
    return Approval(template.template_id, 1, "", number, TODAY, date(2027, 1, 1), "p1", ())


def when(feature: str, comparison: str, value: float) -> tuple[Condition, ...]:
    """One condition."""
    return (Condition(feature, comparison, value),)


PROMPTS = shipped("prompts")
SCRIPTS = shipped("knowledge") / "scripts"
