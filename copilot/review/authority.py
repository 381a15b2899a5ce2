"""Who may decide on a text, and what a decision must say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from copilot.errors import Forbidden, InputError, StateError
from copilot.records.codes import label
from copilot.records.staff import Staff
from copilot.records.template import Decision, Review, ReviewOpinion, ReviewStage
from copilot.review.policy import Authority, ReviewPolicy


def stage_for(review: Review, reviewer: Staff, policy: ReviewPolicy) -> ReviewStage:
    """The stage that a reviewer would decide: the one due if it is theirs, else their own.

    Two people of one stage may decide at the same moment; the later one is then told that their
    stage is done, not that the next one is none of their business.

    Raises:
        StateError: the review has ended, or it is their own text.
        Forbidden: no stage of the review is theirs.
    """
    check_not_author(review, reviewer.staff_id)
    if review.next_stage is None:
        raise _ended(review)
    theirs = [stage for stage in review.stages if _authority(policy, stage).covers(reviewer)]
    if not theirs:
        raise _not_theirs(reviewer.staff_id, review.next_stage, policy)
    return review.next_stage if review.next_stage in theirs else theirs[0]


def deciders(review: Review, everyone: Iterable[Staff], policy: ReviewPolicy) -> Sequence[Staff]:
    """The people who may take the decision that is due; nobody when the review has ended."""
    stage = review.next_stage
    if stage is None:
        return ()
    barred = {review.author}
    if policy.one_person_one_stage:
        barred |= {decision.reviewer for decision in review.decisions}
    authority = _authority(policy, stage)
    return [who for who in everyone if authority.covers(who) and who.staff_id not in barred]


def check_turn(review: Review, decision: Decision) -> None:
    """Whether the decision's stage is due.

    Raises:
        StateError: it is not; says who decided when the stage is done.
        InputError: the decision is dated before the one before it.
    """
    due = review.next_stage
    done = next((d for d in review.decisions if d.stage is decision.stage), None)
    if done is not None:
        now = f"现在等待{due.shown}" if due else "审核已经结束"
        by = f"{done.reviewer} 在 {done.at:%Y-%m-%d %H:%M}"
        raise StateError(
            f"模板 {_name(review)} 的{done.stage.shown}已由 {by} 办理，{now}。",
            next="请用 `copilot template show` 查看最新进度，您的意见没有记入。",
        )
    if due is None:
        raise _ended(review)
    if decision.stage is not due:
        raise StateError(
            f"模板 {_name(review)} 现在应由{due.shown}决定，不是{decision.stage.shown}。",
            next="请按审核环节的先后办理。",
        )
    previous = review.decisions[-1].at if review.decisions else review.submitted_at
    if decision.at < previous:
        raise InputError(
            f"模板 {_name(review)} 的意见时间早于上一环节。", next="请核对时间。", field="at"
        )


def check_reviewer(
    review: Review, decision: Decision, reviewer: Staff, policy: ReviewPolicy
) -> None:
    """Whether this person may take the decision.

    Raises:
        InputError: it is signed with another id.
        StateError: author or earlier decider.
        Forbidden: the stage is not theirs, or they have left.
    """
    who = reviewer.staff_id
    if who != decision.reviewer:
        raise InputError(f"意见署名 {decision.reviewer} 与办理人 {who} 不符。", field="reviewer")
    check_not_author(review, who)
    decided = any(earlier.reviewer == who for earlier in review.decisions)
    if policy.one_person_one_stage and decided:
        raise StateError(f"{who} 已在前一环节审核过，不能再审。", next="请由其他人审核。")
    authority = _authority(policy, decision.stage)
    if not authority.covers(reviewer) or not reviewer.active_on(decision.at.date()):
        raise _not_theirs(who, decision.stage, policy)


def check_not_author(review: Review, who: str) -> None:
    """Raises `StateError` when a person would decide on their own text."""
    if who == review.author:
        raise StateError(f"{who} 是模板的作者，不能审核自己的模板。", next="请由其他人审核。")


def check_comment(decision: Decision) -> None:
    """Raises `InputError` when an objection does not say what, or a change not what was taken."""
    if decision.decision is not ReviewOpinion.APPROVE and not decision.comment.strip():
        raise InputError("不通过或修改后通过必须写明意见。", next="请填写意见。", field="comment")
    if decision.decision is ReviewOpinion.APPROVE_WITH_CHANGES and not decision.taken.strip():
        raise InputError("修改后通过必须写明采纳了什么。", next="请填写采纳情况。", field="taken")


def require(authority: Authority, staff: Staff, deed: str) -> None:
    """Raises `Forbidden` when the person has no authority for the deed."""
    if not authority.covers(staff):
        raise Forbidden(
            f"{staff.staff_id} 的岗位是{label(staff.role)}，不能{deed}。",
            next=f"可以由{shown(authority)}办理。",
        )


def shown(authority: Authority) -> str:
    """Who has an authority, for people."""
    if authority.people:
        return "、".join(sorted(authority.people))
    return "、".join(sorted(map(label, authority.roles)))


def _authority(policy: ReviewPolicy, stage: ReviewStage) -> Authority:
    """A stage that the bank has dropped since the text was submitted is nobody's any more."""
    return policy.stages.get(stage, Authority(frozenset()))


def _not_theirs(who: str, stage: ReviewStage, policy: ReviewPolicy) -> Forbidden:
    allowed = shown(_authority(policy, stage)) or "（审核办法里已没有这个环节）"
    return Forbidden(f"{who} 没有{stage.shown}的权限。", next=f"该环节由{allowed}审核。")


def _ended(review: Review) -> StateError:
    return StateError(f"模板 {_name(review)} 的审核已经结束。", next="改动后请提高版本号重新提交。")


def _name(review: Review) -> str:
    return f"{review.template_id} 第{review.version}版"
