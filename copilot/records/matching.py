"""What the gate decides: products allowed, products refused, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import RuleCitation
from copilot.records.customer import Complaint, Consent, Customer, Interaction, RiskAssessment
from copilot.records.feedback import CustomerFeedback
from copilot.records.profile import Profile

MATURES_TODAY = "maturity_today"
"""The reason of those with money that falls due on the day itself."""


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """Everything the gate needs to know of one customer, as of one date.

    ``missing_tables`` names tables the bank did not give: what needs them cannot be checked, and
    the result says so. ``customer`` is ``None`` for a walk-in who is only described, with the age
    that the description says, if any, or with being elderly; ``fraud_signs`` are its words that
    sound of fraud. ``feedback`` is what their own recent words say. Who has ``asked`` about the
    product is answered, not approached.
    """

    customer: Customer | None
    as_of: date
    assessments: tuple[RiskAssessment, ...] = ()
    consents: tuple[Consent, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    profile: Profile | None = None
    missing_tables: frozenset[str] = frozenset()
    described_age: int | None = None
    described_elder: bool = False
    fraud_signs: str = ""
    feedback: CustomerFeedback | None = None
    asked: bool = False

    @property
    def assessment(self) -> RiskAssessment | None:
        """The latest assessment at or before the date."""
        known = [a for a in self.assessments if a.assessed_on <= self.as_of]
        return max(known, key=lambda a: a.assessed_on, default=None)


@dataclass(frozen=True, slots=True)
class RefusalReason:
    """One rule that forbids, in words for the employee."""

    rule_id: str
    message: str
    citations: tuple[RuleCitation, ...]
    subject: str = "customer"  # customer | seller | product | contact
    suggestion: str = ""

    def as_json(self) -> dict[str, Any]:
        """The reason as a refusal prints it."""
        return {
            "rule_id": self.rule_id,
            "message": self.message,
            "citations": [citation.as_json() for citation in self.citations],
            **({"suggestion": self.suggestion} if self.suggestion else {}),
        }


@dataclass(frozen=True, slots=True)
class GateDecision:
    """The gate's answer for one customer × product × seller × channel × date.

    ``refusals`` empty means allowed. ``cautions`` are duties to observe (elderly care, recording);
    ``unchecked`` names what could not be checked for want of a table.
    """

    product_code: str
    product_type: ProductType
    refusals: tuple[RefusalReason, ...] = ()
    cautions: tuple[RefusalReason, ...] = ()
    unchecked: tuple[str, ...] = ()
    product_name: str = ""

    @property
    def allowed(self) -> bool:
        """Whether a text may be drafted."""
        return not self.refusals

    @property
    def shown_name(self) -> str:
        """The product's name; a private fund that may not be offered is not named."""
        hidden = self.product_type is ProductType.PRIVATE_FUND and not self.allowed
        return "（私募产品，名称不显示）" if hidden else self.product_name


@dataclass(frozen=True, slots=True)
class Candidate:
    """An allowed product with the profile reasons that speak for it."""

    product_code: str
    type: ProductType
    name: str
    risk_rating: str | None
    reasons: tuple[str, ...]
    score: float
    cautions: tuple[RefusalReason, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchResult:
    """Every product on the shelf, allowed (best need first, never by return) or refused."""

    customer_id: str
    age: int | None
    risk_tolerance: str | None
    risk_assessed_on: date | None
    channel: Channel
    as_of: date
    allowed: tuple[Candidate, ...]
    refused: tuple[GateDecision, ...]
    unchecked: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot match --format json``."""
        return {
            "customer": {
                "customer_id": self.customer_id,
                "age": self.age,
                "risk_tolerance": self.risk_tolerance,
                "risk_assessed_on": self.risk_assessed_on and self.risk_assessed_on.isoformat(),
            },
            "as_of": self.as_of.isoformat(),
            "channel": self.channel.value,
            "allowed": [
                {
                    "product_code": c.product_code,
                    "type": c.type.value,
                    "name": c.name,
                    "risk_rating": c.risk_rating,
                    "reasons": list(c.reasons),
                    "cautions": [caution.as_json() for caution in c.cautions],
                }
                for c in self.allowed
            ],
            "refused": [
                {
                    "product_code": d.product_code,
                    "type": d.product_type.value,
                    "name": d.shown_name,
                    "rule_ids": [r.rule_id for r in d.refusals],
                    "message": "；".join(r.message for r in d.refusals),
                    "citations": [c.as_json() for r in d.refusals for c in r.citations],
                }
                for d in self.refused
            ],
            "unchecked": list(self.unchecked),
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """A pitch that may not be made: why, and what is allowed instead.

    ``referral_line`` is said by a seller who may not speak, ``dissuasion`` to a customer who may
    be falling for fraud, ``service_line`` to one who is to be served before anything is sold;
    ``open_channels`` are those on which the same pitch could be made.
    """

    customer_id: str | None
    product_code: str
    channel: Channel
    as_of: date
    reasons: tuple[RefusalReason, ...]
    alternatives: tuple[Candidate, ...] = ()
    referral_line: str = ""
    dissuasion: str = ""
    service_line: str = ""
    open_channels: tuple[Channel, ...] = ()
    refusal_id: str = ""

    def as_json(self) -> dict[str, Any]:
        """The refusal document of ``copilot pitch --format json``."""
        body: dict[str, Any] = {
            "refused": True,
            "draft_id": self.refusal_id,
            "customer_id": self.customer_id,
            "product_code": self.product_code,
            "channel": self.channel.value,
            "reasons": [reason.as_json() for reason in self.reasons],
            "alternatives": [
                {"product_code": a.product_code, "type": a.type.value, "name": a.name}
                for a in self.alternatives
            ],
        }
        if self.referral_line:
            body["referral_line"] = self.referral_line
        if self.dissuasion:
            body["dissuasion"] = self.dissuasion
        if self.service_line:
            body["service_line"] = self.service_line
        if self.open_channels:
            body["open_channels"] = [channel.value for channel in self.open_channels]
        return body


@dataclass(frozen=True, slots=True)
class CallToday:
    """One line of the call list: a customer worth a contact, with the reason and what to do.

    Of money that falls due, ``product_type`` and ``renews`` say of what and whether it is deposited
    again by itself (``None``: not agreed, or not known). ``service_only`` is why nothing may be
    offered: telling of a maturity is service.
    """

    customer_id: str
    name: str | None
    manager_id: str | None
    reason: str
    reason_code: str
    score: float
    data_date: date
    action: str = ""
    product_type: str | None = None
    renews: bool | None = None
    service_only: str = ""
