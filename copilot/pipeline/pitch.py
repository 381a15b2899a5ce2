"""A pitch: the gate first, then words, then the check, then the evidence.

gate ──refused──▶ Refusal (rules, alternatives, referral line)
  └─allowed─▶ approved template filled ─┐
              internal talking points ──┴─▶ checked ──▶ saved with its evidence
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from copilot.drafting.brief import WritingBrief, life_stage_of, manners_of
from copilot.drafting.description import (
    age_in_words,
    asks,
    compares,
    fraud_signs,
    life_stage_in_words,
    manners_in_words,
    perhaps_elder,
    scripts_asked_for,
)
from copilot.drafting.writer import dissuasion, referral_line
from copilot.pipeline import evidence
from copilot.pipeline.feedback import feedback_of_description, refuses_profiling
from copilot.pipeline.product_conflicts import require_consistent
from copilot.pipeline.seller import bars_seller, choose_seller, gate
from copilot.pipeline.writing import Written, write
from copilot.records.codes import (
    Audience,
    Channel,
    Manner,
    Occasion,
    PassageKind,
)
from copilot.records.draft import INTERNAL_NOTICE, CheckedDraft, Versions
from copilot.records.knowledge import Passage, SearchQuery
from copilot.records.matching import CustomerFile, GateDecision, Refusal
from copilot.records.product import Product
from copilot.records.staff import Branch, Seller
from copilot.records.tables import label_of

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

PASSAGES = 8
WALK_IN_NOTICE = "没有客户资料，风险承受能力未知：只介绍产品信息，不作推荐"
PROFILING_REFUSED = "客户不同意画像分析：没有使用画像，员工卡片只有产品信息"


@dataclass(frozen=True, slots=True)
class PitchRequest:
    """What is asked for: a customer of the bank, or a description of a walk-in.

    ``description`` selects a tone and says whether to serve first; it is neither stored nor sent
    anywhere.
    """

    product_code: str
    channel: Channel
    customer_id: str | None = None
    description: str = ""
    occasion: Occasion = Occasion.FIRST


@dataclass(frozen=True, slots=True)
class _Case:
    """One request with the records that decide it."""

    request: PitchRequest
    product: Product
    file: CustomerFile
    seller: Seller
    decision: GateDecision
    knowledge: str = ""

    @property
    def branch_id(self) -> str | None:
        """The branch that the record belongs to: the customer's, else the seller's."""
        if self.file.customer is not None:
            return self.file.customer.branch_id
        return self.seller.staff.branch_id if self.seller.staff else None


def draft_pitch(bench: Workbench, request: PitchRequest) -> CheckedDraft | Refusal:
    """A pitch for one customer and product that has passed the checker, or why there is none.

    Raises:
        NotFound: no such customer, product or member of staff.
        Forbidden: the customer is outside the principal's scope.
        ContradictoryProduct: the product's records contradict each other.
    """
    product = _product(bench, request.product_code)
    if request.customer_id is None:
        file = _described(bench, request.description)
    else:
        file = _without_refused_profile(bench.customer_file(request.customer_id))
    seller, decision = choose_seller(bench, product, file, request.channel)
    case = _Case(request, product, file, seller, decision)
    return _written(bench, case) if decision.allowed else _refused(bench, case)


def _described(bench: Workbench, description: str) -> CustomerFile:
    """What a description says of a walk-in.

    Who may be falling for fraud, or compares us with another bank, is not called angry.
    """
    signs = fraud_signs(description)
    calm = bool(signs) or compares(description)
    return CustomerFile(
        None,
        bench.as_of,
        described_age=age_in_words(description),
        described_elder=perhaps_elder(description),
        fraud_signs=signs,
        feedback=None if calm else feedback_of_description(bench, description),
    )


def _product(bench: Workbench, product_code: str) -> Product:
    """The version on the shelf.

    Raises:
        NotFound: there is none.
        ContradictoryProduct: the product's records contradict each other.
    """
    valid = (product for product in bench.shelf if product.product_code == product_code)
    product = next(valid, None) or bench.product(product_code)
    versions = bench.store.products(bench.principal).versions(product.product_code)
    return require_consistent(product, versions, bench.as_of)


def _written(bench: Workbench, case: _Case) -> CheckedDraft:
    found = bench.search(
        SearchQuery(
            text=case.product.name,
            as_of=bench.as_of,
            k=PASSAGES,
            kind=PassageKind.PRODUCT,
            audience=Audience.CUSTOMER,
            product_code=case.product.product_code,
        )
    )
    case = replace(case, knowledge=found.generation)
    brief = _brief(bench, case, tuple(hit.passage for hit in found.hits))
    written = write(bench, brief, may_send=_may_send(case))
    checked = CheckedDraft(
        draft_id="",
        draft=written.draft,
        result=written.result,
        versions=_versions(bench, case, written),
        talking_points=written.talking_points,
        variants=written.variants,
        notes=tuple(dict.fromkeys((*_circumstances(case), *written.notes))),
        cautions=tuple(caution.as_json() for caution in case.decision.cautions),
    )
    proof = {
        **evidence.asked_by(bench, case.request.customer_id),
        "scripts": bench.scripts_digest,
        **_evidence(case, brief, written),
    }
    checked = replace(checked, draft_id=evidence.draft_id("P", checked.as_json(), proof))
    evidence.save(
        bench,
        "draft.pitch",
        checked.as_json(),
        proof,
        customer_id=case.request.customer_id,
        branch_id=case.branch_id,
    )
    return checked


def _refused(bench: Workbench, case: _Case) -> Refusal:
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


def _referral(bench: Workbench, case: _Case) -> str:
    """What a seller who may not speak about the product says instead."""
    if not bars_seller(case.decision):
        return ""
    return referral_line(_brief(bench, case), bench.scripts)


def _dissuasion(bench: Workbench, case: _Case) -> str:
    """What a customer hears who may be falling for fraud."""
    return dissuasion(_brief(bench, case), bench.scripts) if case.file.fraud_signs else ""


def _open_channels(bench: Workbench, case: _Case) -> tuple[Channel, ...]:
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


def _brief(bench: Workbench, case: _Case, passages: tuple[Passage, ...] = ()) -> WritingBrief:
    staff, profile, request = case.seller.staff, case.file.profile, case.request
    stage = life_stage_of(profile) if profile else life_stage_in_words(request.description)
    asked_for: tuple[str, ...] = ()
    if request.description:
        kind = case.product.type
        fitting = [s for s in bench.scripts if kind in s.product_types or not s.product_types]
        asked_for = scripts_asked_for(request.description, fitting)
    return WritingBrief(
        product=case.product,
        channel=request.channel,
        as_of=bench.as_of,
        bank_name=bench.settings.policy.bank_name,
        customer=case.file.customer,
        profile=profile,
        seller=staff,
        branch=_branch(bench, staff.branch_id) if staff else None,
        passages=passages,
        life_stage=stage,
        manners=_manners(bench, case),
        occasion=_occasion(request),
        asked_for=asked_for,
    )


def _occasion(request: PitchRequest) -> Occasion:
    """The occasion as given; a walk-in who is said to ask has asked."""
    first = request.occasion is Occasion.FIRST
    return Occasion.ASKED if first and asks(request.description) else request.occasion


def _manners(bench: Workbench, case: _Case) -> tuple[Manner, ...]:
    """How to speak to this customer; a walk-in's manner is in the description."""
    customer = case.file.customer
    if customer is None:
        return manners_in_words(case.request.description)
    age = bench.settings.policy.elder_age
    return manners_of(customer, case.file.profile, case.product, bench.as_of, age)


def _branch(bench: Workbench, branch_id: str) -> Branch | None:
    if not bench.generation.has("branches"):
        return None
    return bench.store.staff(bench.principal).branch(branch_id)


def _without_refused_profile(file: CustomerFile) -> CustomerFile:
    """The file without its profile when the customer has refused profiling."""
    return replace(file, profile=None) if refuses_profiling(file.consents, file.as_of) else file


def _may_send(case: _Case) -> bool:
    """Whether a text may leave at all: a known customer and seller, and everything checked."""
    known = case.file.customer is not None and case.seller.staff is not None
    return known and not case.decision.unchecked


def _circumstances(case: _Case) -> tuple[str, ...]:
    notes = []
    if case.file.customer is None:
        notes.append(WALK_IN_NOTICE)
    elif case.file.profile is None:
        notes.append(PROFILING_REFUSED)
    if case.seller.staff is None:
        notes.append("没有销售人员与资格的记录，销售资格未核验")
    if case.decision.unchecked:
        missing = "、".join(label_of(what) for what in case.decision.unchecked)
        notes.append(f"缺少数据、未能核验：{missing}")
    if not _may_send(case):
        notes.append(INTERNAL_NOTICE)
    return tuple(notes)


def _versions(bench: Workbench, case: _Case, written: Written) -> Versions:
    return Versions(
        as_of=bench.as_of,
        data_generation=bench.generation.generation_id,
        product_valid_from=case.product.valid_from,
        rule_pack=bench.checker.pack_version,
        template=written.template,
        prompts=written.prompts,
        model=written.model,
        knowledge_generation=case.knowledge,
    )


def _evidence(case: _Case, brief: WritingBrief, written: Written) -> dict[str, Any]:
    return {
        "product": evidence.product_snapshot(case.product),
        "profile": evidence.profile_snapshot(brief.profile) if brief.profile else None,
        "brief": evidence.brief_snapshot(brief),
        "seller": evidence.seller_snapshot(case.seller),
        "passages": evidence.passage_snapshot(brief.passages),
        "approval": written.approval,
        "model": written.model_evidence,
        "usage": written.usage,
        "unchecked": list(case.decision.unchecked),
    }
