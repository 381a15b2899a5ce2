"""Probabilities that mean what they say: a monotone map from log-odds, fitted on other cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from copilot.profiles.arrays import Bools, Floats

_ISOTONIC_POSITIVES = 1_000  # fewer make isotonic steps follow the noise


@dataclass(frozen=True, slots=True)
class Calibration:
    """Piecewise linear map from log-odds to probability."""

    method: str
    margins: Floats
    probabilities: Floats

    def of(self, margin: Floats) -> Floats:
        """The probability of every log-odds."""
        return np.asarray(np.interp(margin, self.margins, self.probabilities), dtype=np.float64)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "method": self.method,
            "margins": self.margins.tolist(),
            "probabilities": self.probabilities.tolist(),
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Calibration:
        """The map that `as_json` wrote."""
        return cls(
            body["method"], np.array(body["margins"], float), np.array(body["probabilities"], float)
        )


def calibrate(margin: Floats, positive: Bools) -> Calibration:
    """Isotonic regression with at least 1,000 positive cases, Platt's sigmoid below."""
    if positive.sum() >= _ISOTONIC_POSITIVES:
        return _isotonic(margin, positive)
    return _platt(margin, positive)


def _isotonic(margin: Floats, positive: Bools) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(margin, positive.astype(float))
    # The middle of every step joined by lines keeps the order within a step.
    levels, first = np.unique(fitted.y_thresholds_, return_index=True)
    last = np.append(first[1:], len(fitted.y_thresholds_)) - 1
    middle = (fitted.X_thresholds_[first] + fitted.X_thresholds_[last]) / 2
    return Calibration("isotonic", np.asarray(middle), np.clip(levels, 1e-4, 1 - 1e-4))


def _platt(margin: Floats, positive: Bools) -> Calibration:
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6).fit(margin[:, None], positive)
    marks = np.linspace(float(margin.min()) - 1, float(margin.max()) + 1, 200)
    odds = marks * max(float(fitted.coef_[0, 0]), 0.0) + float(fitted.intercept_[0])
    return Calibration("platt", marks, 1 / (1 + np.exp(-odds)))
