"""Snapshots of holdings around a period, with what has happened since the newest of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from typing import Any

from copilot.records.customer import Holding
from copilot.records.generation import Generation
from copilot.records.work import WorkPeriod

_COLUMNS = tuple(column.name for column in fields(Holding))
_FILES = "read_parquet(?, union_by_name = true)"

Snapshots = dict[date, tuple[Holding, ...]]


def read_snapshots(
    generation: Generation, customers: frozenset[str], period: WorkPeriod
) -> tuple[tuple[date, ...], Snapshots]:
    """The days of every snapshot until the period's end, and the holdings of those that matter.

    Holdings in other currencies than the bank's own are left out.
    """
    if not generation.has("holdings") or not customers:
        return (), {}
    import duckdb

    files = [str(path) for path in generation.files("holdings")]
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as database:
        days = database.execute(
            f"select distinct as_of from {_FILES} order by as_of", [files]
        ).fetchall()
        every = [row[0] for row in days]
        snapshots = tuple(day for day in every if day <= period.last)
        wanted = _around(snapshots, period)
        described = database.execute(f"describe select * from {_FILES}", [files]).fetchall()
        given = {row[0] for row in described}
        columns = ", ".join(name if name in given else "null" for name in _COLUMNS)
        home = " and coalesce(currency, ?) = ?" if "currency" in given else ""
        found = database.execute(
            f"select {columns} from {_FILES} where as_of in (select unnest(?))"
            f" and customer_id in (select unnest(?)){home} order by holding_id, as_of",
            [files, wanted, sorted(customers), *([generation.currency] * (2 if home else 0))],
        ).fetchall()
    held: dict[date, dict[str, Holding]] = {day: {} for day in wanted}
    for row in found:
        held[row[1]][row[0]] = Holding(*row)
    if every and every[-1] in held:
        _bring_up_to_date(held[every[-1]], generation, customers, every[-1])
    return snapshots, {day: tuple(rows.values()) for day, rows in held.items()}


def _around(snapshots: tuple[date, ...], period: WorkPeriod) -> list[date]:
    """The snapshots since the beginning of the month before, and the one before that."""
    since = period.previous.first.replace(day=1)
    later = [day for day in snapshots if day >= since]
    return list(snapshots[-(len(later) + 1) :])


def _bring_up_to_date(
    held: dict[str, Holding], generation: Generation, customers: Iterable[str], day: date
) -> None:
    """Lay holdings from events that no load has brought over the newest snapshot."""
    known = frozenset(customers)
    for row in generation.live.tables.get("holdings", ()):
        currency = row.get("currency") or generation.currency
        if row["customer_id"] in known and currency == generation.currency:
            values: dict[str, Any] = {name: row.get(name) for name in _COLUMNS}
            held[row["holding_id"]] = Holding(**(values | {"as_of": day}))
