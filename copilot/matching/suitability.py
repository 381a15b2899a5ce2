"""Does the product suit this customer? Assessment, rating, age, proportion.

Risk tolerance is declared, never inferred: without a valid assessment nothing that can fall in
value is offered, and a bank that gave no assessments is treated the same.
"""

from __future__ import annotations

from copilot.matching.case import (
    ALL_TYPES,
    RATED_TYPES,
    Case,
    Objection,
    Outcome,
    Parameters,
    Unchecked,
    check,
)
from copilot.records.codes import RISK_RATINGS, RISK_TOLERANCES, ProductType

AGE_UNKNOWN = "customers.birth_date"
_INVESTMENTS = RATED_TYPES - {ProductType.INSURANCE}
#: What a parent may ask about for a child: saving, nothing that is invested, insured or lent.
_SAVINGS = frozenset({ProductType.DEPOSIT, ProductType.LARGE_CD, ProductType.GOV_BOND})


@check("risk_assessment_present", "customer", product_types=RATED_TYPES, core=True)
def risk_assessment_present(case: Case, parameters: Parameters) -> Outcome:
    """A product that can fall in value needs a risk assessment on record."""
    if case.file.assessment is not None:
        return None
    if case.customer is None:
        return Objection("客户身份与测评未知")
    return Objection("没有测评数据" if case.lacks("risk_assessments") else "没有测评记录")


@check(
    "risk_assessment_valid",
    "customer",
    parameters=("max_age_months",),
    product_types=RATED_TYPES,
    core=True,
)
def risk_assessment_valid(case: Case, parameters: Parameters) -> Outcome:
    """The assessment is younger than the given number of full months."""
    assessment = case.file.assessment
    if assessment is None:
        return None
    day, taken = case.as_of, assessment.assessed_on
    months = (day.year - taken.year) * 12 + day.month - taken.month - (day.day < taken.day)
    limit = parameters.whole("max_age_months", case.policy.risk_valid_months)
    if months < limit:
        return None
    return Objection(f"{taken.isoformat()}测评，已满{months}个月")


@check("risk_above_tolerance", "customer", product_types=RATED_TYPES, core=True)
def risk_above_tolerance(case: Case, parameters: Parameters) -> Outcome:
    """The product's rating is not above the declared tolerance; an unrated investment is."""
    rating = case.product.risk_rating
    if rating is None:
        return Objection("产品没有风险等级") if case.product.type in _INVESTMENTS else None
    assessment = case.file.assessment
    if assessment is None:
        return None
    if RISK_RATINGS.index(rating) <= RISK_TOLERANCES.index(assessment.level):
        return None
    return Objection(f"客户{assessment.level}，产品{rating}")


@check(
    "elder_high_risk",
    "customer",
    parameters=("age", "min_rating"),
    product_types=RATED_TYPES,
)
def elder_high_risk(case: Case, parameters: Parameters) -> Outcome:
    """Customers from the given age on are not approached with high-rated products."""
    rating = case.product.risk_rating
    lowest = parameters.one_of("min_rating", RISK_RATINGS, "R4")
    if rating is None or RISK_RATINGS.index(rating) < RISK_RATINGS.index(lowest):
        return None
    age = parameters.whole("age", case.policy.elder_age)
    ask = f"看上去年长、年龄未核实：先问清年龄，满{age}岁的不主动介绍{lowest}及以上产品。"
    return _from_age(case, age, duty=False, unsure=ask)


@check("elder_care", "customer", parameters=("age",), product_types=RATED_TYPES)
def elder_care(case: Case, parameters: Parameters) -> Outcome:
    """Customers from the given age on are owed special care."""
    age = parameters.whole("age", case.policy.elder_age)
    care = (
        "看上去年长、年龄未核实，按年长客户接待：两人在场、大字材料、逐项讲清，今天不必决定；"
        "联系家属须经本人同意。"
    )
    return _from_age(case, age, duty=True, unsure=care)


@check(
    "insurance_elder_recording",
    "customer",
    parameters=("age",),
    product_types=frozenset({ProductType.INSURANCE}),
)
def insurance_elder_recording(case: Case, parameters: Parameters) -> Outcome:
    """Insurance sales to customers from the given age on are recorded."""
    age = parameters.whole("age", 60)
    record = f"看上去年长、年龄未核实：满{age}岁的，销售过程要录音录像，逐句确认。"
    return _from_age(case, age, duty=True, unsure=record)


@check(
    "amount_proportion",
    "customer",
    parameters=("max_share", "min_rating"),
    product_types=_INVESTMENTS,
)
def amount_proportion(case: Case, parameters: Parameters) -> Outcome:
    """The smallest purchase is within the assets that the bank knows of.

    From the given rating on it is within the given share of them.
    """
    least = case.product.min_amount
    if least is None or case.customer is None:
        return None
    assets = case.file.profile.value("aum_total") if case.file.profile else None
    if not isinstance(assets, int):
        return Unchecked("holdings")
    share = 1.0
    rating = case.product.risk_rating
    lowest = parameters.one_of("min_rating", RISK_RATINGS, "R3")
    if rating is not None and RISK_RATINGS.index(rating) >= RISK_RATINGS.index(lowest):
        share = parameters.share("max_share", 1.0)
    if least <= share * assets:
        return None
    # Money for a deposit may lie elsewhere: who asks is answered.
    answered = case.file.asked and case.product.type in _SAVINGS
    return Objection("超出已知资产的合理比例", duty=answered)


@check("minor", "customer", parameters=("age",), core=True, reads_types=True)
def minor(case: Case, parameters: Parameters) -> Outcome:
    """Minors are offered nothing; who asks about saving for one is told that a guardian acts."""
    if case.age is None:
        return None if case.customer is None else Unchecked(AGE_UNKNOWN)
    if case.age >= parameters.whole("age", 18):
        return None
    if case.product.type in parameters.types("product_types", ALL_TYPES - _SAVINGS):
        return Objection("未成年人")
    if case.file.asked:
        return Objection(duty=True, words="客户未满18周岁：讲给监护人听，由监护人陪同并代为办理。")
    return Objection(
        words="客户未满18周岁：不主动向孩子介绍产品，存款由监护人来问、由监护人代为办理。"
    )


def _from_age(case: Case, age: int, *, duty: bool, unsure: str) -> Outcome:
    """An objection from an age on; ``unsure`` is the duty towards a walk-in who only looks it."""
    if case.customer is None and (case.age is None or case.age < age):
        return Objection(duty=True, words=unsure) if case.file.described_elder else None
    if case.age is None:
        return Unchecked(AGE_UNKNOWN)
    return Objection(f"客户已满{age}岁", duty=duty) if case.age >= age else None
