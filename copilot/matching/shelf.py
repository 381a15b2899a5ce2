"""The shelf for one customer: allowed products by need, refused ones with their rules.

Order never looks at a rate, benchmark or past return: first what is within the customer's reach,
then the strongest profile reason that speaks for the product type, then the bank's own priority,
then the product code.
"""

from __future__ import annotations

from collections.abc import Sequence

from copilot.matching.case import Case
from copilot.matching.gate import checked_rules, decide_case
from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import LookupRule
from copilot.records.matching import (
    Candidate,
    CustomerFile,
    GateDecision,
    MatchResult,
)
from copilot.records.product import Product
from copilot.records.profile import Profile, Reason
from copilot.records.staff import Seller
from copilot.settings import BankPolicy

WALK_IN = ""
#: Product types that serve one need; the first families are the nearest to each other.
NEEDS: dict[str, frozenset[ProductType]] = {
    "keep": frozenset({ProductType.DEPOSIT, ProductType.LARGE_CD, ProductType.GOV_BOND}),
    "grow": frozenset(
        {
            ProductType.STRUCTURED_DEPOSIT,
            ProductType.WMP,
            ProductType.FUND,
            ProductType.PRIVATE_FUND,
            ProductType.GOLD,
        }
    ),
    "protect": frozenset({ProductType.INSURANCE}),
    "retire": frozenset({ProductType.PENSION}),
    "borrow": frozenset({ProductType.LOAN, ProductType.CREDIT_CARD}),
    "foreign": frozenset({ProductType.FX}),
}
#: The smallest sum (fen) that is taken to be within anybody's reach.
_ANYBODYS = 1_000_000
#: Which other needs may stand in when nothing of the same need is allowed.
_STAND_INS = {"grow": ("keep",), "protect": ("keep",), "retire": ("keep",), "foreign": ("keep",)}


def match(
    products: Sequence[Product],
    file: CustomerFile,
    seller: Seller,
    channel: Channel,
    rules: Sequence[LookupRule],
    *,
    policy: BankPolicy | None = None,
) -> MatchResult:
    """Every product of the shelf, allowed or refused, for a customer as of ``file.as_of``.

    Raises:
        InputError, StateError: the rules are unusable; see `copilot.matching.gate.decide`.
    """
    policy = policy or BankPolicy()
    bound = checked_rules(rules)
    allowed: list[Candidate] = []
    refused: list[GateDecision] = []
    unchecked: set[str] = set()
    for product in products:
        decision = decide_case(Case(file, seller, product, channel, policy), bound)
        unchecked.update(decision.unchecked)
        if decision.allowed:
            allowed.append(_candidate(product, decision, file.profile))
        else:
            refused.append(decision)
    priority = {code: place for place, code in enumerate(policy.product_priority)}
    last = len(priority)
    stranger = file.customer is None
    reach = _within_reach(products, file.profile, _ANYBODYS if stranger else None)
    allowed.sort(
        key=lambda c: (
            c.product_code not in reach,
            -c.score,
            priority.get(c.product_code, last),
            c.product_code,
        )
    )
    refused.sort(key=lambda d: d.product_code)
    assessment = file.assessment
    return MatchResult(
        customer_id=file.customer.customer_id if file.customer else WALK_IN,
        age=file.customer.age_on(file.as_of) if file.customer else None,
        risk_tolerance=assessment.level if assessment else None,
        risk_assessed_on=assessment.assessed_on if assessment else None,
        channel=channel,
        as_of=file.as_of,
        allowed=tuple(allowed),
        refused=tuple(refused),
        unchecked=tuple(sorted(unchecked)),
    )


def alternatives(result: MatchResult, refused: Product, *, limit: int = 3) -> tuple[Candidate, ...]:
    """Allowed products that serve the need of a refused one, in the order of the match.

    Products of the same need come first, then those of a need that may stand in for it.
    """
    need = _need_of(refused.type)
    order = (need, *_STAND_INS.get(need, ()))
    found = [
        candidate
        for wanted in order
        for candidate in result.allowed
        if _need_of(candidate.type) == wanted and candidate.product_code != refused.product_code
    ]
    return tuple(found[:limit])


def _within_reach(
    products: Sequence[Product], profile: Profile | None, at_least: int | None = None
) -> frozenset[str]:
    """Products whose minimum the customer's free money covers: demand money and what matures.

    Where neither is known it is taken to be ``at_least``; without that nothing is out of reach.
    """
    known = _free_money(profile)
    free = at_least if known is None else known
    return frozenset(
        product.product_code
        for product in products
        if free is None or product.min_amount is None or product.min_amount <= free
    )


def _free_money(profile: Profile | None) -> int | None:
    if profile is None:
        return None
    parts = (profile.value(name) for name in ("aum_demand", "maturing_30"))
    known = [part for part in parts if isinstance(part, int)]
    assets = profile.value("aum_total")
    return sum(known) if known else assets if isinstance(assets, int) else None


def _need_of(kind: ProductType) -> str:
    return next(need for need, types in NEEDS.items() if kind in types)


def _candidate(product: Product, decision: GateDecision, profile: Profile | None) -> Candidate:
    reasons = _reasons_for(product, profile)
    return Candidate(
        product_code=product.product_code,
        type=product.type,
        name=product.name,
        risk_rating=product.risk_rating,
        reasons=tuple(reason.text for reason in reasons),
        score=max((reason.rank for reason in reasons), default=0.0),
        cautions=decision.cautions,
    )


def _reasons_for(product: Product, profile: Profile | None) -> list[Reason]:
    """The profile's reasons for this product type, best first.

    None for a product out of the customer's reach, or for demand money: it answers no need that
    money has which lies idle or falls due.
    """
    if profile is None or (product.type is ProductType.DEPOSIT and not product.term_days):
        return []
    if product.product_code not in _within_reach((product,), profile):
        return []
    speaking = [r for r in profile.reasons if product.type.value in r.product_types]
    return sorted(speaking, key=lambda reason: (-reason.rank, reason.code))
