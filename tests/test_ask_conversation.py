"""Questions that lean on the one before, and products side by side."""

from __future__ import annotations

from datetime import timedelta

import pytest

from copilot.errors import InputError
from copilot.pipeline import ask_conversation
from copilot.pipeline.ask import answer
from copilot.pipeline.workbench import Workbench


def test_follow_up_questions_keep_their_subject(bench: Workbench) -> None:
    def asked(question: str) -> str:
        return answer(bench, question, conversation="keeps").answer

    assert "1.45%" in asked("三年定存多少")
    assert "（DEP-2Y）年利率1.20%" in asked("那两年的呢？")
    assert "（DEP-2Y）的起点金额是50元" in asked("起点多少？")
    assert "（DEP-2Y）：存期内可以提前支取" in asked("能提前取吗？")
    other = asked("换成大额存单呢")
    assert "（CD-3Y）" in other
    assert "（DEP-" not in other


def test_a_follow_up_for_something_else_is_not_answered_with_the_figure_before(
    bench: Workbench,
) -> None:
    answer(bench, "沪深300指数基金费率多少", conversation="else")

    found = answer(bench, "今天涨了没", conversation="else")

    assert found.refused
    assert "申购费" not in found.answer


def test_a_new_subject_is_not_dragged_along(bench: Workbench) -> None:
    answer(bench, "三年定存多少", conversation="new")

    found = answer(bench, "卡丢了怎么办", conversation="new")

    assert "先挂失" in found.answer
    assert not found.understood


def test_an_ambiguous_follow_up_asks_which_product(bench: Workbench) -> None:
    answer(bench, "理财起点多少", conversation="which")

    found = answer(bench, "费用呢", conversation="which")

    assert found.refused
    assert "您问的是哪一款？" in found.answer
    assert "WMP-" in found.answer


def test_without_a_subject_the_question_goes_back(bench: Workbench) -> None:
    found = answer(bench, "起点多少", conversation="empty")

    assert found.refused
    assert "还没有说到产品，或者已经过期" in found.answer


def test_nobody_else_carries_on_a_conversation(bench: Workbench, lobby: Workbench) -> None:
    answer(bench, "三年定存多少", conversation="mine")

    assert answer(lobby, "起点多少", conversation="mine").refused
    kept = lobby.store.conversations(lobby.principal)
    assert kept.subject("mine", within=timedelta(days=1)) != bench.store.conversations(
        bench.principal
    ).subject("mine", within=timedelta(days=1))


def test_a_conversation_ends_when_it_has_rested(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(bench, "三年定存多少", conversation="old")
    monkeypatch.setattr(ask_conversation, "LASTS", timedelta(seconds=-1))

    assert answer(bench, "起点多少", conversation="old").refused


def test_what_was_carried_on_stands_in_the_evidence(bench: Workbench) -> None:
    answer(bench, "三年定存多少", conversation="proof")
    found = answer(bench, "起点多少", conversation="proof")

    kept = bench.store.drafts(bench.principal).get(found.draft_id)["evidence"]
    assert kept["conversation"] == "proof"
    assert kept["carried"]["codes"] == ["DEP-3Y"]
    assert bench.store.audit.verify().ok


def test_the_name_of_a_conversation_is_checked(bench: Workbench) -> None:
    with pytest.raises(InputError) as error:
        answer(bench, "三年定存多少", conversation="../x")
    assert error.value.field == "conversation"


@pytest.mark.parametrize(
    ("question", "codes"),
    [
        ("三年定期和三年大额存单有什么区别", ["CD-3Y", "DEP-3Y"]),
        ("季享和月享怎么选", ["WMP-MH30", "WMP-MH90"]),
    ],
)
def test_products_are_compared_by_code_without_a_ranking(
    bench: Workbench, question: str, codes: list[str]
) -> None:
    found = answer(bench, question)

    assert not found.refused
    assert [column["product_code"] for column in found.table["columns"]] == codes
    assert "不按收益高低排序" in found.answer
    assert "更高" not in found.answer
    assert all(len(row["values"]) == len(codes) for row in found.table["rows"])
    assert all(found.answer[f.start : f.end] == f.text for f in found.figures)
    assert found.as_json()["table"]["caveat"]


def test_a_comparison_states_the_records(bench: Workbench) -> None:
    table = answer(bench, "三年定期和三年大额存单有什么区别").table

    rows = {row["name"]: row["values"] for row in table["rows"]}
    assert rows["起点金额"] == ["20万元", "50元"]
    assert rows["期限"] == ["3年", "3年"]
