"""Customers and what the bank knows about them, as the tables state it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from copilot.records.codes import Channel, ConsentPurpose

ADULT = 18
EVERY_CHANNEL = "all"
"""The channel of a word that is about every one."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer. ``name``, ``phone`` and ``id_number`` never leave the bank's own screens."""

    customer_id: str
    name: str | None = None
    gender: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    city: str | None = None
    branch_id: str | None = None
    manager_id: str | None = None
    occupation: str | None = None
    income_band: str | None = None
    marital_status: str | None = None
    qualified_investor: bool | None = None
    employer_id: str | None = None
    opened_on: date | None = None
    is_employee: bool | None = None

    def age_on(self, day: date) -> int | None:
        """Age in full years on ``day``; by year only when the birth date is unknown.

        >>> Customer("C1", birth_date=date(1960, 12, 1)).age_on(date(2026, 11, 20))
        65
        """
        if self.birth_date is not None:
            born = self.birth_date
            return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        if self.birth_year is not None:
            return day.year - self.birth_year
        return None

    @property
    def salutation(self) -> str:
        """How a text addresses the customer: surname with 先生/女士, or 您.

        >>> Customer("C1", name="欧阳明", gender="M").salutation
        '欧阳先生'
        """
        if not self.name or self.gender not in ("M", "F"):
            return "您"
        compound = ("欧阳", "司马", "上官", "诸葛", "司徒", "夏侯", "皇甫", "尉迟", "公孙", "慕容")
        surname = self.name[:2] if self.name.startswith(compound) else self.name[:1]
        return surname + ("先生" if self.gender == "M" else "女士")


def age_band(age: object) -> str:
    """An age in steps of five years, for a card or a model: never the age itself.

    >>> age_band(47), age_band(18), age_band(83), age_band(None)
    ('45–49岁', '18–19岁', '80岁以上', '年龄未知')
    """
    if not isinstance(age, int):
        return "年龄未知"
    if age >= 80:
        return "80岁以上"
    if age < ADULT:
        return "未成年"
    low = age // 5 * 5
    return f"{max(low, ADULT)}–{low + 4}岁"


@dataclass(frozen=True, slots=True)
class RiskAssessment:
    """A declared risk tolerance C1–C5; never inferred."""

    customer_id: str
    assessed_on: date
    level: str


@dataclass(frozen=True, slots=True)
class Consent:
    """A customer's word on a purpose and channel; the latest one at or before a date holds."""

    customer_id: str
    purpose: ConsentPurpose
    channel: str
    at: datetime
    granted: bool


def latest_word(
    consents: Iterable[Consent],
    purpose: ConsentPurpose | str,
    until: date,
    channel: Channel | None = None,
) -> Consent | None:
    """The word that holds on a day: the latest, and of two at the same moment the refusal.

    Without a channel, a word about any channel counts; with one, those about it and about all.
    """
    said = (
        consent
        for consent in consents
        if consent.purpose == purpose
        and consent.at.date() <= until
        and (channel is None or consent.channel in (EVERY_CHANNEL, channel.value))
    )
    return max(said, key=lambda consent: (consent.at, not consent.granted), default=None)


@dataclass(frozen=True, slots=True)
class Interaction:
    """One contact between staff and a customer."""

    id: str
    customer_id: str
    at: datetime
    channel: Channel | str
    staff_id: str | None = None
    kind: str | None = None
    text: str | None = None
    outcome: str | None = None
    recording_id: str | None = None
    offer_arm: str | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint; it counts as open until its status is ``closed``."""

    id: str
    customer_id: str
    at: datetime
    topic: str | None = None
    status: str | None = None

    @property
    def open(self) -> bool:
        """Whether the complaint still waits for an answer."""
        return self.status != "closed"


@dataclass(frozen=True, slots=True)
class Holding:
    """A holding at a snapshot date; ``amount`` in fen."""

    holding_id: str
    as_of: date
    customer_id: str
    product_type: str
    amount: int
    product_code: str | None = None
    opened_on: date | None = None
    matures_on: date | None = None
    auto_renew: bool | None = None
