"""The compliance checker beside bare word searches, a list of regexes, and textlint.

    python benchmarks/compliance.py [--texts 600] [--full] [--peers PYTHON] [--textlint DIR]
        [--write FILE]

Everything runs on the same texts in the same process or in one child, on one core, warm; figures
are processor time (the clock's is printed beside it, for a busy machine). ``--peers`` is a Python
with pyahocorasick and ``--textlint`` a folder with ``node_modules``; see
``benchmarks/requirements-compliance.txt``. ``--full`` takes a million lines for the memory figure.
Competitors that are absent are reported as not installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import compliance_texts as corpus

from copilot.compliance import Checker, Pack
from copilot.paths import shipped
from copilot.records.codes import Channel, DraftKind, ProductType
from copilot.records.compliance import CheckContext

CONTEXT = CheckContext(
    product=ProductType.WMP,
    channel=Channel.WECOM,
    kind=DraftKind.MESSAGE,
    as_of=date(2026, 11, 20),
)
ROUNDS = 5
ABSENT = "not installed"
_FULL = (10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Timing:
    """Seconds for one text: processor and clock, the best of the rounds."""

    processor: float
    clock: float

    @property
    def cells(self) -> tuple[str, str, str]:
        rate = 1 / self.processor
        return f"{self.processor * 1e6:,.0f}", f"{self.clock * 1e6:,.0f}", f"{rate:,.0f}"


def timed(judge: Callable[[str], object], texts: Sequence[str]) -> Timing:
    """One text's time, warm: the best of several rounds over all of them."""
    for text in texts:
        judge(text)
    processor, clock = [], []
    for _ in range(ROUNDS):
        started, at = time.process_time(), time.perf_counter()
        for text in texts:
            judge(text)
        processor.append(time.process_time() - started)
        clock.append(time.perf_counter() - at)
    return Timing(min(processor) / len(texts), min(clock) / len(texts))


def slowest(judge: Callable[[str], object], texts: Sequence[str]) -> tuple[float, float]:
    """The 50th and 99th percentile of one text's processor seconds."""
    seconds = []
    for text in texts:
        started = time.process_time()
        judge(text)
        seconds.append(time.process_time() - started)
    parts = statistics.quantiles(seconds, n=100)
    return parts[49], parts[98]


def searches(pack: Pack) -> dict[str, Callable[[str], object]]:
    """The floor and the alternatives, each over the same words as the checker."""
    words = corpus.words(pack)
    from ahocorasick_rs import AhoCorasick

    automaton = AhoCorasick(words)
    terms, joined = corpus.regexes(pack)
    each, grouped = [re.compile(t) for t in terms], [re.compile(j) for j in joined]
    return {
        f"bare ahocorasick_rs {_version('ahocorasick_rs')}, {len(words):,} words": (
            lambda text: automaton.find_matches_as_indexes(text, overlapping=True)
        ),
        f"list of {len(each):,} compiled regexes, one a term": (
            lambda text: [regex.search(text) for regex in each]
        ),
        f"list of {len(grouped):,} compiled regexes, one a matcher": (
            lambda text: [regex.search(text) for regex in grouped]
        ),
    }


def pyahocorasick(
    python: Path, words: Sequence[str], texts: Sequence[str]
) -> tuple[str, Timing | None]:
    """The same words found by pyahocorasick, in a Python that has it."""
    script = Path(__file__).with_name("compliance_peer.py")
    given = json.dumps({"words": words, "texts": texts})
    command = [str(python), str(script), str(ROUNDS)]
    answer = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    if found is None:
        return f"bare pyahocorasick {ABSENT}", None
    return f"bare pyahocorasick {found[0]}", Timing(found[1], found[2])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ABSENT


def textlint(folder: Path | None, words: Sequence[str], texts: Sequence[str]) -> Timing | None:
    """textlint with a term rule (prh) in one process, its start-up taken off."""
    program = folder and folder / "node_modules" / ".bin" / "textlint"
    if not (folder and program and program.is_file()):
        return None
    with tempfile.TemporaryDirectory(dir=folder) as home:
        place = Path(home)
        rules = [{"expected": "※", "pattern": word} for word in words]
        (place / "prh.yml").write_text(json.dumps({"version": 1, "rules": rules}), "utf-8")
        config = {"rules": {"prh": {"rulePaths": [str(place / "prh.yml")]}}}
        (place / ".textlintrc.json").write_text(json.dumps(config), "utf-8")
        for name, kept in (("one", texts[:1]), ("all", texts)):
            (place / name).mkdir()
            for number, text in enumerate(kept):
                (place / name / f"{number}.txt").write_text(text, "utf-8")
        took = {}
        for name in ("one", "all"):
            words_of = [str(program), "-c", str(place / ".textlintrc.json"), "-f", "json", name]
            took[name] = child(words_of, cwd=place, exits=(0, 1))[:2]
        count = max(1, len(texts) - 1)
        first, every = took["one"], took["all"]
        return Timing((every[0] - first[0]) / count, (every[1] - first[1]) / count)


def child(
    words: Sequence[str], cwd: Path | None = None, exits: Collection[int] = (0,)
) -> tuple[float, float, float]:
    """Processor seconds, clock seconds and the largest memory (MB) of a whole process.

    A small process starts it, for a child's memory counts from that of its parent.
    """
    command = [sys.executable, "-c", _STARTER, *words]
    answer = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    code, processor, clock, memory = json.loads(answer.stdout)
    if code not in exits:
        raise SystemExit(f"{' '.join(words)} failed with {code}")
    return processor, clock, memory


_STARTER = """
import json, os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
clock = time.perf_counter() - started
code = os.waitstatus_to_exitcode(status)
print(json.dumps([code, used.ru_utime + used.ru_stime, clock, used.ru_maxrss / 1024]))
"""


def lines(counts: Sequence[int]) -> list[tuple[int, float, float, float]]:
    """``check --jsonl`` as a process: lines, processor and clock seconds, memory in MB."""
    found = []
    with tempfile.TemporaryDirectory() as home:
        source = Path(home) / "in.jsonl"
        for count in counts:
            corpus.write_lines(source, count)
            words = [sys.executable, "-m", "copilot", "check"]
            words += ["--jsonl", str(source), "--out", os.devnull, "--as-of", "2026-11-20"]
            found.append((count, *child(words)))
    return found


def speeds(pack: Pack, count: int, python: Path, folder: Path | None) -> list[str]:
    """The main table: one text of 500 characters."""
    checker = Checker(pack)
    wrong = corpus.long_texts(count, offending=True)
    lawful = corpus.long_texts(count, offending=False)
    ours = timed(lambda text: checker.check(text, CONTEXT), wrong)
    plain = timed(lambda text: checker.check(text, CONTEXT), lawful)
    rows: list[tuple[str, Timing | None]] = [
        ("**whole verdict**, one offending sentence a text", ours),
        ("**whole verdict**, lawful texts", plain),
        *((name, timed(search, wrong)) for name, search in searches(pack).items()),
    ]
    words = corpus.words(pack)
    rows.insert(3, pyahocorasick(python, words, wrong))
    rows.append(("textlint with its term rule prh", textlint(folder, words, wrong[:60])))
    table = [
        "| what, per text of 500 characters | µs (processor) | µs (clock) | texts/s | × verdict |",
        "|---|---|---|---|---|",
    ]
    for name, row in rows:
        cells = (
            (*row.cells, f"{row.processor / ours.processor:.2f}") if row else (ABSENT, "", "", "")
        )
        table.append(f"| {name} | {' | '.join(cells)} |")
    half, last = slowest(lambda text: checker.check(text, CONTEXT), wrong)
    return [*table, "", f"One verdict: p50 {half * 1e3:.2f} ms, p99 {last * 1e3:.2f} ms."]


def growth(pack: Pack, count: int) -> list[str]:
    """The time with ten times the rules, taken turn about with the time with one."""
    texts = corpus.long_texts(count, offending=True)
    few, many = Checker(pack), Checker(corpus.enlarged(pack, 10))
    one = timed(lambda text: few.check(text, CONTEXT), texts)
    ten = timed(lambda text: many.check(text, CONTEXT), texts)
    return [
        f"{len(few.pack.rules)} rules: {one.processor * 1e6:,.0f} µs a text; "
        f"{len(many.pack.rules):,} rules: {ten.processor * 1e6:,.0f} µs; "
        f"ratio {ten.processor / one.processor:.2f}."
    ]


def streams(counts: Sequence[int]) -> list[str]:
    """Throughput and memory of ``check --jsonl``."""
    start, *found = lines((1, *counts))
    table = [
        "| `check --jsonl`, lines | lines/s (processor) | lines/s (clock) | largest memory, MB |",
        "|---|---|---|---|",
    ]
    for count, processor, clock, memory in found:
        rates = count / (processor - start[1]), count / (clock - start[2])
        table.append(f"| {count:,} | {rates[0]:,.0f} | {rates[1]:,.0f} | {memory:,.0f} |")
    note = f"Start-up ({start[1]:.2f} s, {start[3]:.0f} MB with one line) is taken off the rates."
    return [*table, "", note]


def report(options: argparse.Namespace) -> str:
    """The section as Markdown."""
    pack = Pack.read(shipped("knowledge") / "rules" / "pack.json")
    words = " ".join(["python benchmarks/compliance.py", *options.words])
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    load = f"load {os.getloadavg()[0]:.1f} at the start"
    parts = [
        "# Compliance checker: speed",
        "",
        f"Generated on {date.today().isoformat()} by `{words}`; {machine}; {load}.",
        f"{len(pack.rules)} rules of pack {pack.version}; texts from the shipped templates, answers"
        " and rule cases. One core; the processor's time, best of "
        f"{ROUNDS} rounds; the searches only find words, the verdict does everything.",
        "",
        *speeds(pack, options.texts, options.peers, options.textlint),
        "",
        "## Ten times the rules",
        "",
        *growth(pack, max(60, options.texts // 4)),
        "",
        "## Lines",
        "",
        *streams(_FULL if options.full else (options.lines // 3, options.lines)),
        "",
    ]
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--lines", type=int, default=60_000)
    parser.add_argument("--full", action="store_true", help="a million lines for the memory")
    parser.add_argument("--peers", type=Path, default=Path(sys.executable))
    parser.add_argument("--textlint", type=Path, help="a folder with node_modules")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    options.words = [f"--texts {options.texts}", f"--lines {options.lines}"]
    options.words += ["--full"] if options.full else []
    options.words += ["--peers PYTHON"] if str(options.peers) != sys.executable else []
    options.words += ["--textlint DIR"] if options.textlint else []
    text = report(options)
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
