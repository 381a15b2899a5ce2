"""What is still to be done: complaints, maturing and lost money, who thinks it over, referrals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from copilot.metrics.work_holdings import is_asset
from copilot.metrics.work_measures import LOST, accepted, matured, succeeded
from copilot.metrics.work_rows import WorkRows
from copilot.records.codes import Role
from copilot.records.customer import Holding
from copilot.records.work import MATURITY_DAYS, OpenItem, OpenKind, Window

CALLBACK_DAYS = 14
CONSIDERING, PENDING = "considering", "pending"
_TAKES_ON = (Role.WEALTH.value, "branch", "bank")
"""Whose work log has the sales that referrals lead to."""


def open_items(work: WorkRows) -> tuple[OpenItem, ...]:
    """Every open item at the end of the period, by kind, the most pressing first."""
    return (
        *_complaints(work),
        *_maturities(work),
        *_lost(work),
        *_callbacks(work),
        *_referrals(work),
        *_settling(work),
        *_unmatched(work),
    )


def _complaints(work: WorkRows) -> Iterator[OpenItem]:
    for complaint in work.complaints:
        if complaint.open:
            customer_id = complaint.customer_id
            yield OpenItem(
                OpenKind.COMPLAINT,
                customer_id,
                "complaints",
                (complaint.id,),
                owner=work.customers.get(customer_id, ""),
            )


def _maturities(work: WorkRows) -> Iterator[OpenItem]:
    """Customers with money falling due in the next days; what renews by itself comes last."""
    if work.current is None:
        return
    last = work.period.last
    until = last + timedelta(days=MATURITY_DAYS)
    due: dict[str, list[Holding]] = defaultdict(list)
    for holding in work.holdings.get(work.current, ()):
        if is_asset(holding) and holding.matures_on and last < holding.matures_on <= until:
            due[holding.customer_id].append(holding)
    found = []
    for customer_id, holdings in due.items():
        renews, first = min((bool(h.auto_renew), h.matures_on or until) for h in holdings)
        found.append((renews, first, customer_id))
    for renews, first, customer_id in sorted(found):
        yield OpenItem(
            OpenKind.MATURITY,
            customer_id,
            "holdings",
            tuple(sorted(holding.holding_id for holding in due[customer_id])),
            first,
            renews,
            owner=work.customers.get(customer_id, ""),
            amount=sum(holding.amount for holding in due[customer_id]),
        )


def _lost(work: WorkRows) -> Iterator[OpenItem]:
    """Matured money that left in the period, the largest first, where a call is welcome."""
    events = matured(LOST)(work, work.period.window)
    for event in sorted(events, key=lambda event: (-(event.amount or 0), event.id)):
        if event.customer_id and event.customer_id not in _left_alone(work):
            yield OpenItem(
                OpenKind.LOST,
                event.customer_id,
                "events",
                (event.id,),
                owner=work.owner_of(event.staff_id),
                amount=event.amount,
            )


def _callbacks(work: WorkRows) -> Iterator[OpenItem]:
    """Customers whose last contact of the subject ended with thinking it over."""
    latest = {contact.customer_id: contact for contact in work.interactions}
    since = work.period.last - timedelta(days=CALLBACK_DAYS)
    left_alone = _left_alone(work)
    for contact in latest.values():
        thinking = contact.outcome == CONSIDERING and contact.at.date() > since
        if thinking and contact.customer_id not in left_alone:
            yield OpenItem(
                OpenKind.CALLBACK,
                contact.customer_id,
                "interactions",
                (contact.id,),
                owner=work.owner_of(contact.staff_id),
            )


def _left_alone(work: WorkRows) -> frozenset[str]:
    """Who complains or does not want to be called."""
    complaining = {complaint.customer_id for complaint in work.complaints if complaint.open}
    return work.refusing | complaining


def _referrals(work: WorkRows) -> Iterator[OpenItem]:
    for referral in work.referrals:
        if referral.customer_id and not accepted(referral, work.period.last):
            yield OpenItem(
                OpenKind.REFERRAL,
                referral.customer_id,
                "referrals",
                (referral.id,),
                owner=work.owner_of(referral.to_staff),
            )


def _settling(work: WorkRows) -> Iterator[OpenItem]:
    """Referrals of the month that were taken on and have no result yet, the oldest first."""
    last = work.period.last
    if work.subject.hands_over:
        return
    for referral in work.within("referrals", Window(last.replace(day=1), last)):
        unsettled = accepted(referral, last) and referral.result in (None, PENDING)
        if unsettled and referral.customer_id and referral.customer_id not in _left_alone(work):
            yield OpenItem(
                OpenKind.SETTLING,
                referral.customer_id,
                "referrals",
                (referral.id,),
                owner=work.owner_of(referral.to_staff),
            )


def _unmatched(work: WorkRows) -> Iterator[OpenItem]:
    """Referrals of the period marked as sold of which the work log has no sale since."""
    if work.subject.role not in _TAKES_ON or work.since["events"] is None:
        return
    sold: dict[str, date] = {}
    for event in work.events:
        if event.kind == "sale" and event.customer_id:
            sold[event.customer_id] = event.at.date()  # the last one
    for referral in work.within("referrals", work.period.window):
        if not referral.customer_id or not succeeded(referral, work.period.last):
            continue
        if sold.get(referral.customer_id, date.min) < referral.at.date():
            yield OpenItem(
                OpenKind.UNMATCHED,
                referral.customer_id,
                "referrals",
                (referral.id,),
                owner=work.owner_of(referral.to_staff),
            )
