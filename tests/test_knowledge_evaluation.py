"""Evaluation: metrics over a question set, and the floor that retrieval must hold."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import knowledge_files as files
import pytest

from copilot.errors import InputError
from copilot.knowledge.evaluation import evaluate, read_set
from copilot.knowledge.lexical import Scope, index_in_memory
from copilot.knowledge.terms import terms

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "retrieval"


def write_set(folder: Path, **rows: list[dict[str, object]]) -> Path:
    folder.mkdir()
    for name, lines in rows.items():
        text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def test_metrics_say_over_how_many_questions_and_how_sure(tmp_path: Path) -> None:
    folder = write_set(
        tmp_path / "set",
        corpus=[{"id": "a", "text": "提前支取"}, {"id": "b", "text": "挂失补卡"}],
        queries=[{"id": "1", "text": "支取"}, {"id": "2", "text": "补卡"}],
        qrels=[{"qid": "1", "did": "a", "rel": 1}, {"qid": "2", "did": "b", "rel": 1}],
    )
    questions = read_set(folder)
    metrics = evaluate(lambda _text: ["a", "b"], questions)
    assert metrics["p@1"].as_json() == {"value": 0.5, "num": 1.0, "den": 2, "low": 0.0, "high": 1.0}
    assert metrics["recall@10"].value == 1.0
    assert metrics["ndcg@10"].value == pytest.approx((1 + 0.6309) / 2, abs=1e-3)


def test_a_line_that_is_not_of_the_format_is_named(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", corpus=[{"id": "a", "text": "x"}, {"id": "b"}])
    with pytest.raises(InputError) as error:
        read_set(folder)
    assert error.value.row == 2
    with pytest.raises(InputError, match="缺少 corpus"):
        read_set(tmp_path)


def test_ranking_holds_the_measured_floor_on_unseen_customer_questions() -> None:
    folder = SHARED / "atec_antfin"
    if not folder.is_dir():
        pytest.skip(f"no question set at {folder}")
    questions = read_set(folder)
    index = index_in_memory(1, questions.passages())
    scope = Scope(files.TODAY)
    metrics = evaluate(
        lambda text: [i for i, _ in index.ranked(terms(text), scope, 100)], questions
    )
    assert metrics["ndcg@10"].value >= 1.05 * 0.300  # BM25 over jieba words, measured
    assert metrics["ndcg@10"].n == 1000
