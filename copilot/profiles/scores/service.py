"""Scores of an installation: train and keep them, score every customer of a build, read one.

`train_scores` and `apply_scores` run under the store's writer lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from copilot.errors import InputError, NotFound
from copilot.profiles.arrays import Floats
from copilot.profiles.build import build_profiles
from copilot.profiles.points import answer, manifest_of, write_answers
from copilot.profiles.scores.artefacts import forget, load, manifest, save
from copilot.profiles.scores.columns import (
    attribute_columns,
    feature_columns,
)
from copilot.profiles.scores.measure import DRIFT_LIMIT, stability_index
from copilot.profiles.scores.population import open_refused, opened, population, slice_of
from copilot.profiles.scores.targets import (
    Target,
    cases_of,
    label_names,
    targets_of,
)
from copilot.profiles.scores.training import Split, Trained, split_of, train_target
from copilot.profiles.scores.words import reasons_of
from copilot.records.generation import FeatureBuild, Generation
from copilot.records.progress import Progress
from copilot.records.score import Band, Score, Untrained
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


_MOST_BUILDS = 8
_BEHAVIOUR = ("holdings", "transactions", "interactions", "visits", "complaints")


@dataclass(frozen=True, slots=True)
class Applied:
    """What scoring a build gave: customers scored, and scores refused with the reason."""

    as_of: date
    scored: dict[str, int]
    refused: dict[str, str]


def train_scores(
    store: Store,
    settings: Settings,
    name: str | None = None,
    progress: Progress | None = None,
) -> list[Trained | Untrained]:
    """Train every score that labels or history allow, or the one called ``name``.

    Scores that cannot be trained are taken out of use.

    Raises:
        InputError: there are no labels and not enough history.
        NotFound: nothing called ``name`` can be asked of these tables.
    """
    report = progress or (lambda step, done, total: None)
    generation = store.facts.current()
    with opened(generation, settings) as connection:
        known = targets_of(connection, generation.business_date)
        wanted = [target for target in known if name in (None, target.name)]
        if not known:
            raise InputError(
                "没有可以学习的结果：没有标签表，持仓快照也不满半年",
                next="请在 sources.yaml 映射 labels，或载入更长的历史。",
            )
        if not wanted:
            names = "、".join(target.name for target in known)
            raise NotFound(f"没有名为 {name} 的评分目标", next=f"可用的：{names}。")
        work = _Training(store, settings, generation, connection)
        found: list[Trained | Untrained] = []
        for done, target in enumerate(wanted):
            report(f"训练 {target.title}", done, len(wanted))
            result = work.train(target)
            found.append(result)
            if isinstance(result, Trained):
                save(store, result)
            else:
                forget(store, target.name)
        report("完成", len(wanted), len(wanted))
    return found


class _Training:
    """Feature builds and columns shared by the scores of one run."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        generation: Generation,
        connection: DuckDBPyConnection,
    ) -> None:
        self.store, self.settings, self.generation = store, settings, generation
        self.connection = connection
        self.builds: dict[date, FeatureBuild] = {}
        current = build_profiles(store, settings, generation.business_date)
        open_refused(connection, current)

    def train(self, target: Target) -> Trained | Untrained:
        split = split_of(target)
        columns = feature_columns()
        never = label_names(self.connection)
        attributes, excluded = attribute_columns(self.connection, split.train[-1], never)
        columns += attributes
        slices = {}
        for day in sorted({*split.train, *split.test}):
            cases = cases_of(self.connection, target, day)
            build = self._build(self._features_on(day, split))
            slices[day] = slice_of(self.connection, cases, columns, build)
        current = self._build(self.generation.business_date)
        _, today = population(self.connection, target.name, columns, current)
        return train_target(target, split, columns, slices, excluded, today)

    def _features_on(self, day: date, split: Split) -> date:
        """The date whose features stand for a label date: never later than it."""
        dates = sorted({*split.train, *split.test})
        if len(dates) <= _MOST_BUILDS:
            return day
        if not any(self.generation.has(table) for table in _BEHAVIOUR):
            return dates[0]
        return day.replace(day=1) - timedelta(days=1)

    def _build(self, day: date) -> FeatureBuild:
        if day not in self.builds:
            self.builds[day] = build_profiles(self.store, self.settings, day)
        return self.builds[day]


def apply_scores(store: Store, settings: Settings, as_of: date | None = None) -> Applied:
    """Score every customer of the current generation as of a date with the models in use.

    A score whose leading columns have drifted from training (PSI above 0.25) is refused.
    """
    generation = store.facts.current()
    build = build_profiles(store, settings, as_of)
    bodies: dict[str, dict[str, Any]] = {}
    orders: dict[str, list[str]] = {}
    scored, refused = dict[str, int](), dict[str, str]()
    with opened(generation, settings, build) as connection:
        for name in manifest(store):
            trained = load(store, name)
            if not trained.card.offered:
                refused[name] = trained.card.not_offered_because
                continue
            customers, matrix = population(connection, name, trained.columns, build)
            drifted = drift_of(trained, matrix)
            if drifted:
                refused[name] = drifted
                continue
            scored[name] = len(customers)
            orders[name] = _score(trained, customers, matrix, bodies)
    manifest_body = {
        "features": build.spec_hash,
        "models": {name: entry["version"] for name, entry in manifest(store).items()},
        "scored": scored,
        "refused": refused,
        "order": orders,
    }
    write_answers(score_folder(store, build), sorted(bodies.items()), manifest_body)
    return Applied(build.as_of, scored, refused)


def drift_of(trained: Trained, matrix: Floats) -> str:
    """Why a population is too unlike the training cases to be scored, or nothing."""
    if len(matrix) == 0:
        return "没有可评分的客户"
    labels = {column.name: (i, column.label) for i, column in enumerate(trained.columns)}
    for name, reference in trained.reference.items():
        place, label = labels[name]
        drift = stability_index(reference, matrix[:, place])
        if drift > DRIFT_LIMIT:
            return f"“{label}”的分布与训练时不同（PSI {drift:.2f} > {DRIFT_LIMIT}），请重新训练"
    return ""


def _score(
    trained: Trained,
    customers: NDArray[np.object_],
    matrix: Floats,
    bodies: dict[str, dict[str, Any]],
) -> list[str]:
    """Adds the score to every customer's answer; returns the hundred highest ranked."""
    parts = trained.model.parts(matrix)
    margin = trained.model.base + parts.sum(axis=1)
    probability = trained.calibration.of(margin)
    card = trained.card
    labels = {column.name: column.label for column in trained.columns}
    for place, customer in enumerate(customers):
        score = Score(
            card.name,
            card.title,
            trained.band(float(probability[place])),
            round(float(probability[place]), 4),
            reasons_of(trained.columns, labels, matrix[place], parts[place]),
            f"{card.model}，{_quality(trained)}",
        )
        bodies.setdefault(str(customer), {})[card.name] = score.as_json()
    ranks = trained.ranking.margin(matrix) if trained.ranking is not None else margin
    return [str(customers[i]) for i in np.argsort(-ranks, kind="stable")[:100]]


def _quality(trained: Trained) -> str:
    return f"跨期AUC {trained.card.shown()['auc'].value:.2f}"


def read_scores(store: Store, build: FeatureBuild, customer_id: str) -> dict[str, Score]:
    """The scores of one customer over a feature build; empty when there are none."""
    directory = score_folder(store, build)
    body = answer(directory, customer_id) or {}
    return {
        name: Score(
            name,
            score["title"],
            Band(score["band"]),
            score["value"],
            tuple(score["reasons"]),
            score["model"],
        )
        for name, score in body.items()
    }


def highest(store: Store, principal: Principal, name: str, limit: int) -> list[str]:
    """The customers ranked highest by a score within the principal's scope, at most 100.

    Raises:
        NotFound: the score was not given for the current profiles; says why.
    """
    generation = store.facts.current()
    build = store.facts.feature_build(generation.generation_id, generation.business_date)
    body = applied_to(store, build) if build is not None else {}
    if name not in body.get("order", {}):
        why = body.get("refused", {}).get(name, "还没有评分")
        raise NotFound(f"评分 {name} 没有名单：{why}", next="请运行 copilot score apply。")
    seen = set(store.customers(principal).ids())
    return [customer for customer in body["order"][name] if customer in seen][:limit]


def score_folder(store: Store, build: FeatureBuild) -> Path:
    """Where the scores over a feature build lie; another build has another folder."""
    return build.derived(store.data_dir / "scores")


def applied_to(store: Store, build: FeatureBuild) -> dict[str, Any]:
    """The manifest of the scores over a build: models, counts, refusals, order."""
    return manifest_of(score_folder(store, build))
