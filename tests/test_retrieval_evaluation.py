"""Evaluation: what `copilot eval retrieval` says of a ranking, and over how many questions."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from copilot.cli.main import command_line
from copilot.errors import InputError
from copilot.knowledge.evaluation import Outcome, Question, read_set, summary
from copilot.knowledge.separation import separation

CORPUS = [
    {"id": "new", "text": "三年期整存整取年利率1.45%。", "kind": "product",
     "valid_from": "2026-10-15"},
    {"id": "old", "text": "三年期整存整取年利率1.55%。", "kind": "product",
     "valid_from": "2026-03-01", "valid_to": "2026-10-15"},
    {"id": "inside", "text": "客户嫌三年期整存整取利率低时的内部话术。", "kind": "script",
     "audience": "internal"},
    {"id": "river", "text": "滨江支行三年期整存整取预约办法。", "branches": ["BR02"]},
    {"id": "card", "text": "卡丢了请马上挂失，再补卡。"},
]  # fmt: skip
QUERIES = [
    {"id": "q1", "text": "三年期整存整取利率", "as_of": "2026-11-20", "branches": ["BR01"]},
    {"id": "q2", "text": "三年期整存整取利率", "as_of": "2026-06-01", "audience": "customer"},
    {"id": "q3", "text": "卡不见了", "as_of": "2026-11-20"},
]
QRELS = [{"qid": "q1", "did": "new", "rel": 1}, {"qid": "q2", "did": "old", "rel": 1},
         {"qid": "q3", "did": "card", "rel": 1}]  # fmt: skip


def write_set(folder: Path, **rows: list[dict[str, Any]]) -> Path:
    folder.mkdir()
    for name, lines in rows.items():
        text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def evaluated(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(
        command_line(()), ["eval", "retrieval", "--set", str(folder), "--format", "json", *more]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_set(tmp_path / "集", corpus=CORPUS, queries=QUERIES, qrels=QRELS)


def test_the_command_prints_the_documented_fields(folder: Path) -> None:
    document = json.loads(evaluated(folder).stdout)
    assert (document["suite"], document["n"], document["misses"]) == ("retrieval", 3, [])
    assert document["metrics"].keys() >= {
        "ndcg@10", "recall@10", "recall@100", "mrr@10", "p@1", "stale@5", "leak_rate",
        "quote_validity", "latency_p50_ms", "latency_p95_ms",
    }  # fmt: skip
    for metric in document["metrics"].values():
        assert metric.keys() >= {"value", "num", "den"}
    assert document["metrics"]["p@1"]["value"] == 1.0
    assert document["metrics"]["p@1"]["low"] <= 1.0


def test_nothing_stale_or_forbidden_is_ranked_and_every_quote_is_literal(folder: Path) -> None:
    metrics = json.loads(evaluated(folder).stdout)["metrics"]
    assert metrics["stale@5"]["num"] == metrics["leak_rate"]["num"] == 0
    # q1 finds the new rate and the script but not BR02's paper; q2, a customer's, no script.
    assert metrics["leak_rate"]["den"] == 2 + 2 + 1
    assert metrics["quote_validity"] | {"low": 0} == {
        "value": 1.0, "num": 3, "den": 3, "low": 0, "high": 1.0
    }  # fmt: skip


def test_a_stale_and_a_leaked_hit_are_counted() -> None:
    outcome = Outcome(Question("q", "t", {"a": 1}), ("a", "b"), 0.1, 0.1, True, 1, quoted=False)
    metrics = summary([outcome])
    assert metrics["stale@5"].value == 1.0
    assert (metrics["leak_rate"].num, metrics["leak_rate"].den) == (1, 2)
    assert metrics["quote_validity"].value == 0.0


def test_metrics_say_over_how_many_questions_and_how_sure() -> None:
    outcomes = [
        Outcome(Question("1", "支取", {"a": 1}), ("a", "b"), 0.010, 0.004),
        Outcome(Question("2", "补卡", {"b": 1}), ("a", "b"), 0.030, 0.008),
    ]
    metrics = summary(outcomes)
    assert metrics["p@1"].as_json() == {"value": 0.5, "num": 1, "den": 2, "low": 0.0, "high": 1.0}
    assert metrics["recall@10"].value == 1.0
    assert metrics["mrr@10"].value == 0.75
    assert metrics["ndcg@10"].value == pytest.approx((1 + 0.6309) / 2, abs=1e-3)
    assert metrics["latency_p95_ms"].value == pytest.approx(30)
    assert metrics["cpu_p95_ms"].value == pytest.approx(8)


def test_a_question_without_an_answer_in_the_first_ten_is_listed(tmp_path: Path) -> None:
    qrels = [{"qid": "q3", "did": "old"}]
    folder = write_set(tmp_path / "集", corpus=CORPUS, queries=QUERIES, qrels=qrels)
    (miss,) = json.loads(evaluated(folder).stdout)["misses"]
    assert (miss["id"], miss["wanted"], miss["found"]) == ("q3", ["old"], ["card"])


@pytest.mark.parametrize(
    ("broken", "row"),
    [
        ({"corpus": [{"id": "a", "text": "x"}, {"id": "b"}]}, 2),
        ({"corpus": [{"id": "a", "text": "x", "valid_from": "明天"}]}, 1),
        ({"queries": [{"id": "q3", "text": "x", "audience": "everyone"}]}, 1),
        ({"qrels": [{"qid": "q3", "did": "card"}, {"qid": "q3"}]}, 2),
    ],
)
def test_a_line_that_is_not_of_the_format_is_named(
    tmp_path: Path, broken: dict[str, Any], row: int
) -> None:
    rows = {"corpus": CORPUS, "queries": QUERIES, "qrels": QRELS} | broken
    folder = write_set(tmp_path / "集", **rows)
    with pytest.raises(InputError) as error:
        read_set(folder)
    assert error.value.row == row
    assert next(iter(broken)) in str(error.value.file)


def test_a_missing_or_cut_file_is_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="缺少 corpus"):
        read_set(tmp_path)
    whole = (folder / "queries.jsonl.gz").read_bytes()
    (folder / "queries.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="读不完"):
        read_set(folder)


def test_the_separation_curve_counts_both_kinds_at_every_floor() -> None:
    def outcome(gold: dict[str, int], evidence: float) -> Outcome:
        return Outcome(Question("q", "t", gold), (), 0.0, 0.0, evidence=evidence)

    answered = [outcome({"a": 1}, value) for value in (0.9, 0.6, 0.3)]
    unanswered = [outcome({}, value) for value in (0.4, 0.1)]
    curve = separation(answered + unanswered)
    assert curve is not None
    assert curve.auc == pytest.approx(5 / 6)
    assert {floor: rest for floor, *rest in curve.curve}[0.5] == [2 / 3, 1.0]
    assert separation(answered) is None
