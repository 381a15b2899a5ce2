"""Where the bank's templates stand: the list, one template, the queue, and what was rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from copilot.pipeline.template_check import TemplateCheck
from copilot.pipeline.template_proposals import check_now, find
from copilot.pipeline.templates import review_policy
from copilot.records.codes import Channel, ProductType
from copilot.records.suspension import Override
from copilot.records.template import (
    ApprovalState,
    Review,
    ReviewStage,
    Template,
    content_hash,
)

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.review import Standing
    from copilot.review.clusters import Difference

OFF_SHELF = "没有现行版本，已停售或到期"


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """Where one template version stands on the date.

    ``stopped_products`` are products that it may not be filled for although they fit, with the
    reason; when they are all, the template itself is stopped.
    """

    template: Template
    state: ApprovalState
    reason: str
    review: Review | None
    stopped_products: Mapping[str, str]
    override: Override | None = None

    @property
    def overrides_granted(self) -> int:
        """How many two-person exceptions the version has had."""
        given = self.review.overrides if self.review else ()
        return sum(override.granted_at is not None for override in given)

    def as_json(self) -> dict[str, Any]:
        """One item of ``copilot template list --format json``."""
        approval = self.review.approval if self.review else None
        return {
            "template_id": self.template.template_id,
            "version": self.template.version,
            "title": self.template.title,
            "product_types": [each.value for each in self.template.product_types],
            "channels": [each.value for each in self.template.channels],
            "life_stages": [each.value for each in self.template.life_stages],
            "author": self.template.author,
            "state": self.state.value,
            "reason": self.reason,
            "number": approval.number if approval else None,
            "valid_to": approval.valid_to.isoformat() if approval else None,
            "stopped_products": dict(self.stopped_products),
            "overrides": self.overrides_granted,
            "override_until": self.override.until.isoformat() if self.override else None,
        }


@dataclass(frozen=True, slots=True)
class Queued:
    """A text that waits for a decision: at which stage, and who may take it."""

    template: Template
    stage: ReviewStage
    since: datetime
    deciders: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """One item of a cluster of ``copilot template queue --format json``."""
        return {
            "template_id": self.template.template_id,
            "version": self.template.version,
            "title": self.template.title,
            "author": self.template.author,
            "stage": self.stage.value,
            "since": self.since.isoformat(),
            "deciders": list(self.deciders),
        }


@dataclass(frozen=True, slots=True)
class Cluster:
    """Near-identical texts: the oldest in full, the others by what differs."""

    items: tuple[Queued, ...]
    differences: tuple[tuple[Sequence[Difference], Sequence[str]], ...]

    def as_json(self) -> dict[str, Any]:
        """One cluster of ``copilot template queue --format json``."""
        return {
            "text": self.items[0].template.text,
            "items": [item.as_json() for item in self.items],
            "differences": [
                {"templates": list(those), "changes": [change.as_json() for change in changes]}
                for changes, those in self.differences
            ],
        }


def list_templates(
    bench: Workbench,
    *,
    state: ApprovalState | None = None,
    stopped: bool = False,
    product_type: ProductType | None = None,
    channel: Channel | None = None,
) -> list[TemplateLine]:
    """Where every template version stands on the date; what was replaced only when asked for.

    ``stopped`` keeps those that were approved once and may not be used now, wholly or for some
    of their products.
    """
    with bench.store.read() as connection:
        repository = bench.store.approvals(connection)
        templates, reviews = repository.templates(), repository.reviews()
    versions: dict[str, list[Review]] = {}
    for review in reviews:
        versions.setdefault(review.template_id, []).append(review)
    lines = []
    for template in templates:
        if product_type is not None and product_type not in template.product_types:
            continue
        if channel is not None and channel not in template.channels:
            continue
        line = line_of(bench, template, versions.get(template.template_id, ()))
        if stopped and not (line.state.stopped or line.stopped_products):
            continue
        if state is None and not stopped and line.state is ApprovalState.SUPERSEDED:
            continue
        if state in (None, line.state):
            lines.append(line)
    return lines


def line_of(bench: Workbench, template: Template, versions: Sequence[Review]) -> TemplateLine:
    """Where one version stands, over all the products it is for."""
    from copilot.review import Present
    from copilot.review.standing import standing_of

    pack = bench.checker.pack_version
    review = next((each for each in versions if each.version == template.version), None)
    if review is None or review.approval is None:
        here = standing_of(template, versions, Present(bench.as_of, pack))
        return TemplateLine(template, here.state, here.reason, review, {})
    check = check_now(bench, template)
    standings = {
        product.product_code: standing_of(
            template,
            versions,
            Present(bench.as_of, pack, check.by_product[product.product_code], product),
        )
        for product in bench.shelf
        if product.product_code in check.by_product
    }
    gone = {
        terms.product_code: OFF_SHELF
        for terms in review.product_terms
        if terms.product_code not in {product.product_code for product in bench.shelf}
    }
    if not standings:
        return TemplateLine(
            template, ApprovalState.LAPSED, f"适用的产品都{OFF_SHELF}", review, gone
        )
    return _over_products(template, review, standings, gone)


def _over_products(
    template: Template,
    review: Review,
    standings: Mapping[str, Standing],
    gone: Mapping[str, str],
) -> TemplateLine:
    usable = [each for each in standings.values() if each.state is ApprovalState.APPROVED]
    stopped = {code: each.reason for code, each in standings.items() if each not in usable}
    best = usable[0] if usable else next(iter(standings.values()))
    reasons = dict.fromkeys(each.reason for each in (usable[:1] or standings.values()))
    override = next((each.override for each in usable if each.override), None)
    return TemplateLine(
        template, best.state, "；".join(reasons), review, {**gone, **stopped}, override
    )


def queue(bench: Workbench, *, decider: str | None = None) -> list[Cluster]:
    """What waits for a decision, near-identical texts together, the longest waiting first.

    ``decider`` keeps what this member of staff may decide.
    """
    from copilot.review.authority import deciders
    from copilot.review.clusters import clusters, grouped_differences

    policy = review_policy(bench.settings)
    with bench.store.read() as connection:
        repository = bench.store.approvals(connection)
        templates = {(t.template_id, t.version): t for t in repository.templates()}
        waiting = [review for review in repository.reviews() if review.next_stage is not None]
    staff = bench.store.staff(bench.principal).everyone()
    everyone = [person for person in staff if person.active_on(bench.as_of)]
    items: dict[str, Queued] = {}
    for review in sorted(waiting, key=lambda r: (r.submitted_at, r.template_id)):
        template = templates.get((review.template_id, review.version))
        if template is None or review.next_stage is None:
            continue
        who = tuple(person.staff_id for person in deciders(review, everyone, policy))
        if decider is not None and decider not in who:
            continue
        items[review.subject] = Queued(template, review.next_stage, review.last_event, who)
    texts = {subject: item.template.text for subject, item in items.items()}
    return [
        Cluster(
            tuple(items[subject] for subject in group),
            tuple(grouped_differences(texts, group)),
        )
        for group in clusters(texts, policy.alike)
    ]


@dataclass(frozen=True, slots=True)
class TemplateView:
    """One template version with everything on record about it.

    ``writer`` is the model or engine that worded the proposal, empty where a person did.
    """

    line: TemplateLine
    check: TemplateCheck
    others: tuple[int, ...]
    history: tuple[dict[str, Any], ...]
    writer: str = ""

    @property
    def model(self) -> str:
        """The model that worded the proposal; empty where none did."""
        from copilot.drafting.template_writer import EMBEDDED

        return "" if self.writer == EMBEDDED else self.writer

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot template show --format json``."""
        template, review = self.line.template, self.line.review
        return {
            **self.line.as_json(),
            "text": template.text,
            "writer": self.writer or "person",
            "tone": template.tone,
            "product_codes": list(template.product_codes),
            "conditions": {c.feature: f"{c.comparison} {c.value:g}" for c in template.conditions},
            "segments": list(template.segments),
            "required": list(template.required),
            "template_valid": [template.valid_from.isoformat(), template.valid_to.isoformat()],
            "content_hash": content_hash(template),
            "versions": list(self.others),
            "stages": [stage.value for stage in review.stages] if review else [],
            "taken": review.taken if review else "",
            "decisions": [each.as_json() for each in review.decisions] if review else [],
            "overrides_on_record": [each.as_json() for each in review.overrides] if review else [],
            "check": self.check.as_json(),
            "history": list(self.history),
        }


def show(bench: Workbench, template_id: str, version: int | None = None) -> TemplateView:
    """One template version.

    Raises:
        NotFound: there is none.
    """
    template = find(bench, template_id, version)
    with bench.store.read() as connection:
        repository = bench.store.approvals(connection)
        reviews = repository.reviews_of(template_id)
        others = tuple(each.version for each in repository.versions(template_id))
    entries = list(bench.store.audit.entries(f"{template_id}@{template.version}", limit=None))
    worded: list[dict[str, Any]] = [
        entry.payload.get("evidence", {}) for entry in entries if entry.kind == "template.propose"
    ]
    return TemplateView(
        line=line_of(bench, template, reviews),
        check=check_now(bench, template),
        others=others,
        history=tuple(
            {"seq": e.seq, "at": e.at, "actor": e.actor, "kind": e.kind, "hash": e.hash}
            for e in entries
        ),
        writer=worded[0].get("writer", "") if worded else "",
    )


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
    with bench.store.read() as connection:
        repository = bench.store.approvals(connection)
        templates = {(t.template_id, t.version): t for t in repository.templates()}
        rejected = [review for review in repository.reviews() if review.rejection is not None]
    cases = []
    for review in rejected:
        template, decision = templates.get((review.template_id, review.version)), review.rejection
        if template is None or decision is None:
            continue
        text = decision.quote or check_now(bench, template).sample
        cases.append(_case(bench, template, text, review))
    return cases


def _case(bench: Workbench, template: Template, text: str, review: Review) -> RejectedCase:
    from copilot.records.compliance import CheckContext

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


def counts(lines: Sequence[TemplateLine]) -> dict[str, int]:
    """How many templates stand in each state."""
    return dict(Counter(line.state.value for line in lines))
