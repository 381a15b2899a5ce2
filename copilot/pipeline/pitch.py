"""A pitch: the gate first, then words, then the check, then the evidence.

gate ──refused──▶ Refusal (rules, alternatives, referral line)
  └─allowed─▶ approved template filled ─┐
              internal talking points ──┴─▶ checked ──▶ saved with its evidence
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from copilot.drafting.brief import WritingBrief
from copilot.pipeline import evidence
from copilot.pipeline.pitch_case import PitchCase, PitchRequest, brief_of, open_case
from copilot.pipeline.pitch_refusal import refused
from copilot.pipeline.writing import Written, write
from copilot.records.codes import Audience, Channel, PassageKind, ProductType
from copilot.records.draft import INTERNAL_NOTICE, CheckedDraft, Versions
from copilot.records.knowledge import SearchQuery
from copilot.records.matching import Refusal
from copilot.records.tables import label_of

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

__all__ = ["PROFILING_REFUSED", "PitchRequest", "draft_pitch"]

PASSAGES = 8
WALK_IN_NOTICE = "没有客户资料，风险承受能力未知：只介绍产品信息，不作推荐"
PROFILING_REFUSED = "客户不同意画像分析：没有使用画像，员工卡片只有产品信息"
NOBODY_NAMED = "没有指明讲解人员，请加 --as 工号"
NO_STAFF = "没有销售人员与资格的记录，销售资格未核验"
#: What may be told to anybody: no risk tolerance is needed for it.
_UNRATED = frozenset({ProductType.DEPOSIT, ProductType.LARGE_CD, ProductType.GOV_BOND})


def draft_pitch(bench: Workbench, request: PitchRequest) -> CheckedDraft | Refusal:
    """A pitch for one customer and product that has passed the checker, or why there is none.

    Raises:
        NotFound: no such customer, product or member of staff.
        Forbidden: the customer is outside the principal's scope.
        ContradictoryProduct: the product's records contradict each other.
    """
    case = open_case(bench, request)
    return _written(bench, case) if case.decision.allowed else refused(bench, case)


def _written(bench: Workbench, case: PitchCase) -> CheckedDraft:
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
    brief = brief_of(bench, case, tuple(hit.passage for hit in found.hits))
    written = write(bench, brief, may_send=_may_send(case))
    checked = CheckedDraft(
        draft_id="",
        draft=written.draft,
        result=written.result,
        versions=_versions(bench, case, written),
        talking_points=written.talking_points,
        variants=written.variants,
        notes=tuple(dict.fromkeys((*_circumstances(bench, case), *written.notes))),
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


def _may_send(case: PitchCase) -> bool:
    """Whether a text may leave at all: somebody known speaks, and everything is checked.

    Whoever stands at the counter may hear the approved text about a deposit, of which no risk
    tolerance has to be known; everywhere else the customer has to be one of ours.
    """
    at_the_counter = case.request.channel is Channel.COUNTER and case.product.type in _UNRATED
    known = case.file.customer is not None or at_the_counter
    return known and case.seller.staff is not None and not case.decision.unchecked


def _circumstances(bench: Workbench, case: PitchCase) -> tuple[str, ...]:
    notes = [*case.notes]
    if case.file.customer is None:
        notes.append(WALK_IN_NOTICE)
    elif case.file.profile is None:
        notes.append(PROFILING_REFUSED)
    if case.seller.staff is None:
        notes.append(NOBODY_NAMED if bench.generation.has("staff") else NO_STAFF)
    if case.decision.unchecked:
        missing = "、".join(label_of(what) for what in case.decision.unchecked)
        notes.append(f"缺少数据、未能核验：{missing}")
    if not _may_send(case):
        notes.append(INTERNAL_NOTICE)
    return tuple(notes)


def _versions(bench: Workbench, case: PitchCase, written: Written) -> Versions:
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


def _evidence(case: PitchCase, brief: WritingBrief, written: Written) -> dict[str, Any]:
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
