"""Who would speak: the named member of staff, else whoever at the branch may."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from copilot.records.codes import Channel, Role
from copilot.records.matching import CustomerFile, GateDecision
from copilot.records.product import Product
from copilot.records.staff import Seller

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

NOBODY = Seller(None)
BARS_SELLER = "seller"


def choose_seller(
    bench: Workbench, product: Product, file: CustomerFile, channel: Channel
) -> tuple[Seller, GateDecision]:
    """The seller and the gate's decision for them.

    A seller named by the caller is judged as named. Otherwise the first of the customer's own
    manager and the branch's wealth managers (by staff id) whom nothing bars from the product; if
    all are barred, the manager.
    """
    return first_unbarred(
        _candidates(bench, file), lambda seller: gate(bench, product, file, seller, channel)
    )


def first_unbarred(
    sellers: Iterable[Seller], decide: Callable[[Seller], GateDecision]
) -> tuple[Seller, GateDecision]:
    """The first seller whom nothing bars, else the first; without any, nobody."""
    first: tuple[Seller, GateDecision] | None = None
    for seller in sellers:
        decision = decide(seller)
        if not bars_seller(decision):
            return seller, decision
        first = first or (seller, decision)
    return first or (NOBODY, decide(NOBODY))


def gate(
    bench: Workbench, product: Product, file: CustomerFile, seller: Seller, channel: Channel
) -> GateDecision:
    """What the records decide for this customer, product, seller and channel on the date."""
    from copilot.matching import decide

    policy = bench.settings.policy
    return decide(product, file, seller, channel, bench.lookup_rules, policy=policy)


def bars_seller(decision: GateDecision) -> bool:
    """Whether it is the seller who may not speak."""
    return any(reason.subject == BARS_SELLER for reason in decision.refusals)


def _candidates(bench: Workbench, file: CustomerFile) -> Iterator[Seller]:
    if not bench.generation.has("staff"):
        return
    if bench.staff_id is not None:
        yield bench.seller(bench.staff_id)
        return
    if file.customer is not None:
        yield from branch_sellers(bench, file.customer.branch_id, file.customer.manager_id)


def branch_sellers(
    bench: Workbench, branch_id: str | None, manager_id: str | None
) -> Iterator[Seller]:
    """The manager, then the wealth managers of the branch, as far as they work there today."""
    if branch_id is None or not bench.generation.has("staff"):
        return
    staff = bench.store.staff(bench.principal)
    present = staff.at_branch(branch_id, bench.as_of)
    own = [person for person in present if person.staff_id == manager_id]
    wealth = [person for person in present if person.role is Role.WEALTH]
    for person in dict.fromkeys([*own, *wealth]):
        yield staff.seller(person.staff_id)
