"""Retrieval side by side with other libraries, in one run on one machine.

    python benchmarks/retrieval.py --peers PEERS/bin/python [--write docs/retrieval.md]

``PEERS`` is an environment made from ``benchmarks/requirements.txt``; without it, or where a
library is missing, the report says "not installed". Every question goes to every system in turn,
so that a busy moment hits all of them; each times itself, by the clock and by its own processor
time. The question sets are not part of this repository: ``--sets DIR`` names their folder.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

import retrieval_bank
import retrieval_report
from retrieval_process import Peers, processor_seconds

from copilot.knowledge.evaluation import Metric, Question, QuestionSet, mean, ndcg, read_set
from copilot.knowledge.lexical import IndexFolder, LexicalIndex, Scope
from copilot.knowledge.synonyms import Synonyms, query_terms

ROOT = Path(__file__).resolve().parent.parent
SETS = ROOT.parent / "shared" / "data" / "retrieval"
TODAY = date(2026, 11, 20)
LARGE = 20_000
OURS = "copilot"
SYSTEMS = (
    "LangChain BM25",
    "LangChain BM25 + jieba",
    "LangChain Chroma LSA-512",
    "LangChain Ensemble",
    "LlamaIndex BM25",
    "Haystack BM25",
)
SLOW = frozenset({"Haystack BM25"})
"""Asked on small sets only."""


@dataclass
class Run:
    """One system's answers to a set; ``missing`` says why there are none."""

    missing: str = ""
    ndcg: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    def add(self, question: Question, found: Sequence[str], clock: float, cpu: float) -> None:
        """Takes one answer in."""
        self.ndcg.append(ndcg(found, question.gold, 10))
        self.seconds.append(clock)
        self.cpu_seconds.append(cpu)

    @property
    def quality(self) -> Metric:
        """nDCG@10 with its interval."""
        return mean(self.ndcg)

    @property
    def p50_ms(self) -> float:
        """The middle of the clock times."""
        return statistics.median(self.seconds) * 1000

    @property
    def cpu_ms(self) -> float:
        """The middle of the processor times."""
        return statistics.median(self.cpu_seconds) * 1000


@dataclass
class Comparison:
    """One set: every system's run, and what building our index cost in processor seconds."""

    name: str
    texts: int
    questions: int
    runs: Mapping[str, Run]
    build: float
    update: float
    whole_search: tuple[float, float] | None = None


def compare(questions: QuestionSet, peers: Peers) -> Comparison:
    """Asks every system every question, in turns."""
    ids = list(questions.passages)
    texts = [passage.text for passage in questions.passages.values()]
    runs = {OURS: Run()}
    for name in SYSTEMS:
        too_slow = name in SLOW and len(texts) > LARGE
        reply = {"missing": "not asked: too slow at this size"} if too_slow else peers.ask(
            {"build": name, "ids": ids, "texts": texts}
        )  # fmt: skip
        runs[name] = Run(missing=str(reply.get("missing", "")))
        print(f"  {name}: {runs[name].missing or 'built'}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        index, build, update = our_index(Path(folder), questions)
        for number, question in enumerate(questions.questions):
            clock, processor = time.perf_counter(), time.process_time()
            wanted = query_terms(question.text, Synonyms())
            ranked = index.ranked(wanted.weighted(), Scope(question.as_of or TODAY), 10)
            times = time.perf_counter() - clock, time.process_time() - processor
            runs[OURS].add(question, [ident for ident, _ in ranked], *times)
            order = [name for name in SYSTEMS if not runs[name].missing]
            random.Random(number).shuffle(order)
            for name in order:
                reply = peers.ask({"ask": name, "text": question.text})
                if "missing" in reply:
                    runs[name].missing = str(reply["missing"])
                else:
                    runs[name].add(question, reply["found"], reply["seconds"], reply["cpu_seconds"])
    small = len(texts) <= LARGE
    return Comparison(
        questions.name,
        len(texts),
        len(questions.questions),
        runs,
        build,
        update,
        retrieval_bank.whole_search(questions) if small else None,
    )


def our_index(folder: Path, questions: QuestionSet) -> tuple[LexicalIndex, float, float]:
    """Our index of a set, with the processor seconds of a full build and of 1 % changed."""
    home = IndexFolder(folder)
    passages = list(questions.passages.values())
    build = processor_seconds(lambda: home.build(1, passages))
    changed = [
        replace(passage, passage_id=f"{passage.passage_id}'") if number % 100 == 0 else passage
        for number, passage in enumerate(passages)
    ]
    update = processor_seconds(lambda: home.build(2, changed))
    home.build(3, passages)
    index = home.open()
    if index is None:
        raise SystemExit("the index could not be built")
    return index, build, update


def some(questions: QuestionSet, at_most: int) -> QuestionSet:
    """A fixed sample of the questions."""
    chosen = list(questions.questions)
    random.Random(20261120).shuffle(chosen)
    return replace(questions, questions=tuple(itertools.islice(chosen, at_most)))


def main() -> None:
    """Measures, prints the report, and writes it where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peers", type=Path, help="python of the peers' environment")
    parser.add_argument("--sets", type=Path, default=SETS)
    parser.add_argument("--questions", type=int, default=300, help="at most so many of a set")
    parser.add_argument("--large", type=int, default=100, help="the same above 20,000 texts")
    parser.add_argument("--data-dir", type=Path, help="an existing bank, for the cold search")
    parser.add_argument("--write", type=Path, help="where the report goes")
    given = parser.parse_args()
    sets = sorted(path for path in given.sets.glob("*") if path.is_dir())
    if not sets:
        print(f"no question sets under {given.sets}: give --sets DIR", file=sys.stderr)
    found = retrieval_report.Findings()
    for step in steps(given, sets):
        step(found)
        page = retrieval_report.report(found)
        if given.write:  # after every step, so that a long run that is cut off leaves something
            given.write.write_text(page, "utf-8")
    print(page)


def steps(
    given: argparse.Namespace, sets: Sequence[Path]
) -> Iterator[Callable[[retrieval_report.Findings], None]]:
    """What is measured, the quickest first."""

    def own(found: retrieval_report.Findings) -> None:
        found.bank = retrieval_bank.measure(ROOT / "knowledge", ROOT / "tests" / "questions")
        if given.data_dir:
            found.cold = retrieval_bank.cold(given.data_dir, given.peers)
        with Peers(given.peers) as peers:
            found.versions = peers.ask({"versions": True})

    def laws(found: retrieval_report.Findings) -> None:
        with Peers(given.peers) as peers:
            found.coverage = retrieval_bank.coverage(read_set(given.sets / "stard_law"), peers)

    def one(folder: Path, found: retrieval_report.Findings) -> None:
        whole = read_set(folder)
        limit = given.large if len(whole.passages) > LARGE else given.questions
        print(f"{folder.name}: {len(whole.passages):,} texts", file=sys.stderr, flush=True)
        with Peers(given.peers) as peers:
            found.comparisons.append(compare(some(whole, limit), peers))

    yield own
    yield from (partial(one, folder) for folder in sets)
    if given.sets / "stard_law" in sets:
        yield laws


if __name__ == "__main__":
    main()
