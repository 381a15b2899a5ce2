"""Whether a template may be used now. Computed from records at each use: no job has to run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from copilot.records.compliance import Verdict
from copilot.records.product import Product
from copilot.records.suspension import Override
from copilot.records.template import (
    Approval,
    ApprovalState,
    ProductTerms,
    Review,
    Template,
    content_hash,
)


@dataclass(frozen=True, slots=True)
class Present:
    """The circumstances in which a template would be used.

    ``verdict`` is the worst verdict under the present pack, ``None`` when it was not checked
    again; ``product`` is the product it would be filled for.
    """

    as_of: date
    pack_version: str
    verdict: Verdict | None = None
    product: Product | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a template stands, why, and the approval when it may be used.

    ``override`` is the two-person exception that it rests on, if it rests on one.
    """

    state: ApprovalState
    reason: str
    approval: Approval | None = None
    override: Override | None = None


def standing_of(template: Template, versions: Iterable[Review], present: Present) -> Standing:
    """Where a template version stands.

    Args:
        template: the version.
        versions: the reviews of all versions of the template.
        present: the circumstances.
    """
    reviews = {review.version: review for review in versions}
    review = reviews.get(template.version)
    if review is None or review.submitted_at.date() > present.as_of:
        return Standing(ApprovalState.PROPOSED, "尚未提交审核")
    if review.content_hash != content_hash(template):
        return Standing(ApprovalState.LAPSED, "内容与送审稿不一致，须重新审核")
    if review.rejection is not None and review.rejection.at.date() <= present.as_of:
        last = review.rejection
        return Standing(ApprovalState.REJECTED, f"{last.stage.shown}不通过：{last.comment}")
    approval = review.approval
    if approval is None or approval.approved_on > present.as_of:
        return Standing(ApprovalState.IN_REVIEW, _waiting(review))
    newer = _newer(reviews.values(), template.version, present.as_of)
    if newer is not None:
        return Standing(ApprovalState.SUPERSEDED, f"已由第{newer}版替代")
    stop = _stop(template, review, approval, present)
    if stop is None:
        return Standing(ApprovalState.APPROVED, approval.number, approval)
    return _excepted(stop, review, approval, present) or stop


def _waiting(review: Review) -> str:
    return f"等待{review.next_stage.shown}" if review.next_stage else "审核尚未完成"


def _newer(reviews: Iterable[Review], version: int, as_of: date) -> int | None:
    """The newest later version that is approved on the day."""
    approved = (
        review.version
        for review in reviews
        if review.version > version and review.approval and review.approval.approved_on <= as_of
    )
    return max(approved, default=None)


def _stop(
    template: Template, review: Review, approval: Approval, present: Present
) -> Standing | None:
    """Why an approval does not hold, or ``None`` when it does."""
    stopped = review.suspension
    if stopped is not None and stopped.at.date() <= present.as_of:
        return Standing(ApprovalState.SUSPENDED, f"{stopped.by} 停用：{stopped.reason}")
    if present.as_of > approval.valid_to:
        return Standing(ApprovalState.EXPIRED, f"批准有效期已于 {approval.valid_to} 届满")
    if not template.valid_on(present.as_of):
        return Standing(ApprovalState.EXPIRED, f"模板已于 {template.valid_to} 失效")
    lapse = _lapse(template, approval, present)
    return Standing(ApprovalState.LAPSED, lapse) if lapse else None


def _excepted(
    stop: Standing, review: Review, approval: Approval, present: Present
) -> Standing | None:
    """The standing under a two-person exception; what the checker objects to has none."""
    if present.verdict is not None and not present.verdict.allows_use:
        return None
    held = next((each for each in review.overrides if each.holds_on(present.as_of)), None)
    if held is None:
        return None
    reason = f"{stop.reason}；{held.asked_by}、{held.granted_by} 特批用至 {held.until}"
    return Standing(ApprovalState.APPROVED, reason, approval, held)


def _lapse(template: Template, approval: Approval, present: Present) -> str:
    """Why an approval no longer holds although its date has not come, or an empty string."""
    verdict, repacked = present.verdict, present.pack_version != approval.pack_version
    if verdict is None and repacked:
        return "规则包已更新，须重新检查"
    if verdict is not None:
        allowed = approval.verdict if repacked else Verdict.REVIEW
        if verdict.rank > allowed.rank:
            return f"按现行规则结论变为 {verdict}，须重新审核"
    return _product_lapse(template, approval, present.product) if present.product else ""


def _product_lapse(template: Template, approval: Approval, product: Product) -> str:
    """Why the text may not be filled for a product: it got worse, or nobody judged its issuer."""
    now = ProductTerms.of(product)
    for reviewed in approval.product_terms:
        if reviewed.product_code == now.product_code:
            worse = now.worse_than(reviewed, template.text)
            return f"产品 {now.product_code} {worse}，须重新审核" if worse else ""
    issuers = {reviewed.issuer for reviewed in approval.product_terms}
    if issuers and now.issuer not in issuers:
        return f"产品 {now.product_code} 的发行机构不在送审范围内，须重新审核"
    return ""
