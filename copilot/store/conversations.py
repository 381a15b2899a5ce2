"""What the conversations of one asker are about; nobody else reads or continues them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copilot.records.clock import utc_now
from copilot.records.staff import Principal
from copilot.store import schema
from copilot.store.engine import read_connection

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_conversations = schema.conversations


class ConversationRepository:
    """The subjects of the principal's own conversations.

    A conversation is known by its name and its owner: the same name used by somebody else is
    another conversation.
    """

    def __init__(self, engine: Engine, principal: Principal) -> None:
        self._engine = engine
        self._owner = principal.user_id

    def subject(self, conversation_id: str, *, within: timedelta) -> dict[str, Any] | None:
        """What the conversation is about; ``None`` when there is none or it has expired."""
        query = sa.select(_conversations).where(*self._mine(conversation_id))
        with read_connection(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.updated_at < utc_now() - within:
            return None
        return dict(row.subject)

    def keep(
        self, connection: Connection, conversation_id: str, subject: Mapping[str, Any]
    ) -> None:
        """Stores what the conversation is about now, in the caller's transaction."""
        values = {"subject": dict(subject), "updated_at": utc_now()}
        mine = self._mine(conversation_id)
        if connection.execute(_conversations.update().where(*mine).values(values)).rowcount:
            return
        key = {"owner": self._owner, "conversation_id": conversation_id}
        connection.execute(_conversations.insert().values(**key, **values))

    def forget_expired(self, connection: Connection, *, within: timedelta) -> int:
        """Removes everybody's expired conversations; returns how many there were."""
        expired = _conversations.c.updated_at < utc_now() - within
        return connection.execute(_conversations.delete().where(expired)).rowcount

    def _mine(self, conversation_id: str) -> tuple[sa.ColumnElement[bool], ...]:
        named = _conversations.c.conversation_id == conversation_id
        return _conversations.c.owner == self._owner, named
