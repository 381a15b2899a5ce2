"""What happened to customers since the load, kept until a load brings the same rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from copilot.records.event import CustomerEvent
from copilot.records.generation import LastEvent, LiveRows
from copilot.records.tables import TABLES
from copilot.store import schema

ORIGIN = "event"
_READ = {"date": date.fromisoformat, "datetime": datetime.fromisoformat}
#: The ledger and the product system are whole once a later day is loaded.
_WHOLE_BY_DAY = ("transactions", "holdings")


def known_documents(connection: Connection, ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """By event id, what was recorded under it."""
    table = schema.customer_events
    found: dict[str, Mapping[str, Any]] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), 500):
        query = sa.select(table.c.event_id, table.c.document).where(
            table.c.event_id.in_(wanted[start : start + 500])
        )
        found |= {row.event_id: row.document for row in connection.execute(query)}
    return found


def record(connection: Connection, events: Iterable[CustomerEvent]) -> None:
    """Record new events; those of tables that the database keeps are at once seen by the gate."""
    table = schema.customer_events
    newest = connection.scalar(sa.select(sa.func.max(table.c.seq))) or 0
    for seq, event in enumerate(events, start=newest + 1):
        target, row = event.row()
        connection.execute(
            table.insert().values(
                seq=seq,
                event_id=event.id,
                kind=event.kind,
                customer_id=event.customer_id,
                at=event.at,
                document=event.model_dump(mode="json"),
                target=target,
                row={
                    name: value.isoformat() if isinstance(value, date) else value
                    for name, value in row.items()
                },
                pending=True,
            )
        )
        if target in schema.dimensions:
            _remove(connection, target, row)
            connection.execute(schema.dimensions[target].insert().values(**row, row_origin=ORIGIN))


def revision(connection: Connection) -> tuple[int, int]:
    """Something that changes whenever the pending events do."""
    table = schema.customer_events
    row = connection.execute(
        sa.select(sa.func.max(table.c.seq), sa.func.count()).where(table.c.pending)
    ).one()
    return int(row[0] or 0), int(row[1])


def live_rows(connection: Connection) -> LiveRows:
    """The pending rows by table, the later of two under one key."""
    table = schema.customer_events
    rows: dict[str, dict[tuple[Any, ...], Mapping[str, Any]]] = {}
    last: dict[str, LastEvent] = {}
    newest = 0
    query = sa.select(table).where(table.c.pending).order_by(table.c.seq)
    for event in connection.execute(query):
        newest = event.seq
        row = _typed(event.target, event.row)
        key = tuple(row.get(name) for name in TABLES[event.target].key)
        rows.setdefault(event.target, {})[key] = row
        before = last.get(event.customer_id)
        if before is None or before.at <= event.at:
            last[event.customer_id] = LastEvent(event.kind, event.at)
    tables = {name: tuple(by_key.values()) for name, by_key in rows.items()}
    return LiveRows(newest, tables, last)


def settle(
    connection: Connection,
    business_date: date,
    loaded: Mapping[str, Collection[tuple[Any, ...]]],
) -> None:
    """Let go of events that a load has brought: those under a key of ``loaded`` (by table), and
    transactions and holdings of a day before the business date.

    Complaints and withdrawn consents stay until the bank's own row arrives.
    """
    table = schema.customer_events
    for event in connection.execute(sa.select(table).where(table.c.pending)).all():
        row = _typed(event.target, event.row)
        key = tuple(row.get(name) for name in TABLES[event.target].key)
        brought = key in loaded.get(event.target, ())
        over = event.target in _WHOLE_BY_DAY and event.at.date() < business_date
        if not (brought or over):
            continue
        connection.execute(table.update().where(table.c.seq == event.seq).values(pending=False))
        if brought and event.target in schema.dimensions:
            _remove(connection, event.target, row, origin=ORIGIN)


def _remove(
    connection: Connection, name: str, row: Mapping[str, Any], origin: str | None = None
) -> None:
    table = schema.dimensions[name]
    same = [table.c[key] == row[key] for key in TABLES[name].key]
    if origin is not None:
        same.append(table.c.row_origin == origin)
    connection.execute(table.delete().where(*same))


def _typed(target: str, row: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {column.name: column.type for column in TABLES[target].columns}
    return {
        name: _READ[kinds[name]](value) if value is not None and kinds[name] in _READ else value
        for name, value in row.items()
    }
