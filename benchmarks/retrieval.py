"""Retrieval quality and speed on public question sets and on a cold command line.

    python benchmarks/retrieval.py [--sets DIR] [--questions N]

Quality is printed as a ratio to BM25 over whitespace words in the same engine (what general
libraries do with Chinese by default) and to BM25 over character pairs alone; speed as
milliseconds a question and as a multiple of ``python -c "import pydantic, yaml"``. The sets are
not part of this repository.
"""

from __future__ import annotations

import argparse
import itertools
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from copilot.knowledge.evaluation import QuestionSet, evaluate, read_set
from copilot.knowledge.lexical import IndexFolder, Scope
from copilot.knowledge.terms import fold, terms

SETS = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "retrieval"
TODAY = date(2026, 11, 20)

Tokens = Callable[[str], Iterable[str]]


def words(text: str) -> list[str]:
    """What a tokeniser made for spaces sees."""
    return ["".join(c for c in word if c.isalnum()) for word in text.lower().split()]


def pairs(text: str) -> list[str]:
    """Neighbouring characters only."""
    folded = [c for c in fold(text) if c.isalnum()]
    return [first + second for first, second in itertools.pairwise(folded)]


def baseline(questions: QuestionSet, tokens: Tokens) -> Callable[[str], list[str]]:
    """BM25 in SQLite FTS5 over other tokens."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE f USING fts5(body, content='')")
    ids = list(questions.corpus)
    database.executemany(
        "INSERT INTO f (rowid, body) VALUES (?, ?)",
        ((row, " ".join(tokens(questions.corpus[ident]))) for row, ident in enumerate(ids)),
    )

    def ranking(text: str) -> list[str]:
        wanted = " OR ".join(f'"{token}"' for token in dict.fromkeys(tokens(text)) if token)
        if not wanted:
            return []
        rows = database.execute(
            "SELECT rowid FROM f WHERE f MATCH ? ORDER BY rank LIMIT 100", (wanted,)
        )
        return [ids[row] for (row,) in rows]

    return ranking


def measure(questions: QuestionSet) -> None:
    """Prints one set's figures."""
    print(f"\n## {questions.name}: {len(questions.corpus):,} texts, "
          f"{len(questions.questions):,} questions")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        index_folder = IndexFolder(Path(folder))
        started = time.perf_counter()
        index_folder.build(1, questions.passages())
        built = time.perf_counter() - started
        changed = (
            replace(passage, passage_id=f"{passage.passage_id}'") if number % 100 == 0 else passage
            for number, passage in enumerate(questions.passages())
        )
        started = time.perf_counter()
        index_folder.build(2, changed)
        updated = time.perf_counter() - started
        index_folder.build(3, questions.passages())
        index = index_folder.open()
        assert index is not None
        times: list[float] = []

        def ranking(text: str) -> list[str]:
            begun = time.perf_counter()
            found = index.ranked(terms(text), Scope(TODAY), 100)
            times.append(time.perf_counter() - begun)
            return [ident for ident, _ in found]

        ours = evaluate(ranking, questions)
    print(f"build {built:.1f} s; 1 % changed {updated:.2f} s (1/{built / updated:.0f})")
    print(f"p50 {statistics.median(times) * 1000:.1f} ms")
    for name, metric in ours.items():
        print(f"{name:<11} {metric.value:.3f} [{metric.low:.3f}, {metric.high:.3f}] n={metric.n}")
    for name, tokens in {"whitespace words": words, "character pairs": pairs}.items():
        other = evaluate(baseline(questions, tokens), questions)["ndcg@10"]
        ratio = f"{ours['ndcg@10'].value / other.value:.2f}x" if other.value else "it finds nothing"
        print(f"nDCG@10 against {name} ({other.value:.3f}): {ratio}")


def cold_search(data_dir: Path) -> None:
    """Prints how long a fresh ``copilot search`` takes on an existing data directory."""
    command = [sys.executable, "-c", "from copilot.cli.main import main; main()", "search",
               "三年定存提前支取怎么算", "--data-dir", str(data_dir)]  # fmt: skip
    ours = _median_seconds(command)
    floor = _median_seconds([sys.executable, "-c", "import pydantic, yaml"])
    print(
        f"\ncold search {ours:.2f} s = {ours / floor:.1f}x `import pydantic, yaml` ({floor:.2f} s)"
    )


def _median_seconds(command: list[str]) -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    """Measures every set under ``--sets``, then a cold search."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, default=SETS)
    parser.add_argument("--questions", type=int, default=300, help="at most so many of each set")
    parser.add_argument("--data-dir", type=Path, default=Path(".copilot"))
    given = parser.parse_args()
    for folder in sorted(path for path in given.sets.glob("*") if path.is_dir()):
        whole = read_set(folder)
        some = dict(itertools.islice(whole.questions.items(), given.questions))
        measure(replace(whole, questions=some))
    if not given.sets.is_dir():
        print(f"no question sets under {given.sets}: give --sets DIR", file=sys.stderr)
    if given.data_dir.is_dir():
        cold_search(given.data_dir)


if __name__ == "__main__":
    main()
