"""The review desk: submit a template, decide stage by stage, ask whether it may be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from copilot.errors import InputError, NotFound, StateError
from copilot.records.codes import label
from copilot.records.compliance import Verdict
from copilot.records.product import Product
from copilot.records.staff import Staff
from copilot.records.template import (
    Approval,
    ApprovalState,
    Decision,
    ProductTerms,
    Review,
    ReviewOpinion,
    ReviewStage,
    Template,
    content_hash,
)

LONGEST_VALIDITY = timedelta(days=365)
NUMBER_PREFIX = "示例行消审"


class ApprovalStore(Protocol):
    """Where reviews are kept, one per template version."""

    def review_of(self, template_id: str, version: int) -> Review | None:
        """The review of one template version."""

    def save_review(self, review: Review) -> None:
        """Keep a review, replacing its earlier state."""

    def numbers(self) -> frozenset[str]:
        """Every approval number issued so far."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is handed in with a template.

    ``verdict`` is the worst verdict over the template and its sample fills under the rule pack
    ``pack_version``; ``products`` are the products it may be filled for; ``valid_to`` is the last
    day asked for.
    """

    at: datetime
    valid_to: date
    pack_version: str
    verdict: Verdict
    products: Sequence[Product] = ()


@dataclass(frozen=True, slots=True)
class Present:
    """The circumstances in which a template would be used.

    ``verdict`` is the template's worst verdict under the present pack, ``None`` when it was not
    checked again; ``product`` is the product it would be filled for.
    """

    as_of: date
    pack_version: str
    verdict: Verdict | None = None
    product: Product | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a template stands, why, and the approval when it may be used."""

    state: ApprovalState
    reason: str
    approval: Approval | None = None


class ReviewDesk:
    """Approvals of one bank.

    Args:
        store: where reviews are kept.
        stages: the stages that must agree, in order.
    """

    def __init__(
        self, store: ApprovalStore, stages: Sequence[ReviewStage] = tuple(ReviewStage)
    ) -> None:
        if not stages:
            raise InputError("没有配置审核环节。", next="请在 review_stages 中至少配置一个环节。")
        self._store = store
        self._stages = tuple(stages)

    def submit(self, template: Template, submission: Submission) -> Review:
        """Hand in a template version for review; its content is frozen by its hash.

        Raises:
            StateError: the version was submitted before, or it does not pass the checker.
            InputError: the validity asked for is too long.
        """
        name = f"{template.template_id} 第{template.version}版"
        if self._store.review_of(template.template_id, template.version):
            raise StateError(f"模板 {name} 已经提交过审核。", next="改动后请提高版本号再提交。")
        if submission.verdict.rank > Verdict.REVIEW.rank:
            raise StateError(
                f"模板 {name} 未通过合规检查（{submission.verdict}）。",
                next="请先用 copilot check 查看命中的规则并修改。",
            )
        last_day = min(
            submission.at.date() + LONGEST_VALIDITY, template.valid_to - timedelta(days=1)
        )
        if submission.valid_to > last_day:
            raise InputError(
                f"模板 {name} 申请的有效期到 {submission.valid_to}，超过上限 {last_day}。",
                next="请缩短有效期。",
                field="valid_to",
            )
        review = Review(
            template_id=template.template_id,
            version=template.version,
            content_hash=content_hash(template),
            author=template.author,
            submitted_at=submission.at,
            stages=self._stages,
            pack_version=submission.pack_version,
            verdict=submission.verdict,
            valid_to=submission.valid_to,
            product_terms=tuple(ProductTerms.of(product) for product in submission.products),
        )
        self._store.save_review(review)
        return review

    def decide(
        self,
        template_id: str,
        version: int,
        decision: Decision,
        reviewer: Staff,
        *,
        number: str | None = None,
    ) -> Review:
        """Record one stage's decision; the last approval gets the bank's number.

        Args:
            number: the approval number, if the bank already gave one; else the next free one.

        Raises:
            NotFound: the version is not in review.
            StateError: another stage is due, the review has ended, or the reviewer may not decide.
            InputError: a rejection or change without comment, or a number used twice.
        """
        review = self._store.review_of(template_id, version)
        if review is None:
            raise NotFound(f"模板 {template_id} 第{version}版没有提交审核。", next="请先提交审核。")
        _check_turn(review, decision)
        _check_reviewer(review, decision, reviewer)
        _check_comment(decision)
        review = replace(review, decisions=(*review.decisions, decision))
        if review.next_stage is None and review.rejection is None:
            review = replace(review, approval=self._approve(review, number))
        self._store.save_review(review)
        return review

    def standing(self, template: Template, present: Present) -> Standing:
        """Where a template stands in the present circumstances."""
        review = self._store.review_of(template.template_id, template.version)
        if review is None or review.submitted_at.date() > present.as_of:
            return Standing(ApprovalState.PROPOSED, "尚未提交审核")
        if review.content_hash != content_hash(template):
            return Standing(ApprovalState.LAPSED, "内容与送审稿不一致，须重新审核")
        if review.rejection is not None and review.rejection.at.date() <= present.as_of:
            last = review.rejection
            return Standing(ApprovalState.REJECTED, f"{last.stage.shown}不通过：{last.comment}")
        approval = review.approval
        if approval is None or approval.approved_on > present.as_of:
            return Standing(ApprovalState.IN_REVIEW, "审核尚未完成")
        if present.as_of > approval.valid_to:
            return Standing(ApprovalState.EXPIRED, f"批准有效期已于 {approval.valid_to} 届满")
        lapse = _lapse(template, approval, present)
        if lapse:
            return Standing(ApprovalState.LAPSED, lapse)
        return Standing(ApprovalState.APPROVED, approval.number, approval)

    def approval_of(self, template: Template, present: Present) -> Approval | None:
        """The approval under which the template may be used now, or None."""
        return self.standing(template, present).approval

    def _approve(self, review: Review, number: str | None) -> Approval:
        approved_on = review.decisions[-1].at.date()
        issued = self._store.numbers()
        if number is None:
            serial = sum(1 for used in issued if f"〔{approved_on.year}〕" in used) + 1
            while _number(approved_on.year, serial) in issued:
                serial += 1
            number = _number(approved_on.year, serial)
        elif number in issued:
            raise InputError(f"批准编号 {number} 已经用过。", next="请换一个编号。", field="number")
        return Approval(
            template_id=review.template_id,
            version=review.version,
            content_hash=review.content_hash,
            number=number,
            approved_on=approved_on,
            valid_to=review.valid_to,
            pack_version=review.pack_version,
            decisions=review.decisions,
            verdict=review.verdict,
            product_terms=review.product_terms,
        )


def _number(year: int, serial: int) -> str:
    return f"{NUMBER_PREFIX}〔{year}〕{serial:04d}号"


def _check_turn(review: Review, decision: Decision) -> None:
    name = f"{review.template_id} 第{review.version}版"
    due = review.next_stage
    if due is None:
        raise StateError(f"模板 {name} 的审核已经结束。", next="改动后请提高版本号重新提交。")
    if decision.stage is not due:
        raise StateError(
            f"模板 {name} 现在应由{due.shown}决定，不是{decision.stage.shown}。",
            next="请按审核环节的先后办理。",
        )
    previous = review.decisions[-1].at if review.decisions else review.submitted_at
    if decision.at < previous:
        raise InputError(f"模板 {name} 的意见时间早于上一环节。", next="请核对时间。", field="at")


def _check_reviewer(review: Review, decision: Decision, reviewer: Staff) -> None:
    who = reviewer.staff_id
    if who != decision.reviewer:
        raise InputError(f"意见署名 {decision.reviewer} 与办理人 {who} 不符。", field="reviewer")
    if who == review.author:
        raise StateError(f"{who} 是模板的作者，不能审核自己的模板。", next="请由其他人审核。")
    if any(earlier.reviewer == who for earlier in review.decisions):
        raise StateError(f"{who} 已在前一环节审核过，不能再审。", next="请由其他人审核。")
    if reviewer.role not in decision.stage.roles or not reviewer.active_on(decision.at.date()):
        raise StateError(
            f"{who} 没有{decision.stage.shown}的权限。",
            next=f"该环节由{'、'.join(sorted(map(label, decision.stage.roles)))}审核。",
        )


def _check_comment(decision: Decision) -> None:
    if decision.decision is not ReviewOpinion.APPROVE and not decision.comment:
        raise InputError("不通过或修改后通过必须写明意见。", next="请填写意见。", field="comment")
    if decision.decision is ReviewOpinion.APPROVE_WITH_CHANGES and not decision.taken:
        raise InputError("修改后通过必须写明采纳了什么。", next="请填写采纳情况。", field="taken")


def _lapse(template: Template, approval: Approval, present: Present) -> str:
    """Why an approval no longer holds although its date has not come, or an empty string."""
    if present.pack_version != approval.pack_version:
        if present.verdict is None:
            return "规则包已更新，须重新检查"
        if present.verdict.rank > approval.verdict.rank:
            return f"规则包更新后结论变为 {present.verdict}，须重新审核"
    if present.product is not None:
        now = ProductTerms.of(present.product)
        for reviewed in approval.product_terms:
            if reviewed.product_code == now.product_code:
                worse = now.worse_than(reviewed, template.text)
                return f"产品 {now.product_code} {worse}，须重新审核" if worse else ""
    return ""
