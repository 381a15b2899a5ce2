"""May the bank approach this customer now? Consent, interval, refusals, complaints.

These rules are about contacts that the bank starts; a customer who asks at the counter is served.
An open complaint, or recent anger, stops selling everywhere.
"""

from __future__ import annotations

from datetime import date

from copilot.matching.case import (
    PUSHED_CHANNELS,
    Case,
    Objection,
    Outcome,
    Parameters,
    Unchecked,
    check,
)
from copilot.records.codes import Channel, ConsentPurpose, label
from copilot.records.customer import Consent

EVERY_CHANNEL = "all"


_PURPOSES = tuple(ConsentPurpose)
#: Talking to a customer who came in is no approach.
_PUSHED = frozenset(channel.value for channel in PUSHED_CHANNELS)


@check(
    "consent_marketing",
    "contact",
    parameters=("purpose",),
    channels=PUSHED_CHANNELS,
    core=True,
)
def consent_marketing(case: Case, parameters: Parameters) -> Outcome:
    """The customer's latest word on marketing over the channel, or over all, is a yes."""
    if case.customer is None or case.lacks("consents"):
        return Objection("没有同意记录数据")
    said = _latest(case, parameters.one_of("purpose", _PURPOSES, "marketing"), case.channel)
    if said is None:
        return Objection(f"没有{label(case.channel)}的同意记录")
    if said.granted:
        return None
    return Objection(f"{said.at.date().isoformat()}拒绝")


@check("profiling_opt_out", "customer", parameters=("purpose",))
def profiling_opt_out(case: Case, parameters: Parameters) -> Outcome:
    """Who refused profiling is not approached; at the counter they get unprofiled information."""
    if case.customer is None:
        return None
    if case.lacks("consents"):
        return Unchecked("consents")
    said = _latest(case, parameters.one_of("purpose", _PURPOSES, "profiling"))
    if said is None or said.granted:
        return None
    return Objection(f"{said.at.date().isoformat()}拒绝画像分析", duty=not case.channel.pushed)


@check("contact_interval", "contact", parameters=("days",), channels=PUSHED_CHANNELS)
def contact_interval(case: Case, parameters: Parameters) -> Outcome:
    """The bank's last marketing contact is at least the given number of days ago."""
    if case.lacks("interactions"):
        return Unchecked("interactions")
    service = case.policy.service_kinds
    touched = [
        i.at.date()
        for i in case.file.interactions
        if (i.kind or "") not in service and i.channel in _PUSHED
    ]
    elapsed = _days_since(case, touched)
    if elapsed is None or elapsed >= parameters.whole("days", case.policy.contact_interval_days):
        return None
    return Objection(f"{elapsed}天前联系过")


@check("contact_refusal", "contact", parameters=("days",), channels=PUSHED_CHANNELS, core=True)
def contact_refusal(case: Case, parameters: Parameters) -> Outcome:
    """The customer's last refusal is at least the given number of days ago."""
    if case.lacks("interactions"):
        return Unchecked("interactions")
    refusing = case.policy.refusal_outcomes
    refused = [i.at.date() for i in case.file.interactions if (i.outcome or "") in refusing]
    elapsed = _days_since(case, refused)
    if elapsed is None or elapsed >= parameters.whole("days", case.policy.contact_refusal_days):
        return None
    return Objection(f"{elapsed}天前拒绝过")


@check("open_complaint", "contact", parameters=("days_after_closing",), core=True)
def open_complaint(case: Case, parameters: Parameters) -> Outcome:
    """No complaint waits for an answer, and none was closed within the given number of days.

    The tables hold no closing date: a closed complaint made within the days was closed within
    them too, and only that is known.
    """
    if case.customer is None:
        return None
    if case.lacks("complaints"):
        return Unchecked("complaints")
    made = [c for c in case.file.complaints if c.at is None or c.at.date() <= case.as_of]
    waiting = [c for c in made if c.open]
    if waiting:
        return Objection(f"{len(waiting)}件投诉未了结")
    elapsed = _days_since(case, [c.at.date() for c in made if c.at is not None])
    if elapsed is None or elapsed >= parameters.whole("days_after_closing", 0):
        return None
    return Objection(f"{elapsed}天前的投诉刚办结")


@check("fraud_first", "contact")
def fraud_first(case: Case, parameters: Parameters) -> Outcome:
    """The description of a walk-in does not sound of fraud."""
    return Objection(f"提到{case.file.fraud_signs}") if case.file.fraud_signs else None


@check("serve_first", "contact")
def serve_first(case: Case, parameters: Parameters) -> Outcome:
    """The customer's recent words, or the description of a walk-in, hold no anger or complaint."""
    if case.file.feedback is None or not case.file.feedback.serve_first:
        return None
    return Objection(case.file.feedback.serve_first_because)


def _latest(case: Case, purpose: str, channel: Channel | None = None) -> Consent | None:
    """The word that holds: the latest, and of two at the same moment the refusal.

    Without a channel, a word about any channel counts.
    """
    said = [
        consent
        for consent in case.file.consents
        if consent.purpose.value == purpose
        and consent.at.date() <= case.as_of
        and (channel is None or consent.channel in (EVERY_CHANNEL, channel.value))
    ]
    return max(said, key=lambda consent: (consent.at, not consent.granted), default=None)


def _days_since(case: Case, days: list[date]) -> int | None:
    past = [day for day in days if day <= case.as_of]
    return (case.as_of - max(past)).days if past else None
