"""Claims about who approves a template, in which order, and how long the approval holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from copilot.errors import CopilotError, Forbidden, InputError, StateError
from copilot.records.codes import Channel, DraftKind, Origin, ProductType, Role
from copilot.records.compliance import Verdict
from copilot.records.product import Product
from copilot.records.staff import Staff
from copilot.records.template import (
    ApprovalState,
    Decision,
    ReviewOpinion,
    ReviewStage,
    Template,
    content_hash,
)
from copilot.review import (
    InMemoryApprovals,
    Present,
    ReviewDesk,
    ReviewPolicy,
    Submission,
    replay_approvals,
)

TODAY = date(2026, 11, 20)
PACK = "pack-1"
REVIEWERS = {
    "S1001": Staff("S1001", "周立", Role.MANAGER, "BR01"),
    "S9001": Staff("S9001", "何静", Role.PRODUCT, "HQ"),
    "S9002": Staff("S9002", "罗铭", Role.LEGAL, "HQ"),
    "S9003": Staff("S9003", "田雨", Role.CONSUMER_PROTECTION, "HQ"),
    "S9004": Staff("S9004", "马越", Role.OPERATOR, "HQ"),
}
STAGES = tuple(ReviewPolicy().stages)
BY_STAGE = dict(zip(STAGES, ("S1001", "S9001", "S9002", "S9003"), strict=True))
TEMPLATE = Template(
    template_id="wmp-closed-counter",
    version=1,
    title="封闭式理财（厅堂）",
    kind=DraftKind.PITCH,
    product_types=(ProductType.WMP,),
    channels=(Channel.COUNTER,),
    tone="plain",
    valid_from=date(2026, 10, 15),
    valid_to=date(2027, 7, 1),
    author="S9004",
    text="{{ product.name }}，{{ product.min_amount | amount }}起。{{ product.risk_statement }}",
)
PRODUCT = Product(
    product_code="WMP-FX180",
    valid_from=date(2026, 10, 15),
    name="示例理财启航封闭式180天固收类",
    type=ProductType.WMP,
    issuer="示例理财有限责任公司",
    origin=Origin.AGENCY,
    partner_approval_ref="示例理财宣推〔2026〕021号",
    risk_rating="R2",
    min_amount=1_0000_00,
    benchmark_high_bp=240.0,
    liquidity="封闭期内不能赎回。",
)
SUBMISSION = Submission(
    at=datetime(2026, 10, 16, 9),
    valid_to=date(2027, 3, 31),
    pack_version=PACK,
    verdict=Verdict.PASS,
    products=(PRODUCT,),
)


def opinion(stage: ReviewStage, **given: Any) -> Decision:
    values: dict[str, Any] = {
        "stage": stage,
        "reviewer": BY_STAGE[stage],
        "decision": ReviewOpinion.APPROVE,
        "at": datetime(2026, 10, 19, 10),
    }
    return Decision(**(values | given))


def decide(desk: ReviewDesk, decision: Decision, **given: Any) -> None:
    desk.decide("wmp-closed-counter", 1, decision, REVIEWERS[decision.reviewer], **given)


def desk_with(*stages: ReviewStage) -> ReviewDesk:
    usual = ReviewPolicy().stages
    policy = ReviewPolicy(stages={stage: usual[stage] for stage in stages})
    return ReviewDesk(InMemoryApprovals(), policy)


@pytest.fixture
def desk() -> ReviewDesk:
    desk = ReviewDesk(InMemoryApprovals())
    desk.submit(TEMPLATE, SUBMISSION)
    return desk


@pytest.fixture
def approved(desk: ReviewDesk) -> ReviewDesk:
    for stage in STAGES:
        decide(desk, opinion(stage))
    return desk


def state(desk: ReviewDesk, template: Template = TEMPLATE, **present: Any) -> ApprovalState:
    return desk.standing(
        template, Present(**({"as_of": TODAY, "pack_version": PACK} | present))
    ).state


def test_a_text_is_approved_only_after_every_stage_has_agreed(desk: ReviewDesk) -> None:
    for stage in STAGES:
        assert state(desk) is ApprovalState.IN_REVIEW
        decide(desk, opinion(stage))
    approval = desk.standing(TEMPLATE, Present(TODAY, PACK)).approval
    assert approval is not None
    assert approval.number == "示例行消审〔2026〕0001号"
    assert [decision.reviewer for decision in approval.decisions] == list(BY_STAGE.values())


def test_stages_decide_in_order(desk: ReviewDesk) -> None:
    with pytest.raises(StateError, match="支行初审"):
        decide(desk, opinion(ReviewStage.LEGAL))


def test_the_author_may_not_review_their_own_text() -> None:
    desk = ReviewDesk(InMemoryApprovals())
    own = replace(TEMPLATE, author="S1001")
    desk.submit(own, SUBMISSION)
    with pytest.raises(StateError, match="作者"):
        decide(desk, opinion(ReviewStage.BRANCH))


def test_one_person_cannot_decide_two_stages() -> None:
    desk = desk_with(ReviewStage.PRODUCT, ReviewStage.LEGAL)
    desk.submit(TEMPLATE, SUBMISSION)
    decide(desk, opinion(ReviewStage.PRODUCT))
    with pytest.raises(StateError, match="前一环节"):
        decide(desk, opinion(ReviewStage.LEGAL, reviewer="S9001"))


@pytest.mark.parametrize("reviewer", ["S9002", "S9003"])
def test_a_stage_is_decided_by_someone_of_its_role(desk: ReviewDesk, reviewer: str) -> None:
    with pytest.raises(Forbidden, match="权限"):
        decide(desk, opinion(ReviewStage.BRANCH, reviewer=reviewer))


def test_a_reviewer_who_has_left_cannot_decide(desk: ReviewDesk) -> None:
    left = replace(REVIEWERS["S1001"], valid_to=date(2026, 9, 1))
    with pytest.raises(Forbidden, match="权限"):
        desk.decide("wmp-closed-counter", 1, opinion(ReviewStage.BRANCH), left)


def test_an_opinion_cannot_be_signed_with_another_name(desk: ReviewDesk) -> None:
    with pytest.raises(InputError, match="署名"):
        desk.decide("wmp-closed-counter", 1, opinion(ReviewStage.BRANCH), REVIEWERS["S9001"])


def test_a_rejection_ends_the_review_and_its_reason_is_shown(desk: ReviewDesk) -> None:
    decide(
        desk,
        opinion(ReviewStage.BRANCH, decision=ReviewOpinion.REJECT, comment="没有说明不能提前赎回"),
    )
    standing = desk.standing(TEMPLATE, Present(TODAY, PACK))
    assert standing.state is ApprovalState.REJECTED
    assert "没有说明不能提前赎回" in standing.reason
    with pytest.raises(StateError, match="已经结束"):
        decide(desk, opinion(ReviewStage.PRODUCT))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"decision": ReviewOpinion.REJECT}, "comment"),
        ({"decision": ReviewOpinion.APPROVE_WITH_CHANGES}, "comment"),
        ({"decision": ReviewOpinion.APPROVE_WITH_CHANGES, "comment": "补风险等级"}, "taken"),
    ],
)
def test_an_objection_says_what_and_a_change_says_what_was_taken(
    desk: ReviewDesk, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputError) as caught:
        decide(desk, opinion(ReviewStage.BRANCH, **given))
    assert caught.value.field == field


def test_a_version_is_submitted_once(desk: ReviewDesk) -> None:
    with pytest.raises(StateError, match="已经提交"):
        desk.submit(TEMPLATE, SUBMISSION)


def test_a_text_that_fails_the_checker_is_not_accepted_for_review() -> None:
    desk = ReviewDesk(InMemoryApprovals())
    with pytest.raises(StateError, match="未通过合规检查"):
        desk.submit(TEMPLATE, replace(SUBMISSION, verdict=Verdict.NEEDS_ELEMENT))


def test_a_pass_of_the_checker_is_no_approval(desk: ReviewDesk) -> None:
    assert desk.standing(TEMPLATE, Present(TODAY, PACK, Verdict.PASS)).approval is None


@pytest.mark.parametrize("valid_to", [date(2027, 7, 1), date(2028, 1, 1)])
def test_an_approval_cannot_outlive_the_template_or_a_year(valid_to: date) -> None:
    desk = ReviewDesk(InMemoryApprovals())
    with pytest.raises(InputError, match="超过上限"):
        desk.submit(TEMPLATE, replace(SUBMISSION, valid_to=valid_to))


def test_an_edit_outside_a_slot_needs_a_new_approval(approved: ReviewDesk) -> None:
    edited = replace(TEMPLATE, text=TEMPLATE.text + "欢迎办理。")
    assert state(approved) is ApprovalState.APPROVED
    assert state(approved, edited) is ApprovalState.LAPSED
    assert state(approved, replace(TEMPLATE, channels=(Channel.PHONE,))) is ApprovalState.LAPSED


def test_an_approval_holds_through_its_last_day_and_no_longer(approved: ReviewDesk) -> None:
    assert state(approved, as_of=date(2027, 3, 31)) is ApprovalState.APPROVED
    assert state(approved, as_of=date(2027, 4, 1)) is ApprovalState.EXPIRED


def test_before_the_last_decision_the_text_was_not_approved(approved: ReviewDesk) -> None:
    assert state(approved, as_of=date(2026, 10, 18)) is ApprovalState.IN_REVIEW
    assert state(approved, as_of=date(2026, 10, 15)) is ApprovalState.PROPOSED


def test_a_new_rule_pack_lapses_an_approval_until_a_recheck_is_no_worse(
    approved: ReviewDesk,
) -> None:
    assert state(approved, pack_version="pack-2") is ApprovalState.LAPSED
    assert state(approved, pack_version="pack-2", verdict=Verdict.REVIEW) is ApprovalState.LAPSED
    assert state(approved, pack_version="pack-2", verdict=Verdict.PASS) is ApprovalState.APPROVED


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"issuer": "另一家理财公司"}, "发行机构"),
        ({"partner_approval_ref": None}, "合作方授权"),
        ({"risk_rating": "R3"}, "风险等级上调"),
        ({"benchmark_high_bp": 200.0}, "业绩比较基准下调"),
        ({"liquidity": "封闭期延长。"}, "赎回安排"),
    ],
)
def test_a_product_that_got_worse_lapses_the_approval(
    approved: ReviewDesk, changed: dict[str, Any], says: str
) -> None:
    product = replace(PRODUCT, valid_from=date(2026, 11, 1), **changed)
    standing = approved.standing(TEMPLATE, Present(TODAY, PACK, product=product))
    assert standing.state is ApprovalState.LAPSED
    assert says in standing.reason


@pytest.mark.parametrize(
    "changed",
    [{"benchmark_high_bp": 260.0}, {"risk_rating": "R1"}, {"min_amount": 5_0000_00}],
    ids=["better benchmark", "lower risk", "an amount that the text fills by a slot"],
)
def test_a_product_that_got_no_worse_keeps_the_approval(
    approved: ReviewDesk, changed: dict[str, Any]
) -> None:
    product = replace(PRODUCT, **changed)
    assert state(approved, product=product) is ApprovalState.APPROVED


@pytest.mark.parametrize(
    ("issuer", "stands"),
    [
        (PRODUCT.issuer, ApprovalState.APPROVED),
        ("另一家理财有限责任公司", ApprovalState.LAPSED),
    ],
)
def test_a_product_that_came_later_is_covered_only_if_its_issuer_was_reviewed(
    approved: ReviewDesk, issuer: str, stands: ApprovalState
) -> None:
    later = replace(PRODUCT, product_code="WMP-FX720", issuer=issuer)
    assert state(approved, product=later) is stands


def test_numbers_are_given_once() -> None:
    desk = desk_with(ReviewStage.LEGAL)
    for name, number in (("a", "示例行消审〔2026〕0001号"), ("b", None)):
        desk.submit(replace(TEMPLATE, template_id=name), SUBMISSION)
        desk.decide(name, 1, opinion(ReviewStage.LEGAL), REVIEWERS["S9002"], number=number)
    second = desk.standing(replace(TEMPLATE, template_id="b"), Present(TODAY, PACK)).approval
    assert second is not None
    assert second.number == "示例行消审〔2026〕0002号"
    desk.submit(replace(TEMPLATE, template_id="c"), SUBMISSION)
    with pytest.raises(InputError, match="已经用过"):
        desk.decide("c", 1, opinion(ReviewStage.LEGAL), REVIEWERS["S9002"], number=second.number)


def approvals_file(directory: Path, decisions: str, *, hash: str | None = None) -> Path:
    path = directory / "approvals.yaml"
    path.write_text(
        f"""- template: wmp-closed-counter
  version: 1
  content_hash: "{hash or content_hash(TEMPLATE)}"
  submitted_at: 2026-10-16
  valid_to: 2027-03-31
  number: 示例行消审〔2026〕0031号
  decisions:
{decisions}""",
        encoding="utf-8",
    )
    return path


def decisions(*reviewers: str) -> str:
    return "".join(
        f"  - {{stage: {stage.value}, reviewer: {who}, decision: approve, at: 2026-10-19}}\n"
        for stage, who in zip(STAGES, reviewers, strict=False)
    )


def replay(path: Path, desk: ReviewDesk, **given: Any) -> Any:
    values: dict[str, Any] = {
        "templates": {TEMPLATE.template_id: TEMPLATE},
        "reviewers": REVIEWERS,
        "pack_version": PACK,
        "verdicts": {},
        "products": (PRODUCT,),
    }
    return replay_approvals(path, desk, **(values | given))


def test_an_approvals_file_goes_through_the_same_desk(tmp_path: Path) -> None:
    desk = ReviewDesk(InMemoryApprovals())
    report = replay(approvals_file(tmp_path, decisions(*BY_STAGE.values())), desk)
    assert report.skipped == {}
    approval = desk.standing(TEMPLATE, Present(TODAY, PACK, product=PRODUCT)).approval
    assert approval is not None
    assert approval.number == "示例行消审〔2026〕0031号"


def test_an_approvals_file_cannot_bend_the_rules_of_the_desk(tmp_path: Path) -> None:
    desk = ReviewDesk(InMemoryApprovals())
    path = approvals_file(tmp_path, decisions("S1001", "S9004"))
    with pytest.raises(CopilotError) as caught:
        replay(path, desk)
    assert (caught.value.file, caught.value.row) == (str(path), 1)
    assert "作者" in caught.value.message


def test_an_approval_of_other_content_is_not_replayed(tmp_path: Path) -> None:
    desk = ReviewDesk(InMemoryApprovals())
    path = approvals_file(tmp_path, decisions(*BY_STAGE.values()), hash="0" * 64)
    report = replay(path, desk)
    assert report.skipped == {"wmp-closed-counter": "内容与批准时不一致"}
    assert state(desk) is ApprovalState.PROPOSED


def test_an_approval_that_the_present_rules_block_is_not_replayed(tmp_path: Path) -> None:
    desk = ReviewDesk(InMemoryApprovals())
    path = approvals_file(tmp_path, decisions(*BY_STAGE.values()))
    report = replay(path, desk, verdicts={"wmp-closed-counter": Verdict.BLOCK})
    assert "未通过现行规则检查" in report.skipped["wmp-closed-counter"]


def test_an_unknown_stage_is_answered_with_file_line_and_the_stages(tmp_path: Path) -> None:
    path = approvals_file(
        tmp_path, "  - {stage: ceo, reviewer: S1001, decision: approve, at: 2026-10-19}\n"
    )
    with pytest.raises(InputError) as caught:
        replay(path, ReviewDesk(InMemoryApprovals()))
    assert caught.value.row == 8
    assert "consumer_protection" in caught.value.next
