"""Profiles: features as of a date, reasons with the rows behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from copilot.records.generation import LastEvent
from copilot.records.score import Score

#: What a maturing holding is called in a sentence.
MATURING = {
    "deposit": "定期",
    "large_cd": "大额存单",
    "gov_bond": "储蓄国债",
    "structured_deposit": "结构性存款",
    "wmp": "理财",
    "fund": "基金",
    "insurance": "保险",
    "pension": "个人养老金产品",
    "gold": "积存金",
    "fx": "外汇存款",
}

FeatureScalar = float | int | str | bool | date | None


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """The declaration of a feature: everything an auditor needs to recompute it.

    ``null_rule`` is ``zero`` (0 when the customer exists) or ``unknown`` (null, never 0).
    ``unit`` is fen, days, count, ratio, fen_per_month, code, bool, date or key (the key of a
    row that stands as evidence). ``sources`` are the columns read, as ``table.column``; without
    those in ``optional`` the value can still be computed. ``unknown_because`` is what a person
    reads when the value is null. ``service`` features are kept for customers who refused
    profiling, because serving them needs these.
    """

    name: str
    label: str
    formula: str
    window: str
    unit: str
    null_rule: str
    sources: tuple[str, ...]
    data_class: str
    group: str
    version: int = 1
    optional: tuple[str, ...] = ()
    unknown_because: str = ""
    service: bool = False


@dataclass(frozen=True, slots=True)
class FeatureValue:
    """A feature of one customer; ``null_reason`` says why a value is not known."""

    name: str
    value: FeatureScalar
    unit: str
    window: str | None = None
    null_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Rows behind a reason or feature: the table and the keys of the rows that count."""

    table: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why this customer is worth a contact now, in words for the staff card.

    ``code`` is stable (``maturing_30``, ``idle_demand`` …); ``sayable`` is the one form a
    customer may hear because they expect it, or empty; ``rank`` sorts, larger first.
    """

    code: str
    text: str
    features: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    product_types: tuple[str, ...] = ()
    sayable: str = ""
    rank: float = 0.0


@dataclass(frozen=True, slots=True)
class Prospect:
    """A customer who may be contacted, with a reason that was asked for and what it is called."""

    customer_id: str
    manager_id: str | None
    branch_id: str | None
    title: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer's profile as of a business date.

    ``last_event`` is what happened last since the load, and ``event_counted`` whether the
    features hold it.
    """

    customer_id: str
    as_of: date
    generation: str
    features: Mapping[str, FeatureValue]
    reasons: tuple[Reason, ...]
    segments: Mapping[str, str] = field(default_factory=dict)
    card: str = ""
    scores: Mapping[str, Score] = field(default_factory=dict)
    last_event: LastEvent | None = None
    event_counted: bool = True

    def value(self, name: str) -> FeatureScalar:
        """The value of a feature, ``None`` when it is unknown or was not computed."""
        feature = self.features.get(name)
        return None if feature is None else feature.value

    @property
    def next_maturity(self) -> date | None:
        """The day on which money of the customer next falls due, the profile's own day included."""
        today, days = self.value("maturing_today"), self.value("days_to_maturity")
        if isinstance(today, (int, float)) and today > 0:
            return self.as_of
        return self.as_of + timedelta(days=int(days)) if isinstance(days, (int, float)) else None

    @property
    def maturing_product(self) -> str | None:
        """What people call the holding that falls due next."""
        today = self.next_maturity == self.as_of
        kind = self.value("maturing_today_type" if today else "next_maturity_type")
        return MATURING.get(str(kind))

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot profile show --format json``."""
        document: dict[str, Any] = {
            "customer_id": self.customer_id,
            "as_of": self.as_of.isoformat(),
            "card": self.card,
            "features": {name: _feature_json(f) for name, f in self.features.items()},
            "segments": dict(self.segments),
            "scores": {name: score.as_json() for name, score in self.scores.items()},
            "reasons": [
                {
                    "code": reason.code,
                    "text": reason.text,
                    "features": list(reason.features),
                    "evidence": [{"table": e.table, "keys": list(e.keys)} for e in reason.evidence],
                }
                for reason in self.reasons
            ],
        }
        if self.last_event is not None:
            document["last_event"] = {
                "kind": self.last_event.kind,
                "at": self.last_event.at.isoformat(),
                "counted": self.event_counted,
            }
        return document


def _feature_json(feature: FeatureValue) -> dict[str, Any]:
    value = feature.value.isoformat() if isinstance(feature.value, date) else feature.value
    body: dict[str, Any] = {"value": value, "unit": feature.unit}
    if feature.null_reason is not None:
        body["null_reason"] = feature.null_reason
    if feature.window is not None:
        body["window"] = feature.window
    return body
