"""Retrieval side by side with other libraries, in one run on one machine.

    python benchmarks/retrieval.py --peers PEERS/bin/python [--write docs/retrieval.md]

``PEERS`` is an environment made from ``benchmarks/requirements.txt``; without it, or where a
library is missing, the report says "not installed". Every question goes to every system in turn,
so that a busy moment hits all of them; each times itself, by the clock and by its own processor
time, and lives in a process of limited memory and time. The question sets are not part of this
repository: ``--sets DIR`` names their folder.

On a machine with other work, ``--keep FILE`` lets the report be measured in pieces: each run
measures what ``--parts`` and ``--systems`` name and reports it with what the file has of before.
"""

from __future__ import annotations

import argparse
import itertools
import pickle
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
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
ENOUGH = 60.0
"""Seconds of processor time after which a system is asked no more questions of a set."""
PARTS = ("bank", "cold", "atec_antfin", "stard_law", "chunks")


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

    def over(self, questions: int) -> float:
        """nDCG@10 over the first so many questions, which a slower system was asked."""
        return statistics.fmean(self.ndcg[:questions])

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
    runs: dict[str, Run]
    build: float
    update: float
    whole_search: tuple[float, float] | None = None


def compare(questions: QuestionSet, peers: Peers, systems: Sequence[str]) -> Comparison:
    """Asks every system the questions, in turns."""
    ids = list(questions.passages)
    texts = [passage.text for passage in questions.passages.values()]
    runs = {OURS: Run()}
    for name in systems:
        reply = peers.ask({"build": name, "ids": ids, "texts": texts})
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
            order = [name for name in systems if not runs[name].missing]
            order = [name for name in order if sum(runs[name].cpu_seconds) < ENOUGH]
            random.Random(number).shuffle(order)
            for name in order:
                reply = peers.ask({"ask": name, "text": question.text})
                if "missing" in reply:
                    runs[name] = Run(missing=str(reply["missing"]))
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
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--systems", nargs="*", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--keep", type=Path, help="what was measured, for the next run")
    parser.add_argument("--write", type=Path, help="where the report goes")
    given = parser.parse_args()
    found = retrieval_report.Findings()
    if given.keep and given.keep.is_file():
        found = pickle.loads(given.keep.read_bytes())
    for step in steps(given):
        step(found)
        if given.keep:
            given.keep.write_bytes(pickle.dumps(found))
        page = retrieval_report.report(found)
        if given.write:  # after every step, so that a long run that is cut off leaves something
            given.write.write_text(page, "utf-8")
    print(page)


def steps(given: argparse.Namespace) -> Iterator[Callable[[retrieval_report.Findings], None]]:
    """What is measured, the quickest first."""

    def own(found: retrieval_report.Findings) -> None:
        found.bank = retrieval_bank.measure(ROOT / "knowledge", ROOT / "tests" / "questions")

    def cold(found: retrieval_report.Findings) -> None:
        found.cold = retrieval_bank.cold(given.data_dir, given.peers)

    def laws(found: retrieval_report.Findings) -> None:
        with Peers(given.peers) as peers:
            found.coverage = retrieval_bank.coverage(read_set(given.sets / "stard_law"), peers)

    def one(folder: Path, found: retrieval_report.Findings) -> None:
        whole = read_set(folder)
        limit = given.large if len(whole.passages) > LARGE else given.questions
        print(f"{folder.name}: {len(whole.passages):,} texts", file=sys.stderr, flush=True)
        with Peers(given.peers) as peers:
            found.versions = found.versions or peers.ask({"versions": True})
            found.take(compare(some(whole, limit), peers, given.systems))

    folders = [given.sets / name for name in ("atec_antfin", "stard_law")]
    there = {folder.name for folder in folders if folder.is_dir()}
    if len(there) < len(folders):
        print(f"question sets are missing under {given.sets}: give --sets DIR", file=sys.stderr)
    if "bank" in given.parts:
        yield own
    if "cold" in given.parts and given.data_dir:
        yield cold
    yield from (partial(one, f) for f in folders if f.name in there.intersection(given.parts))
    if "chunks" in given.parts and "stard_law" in there:
        yield laws


if __name__ == "__main__":
    main()
