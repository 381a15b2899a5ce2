"""Recommendations: products that passed the gate, ordered for one customer, with the reasons."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from copilot.records.codes import ProductType


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An allowed product. ``weight`` = propensity × need × bank priority, for order only."""

    product_code: str
    type: ProductType
    name: str
    reasons: tuple[str, ...]
    weight: float
    propensity_known: bool


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The order of allowed products for a customer; refused ones never appear."""

    customer_id: str
    as_of: date
    items: tuple[Recommendation, ...]

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot score next --format json``."""
        return {
            "customer_id": self.customer_id,
            "as_of": self.as_of.isoformat(),
            "candidates": [asdict(item) for item in self.items],
        }
