"""May the bank approach this customer now? Consent, interval, refusals, complaints.

These rules are about contacts that the bank starts; a customer who asks, at the counter or
anywhere else, is answered. An open complaint, or recent anger, stops selling everywhere.
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
from copilot.records.codes import ConsentPurpose, label
from copilot.records.customer import latest_word

VERIFY_FIRST = "客户久未使用账户：先核实身份、确认卡和手机号还是本人在用、提示防诈，再谈别的。"
ANSWER_ONLY = "客户主动来问：只答所问，不顺带介绍别的产品。"


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
    """The customer's latest word on marketing over the channel, or over all, is a yes.

    Who asked is answered whatever they said, and hears of nothing else.
    """
    if case.file.asked:
        return Objection(duty=True, words=ANSWER_ONLY)
    if case.customer is None or case.lacks("consents"):
        return Objection("没有同意记录数据")
    purpose = parameters.one_of("purpose", _PURPOSES, "marketing")
    said = latest_word(case.file.consents, purpose, case.as_of, case.channel)
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
    purpose = parameters.one_of("purpose", _PURPOSES, "profiling")
    said = latest_word(case.file.consents, purpose, case.as_of)
    if said is None or said.granted:
        return None
    answered = case.file.asked or not case.channel.pushed
    return Objection(f"{said.at.date().isoformat()}拒绝画像分析", duty=answered)


@check("contact_interval", "contact", parameters=("days",), channels=PUSHED_CHANNELS)
def contact_interval(case: Case, parameters: Parameters) -> Outcome:
    """The bank's last marketing contact is at least the given number of days ago."""
    if case.file.asked:
        return None
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
    if case.file.asked:
        return None
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


@check("dormant_first", "contact")
def dormant_first(case: Case, parameters: Parameters) -> Outcome:
    """Whoever has not used the account for long is verified and warned of fraud before all else.

    At the counter that is a duty; from afar nothing is offered.
    """
    if case.file.profile is None or case.file.profile.value("dormant") is not True:
        return None
    face_to_face = case.file.asked or not case.channel.pushed
    return Objection(duty=True, words=VERIFY_FIRST) if face_to_face else Objection()


@check("serve_first", "contact")
def serve_first(case: Case, parameters: Parameters) -> Outcome:
    """The customer's recent words, or the description of a walk-in, hold no anger or complaint."""
    if case.file.feedback is None or not case.file.feedback.serve_first:
        return None
    return Objection(case.file.feedback.serve_first_because)


def _days_since(case: Case, days: list[date]) -> int | None:
    past = [day for day in days if day <= case.as_of]
    return (case.as_of - max(past)).days if past else None
