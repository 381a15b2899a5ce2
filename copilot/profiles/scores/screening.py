"""Which columns a model may see: leaks, constants and drift are left out, compositions added.

Everything here looks at training cases; drift also looks at the columns (never the labels) of the
cases that will be scored.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from copilot.profiles.arrays import Bools, Floats
from copilot.profiles.scores.columns import Column, composed
from copilot.profiles.scores.measure import DRIFT_LIMIT, auc, stability_index

_LEAK_AUC = 0.98
_MOST_PARENTS = 24
_GROUPS = 16


def unusable(
    columns: Sequence[Column], slices: Sequence[Floats], positive: Bools, asked: Sequence[Floats]
) -> dict[str, str]:
    """By column, why it may not be used.

    ``slices`` are the training matrices by date, oldest first; ``positive`` belongs to all of
    them stacked; ``asked`` are the matrices that the model will be asked about: of the test
    dates and of today, whose customers a column that has drifted by then cannot tell apart.
    """
    train = np.vstack(slices)
    found: dict[str, str] = {}
    for place, column in enumerate(columns):
        values = train[:, place]
        known = values[~np.isnan(values)]
        if len(known) == 0:
            found[column.name] = "全部未知"
        elif (known == known[0]).all() and len(known) == len(values):
            found[column.name] = "取值全部相同"
        elif _leaks(values, positive):
            found[column.name] = "单独一列几乎等于标签，疑似泄漏"
        else:
            drift = max(stability_index(values, part[:, place]) for part in (*slices, *asked))
            if drift > DRIFT_LIMIT:
                found[column.name] = f"各期分布不同（PSI {drift:.2f}）"
    return found


def _leaks(values: Floats, positive: Bools) -> bool:
    filled = np.where(np.isnan(values), -np.inf, values)
    found = auc(positive, filled)
    return bool(max(found, 1 - found) >= _LEAK_AUC)


def compositions(
    columns: Sequence[Column], train: Floats, positive: Bools, margin_error: Floats, limit: int
) -> list[Column]:
    """Shares and differences of two columns that explain what the plain columns leave over.

    ``margin_error`` is label minus the plain additive model's probability. Only columns in the
    same unit are paired; the ``limit`` pairs whose groups differ most from zero are kept.
    """
    numbers = [
        place
        for place, column in enumerate(columns)
        if column.kind == "number" and np.nanmin(train[:, place]) >= 0
    ]
    numbers.sort(key=lambda place: -explained(train[:, place], positive - positive.mean()))
    found = []
    for one, other in itertools.combinations(sorted(numbers[:_MOST_PARENTS]), 2):
        left, right = columns[one], columns[other]
        if left.unit != right.unit:
            continue
        for kind in ("share", "difference"):
            values = composed(kind, train[:, one], train[:, other])
            found.append((explained(values, margin_error), _composition(kind, left, right)))
    found.sort(key=lambda pair: (-pair[0], pair[1].name))
    return [column for _, column in found[:limit]]


def _composition(kind: str, left: Column, right: Column) -> Column:
    word = "占两者之和" if kind == "share" else "之差"
    unit = "ratio" if kind == "share" else left.unit
    name = f"{left.name}~{right.name}~{kind}"
    return Column(name, f"{left.label}与{right.label}{word}", kind, unit, "", left.name, right.name)


def explained(values: Floats, error: Floats) -> float:
    """How much of ``error`` sixteen groups of ``values`` explain (a sum of squares)."""
    unknown = np.isnan(values)
    known = values[~unknown]
    if len(known) == 0:
        return 0.0
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _GROUPS + 1)[1:-1]))
    groups = np.searchsorted(edges, values)
    groups[unknown] = len(edges) + 1
    counts = np.bincount(groups)
    sums = np.bincount(groups, weights=error)
    filled = counts > 0
    return float((sums[filled] ** 2 / counts[filled]).sum())
