"""What is measured on our side only: the sample knowledge, whole searches, chunks, cold starts."""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from retrieval_process import Peers, cold_seconds

from copilot.knowledge import search
from copilot.knowledge.evaluation import (
    Metric,
    Outcome,
    Question,
    QuestionSet,
    mean,
    ndcg,
    summary,
)
from copilot.knowledge.lexical import Scope, index_in_memory
from copilot.knowledge.plain import parse_plain
from copilot.knowledge.questions import half, question_files, read_questions
from copilot.knowledge.separation import Separation, separation
from copilot.knowledge.source import read_raw, source_of
from copilot.knowledge.synonyms import SYNONYMS_FILE, Synonyms, query_terms, read_synonyms
from copilot.pipeline.bank import bring_in
from copilot.pipeline.evaluation import ask_bank
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Audience, PassageKind
from copilot.records.knowledge import Document, Passage, SearchQuery
from copilot.records.staff import Principal
from copilot.settings import load_settings
from copilot.store import Store

TODAY = date(2026, 11, 20)
BUDGETS = (1000, 2000, 4000)
LAWS = 400
LAW_QUESTIONS = 600
_ARTICLE = re.compile(
    r"^(.+?)(第[一二三四五六七八九十百千零〇0-9]+条(?:之[一二三四五六七八九十]+)?)"
)


@dataclass
class BankFigures:
    """The question set over the sample knowledge, by half, and by what makes a question hard.

    ``separation`` is by evidence, ``covered`` by coverage alone.
    """

    halves: Mapping[str, Mapping[str, Metric]]
    hard: Mapping[str, Metric]
    separation: Mapping[str, Separation | None]
    covered: Mapping[str, Separation | None]
    undated_stale: Metric
    passages: int


def measure(knowledge: Path, folder: Path) -> BankFigures:
    """Asks the sample bank the shipped questions, as `copilot search` does."""
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(data_dir=Path(home))
        bring_in(settings, None, lambda *_: None)
        bench = Workbench.open(settings, as_of=TODAY)
        try:
            passages = list(bench.store.knowledge(Principal.operator()).all_passages())
            questions = read_questions(question_files(folder), passages)
            outcomes = list(ask_bank(bench, settings, questions, lambda *_: None))
        finally:
            bench.close()
    halves: dict[str, list[Outcome]] = defaultdict(list)
    hard: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        halves[half(outcome.question)].append(outcome)
        if outcome.question.gold and half(outcome.question) == "test":
            kind = outcome.question.hard or "ordinary"
            hard[kind].append(ndcg(outcome.found, outcome.question.gold, 10))
    return BankFigures(
        {name: summary(found) for name, found in halves.items()},
        {name: mean(values) for name, values in sorted(hard.items())},
        {name: separation(found) for name, found in halves.items()},
        {
            name: separation([replace(outcome, evidence=outcome.coverage) for outcome in found])
            for name, found in halves.items()
        },
        stale_without_dates(passages, questions, read_synonyms(knowledge / SYNONYMS_FILE)),
        len(passages),
    )


def stale_without_dates(
    passages: Iterable[Passage], questions: Iterable[Question], synonyms: Synonyms
) -> Metric:
    """How often one of the first five is not valid on the day when nothing asks for dates."""
    dated = {passage.passage_id: passage for passage in passages}
    index = index_in_memory(1, [replace(p, valid_from=None, valid_to=None) for p in dated.values()])
    stale = []
    for question in questions:
        day = question.as_of or TODAY
        wanted = query_terms(question.text, synonyms).weighted()
        found = [dated[ident] for ident, _ in index.ranked(wanted, Scope(day), 5)]
        stale.append(
            float(
                any(
                    (p.valid_from and p.valid_from > day) or (p.valid_to and p.valid_to <= day)
                    for p in found
                )
            )
        )
    return mean(stale)


def whole_search(questions: QuestionSet) -> tuple[float, float]:
    """A whole search at the size of a set: filters, ranking, the store read again, extracts.

    The middle of the clock and of the processor times, in milliseconds.
    """
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(data_dir=Path(home))
        store = Store.create(settings)
        try:
            document = Document(
                "set", 1, PassageKind.FAQ, "set", "set", "hash", audience=Audience.CUSTOMER
            )
            passages = [replace(p, document_id="set") for p in questions.passages.values()]
            knowledge = store.knowledge(Principal.operator())
            with store.transaction() as connection:
                knowledge.replace_document(connection, document, passages)
            clocks, processors = [], []
            for number, question in enumerate([questions.questions[0], *questions.questions]):
                started = time.perf_counter(), time.process_time()
                search(SearchQuery(question.text, TODAY), store, settings, Principal.operator())
                if number:  # the first one builds the index
                    clocks.append(time.perf_counter() - started[0])
                    processors.append(time.process_time() - started[1])
        finally:
            store.close()
    return statistics.median(clocks) * 1000, statistics.median(processors) * 1000


def coverage(questions: QuestionSet, peers: Peers) -> dict[str, dict[int, float]] | None:
    """By way of cutting and by budget, how much of the gold articles the best chunks hold.

    A gold article is held when nine tenths of its characters stand in what fits the budget. The
    laws are put together again from their articles and cut by our parser and by LangChain's
    splitter; both are ranked by our index.
    """
    laws = _laws(questions)
    of_article = {ident: name for name, parts in laws.items() for ident, _ in parts}
    asked = [q for q in questions.questions if all(ident in of_article for ident in q.gold)]
    asked = asked[:LAW_QUESTIONS]
    wanted = dict.fromkeys(of_article[ident] for q in asked for ident in q.gold)
    chosen = list(dict.fromkeys([*wanted, *laws]))[: max(LAWS, len(wanted))]
    texts, spans = {}, {}
    for name in chosen:
        texts[name] = "\n".join(text for _, text in laws[name])
        start = 0
        for ident, text in laws[name]:
            spans[ident] = (name, start, start + len(text))
            start += len(text) + 1
    reply = peers.ask({"split": list(texts.values()), "size": 500, "overlap": 50})
    cuts = {"按条切分，带法名（本项目）": dict(_our_chunks(texts))}
    if "chunks" in reply:
        names = list(texts)
        cuts["LangChain Recursive 500/50"] = {
            f"{names[law]}:{number}": (names[law], start, end, "")
            for law, chunks in enumerate(reply["chunks"])
            for number, (start, end) in enumerate(chunks)
        }
    return {name: _held(cut, texts, spans, asked) for name, cut in cuts.items()}


Chunk = tuple[str, int, int, str]


def _laws(questions: QuestionSet) -> dict[str, list[tuple[str, str]]]:
    """By law, its articles with the law's name taken off, as a file of it has them."""
    laws: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for ident, passage in questions.passages.items():
        if match := _ARTICLE.match(passage.text):
            laws[match[1]].append((ident, passage.text[len(match[1]) :]))
    return laws


def _our_chunks(texts: Mapping[str, str]) -> Iterator[tuple[str, Chunk]]:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            path = Path(folder) / f"{name[:60].replace('/', '_')}.txt"
            path.write_text(text, "utf-8")
            for number, passage in enumerate(parse_plain(source_of(read_raw(path))).passages):
                yield f"{name}:{number}", (name, passage.start, passage.end, passage.heading)
            path.unlink()


def _held(
    chunks: Mapping[str, Chunk],
    texts: Mapping[str, str],
    spans: Mapping[str, tuple[str, int, int]],
    asked: Sequence[Question],
) -> dict[int, float]:
    def passage(ident: str, chunk: Chunk) -> Passage:
        name, start, end, heading = chunk
        text = texts[name][start:end]
        return Passage(ident, ident, 1, PassageKind.REGULATION, heading, text, start, end, "")

    index = index_in_memory(1, [passage(ident, chunk) for ident, chunk in chunks.items()])
    held: dict[int, list[float]] = {budget: [] for budget in BUDGETS}
    for question in asked:
        ranked = index.ranked(query_terms(question.text, Synonyms()).weighted(), Scope(TODAY), 100)
        for budget in BUDGETS:
            shown = list(_shown([chunks[ident] for ident, _ in ranked], budget))
            held[budget] += [_whole(spans[ident], shown) for ident in question.gold]
    return {budget: statistics.fmean(values) for budget, values in held.items()}


def _shown(ranked: Iterable[Chunk], budget: int) -> Iterator[tuple[str, int, int]]:
    """The best chunks that fit whole; the title that stands over a chunk is paid for too."""
    for name, start, end, heading in ranked:
        cost = len(heading) + end - start
        if cost <= budget:
            budget -= cost
            yield name, start, end


def _whole(span: tuple[str, int, int], shown: Sequence[tuple[str, int, int]]) -> float:
    """Whether an article stands in the context, a stray tenth of it aside."""
    name, start, end = span
    there: set[int] = set()
    for law, first, last in shown:
        if law == name:
            there.update(range(max(start, first), min(end, last)))
    return float(len(there) >= 0.9 * (end - start))


def cold(data_dir: Path, peers: Path | None) -> dict[str, tuple[float, float]]:
    """Fresh processes: ours, the floor, and the import that a LangChain program begins with."""
    commands = {
        "copilot search": [sys.executable, "-c", "from copilot.cli.main import main; main()",
                           "search", "三年定存提前支取怎么算", "--data-dir", str(data_dir)],
        'python -c "import pydantic, yaml"': [sys.executable, "-c", "import pydantic, yaml"],
    }  # fmt: skip
    if peers is not None:
        commands['python -c "import langchain_chroma"'] = [
            str(peers), "-c", "import langchain_chroma"]  # fmt: skip
    return {name: cold_seconds(command) for name, command in commands.items()}
