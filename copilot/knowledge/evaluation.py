"""How well a ranking answers a question set: corpus, queries and judgements as JSON lines.

A set is a folder with ``corpus.jsonl`` ({id, text}), ``queries.jsonl`` ({id, text}) and
``qrels.jsonl`` ({qid, did, rel}), each optionally ``.gz``.
"""

from __future__ import annotations

import gzip
import json
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copilot.errors import InputError
from copilot.records.codes import PassageKind
from copilot.records.knowledge import Passage

RESAMPLES = 1000
_SEED = 20261120

Ranking = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Texts to search, questions, and which texts answer each (document id → gain)."""

    name: str
    corpus: Mapping[str, str]
    questions: Mapping[str, str]
    gold: Mapping[str, Mapping[str, int]]

    def passages(self) -> Iterator[Passage]:
        """The corpus as passages without scope or dates."""
        for document, text in self.corpus.items():
            kind = PassageKind.FAQ
            yield Passage(document, document, 1, kind, "", text, 0, len(text), document)


@dataclass(frozen=True, slots=True)
class Metric:
    """A mean over questions with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int

    def as_json(self) -> dict[str, float]:
        """The metric as ``copilot eval`` prints it; ``num`` is the sum over questions."""
        num = round(self.value * self.n, 4)
        return {"value": round(self.value, 4), "num": num, "den": self.n,
                "low": round(self.low, 4), "high": round(self.high, 4)}  # fmt: skip


def read_set(folder: Path) -> QuestionSet:
    """Reads a question set.

    Raises:
        InputError: a file is missing or a line is not of the format; names file and line.
    """
    corpus = {row["id"]: row["text"] for row in _rows(folder, "corpus", ("id", "text"))}
    questions = {row["id"]: row["text"] for row in _rows(folder, "queries", ("id", "text"))}
    gold: dict[str, dict[str, int]] = {}
    for row in _rows(folder, "qrels", ("qid", "did")):
        if row.get("rel", 1) > 0:
            gold.setdefault(row["qid"], {})[row["did"]] = int(row.get("rel", 1))
    return QuestionSet(folder.name, corpus, {q: questions[q] for q in gold if q in questions}, gold)


def evaluate(ranking: Ranking, questions: QuestionSet) -> dict[str, Metric]:
    """nDCG@10, recall@10 and @100, and precision at 1 of a ranking over a set."""
    scores: dict[str, list[float]] = {"ndcg@10": [], "recall@10": [], "recall@100": [], "p@1": []}
    for question, text in questions.questions.items():
        gold = questions.gold[question]
        found = list(ranking(text))[:100]
        scores["ndcg@10"].append(ndcg(found, gold, 10))
        scores["recall@10"].append(len(gold.keys() & set(found[:10])) / len(gold))
        scores["recall@100"].append(len(gold.keys() & set(found)) / len(gold))
        scores["p@1"].append(float(bool(found) and found[0] in gold))
    return {name: _metric(values) for name, values in scores.items()}


def ndcg(found: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """Normalised discounted cumulative gain of the first ``k``.

    >>> ndcg(["b", "a"], {"a": 1}, 10)
    0.6309297535714575
    """
    gains = [gold.get(document, 0) for document in found[:k]]
    ideal = sorted(gold.values(), reverse=True)[:k]
    return _dcg(gains) / _dcg(ideal)


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _metric(values: list[float]) -> Metric:
    if not values:
        return Metric(0.0, 0.0, 0.0, 0)
    chance = random.Random(_SEED)
    n = len(values)
    means = sorted(sum(chance.choices(values, k=n)) / n for _ in range(RESAMPLES))
    return Metric(
        sum(values) / n, means[round(RESAMPLES * 0.025)], means[round(RESAMPLES * 0.975) - 1], n
    )


def _rows(folder: Path, name: str, keys: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    path = folder / f"{name}.jsonl"
    packed = folder / f"{name}.jsonl.gz"
    if not path.is_file() and not packed.is_file():
        raise InputError(
            f"问题集缺少 {name}.jsonl",
            file=str(path),
            next="需要 corpus、queries、qrels 三个文件。",
        )
    with path.open("rb") if path.is_file() else gzip.open(packed, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _row(line, keys, path, number)


def _row(line: bytes, keys: tuple[str, ...], path: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
        missing = [key for key in keys if key not in row]
    except (ValueError, TypeError):
        missing = list(keys)
    if missing:
        raise InputError(
            f"这一行缺少 {'、'.join(missing)}。",
            file=str(path),
            row=number,
            next="每行是一个 JSON 对象。",
        )
    return dict(row)
