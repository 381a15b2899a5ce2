"""Documents, versions and passages: the truth that the disposable indexes are built from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from copilot.errors import NotFound
from copilot.records.access import Access, Grant
from copilot.records.codes import Audience, PassageKind
from copilot.records.knowledge import Document, Passage
from copilot.records.staff import Principal
from copilot.store import grants, schema
from copilot.store.engine import read_connection
from copilot.store.meta import get_meta, set_meta

_documents = schema.documents
_passages = schema.passages
_REVISION_KEY = "knowledge_revision"


class KnowledgeRepository:
    """The knowledge base within what the principal may read.

    Branches named by the file and grants given since (`copilot.records.access`) both limit it.
    Older versions of a document stay, so that a citation can be checked against the very text it
    was made from; only the current version is searched.
    """

    def __init__(self, engine: Engine, principal: Principal) -> None:
        self._engine = engine
        self._principal = principal

    def replace_document(
        self, connection: Connection, document: Document, passages: Sequence[Passage]
    ) -> None:
        """Stores a document version with its passages and makes it the current one."""
        self._retire(connection, document.document_id)
        connection.execute(
            _documents.insert().values(
                **asdict(document)
                | {
                    "kind": document.kind.value,
                    "audience": document.audience.value,
                    "branches": list(document.branches),
                    "current": True,
                }
            )
        )
        if passages:
            connection.execute(
                _passages.insert(),
                [_passage_row(passage, ordinal) for ordinal, passage in enumerate(passages)],
            )
        self._bump(connection)

    def remove_document(self, connection: Connection, document_id: str) -> None:
        """Takes a document out of search; its versions stay for old citations.

        Raises:
            NotFound: there is no such current document.
        """
        if not self._retire(connection, document_id):
            raise _no_document(document_id)
        self._bump(connection)

    def documents(self, as_of: date | None = None) -> list[Document]:
        """Current documents in scope, optionally only those valid on a date."""
        query = (
            sa.select(_documents)
            .where(_documents.c.current)
            .order_by(_documents.c.kind, _documents.c.document_id)
        )
        with read_connection(self._engine) as connection:
            access = grants.access_now(connection)
            documents = [_document(row) for row in connection.execute(query)]
        return [
            document
            for document in documents
            if self._reads(access, document) and (as_of is None or document.valid_on(as_of))
        ]

    def versions(self, document_id: str) -> list[Document]:
        """Every version of a document that the principal may read, newest first.

        Raises:
            NotFound: there is none in the principal's scope.
        """
        query = (
            sa.select(_documents)
            .where(_documents.c.document_id == document_id)
            .order_by(_documents.c.version.desc())
        )
        with read_connection(self._engine) as connection:
            access = grants.access_now(connection)
            documents = [_document(row) for row in connection.execute(query)]
        found = [document for document in documents if self._reads(access, document)]
        if not found:
            raise _no_document(document_id)
        return found

    def passages_of(self, document: Document) -> list[Passage]:
        """The passages of a document version in the order of the file."""
        query = (
            sa.select(_passages)
            .where(
                _passages.c.document_id == document.document_id,
                _passages.c.version == document.version,
            )
            .order_by(_passages.c.ordinal)
        )
        with read_connection(self._engine) as connection:
            access = grants.access_now(connection)
            passages = [_passage(row) for row in connection.execute(query)]
        return [passage for passage in passages if self._reads(access, passage)]

    def current_passages(self) -> Iterator[Passage]:
        """Every current passage that the principal may read."""
        with read_connection(self._engine) as connection:
            access = grants.access_now(connection)
            for row in _each_current(connection):
                passage = _passage(row)
                if self._reads(access, passage):
                    yield passage

    def current_versions(self) -> dict[str, int]:
        """The version in force of every document, whatever its scope."""
        query = sa.select(_documents.c.document_id, _documents.c.version)
        with read_connection(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query.where(_documents.c.current))}

    def withheld(self, audience: Audience) -> frozenset[str]:
        """The documents that grants keep from the principal for this audience."""
        with read_connection(self._engine) as connection:
            return grants.access_now(connection).withheld(self._principal, audience)

    def grants(self, document_id: str) -> list[Grant]:
        """The grants and revocations of a document."""
        with read_connection(self._engine) as connection:
            return sorted(grants.grants_of(connection, document_id))

    def latest_version(self, connection: Connection, document_id: str) -> Document | None:
        """The newest version ever stored of a document, current or not."""
        row = connection.execute(
            sa.select(_documents)
            .where(_documents.c.document_id == document_id)
            .order_by(_documents.c.version.desc())
            .limit(1)
        ).one_or_none()
        return None if row is None else _document(row)

    def passage(self, passage_id: str) -> Passage:
        """One passage, of any version.

        Raises:
            NotFound: no such passage in the principal's scope.
        """
        query = sa.select(_passages).where(_passages.c.passage_id == passage_id)
        with read_connection(self._engine) as connection:
            access = grants.access_now(connection)
            row = connection.execute(query).one_or_none()
        passage = None if row is None else _passage(row)
        if passage is None or not self._reads(access, passage):
            raise NotFound(f"没有这个段落：{passage_id}", next="copilot search 可以查到段落编号。")
        return passage

    def visible(
        self, passage_ids: Sequence[str], audience: Audience = Audience.INTERNAL
    ) -> dict[str, Passage]:
        """Which of these passages are current and in scope right now, read from the database.

        For customers an internal passage is out of scope, and so is every script, whatever it says
        of itself.
        """
        query = sa.select(_passages).where(
            _passages.c.passage_id.in_(list(passage_ids)), _passages.c.current
        )
        with read_connection(self._engine) as connection:
            access = grants.access_now(connection)
            passages = [_passage(row) for row in connection.execute(query)]
        return {p.passage_id: p for p in passages if self._reads(access, p, audience)}

    def all_passages(self) -> Iterator[Passage]:
        """Every current passage whatever its scope, for building an index."""
        with read_connection(self._engine) as connection:
            for row in _each_current(connection):
                yield _passage(row)

    def revision(self) -> int:
        """A number that grows with every change of the knowledge."""
        with read_connection(self._engine) as connection:
            return int(get_meta(connection, _REVISION_KEY) or 0)

    def _retire(self, connection: Connection, document_id: str) -> bool:
        retired = connection.execute(
            _documents.update()
            .where(_documents.c.document_id == document_id, _documents.c.current)
            .values(current=False)
        )
        connection.execute(
            _passages.update()
            .where(_passages.c.document_id == document_id, _passages.c.current)
            .values(current=False)
        )
        return bool(retired.rowcount)

    def _bump(self, connection: Connection) -> None:
        revision = int(get_meta(connection, _REVISION_KEY) or 0) + 1
        set_meta(connection, _REVISION_KEY, str(revision))

    def _reads(
        self, access: Access, item: Document | Passage, audience: Audience = Audience.INTERNAL
    ) -> bool:
        if audience is Audience.CUSTOMER and (
            item.audience is not Audience.CUSTOMER or item.kind is PassageKind.SCRIPT
        ):
            return False
        return access.permits(self._principal, audience, item.document_id, item.branches)


def _each_current(connection: Connection) -> Iterator[Row[Any]]:
    query = (
        sa.select(_passages)
        .where(_passages.c.current)
        .order_by(_passages.c.document_id, _passages.c.ordinal)
    )
    yield from connection.execution_options(yield_per=1000).execute(query)


def _no_document(document_id: str) -> NotFound:
    return NotFound(
        f"没有这个文档：{document_id}", next="copilot knowledge list 可以列出全部文档。"
    )


def _passage_row(passage: Passage, ordinal: int) -> dict[str, Any]:
    return asdict(passage) | {
        "ordinal": ordinal,
        "kind": passage.kind.value,
        "audience": passage.audience.value,
        "branches": list(passage.branches),
        "product_types": list(passage.product_types),
        "current": True,
    }


def _document(row: Row[Any]) -> Document:
    values = {name: value for name, value in row._mapping.items() if name != "current"}
    return Document(
        **values
        | {
            "kind": PassageKind(row.kind),
            "audience": Audience(row.audience),
            "branches": tuple(row.branches),
        }
    )


def _passage(row: Row[Any]) -> Passage:
    values = {n: v for n, v in row._mapping.items() if n not in ("current", "ordinal")}
    return Passage(
        **values
        | {
            "kind": PassageKind(row.kind),
            "audience": Audience(row.audience),
            "branches": tuple(row.branches),
            "product_types": tuple(row.product_types),
        }
    )
