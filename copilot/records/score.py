"""Scores: a customer's band with its reasons, and the card of the model behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from copilot.records.labelled import Labelled


class Band(Labelled):
    """How a score is told: the top tenth, the next three tenths, the rest of those trained on."""

    HIGH = "high", "高"
    MIDDLE = "middle", "中"
    LOW = "low", "低"


@dataclass(frozen=True, slots=True)
class Score:
    """One score of one customer; ``value`` is a calibrated probability, never told alone.

    ``reasons`` are the largest parts of the model in words, ``model`` its name and version.
    """

    name: str
    title: str
    band: Band
    value: float
    reasons: tuple[str, ...]
    model: str

    def as_json(self) -> dict[str, Any]:
        """The score inside ``copilot profile show --format json``."""
        return {
            "title": self.title,
            "band": self.band.value,
            "value": self.value,
            "reasons": list(self.reasons),
            "model": self.model,
        }

    @property
    def words(self) -> str:
        """The score as staff read it: band and reasons, no number."""
        why = f"（{'；'.join(self.reasons)}）" if self.reasons else ""
        return f"{self.title}：{self.band.shown}{why}"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured figure: ``den`` cases of which ``num`` positive, and its 95 % interval."""

    value: float
    low: float
    high: float
    num: int
    den: int

    def as_json(self) -> dict[str, float]:
        """One entry of ``metrics`` of ``copilot score eval``."""
        return {name: getattr(self, name) for name in ("value", "num", "den", "low", "high")}


@dataclass(frozen=True, slots=True)
class GroupMeasure:
    """How a score does in one group of customers; rates are shares of the group."""

    dimension: str
    group: str
    customers: int
    positives: int
    predicted_rate: float
    observed_rate: float
    high_band_share: float
    auc: float | None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What must be known of a model before anyone acts on it.

    ``measures`` holds, per model (``logistic``, ``additive``, ``ranking``), what was measured on
    ``test_dates``, which lie after every label the model was fitted on unless ``split`` says
    otherwise. ``excluded`` are columns left out, each with the reason.
    """

    name: str
    title: str
    target: str
    version: str
    method: str
    why: str
    split: str
    train_dates: tuple[date, ...]
    test_dates: tuple[date, ...]
    horizon_days: int
    train_rows: int
    train_positives: int
    columns: tuple[str, ...]
    excluded: Mapping[str, str]
    measures: Mapping[str, Mapping[str, Measure]]
    fairness: tuple[GroupMeasure, ...]
    calibration: str
    cannot_say: tuple[str, ...]
    importance: Mapping[str, float] = field(default_factory=dict)
    offered: bool = True
    not_offered_because: str = ""

    @property
    def model(self) -> str:
        """Name and version as a score names it."""
        return f"{self.name}@{self.version}"

    def shown(self) -> Mapping[str, Measure]:
        """The measures of the model whose probabilities are shown."""
        return self.measures[self.method]

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot score show --format json``."""
        body = asdict(self)
        for name in ("train_dates", "test_dates"):
            body[name] = [day.isoformat() for day in getattr(self, name)]
        return body

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> ModelCard:
        """The card that `as_json` wrote."""
        values = dict(body)
        for name in ("train_dates", "test_dates"):
            values[name] = tuple(date.fromisoformat(day) for day in body[name])
        for name in ("columns", "cannot_say"):
            values[name] = tuple(body[name])
        values["fairness"] = tuple(GroupMeasure(**group) for group in body["fairness"])
        values["measures"] = {
            model: {name: Measure(**measure) for name, measure in found.items()}
            for model, found in body["measures"].items()
        }
        return cls(**values)


@dataclass(frozen=True, slots=True)
class ScoreEvaluation:
    """How the scores in use did on the dates that they were tested on."""

    cards: tuple[ModelCard, ...]

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot score eval``; ``misses`` are the scores not offered."""
        return {
            "suite": "scores",
            "n": sum(card.shown()["auc"].den for card in self.cards),
            "metrics": {
                f"{card.name}.{model}.{metric}": measure.as_json()
                for card in self.cards
                for model, measures in card.measures.items()
                for metric, measure in measures.items()
            },
            "misses": [
                {"score": card.name, "why": card.not_offered_because}
                for card in self.cards
                if not card.offered
            ],
        }


@dataclass(frozen=True, slots=True)
class Untrained:
    """A score that was not trained, and why, in words."""

    name: str
    title: str
    why: str
    rows: int = 0
    positives: int = 0

    def as_json(self) -> dict[str, Any]:
        """One entry of ``copilot score train --format json``."""
        return asdict(self) | {"status": "untrained"}
