"""How well a ranking answers a question set: corpus, questions and judgements as JSON lines.

A set is a folder with ``corpus.jsonl`` ({id, text}), ``queries.jsonl`` ({id, text}) and
``qrels.jsonl`` ({qid, did, rel}), each optionally ``.gz``. A text may have ``heading``, ``kind``,
``audience``, ``branches``, ``product_code``, ``valid_from`` and ``valid_to``; a question ``as_of``,
``audience``, ``branches`` and ``kind``. Whatever else a line has is not read.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from copilot.errors import InputError
from copilot.records.codes import Audience, PassageKind
from copilot.records.json_lines import json_lines
from copilot.records.knowledge import Passage

RESAMPLES = 1000
DEEPEST = 100
_SEED = 20261120


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the passages that answer it (id → gain); none of them: nothing does.

    ``hard`` names what makes it hard; ``as_of`` is the day it is asked for.
    """

    question_id: str
    text: str
    gold: Mapping[str, int]
    as_of: date | None = None
    audience: Audience = Audience.INTERNAL
    branches: frozenset[str] | None = None
    kind: PassageKind | None = None
    hard: str = ""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Passages to search and questions to ask of them."""

    name: str
    passages: Mapping[str, Passage]
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question.

    ``found`` are passage ids, best first; ``stale`` says whether one of the first five was not
    valid on the day, ``leaked`` how many of all were not for this reader; ``quoted`` whether the
    sentence marked in the best hit is literally there (``None``: nothing was found); ``coverage``
    and ``evidence`` are the most that one of the first ten has. Times are of the ranking, in
    seconds of the clock and of the processor.
    """

    question: Question
    found: tuple[str, ...]
    seconds: float
    cpu_seconds: float
    stale: bool = False
    leaked: int = 0
    quoted: bool | None = None
    coverage: float = 0.0
    evidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure over questions; means have their 95 % interval."""

    value: float
    num: float
    den: int
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, float]:
        """The metric as ``copilot eval`` prints it."""
        interval = {} if self.low is None else {"low": self.low, "high": self.high}
        document = {"value": self.value, "num": self.num, "den": self.den, **interval}
        return {name: round(value, 4) for name, value in document.items() if value is not None}


def summary(outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    """How well, how validly and how fast the questions of a set were answered."""
    answerable = [outcome for outcome in outcomes if outcome.question.gold]
    shown = sum(len(outcome.found) for outcome in outcomes)
    quoted = [outcome.quoted for outcome in outcomes if outcome.quoted is not None]
    return {
        "ndcg@10": mean([ndcg(o.found, o.question.gold, 10) for o in answerable]),
        "recall@10": mean([recall(o.found, o.question.gold, 10) for o in answerable]),
        "recall@100": mean([recall(o.found, o.question.gold, DEEPEST) for o in answerable]),
        "mrr@10": mean([reciprocal_rank(o.found, o.question.gold, 10) for o in answerable]),
        "p@1": mean([recall(o.found, o.question.gold, 1, whole=False) for o in answerable]),
        "stale@5": share(sum(outcome.stale for outcome in outcomes), len(outcomes)),
        "leak_rate": share(sum(outcome.leaked for outcome in outcomes), shown),
        "quote_validity": share(sum(quoted), len(quoted)),
        **_times("latency", [outcome.seconds for outcome in outcomes]),
        **_times("cpu", [outcome.cpu_seconds for outcome in outcomes]),
    }


def _times(name: str, seconds: Sequence[float]) -> dict[str, Metric]:
    """The middle and the slow end, in milliseconds; ``num`` is all of it together."""
    ordered = sorted(second * 1000 for second in seconds) or [0.0]
    return {
        f"{name}_p{percent}_ms": Metric(
            ordered[min(len(ordered) - 1, len(ordered) * percent // 100)],
            sum(ordered),
            len(seconds),
        )
        for percent in (50, 95)
    }


def mean(values: Sequence[float]) -> Metric:
    """A mean with its bootstrap interval."""
    if not values:
        return Metric(0.0, 0.0, 0)
    chance = random.Random(_SEED)
    n = len(values)
    means = sorted(sum(chance.choices(values, k=n)) / n for _ in range(RESAMPLES))
    low, high = means[round(RESAMPLES * 0.025)], means[round(RESAMPLES * 0.975) - 1]
    return Metric(sum(values) / n, sum(values), n, low, high)


def share(part: int, whole: int) -> Metric:
    """A share of a count, with its Wilson interval: it stays honest at none and at all."""
    if not whole:
        return Metric(0.0, 0, 0)
    z = 1.96
    rate, spread = part / whole, z * z / whole
    middle = (rate + spread / 2) / (1 + spread)
    half = z * math.sqrt(rate * (1 - rate) / whole + spread / whole / 4) / (1 + spread)
    return Metric(rate, part, whole, max(0.0, middle - half), min(1.0, middle + half))


def ndcg(found: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """Normalised discounted cumulative gain of the first ``k``.

    >>> ndcg(["b", "a"], {"a": 1}, 10)
    0.6309297535714575
    """
    gains = [gold.get(passage, 0) for passage in found[:k]]
    ideal = sorted(gold.values(), reverse=True)[:k]
    return _dcg(gains) / _dcg(ideal)


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def recall(found: Sequence[str], gold: Mapping[str, int], k: int, *, whole: bool = True) -> float:
    """The share of the answers among the first ``k``; else whether there is any.

    >>> recall(["a", "c"], {"a": 1, "b": 1}, 10), recall(["a"], {"a": 1, "b": 1}, 1, whole=False)
    (0.5, 1.0)
    """
    hits = len(gold.keys() & set(found[:k]))
    return hits / len(gold) if whole else float(hits > 0)


def reciprocal_rank(found: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """One over the rank of the first answer, zero when it is below ``k``.

    >>> reciprocal_rank(["x", "a"], {"a": 1}, 10)
    0.5
    """
    ranks = (rank for rank, passage in enumerate(found[:k], start=1) if passage in gold)
    return 1 / next(ranks, math.inf)


def read_set(folder: Path) -> QuestionSet:
    """Reads a question set; questions without judgements are left out.

    Raises:
        InputError: a file is missing or a line is not of the format; names file and line.
    """
    passages = {
        str(row["id"]): _read(row, _passage, where)
        for row, where in _rows(folder, "corpus", ("id", "text"))
    }
    questions = {
        str(row["id"]): (row, where) for row, where in _rows(folder, "queries", ("id", "text"))
    }
    gold: dict[str, dict[str, int]] = {}
    for row, where in _rows(folder, "qrels", ("qid", "did")):
        if (gain := int(_read(row, lambda r: int(r.get("rel", 1)), where))) > 0:
            gold.setdefault(str(row["qid"]), {})[str(row["did"])] = gain
    return QuestionSet(
        folder.resolve().name,
        passages,
        tuple(
            _read({**questions[name][0], "gold": gold[name]}, _question, questions[name][1])
            for name in gold
            if name in questions
        ),
    )


_Where = tuple[Path, int]


def _passage(row: Mapping[str, Any]) -> Passage:
    ident, text = str(row["id"]), str(row["text"])
    return Passage(
        passage_id=ident,
        document_id=ident,
        version=1,
        kind=PassageKind(row.get("kind", PassageKind.FAQ)),
        heading=str(row.get("heading", "")),
        text=text,
        start=0,
        end=len(text),
        citation=ident,
        audience=Audience(row.get("audience", Audience.CUSTOMER)),
        branches=tuple(row.get("branches", ())),
        product_code=row.get("product_code"),
        valid_from=_day(row.get("valid_from")),
        valid_to=_day(row.get("valid_to")),
    )


def _question(row: Mapping[str, Any]) -> Question:
    branches = row.get("branches")
    kind = row.get("kind")
    return Question(
        question_id=str(row["id"]),
        text=str(row["text"]),
        gold=row["gold"],
        as_of=_day(row.get("as_of")),
        audience=Audience(row.get("audience", Audience.INTERNAL)),
        branches=None if branches is None else frozenset(branches),
        kind=PassageKind(kind) if kind else None,
        hard=str(row.get("hard") or ""),
    )


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None


def _read(row: dict[str, Any], reader: Any, where: _Where) -> Any:
    try:
        return reader(row)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"这一行有无法识别的值：{error}",
            file=str(where[0]),
            row=where[1],
            next="日期写成 2026-11-20，资料种类和读者用 copilot search --help 列出的代码。",
        ) from None


def _rows(
    folder: Path, name: str, keys: tuple[str, ...]
) -> Iterator[tuple[dict[str, Any], _Where]]:
    path = folder / f"{name}.jsonl"
    packed = folder / f"{name}.jsonl.gz"
    if not path.is_file() and not packed.is_file():
        raise InputError(
            f"问题集缺少 {name}.jsonl",
            file=str(path),
            next="需要 corpus、queries、qrels 三个文件。",
        )
    path = path if path.is_file() else packed
    for number, row in json_lines(path):
        if missing := [key for key in keys if key not in row]:
            raise InputError(
                f"这一行缺少 {'、'.join(missing)}。",
                file=str(path),
                row=number,
                next="每行是一个 JSON 对象。",
            )
        yield row, (path, number)
