"""Do the customer's own circumstances speak against offering them this?

These rules keep the bank from starting the talk; whoever asks is answered, with what to check first
said to the employee.
"""

from __future__ import annotations

from datetime import date, timedelta

from copilot.matching.case import (
    Case,
    Objection,
    Outcome,
    Parameters,
    Unchecked,
    check,
)
from copilot.records.codes import LifeStage, ProductType
from copilot.records.profile import FeatureScalar

_LENDING = frozenset({ProductType.LOAN, ProductType.CREDIT_CARD})
_GOLD, _PENSION = frozenset({ProductType.GOLD}), frozenset({ProductType.PENSION})
_FX = frozenset({ProductType.FX})
_RECENT = timedelta(days=90)
ENTITLED_FIRST = "已领取基本养老金的，请先核实资格，再谈开户。"


@check("stable_income", "customer", parameters=("surplus_months",), product_types=_LENDING)
def stable_income(case: Case, parameters: Parameters) -> Outcome:
    """Lending is offered where the profile shows an income: wages, a pension, regular surplus."""
    if case.customer is None:
        return None
    if case.file.profile is None or _value(case, "n_salary_cp") is None:
        return Unchecked("transactions")
    if _has_income(case, parameters.whole("surplus_months", 4)):
        return None
    return Objection("画像中没有稳定收入", duty=case.file.asked)


def _has_income(case: Case, surplus_months: int) -> bool:
    paid_on = _value(case, "salary_last_on")
    known_payer = _amount(case, "n_salary_cp") > 0
    if known_payer or _amount(case, "pension_in_90") > 0:
        return True
    if _value(case, "life_stage") == LifeStage.STUDENT:
        return False
    recently = isinstance(paid_on, date) and paid_on > case.as_of - _RECENT
    return recently or _amount(case, "surplus_months_6") >= surplus_months


@check("credit_needed", "customer", parameters=("idle",), product_types=_LENDING)
def credit_needed(case: Case, parameters: Parameters) -> Outcome:
    """Instalments need a bill to pay; who has money lying idle is first asked why they borrow."""
    if case.product.type is ProductType.CREDIT_CARD and _value(case, "debt_card") == 0:
        return Objection("名下信用卡没有待还账单", duty=case.file.asked)
    idle = _amount(case, "idle_amount")
    if idle < parameters.whole("idle", 10_000_000):
        return None
    return Objection(duty=True, words="客户有较多活期闲置：先问要不要借，自有资金够用的不劝借。")


@check("concentration", "customer", parameters=("max_share",), product_types=_GOLD)
def concentration(case: Case, parameters: Parameters) -> Outcome:
    """Who holds much gold already is not offered more."""
    gold, assets = _amount(case, "aum_gold"), _amount(case, "aum_total")
    share = parameters.share("max_share", 0.3)
    if not gold or gold < share * assets:
        return None
    return Objection(f"积存金已占资产{gold / assets:.0%}", duty=case.file.asked)


@check("foreign_need", "customer", product_types=_FX)
def foreign_need(case: Case, parameters: Parameters) -> Outcome:
    """Foreign currency is offered where the profile shows some, or school fees to pay."""
    if case.customer is None or case.file.profile is None:
        return None
    if _value(case, "fx_maturity_on") is not None or _amount(case, "tuition_365") > 0:
        return None
    return Objection("没有外汇存款，也没有学费支出", duty=case.file.asked)


@check("pension_drawn", "customer", product_types=_PENSION)
def pension_drawn(case: Case, parameters: Parameters) -> Outcome:
    """Who draws a pension already may not be entitled to the account; a walk-in is asked."""
    if case.customer is None:
        told = case.file.described_elder
        return Objection(duty=True, words=ENTITLED_FIRST) if told else None
    if _amount(case, "pension_in_90") <= 0 and _value(case, "life_stage") != LifeStage.RETIRED:
        return None
    if case.file.asked:
        return Objection(duty=True, words=ENTITLED_FIRST)
    drawn = _amount(case, "pension_in_90") > 0
    return Objection("近90天有养老金入账" if drawn else "退休阶段")


def _value(case: Case, feature: str) -> FeatureScalar:
    return case.file.profile.value(feature) if case.file.profile else None


def _amount(case: Case, feature: str) -> float:
    """A feature's value as a number; 0 where it is unknown."""
    value = _value(case, feature)
    return value if isinstance(value, (int, float)) else 0
