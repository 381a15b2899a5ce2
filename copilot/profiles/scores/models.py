"""The three kinds of model, each kept as plain numbers: no pickle is ever written or read.

`Logistic` and `Additive` are sums of one part per column, so that their reasons are exact;
`Forest` only orders customers. All are fitted by scikit-learn and then exported; the exported
form is what predicts, and a test holds it equal to scikit-learn's own answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copilot.profiles.arrays import Bools, Floats

_QUANTILES = 32
_SMALL = 20_000
SEED = 20_261_120


@dataclass(frozen=True, slots=True)
class Steps:
    """A step function of one column: ``parts[i]`` up to and including ``edges[i]``."""

    edges: Floats
    parts: Floats
    unknown: float

    def of(self, values: Floats) -> Floats:
        """The part of every value; unknown values have a part of their own."""
        found = self.parts[np.searchsorted(self.edges, values, side="left")]
        return np.where(np.isnan(values), self.unknown, found)


class _Sum(ABC):
    """A model whose log-odds are a base and one part per column."""

    __slots__ = ()
    base: float

    @abstractmethod
    def parts(self, matrix: Floats) -> Floats:
        """Cases × columns: what each column adds to the log-odds."""

    def margin(self, matrix: Floats) -> Floats:
        """Log-odds before calibration."""
        return np.asarray(self.base + self.parts(matrix).sum(axis=1), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Additive(_Sum):
    """Boosted trees of one column each, folded into one step function per column."""

    base: float
    steps: dict[int, Steps]

    def parts(self, matrix: Floats) -> Floats:
        """Cases × columns: what each column adds to the log-odds."""
        found = np.zeros(matrix.shape)
        for column, steps in self.steps.items():
            found[:, column] = steps.of(matrix[:, column])
        return found

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "kind": "additive",
            "base": self.base,
            "steps": {
                str(column): [s.edges.tolist(), s.parts.tolist(), s.unknown]
                for column, s in self.steps.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Logistic(_Sum):
    """L2 logistic regression on each column's place among its own quantiles.

    Unknown values count as the middle and may have a weight of their own.
    """

    base: float
    quantiles: tuple[Floats, ...]
    weights: Floats
    unknown_weights: Floats

    def parts(self, matrix: Floats) -> Floats:
        """Cases × columns: what each column adds to the log-odds."""
        places, unknown = _places(matrix, self.quantiles)
        return np.asarray(places * self.weights + unknown * self.unknown_weights)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "kind": "logistic",
            "base": self.base,
            "quantiles": [q.tolist() for q in self.quantiles],
            "weights": self.weights.tolist(),
            "unknown_weights": self.unknown_weights.tolist(),
        }


@dataclass(frozen=True, slots=True)
class Forest:
    """Boosted trees with interactions as flat arrays; a leaf is its own child.

    ``nodes`` columns: column, threshold, unknown goes left, left, right, value.
    """

    base: float
    roots: NDArray[np.int64]
    nodes: Floats

    def margin(self, matrix: Floats) -> Floats:
        """Log-odds before calibration."""
        total = np.full(len(matrix), self.base)
        for root in self.roots:
            total += _walk(self.nodes, int(root), matrix)
        return total


def model_from_json(body: dict[str, Any]) -> Additive | Logistic:
    """The model that ``as_json`` wrote."""
    if body["kind"] == "additive":
        steps = {
            int(column): Steps(np.array(edges, float), np.array(parts, float), float(unknown))
            for column, (edges, parts, unknown) in body["steps"].items()
        }
        return Additive(float(body["base"]), steps)
    return Logistic(
        float(body["base"]),
        tuple(np.array(q, float) for q in body["quantiles"]),
        np.array(body["weights"], float),
        np.array(body["unknown_weights"], float),
    )


def fit_logistic(matrix: Floats, positive: Bools) -> Logistic:
    """L2 logistic regression, its strength chosen by the size of the data."""
    from sklearn.linear_model import LogisticRegression

    quantiles = tuple(_quantiles(matrix[:, column]) for column in range(matrix.shape[1]))
    places, unknown = _places(matrix, quantiles)
    design = np.hstack([places, unknown])
    strength = max(0.05, min(1.0, positive.sum() / 1000))
    fitted = LogisticRegression(C=strength, max_iter=500, tol=1e-4).fit(design, positive)
    weights = fitted.coef_[0]
    width = matrix.shape[1]
    return Logistic(float(fitted.intercept_[0]), quantiles, weights[:width], weights[width:])


def fit_additive(matrix: Floats, positive: Bools) -> Additive:
    """Gradient boosting whose trees use one column each."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    boosting = HistGradientBoostingClassifier(
        interaction_cst="no_interactions",
        max_iter=500 if len(positive) > 5_000 else 120,
        learning_rate=0.06,
        max_leaf_nodes=8,
        min_samples_leaf=_leaf(len(positive)),
        l2_regularization=1.0,
        early_stopping=False,
        random_state=SEED,
    )
    with _threads(len(positive)):
        return additive_of(boosting.fit(matrix, positive), matrix)


def fit_forest(matrix: Floats, positive: Bools) -> Forest:
    """Gradient boosting with interactions, for order only."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    boosting = HistGradientBoostingClassifier(
        max_iter=300 if len(positive) > 5_000 else 100,
        learning_rate=0.05,
        max_leaf_nodes=15,
        min_samples_leaf=_leaf(len(positive)),
        l2_regularization=2.0,
        early_stopping=False,
        random_state=SEED,
    )
    with _threads(len(positive)):
        return forest_of(boosting.fit(matrix, positive))


def _threads(rows: int) -> AbstractContextManager[object]:
    """One thread for small data, where waiting for the others costs more than it saves."""
    from threadpoolctl import threadpool_limits

    limited: AbstractContextManager[object] = threadpool_limits(1 if rows < _SMALL else None)
    return limited


def _leaf(rows: int) -> int:
    return max(20, min(60, rows // 100))


def additive_of(fitted: Any, matrix: Floats) -> Additive:
    """Fold scikit-learn's one-column trees into step functions centred on the training cases."""
    forest = forest_of(fitted)
    trees: dict[int, list[int]] = {}
    for root in forest.roots:
        column = int(forest.nodes[root, 0])
        if forest.nodes[root, 3] != root:  # a tree that never split adds a constant
            trees.setdefault(column, []).append(int(root))
    constant = sum(float(forest.nodes[r, 5]) for r in forest.roots if forest.nodes[r, 3] == r)
    base, steps = forest.base + constant, {}
    for column, roots in trees.items():
        edges = np.unique(np.concatenate([_thresholds(forest.nodes, root) for root in roots]))
        points = np.append(edges, [np.inf, np.nan])
        probe = np.zeros((len(points), matrix.shape[1]))
        probe[:, column] = points
        parts = np.sum([_walk(forest.nodes, root, probe) for root in roots], axis=0)
        found = Steps(edges, parts[:-1], float(parts[-1]))
        middle = float(found.of(matrix[:, column]).mean())
        base += middle
        steps[column] = Steps(edges, parts[:-1] - middle, float(parts[-1]) - middle)
    return Additive(float(base), steps)


def forest_of(fitted: Any) -> Forest:
    """scikit-learn's trees as flat arrays."""
    roots, nodes, offset = [], [], 0
    for (predictor,) in fitted._predictors:
        raw = predictor.nodes
        here = np.arange(len(raw)) + offset
        leaf = raw["is_leaf"].astype(bool)
        block = np.empty((len(raw), 6))
        block[:, 0] = raw["feature_idx"]
        block[:, 1] = raw["num_threshold"]
        block[:, 2] = raw["missing_go_to_left"]
        block[:, 3] = np.where(leaf, here, raw["left"].astype(np.int64) + offset)
        block[:, 4] = np.where(leaf, here, raw["right"].astype(np.int64) + offset)
        block[:, 5] = raw["value"]
        roots.append(offset)
        nodes.append(block)
        offset += len(raw)
    base = float(np.ravel(fitted._baseline_prediction)[0])
    return Forest(base, np.array(roots, dtype=np.int64), np.vstack(nodes))


def _thresholds(nodes: Floats, root: int) -> Floats:
    found, open_nodes = [], [root]
    while open_nodes:
        node = open_nodes.pop()
        if nodes[node, 3] != node:
            found.append(nodes[node, 1])
            open_nodes += [int(nodes[node, 3]), int(nodes[node, 4])]
    return np.array(found)


def _walk(nodes: Floats, root: int, matrix: Floats) -> Floats:
    at = np.full(len(matrix), root, dtype=np.int64)
    rows = np.arange(len(matrix))
    moving = rows
    while len(moving):
        node = nodes[at[moving]]
        value = matrix[moving, node[:, 0].astype(np.int64)]
        left = np.where(np.isnan(value), node[:, 2] > 0, value <= node[:, 1])
        after = np.where(left, node[:, 3], node[:, 4]).astype(np.int64)
        moved = after != at[moving]
        at[moving] = after
        moving = moving[moved]
    return np.asarray(nodes[at, 5], dtype=np.float64)


def _quantiles(values: Floats) -> Floats:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return np.array([0.0])
    return np.unique(np.quantile(known, np.linspace(0, 1, _QUANTILES + 1)))


def _places(matrix: Floats, quantiles: tuple[Floats, ...]) -> tuple[Floats, Floats]:
    """Every value's place between -1 and 1 among the column's quantiles, and what is unknown."""
    unknown = np.isnan(matrix)
    places = np.zeros(matrix.shape)
    for column, marks in enumerate(quantiles):
        if len(marks) > 1:
            scale = np.linspace(-1, 1, len(marks))
            places[:, column] = np.interp(matrix[:, column], marks, scale)
    places[unknown] = 0.0
    return places, unknown.astype(np.float64)
