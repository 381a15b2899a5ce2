"""Ranking: the same sums twice over, segments, fields, and the floors on public question sets."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import knowledge_files as files
import pytest

from copilot.knowledge import postings
from copilot.knowledge.lexical import MOST_SEGMENTS, IndexFolder, LexicalIndex, Scope
from copilot.knowledge.lexical import index_in_memory as in_memory
from copilot.knowledge.terms import terms
from copilot.pipeline.evaluation import evaluate_texts
from copilot.records.codes import PassageKind
from copilot.records.knowledge import Passage
from copilot.settings import Settings
from copilot.store import Store

SETS = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "retrieval"
SCOPE = Scope(files.TODAY)
WORDS = ("存款", "利率", "挂失", "补卡", "限额", "理财", "赎回", "国债", "提前", "支取", "到期")


def passage(name: str, text: str, heading: str = "") -> Passage:
    return Passage(name, name, 1, PassageKind.FAQ, heading, text, 0, len(text), "")


def papers(count: int) -> list[Passage]:
    chance = random.Random(7)
    return [
        passage(f"p{n}", "，".join(chance.choices(WORDS, k=chance.randint(2, 30))))
        for n in range(count)
    ]


def ranked(index: LexicalIndex, text: str, limit: int = 20) -> list[tuple[str, float]]:
    return index.ranked(terms(text), SCOPE, limit)


@pytest.mark.parametrize("question", ["国债提前支取", "挂失", "理财赎回限额和存款利率", "没有的字"])
@pytest.mark.parametrize("limit", [1, 10, 400])
def test_plain_python_and_numpy_agree_to_the_last_bit(
    monkeypatch: pytest.MonkeyPatch, question: str, limit: int
) -> None:
    index = in_memory(1, papers(300))
    monkeypatch.setattr(postings, "FEW", 10**9)
    plain = ranked(index, question, limit)
    monkeypatch.setattr(postings, "FEW", -1)
    assert ranked(index, question, limit) == plain


def test_equal_passages_come_in_the_order_of_their_ids() -> None:
    index = in_memory(1, [passage(name, "提前支取按活期计息") for name in ("c", "a", "b")])
    assert [name for name, _ in ranked(index, "提前支取", 2)] == ["a", "b"]


def test_a_word_of_the_title_counts_for_more_than_one_of_the_text() -> None:
    index = in_memory(
        1,
        [
            passage("titled", "费用以公示为准，请看手机银行页面", "积存金"),
            passage("told", "积存金费用以公示为准，请看手机银行", "页面"),
        ],
    )
    assert [name for name, _ in ranked(index, "积存金")] == ["titled", "told"]


@pytest.mark.parametrize(("asked", "written"), [("1.7%", "1.70%"), ("2个点", "2.00"), ("10", "10")])
def test_a_figure_is_found_however_many_zeros_it_ends_in(asked: str, written: str) -> None:
    assert terms(asked)[0] == terms(written)[0]
    assert terms("100") != terms("1")


def test_many_small_changes_are_gathered_before_they_slow_a_search(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path)
    current, gone = papers(60), list[str]()
    for revision in range(1, 2 * MOST_SEGMENTS):
        gone.append(current[revision].passage_id)
        current[revision] = replace(current[revision], passage_id=f"new{revision}")
        folder.build(revision, current)
        index = folder.open()
        assert index is not None
        ids = {p.passage_id for p in current}
        assert index.allowed([*ids, *gone], SCOPE) == ids
        assert ranked(index, "国债提前支取") == ranked(in_memory(1, current), "国债提前支取")
    assert index.can_grow()


def test_a_scope_limits_what_the_same_open_index_finds() -> None:
    day = date(2026, 10, 15)
    both = [
        replace(passage("old", "三年定存利率"), valid_to=day),
        replace(passage("new", "三年定存利率"), valid_from=day),
    ]
    index = in_memory(1, both)
    for as_of, name in ((files.TODAY, "new"), (date(2026, 10, 14), "old"), (day, "new")):
        assert [i for i, _ in index.ranked(terms("定存利率"), Scope(as_of), 5)] == [name]


def test_an_ingest_makes_readers_refresh_once_not_once_a_document(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = 0
    transaction = Store.transaction

    def counted(self: Store) -> object:
        nonlocal commits
        commits += 1
        return transaction(self)

    for number in range(40):
        path = tmp_path / f"办法{number}.txt"
        path.write_text(f"第一条 本办法规定第{number}项业务。", "utf-8")
    monkeypatch.setattr(Store, "transaction", counted)
    report = files.take_in(store, settings, tmp_path)
    assert [status for _, status, _ in report.files].count("added") == 40
    assert commits <= 5
    assert files.found("第7项业务", store, settings)[0] == "file/办法7.txt"


def set_folder(name: str) -> Path:
    folder = SETS / name
    if not folder.is_dir():
        pytest.skip(f"no question set at {folder}")
    return folder


def test_customer_questions_are_ranked_well_above_dictionary_words_and_fast(
    settings: Settings,
) -> None:
    report = evaluate_texts(set_folder("atec_antfin"), settings, files.TODAY, lambda *_: None)
    assert report.metrics["ndcg@10"].value >= 1.05 * 0.300  # BM25 over jieba words, measured
    assert report.metrics["ndcg@10"].den == 1000
    assert report.metrics["cpu_p50_ms"].value <= 15
    assert report.metrics["stale@5"].num == 0
    assert report.metrics["quote_validity"].value == 1.0


@pytest.mark.soak
def test_lay_questions_are_ranked_well_among_fifty_thousand_articles(settings: Settings) -> None:
    report = evaluate_texts(set_folder("stard_law"), settings, files.TODAY, lambda *_: None)
    assert report.metrics["ndcg@10"].value >= 1.05 * 0.371  # BM25 over jieba words, measured
    assert report.metrics["cpu_p50_ms"].value <= 120
