"""Whom a plan may approach: every customer of the audience through the gate, in bulk.

customer × channel (in the order of their tier) × product ──gate──▶ assigned | excluded by rule
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from copilot.pipeline.seller import branch_sellers, first_unbarred
from copilot.records.codes import Channel, ProductType, Tier
from copilot.records.feedback import CustomerFeedback
from copilot.records.figures import month_day
from copilot.records.matching import CustomerFile, GateDecision
from copilot.records.plan import Assigned, Goal, OffSale, PlanWindow, Reach
from copilot.records.product import Product
from copilot.records.profile import FeatureScalar, FeatureValue, Profile
from copilot.records.staff import Seller
from copilot.records.tables import label_of

if TYPE_CHECKING:
    from copilot.metrics.plan_rows import PlanCase
    from copilot.pipeline.workbench import Workbench

MOST_PRODUCTS = 6
#: Managed customers hear from their manager, the others through the channels without one.
MANAGED = (Channel.PHONE, Channel.WECOM, Channel.APP, Channel.SMS)
UNMANAGED = (Channel.APP, Channel.SMS, Channel.WECOM, Channel.PHONE)
_MANAGED_TIERS = frozenset({Tier.WEALTH, Tier.AFFLUENT, Tier.PRE_PRIVATE, Tier.PRIVATE})


def reach_of(bench: Workbench, case: PlanCase, customers: Sequence[str]) -> Reach:
    """The customers who may be approached, and why the others may not."""
    products, off_sale = _products(bench, case.goal, case.touch)
    gate = _Gate(bench, products)
    profiles = case.rows.features_of(customers)
    from copilot.pipeline.feedback import served_first

    first = served_first(bench, customers)
    assigned: list[Assigned] = []
    excluded: Counter[str] = Counter()
    turned_away = 0
    least = {product.product_code: product.min_amount for product in products}
    for file in bench.store.customers(bench.principal).files(customers, bench.as_of):
        assert file.customer is not None
        features = profiles.get(file.customer.customer_id, {})
        tier, assets = features.get("tier"), features.get("aum_total")
        file = _complete(file, features, first)
        found = gate.assign(file, MANAGED if tier in _MANAGED_TIERS else UNMANAGED)
        if isinstance(found, Assigned):
            funded = tuple(code for code in found.products if _covers(assets, least[code]))
            assigned.append(replace(found, funded=funded))
        else:
            turned_away += 1
            excluded.update(found)
    return Reach(
        products=products,
        off_sale=off_sale,
        channels=MANAGED,
        assigned=tuple(assigned),
        excluded=dict(sorted(excluded.items(), key=lambda item: (-item[1], item[0]))),
        excluded_customers=turned_away,
        unchecked=tuple(sorted({label_of(what) for what in gate.unchecked})),
    )


class _Gate:
    """The gate for many customers: rules and sellers are read once."""

    def __init__(self, bench: Workbench, products: Sequence[Product]) -> None:
        from copilot.matching.gate import checked_rules

        self._bench = bench
        self._products = products
        self._rules = checked_rules(bench.lookup_rules)
        self._sellers: dict[tuple[str | None, str | None], tuple[Seller, ...]] = {}
        self.unchecked: set[str] = set()

    def assign(self, file: CustomerFile, channels: Sequence[Channel]) -> Assigned | list[str]:
        """The first channel on which a product is allowed, else the rules that forbid them all."""
        always: set[str] | None = None
        some: Counter[str] = Counter()
        for channel in channels:
            allowed: list[tuple[str, Seller]] = []
            for product in self._products:
                seller, decision = self._decided(file, product, channel)
                if decision.allowed:
                    self.unchecked.update(decision.unchecked)
                    allowed.append((product.product_code, seller))
                    continue
                rules = {reason.rule_id for reason in decision.refusals}
                always = rules if always is None else always & rules
                some.update(rules)
            if allowed:
                staff = allowed[0][1].staff
                assert file.customer is not None
                return Assigned(
                    file.customer.customer_id,
                    channel,
                    tuple(code for code, _ in allowed),
                    staff.staff_id if staff else None,
                )
        most = max(some.values(), default=0)
        return sorted(always or {rule for rule, count in some.items() if count == most})

    def _decided(
        self, file: CustomerFile, product: Product, channel: Channel
    ) -> tuple[Seller, GateDecision]:
        from copilot.matching.case import Case
        from copilot.matching.gate import decide_case

        policy = self._bench.settings.policy
        return first_unbarred(
            self._candidates(file),
            lambda seller: decide_case(Case(file, seller, product, channel, policy), self._rules),
        )

    def _candidates(self, file: CustomerFile) -> tuple[Seller, ...]:
        """The customer's own manager, then the wealth managers of the branch; read once."""
        customer = file.customer
        key = (customer.branch_id, customer.manager_id) if customer else (None, None)
        if key not in self._sellers:
            self._sellers[key] = tuple(branch_sellers(self._bench, *key))
        return self._sellers[key]


def _covers(assets: int | None, least: int | None) -> bool:
    return assets is None or least is None or assets >= least


def _products(
    bench: Workbench, goal: Goal, touch: PlanWindow
) -> tuple[tuple[Product, ...], tuple[OffSale, ...]]:
    """Products of the goal's types that can be bought while customers are approached; the others.

    The bank's own order, never by return. A goal without a product (getting people to use the
    bank) is held against plain deposits.
    """
    types = goal.product_types or (ProductType.DEPOSIT,)
    priority = {code: n for n, code in enumerate(bench.settings.policy.product_priority)}
    current = [p for p in bench.shelf if p.type in types and p.valid_on(bench.as_of)]
    current.sort(
        key=lambda p: (
            priority.get(p.product_code, len(priority)),
            not p.term_days and p.type is ProductType.DEPOSIT,
            types.index(p.type),
            p.product_code,
        )
    )
    late = {p.product_code: why for p in current if (why := _off_sale(p, bench.as_of, touch))}
    fitting = [p for p in current if p.product_code not in late]
    chosen: list[Product] = []
    by_type = {kind: [p for p in fitting if p.type is kind] for kind in types}
    while len(chosen) < MOST_PRODUCTS and any(by_type.values()):
        chosen += [queue.pop(0) for queue in by_type.values() if queue]
    dropped = tuple(OffSale(p, late[p.product_code]) for p in current if p.product_code in late)
    return tuple(chosen[:MOST_PRODUCTS]), dropped if goal.product_types else ()


def _off_sale(product: Product, as_of: date, touch: PlanWindow) -> str:
    """Why a product cannot be bought while customers are approached; nothing when it can."""
    starts = f"触达期（{month_day(touch.first)}起）"
    begins, ends = product.sale_from, product.sale_to
    if ends is not None and ends < as_of:
        return f"{month_day(ends)}已停售，等下一期公告"
    if ends is not None and ends < touch.first:
        day = month_day(ends)
        return f"{day}停售，赶不上{starts}；须提前到{day}前触达，或等下一期公告"
    if begins is not None and begins > touch.last:
        return f"{month_day(begins)}起售，晚于触达期末日{month_day(touch.last)}"
    if begins is not None and begins > as_of:
        return f"{month_day(begins)}起售，今天还不能逐人核验，开售后重新出方案"
    return ""


def _complete(
    file: CustomerFile, features: Mapping[str, FeatureScalar], first: Mapping[str, str]
) -> CustomerFile:
    """The file with what of the profile and of the customer's words the gate reads."""
    assert file.customer is not None
    customer_id = file.customer.customer_id
    known = {name: FeatureValue(name, value, "") for name, value in features.items()}
    profile = Profile(customer_id, file.as_of, "", known, ())
    said = CustomerFeedback(serve_first_because=first.get(customer_id, ""))
    return replace(file, profile=profile, feedback=said)
