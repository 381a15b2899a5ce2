"""Claims about the shipped approvals: who decided, in which states templates stand."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from shipped_templates import KNOWLEDGE, SOLD, TODAY, on, shelf, templates

from copilot.records.codes import Channel, Role
from copilot.records.staff import Staff
from copilot.records.template import ApprovalState
from copilot.review import InMemoryApprovals, Present, ReviewDesk, replay_approvals

STAFF = {
    staff_id: Staff(staff_id, "样例", role, "HQ")
    for staff_id, role in {
        "S1001": Role.MANAGER,
        "S2001": Role.MANAGER,
        "S3001": Role.MANAGER,
        "S9001": Role.PRODUCT,
        "S9002": Role.LEGAL,
        "S9003": Role.CONSUMER_PROTECTION,
    }.items()
}


@pytest.fixture(scope="module")
def desk() -> ReviewDesk:
    desk = ReviewDesk(InMemoryApprovals())
    report = replay_approvals(
        KNOWLEDGE / "templates" / "approvals.yaml",
        desk,
        templates={template.template_id: template for template in templates()},
        reviewers=STAFF,
        pack_version="test",
        verdicts={},
        products=shelf(),
    )
    assert report.skipped == {}
    return desk


def test_templates_stand_in_every_state_and_most_are_approved(desk: ReviewDesk) -> None:
    standings = {t.template_id: desk.standing(t, Present(TODAY, "test")) for t in templates()}
    states = Counter(standing.state for standing in standings.values())
    assert states[ApprovalState.APPROVED] >= 64
    assert states.keys() == {
        ApprovalState.PROPOSED,
        ApprovalState.IN_REVIEW,
        ApprovalState.REJECTED,
        ApprovalState.EXPIRED,
        ApprovalState.APPROVED,
    }
    rejected = [s for s in standings.values() if s.state is ApprovalState.REJECTED]
    assert all(len(standing.reason) > len("消保审查不通过：") for standing in rejected)


def test_every_sold_product_has_an_approved_text_for_the_lobby(desk: ReviewDesk) -> None:
    approved = {
        each.product.product_code
        for each in on(Channel.COUNTER)
        if desk.standing(each.template, Present(TODAY, "test", product=each.product)).approval
        and not each.template.conditions
        and not each.template.life_stages
    }
    sold = {p.product_code for p in shelf() if p.type in SOLD}
    assert sold - approved == set()


def test_no_reviewer_read_more_than_twenty_texts_a_day(desk: ReviewDesk) -> None:
    read: Counter[tuple[str, date]] = Counter()
    for template in templates():
        approval = desk.standing(template, Present(TODAY, "test")).approval
        for decision in approval.decisions if approval else ():
            read[decision.reviewer, decision.at.date()] += 1
    assert max(read.values()) <= 20


def test_every_stage_was_decided_for_every_approved_template(desk: ReviewDesk) -> None:
    for template in templates():
        approval = desk.standing(template, Present(TODAY, "test")).approval
        if approval is not None:
            assert [decision.stage for decision in approval.decisions] == list(desk.policy.stages)
            assert template.author not in {decision.reviewer for decision in approval.decisions}
