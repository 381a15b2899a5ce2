"""The shipped question set over the shipped knowledge: what it holds, and what search makes of it.

The floors are of the `test` half, on which nothing was set.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import knowledge_files as files
import pytest
from typer.testing import CliRunner

from copilot.cli.main import command_line
from copilot.errors import InputError
from copilot.knowledge.evaluation import Outcome, Question, summary
from copilot.knowledge.faq import faq_parts
from copilot.knowledge.lexical import Scope, index_in_memory
from copilot.knowledge.questions import DEV, TEST, half, question_files, read_questions
from copilot.knowledge.separation import separation
from copilot.pipeline.evaluation import ask_bank
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import PassageKind
from copilot.records.knowledge import Passage
from copilot.settings import load_settings
from copilot.store import Store

REPOSITORY = Path(__file__).resolve().parent.parent
QUESTIONS = Path(__file__).resolve().parent / "questions"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """The shipped knowledge, without any product records."""
    settings = load_settings(data_dir=tmp_path_factory.mktemp("库"))
    store = Store.create(settings)
    files.take_in(store, settings, REPOSITORY / "knowledge")
    yield Workbench(settings, store, files.EVERYONE, files.TODAY)
    store.close()


@pytest.fixture(scope="module")
def passages(bank: Workbench) -> list[Passage]:
    return list(bank.store.knowledge(files.EVERYONE).all_passages())


@pytest.fixture(scope="module")
def questions(passages: list[Passage]) -> list[Question]:
    return read_questions(question_files(QUESTIONS), passages)


@pytest.fixture(scope="module")
def outcomes(bank: Workbench, questions: list[Question]) -> list[Outcome]:
    held_out = [question for question in questions if half(question) == TEST]
    return list(ask_bank(bank, bank.settings, held_out, lambda *_: None))


def test_half_of_the_answerable_questions_are_hard_and_every_way_of_being_hard_is_there(
    questions: list[Question],
) -> None:
    answerable = [question for question in questions if question.gold]
    hard = Counter(question.hard for question in answerable if question.hard)
    assert len(answerable) >= 150
    assert hard.total() * 2 >= len(answerable)
    assert hard.keys() == {
        "comparison", "past_date", "rate_change", "abbreviation", "typo", "traditional"
    }  # fmt: skip
    assert min(hard.values()) >= 8


def test_sixty_questions_have_no_answer_for_four_reasons(questions: list[Question]) -> None:
    why = Counter(question.hard for question in questions if not question.gold)
    assert why.total() >= 60
    assert why.keys() == {"attribute", "other_bank", "no_version", "elsewhere"}


def test_no_question_is_a_phrasing_of_the_knowledge_itself(
    questions: list[Question], passages: list[Passage]
) -> None:
    phrasings = {
        phrasing.rstrip("？?")
        for passage in passages
        if passage.kind is PassageKind.FAQ
        for phrasing in (faq_parts(passage).question, *faq_parts(passage).variants)
    }
    assert not phrasings & {question.text.rstrip("？?") for question in questions}


def test_the_halves_are_parted_by_the_text_alone(questions: list[Question]) -> None:
    sizes = Counter(map(half, questions))
    assert min(sizes[DEV], sizes[TEST]) >= 0.4 * len(questions)


def test_the_answer_to_a_past_date_is_the_version_of_that_date(
    questions: list[Question], passages: list[Passage]
) -> None:
    by_id = {passage.passage_id: passage for passage in passages}
    for question in questions:
        day = question.as_of or files.TODAY
        for ident in question.gold:
            passage = by_id[ident]
            assert passage.valid_from is None or passage.valid_from <= day, question.question_id
            assert passage.valid_to is None or day < passage.valid_to, question.question_id


def test_the_right_passage_is_found_for_most_questions_that_nothing_was_set_on(
    outcomes: list[Outcome],
) -> None:
    metrics = summary(outcomes)
    assert metrics["ndcg@10"].value >= 0.62
    assert metrics["recall@100"].value >= 0.85
    assert metrics["mrr@10"].value >= 0.68


def test_nothing_stale_is_shown_nothing_leaks_and_every_quote_is_literal(
    outcomes: list[Outcome],
) -> None:
    metrics = summary(outcomes)
    assert metrics["stale@5"].num == 0
    assert metrics["leak_rate"].num == 0
    assert metrics["quote_validity"].value == 1.0


def test_evidence_is_better_than_chance_at_telling_what_has_no_answer(
    outcomes: list[Outcome],
) -> None:
    curve = separation(outcomes)
    assert curve is not None
    assert curve.auc > 0.6
    kept = [share for _, share, _ in curve.curve]
    refused = [share for _, _, share in curve.curve]
    assert kept == sorted(kept, reverse=True)
    assert refused == sorted(refused)


def test_superseded_rates_would_be_shown_without_the_date_filter(
    passages: list[Passage], questions: list[Question]
) -> None:
    """The set can tell: it has questions whose best match is of another date."""
    from dataclasses import replace

    undated = index_in_memory(1, [replace(p, valid_from=None, valid_to=None) for p in passages])
    ends = {p.passage_id: p.valid_to for p in passages}
    stale = [
        question.question_id
        for question in questions
        if question.as_of is None
        for ident, _ in undated.ranked(set(question.text), Scope(files.TODAY), 5)
        if (end := ends[ident]) is not None and end <= files.TODAY
    ]
    assert len(stale) > 5


def test_a_passage_that_does_not_exist_is_named_with_what_does(
    tmp_path: Path, passages: list[Passage]
) -> None:
    path = tmp_path / "问题.yaml"
    path.write_text("- {id: a, text: 挂失, gold: [product/DEP-3Y#赎回]}\n", "utf-8")
    with pytest.raises(InputError, match="没有这个段落") as error:
        read_questions([path], passages)
    assert error.value.row == 1
    assert "产品概要" in error.value.next


def test_the_bank_s_own_knowledge_is_asked_when_the_set_is_yaml(
    bench: Workbench, tmp_path: Path
) -> None:
    folder = tmp_path / "本行问题"
    folder.mkdir()
    (folder / "a.yaml").write_text(
        "- {id: a, text: 卡丢了要先做什么, gold: [faq/servicing-card#servicing-card.lost]}\n"
        "- {id: b, text: 高铁退票手续费多少, why: elsewhere}\n",
        "utf-8",
    )
    home = ["--data-dir", str(bench.settings.data_dir), "--format", "json"]
    result = CliRunner().invoke(
        command_line(()), ["eval", "retrieval", "--set", str(folder), *home]
    )
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["n"] == 2
    assert document["metrics"]["ndcg@10"]["den"] == 1
    assert document["separation"]["unanswerable"] == 1
