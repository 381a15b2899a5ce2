"""Measures of a score on held-out cases, with bootstrap intervals, and of drift between slices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from copilot.profiles.arrays import Bools, Floats
from copilot.records.score import Measure

_BINS = 10
DRIFT_LIMIT = 0.25
"""Population stability index above which a distribution counts as another one; it is usually read
as some shift from 0.1 and a large one from 0.25."""


def auc(positive: Bools, score: Floats) -> float:
    """The share of (positive, negative) pairs that the score orders rightly, ties half.

    >>> float(auc(np.array([True, False, False]), np.array([0.9, 0.1, 0.9])))
    0.75
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    wins = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(wins / (n_positive * n_negative))


def average_precision(positive: Bools, score: Floats) -> float:
    """Area under the precision-recall curve, by steps."""
    order = np.argsort(-score, kind="stable")
    hits = positive[order]
    if not hits.any():
        return float("nan")
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def calibration_error(positive: Bools, probability: Floats) -> float:
    """Mean distance of predicted and observed rate over ten groups of equal size."""
    order = np.argsort(probability, kind="stable")
    total = 0.0
    for part in np.array_split(order, min(_BINS, len(order))):
        total += len(part) * abs(float(probability[part].mean() - positive[part].mean()))
    return total / len(order)


def lift_at_tenth(positive: Bools, score: Floats) -> float:
    """How many times the base rate is reached among the tenth with the highest scores."""
    base = float(positive.mean())
    top = np.argsort(-score, kind="stable")[: max(1, len(score) // 10)]
    return float(positive[top].mean()) / base if base else float("nan")


def measured(positive: Bools, ranking: Floats, probability: Floats) -> dict[str, Measure]:
    """AUC, PR-AUC, ECE, lift at the top tenth and base rate, each with its 95 % interval.

    ``ranking`` orders the cases, ``probability`` is calibrated. Intervals are percentiles of
    resamples of the cases (200; 60 beyond 20,000 cases), from a fixed seed.
    """
    figures: dict[str, Callable[[Any], float]] = {
        "auc": lambda i: auc(positive[i], ranking[i]),
        "pr_auc": lambda i: average_precision(positive[i], ranking[i]),
        "ece": lambda i: calibration_error(positive[i], probability[i]),
        "lift_10": lambda i: lift_at_tenth(positive[i], ranking[i]),
        "base_rate": lambda i: float(positive[i].mean()),
    }
    generator = np.random.default_rng(0)
    n = len(positive)
    draws: dict[str, list[float]] = {name: [] for name in figures}
    for _ in range(200 if n <= 20_000 else 60):
        chosen = generator.integers(0, n, n)
        for name, figure in figures.items():
            draws[name].append(figure(chosen))
    every = np.arange(n)
    found = {}
    for name, figure in figures.items():
        low, high = np.nanpercentile(draws[name], [2.5, 97.5])
        found[name] = Measure(figure(every), float(low), float(high), int(positive.sum()), n)
    return found


def stability_index(reference: Floats, current: Floats) -> float:
    """PSI of two samples over the reference's tenths; unknown values are a group of their own.

    >>> stability_index(np.arange(100.0), np.arange(100.0))
    0.0
    """
    known = reference[~np.isnan(reference)]
    edges = (
        np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])) if len(known) else known
    )
    return shares_index(_shares(reference, edges), _shares(current, edges))


def shares_index(reference: Floats, current: Floats) -> float:
    """PSI of two distributions over the same groups."""
    floor = 1e-4  # an empty group must not make the index infinite
    before, after = np.maximum(reference, floor), np.maximum(current, floor)
    return float(((after - before) * np.log(after / before)).sum())


def _shares(values: Floats, edges: Floats) -> Floats:
    groups = np.searchsorted(edges, values, side="left")
    groups[np.isnan(values)] = len(edges) + 1
    counts = np.bincount(groups, minlength=len(edges) + 2)
    return np.asarray(counts / max(1, len(values)), dtype=np.float64)
