"""Clusters: K-means with at most four groups, chosen by agreement between resamples.

Hierarchical clustering and DBSCAN are run on the same data and kept only when their agreement is
better; what nobody can repeat on another sample of the same customers is not offered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copilot.profiles.arrays import Floats

Labels = NDArray[np.int64]
Assign = Callable[[Floats], Labels]

AGREEMENT = 0.9
"""Adjusted Rand index between resamples below which clusters are not offered: a customer who
changes groups with the sample has none."""

GROUPS = (2, 3, 4)
SMALLEST_SHARE = 0.03
FEWEST_CUSTOMERS = 60
_RESAMPLES = 6
_SAMPLE = 4_000
_TIE = 0.02
_SEED = 20_261_120


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to divide the customers and how well it can be repeated.

    ``agreement`` is the mean adjusted Rand index over pairs of resamples, ``smallest`` the share
    of the smallest group, ``noise`` of customers in none.
    """

    method: str
    groups: int
    agreement: float
    smallest: float
    noise: float

    @property
    def eligible(self) -> bool:
        """Whether it may be offered at all."""
        return (
            self.agreement >= AGREEMENT
            and self.smallest >= SMALLEST_SHARE
            and self.noise <= 0.1
            and self.groups in GROUPS
        )

    def as_json(self) -> dict[str, Any]:
        """One line of the comparison."""
        return {
            "method": self.method,
            "groups": self.groups,
            "agreement": round(self.agreement, 4),
            "smallest": round(self.smallest, 4),
            "noise": round(self.noise, 4),
            "eligible": self.eligible,
        }


@dataclass(frozen=True, slots=True)
class Clustering:
    """Centres in the space of places; a customer belongs to the nearest one."""

    method: str
    centres: Floats
    quantiles: tuple[Floats, ...]

    def assign(self, matrix: Floats) -> Labels:
        """The group of every customer."""
        return _nearest(places(matrix, self.quantiles), self.centres)


def quantiles_of(matrix: Floats) -> tuple[Floats, ...]:
    """Per column, the marks against which a value's place is read."""
    found = []
    for column in matrix.T:
        known = column[~np.isnan(column)]
        found.append(np.quantile(known, np.linspace(0, 1, 101)) if len(known) else np.zeros(1))
    return tuple(found)


def places(matrix: Floats, quantiles: tuple[Floats, ...]) -> Floats:
    """Every value's place between 0 and 1 among the customers; unknown is the middle.

    Ties share the middle of their range, so that a column of zeros does not spread anybody.
    """
    found = np.full(matrix.shape, 0.5)
    for column, marks in enumerate(quantiles):
        values = matrix[:, column]
        known = ~np.isnan(values)
        below = np.searchsorted(marks, values[known], side="left")
        upto = np.searchsorted(marks, values[known], side="right")
        found[known, column] = (below + upto) / (2 * len(marks))
    return found


def compare(matrix: Floats) -> tuple[list[Candidate], Clustering | None]:
    """Every candidate with its agreement, and the clustering to offer, if any.

    K-means with the most groups among the nearly best agreements comes first; another method
    replaces it only by beating its agreement by more than 0.02.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # thousands of short fits: threads would mostly wait
        return _compare(matrix)


def _compare(matrix: Floats) -> tuple[list[Candidate], Clustering | None]:
    quantiles = quantiles_of(matrix)
    points = places(matrix, quantiles)
    if len(points) < FEWEST_CUSTOMERS:
        return [], None
    generator = np.random.default_rng(_SEED)
    sample = points
    if len(points) > _SAMPLE:
        sample = points[np.sort(generator.choice(len(points), _SAMPLE, replace=False))]
    candidates = []
    fits: dict[tuple[str, int], Callable[[Floats], Assign]] = {}
    for k in GROUPS:
        fits["kmeans", k] = _fit_kmeans(k)
        fits["hierarchical", k] = _fit_hierarchical(k)
    fits["dbscan", 0] = _fit_dbscan
    for (method, _), fit in fits.items():
        few = sample[:1_500] if method != "kmeans" else sample
        candidates.append(_candidate(method, few, fit))
    chosen = _chosen(candidates)
    if chosen is None:
        return candidates, None
    labels = _labels(chosen, sample, fits)
    centres = np.array([sample[labels == g].mean(axis=0) for g in range(chosen.groups)])
    return candidates, Clustering(chosen.method, centres, quantiles)


def _labels(
    chosen: Candidate,
    sample: Floats,
    fits: dict[tuple[str, int], Callable[[Floats], Assign]],
) -> Labels:
    key = (chosen.method, 0 if chosen.method == "dbscan" else chosen.groups)
    return fits[key](sample)(sample)


def _chosen(candidates: list[Candidate]) -> Candidate | None:
    eligible = [c for c in candidates if c.eligible]
    if not eligible:
        return None
    ours = [c for c in eligible if c.method == "kmeans"]
    best_other = max((c for c in eligible if c.method != "kmeans"), key=_agreement, default=None)
    if not ours:
        return best_other
    best = max(c.agreement for c in ours)
    kmeans = max((c for c in ours if c.agreement >= best - _TIE), key=lambda c: c.groups)
    if best_other is not None and best_other.agreement > kmeans.agreement + _TIE:
        return best_other
    return kmeans


def _agreement(candidate: Candidate) -> float:
    return candidate.agreement


def _candidate(method: str, points: Floats, fit: Callable[[Floats], Assign]) -> Candidate:
    """Agreement of fits on pairs of samples of 80 %, each asked about every customer."""
    from sklearn.metrics import adjusted_rand_score

    generator = np.random.default_rng(_SEED)
    size = int(0.8 * len(points))
    answers = []
    for _ in range(_RESAMPLES):
        chosen = np.sort(generator.choice(len(points), size, replace=False))
        answers.append(fit(points[chosen])(points))
    pairs = [(a, b) for i, a in enumerate(answers) for b in answers[i + 1 :]]
    agreement = float(np.mean([adjusted_rand_score(a, b) for a, b in pairs]))
    whole = fit(points)(points)
    named = whole[whole >= 0]
    sizes = np.bincount(named) if len(named) else np.zeros(1)
    sizes = sizes[sizes > 0] if len(named) else sizes
    noise = float((whole < 0).mean())
    return Candidate(method, len(sizes), agreement, float(sizes.min() / len(points)), noise)


def _fit_kmeans(k: int) -> Callable[[Floats], Assign]:
    def fit(points: Floats) -> Assign:
        from sklearn.cluster import KMeans

        fitted = KMeans(k, n_init=4, random_state=_SEED).fit(points)
        centres = np.asarray(fitted.cluster_centers_, dtype=np.float64)
        return lambda asked: _nearest(asked, centres)

    return fit


def _fit_hierarchical(k: int) -> Callable[[Floats], Assign]:
    def fit(points: Floats) -> Assign:
        from sklearn.cluster import AgglomerativeClustering

        labels = AgglomerativeClustering(k, linkage="ward").fit_predict(points)
        centres = np.array([points[labels == g].mean(axis=0) for g in range(k)])
        return lambda asked: _nearest(asked, centres)

    return fit


def _fit_dbscan(points: Floats) -> Assign:
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import NearestNeighbors

    neighbours = 2 * points.shape[1]
    if len(points) <= neighbours:
        return lambda asked: np.zeros(len(asked), dtype=np.int64)
    distances, _ = NearestNeighbors(n_neighbors=neighbours).fit(points).kneighbors(points)
    reach = max(float(np.quantile(distances[:, -1], 0.9)), 1e-9)
    labels = DBSCAN(eps=reach, min_samples=neighbours).fit_predict(points)
    finder = NearestNeighbors(n_neighbors=1).fit(points)

    def assign(asked: Floats) -> Labels:
        distance, nearest = finder.kneighbors(asked)
        return np.where(distance[:, 0] <= reach, labels[nearest[:, 0]], -1).astype(np.int64)

    return assign


def _nearest(points: Floats, centres: Floats) -> Labels:
    distances = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(distances.argmin(axis=1), dtype=np.int64)
