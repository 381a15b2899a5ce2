"""Repeat purchases of a purchase log: BG/NBD (Fader, Hardie and Lee 2005) by maximum likelihood.

A customer buys at a rate of their own (gamma over customers, ``r`` and ``alpha``) and after each
purchase leaves for good with a chance of their own (beta over customers, ``a`` and ``b``). Only
for logs of free repeat purchases: a bank with holdings has `copilot.profiles.scores.value`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from copilot.errors import StateError
from copilot.profiles.arrays import Floats

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


FEWEST_CUSTOMERS = 1_000  # below it the spread of the leaving chance is anybody's guess
_STARTS = ((1.0, 1.0, 1.0, 1.0), (0.3, 0.3, 0.6, 2.0))


@dataclass(frozen=True, slots=True)
class History:
    """Per customer: days with a repeat purchase ``x``, day of the last ``t_x``, days watched."""

    customers: tuple[str, ...]
    x: Floats
    t_x: Floats
    watched: Floats


@dataclass(frozen=True, slots=True)
class RepeatModel:
    """The four parameters; time in days."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, history: History) -> Floats:
        """The chance that each customer has not left."""
        return np.asarray(1 / (1 + self._left_odds(history)), dtype=np.float64)

    def expected(self, history: History, days: float) -> Floats:
        """Days with a purchase that each customer is expected to have in the next ``days``."""
        from scipy.special import hyp2f1

        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        x, watched = history.x, history.watched
        later = alpha + watched + days
        series = hyp2f1(r + x, b + x, a + b + x - 1, days / later)
        bought = 1 - ((alpha + watched) / later) ** (r + x) * series
        found = (a + b + x - 1) / (a - 1) * bought / (1 + self._left_odds(history))
        return np.asarray(np.maximum(found, 0.0), dtype=np.float64)

    def _left_odds(self, history: History) -> Floats:
        x = history.x
        grown = (self.alpha + history.watched) / (self.alpha + history.t_x)
        odds = self.a / np.maximum(self.b + x - 1, 1e-9) * grown ** (self.r + x)
        return np.asarray(np.where(x > 0, odds, 0.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class RepeatCheck:
    """The model and the customers' own rates against what happened in a held-out period."""

    split: date
    days: int
    customers: int
    bought: int
    foreseen: float
    foreseen_by_rate: float
    error: float
    error_by_rate: float

    @property
    def offered(self) -> bool:
        """Whether the model beats everyone going on at their own rate."""
        return self.error < self.error_by_rate

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "split": self.split.isoformat(),
            "days": self.days,
            "customers": self.customers,
            "bought": self.bought,
            "foreseen": round(self.foreseen, 1),
            "foreseen_by_rate": round(self.foreseen_by_rate, 1),
            "mean_error": round(self.error, 4),
            "mean_error_by_rate": round(self.error_by_rate, 4),
            "offered": self.offered,
        }


def purchase_history(connection: DuckDBPyConnection, until: date) -> History:
    """Purchase days up to a date; the first purchase starts a customer's clock."""
    rows = connection.execute(
        "select customer_id, count(distinct txn_date) - 1, "
        "date_diff('day', min(txn_date), max(txn_date)), date_diff('day', min(txn_date), $until) "
        "from transactions where kind = 'purchase' and txn_date <= $until "
        "group by customer_id having min(txn_date) < $until order by customer_id",
        {"until": until},
    ).fetchall()
    columns = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 3)
    return History(tuple(str(row[0]) for row in rows), *columns.T)


def fit_repeat(history: History) -> RepeatModel:
    """Maximum likelihood from two starts; the better one holds.

    Raises:
        StateError: too few customers, or nobody bought twice.
    """
    from scipy.optimize import minimize

    if len(history.customers) < FEWEST_CUSTOMERS:
        raise StateError(
            f"购买过的客户只有{len(history.customers)}位，少于{FEWEST_CUSTOMERS}位，不估计回购",
            next="请载入更长或更全的购买流水。",
        )
    if not (history.x > 0).any():
        raise StateError("没有客户买过第二次，无法估计回购", next="请检查购买流水的日期。")
    unit = float(history.watched.max())
    x, t_x, watched = history.x, history.t_x / unit, history.watched / unit

    def loss(logs: Floats) -> float:
        return -_log_likelihood(np.exp(logs), x, t_x, watched) / len(x)

    fits = [
        minimize(loss, np.log(start), method="L-BFGS-B", bounds=[(-8, 8)] * 4) for start in _STARTS
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    r, alpha, a, b = (float(value) for value in np.exp(best.x))
    if abs(a - 1) < 1e-6:  # the expectation divides by a − 1
        a += 1e-6
    return RepeatModel(r, alpha * unit, a, b)


def _log_likelihood(parameters: Floats, x: Floats, t_x: Floats, watched: Floats) -> float:
    from scipy.special import betaln, gammaln

    r, alpha, a, b = parameters
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + watched)
    repeated = np.maximum(x, 1.0)
    leaves = betaln(a + 1, b + repeated - 1) - betaln(a, b) - (r + x) * np.log(alpha + t_x)
    return float((rate + np.where(x > 0, np.logaddexp(stays, leaves), stays)).sum())


def check_repeat(connection: DuckDBPyConnection, until: date, days: int) -> RepeatCheck:
    """Fit without the last ``days``, then foresee them.

    Raises:
        StateError: as `fit_repeat`, for the time before.
    """
    split = until - timedelta(days)
    history = purchase_history(connection, split)
    model = fit_repeat(history)
    bought = dict(
        connection.execute(
            "select customer_id, count(distinct txn_date) from transactions where "
            "kind = 'purchase' and txn_date > $split and txn_date <= $until group by customer_id",
            {"split": split, "until": until},
        ).fetchall()
    )
    actual = np.array([bought.get(customer, 0) for customer in history.customers], dtype=float)
    foreseen = model.expected(history, days)
    by_rate = history.x / np.maximum(history.watched, 1.0) * days
    return RepeatCheck(
        split,
        days,
        len(actual),
        int(actual.sum()),
        float(foreseen.sum()),
        float(by_rate.sum()),
        float(np.abs(foreseen - actual).mean()),
        float(np.abs(by_rate - actual).mean()),
    )
