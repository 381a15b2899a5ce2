"""Repeat purchases of a bank that gave a purchase log and no holdings."""

from __future__ import annotations

from typing import Any

from copilot.errors import StateError
from copilot.pipeline.workbench import Workbench


def repeat_purchases(bench: Workbench, days: int, most: int) -> dict[str, Any]:
    """The held-out check, the model, and the customers expected to buy most in the next days.

    Customers are left out where the model does not beat everyone's own rate.

    Raises:
        StateError: the bank has holdings, no purchases, or too few customers.
    """
    from copilot.profiles.engine import connect, open_tables
    from copilot.profiles.scores.repeat_purchases import (
        check_repeat,
        fit_repeat,
        purchase_history,
    )

    if bench.generation.has("holdings"):
        raise StateError(
            "有持仓的客户不用回购模型：余额不会像购买那样重复发生",
            next="客户价值请用 copilot score value。",
        )
    with connect() as connection:
        open_tables(
            connection, bench.generation, bench.settings.policy, ("holdings", "transactions")
        )
        check = check_repeat(connection, bench.as_of, days)
        history = purchase_history(connection, bench.as_of)
    document: dict[str, Any] = {"as_of": bench.as_of.isoformat(), "days": days}
    document |= {"check": check.as_json(), "customers": []}
    if not check.offered:
        return document
    model = fit_repeat(history)
    expected, alive = model.expected(history, days), model.alive(history)
    in_scope = set(bench.store.customers(bench.principal).ids())
    order = sorted(range(len(expected)), key=lambda i: (-expected[i], history.customers[i]))
    shown = [i for i in order if history.customers[i] in in_scope][:most]
    document["model"] = {"r": model.r, "alpha": model.alpha, "a": model.a, "b": model.b}
    document["customers"] = [
        {
            "customer_id": history.customers[i],
            "expected": round(float(expected[i]), 3),
            "alive": round(float(alive[i]), 4),
            "purchases": int(history.x[i]) + 1,
        }
        for i in shown
    ]
    return document
