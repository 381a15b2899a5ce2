"""Meetings of customers and staff: interactions, visits, referrals and complaints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from copilot.records.codes import TxnChannel
from copilot.tables.sample.calendar import (
    BUSINESS_DATE,
    WINDOW_START,
    branch_open,
    workdays,
)
from copilot.tables.sample.consents import Consents
from copilot.tables.sample.flows import CHANNELS, KINDS
from copilot.tables.sample.house import BRANCH_IDS
from copilot.tables.sample.ledger import Ledger
from copilot.tables.sample.people import Person
from copilot.tables.sample.remarks import COMPLAINT_TOPICS, ERRANDS, OTHER_ERRANDS, REMARKS

_VISIT_DAYS = 180


@dataclass(frozen=True, slots=True)
class Interaction:
    """One contact, as the customer-management system records it."""

    customer_id: str
    staff_id: str
    at: datetime
    channel: str
    kind: str
    text: str
    outcome: str
    recording_id: str
    offer_arm: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One queue ticket; the customer is unknown when no card was shown."""

    customer_id: str
    branch_id: str
    at: datetime
    errand: str


@dataclass(frozen=True, slots=True)
class Referral:
    """A customer handed from the lobby to a wealth manager."""

    customer_id: str
    from_staff: str
    to_staff: str
    at: datetime
    accepted_at: datetime | None
    result: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint and where it stands."""

    customer_id: str
    at: datetime
    topic: str
    status: str


def interactions(rng: Random, people: list[Person], consents: Consents) -> list[Interaction]:
    """Contacts of the window in time order, none against a refusal that was in force."""
    rows = _campaigns(rng, people, consents)
    for person in people:
        if person.story:
            continue
        chance = 5.0 if person.manager_id else 0.8
        for _ in range(int(rng.expovariate(1 / chance)) if not person.dormant else 0):
            row = _contact(rng, person, consents)
            if row is not None:
                rows.append(row)
    rows += _planted(people)
    return sorted(rows, key=lambda row: (row.at, row.customer_id, row.staff_id))


def _contact(rng: Random, person: Person, consents: Consents) -> Interaction | None:
    first = max(person.opened_on, WINDOW_START)
    at = _in_hours(rng, first + timedelta(days=rng.randrange((BUSINESS_DATE - first).days + 1)))
    channel = rng.choices(("phone", "wecom", "counter", "app"), (5, 4, 3, 1))[0]
    staff = person.manager_id or f"S{person.branch_id[-1]}004"
    if rng.random() < 0.3:
        text = rng.choice(REMARKS["service"])
        return Interaction(person.customer_id, staff, at, channel, "service", text, "", "", "")
    if person.stage == "minor" or not (
        channel == "counter" or consents.allows(person.customer_id, channel, at.date())
    ):
        return None
    unreached = 4.0 if channel != "counter" else 0.0
    outcome = rng.choices(
        ("accepted", "considering", "refused", "no_answer"), (2.2, 3.5, 1.0, unreached)
    )[0]
    recorded = outcome == "accepted" and channel == "counter" and bool(person.risk_level)
    return Interaction(
        customer_id=person.customer_id,
        staff_id=staff,
        at=at,
        channel=channel,
        kind="marketing",
        text=rng.choice(REMARKS[outcome]),
        outcome=outcome,
        recording_id=f"SL{at:%Y%m%d}{rng.randrange(10**6):06d}" if recorded else "",
        offer_arm=rng.choices(("none", "model", "random"), (6, 3, 1))[0],
    )


def _campaigns(rng: Random, people: list[Person], consents: Consents) -> list[Interaction]:
    """Four text-message campaigns to part of those who agree to them."""
    rows = []
    for day in (date(2025, 9, 16), date(2026, 1, 20), date(2026, 5, 12), date(2026, 9, 15)):
        at = datetime.combine(day, time(10, 30))
        for person in people:
            wanted = not person.story and person.stage != "minor" and person.opened_on < day
            if wanted and rng.random() < 0.28 and consents.allows(person.customer_id, "sms", day):
                arm = rng.choice(("random", "model"))
                row = Interaction(
                    person.customer_id, "", at, "sms", "marketing", "短信已发送", "no_answer",
                    "", arm,
                )  # fmt: skip
                rows.append(row)
    return rows


def _planted(people: list[Person]) -> list[Interaction]:
    """Contacts that the stories tell of."""
    rows = []
    for person in people:
        if person.story == "recently_refused":
            at, text = datetime(2026, 10, 30, 10, 40), "客户在电话中明确拒绝，要求不再来电"
            rows.append(
                Interaction(person.customer_id, person.manager_id, at, "phone", "marketing",
                            text, "refused", "", "none")
            )  # fmt: skip
        if person.story == "maturity_ahead":
            at, text = datetime(2026, 9, 2, 15, 5), "客户说定期到期后再看，倾向稳妥"
            rows.append(
                Interaction(person.customer_id, person.manager_id, at, "counter", "marketing",
                            text, "considering", "", "none")
            )  # fmt: skip
    return rows


def _in_hours(rng: Random, day: date) -> datetime:
    """A moment in branch hours on ``day`` or the last open day before it."""
    while not branch_open(day):
        day -= timedelta(days=1)
    return datetime.combine(day, time(9 + rng.randrange(8), rng.randrange(60), rng.randrange(60)))


def visits(rng: Random, people: list[Person], ledger: Ledger) -> list[Visit]:
    """Queue tickets of the last half year: counter transactions, other errands, today's."""
    rows = list(_from_counter(rng, people, ledger))
    days = workdays(BUSINESS_DATE - timedelta(days=_VISIT_DAYS), BUSINESS_DATE)
    per_day = max(1, len(people) // 140)
    for day in days:
        for _ in range(rng.randrange(per_day, 2 * per_day + 1)):
            known = people[rng.randrange(len(people))] if rng.random() < 0.75 else None
            if known is not None and (known.story or known.opened_on > day or known.dormant):
                known = None
            branch = known.branch_id if known else rng.choice(BRANCH_IDS)
            at = _in_hours(rng, day)
            customer_id = known.customer_id if known else ""
            rows.append(Visit(customer_id, branch, at, rng.choice(OTHER_ERRANDS)))
    for person in people:
        if person.story in ("retired_c2", "cd_matures_today"):
            at = datetime.combine(BUSINESS_DATE, time(9, 12))
            rows.append(Visit(person.customer_id, person.branch_id, at, "定期存取"))
    return sorted(rows, key=lambda row: (row.at, row.branch_id, row.customer_id))


def _from_counter(rng: Random, people: list[Person], ledger: Ledger) -> Iterable[Visit]:
    import numpy as np

    rows = ledger.columns
    since = (BUSINESS_DATE - timedelta(days=_VISIT_DAYS)).toordinal()
    at_counter = rows["channel"] == CHANNELS.index(TxnChannel.COUNTER)
    for index in np.flatnonzero(at_counter & (rows["day"] >= since)).tolist():
        errand = ERRANDS.get(KINDS[rows["kind"][index]])
        if errand is None or rng.random() < 0.2:
            continue
        person = people[rows["person"][index]]
        day = date.fromordinal(int(rows["day"][index]))
        posted = datetime.combine(day, time()) + timedelta(seconds=int(rows["second"][index]))
        waited = timedelta(minutes=rng.randrange(3, 25))
        yield Visit(person.customer_id, person.branch_id, posted - waited, errand)


def referrals(rng: Random, people: list[Person], seen: list[Visit]) -> list[Referral]:
    """One visit in fourteen of an adult leads to a referral; the newest may still wait."""
    by_id = {person.customer_id: person for person in people}
    rows = []
    for visit in seen:
        person = by_id.get(visit.customer_id)
        if person is None or person.stage in ("minor", "student") or person.story:
            continue
        if rng.random() > 1 / 14:
            continue
        branch = visit.branch_id[-1]
        to_staff = person.manager_id or f"S{branch}{rng.choice(('002', '003'))}"
        taken = visit.at + timedelta(minutes=rng.randrange(4, 90))
        waits = (BUSINESS_DATE - visit.at.date()).days < 6 and rng.random() < 0.5
        result = "跟进中" if waits else rng.choices(("成交", "未成交", "跟进中"), (3, 5, 2))[0]
        rows.append(
            Referral(person.customer_id, f"S{branch}004", to_staff, visit.at,
                     None if waits else taken, result)
        )  # fmt: skip
    return rows


def complaints(rng: Random, people: list[Person]) -> list[Complaint]:
    """About one customer in fifty complained in the window; recent ones may still be open."""
    rows = []
    for person in people:
        if person.story == "open_complaint":
            at = datetime(2026, 11, 10, 14, 30)
            rows.append(Complaint(person.customer_id, at, COMPLAINT_TOPICS[0], "处理中"))
        elif not person.story and person.stage != "minor" and rng.random() < 0.02:
            first = max(person.opened_on, WINDOW_START)
            day = first + timedelta(days=rng.randrange((BUSINESS_DATE - first).days + 1))
            recent = (BUSINESS_DATE - day).days < 30
            status = rng.choice(("待处理", "处理中")) if recent else "已办结"
            at = _in_hours(rng, day)
            rows.append(Complaint(person.customer_id, at, rng.choice(COMPLAINT_TOPICS), status))
    return sorted(rows, key=lambda row: (row.at, row.customer_id))
