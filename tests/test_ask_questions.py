"""How questions are understood: days, slips of the keyboard, absent figures, sets of questions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from copilot.errors import InputError
from copilot.pipeline.ask import answer
from copilot.pipeline.ask_concepts import read_concepts
from copilot.pipeline.ask_evaluation import evaluate_questions, read_set
from copilot.pipeline.ask_knowledge import EVIDENCE
from copilot.pipeline.product_period import period
from copilot.pipeline.workbench import Workbench

HERE = Path(__file__).parent
SETS = HERE / "ask_questions"
TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("去年三年定存", date(2025, 1, 1), date(2025, 12, 31)),
        ("8月份存的", date(2026, 8, 1), date(2026, 8, 31)),
        ("上个月1号", date(2026, 10, 1), date(2026, 10, 1)),
        ("去年7月", date(2025, 7, 1), date(2025, 7, 31)),
        ("上上个季度", date(2026, 4, 1), date(2026, 6, 30)),
        ("今年春节的时候", date(2026, 2, 17), date(2026, 2, 17)),
        ("3年前", date(2023, 11, 21), date(2023, 11, 21)),
        ("3年期利率", TODAY, TODAY),
        ("季享什么时候可以赎", TODAY, TODAY),
    ],
)
def test_the_days_of_a_question_are_read(text: str, start: date, end: date) -> None:
    found = period(text, TODAY)

    assert (found.start, found.end) == (start, end)


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("上个月一号一年期定存挂牌多少", "1.25%"),
        ("今年五月的三年大额存单利率", "1.70%"),
        ("6月份消费贷利率区间", "3.30%"),
        ("启航180哪个网点有", "只在滨江支行（BR02）"),
        ("三年死期现在几个点", "1.45%"),
        ("日日存管快赎一天能取多少", "1万元"),
        ("挂试以后卡又找着了", "临时挂失"),
        ("ATM把我卡吃进去了不吐出来", "取出来"),
        ("睡眠戶要怎麼重新啟用", "核对身份"),
        ("退休金没到账", "社保部门"),
        ("美元现在多少利率", "2.60%"),
        ("国债没满半年取有利息吗", "持有时间短的没有利息"),
        ("七天通知存款要提前几天说", "提前七天通知"),
    ],
)
def test_lobby_words_slips_and_traditional_characters_are_understood(
    bench: Workbench, question: str, holds: str
) -> None:
    found = answer(bench, question)

    assert not found.refused
    assert holds in found.answer


@pytest.mark.parametrize(
    "question",
    [
        "补卡工本费多少",
        "五年大额存单利率",
        "美元活期利率多少",
        "启航540托管行是哪家",
        "月享最近一个月实际收益",
        "今年一月的三年定期多少",
        "公积金怎么提取",
        "股市明天咋样",
        "茅台能买吗",
        "美金定期起存要多少",
        "柜员一个月工资多少",
        "城东支行今天排队多少人",
        "存货是什么意思",
    ],
)
def test_an_absent_attribute_is_refused_however_alike_the_question(
    bench: Workbench, question: str
) -> None:
    found = answer(bench, question)

    assert found.refused
    assert not found.figures


@pytest.mark.parametrize(("name", "right", "refused"), [("third", 57, 56), ("fifth", 43, 39)])
def test_the_last_sets_keep_their_level(
    bench: Workbench, name: str, right: int, refused: int
) -> None:
    """Their first looks stand in their files and in docs/questions.md."""
    report = evaluate_questions(bench, [SETS / f"{name}.yaml"], lambda done, total: None)

    shares = report.at(EVIDENCE)
    assert shares["right"].count >= right
    assert shares["wrong"].count <= 1
    assert shares["refused"].count >= refused
    counts = [point["refused"]["count"] for point in report.as_json()["curve"]]
    assert counts == sorted(counts)


def test_questions_that_no_example_holds_are_answered_or_refused(bench: Workbench) -> None:
    paths = [SETS / "sixteenth.yaml", SETS / "seventeenth.yaml"]

    shares = evaluate_questions(bench, paths, lambda done, total: None).at(EVIDENCE)

    assert shares["right"].count >= 0.88 * shares["right"].total
    assert shares["wrong"].count <= 0.04 * shares["wrong"].total
    assert shares["refused"].count >= 0.92 * shares["refused"].total


def test_a_set_with_an_unknown_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "set.yaml"
    path.write_text("answerable: []\nunanswerable: []\nmore: 1\n", "utf-8")

    with pytest.raises(InputError):
        read_set(path)


def test_a_wrong_word_class_is_named(tmp_path: Path) -> None:
    (tmp_path / "concepts.yaml").write_text("things: {卡: ['(']}\nacts: {}\noutside: []\n", "utf-8")

    with pytest.raises(InputError) as error:
        read_concepts(tmp_path)
    assert "正则" in str(error.value)
