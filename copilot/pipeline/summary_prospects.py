"""Customers to talk to for a lagging target: from the reasons of today's profiles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from copilot.errors import StateError
from copilot.records.profile import Evidence, Prospect
from copilot.records.work import OpenItem, OpenKind, Subject, Work

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

#: Which reasons of profiles speak for which target; of the others no customer is named.
REASONS = {
    "deposit_point": ("large_inflow",),
    "aum_net": ("aum_decline", "tier_near", "tier_at_risk"),
    "fund_holding": ("regular_surplus",),
    "insurance_premium": ("no_protection",),
    "pension_accounts": ("no_pension", "salary_started"),
}
MOST = 12  # a target; more than are printed, so that who must be served first can be left out


def with_prospects(bench: Workbench, work: Work) -> Work:
    """The same work with customers who may be contacted for every lagging target.

    Profiles exist for some days only; for another day nobody is named.
    """
    lagging = [target.kpi for target in work.targets if target.on_track is False]
    found: dict[str, OpenItem] = {}
    try:
        for kpi in lagging:
            for item in _prospects(bench, work, kpi):
                found.setdefault(item.customer_id, item)  # one subject a customer
    except StateError:
        return work
    return replace(work, open_items=(*work.open_items, *found.values()))


def _prospects(bench: Workbench, work: Work, kpi: str) -> Iterator[OpenItem]:
    from copilot.pipeline.feedback import served_first
    from copilot.profiles import prospects

    if kpi not in REASONS:
        return
    subject = work.subject
    whole = subject.staff is None or bool(work.answers_for)
    found = prospects(
        bench.store,
        bench.principal,
        REASONS[kpi],
        as_of=work.period.last,
        branch_id=None if subject.is_bank else subject.branch.branch_id,
        manager_id=None if whole or subject.staff is None else subject.staff.staff_id,
        limit=MOST,
    )
    angry = served_first(bench, (prospect.customer_id for prospect in found))
    for prospect in found:
        if prospect.customer_id not in angry:
            yield _item(kpi, prospect, subject)


def _item(kpi: str, prospect: Prospect, subject: Subject) -> OpenItem:
    by_customer = Evidence("customers", (prospect.customer_id,))
    proof = next(iter(prospect.reason.evidence), by_customer)
    owner = prospect.branch_id if subject.is_bank else prospect.manager_id
    return OpenItem(
        OpenKind.PROSPECT,
        prospect.customer_id,
        proof.table,
        proof.keys,
        owner=owner or "",
        kpi=kpi,
        why=prospect.title,
    )
