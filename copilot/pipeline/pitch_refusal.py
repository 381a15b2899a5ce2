"""A pitch that may not be made: the rules, what is said instead, and the way on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from copilot.drafting.writer import dissuasion, referral_line, service_line
from copilot.pipeline import evidence
from copilot.pipeline.pitch_case import PitchCase, brief_of
from copilot.pipeline.seller import bars_seller, gate
from copilot.records.codes import Channel
from copilot.records.matching import Refusal

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

_CONTACT = "contact"


def refused(bench: Workbench, case: PitchCase) -> Refusal:
    """The refusal of a case that the gate does not allow, kept with its evidence."""
    from copilot.matching import alternatives, match

    shelf = match(
        bench.shelf,
        case.file,
        case.seller,
        case.request.channel,
        bench.lookup_rules,
        policy=bench.settings.policy,
    )
    refusal = Refusal(
        customer_id=case.request.customer_id,
        product_code=case.product.product_code,
        channel=case.request.channel,
        as_of=bench.as_of,
        reasons=case.decision.refusals,
        alternatives=alternatives(shelf, case.product),
        referral_line=_referral(bench, case),
        dissuasion=_dissuasion(bench, case),
        service_line=_service(bench, case),
        open_channels=_open_channels(bench, case),
    )
    proof = {
        **evidence.asked_by(bench, case.request.customer_id),
        "product": evidence.product_snapshot(case.product),
        "seller": evidence.seller_snapshot(case.seller),
        "rule_pack": bench.checker.pack_version,
        "data_generation": bench.generation.generation_id,
        "as_of": bench.as_of.isoformat(),
    }
    refusal = replace(refusal, refusal_id=evidence.draft_id("R", refusal.as_json(), proof))
    evidence.save(
        bench,
        "draft.refusal",
        refusal.as_json(),
        proof,
        customer_id=case.request.customer_id,
        branch_id=case.branch_id,
    )
    return refusal


def _referral(bench: Workbench, case: PitchCase) -> str:
    """What a seller who may not speak about the product says instead.

    Nothing when the customer is to be served first: a hand-over would sell on.
    """
    served_first = any(reason.subject == _CONTACT for reason in case.decision.refusals)
    if served_first or not bars_seller(case.decision):
        return ""
    return referral_line(brief_of(bench, case), bench.scripts)


def _dissuasion(bench: Workbench, case: PitchCase) -> str:
    """What a customer hears who may be falling for fraud."""
    return dissuasion(brief_of(bench, case), bench.scripts) if case.file.fraud_signs else ""


def _service(bench: Workbench, case: PitchCase) -> str:
    """What is said to a customer who is to be served first: no product, only their matter."""
    broken = [reason.rule_id for reason in case.decision.refusals]
    return (
        "" if case.file.fraud_signs else service_line(brief_of(bench, case), bench.scripts, broken)
    )


def _open_channels(bench: Workbench, case: PitchCase) -> tuple[Channel, ...]:
    """Where the same pitch could be made, when it is the channel alone that stands in the way."""
    if case.file.customer is None:
        return ()
    return tuple(
        channel
        for channel in Channel
        if not channel.shared
        and channel is not case.request.channel
        and gate(bench, case.product, case.file, case.seller, channel).allowed
    )
