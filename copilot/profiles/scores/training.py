"""Training one score: split by time, screen columns, fit by the number of positives, measure.

The model that is measured on the later slice is the model that is kept.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from copilot.profiles.arrays import Bools, Floats
from copilot.profiles.scores.calibration import Calibration, calibrate
from copilot.profiles.scores.columns import Column, compose
from copilot.profiles.scores.fairness import fairness_of
from copilot.profiles.scores.measure import auc, measured
from copilot.profiles.scores.models import (
    Additive,
    Forest,
    Logistic,
    fit_additive,
    fit_forest,
    fit_logistic,
)
from copilot.profiles.scores.screening import compositions, unusable
from copilot.profiles.scores.targets import Cases, Target
from copilot.records.score import Band, GroupMeasure, Measure, ModelCard, Untrained

AnyModel = Additive | Logistic | Forest
Fit = Callable[[Floats, Bools], AnyModel]

FEWEST_POSITIVES = 100
BOOSTING_POSITIVES = 700
_COMPOSITIONS = 40
_LARGE = 20_000  # beyond it one held-out quarter calibrates as well as three folds
_SMALLEST_TEST = 20  # positives below which no figure on the later slice means anything
_RANKING_GAIN = 0.002
_DRIFT_WATCHED = 0.03  # share of all parts above which a column's drift stops the score


@dataclass(frozen=True, slots=True)
class Slice:
    """Cases of one date with their columns and, for fairness, age and gender."""

    cases: Cases
    matrix: Floats
    age: Floats
    gender: NDArray[np.object_]

    def only(self, chosen: Bools) -> Slice:
        """The chosen cases."""
        cases = Cases(self.cases.as_of, self.cases.customers[chosen], self.cases.positive[chosen])
        return Slice(cases, self.matrix[chosen], self.age[chosen], self.gender[chosen])


@dataclass(frozen=True, slots=True)
class Split:
    """Training dates, test dates, and in words how they lie to each other."""

    train: tuple[date, ...]
    test: tuple[date, ...]
    words: str
    by_customer: bool = False


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted score: its card, the model that is shown, and how its values become bands.

    ``reference`` holds the training values (a few quantiles) of the columns watched for drift.
    """

    card: ModelCard
    columns: tuple[Column, ...]
    model: Additive | Logistic
    calibration: Calibration
    bands: tuple[float, float]
    ranking: Forest | None
    reference: dict[str, Floats] = field(default_factory=dict)

    def band(self, probability: float) -> Band:
        """The band of a calibrated probability."""
        if probability >= self.bands[0]:
            return Band.HIGH
        return Band.MIDDLE if probability >= self.bands[1] else Band.LOW


def split_of(target: Target) -> Split:
    """The newest fifth of the dates tests; only labels known by then train."""
    dates = target.dates
    test = dates[-max(1, len(dates) // 5) :]
    known = tuple(day for day in dates if day + timedelta(target.horizon_days) <= test[0])
    if known:
        words = f"按时间：{known[0]}至{known[-1]}训练，{test[0]}至{test[-1]}检验"
        return Split(known, test, words)
    words = f"只有相距不足{target.horizon_days}天的时点，按客户划分七成训练、三成检验，未检验跨期"
    return Split(dates, dates, words, by_customer=True)


def train_target(
    target: Target,
    split: Split,
    columns: Sequence[Column],
    slices: dict[date, Slice],
    excluded: dict[str, str],
    today: Floats,
) -> Trained | Untrained:
    """Fit and measure one score, or say why it cannot be.

    ``today`` are the columns of the customers that the score is for.
    """
    train = [slices[day] for day in split.train]
    test = [slices[day] for day in split.test]
    if split.by_customer:
        train = [part.only(_bucket(part.cases.customers) < 7) for part in train]
        test = [part.only(_bucket(part.cases.customers) >= 7) for part in test]
    positives, why_not = _enough(train, test)
    if why_not:
        return Untrained(target.name, target.title, why_not, _rows(train), positives)
    labels = _stack([part.cases.positive for part in train])
    excluded = excluded | unusable(
        columns,
        [part.matrix for part in train if len(part.matrix)],
        labels,
        [np.vstack([part.matrix for part in test]), *([today] if len(today) else [])],
    )
    kept = [place for place, column in enumerate(columns) if column.name not in excluded]
    if not kept:
        why = "没有可用的特征：全部未知、取值相同、疑似泄漏或各期分布不同"
        return Untrained(target.name, target.title, why, _rows(train), positives)
    work = _Work(target, split, [columns[i] for i in kept], train, test, kept, positives)
    return work.run(excluded)


def _enough(train: Sequence[Slice], test: Sequence[Slice]) -> tuple[int, str]:
    customers = {
        str(customer) for part in train for customer in part.cases.customers[part.cases.positive]
    }
    found = len(customers)
    negatives = _rows(train) - sum(int(part.cases.positive.sum()) for part in train)
    tested = sum(int(part.cases.positive.sum()) for part in test)
    if found < FEWEST_POSITIVES:
        return found, f"训练期内出现该结果的客户只有{found}位，少于{FEWEST_POSITIVES}位，不训练"
    if negatives < FEWEST_POSITIVES:
        return found, f"训练期内没有出现该结果的只有{negatives}例，少于{FEWEST_POSITIVES}例，不训练"
    if tested < _SMALLEST_TEST or tested == _rows(test):
        return found, f"检验期{_rows(test)}例中出现该结果的有{tested}例，无法检验，不训练"
    return found, ""


class _Work:
    """The fitting of one score over screened columns."""

    def __init__(
        self,
        target: Target,
        split: Split,
        columns: list[Column],
        train: list[Slice],
        test: list[Slice],
        kept: list[int],
        positives: int,
    ) -> None:
        self.target, self.split, self.columns, self.positives = target, split, columns, positives
        self.train, self.test = train, test
        self.labels = _stack([part.cases.positive for part in train])
        self.customers = np.concatenate([part.cases.customers for part in train])
        self.slice_of = np.concatenate(
            [np.full(len(part.matrix), place) for place, part in enumerate(train)]
        )
        self.matrix = np.vstack([part.matrix for part in train])[:, kept]
        self.test_matrix = np.vstack([part.matrix for part in test])[:, kept]
        self.test_labels = _stack([part.cases.positive for part in test])

    def run(self, excluded: dict[str, str]) -> Trained:
        fits: dict[str, Fit] = {"logistic": fit_logistic}
        if self.positives > BOOSTING_POSITIVES:
            self._add_compositions()
            fits |= {"additive": fit_additive, "ranking": fit_forest}
        held_out = {name: self._held_out(fit) for name, fit in fits.items()}
        quality = {name: auc(labels, margin) for name, (margin, labels) in held_out.items()}
        shown, why = self._choose(quality)
        models = {name: fit(self.matrix, self.labels) for name, fit in fits.items()}
        maps = {name: calibrate(margin, labels) for name, (margin, labels) in held_out.items()}
        measures = {name: self._measured(models[name], maps[name]) for name in fits}
        model = models[shown]
        assert isinstance(model, (Additive, Logistic))
        levels = maps[shown].of(held_out[shown][0])
        bands = (float(np.quantile(levels, 0.9)), float(np.quantile(levels, 0.6)))
        importance = self._importance(model)
        card = self._card(shown, why, measures, excluded, importance, maps[shown], bands, model)
        ranking = models.get("ranking")
        ranks = isinstance(ranking, Forest) and quality["ranking"] > quality[shown] + _RANKING_GAIN
        watched = [i for i, c in enumerate(self.columns) if importance[c.name] >= _DRIFT_WATCHED]
        reference = {self.columns[i].name: _sketch(self.matrix[:, i]) for i in watched}
        kept = ranking if ranks and isinstance(ranking, Forest) else None
        return Trained(card, tuple(self.columns), model, maps[shown], bands, kept, reference)

    def _add_compositions(self) -> None:
        plain = fit_additive(self.matrix, self.labels)
        rate = 1 / (1 + np.exp(-plain.margin(self.matrix)))
        added = compositions(
            self.columns, self.matrix, self.labels, self.labels - rate, _COMPOSITIONS
        )
        columns = [*self.columns, *added]
        self.matrix = _recomposed(self.columns, columns, self.matrix)
        self.test_matrix = _recomposed(self.columns, columns, self.test_matrix)
        self.columns = columns

    def _held_out(self, fit: Fit) -> tuple[Floats, Bools]:
        """Log-odds of training cases by models that did not see them, and their labels.

        The last training date against the earlier ones where both hold enough positives, else
        folds by customer.
        """
        later = self.slice_of == self.slice_of.max()
        enough = min(self.labels[later].sum(), self.labels[~later].sum()) >= FEWEST_POSITIVES
        if enough and not self.labels[~later].all():
            model = fit(self.matrix[~later], self.labels[~later])
            return model.margin(self.matrix[later]), self.labels[later]
        folds = _bucket(self.customers, 4 if len(self.labels) > _LARGE else 3)
        chosen = [0] if len(self.labels) > _LARGE else [0, 1, 2]
        margins, labels = [], []
        for fold in chosen:
            out = folds == fold
            model = fit(self.matrix[~out], self.labels[~out])
            margins.append(model.margin(self.matrix[out]))
            labels.append(self.labels[out])
        return np.concatenate(margins), _stack(labels)

    def _choose(self, quality: dict[str, float]) -> tuple[str, str]:
        count = f"训练期正例客户{self.positives}位"
        if "additive" not in quality:
            return "logistic", f"{count}，在100到700之间：用逻辑回归"
        pair = f"留出AUC：可加提升树{quality['additive']:.3f}，逻辑回归{quality['logistic']:.3f}"
        if quality["additive"] >= quality["logistic"]:
            return "additive", f"{count}，多于700：用可加提升树，每列的贡献可以逐项写出（{pair}）"
        return "logistic", f"{count}，多于700，但提升树没有胜过逻辑回归（{pair}）"

    def _measured(self, model: AnyModel, calibration: Calibration) -> dict[str, Measure]:
        margin = model.margin(self.test_matrix)
        return measured(self.test_labels, margin, calibration.of(margin))

    def _importance(self, model: Additive | Logistic) -> dict[str, float]:
        parts = np.abs(model.parts(self.matrix)).mean(axis=0)
        shares = parts / max(float(parts.sum()), 1e-12)
        return {c.name: float(s) for c, s in zip(self.columns, shares, strict=True)}

    def _card(
        self,
        shown: str,
        why: str,
        measures: dict[str, dict[str, Measure]],
        excluded: dict[str, str],
        importance: dict[str, float],
        calibration: Calibration,
        bands: tuple[float, float],
        model: Additive | Logistic,
    ) -> ModelCard:
        offered = measures[shown]["auc"].low > 0.5
        return ModelCard(
            name=self.target.name,
            title=self.target.title,
            target=self.target.definition,
            version=_version(model, self.split),
            method=shown,
            why=why,
            split=self.split.words,
            train_dates=self.split.train,
            test_dates=self.split.test,
            horizon_days=self.target.horizon_days,
            train_rows=len(self.labels),
            train_positives=int(self.labels.sum()),
            columns=tuple(column.name for column in self.columns),
            excluded=excluded,
            measures=measures,
            fairness=self._fairness(model, calibration, bands[0]),
            calibration=calibration.method,
            cannot_say=_limits(self.split),
            importance=dict(sorted(importance.items(), key=lambda item: -item[1])),
            offered=offered,
            not_offered_because="" if offered else "检验期AUC的95%区间包含0.5，与随机无异",
        )

    def _fairness(
        self, model: Additive | Logistic, calibration: Calibration, high: float
    ) -> tuple[GroupMeasure, ...]:
        probability = calibration.of(model.margin(self.test_matrix))
        age = np.concatenate([part.age for part in self.test])
        gender = np.concatenate([part.gender for part in self.test])
        return fairness_of(age, gender, self.test_labels, probability, high)


def _limits(split: Split) -> tuple[str, ...]:
    limits = [
        "只说明与过去相似的客户后来怎样，不说明原因，也不说明联系客户会带来什么改变",
        "不能作为拒绝服务、定价或授信的依据",
        "取值未知的列按“未知”参与计算，不当作零",
    ]
    if split.by_customer:
        limits.append("没有跨期检验，换一个时期的效果不知道")
    elif len(split.test) == 1:
        limits.append("只检验了一个时点，季节影响不知道")
    return tuple(limits)


def _recomposed(old: Sequence[Column], new: Sequence[Column], matrix: Floats) -> Floats:
    values = {column.name: matrix[:, place] for place, column in enumerate(old)}
    return compose(new, values, len(matrix))


def _bucket(customers: NDArray[np.object_], buckets: int = 10) -> NDArray[np.int64]:
    """A bucket per customer that does not change between runs."""
    return np.array([zlib.crc32(str(c).encode()) % buckets for c in customers], dtype=np.int64)


def _sketch(values: Floats, size: int = 200) -> Floats:
    unknown = round(size * float(np.isnan(values).mean()))
    known = values[~np.isnan(values)]
    points = np.quantile(known, np.linspace(0, 1, max(size - unknown, 1)))
    return np.concatenate([points, np.full(unknown, np.nan)])


def _version(model: Additive | Logistic, split: Split) -> str:
    digest = hashlib.sha256(repr(sorted(model.as_json().items(), key=lambda i: i[0])).encode())
    return f"{split.test[-1]:%Y%m%d}-{digest.hexdigest()[:8]}"


def _rows(slices: Sequence[Slice]) -> int:
    return sum(len(part.matrix) for part in slices)


def _stack(parts: Sequence[Bools]) -> Bools:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)
