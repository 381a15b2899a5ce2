"""What customers allow: consents by purpose and channel, and declared risk assessments."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from copilot.records.customer import EVERY_CHANNEL
from copilot.tables.sample.calendar import BUSINESS_DATE, WINDOW_START
from copilot.tables.sample.people import Person, age_on


@dataclass(frozen=True, slots=True)
class Consent:
    """One statement of a customer."""

    customer_id: str
    purpose: str
    channel: str
    at: datetime
    granted: bool


class Consents:
    """All statements, in customer order, and what they allow on a day."""

    def __init__(self, rng: Random, people: list[Person]) -> None:
        self._rng = rng
        self.rows: list[Consent] = []
        self.missing: list[str] = []
        self._marketing: dict[str, list[Consent]] = defaultdict(list)
        for person in people:
            self._state(person)
        for row in self.rows:
            if row.purpose == "marketing":
                self._marketing[row.customer_id].append(row)

    def allows(self, customer_id: str, channel: str, day: date) -> bool:
        """Whether the latest statement on marketing over ``channel`` by ``day`` is a yes."""
        said = [
            row
            for row in self._marketing[customer_id]
            if row.channel in (EVERY_CHANNEL, channel) and row.at.date() <= day
        ]
        return bool(said) and max(said, key=lambda row: row.at).granted

    def _state(self, person: Person) -> None:
        rng = self._rng
        if person.story == "minor" or (not person.story and rng.random() < 0.025):
            self.missing.append(person.customer_id)
            return
        opened = datetime.combine(person.opened_on, time(9 + rng.randrange(7), rng.randrange(60)))
        self._say(
            person, "marketing", EVERY_CHANNEL, opened, rng.random() < 0.96 or bool(person.story)
        )
        self._say(person, "profiling", EVERY_CHANNEL, opened, granted=True)
        if person.story:
            self._story(person)
            return
        for channel, share in (("sms", 0.06), ("phone", 0.07), ("wecom", 0.02), ("app", 0.02)):
            if rng.random() < share:
                said = self._later(person)
                self._say(person, "marketing", channel, said, granted=False)
                if rng.random() < 0.15:
                    again = min(said + timedelta(days=40), _evening_of(BUSINESS_DATE))
                    self._say(person, "marketing", channel, again, granted=True)
        for purpose, share in (("marketing", 0.03), ("profiling", 0.03)):
            if rng.random() < share:
                self._say(person, purpose, EVERY_CHANNEL, self._later(person), granted=False)

    def _story(self, person: Person) -> None:
        refused = {"marketing_refused": "marketing", "profiling_refused": "profiling"}
        if person.story in refused:
            at = datetime(2026, 10, 12, 15, 20)
            self._say(person, refused[person.story], EVERY_CHANNEL, at, granted=False)
        if person.story == "recently_refused":
            self._say(person, "marketing", "phone", datetime(2026, 10, 30, 10, 45), granted=False)

    def _later(self, person: Person) -> datetime:
        """Some moment in the window after the account was opened."""
        first = max(person.opened_on, WINDOW_START)
        day = first + timedelta(days=self._rng.randrange((BUSINESS_DATE - first).days + 1))
        return datetime.combine(day, time(8 + self._rng.randrange(12), self._rng.randrange(60)))

    def _say(self, person: Person, purpose: str, channel: str, at: datetime, granted: bool) -> None:
        self.rows.append(Consent(person.customer_id, purpose, channel, at, granted))


def _evening_of(day: date) -> datetime:
    return datetime.combine(day, time(20, 0))


@dataclass(frozen=True, slots=True)
class Assessment:
    """One risk assessment as declared on a day."""

    customer_id: str
    assessed_on: date
    level: str


def assessments(rng: Random, people: list[Person]) -> list[Assessment]:
    """Each customer's history, oldest first; earlier results differ by at most one level."""
    rows: list[Assessment] = []
    for person in people:
        if person.assessed_on is None:
            continue
        history = [Assessment(person.customer_id, person.assessed_on, person.risk_level)]
        for _ in range(rng.randrange(3)):
            before = history[-1].assessed_on - timedelta(days=rng.randrange(330, 420))
            if before < person.opened_on or age_on(person.birth_date, before) < 18:
                break
            level = min(5, max(1, int(history[-1].level[1:]) + rng.choice((-1, 0, 0, 1))))
            history.append(Assessment(person.customer_id, before, f"C{level}"))
        rows += reversed(history)
    return rows


def expired(rows: list[Assessment]) -> list[str]:
    """Customers whose latest assessment is twelve months old or older on the business date."""
    latest = {row.customer_id: row.assessed_on for row in rows}
    year_ago = BUSINESS_DATE.replace(year=BUSINESS_DATE.year - 1)
    return [customer_id for customer_id, day in latest.items() if day <= year_ago]
