"""The shelf for one customer: who would speak, and what the gate allows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot.errors import NotFound
from copilot.pipeline.seller import NOBODY
from copilot.records.codes import Channel
from copilot.records.matching import CustomerFile, MatchResult
from copilot.records.staff import Seller

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench


def shelf_for(bench: Workbench, customer_id: str, channel: Channel) -> MatchResult:
    """Every product on the shelf for a customer, allowed or refused.

    The seller is the named member of staff, else the customer's manager.

    Raises:
        NotFound, Forbidden: no such customer, or out of scope.
        StateError: profiles have not been built, or the rule pack lacks a core rule.
    """
    from copilot.matching import match

    file = bench.customer_file(customer_id)
    return match(
        bench.shelf,
        file,
        _speaker(bench, file),
        channel,
        bench.lookup_rules,
        policy=bench.settings.policy,
    )


def _speaker(bench: Workbench, file: CustomerFile) -> Seller:
    if bench.staff_id is not None:
        return bench.seller(bench.staff_id)
    manager_id = file.customer.manager_id if file.customer else None
    if manager_id is None or not bench.generation.has("staff"):
        return NOBODY
    try:
        return bench.seller(manager_id)
    except NotFound:  # the customer record names someone whom the staff table does not know
        return NOBODY
