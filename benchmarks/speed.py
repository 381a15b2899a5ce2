"""How fast the copilot starts and drafts, beside a named baseline in the same run.

    python benchmarks/speed.py [--runs 7] [--write docs/benchmarks.md]

Cold processes are timed whole, as a person waits for them, and printed as multiples of
``python -c "import pydantic, yaml"``. The sample bank is made in a throw-away folder.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

BASELINE = [sys.executable, "-c", "import pydantic, yaml"]
TEXT = "本产品为非保本浮动收益型理财产品，不保证本金和收益。理财非存款，产品有风险，投资须谨慎。\n"


@dataclass(frozen=True)
class Row:
    """One measured figure with the floor that the project set for it, in seconds."""

    name: str
    seconds: float
    floor: float | None = None
    times_baseline: float | None = None
    samples: int = 1

    def cells(self) -> tuple[str, ...]:
        floor = "" if self.floor is None else f"≤ {self.floor:g} s"
        ratio = "" if self.times_baseline is None else f"{self.times_baseline:.1f}×"
        return (self.name, f"{self.seconds:.3f}", floor, ratio, str(self.samples))


def wall(words: Sequence[str]) -> float:
    """Seconds of one whole process."""
    started = time.perf_counter()
    subprocess.run(words, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def cold(commands: dict[str, tuple[list[str], float | None]], runs: int) -> list[Row]:
    """Medians of whole processes, taken in turn so that a busy minute hits all of them."""
    samples: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, (words, _) in commands.items():
            seconds = wall(words)
            if turn:  # the first turn warms the file cache
                samples[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in samples.items()}
    base = next(iter(medians.values()))
    return [
        Row(name, medians[name], floor, medians[name] / base, runs)
        for name, (_, floor) in commands.items()
    ]


def per_call(call: Callable[[int], object], times: int) -> float:
    """Median seconds of a call in this process."""
    samples = []
    for number in range(times):
        started = time.perf_counter()
        call(number)
        samples.append(time.perf_counter() - started)
    return statistics.median(samples)


def warm_pitch(data_dir: Path) -> Row:
    """One embedded pitch in a warm process: gate, retrieval, writing, checking, audit entry."""
    from copilot.pipeline.pitch import PitchRequest, draft_pitch
    from copilot.pipeline.workbench import Workbench
    from copilot.records.codes import Channel
    from copilot.settings import load_settings

    bench = Workbench.open(load_settings(data_dir=data_dir))
    customers = bench.store.customers(bench.principal).ids()[:240]

    def one(number: int) -> object:
        request = PitchRequest("DEP-3Y", Channel.COUNTER, customers[number])
        return draft_pitch(bench, request)

    per_call(one, 40)
    seconds = per_call(lambda number: one(40 + number), 200)
    bench.close()
    return Row("one embedded pitch, warm", seconds, 0.05, None, 200)


def measure(runs: int) -> list[Row]:
    """Every figure, on a sample bank made for this run."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        data_dir = home / "data"
        copilot = [sys.executable, "-m", "copilot"]
        demo = [*copilot, "demo", "--data-dir", str(data_dir)]
        first, second = wall(demo), wall(demo)
        text = home / "text.txt"
        text.write_text(TEXT, encoding="utf-8")
        rows = cold(
            {
                'python -c "import pydantic, yaml" (baseline)': (BASELINE, None),
                "copilot --help": ([*copilot, "--help"], 0.3),
                "copilot check FILE": ([*copilot, "check", str(text), "--product", "wmp"], 0.4),
                "copilot search 三年期定存": (
                    [*copilot, "search", "三年期定存提前支取", "--data-dir", str(data_dir)],
                    0.8,
                ),
            },
            runs,
        )
        return [
            *rows,
            Row("copilot demo, first run", first, 60),
            Row("copilot demo, second run", second, 5),
            warm_pitch(data_dir),
        ]


def table(rows: Sequence[Row]) -> str:
    """The figures as a Markdown table with where and how they were taken."""
    heads = ("what", "seconds (median)", "floor", "× baseline", "runs")
    lines = [" | ".join(heads), " | ".join("---" for _ in heads)]
    lines += [" | ".join(row.cells()) for row in rows]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return "\n".join(
        [
            "# Benchmarks",
            "",
            f"Generated on {date.today().isoformat()} by `python benchmarks/speed.py`; {machine}.",
            "The customers are the generated sample bank, not real ones.",
            "",
            *(f"| {line} |" for line in lines),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    report = table(measure(options.runs))
    print(report)
    if options.write:
        options.write.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
