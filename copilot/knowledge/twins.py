"""Passages that say the same: most of their runs of four characters are shared."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from copilot.knowledge.terms import fold
from copilot.records.knowledge import Passage

ALIKE = 0.9
"""Share of common runs (Jaccard) from which two passages are reported."""
RUN = 4
SHORTEST = 20


def near_twins(passages: Sequence[Passage]) -> Iterator[tuple[Passage, Passage]]:
    """Pairs of passages with (nearly) the same text.

    Two sets that share nine tenths of their members share one of the rarest tenth of each, so only
    passages that meet there are compared.
    """
    runs = [_runs(passage.text) for passage in passages]
    common = Counter(run for found in runs for run in found)
    meeting: defaultdict[str, list[int]] = defaultdict(list)
    for number, found in enumerate(runs):
        rare = sorted(found, key=lambda run: (common[run], run))
        candidates: set[int] = set()
        for run in rare[: len(rare) - math.ceil(ALIKE * len(rare)) + 1]:
            candidates.update(meeting[run])
            meeting[run].append(number)
        for other in sorted(candidates):
            if _jaccard(found, runs[other]) >= ALIKE:
                yield passages[other], passages[number]


def _runs(text: str) -> frozenset[str]:
    folded = "".join(char for char in fold(text) if char.isalnum())
    if len(folded) < SHORTEST:
        return frozenset()
    return frozenset(folded[start : start + RUN] for start in range(len(folded) - RUN + 1))


def _jaccard(one: frozenset[str], two: frozenset[str]) -> float:
    return len(one & two) / len(one | two)
