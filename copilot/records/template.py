"""Templates, internal scripts, and the record of who approved a template.

proposed ──submit──▶ in_review ──every stage approves──▶ approved ──▶ stopped
                         └──────── one stage rejects ──▶ rejected

stopped: expired | lapsed | suspended | superseded
"""

from __future__ import annotations

import hashlib
import json
import operator
import unicodedata
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import lru_cache

from copilot.records.codes import Channel, DraftKind, LifeStage, Manner, Occasion, ProductType
from copilot.records.compliance import Verdict
from copilot.records.labelled import Labelled
from copilot.records.product import Product
from copilot.records.suspension import Override, Suspension
from copilot.records.validity import in_force

#: Fields that count in the hash only where they say something, so that older approvals hold.
_YOUNGER = frozenset({"occasions", "drafted_by"})
_COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one profile feature that must hold for a template to fit."""

    feature: str
    comparison: str
    value: float

    def met(self, value: object) -> bool:
        """Whether the feature's value fits; an unknown value never does.

        >>> Condition("maturing_30", ">", 0).met(5_000_000)
        True
        >>> Condition("maturing_30", ">", 0).met(None)
        False
        """
        if not isinstance(value, (int, float)):
            return False
        return bool(_COMPARISONS[self.comparison](value, self.value))


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a customer-facing text with typed slots.

    Empty ``product_codes`` means every product of the types; empty ``life_stages`` and
    ``segments`` mean any, empty ``occasions`` any moment of a conversation. It may be used for
    ``valid_from <= day < valid_to``. ``required`` names the elements that the text must carry;
    ``drafted_by`` is the model that worded it first, if one did.
    """

    template_id: str
    version: int
    title: str
    kind: DraftKind
    product_types: tuple[ProductType, ...]
    channels: tuple[Channel, ...]
    tone: str
    valid_from: date
    valid_to: date
    author: str
    text: str
    product_codes: tuple[str, ...] = ()
    life_stages: tuple[LifeStage, ...] = ()
    segments: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    required: tuple[str, ...] = ()
    occasions: tuple[Occasion, ...] = ()
    drafted_by: str = ""

    def valid_on(self, day: date) -> bool:
        """Whether the template may be used on ``day``, approval aside."""
        return self.valid_from <= day < self.valid_to

    def fits(self, product: Product, channel: Channel) -> bool:
        """Whether the template is written for this product and channel."""
        return (
            product.type in self.product_types
            and (not self.product_codes or product.product_code in self.product_codes)
            and channel in self.channels
        )


@lru_cache(maxsize=2048)  # every fill asks whether the text is still the one approved
def content_hash(template: Template) -> str:
    """SHA-256 over the canonical text and metadata: what an approval is bound to."""
    bound = asdict(template)
    bound = {name: value for name, value in bound.items() if value or name not in _YOUNGER}
    canonical = json.dumps(bound, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(unicodedata.normalize("NFC", canonical).encode()).hexdigest()


class Move(Labelled):
    """Steps of a conversation that internal talking points are joined from, in their order."""

    OPENING = "opening", "开场"
    NEED = "need", "需求"
    PRODUCT = "product", "产品"
    RISK = "risk", "风险"
    OBJECTION = "objection", "异议应对"
    CLOSE = "close", "收口"
    REFERRAL = "referral", "转介"
    DISSUADE = "dissuade", "劝阻"
    SERVE = "serve", "先服务"


@dataclass(frozen=True, slots=True)
class Script:
    """One move of an internal talking point; empty tuples mean any.

    ``reasons`` are codes of the reason that leads the pitch. A script for an occasion is for that
    occasion only; one without is for all. A ``raised`` one answers what customers bring up of
    their own accord, not what they are likely to object. It is not for a customer who meets one
    of the conditions in ``unless``.
    """

    script_id: str
    move: Move
    situation: str
    text: str
    valid_from: date
    valid_to: date | None = None
    product_types: tuple[ProductType, ...] = ()
    life_stages: tuple[LifeStage, ...] = ()
    channels: tuple[Channel, ...] = ()
    reasons: tuple[str, ...] = ()
    manners: tuple[Manner, ...] = ()
    occasions: tuple[Occasion, ...] = ()
    raised: bool = False
    product_codes: tuple[str, ...] = ()
    unless: tuple[Condition, ...] = ()

    def valid_on(self, day: date) -> bool:
        """Whether the script may be used on ``day``."""
        return in_force(self.valid_from, self.valid_to, day)


class ReviewStage(Labelled):
    """Who must agree before a text may go to customers; a bank chooses which, in which order."""

    BRANCH = "branch", "支行初审"
    PRODUCT = "product", "产品条线审核"
    LEGAL = "legal", "法律合规审核"
    CONSUMER_PROTECTION = "consumer_protection", "消保审查"
    BRAND = "brand", "品牌审核"
    MESSAGE_PLATFORM = "message_platform", "短信平台报备"


class ReviewOpinion(Labelled):
    """What a stage says of a text."""

    APPROVE = "approve", "通过"
    APPROVE_WITH_CHANGES = "approve_with_changes", "修改后通过"
    REJECT = "reject", "不通过"


@dataclass(frozen=True, slots=True)
class Decision:
    """One stage's opinion; ``taken`` says what the author took from the comment.

    A rejection may quote the words that were objected to, and the rule that should have found them.
    """

    stage: ReviewStage
    reviewer: str
    decision: ReviewOpinion
    at: datetime
    comment: str = ""
    taken: str = ""
    quote: str = ""
    rule_id: str = ""

    def as_json(self) -> dict[str, str]:
        """The decision as ``template show`` lists it."""
        return {
            "stage": self.stage.value,
            "reviewer": self.reviewer,
            "decision": self.decision.value,
            "at": self.at.isoformat(),
            "comment": self.comment,
            "taken": self.taken,
            "quote": self.quote,
            "rule_id": self.rule_id,
        }


@dataclass(frozen=True, slots=True)
class ProductTerms:
    """The terms of one product version that a text written for it was reviewed with."""

    product_code: str
    valid_from: date
    issuer: str
    risk_rating: str | None = None
    rate_bp: float | None = None
    benchmark_high_bp: float | None = None
    apr_bp: float | None = None
    min_amount: int | None = None
    partner_approval_ref: str | None = None
    liquidity: str | None = None

    @classmethod
    def of(cls, product: Product) -> ProductTerms:
        """The terms of a product version."""
        return cls(
            product_code=product.product_code,
            valid_from=product.valid_from,
            issuer=product.issuer,
            risk_rating=product.risk_rating,
            rate_bp=product.rate_bp,
            benchmark_high_bp=product.benchmark_high_bp,
            apr_bp=product.apr_bp,
            min_amount=product.min_amount,
            partner_approval_ref=product.partner_approval_ref,
            liquidity=product.liquidity,
        )

    def worse_than(self, reviewed: ProductTerms, text: str) -> str:
        """What got worse for the customer since the review of ``text``, or an empty string.

        Another issuer or partner approval counts as worse: nobody has judged it yet. What the
        text fills by a slot cannot go stale and does not count.
        """
        changes = (
            ("", "发行机构已变更", self.issuer != reviewed.issuer),
            ("", "合作方授权已变更", self.partner_approval_ref != reviewed.partner_approval_ref),
            ("", "风险等级上调", (self.risk_rating or "") > (reviewed.risk_rating or "")),
            ("liquidity", "支取或赎回安排已变更", self.liquidity != reviewed.liquidity),
            ("rate_bp", "利率下调", _lower(self.rate_bp, reviewed.rate_bp)),
            (
                "benchmark_high_bp",
                "业绩比较基准下调",
                _lower(self.benchmark_high_bp, reviewed.benchmark_high_bp),
            ),
            ("apr_bp", "年化利率上调", _lower(reviewed.apr_bp, self.apr_bp)),
            ("min_amount", "起点金额上调", _lower(reviewed.min_amount, self.min_amount)),
        )
        return "、".join(
            label
            for field, label, happened in changes
            if happened and not (field and f"product.{field}" in text)
        )


@dataclass(frozen=True, slots=True)
class Approval:
    """The bank's permission to use one exact text until a date, under a number.

    ``verdict`` and ``pack_version`` say how the text stood with the rules when it was approved.
    The approval holds up to and including ``valid_to``.
    """

    template_id: str
    version: int
    content_hash: str
    number: str
    approved_on: date
    valid_to: date
    pack_version: str
    decisions: tuple[Decision, ...]
    verdict: Verdict = Verdict.PASS
    product_terms: tuple[ProductTerms, ...] = ()


class ApprovalState(Labelled):
    """Where a template stands on a date."""

    PROPOSED = "proposed", "待提交"
    IN_REVIEW = "in_review", "审核中"
    REJECTED = "rejected", "未通过"
    APPROVED = "approved", "可使用"
    EXPIRED = "expired", "已到期"
    LAPSED = "lapsed", "已失效"
    SUSPENDED = "suspended", "已停用"
    SUPERSEDED = "superseded", "已被替代"

    @property
    def stopped(self) -> bool:
        """Whether the text was approved once and may not be used any more."""
        return self in _STOPPED


_STOPPED = frozenset(
    {
        ApprovalState.EXPIRED,
        ApprovalState.LAPSED,
        ApprovalState.SUSPENDED,
        ApprovalState.SUPERSEDED,
    }
)


@dataclass(frozen=True, slots=True)
class Review:
    """A template version on its way through the stages.

    ``content_hash``, ``pack_version``, ``verdict`` and ``product_terms`` are as submitted;
    ``valid_to`` is the last day asked for. ``taken`` says what the author took from the rejection
    of an earlier version.
    """

    template_id: str
    version: int
    content_hash: str
    author: str
    submitted_at: datetime
    stages: tuple[ReviewStage, ...]
    pack_version: str
    verdict: Verdict
    valid_to: date
    product_terms: tuple[ProductTerms, ...] = ()
    decisions: tuple[Decision, ...] = ()
    approval: Approval | None = None
    taken: str = ""
    suspension: Suspension | None = None
    overrides: tuple[Override, ...] = ()

    @property
    def subject(self) -> str:
        """What the audit log calls the template version."""
        return f"{self.template_id}@{self.version}"

    @property
    def last_event(self) -> datetime:
        """When something last happened to the review."""
        moments = [self.submitted_at, *(decision.at for decision in self.decisions)]
        if self.suspension is not None:
            moments.append(self.suspension.at)
        moments += [override.granted_at or override.asked_at for override in self.overrides]
        return max(moments)

    @property
    def rejection(self) -> Decision | None:
        """The decision that ended the review, if one did."""
        last = self.decisions[-1] if self.decisions else None
        return last if last and last.decision is ReviewOpinion.REJECT else None

    @property
    def next_stage(self) -> ReviewStage | None:
        """The stage that has to decide, or None when the review has ended."""
        if self.rejection or len(self.decisions) == len(self.stages):
            return None
        return self.stages[len(self.decisions)]


def _lower(now: float | None, before: float | None) -> bool:
    return before is not None and now is not None and now < before
