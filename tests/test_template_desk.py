"""Templates from proposal to approval, and what stops them: nothing slips past the people named."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from template_bank import (
    APPROVE,
    AUTHOR,
    REVIEWERS,
    TEXT,
    approved,
    decided,
    opened,
    submitted,
    template,
)

from copilot.errors import CopilotError, Forbidden, InputError, NotFound, StateError
from copilot.pipeline import template_desk as desk
from copilot.pipeline.template_cases import rejected_cases
from copilot.pipeline.template_desk import Opinion
from copilot.pipeline.template_proposals import propose
from copilot.pipeline.template_queue import queue
from copilot.pipeline.template_view import show
from copilot.pipeline.workbench import Workbench
from copilot.records.template import ApprovalState, Review, ReviewOpinion, ReviewStage
from copilot.review.clusters import clusters, differences
from copilot.review.policy import ReviewPolicy, read_policy
from copilot.settings import load_settings

TODAY = date(2026, 11, 20)


@pytest.fixture
def bench_home(copied: Path) -> Path:
    return copied


def reject(reason: str, **given: str) -> Opinion:
    return Opinion(ReviewOpinion.REJECT, comment=reason, **given)


def test_a_proposal_is_checked_for_every_product_it_is_for_before_it_may_be_submitted(
    bench: Workbench,
) -> None:
    proposal = propose(bench, template("t-all", product_codes=[]), AUTHOR)
    deposits = {p.product_code for p in bench.shelf if p.type.value == "deposit"}
    assert set(proposal.check.by_product) == deposits
    assert proposal.check.submittable
    assert "欧阳女士您好" in proposal.check.sample


def test_a_text_that_the_checker_blocks_is_shown_its_findings_and_not_accepted(
    bench: Workbench,
) -> None:
    text = TEXT + "利率全市第一。"
    proposal = propose(bench, template("t-blocked", text=text), AUTHOR)
    assert not proposal.check.submittable
    (problem,) = proposal.check.problems
    assert all(
        problem.text[finding.start : finding.end] == finding.text
        for finding in problem.result.findings
    )
    with pytest.raises(StateError, match="未通过合规检查"):
        desk.submit(bench, "t-blocked", AUTHOR)


def test_a_text_that_grows_over_its_channel_when_filled_is_not_accepted(bench: Workbench) -> None:
    text = TEXT + "想存的话带身份证来网点，或者打开手机银行，几分钟就能办好，您看哪样方便一些？"
    proposal = propose(bench, template("t-long", text=text), AUTHOR)
    assert proposal.check.too_long
    with pytest.raises(StateError, match="太长"):
        desk.submit(bench, "t-long", AUTHOR)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"text": TEXT + "{{ customer.phone }}"}, "customer.phone"),
        ({"text": "年利率1.75%。"}, "数字"),
        ({"channels": ["social"]}, "许多人"),
    ],
    ids=["a slot that may not leave the bank", "a figure of its own", "a greeting for everyone"],
)
def test_a_text_outside_the_slot_language_is_no_proposal(
    given: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        template("t-words", **given)


def test_only_the_author_submits_and_only_under_their_own_name(bench: Workbench) -> None:
    with pytest.raises(InputError, match="作者"):
        propose(bench, template("t-author"), "S1002")
    propose(bench, template("t-author"), AUTHOR)
    with pytest.raises(InputError, match="作者"):
        desk.submit(bench, "t-author", "S1002")


def test_four_people_approve_and_the_bank_numbers_the_text(bench: Workbench) -> None:
    review = approved(bench, "t-approved")
    assert review.approval is not None
    assert [each.reviewer for each in review.approval.decisions] == list(REVIEWERS)
    assert review.approval.pack_version == bench.checker.pack_version
    assert [terms.product_code for terms in review.approval.product_terms] == ["DEP-3Y"]
    assert show(bench, "t-approved").line.state is ApprovalState.APPROVED


@pytest.mark.parametrize(
    ("stages", "who", "error"),
    [(0, AUTHOR, StateError), (0, "S9001", StateError), (1, "S2001", StateError)],
    ids=["the author", "a stage that is not due", "a stage that is done"],
)
def test_nobody_decides_out_of_turn(
    bench: Workbench, stages: int, who: str, error: type[CopilotError]
) -> None:
    name = f"t-turn-{stages}-{who.lower()}"
    submitted(bench, name)
    if stages:
        decided(bench, name, stages)
    with pytest.raises(error):
        desk.decide(bench, [name], who, APPROVE)


def test_a_person_without_a_stage_is_told_whose_it_is(bench: Workbench) -> None:
    submitted(bench, "t-nobody")
    with pytest.raises(Forbidden, match="支行初审") as caught:
        desk.decide(bench, ["t-nobody"], "S1002", APPROVE)
    assert "支行行长" in caught.value.next


def test_several_texts_are_decided_together_or_not_at_all(bench: Workbench) -> None:
    submitted(bench, "t-both-a")
    submitted(bench, "t-both-b")
    decided(bench, "t-both-a", 1)
    with pytest.raises(StateError):
        desk.decide(bench, ["t-both-b", "t-both-a"], "S2001", APPROVE)
    with bench.store.read() as connection:
        review = bench.store.approvals(connection).review_of("t-both-b", 1)
    assert review is not None
    assert review.decisions == ()


def test_a_rejection_becomes_a_case_and_the_next_version_answers_it(bench: Workbench) -> None:
    submitted(bench, "t-rejected")
    quote = "提前支取的部分按活期计息"
    with pytest.raises(InputError, match="没有“随时可取”"):
        desk.decide(bench, ["t-rejected"], "S1001", reject("易误解", quote="随时可取"))
    with pytest.raises(NotFound, match="规则"):
        desk.decide(bench, ["t-rejected"], "S1001", reject("易误解", rule_id="cn.no.rule"))
    desk.decide(bench, ["t-rejected"], "S1001", reject("活期利率没写", quote=quote))
    (case,) = [each for each in rejected_cases(bench) if each.template_id == "t-rejected"]
    assert (case.text, case.reason, case.found) == (quote, "活期利率没写", False)

    second = template("t-rejected", version=2, text=TEXT.replace("活期", "支取日挂牌活期利率"))
    propose(bench, second, AUTHOR)
    with pytest.raises(InputError) as caught:
        desk.submit(bench, "t-rejected", AUTHOR)
    assert caught.value.field == "taken"
    review = desk.submit(bench, "t-rejected", AUTHOR, taken="写明是支取日挂牌活期利率")
    assert review.taken == "写明是支取日挂牌活期利率"


def test_a_submitted_text_cannot_be_changed_only_followed(bench: Workbench) -> None:
    submitted(bench, "t-frozen")
    with pytest.raises(StateError, match="已经提交"):
        propose(bench, template("t-frozen", text=TEXT + "您看方便吗？"), AUTHOR)
    with pytest.raises(StateError, match="还在审核"):
        submitted(bench, "t-frozen", version=2)


def test_the_newer_approved_version_takes_the_place_of_the_older(bench: Workbench) -> None:
    approved(bench, "t-newer")
    approved(bench, "t-newer", version=2, text=TEXT + "您看方便吗？")
    states = [show(bench, "t-newer", version).line.state for version in (1, 2)]
    assert states == [ApprovalState.SUPERSEDED, ApprovalState.APPROVED]


def test_the_queue_groups_near_identical_texts_and_names_who_may_decide(bench: Workbench) -> None:
    submitted(bench, "t-queue-a", title="甲")
    submitted(bench, "t-queue-b", text=TEXT.replace("今天年利率", "今日年利率"))
    decided(bench, "t-queue-a", 1)
    (cluster,) = [
        each
        for each in queue(bench)
        if "t-queue-b" in {item.template.template_id for item in each.items}
    ]
    items = {item.template.template_id: item for item in cluster.items}
    assert items["t-queue-a"].stage is ReviewStage.PRODUCT
    assert items["t-queue-a"].deciders == ("S9001",)
    assert {"S1001", "S2001"} <= set(items["t-queue-b"].deciders)
    changes = {those: way for way, names in cluster.differences for those in names}
    assert [(each.base, each.other) for each in changes["t-queue-b@1"]] == [("天", "日")]
    assert all(
        item.deciders == ("S9001",) for each in queue(bench, decider="S9001") for item in each.items
    )


def test_texts_join_the_group_of_the_first_that_is_alike() -> None:
    texts = {"一": "提前支取的部分按活期计息，您看方便吗？", "二": "基金有涨有跌，可能亏损本金。"}
    assert clusters({**texts, "三": texts["一"] + "再见。"}, 0.6) == [["一", "三"], ["二"]]
    assert differences("不变", "不变") == []


def test_two_reviewers_at_the_same_moment_one_decides_and_one_is_told(copied: Path) -> None:
    bench = opened(copied)
    submitted(bench, "t-race")

    def decide(who: str) -> str:
        mine = opened(copied)
        try:
            desk.decide(mine, ["t-race"], who, APPROVE)
            return ""
        except StateError as error:
            return error.message
        finally:
            mine.close()

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(decide, ("S1001", "S2001", "S3001")))
    assert answers.count("") == 1
    assert all("支行初审已由 S" in answer for answer in answers if answer)
    with bench.store.read() as connection:
        review = bench.store.approvals(connection).review_of("t-race", 1)
    assert review is not None
    assert len(review.decisions) == 1
    bench.close()


def test_numbers_stay_single_when_many_are_approved_at_once(copied: Path) -> None:
    bench = opened(copied)
    names = [f"t-number-{index}" for index in range(6)]
    for name in names:
        submitted(bench, name)
    for reviewer in REVIEWERS[:-1]:
        desk.decide(bench, names, reviewer, APPROVE)

    def decide(name: str) -> Review:
        mine = opened(copied)
        try:
            (review,) = desk.decide(mine, [name], REVIEWERS[-1], APPROVE)
            return review
        finally:
            mine.close()

    with ThreadPoolExecutor(6) as pool:
        numbers = {review.approval.number for review in pool.map(decide, names) if review.approval}
    serials = sorted(int(number[-5:-1]) for number in numbers)
    assert len(serials) == 6
    assert serials[-1] - serials[0] == 5
    bench.close()


_KILLED = """
import os, sys
from copilot.store.audit import AuditLog
AuditLog.append = lambda *_, **__: os._exit(9)
from template_bank import APPROVE, opened
from pathlib import Path
from copilot.pipeline import template_desk
template_desk.decide(opened(Path(sys.argv[1])), ["t-killed"], "S1001", APPROVE)
"""


def test_a_decision_that_is_cut_off_never_happened(copied: Path, bench: Workbench) -> None:
    submitted(bench, "t-killed")
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(copied)], cwd=Path(__file__).parent, check=False
    )
    assert done.returncode == 9
    with bench.store.read() as connection:
        review = bench.store.approvals(connection).review_of("t-killed", 1)
    assert review is not None
    assert review.decisions == ()
    assert bench.store.audit.verify().ok
    assert decided(bench, "t-killed", 1).decisions[0].reviewer == "S1001"


def test_a_review_changed_behind_the_desk_is_found(home: Path) -> None:
    bench = opened(home)
    approved(bench, "t-tampered")
    assert bench.store.audit.verify().ok
    with bench.store.transaction() as connection:
        connection.execute(
            sa.text(
                "UPDATE template_reviews SET document = replace(document, 'S9002', 'S9099')"
                " WHERE template_id = 't-tampered'"
            )
        )
    verdict = bench.store.audit.verify()
    assert not verdict.ok
    assert "t-tampered@1" in verdict.reason
    bench.close()


def test_everything_about_a_text_is_on_its_page(bench: Workbench) -> None:
    submitted(bench, "t-page")
    changed = Opinion(ReviewOpinion.APPROVE_WITH_CHANGES, "写明日期", "已写当天日期")
    desk.decide(bench, ["t-page"], "S1001", changed)
    document = show(bench, "t-page").as_json()
    assert document["decisions"][0]["comment"] == "写明日期"
    assert document["decisions"][0]["taken"] == "已写当天日期"
    assert document["state"] == "in_review"
    kinds = [entry["kind"] for entry in document["history"]]
    assert sorted(kinds) == ["template.decide", "template.propose", "template.submit"]
    assert json.dumps(document, ensure_ascii=False)


def test_the_stages_are_those_of_the_banks_file(tmp_path: Path) -> None:
    path = tmp_path / "review.yaml"
    path.write_text(
        "number_prefix: 测试行审\nlongest_validity_days: 90\n"
        "stages:\n- {stage: brand, roles: [operator], people: [S9004]}\n"
        "suspend: {roles: [legal]}\noverride: {roles: [legal], longest_days: 3}\n"
        "queue: {alike: 0.8}\n",
        "utf-8",
    )
    policy = read_policy(path)
    assert list(policy.stages) == [ReviewStage.BRAND]
    assert policy.stages[ReviewStage.BRAND].people == {"S9004"}
    path.write_text(path.read_text("utf-8").replace("brand", "boss"), "utf-8")
    with pytest.raises(InputError) as caught:
        read_policy(path)
    assert caught.value.row == 4
    shipped = read_policy(load_settings().knowledge_dir / "templates" / "review.yaml")
    assert replace(shipped) == ReviewPolicy()
