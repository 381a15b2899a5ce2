"""What a question means, by weights learned from examples: one sum per meaning.

    terms of the question ─▶ weighed as in the examples ─▶ a score per meaning ─▶ `Meaning`

A score above 0 means that the question is more like the examples of that meaning than like all
others together; most questions of real people stay a little below it.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from copilot.files import write_whole
from copilot.pipeline.ask_examples import Group

#: The score of a meaning that nothing in a question speaks for.
NOTHING = -1.0
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Meaning:
    """The scores of a question, by meaning; ``terms`` are what it says, with their weights."""

    scores: Mapping[str, float]
    kinds: Mapping[str, float]
    terms: Mapping[str, float]

    @cached_property
    def groups(self) -> dict[Group, list[tuple[str, float]]]:
        """The names of each group with their scores, the best first."""
        found: dict[Group, list[tuple[str, float]]] = {group: [] for group in Group}
        for one, score in self.scores.items():
            group, _, name = one.partition(":")
            found[Group(group)].append((name, score))
        return {g: sorted(names, key=lambda n: (-n[1], n[0])) for g, names in found.items()}

    def best(self, *groups: Group, but: str = "") -> tuple[str, float]:
        """The best name of some groups with its score; empty when there is none."""
        firsts = (next((n for n in self.groups[g] if n[0] != but), ("", NOTHING)) for g in groups)
        return max(firsts, key=lambda found: found[1])

    def lead(self, group: Group, *others: Group) -> float:
        """By how much the best of a group outweighs the best of some others."""
        return self.best(group)[1] - self.best(*others)[1]

    def score(self, group: Group, name: str) -> float:
        """The score of one meaning."""
        return self.scores.get(f"{group}:{name}", NOTHING)


@dataclass(frozen=True)
class MeaningReader:
    """Learned weights: a row per term, a column per meaning (and per kind of product).

    ``known`` has a row per meaning in ``told``: which terms its examples or its answer have.
    """

    vocabulary: Sequence[str]
    rarity: Floats
    labels: Sequence[str]
    weights: NDArray[np.float16]
    bias: Floats
    kinds: Sequence[str]
    kind_weights: NDArray[np.float16]
    kind_bias: Floats
    told: Sequence[str]
    known: NDArray[np.uint8]

    def read(self, question: str) -> Meaning:
        """What a question means."""
        weighed = self.weighed(question)
        rows = [self._place[term] for term in weighed]
        values = np.fromiter(weighed.values(), np.float32, len(weighed))
        return Meaning(
            _scores(self.labels, self.weights, self.bias, rows, values),
            _scores(self.kinds, self.kind_weights, self.kind_bias, rows, values),
            weighed,
        )

    def weighed(self, question: str) -> dict[str, float]:
        """The known terms of a question, weighed as in the examples: the squares add up to 1."""
        from copilot.knowledge.terms import terms

        counts = Counter(term for term in terms(question) if term in self._place)
        raw = {
            term: (1 + math.log(count)) * float(self.rarity[self._place[term]])
            for term, count in sorted(counts.items())
        }
        length = math.sqrt(math.fsum(value * value for value in raw.values())) or 1.0
        return {term: value / length for term, value in raw.items()}

    def strange(self, meaning: Meaning, group: Group, name: str) -> float:
        """The share (0 to 1) of a question's weight that nothing about a meaning speaks of."""
        row = self._rows.get(f"{group}:{name}")
        if row is None or not meaning.terms:
            return 1.0
        known = self.known[row]
        places = ((self._place[term], value) for term, value in meaning.terms.items())
        return math.fsum(v * v for p, v in places if not known[p >> 3] >> (7 - (p & 7)) & 1)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {term: place for place, term in enumerate(self.vocabulary)}

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.told)}

    def save(self, path: Path) -> None:
        """Writes the weights.

        Raises:
            OSError: the file cannot be written.
        """
        held = io.BytesIO()
        arrays = {name: np.asarray(getattr(self, name)) for name in self.__dataclass_fields__}
        np.savez_compressed(held, allow_pickle=False, **arrays)
        write_whole(path, held.getvalue())

    @classmethod
    def load(cls, path: Path) -> MeaningReader | None:
        """The weights of a file; ``None`` when there is none or it cannot be read."""
        import zipfile

        try:
            with np.load(path, allow_pickle=False) as held:
                arrays = {name: held[name] for name in cls.__dataclass_fields__}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        names = ("vocabulary", "labels", "kinds", "told")
        return cls(**{**arrays, **{name: arrays[name].tolist() for name in names}})


def meaning_of(question: str, reader: MeaningReader | None) -> Meaning:
    """What a question means; without scores where nothing was learned."""
    return Meaning({}, {}, {}) if reader is None else reader.read(question)


def _scores(
    names: Iterable[str],
    weights: NDArray[np.float16],
    bias: Floats,
    rows: Sequence[int],
    values: Floats,
) -> dict[str, float]:
    sums = weights[rows].astype(np.float32).T @ values + bias if rows else bias
    return dict(zip(names, sums.tolist(), strict=True))
