"""Whom a plan may approach: every customer of the audience through the gate, in bulk.

customer × channel (in the order of their tier) × product ──gate──▶ assigned | excluded by rule
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from copilot.pipeline.seller import BARS_SELLER, NOBODY
from copilot.records.codes import Channel, ProductType, Role, Tier
from copilot.records.feedback import CustomerFeedback
from copilot.records.matching import CustomerFile, GateDecision
from copilot.records.plan import Assigned, Goal, Reach
from copilot.records.product import Product
from copilot.records.profile import FeatureScalar, FeatureValue, Profile
from copilot.records.staff import Seller
from copilot.records.tables import label_of

if TYPE_CHECKING:
    from copilot.metrics.plan_rows import PlanRows
    from copilot.pipeline.workbench import Workbench

MOST_PRODUCTS = 6
#: Managed customers hear from their manager, the others through the channels without one.
MANAGED = (Channel.PHONE, Channel.WECOM, Channel.APP, Channel.SMS)
UNMANAGED = (Channel.APP, Channel.SMS, Channel.WECOM, Channel.PHONE)
_MANAGED_TIERS = frozenset({Tier.WEALTH, Tier.AFFLUENT, Tier.PRE_PRIVATE, Tier.PRIVATE})
_READ = "select customer_id, tier, aum_total from features where list_contains($ids, customer_id)"


def reach_of(bench: Workbench, rows: PlanRows, goal: Goal, customers: Sequence[str]) -> Reach:
    """The customers who may be approached, and why the others may not."""
    products = _products(bench, goal)
    gate = _Gate(bench, products)
    profiles = {row[0]: row[1:] for row in rows.all(_READ, ids=list(customers))}
    from copilot.pipeline.feedback import served_first

    first = served_first(bench, customers)
    assigned: list[Assigned] = []
    excluded: Counter[str] = Counter()
    turned_away = 0
    least = {product.product_code: product.min_amount for product in products}
    for file in bench.store.customers(bench.principal).files(customers, bench.as_of):
        assert file.customer is not None
        tier, assets = profiles.get(file.customer.customer_id, (None, None))
        file = _complete(file, tier, assets, first)
        found = gate.assign(file, MANAGED if tier in _MANAGED_TIERS else UNMANAGED)
        if isinstance(found, Assigned):
            assigned.append(found)
        else:
            turned_away += 1
            excluded.update(found)
    by_product = Counter(code for one in assigned for code in one.products)
    within = Counter(
        code
        for one in assigned
        for code in one.products
        if _covers(profiles.get(one.customer_id, (None, None))[1], least[code])
    )
    return Reach(
        products=products,
        channels=MANAGED,
        assigned=tuple(assigned),
        excluded=dict(sorted(excluded.items(), key=lambda item: (-item[1], item[0]))),
        excluded_customers=turned_away,
        by_product={code: by_product[code] for code in least},
        within_reach={code: within[code] for code in least},
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
        first: tuple[Seller, GateDecision] | None = None
        for seller in self._candidates(file):
            decision = decide_case(Case(file, seller, product, channel, policy), self._rules)
            if not any(reason.subject == BARS_SELLER for reason in decision.refusals):
                return seller, decision
            first = first or (seller, decision)
        assert first is not None
        return first

    def _candidates(self, file: CustomerFile) -> tuple[Seller, ...]:
        """The customer's own manager, then the wealth managers of the branch."""
        customer = file.customer
        key = (customer.branch_id, customer.manager_id) if customer else (None, None)
        if key not in self._sellers:
            self._sellers[key] = tuple(self._read(*key)) or (NOBODY,)
        return self._sellers[key]

    def _read(self, branch_id: str | None, manager_id: str | None) -> Iterator[Seller]:
        if branch_id is None or not self._bench.generation.has("staff"):
            return
        staff = self._bench.store.staff(self._bench.principal)
        present = staff.at_branch(branch_id, self._bench.as_of)
        own = [person for person in present if person.staff_id == manager_id]
        wealth = [person for person in present if person.role is Role.WEALTH]
        for person in dict.fromkeys([*own, *wealth]):
            yield staff.seller(person.staff_id)


def _covers(assets: int | None, least: int | None) -> bool:
    return assets is None or least is None or assets >= least


def _products(bench: Workbench, goal: Goal) -> tuple[Product, ...]:
    """Products of the goal's types on sale; the bank's own order, never by return.

    A goal without a product (getting people to use the bank) is held against plain deposits.
    """
    types = goal.product_types or (ProductType.DEPOSIT,)
    priority = {code: n for n, code in enumerate(bench.settings.policy.product_priority)}
    fitting = [p for p in bench.shelf if p.type in types and p.on_sale(bench.as_of)]
    fitting.sort(
        key=lambda p: (
            priority.get(p.product_code, len(priority)),
            not p.term_days and p.type is ProductType.DEPOSIT,
            types.index(p.type),
            p.product_code,
        )
    )
    chosen: list[Product] = []
    by_type = {kind: [p for p in fitting if p.type is kind] for kind in types}
    while len(chosen) < MOST_PRODUCTS and any(by_type.values()):
        chosen += [queue.pop(0) for queue in by_type.values() if queue]
    return tuple(chosen[:MOST_PRODUCTS])


def _complete(
    file: CustomerFile, tier: str | None, assets: int | None, first: Mapping[str, str]
) -> CustomerFile:
    """The file with what of the profile and of the customer's words the gate reads."""
    assert file.customer is not None
    customer_id = file.customer.customer_id
    values: dict[str, FeatureScalar] = {"tier": tier, "aum_total": assets}
    features = {name: FeatureValue(name, value, "") for name, value in values.items()}
    profile = Profile(customer_id, file.as_of, "", features, ())
    said = CustomerFeedback(serve_first_because=first.get(customer_id, ""))
    return replace(file, profile=profile, feedback=said)
