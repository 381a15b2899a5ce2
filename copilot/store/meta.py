"""Single values of an installation by name, such as a revision or which version is in use."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from copilot.store.schema import meta as _meta


def get_meta(connection: Connection, key: str) -> str | None:
    """One installation-wide value, ``None`` when it was never set."""
    value: str | None = connection.scalar(sa.select(_meta.c.value).where(_meta.c.key == key))
    return value


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Sets one installation-wide value."""
    updated = connection.execute(_meta.update().where(_meta.c.key == key).values(value=value))
    if updated.rowcount == 0:
        connection.execute(_meta.insert().values(key=key, value=value))
