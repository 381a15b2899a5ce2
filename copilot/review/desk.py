"""The review desk: submit a template, decide stage by stage, stop it, except it from a stop."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from copilot.errors import InputError, NotFound, StateError
from copilot.records.compliance import Verdict
from copilot.records.product import Product
from copilot.records.staff import Staff
from copilot.records.suspension import Override, Suspension
from copilot.records.template import (
    Approval,
    Decision,
    ProductTerms,
    Review,
    Template,
    content_hash,
)
from copilot.review.authority import (
    check_comment,
    check_not_author,
    check_reviewer,
    check_turn,
    require,
)
from copilot.review.policy import ReviewPolicy
from copilot.review.standing import Present, Standing, standing_of


class ApprovalStore(Protocol):
    """Where reviews are kept, one per template version."""

    def review_of(self, template_id: str, version: int) -> Review | None:
        """The review of one template version."""

    def reviews_of(self, template_id: str) -> Sequence[Review]:
        """The reviews of all versions of a template, by version."""

    def save_review(self, review: Review) -> None:
        """Keep a review, replacing its earlier state."""

    def numbers(self) -> frozenset[str]:
        """Every approval number issued so far."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is handed in with a template.

    ``verdict`` is the worst verdict over the template and its sample fills under the rule pack
    ``pack_version``; ``products`` are the products it may be filled for; ``valid_to`` is the last
    day asked for; ``taken`` is what was taken from the rejection of the version before.
    """

    at: datetime
    valid_to: date
    pack_version: str
    verdict: Verdict
    products: Sequence[Product] = ()
    taken: str = ""


class ReviewDesk:
    """Approvals of one bank.

    Args:
        store: where reviews are kept.
        policy: the bank's stages, authority, numbers and time limits.
    """

    def __init__(self, store: ApprovalStore, policy: ReviewPolicy | None = None) -> None:
        self._store = store
        self.policy = policy or ReviewPolicy()

    def submit(self, template: Template, submission: Submission) -> Review:
        """Hand in a template version for review; its content is frozen by its hash.

        Raises:
            StateError: the version was submitted before, another one is still in review, or it
                does not pass the checker.
            InputError: the validity asked for is too long, or an earlier rejection is unanswered.
        """
        name = f"{template.template_id} 第{template.version}版"
        self._check_versions(template, submission, name)
        if not submission.verdict.allows_use:
            raise StateError(
                f"模板 {name} 未通过合规检查（{submission.verdict}）。",
                next="请先用 copilot check 查看命中的规则并修改。",
            )
        self._check_validity(template, submission, name)
        review = Review(
            template_id=template.template_id,
            version=template.version,
            content_hash=content_hash(template),
            author=template.author,
            submitted_at=submission.at,
            stages=tuple(self.policy.stages),
            pack_version=submission.pack_version,
            verdict=submission.verdict,
            valid_to=submission.valid_to,
            product_terms=tuple(ProductTerms.of(product) for product in submission.products),
            taken=submission.taken,
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
            Forbidden: the stage is not the reviewer's.
            InputError: a rejection or change without comment, or a number used twice.
        """
        review = self._review(template_id, version)
        check_turn(review, decision)
        check_reviewer(review, decision, reviewer, self.policy)
        check_comment(decision)
        review = replace(review, decisions=(*review.decisions, decision))
        if review.next_stage is None and review.rejection is None:
            review = replace(review, approval=self._approve(review, number))
        self._store.save_review(review)
        return review

    def suspend(
        self, template_id: str, version: int, who: Staff, *, reason: str, at: datetime
    ) -> Review:
        """Stop an approved version at once; only a new version takes its place.

        Raises:
            NotFound: the version is not in review.
            Forbidden: the person may not stop texts.
            StateError: it is not approved, or stopped already.
            InputError: no reason.
        """
        review = self._approved(template_id, version)
        require(self.policy.suspend, who, "停用模板")
        if not reason.strip():
            raise InputError("停用必须写明原因。", next="请填写原因。", field="reason")
        if review.suspension is not None:
            raise StateError(
                f"模板 {template_id} 第{version}版已由 {review.suspension.by} 停用。",
                next="要恢复使用，请提高版本号重新送审，或申请两人特批。",
            )
        review = replace(review, suspension=Suspension(who.staff_id, at, reason))
        self._store.save_review(review)
        return review

    def ask_override(
        self, template_id: str, version: int, who: Staff, *, reason: str, until: date, at: datetime
    ) -> Review:
        """Ask that a stopped version may be used through a day; nothing changes until granted.

        Raises:
            NotFound: the version is not in review.
            Forbidden: the person may not ask.
            StateError: it was never approved, the person is its author, or one is pending.
            InputError: no reason, or too long.
        """
        review = self._approved(template_id, version)
        self._check_override(review, who)
        last_day = at.date() + self.policy.longest_override
        if not reason.strip():
            raise InputError("特批必须写明原因。", next="请填写原因。", field="reason")
        if not at.date() <= until <= last_day:
            raise InputError(
                f"特批的截止日 {until} 不在 {at:%Y-%m-%d} 至 {last_day} 之间。",
                next="请改截止日；更长的时间要重新送审。",
                field="until",
            )
        pending = _pending(review)
        if pending is not None and at.date() <= pending.until:
            raise StateError(
                f"模板 {template_id} 第{version}版已有一条待批准的特批。",
                next="请由另一人用 --confirm 批准。",
            )
        override = Override(who.staff_id, at, reason, until)
        review = replace(review, overrides=(*review.overrides, override))
        self._store.save_review(review)
        return review

    def grant_override(self, template_id: str, version: int, who: Staff, *, at: datetime) -> Review:
        """Agree, as the second person, to the exception that is pending.

        Raises:
            NotFound: the version is not in review.
            Forbidden: the person may not agree.
            StateError: nothing is pending, it is over, or the person asked for it.
        """
        review = self._approved(template_id, version)
        self._check_override(review, who)
        pending = _pending(review)
        if pending is None or at.date() > pending.until:
            raise StateError(
                f"模板 {template_id} 第{version}版没有待批准的特批。", next="请先由一人申请。"
            )
        if pending.asked_by == who.staff_id:
            raise StateError(
                f"这条特批是 {who.staff_id} 自己申请的，不能自己批准。", next="请由另一人批准。"
            )
        granted = replace(pending, granted_by=who.staff_id, granted_at=at)
        review = replace(review, overrides=(*review.overrides[:-1], granted))
        self._store.save_review(review)
        return review

    def standing(self, template: Template, present: Present) -> Standing:
        """Where a template stands in the present circumstances."""
        return standing_of(template, self._store.reviews_of(template.template_id), present)

    def _review(self, template_id: str, version: int) -> Review:
        review = self._store.review_of(template_id, version)
        if review is None:
            raise NotFound(f"模板 {template_id} 第{version}版没有提交审核。", next="请先提交审核。")
        return review

    def _approved(self, template_id: str, version: int) -> Review:
        review = self._review(template_id, version)
        if review.approval is None:
            raise StateError(
                f"模板 {template_id} 第{version}版没有批准，谈不上停用或特批。",
                next="请用 `copilot template show` 查看进度。",
            )
        return review

    def _check_override(self, review: Review, who: Staff) -> None:
        require(self.policy.override, who, "特批模板")
        check_not_author(review, who.staff_id)

    def _check_versions(self, template: Template, submission: Submission, name: str) -> None:
        reviews = self._store.reviews_of(template.template_id)
        if any(review.version == template.version for review in reviews):
            raise StateError(f"模板 {name} 已经提交过审核。", next="改动后请提高版本号再提交。")
        earlier = [review for review in reviews if review.version < template.version]
        waiting = next((review for review in earlier if review.next_stage is not None), None)
        if waiting is not None:
            raise StateError(
                f"模板 {template.template_id} 第{waiting.version}版还在审核，不能再提交{name}。",
                next="请等审核结束，或由审核人退回后再提交。",
            )
        if earlier and earlier[-1].rejection and not submission.taken.strip():
            raise InputError(
                f"第{earlier[-1].version}版没有通过：{earlier[-1].rejection.comment}",
                next="请写明这一版采纳了什么（--taken）。",
                field="taken",
            )

    def _check_validity(self, template: Template, submission: Submission, name: str) -> None:
        last_day = min(
            submission.at.date() + self.policy.longest_validity,
            template.valid_to - timedelta(days=1),
        )
        if submission.valid_to > last_day:
            raise InputError(
                f"模板 {name} 申请的有效期到 {submission.valid_to}，超过上限 {last_day}。",
                next="请缩短有效期。",
                field="valid_to",
            )
        if submission.valid_to < submission.at.date():
            raise InputError(
                f"模板 {name} 申请的有效期 {submission.valid_to} 已经过去。",
                next="请给出以后的日期。",
                field="valid_to",
            )

    def _approve(self, review: Review, number: str | None) -> Approval:
        approved_on = review.decisions[-1].at.date()
        issued = self._store.numbers()
        if number is None:
            number = _next_number(self.policy.number_prefix, approved_on.year, issued)
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


def _next_number(prefix: str, year: int, issued: Iterable[str]) -> str:
    """The number after the highest of the year.

    >>> _next_number("示例行消审", 2026, ["示例行消审〔2026〕0009号", "示例行消审〔2025〕0412号"])
    '示例行消审〔2026〕0010号'
    """
    pattern = re.compile(rf"{re.escape(prefix)}〔{year}〕(\d+)号")
    serials = [int(match[1]) for each in issued if (match := pattern.fullmatch(each))]
    return f"{prefix}〔{year}〕{max(serials, default=0) + 1:04d}号"


def _pending(review: Review) -> Override | None:
    last = review.overrides[-1] if review.overrides else None
    return last if last and last.granted_at is None else None
