"""What reviewers rejected, as cases for the rules that should have found it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from copilot.pipeline.template_proposals import check_now
from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import CheckContext
from copilot.records.template import Review, Template

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench


@dataclass(frozen=True, slots=True)
class RejectedCase:
    """Words that a reviewer objected to: a case for a rule that should have found them.

    ``found`` says whether the rules in force object to them now.
    """

    template_id: str
    version: int
    text: str
    channel: Channel
    product_type: ProductType
    reason: str
    rule_id: str
    rejected_by: str
    rejected_on: date
    found: bool

    def as_json(self) -> dict[str, Any]:
        """One item of ``copilot template cases --format json``."""
        return {
            "rule": self.rule_id or None,
            "kind": "fail",
            "text": self.text,
            "context": {"product": self.product_type.value, "channel": self.channel.value},
            "reason": self.reason,
            "source": f"{self.template_id}@{self.version}",
            "rejected_by": self.rejected_by,
            "rejected_on": self.rejected_on.isoformat(),
            "found_now": self.found,
        }


def rejected_cases(bench: Workbench) -> list[RejectedCase]:
    """What reviewers rejected, as cases that a compliance officer can take over into a rule."""
    templates = {(t.template_id, t.version): t for t in bench.templates}
    cases = []
    for review in bench.reviews:
        template, decision = templates.get((review.template_id, review.version)), review.rejection
        if template is None or decision is None:
            continue
        text = decision.quote or check_now(bench, template).sample
        cases.append(_case(bench, template, text, review))
    return cases


def _case(bench: Workbench, template: Template, text: str, review: Review) -> RejectedCase:
    decision = review.decisions[-1]
    context = CheckContext(
        product=template.product_types[0],
        channel=template.channels[0],
        kind=template.kind,
        as_of=bench.as_of,
        whole=False,
    )
    findings = bench.checker.check(text, context).findings
    return RejectedCase(
        template_id=template.template_id,
        version=template.version,
        text=text,
        channel=template.channels[0],
        product_type=template.product_types[0],
        reason=decision.comment,
        rule_id=decision.rule_id,
        rejected_by=decision.reviewer,
        rejected_on=decision.at.date(),
        found=any(decision.rule_id in ("", finding.rule_id) for finding in findings),
    )
