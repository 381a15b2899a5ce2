"""Approvals that a bank already gave, from a file, through the same desk as any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from copilot.errors import CopilotError, NotFound
from copilot.records.compliance import Verdict
from copilot.records.product import Product
from copilot.records.staff import Staff
from copilot.records.template import (
    Decision,
    ReviewOpinion,
    ReviewStage,
    Template,
    content_hash,
)
from copilot.records.yaml_file import YamlFile
from copilot.review.desk import ReviewDesk, Submission


class _DecisionEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    stage: ReviewStage
    reviewer: str
    decision: ReviewOpinion
    comment: str = ""
    taken: str = ""
    at: datetime


class _ApprovalEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    template: str
    version: int
    content_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    submitted_at: datetime
    valid_to: date
    number: str | None = None
    decisions: list[_DecisionEntry] = []


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """Which entries did not go through the desk: template → reason."""

    skipped: Mapping[str, str]


def replay_approvals(
    path: Path,
    desk: ReviewDesk,
    *,
    templates: Mapping[str, Template],
    reviewers: Mapping[str, Staff],
    pack_version: str,
    verdicts: Mapping[str, Verdict],
    products: Sequence[Product] = (),
) -> ReplayReport:
    """Submit and decide every entry of an approvals file.

    An entry whose template is gone, was edited since, or no longer passes the checker is skipped
    with the reason: that template simply has no approval.

    Args:
        templates, verdicts: by template id; a missing verdict counts as `pass`.
        reviewers: staff by id.
        products: the shelf; each template is bound to the products it fits.

    Raises:
        InputError: the file breaks its schema, or an entry breaks a rule of the desk.
    """
    file = YamlFile.read(path)
    if not isinstance(file.data, list):
        raise file.error("批准记录文件应是一个列表。")
    skipped: dict[str, str] = {}
    for position in range(len(file.data)):
        entry = file.validated(_ApprovalEntry, (position,))
        template = templates.get(entry.template)
        verdict = verdicts.get(entry.template, Verdict.PASS)
        reason = _unusable(entry, template, verdict)
        if reason or template is None:
            skipped[entry.template] = reason
            continue
        submission = Submission(
            at=entry.submitted_at,
            valid_to=entry.valid_to,
            pack_version=pack_version,
            verdict=verdict,
            products=[p for p in products if any(template.fits(p, c) for c in template.channels)],
        )
        try:
            _decide_all(desk, template, submission, entry, reviewers)
        except CopilotError as error:
            raise file.error(error.message, (position,), next=error.next) from None
    return ReplayReport(skipped)


def _unusable(entry: _ApprovalEntry, template: Template | None, verdict: Verdict) -> str:
    if template is None or template.version != entry.version:
        return f"没有第{entry.version}版模板"
    if content_hash(template) != entry.content_hash:
        return "内容与批准时不一致"
    if not verdict.allows_use:
        return f"未通过现行规则检查（{verdict}）"
    return ""


def _decide_all(
    desk: ReviewDesk,
    template: Template,
    submission: Submission,
    entry: _ApprovalEntry,
    reviewers: Mapping[str, Staff],
) -> None:
    desk.submit(template, submission)
    for given in entry.decisions:
        reviewer = reviewers.get(given.reviewer)
        if reviewer is None:
            raise NotFound(f"审核人 {given.reviewer} 不在员工表中。", next="请核对员工号。")
        decision = Decision(
            stage=given.stage,
            reviewer=given.reviewer,
            decision=given.decision,
            at=given.at,
            comment=given.comment,
            taken=given.taken,
        )
        desk.decide(template.template_id, template.version, decision, reviewer, number=entry.number)
