"""The writers in their order, everything checked: approved template, model, embedded writer.

Nothing that the checker blocks is handed on: a draft that is objected to gives way to the next,
and the last of them states records only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from copilot.drafting.brief import WritingBrief
from copilot.drafting.writer import (
    approaches,
    draft_of,
    fill_approved,
    own_words,
    talking_points,
)
from copilot.errors import ModelUnavailable
from copilot.pipeline import facts
from copilot.records.codes import Audience
from copilot.records.compliance import CheckContext, CheckResult, Fact
from copilot.records.draft import INTERNAL_NOTICE, WRITER_NOTICE, Draft
from copilot.records.template import Approval, ApprovalState, Template

if TYPE_CHECKING:
    from copilot.drafting.model_writer import Objected
    from copilot.pipeline.workbench import Workbench

NOTHING_PASSED = "没有通过检查的话术，请按产品说明书介绍"
RECORD_ONLY = "内部话术没有通过检查，沟通要点只列产品记录"


@dataclass(frozen=True, slots=True)
class Written:
    """The text to hand on with the checker's answer, and what it rests on.

    ``talking_points`` are there beside an approved fill; without one they are the draft itself.
    ``variants`` lead the same conversation another way.
    """

    draft: Draft
    result: CheckResult
    talking_points: Draft | None = None
    variants: tuple[Draft, ...] = ()
    notes: tuple[str, ...] = ()
    template: str | None = None
    approval: Mapping[str, Any] | None = None
    model_evidence: Mapping[str, Any] | None = None
    usage: Mapping[str, Any] | None = None

    @property
    def model(self) -> str | None:
        """The model that wrote the talking points, if one did."""
        return None if self.model_evidence is None else str(self.model_evidence["model"])

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts that it was given."""
        return () if self.model_evidence is None else tuple(self.model_evidence["prompts"])


@dataclass
class Drafting:
    """One brief at work: the checker in this context, and what has been found out."""

    bench: Workbench
    brief: WritingBrief
    known: tuple[Fact, ...]
    notes: list[str] = field(default_factory=list)
    model_evidence: dict[str, Any] | None = None
    usage: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, bench: Workbench, brief: WritingBrief) -> Drafting:
        """A brief with what its figures may equal."""
        profile = facts.profile_facts(brief.profile) if brief.profile else ()
        known = (*facts.product_facts(brief.product), *profile, facts.day_fact(brief.as_of))
        return cls(bench, brief, known)

    @cached_property
    def own_words(self) -> list[Draft]:
        """The embedded writer's talking points, one for each approach."""
        return list(approaches(self.brief, self.bench.scripts))

    def check(self, draft: Draft, *, whole: bool, text: str | None = None) -> CheckResult:
        """The checker's answer for a draft that a customer would read or hear.

        ``text`` stands in for the draft's own when part of it is not the bank's to answer for.
        """
        context = CheckContext(
            product=self.brief.product.type,
            product_code=self.brief.product.product_code,
            channel=self.brief.channel,
            kind=draft.kind,
            audience=Audience.CUSTOMER,
            as_of=self.brief.as_of,
            whole=whole,
            facts=self.known,
        )
        return self.bench.checker.check(text or draft.text, context)


def write(bench: Workbench, brief: WritingBrief, *, may_send: bool) -> Written:
    """The best text for a brief.

    An approved template filled whole when one fits and passes; otherwise talking points, which
    are internal. ``may_send`` false keeps even an approved fill internal.
    """
    drafting = Drafting.of(bench, brief)
    filled, approval, result = _approved_fill(drafting)
    points, points_result = _points(drafting)
    variants = tuple(_variants(drafting, points))
    notes = tuple(drafting.notes)
    if filled is None or result is None:
        note = "没有适用的已审批模板，以下为内部沟通要点"
        return Written(
            points,
            points_result,
            variants=variants,
            notes=(note, INTERNAL_NOTICE, *notes),
            model_evidence=drafting.model_evidence,
            usage=drafting.usage,
        )
    if not may_send:
        filled = replace(filled, approval_number=None)
    return Written(
        filled,
        result,
        talking_points=points,
        variants=variants,
        notes=notes,
        template=f"{filled.template_id}@{approval.version}" if approval else None,
        approval=_approval_snapshot(approval) if approval else None,
        model_evidence=drafting.model_evidence,
        usage=drafting.usage,
    )


def _approved_fill(drafting: Drafting) -> tuple[Draft | None, Approval | None, CheckResult | None]:
    from copilot.review import InMemoryApprovals, Present, ReviewDesk

    reviews = InMemoryApprovals()
    for review in drafting.bench.reviews:
        reviews.save_review(review)
    review_desk = ReviewDesk(reviews)
    passed: dict[str, tuple[Approval, CheckResult]] = {}
    models: dict[str, str] = {}
    stopped: list[str] = []

    def admit(template: Template, draft: Draft) -> Approval | None:
        result = drafting.check(draft, whole=True)
        present = Present(
            as_of=drafting.brief.as_of,
            pack_version=drafting.bench.checker.pack_version,
            verdict=result.verdict,
            product=drafting.brief.product,
        )
        standing = review_desk.standing(template, present)
        if standing.approval is not None and result.verdict.allows_use:
            passed[template.template_id] = standing.approval, result
            models[template.template_id] = template.drafted_by
            return standing.approval
        if standing.state.stopped and standing.state is not ApprovalState.SUPERSEDED:
            stopped.append(f"模板 {template.template_id} {standing.state.shown}：{standing.reason}")
        return None

    filled = fill_approved(drafting.brief, drafting.bench.templates, admit)
    instead = f"改用 {filled.template_id}" if filled else "没有可以改用的模板"
    drafting.notes += [f"{reason}；{instead}" for reason in stopped]
    if filled is None or filled.template_id is None:
        return None, None, None
    approval, result = passed[filled.template_id]
    if model := models.get(filled.template_id):
        drafting.notes.append(
            f"模板文字由AI辅助起草（{model}），经人工审核批准（{approval.number}）"
        )
    return filled, approval, result


def _points(drafting: Drafting) -> tuple[Draft, CheckResult]:
    """Talking points that are not blocked: the model's, else ours, else the record alone."""
    brief = drafting.brief
    for writer in _WRITERS:
        draft = writer.write(drafting)
        if draft is None:
            continue
        text = own_words(draft.text) if writer.quotes_customers else None
        result = drafting.check(draft, whole=False, text=text)
        if result.verdict.allows_use:
            drafting.notes += writer.notes
            return draft, result
    from copilot.drafting.fill import Filled

    bare = draft_of(brief, Filled(f"{INTERNAL_NOTICE}\n{NOTHING_PASSED}。", ()))
    drafting.notes.append(NOTHING_PASSED)
    return bare, drafting.check(bare, whole=False)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Who may come to word, with what the reader is told of it.

    Scripts quote what customers say; a model's quotes are its own invention, and are checked.
    """

    write: Callable[[Drafting], Draft | None]
    notes: tuple[str, ...]
    quotes_customers: bool


_WRITERS = (
    _Writer(lambda drafting: _from_model(drafting), (), quotes_customers=False),
    _Writer(lambda drafting: drafting.own_words[0], (WRITER_NOTICE,), quotes_customers=True),
    _Writer(
        lambda drafting: talking_points(drafting.brief, ()),
        (WRITER_NOTICE, RECORD_ONLY),
        quotes_customers=True,
    ),
)


def _variants(drafting: Drafting, points: Draft) -> Iterator[Draft]:
    """The other approaches to the same conversation, as far as they pass and say something new."""
    texts = {points.text}
    for variant in drafting.own_words[1:]:
        result = drafting.check(variant, whole=False, text=own_words(variant.text))
        if result.verdict.allows_use and variant.text not in texts:
            texts.add(variant.text)
            yield variant


def _from_model(drafting: Drafting) -> Draft | None:
    """The configured model's talking points; ``None`` when there is no model or none passed."""
    wire = drafting.bench.wire
    if wire is None:
        return None
    from copilot.drafting.model_writer import ModelWriter
    from copilot.llm.pseudonyms import Pseudonyms

    customer = drafting.brief.customer
    people = []
    if customer is not None:
        repository = drafting.bench.store.customers(drafting.bench.principal)
        people.append((customer, repository.identifiers(customer.customer_id)))
    writer = ModelWriter(wire, Pseudonyms.of(people), drafting.bench.settings.prompts_dir)
    try:
        written = writer.talking_points(
            drafting.brief, drafting.bench.scripts, lambda draft: objections(drafting, draft)
        )
    except ModelUnavailable as error:
        drafting.notes.append(f"{error.message}已改用内置模板引擎")
        return None
    drafting.model_evidence = dict(written.evidence)
    drafting.usage = written.usage.as_json()
    drafting.notes.append(f"沟通要点由AI辅助生成（{written.draft.writer}），{INTERNAL_NOTICE}")
    return written.draft


def objections(drafting: Drafting, draft: Draft) -> list[Objected]:
    """What the checker objects to in a model's draft, for its next rewrite.

    What a person should look at is objected to as well: nobody looks before these words are said.
    """
    from copilot.drafting.model_writer import Objected

    return [
        Objected(finding.text, finding.message, finding.suggestion)
        for finding in drafting.check(draft, whole=False).findings
    ]


def _approval_snapshot(approval: Approval) -> dict[str, Any]:
    return {
        "template_id": approval.template_id,
        "version": approval.version,
        "number": approval.number,
        "content_hash": approval.content_hash,
        "approved_on": approval.approved_on.isoformat(),
        "valid_to": approval.valid_to.isoformat(),
        "pack_version": approval.pack_version,
    }
