"""What people do with proposed templates: submit, decide, stop, except from a stop.

Each step is one transaction with its audit entry, so that a step that is cut off never happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from copilot.errors import InputError, NotFound, StateError
from copilot.pipeline.template_check import TemplateCheck
from copilot.pipeline.template_proposals import FIRST_LOOK, check_now, find
from copilot.pipeline.templates import review_policy
from copilot.records.clock import BANK_TIME
from copilot.records.template import Decision, Review, ReviewOpinion, Template

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from copilot.pipeline.workbench import Workbench
    from copilot.review import ReviewDesk
    from copilot.store.approvals import ApprovalRepository


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a reviewer says of a text; the stage follows from who they are."""

    decision: ReviewOpinion
    comment: str = ""
    taken: str = ""
    quote: str = ""
    rule_id: str = ""


def submit(
    bench: Workbench,
    template_id: str,
    staff_id: str,
    *,
    version: int | None = None,
    valid_to: date | None = None,
    taken: str = "",
) -> Review:
    """Hands a proposal in for review.

    Args:
        version: the version; the newest when not given.
        valid_to: the last day asked for; as long as the bank allows when not given.

    Raises:
        NotFound: no such template.
        StateError: it does not pass the checker, or was submitted before.
        InputError: someone else's proposal, or an impossible validity.
    """
    from copilot.review import Submission

    author = bench.staff(staff_id)
    template = find(bench, template_id, version)
    if template.author != author.staff_id:
        raise InputError(
            f"模板 {template_id} 的作者是 {template.author}，不是 {staff_id}。",
            next="请由作者本人提交。",
            field="as",
        )
    checked = check_now(bench, template)
    _check_length(template_id, checked)
    policy = review_policy(bench.settings)
    with _desk(bench) as (connection, desk):
        kept = bench.store.approvals(connection).versions(template_id)
        if template not in kept:
            raise StateError(
                f"模板 {template_id} 刚刚被改过，没有提交。", next="请看过新的内容后再提交。"
            )
        at = _moment(bench)
        last_day = min(at.date() + policy.longest_validity, template.valid_to - timedelta(days=1))
        submission = Submission(
            at=at,
            valid_to=valid_to or last_day,
            pack_version=bench.checker.pack_version,
            verdict=checked.verdict,
            products=[p for p in bench.shelf if p.product_code in checked.by_product],
            taken=taken,
        )
        review = desk.submit(template, submission)
        _log(bench, connection, "template.submit", [review], author.staff_id, {"taken": taken})
    return review


def _check_length(template_id: str, checked: TemplateCheck) -> None:
    if checked.too_long:
        worst = max(checked.too_long, key=lambda fill: fill.excess)
        raise StateError(
            f"模板 {template_id} 填好后太长：用于 {worst.product_code} 时超 {worst.excess} 个字。",
            next="请先缩短；`copilot template show` 列出每种情况。",
        )


def decide(
    bench: Workbench,
    template_ids: Sequence[str],
    staff_id: str,
    opinion: Opinion,
    *,
    version: int | None = None,
) -> list[Review]:
    """Records one reviewer's opinion on one or several texts: on all of them or on none.

    Raises:
        NotFound: a template is not in review, or no such rule.
        StateError: another stage is due, or someone was faster; nothing is recorded.
        Forbidden: no stage of a review is theirs.
        InputError: an objection without a comment.
    """
    from copilot.review.authority import stage_for

    reviewer = bench.staff(staff_id)
    if opinion.rule_id:
        bench.checker.pack.rule(opinion.rule_id)
    for template_id in template_ids if opinion.quote else ():
        _check_quote(bench, find(bench, template_id, version), opinion.quote)

    def one(desk: ReviewDesk, review: Review) -> Review:
        decision = Decision(
            stage=stage_for(review, reviewer, desk.policy),
            reviewer=staff_id,
            decision=opinion.decision,
            at=_moment(bench, after=review.last_event),
            comment=opinion.comment,
            taken=opinion.taken,
            quote=opinion.quote,
            rule_id=opinion.rule_id,
        )
        return desk.decide(review.template_id, review.version, decision, reviewer)

    details = {
        "decision": opinion.decision.value,
        "comment": opinion.comment,
        "taken": opinion.taken,
    }
    return _each(bench, template_ids, version, one, "template.decide", staff_id, details)


def suspend(
    bench: Workbench,
    template_id: str,
    staff_id: str,
    *,
    reason: str,
    version: int | None = None,
) -> Review:
    """Stops an approved template at once.

    Raises:
        NotFound, StateError, Forbidden, InputError: as `ReviewDesk.suspend`.
    """
    who = bench.staff(staff_id)

    def one(desk: ReviewDesk, review: Review) -> Review:
        at = _moment(bench, after=review.last_event)
        return desk.suspend(template_id, review.version, who, reason=reason, at=at)

    details = {"reason": reason}
    return _each(bench, [template_id], version, one, "template.suspend", staff_id, details)[0]


def ask_override(
    bench: Workbench,
    template_id: str,
    staff_id: str,
    *,
    reason: str,
    until: date,
    version: int | None = None,
) -> Review:
    """Asks for the two-person exception to a stop; errors as `ReviewDesk.ask_override`."""
    who = bench.staff(staff_id)

    def one(desk: ReviewDesk, review: Review) -> Review:
        at = _moment(bench, after=review.last_event)
        return desk.ask_override(
            template_id, review.version, who, reason=reason, until=until, at=at
        )

    details = {"step": "asked", "reason": reason, "until": until.isoformat()}
    return _each(bench, [template_id], version, one, "template.override", staff_id, details)[0]


def grant_override(
    bench: Workbench, template_id: str, staff_id: str, *, version: int | None = None
) -> Review:
    """Agrees to the exception as the second person; errors as `ReviewDesk.grant_override`."""
    who = bench.staff(staff_id)

    def one(desk: ReviewDesk, review: Review) -> Review:
        at = _moment(bench, after=review.last_event)
        return desk.grant_override(template_id, review.version, who, at=at)

    details = {"step": "granted"}
    return _each(bench, [template_id], version, one, "template.override", staff_id, details)[0]


def _check_quote(bench: Workbench, template: Template, quote: str) -> None:
    """A quote that is not in the text would make a case about words that nobody wrote."""
    if quote not in template.text and quote not in check_now(bench, template).sample:
        raise InputError(
            f"模板 {template.template_id} 里没有“{quote}”这几个字。",
            next="请照原文摘录。",
            field="quote",
        )


def _each(
    bench: Workbench,
    template_ids: Sequence[str],
    version: int | None,
    step: Callable[[ReviewDesk, Review], Review],
    kind: str,
    actor: str,
    details: Mapping[str, Any],
) -> list[Review]:
    with _desk(bench) as (connection, desk):
        repository = bench.store.approvals(connection)
        reviews = [step(desk, _review(repository, name, version)) for name in template_ids]
        _log(bench, connection, kind, reviews, actor, details)
    return reviews


def _review(repository: ApprovalRepository, template_id: str, version: int | None) -> Review:
    reviews = repository.reviews_of(template_id)
    for review in reversed(reviews):
        if version in (None, review.version):
            return review
    if repository.versions(template_id):
        raise NotFound(
            f"模板 {template_id} 没有提交审核。",
            next="请先由作者用 `copilot template submit` 提交。",
        )
    raise NotFound(f"没有模板 {template_id}。", next=FIRST_LOOK)


@contextmanager
def _desk(bench: Workbench) -> Iterator[tuple[Connection, ReviewDesk]]:
    """The review desk in one transaction in which nobody else decides."""
    from copilot.review import ReviewDesk

    policy = review_policy(bench.settings)
    with bench.store.transaction() as connection:
        repository = bench.store.approvals(connection)
        repository.hold()
        yield connection, ReviewDesk(repository, policy)


def _log(
    bench: Workbench,
    connection: Connection,
    kind: str,
    reviews: Sequence[Review],
    actor: str,
    details: Mapping[str, Any],
) -> None:
    for review in reviews:
        payload = {
            **{key: value for key, value in details.items() if value},
            "content_hash": review.content_hash,
            "reviews": bench.store.approvals(connection).seals(review.subject),
        }
        if kind == "template.decide":
            payload["stage"] = review.decisions[-1].stage.value
            payload["number"] = review.approval.number if review.approval else None
        bench.store.audit.append(connection, kind, review.subject, payload, actor=actor)


def _moment(bench: Workbench, after: datetime | None = None) -> datetime:
    """This moment of the business date, and never before what happened earlier that day."""
    clock = datetime.now(BANK_TIME).time().replace(microsecond=0)
    moment = datetime.combine(bench.as_of, clock)
    same_day = after is not None and after.date() == moment.date()
    return max(moment, after) if same_day and after is not None else moment
