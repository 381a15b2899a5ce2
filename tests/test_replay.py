"""Plans, summaries and answers once more: letter for letter, or what is different is named."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fake_openai import Body, FakeOpenAI, Reply

from copilot.pipeline.ask import answer
from copilot.pipeline.plan import PlanRequest, draft_plan
from copilot.pipeline.replay import NOTHING_NAMED, replay
from copilot.pipeline.summary import SummaryRequest, summarise
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import SummaryPeriod
from copilot.records.plan import CheckedPlan
from tests.shell import Shell


@pytest.fixture
def model(model: FakeOpenAI) -> FakeOpenAI:
    """A model that says every sentence a little differently, with the workbench asking it."""
    model.default = reworded
    return model


def reworded(body: Body) -> Reply:
    given = re.findall(
        r'<句子 编号="(s\d+)">(.*?)</句子>', body["messages"][-1]["content"], re.DOTALL
    )
    told = [{"id": name, "text": text.replace("由", "交由", 1)} for name, text in given]
    return Reply.json({"sentences": told})


def planned(bench: Workbench, goal: str = "代发客户基金定投") -> CheckedPlan:
    found = draft_plan(bench, PlanRequest(goal, branch_id="BR02", budget=2_0000_00))
    assert isinstance(found, CheckedPlan)
    return found


def test_a_plan_replays_letter_for_letter(bench: Workbench) -> None:
    replayed = replay(bench, planned(bench).report.report_id)

    assert (replayed.same, replayed.changed) == (True, ())
    assert set(replayed.parts) == {"text", "layout", "verdict"}


def test_a_summary_replays_for_whoever_may_read_it(bench: Workbench, lobby: Workbench) -> None:
    month = SummaryPeriod.MONTH
    for kept in (
        summarise(bench, SummaryRequest(month, branch_id="BR01")),
        summarise(lobby, SummaryRequest(month, staff_id="S1004")),  # without amounts
    ):
        replayed = replay(bench, kept.draft_id)
        assert (replayed.same, replayed.changed) == (True, ()), replayed


@pytest.mark.parametrize(
    "question", ["三年期定存利率是多少", "定期提前支取怎么算利息", "今天谁到期", "明天下雨吗"]
)
def test_an_answer_replays_with_the_rights_of_its_asker(
    bench: Workbench, lobby: Workbench, question: str
) -> None:
    for asker in (bench, lobby):
        replayed = replay(bench, answer(asker, question).draft_id)
        assert (replayed.same, replayed.changed) == (True, ()), replayed


def test_an_answer_in_a_conversation_replays_with_what_was_carried_on(lobby: Workbench) -> None:
    answer(lobby, "三年期定存利率是多少", conversation="replay")
    second = answer(lobby, "那两年的呢", conversation="replay")
    answer(lobby, "国债起点多少", conversation="replay")

    replayed = replay(lobby, second.draft_id)

    assert "两年" in second.answer
    assert replayed.same, replayed


def test_a_models_plan_and_summary_replay_from_the_recorded_replies(
    bench: Workbench, model: FakeOpenAI
) -> None:
    plan = planned(bench)
    week = summarise(bench, SummaryRequest(SummaryPeriod.WEEK, "S1002"))
    asked = len(model.chat_bodies)
    assert plan.writer == week.writer == "scripted"
    assert "交由" in plan.report.plain.text

    for draft_id in (plan.report.report_id, week.draft_id):
        replayed = replay(bench, draft_id)
        assert (replayed.same, replayed.changed) == (True, ()), replayed
    assert len(model.chat_bodies) == asked


def test_an_answer_whose_record_has_changed_shows_the_line_and_the_field(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = answer(bench, "三年期定存利率是多少")
    now = replace(bench.product("DEP-3Y"), rate_bp=120.0)
    shelf = tuple(now if p.product_code == "DEP-3Y" else p for p in bench.shelf)
    monkeypatch.setattr(Workbench, "shelf", shelf)
    monkeypatch.setattr(Workbench, "product", lambda self, code: now)

    replayed = replay(bench, kept.draft_id)

    assert replayed.parts["text"] is False
    assert "1.45%" in replayed.differences[0]
    assert "1.20%" in replayed.differences[0]
    assert any("DEP-3Y 的 rate_bp：145" in line for line in replayed.changed)


def test_a_difference_without_a_cause_in_the_records_says_so(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = planned(bench)
    monkeypatch.setattr("copilot.pipeline.plan.AI_LABEL", "由程序生成")
    monkeypatch.setattr("copilot.pipeline.plan.overview", lambda basis: ())

    replayed = replay(bench, kept.report.report_id)

    assert not replayed.same
    assert replayed.changed == (NOTHING_NAMED,)


def test_the_command_says_what_is_equal_and_what_is_not(
    shell: Shell, sample_home: Path, bench: Workbench
) -> None:
    draft_id = planned(bench).report.report_id

    code, out, _ = shell("audit", "replay", draft_id, "--data-dir", sample_home)

    assert code == 0
    assert out.splitlines()[0] == f"{draft_id} 重算结果与留存的逐字一致。"
    assert "  表格与图：一致" in out
