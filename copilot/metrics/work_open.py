"""What is still to be done: money falling due, complaints, customers who think, referrals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from copilot.metrics.work_holdings import is_asset
from copilot.metrics.work_measures import accepted
from copilot.metrics.work_rows import WorkRows
from copilot.records.work import MATURITY_DAYS, OpenItem, OpenKind

CALLBACK_DAYS = 14
CONSIDERING = "considering"


def open_items(work: WorkRows) -> tuple[OpenItem, ...]:
    """Every open item at the end of the period, by kind, the most pressing first."""
    return (*_complaints(work), *_maturities(work), *_callbacks(work), *_referrals(work))


def _complaints(work: WorkRows) -> Iterator[OpenItem]:
    for complaint in work.complaints:
        if complaint.open:
            yield OpenItem(OpenKind.COMPLAINT, complaint.customer_id, "complaints", (complaint.id,))


def _maturities(work: WorkRows) -> Iterator[OpenItem]:
    """Customers with money falling due in the next days; what renews by itself comes last."""
    if work.current is None:
        return
    last = work.period.last
    until = last + timedelta(days=MATURITY_DAYS)
    due: dict[str, list[tuple[bool, date, str]]] = defaultdict(list)
    for holding in work.holdings.get(work.current, ()):
        if is_asset(holding) and holding.matures_on and last < holding.matures_on <= until:
            due[holding.customer_id].append(
                (bool(holding.auto_renew), holding.matures_on, holding.holding_id)
            )
    ordered = sorted((min(parts), customer_id) for customer_id, parts in due.items())
    for (renews, first, _), customer_id in ordered:
        rows = tuple(sorted(holding_id for _, _, holding_id in due[customer_id]))
        yield OpenItem(OpenKind.MATURITY, customer_id, "holdings", rows, first, renews)


def _callbacks(work: WorkRows) -> Iterator[OpenItem]:
    """Customers whose last contact of the subject ended with thinking it over.

    Who complains or does not want to be called is left alone.
    """
    latest = {contact.customer_id: contact for contact in work.interactions}
    since = work.period.last - timedelta(days=CALLBACK_DAYS)
    complaining = {complaint.customer_id for complaint in work.complaints if complaint.open}
    left_alone = complaining | work.refusing
    for contact in latest.values():
        thinking = contact.outcome == CONSIDERING and contact.at.date() > since
        if thinking and contact.customer_id not in left_alone:
            yield OpenItem(OpenKind.CALLBACK, contact.customer_id, "interactions", (contact.id,))


def _referrals(work: WorkRows) -> Iterator[OpenItem]:
    for referral in work.referrals:
        waiting = not accepted(referral, work.period.last) and referral.customer_id
        if waiting and referral.customer_id:
            yield OpenItem(OpenKind.REFERRAL, referral.customer_id, "referrals", (referral.id,))
