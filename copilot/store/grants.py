"""The grants table, compiled once for each state of it."""

from __future__ import annotations

from dataclasses import asdict, fields
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from copilot.records.access import Access, Grant
from copilot.store import schema
from copilot.store.meta import get_meta, set_meta

_grants = schema.knowledge_grants
_REVISION_KEY = "knowledge_access_revision"

_compiled: WeakKeyDictionary[Engine, tuple[int, Access]] = WeakKeyDictionary()


def access_now(connection: Connection) -> Access:
    """The grants as they are in the caller's view of the database.

    One number is read each time, so a revocation made by any process holds from the next call on.
    """
    revision = access_revision(connection)
    held = _compiled.get(connection.engine)
    if held is None or held[0] != revision:
        held = (revision, Access(grants_of(connection)))
        _compiled[connection.engine] = held
    return held[1]


def access_revision(connection: Connection) -> int:
    """A number that grows with every change of the grants."""
    return int(get_meta(connection, _REVISION_KEY) or 0)


def grants_of(connection: Connection, document_id: str | None = None) -> list[Grant]:
    """Every grant and revocation, or those of one document."""
    query = sa.select(*(_grants.c[field.name] for field in fields(Grant)))
    if document_id is not None:
        query = query.where(_grants.c.document_id == document_id)
    return [Grant(*row) for row in connection.execute(query).all()]


def put_grants(connection: Connection, *grants: Grant) -> None:
    """Records grants or revocations; one that is there already stays as it is."""
    for grant in grants:
        _delete(connection, grant)
    if grants:
        connection.execute(_grants.insert(), [asdict(grant) for grant in grants])
        _bump(connection)


def drop_grants(connection: Connection, *grants: Grant) -> None:
    """Takes grants or revocations back."""
    for grant in grants:
        _delete(connection, grant)
    if grants:
        _bump(connection)


def _delete(connection: Connection, grant: Grant) -> None:
    same = (_grants.c[name] == value for name, value in asdict(grant).items())
    connection.execute(_grants.delete().where(*same))


def _bump(connection: Connection) -> None:
    set_meta(connection, _REVISION_KEY, str(access_revision(connection) + 1))
