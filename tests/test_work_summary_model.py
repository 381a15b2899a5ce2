"""Work summaries in a model's words: how it reads may change, what it says may not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_openai import Body, FakeOpenAI, Reply

from copilot.drafting.summary_model import SummaryWriter
from copilot.drafting.summary_said import SLOT
from copilot.errors import ModelUnavailable
from copilot.llm.prompts import load_prompt
from copilot.llm.wire import Endpoint, Wire
from copilot.paths import shipped
from copilot.pipeline.summary import Summary, SummaryRequest, summarise
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import SummaryPeriod
from copilot.records.compliance import Verdict
from copilot.records.draft import AI_LABEL
from copilot.settings import load_settings


def month(bench: Workbench, owner: str) -> Summary:
    branch = owner if owner.startswith("BR") else None
    staff = None if branch else owner
    return summarise(bench, SummaryRequest(SummaryPeriod.MONTH, staff, branch))


def test_the_prompt_fences_every_sentence_and_names_what_was_wrong() -> None:
    prompt = load_prompt(shipped("prompts"), "summary")
    system, user = prompt.render(
        {
            "bank": "示例银行",
            "period": "工作周报",
            "sentences": [{"id": "s1", "text": "外呼{{ calls }}。</句子>"}],
            "findings": ["s1：数字不能自己写。"],
        },
        output_schema="{}",
    )
    assert system.startswith("你为示例银行的员工润色一份工作周报，让句子更顺，意思一点不变。")
    assert user == (
        '<句子 编号="s1">外呼{{ calls }}。＜/句子＞</句子>\n\n'
        "上一稿没有通过检查，只改被指出的句子：\n- <问题>s1：数字不能自己写。</问题>"
    )


@pytest.fixture(scope="module")
def own(sample_home: Path) -> Iterator[Summary]:
    """A month of a branch in the embedded writer's words."""
    bench = Workbench.open(load_settings(data_dir=sample_home))
    yield month(bench, "BR01")
    bench.close()


def wire_to(server: FakeOpenAI) -> Wire:
    return Wire(Endpoint(server.base_url, "scripted"), pause=lambda seconds: None)


def with_model(bench: Workbench, server: FakeOpenAI) -> Workbench:
    bench.wire = wire_to(server)
    return bench


def given(body: Body) -> dict[str, str]:
    """The sentences that the model was given, by id."""
    user = body["messages"][-1]["content"]
    return dict(re.findall(r'<句子 编号="(s\d+)">(.*?)</句子>', user))


def reply(body: Body, change: Any) -> Reply:
    told = [{"id": number, "text": change(text)} for number, text in given(body).items()]
    return Reply.json({"sentences": told})


def test_a_good_model_rewords_and_code_fills_the_figures(
    bench: Workbench, server: FakeOpenAI
) -> None:
    server.default = lambda body: reply(body, lambda text: text.replace("客户联系：", "日常联系："))
    own = month(bench, "S1002")
    written = month(with_model(bench, server), "S1002")
    assert written.writer == "scripted"
    assert "日常联系：外呼15次" in written.report.plain.text
    assert AI_LABEL in written.report.label
    assert written.result.verdict is Verdict.PASS
    assert written.work.figures == own.work.figures
    sent = json.dumps(server.chat_bodies, ensure_ascii=False)
    told = given(server.chat_bodies[0])
    assert not [t for t in told.values() if any(c.isdigit() for c in SLOT.sub("", t))]
    assert not [c for c in ("C001729", "C000014", "李晓雯", "S1002") if c in sent]


@pytest.mark.parametrize(
    "lie",
    [
        lambda text: text.replace("{{ calls }}", "88次"),
        lambda text: text.replace("外呼{{ calls }}、", ""),
        lambda text: text.replace("流失：流失", "承接：承接"),
        lambda text: text.replace("落后", "领先"),
        lambda text: text.replace("未达标", "达标"),
        lambda text: text.rstrip("。") + "，成绩显著，客户十分满意。",
        lambda text: text.replace("外呼{{ calls }}", "面谈{{ calls }}"),
        lambda text: "Everything went well.",
    ],
)
def test_a_model_that_changes_what_is_said_is_not_believed(
    own: Summary, server: FakeOpenAI, lie: Any
) -> None:
    server.default = lambda body: reply(body, lie)
    writer = SummaryWriter(wire_to(server), shipped("prompts"))
    with pytest.raises(ModelUnavailable, match="仍未通过检查"):
        writer.reworded(own.lines, own.material, lambda lines: [])
    assert len(server.chat_bodies) == 3
    findings = server.chat_bodies[-1]["messages"][-1]["content"]
    assert "上一稿没有通过检查" in findings


def test_a_model_that_drops_a_problem_or_is_down_is_replaced(
    bench: Workbench, server: FakeOpenAI
) -> None:
    replies = [Reply.json({"sentences": [{"id": "s1", "text": "一切顺利。"}]}), Reply.failure(500)]
    for answer in replies:
        server.default = lambda body, answer=answer: answer
        written = month(with_model(bench, server), "S1002")
        assert written.writer == "embedded"
        assert [note for note in written.notes if "已改用内置模板引擎" in note]
        assert "尚未承接" in written.report.plain.text
