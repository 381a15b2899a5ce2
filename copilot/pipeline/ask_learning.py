"""Learning what questions mean: linear support vectors over the terms of examples.

    examples + the bank's frequent questions ─▶ terms, weighed ─▶ one-against-the-rest weights

R.-E. Fan et al., LIBLINEAR: A Library for Large Linear Classification, JMLR 9 (2008).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copilot.pipeline.ask_examples import Example, Group, label
from copilot.pipeline.ask_meaning import MeaningReader

#: A term of fewer examples is left out; smaller weights count as none.
RAREST, SMALLEST = 2, 0.02
#: The price of an example on the wrong side.
PRICE = 0.5


@dataclass(frozen=True, slots=True)
class AskedEntry:
    """A frequent question of the knowledge base: its id, its phrasings, its answer."""

    entry_id: str
    asked: tuple[str, ...]
    answer: str


def learned(examples: Iterable[Example], entries: Sequence[AskedEntry]) -> MeaningReader | None:
    """The weights that tell the meanings apart; ``None`` where there are not two of them.

    Examples of entries that the knowledge base does not have are left out. The same examples
    give the same weights.
    """
    there = {entry.entry_id for entry in entries}
    used = [
        *(e for e in examples if _of_entries(e) is None or _of_entries(e) in there),
        *(Example(t, label(Group.ENTRY, e.entry_id)) for e in entries for t in e.asked),
    ]
    if len({example.label for example in used}) < 2:
        return None
    from sklearn.feature_extraction.text import TfidfVectorizer

    from copilot.knowledge.terms import terms

    vectors = TfidfVectorizer(analyzer=terms, sublinear_tf=True, min_df=RAREST, dtype=np.float64)
    rows = vectors.fit_transform([example.text for example in used])
    labels, weights, bias = _fitted(rows, [example.label for example in used])
    told = [number for number, example in enumerate(used) if example.kind]
    kinds, kind_weights, kind_bias = _fitted(rows[told], [used[n].kind for n in told])
    return MeaningReader(
        vectors.get_feature_names_out().tolist(),
        vectors.idf_.astype(np.float32),
        labels,
        weights,
        bias,
        kinds,
        kind_weights,
        kind_bias,
        *_known(vectors.vocabulary_, used, entries),
    )


def _of_entries(example: Example) -> str | None:
    """The entry that an example is about; ``None`` when it is about none."""
    group, _, name = example.label.partition(":")
    return name if group in (Group.ENTRY, Group.BESIDE) else None


def _fitted(
    rows: Any, wanted: Sequence[str]
) -> tuple[list[str], NDArray[np.float16], NDArray[np.float32]]:
    """The classes, and for each a column of weights and a bias."""
    classes = sorted(set(wanted))
    if len(classes) < 2:
        nothing = np.zeros((rows.shape[1], len(classes)), np.float16)
        return classes, nothing, np.zeros(len(classes), np.float32)
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=PRICE, random_state=0).fit(rows, wanted)
    columns, bias = model.coef_.T, model.intercept_
    if len(classes) == 2:  # one column decides between two classes
        columns, bias = np.hstack([-columns, columns]), np.hstack([-bias, bias])
    columns = np.where(np.abs(columns) < SMALLEST, 0.0, columns)
    return classes, columns.astype(np.float16), bias.astype(np.float32)


def _known(
    vocabulary: Mapping[str, int], used: Sequence[Example], entries: Sequence[AskedEntry]
) -> tuple[list[str], NDArray[np.uint8]]:
    """What can be told, and for each which terms its examples or its answer have (bits)."""
    from copilot.knowledge.terms import terms

    texts: dict[str, list[str]] = {label(Group.ENTRY, e.entry_id): [e.answer] for e in entries}
    for example in used:
        if example.label.startswith((f"{Group.ENTRY}:", f"{Group.RECORD}:")):
            texts.setdefault(example.label, []).append(example.text)
    known = np.zeros((len(texts), len(vocabulary)), bool)
    for row, said in enumerate(texts.values()):
        for text in said:
            known[row, [vocabulary[term] for term in terms(text) if term in vocabulary]] = True
    return list(texts), np.packbits(known, axis=1)
