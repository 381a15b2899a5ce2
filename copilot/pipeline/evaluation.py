"""Evaluation of retrieval: a set with its own texts, or questions to the bank's own knowledge.

    corpus.jsonl …  ─▶ a throw-away lexical index, ranked as search ranks
    *.yaml          ─▶ the bank's knowledge as it is, through search itself

Only the second knows questions that nothing answers, so only it has the separation curve; with an
embedding endpoint it also records whether vectors help, which search follows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import InputError
from copilot.knowledge import quotes
from copilot.knowledge.evaluation import (
    DEEPEST,
    Metric,
    Outcome,
    Question,
    QuestionSet,
    mean,
    ndcg,
    read_set,
    summary,
)
from copilot.knowledge.lexical import IndexFolder, LexicalIndex, Scope
from copilot.knowledge.separation import Separation, separation
from copilot.knowledge.snippets import CLOSE, OPEN, telling_sentence
from copilot.knowledge.synonyms import SYNONYMS_FILE, Synonyms, query_terms, read_synonyms
from copilot.pipeline.product_search import search_with_records
from copilot.records.codes import Audience
from copilot.records.knowledge import Citation, Hit, Passage, SearchQuery
from copilot.records.progress import Progress
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.settings import Settings


_ASKING = "逐题检索"


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What an evaluation found; ``misses`` have no answer among the first ten."""

    suite: str
    questions: int
    metrics: Mapping[str, Metric]
    misses: Sequence[Mapping[str, Any]]
    separation: Separation | None = None
    notes: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot eval``."""
        document = {
            "suite": self.suite,
            "n": self.questions,
            "metrics": {name: metric.as_json() for name, metric in self.metrics.items()},
            "misses": list(self.misses),
        }
        if self.separation is not None:
            document["separation"] = self.separation.as_json()
        return document | ({"notes": list(self.notes)} if self.notes else {})


def evaluate_texts(
    folder: Path, settings: Settings, as_of: date, progress: Progress
) -> EvaluationReport:
    """Evaluates a set that brings its own texts, in an index that is thrown away.

    Raises:
        InputError: the set is not of the format; names file and line.
    """
    questions = read_set(folder)
    synonyms = read_synonyms(settings.knowledge_dir / SYNONYMS_FILE)
    with tempfile.TemporaryDirectory() as aside:
        index_folder = IndexFolder(Path(aside))
        progress("建立索引", 0, 1)
        index_folder.build(1, questions.passages.values())
        index = index_folder.open()
        if index is None:
            raise InputError(
                "这个问题集建不出索引。", file=str(folder), next="请核对 corpus 文件。"
            )
        outcomes = list(_ask_index(index, questions, synonyms, as_of, progress))
        index_folder.forget()
    return _report(outcomes)


def evaluate_bank(bench: Workbench, files: Sequence[Path], progress: Progress) -> EvaluationReport:
    """Asks the bank's own knowledge the questions of YAML files.

    Raises:
        InputError: a file breaks its schema, or names a passage that does not exist.
    """
    from copilot.knowledge.questions import read_questions

    knowledge = bench.store.knowledge(Principal.operator())
    questions = read_questions(files, knowledge.all_passages())
    outcomes = list(ask_bank(bench, bench.settings, questions, progress))
    report = _report(outcomes)
    report = replace(report, separation=separation(outcomes))
    if bench.settings.embeddings_configured:
        return replace(report, notes=(_compare_dense(bench, files, questions, progress),))
    return report


def _ask_index(
    index: LexicalIndex,
    asked: QuestionSet,
    synonyms: Synonyms,
    today: date,
    progress: Progress,
) -> Iterator[Outcome]:
    for number, question in enumerate(asked.questions, start=1):
        progress(_ASKING, number, len(asked.questions))
        scope = Scope(
            as_of=question.as_of or today,
            audience=question.audience,
            kind=question.kind,
            branches=question.branches,
        )
        watch = _Watch()
        wanted = query_terms(question.text, synonyms)
        ranked = index.ranked(wanted.weighted(), scope, DEEPEST)
        seconds, cpu_seconds = watch.read()
        found = [asked.passages[passage_id] for passage_id, _ in ranked]
        quoted = None
        if found:
            start, end = telling_sentence(found[0].text, wanted, index.weights(wanted.own))
            quoted = _literal(found[0], found[0].text[start:end].strip(), scope)
        yield Outcome(
            question,
            tuple(passage.passage_id for passage in found),
            seconds,
            cpu_seconds,
            stale=any(not passage.valid_on(scope.as_of) for passage in found[:5]),
            leaked=sum(not _may_see(passage, question) for passage in found),
            quoted=quoted,
        )


def ask_bank(
    bench: Workbench, settings: Settings, questions: Sequence[Question], progress: Progress
) -> Iterator[Outcome]:
    """Asks the bank's knowledge each question through search, as its readers do."""
    for number, question in enumerate(questions, start=1):
        progress(_ASKING, number, len(questions))
        query = SearchQuery(
            text=question.text,
            as_of=question.as_of or bench.as_of,
            k=DEEPEST,
            kind=question.kind,
            audience=question.audience,
            branches=question.branches,
        )
        watch = _Watch()
        hits = search_with_records(query, bench, settings).hits
        seconds, cpu_seconds = watch.read()
        found = [hit.passage for hit in hits]
        yield Outcome(
            question,
            tuple(passage.passage_id for passage in found),
            seconds,
            cpu_seconds,
            stale=any(not passage.valid_on(query.as_of) for passage in found[:5]),
            leaked=sum(not _may_see(passage, question) for passage in found),
            quoted=_shown_literally(hits[0], query) if hits else None,
            coverage=max((hit.coverage for hit in hits[:10]), default=0.0),
            evidence=max((hit.evidence for hit in hits[:10]), default=0.0),
        )


class _Watch:
    """The clock and the processor since it was made: on a busy machine they differ."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Seconds of the clock and of the processor."""
        clock, processor = self._started
        return time.perf_counter() - clock, time.process_time() - processor


def _shown_literally(hit: Hit, query: SearchQuery) -> bool:
    """Whether the sentence that a hit marks stands in its passage, white space aside."""
    marked = hit.snippet.partition(OPEN)[2].partition(CLOSE)[0] or hit.snippet
    literal = "".join(marked.split()) in "".join(hit.passage.text.split())
    return literal and hit.passage.valid_on(query.as_of)


def _literal(passage: Passage, quote: str, scope: Scope) -> bool:
    if len(quote) < quotes.SHORTEST_QUOTE:
        quote = passage.text  # a text shorter than a quote may be is its own quote
    citation = Citation(quote, passage.passage_id, quote)
    found = quotes.problems(citation, passage, as_of=scope.as_of, audience=scope.audience)
    return not found or len(passage.text.strip()) < quotes.SHORTEST_QUOTE


def _may_see(passage: Passage, question: Question) -> bool:
    own = question.branches is None or not passage.branches
    return (own or bool(question.branches and question.branches & {*passage.branches})) and (
        question.audience is Audience.INTERNAL or passage.audience is Audience.CUSTOMER
    )


def _report(outcomes: Sequence[Outcome]) -> EvaluationReport:
    misses = [
        {
            "id": outcome.question.question_id,
            "text": outcome.question.text,
            "wanted": sorted(outcome.question.gold),
            "found": list(outcome.found[:3]),
            **({"hard": outcome.question.hard} if outcome.question.hard else {}),
        }
        for outcome in outcomes
        if outcome.question.gold and not outcome.question.gold.keys() & {*outcome.found[:10]}
    ]
    return EvaluationReport("retrieval", len(outcomes), summary(outcomes), misses)


def _compare_dense(
    bench: Workbench, files: Sequence[Path], questions: Sequence[Question], progress: Progress
) -> str:
    """Records whether vectors help on these questions, and says so."""
    from copilot.knowledge.dense import DenseGain, record_gain

    answerable = [question for question in questions if question.gold]
    without, fused = (
        [
            ndcg(outcome.found, outcome.question.gold, 10)
            for outcome in ask_bank(
                bench, bench.settings.model_copy(update={"dense": mode}), answerable, progress
            )
        ]
        for mode in ("off", "on")
    )
    difference = mean([more - less for more, less in zip(fused, without, strict=True)])
    gain = DenseGain(
        model=str(bench.settings.embedding_model),
        question_set=files[0].parent.name if files else "",
        metric="ndcg@10",
        lexical=mean(without).value,
        fused=mean(fused).value,
        low=difference.low or 0.0,
        high=difference.high or 0.0,
        questions=len(answerable),
    )
    with bench.store.writer_lock():
        record_gain(bench.store, gain, bench.principal)
    verdict = "有提升，检索将使用向量" if gain.helps else "没有可靠的提升，检索仍只按字面"
    return (
        f"向量模型 {gain.model}：nDCG@10 {gain.lexical:.3f} → {gain.fused:.3f}"
        f"（差 95% 区间 {gain.low:+.3f} 至 {gain.high:+.3f}），{verdict}。"
    )
