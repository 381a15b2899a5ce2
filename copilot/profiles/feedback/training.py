"""Fitting the reader's heads to labelled texts; the same examples give the same weights.

examples ──features──▶ logistic regression a head ──held-out scores──▶ one factor that makes
                                                    its probabilities honest
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from copilot.profiles.feedback.lexicon import Lexicon
from copilot.profiles.feedback.model import HEADS, NO, SERVE_FIRST, YES, Example, LinearHead

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

_FEWEST_TEXTS = 2  # a run of characters in fewer examples says nothing general
_STRENGTH = 1.0  # inverse regularisation, by cross-validation on the examples
_FOLDS = 3
_SMALLEST = 0.04  # weights below it change no answer and would double the file


def fit(examples: Sequence[Example], lexicon: Lexicon) -> dict[str, LinearHead]:
    """Fit the heads, each with calibrated chances."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    texts = [lexicon.features(example.text) for example in examples]
    vocabulary = _vocabulary(texts)
    rows = _matrix(texts, vocabulary)
    heads = {}
    with threadpool_limits(1):  # waiting for other threads costs more than they save
        for name in (*HEADS, SERVE_FIRST):
            labels = np.array([_label(example, name) for example in examples])
            heads[name] = _head(rows, labels, list(vocabulary), balanced=name != SERVE_FIRST)
    return heads


def _label(example: Example, head: str) -> str:
    if head == SERVE_FIRST:
        return YES if example.must_serve_first else NO
    return example.labels[head]


def _head(rows: csr_matrix, labels: np.ndarray, names: list[str], *, balanced: bool) -> LinearHead:
    """One head; without ``balanced`` its chances keep the examples' own shares."""
    model = _model(balanced).fit(rows, labels)
    factor = _factor(rows, labels, balanced)
    intercept, weights = model.intercept_ * factor, model.coef_ * factor
    if len(model.classes_) == 2:  # one sum for the second class; the first is where it starts
        intercept, weights = _with_zeros(intercept), _with_zeros(weights)
    return LinearHead(
        tuple(str(c) for c in model.classes_),
        _rounded(intercept),
        {
            name: _rounded(weights[:, place])
            for place, name in enumerate(names)
            if abs(weights[:, place]).max() >= _SMALLEST
        },
    )


def _model(balanced: bool) -> Any:
    from sklearn.linear_model import LogisticRegression

    weight = "balanced" if balanced else None
    return LogisticRegression(C=_STRENGTH, class_weight=weight, max_iter=2_000)


def _factor(rows: csr_matrix, labels: np.ndarray, balanced: bool) -> float:
    """By what all weights are multiplied so that chances agree with texts not fitted to."""
    import numpy as np
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    folds = np.arange(len(labels)) % _FOLDS
    classes = list(np.unique(labels))
    held_out = []
    for fold in range(_FOLDS):
        kept, left = folds != fold, folds == fold
        if len(np.unique(labels[kept])) < len(classes):  # a class with too few examples
            return 1.0
        scores = _model(balanced).fit(rows[kept], labels[kept]).decision_function(rows[left])
        scores = np.column_stack([0 * scores, scores]) if scores.ndim == 1 else scores
        held_out.append((scores, np.searchsorted(classes, labels[left])))

    def loss(factor: float) -> float:
        parts = [-log_softmax(s * factor, axis=1)[range(len(y)), y] for s, y in held_out]
        return float(np.concatenate(parts).mean())

    return float(minimize_scalar(loss, bounds=(0.25, 4.0), method="bounded").x)


def _matrix(texts: Sequence[Mapping[str, float]], vocabulary: Mapping[str, int]) -> csr_matrix:
    from scipy.sparse import csr_matrix

    places = [
        (row, vocabulary[name], value)
        for row, features in enumerate(texts)
        for name, value in features.items()
        if name in vocabulary
    ]
    row, column, values = zip(*places, strict=True)
    return csr_matrix((values, (row, column)), shape=(len(texts), len(vocabulary)))


def _vocabulary(texts: Iterable[Mapping[str, float]]) -> dict[str, int]:
    counted = Counter(name for features in texts for name in features)
    kept = sorted(n for n, found in counted.items() if found >= _FEWEST_TEXTS)
    return {name: place for place, name in enumerate(kept)}


def _with_zeros(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.concatenate([0 * values, values])


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(float(value), 2) for value in values)
