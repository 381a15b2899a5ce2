"""Drafts with the evidence to replay them, sealed by the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from copilot.errors import Forbidden, NotFound
from copilot.records.clock import utc_now
from copilot.records.staff import Principal
from copilot.store import schema
from copilot.store.audit import AuditLog, canonical_json, content_hash
from copilot.store.engine import read_connection
from copilot.store.work import leads

_drafts = schema.drafts
_PAGE = 500
SUMMARY_KIND = "draft.summary"
"""Work summaries tell of people's work: only their author and those who lead read them."""


class DraftRepository:
    """Saves and returns drafts (and refusals and answers) within the principal's scope."""

    def __init__(self, engine: Engine, principal: Principal, audit: AuditLog) -> None:
        self._engine = engine
        self._principal = principal
        self._audit = audit

    def save(
        self,
        connection: Connection,
        *,
        draft_id: str,
        kind: str,
        customer_id: str | None,
        branch_id: str | None,
        document: Mapping[str, Any],
        evidence: Mapping[str, Any],
    ) -> bool:
        """Stores a draft and seals it in the audit log, in the caller's transaction.

        ``kind`` is the audit kind (``draft.pitch``, ``draft.refusal``, ``draft.answer``). The
        same draft with the same content is stored once, and each further use of it is one entry
        of its own kind (``draft.pitch.again``); returns whether it was new.

        Raises:
            ValueError: another content is stored under the same id.
        """
        body, proof = canonical_json(document), canonical_json(evidence)
        digest = content_hash(body, proof)
        known = connection.scalar(
            sa.select(_drafts.c.content_hash).where(_drafts.c.draft_id == draft_id)
        )
        if known is not None:
            if known != digest:
                raise ValueError(f"draft {draft_id} exists with other content")
            self._audit.append(
                connection,
                f"{kind}.again",
                draft_id,
                {"content_hash": digest},
                actor=self._principal.user_id,
            )
            return False
        connection.execute(
            _drafts.insert().values(
                draft_id=draft_id,
                kind=kind,
                customer_id=customer_id,
                branch_id=branch_id,
                author=self._principal.user_id,
                created_at=utc_now(),
                document=body,
                evidence=proof,
                content_hash=digest,
            )
        )
        self._audit.append(
            connection,
            kind,
            draft_id,
            {"content_hash": digest, "customer_id": customer_id},
            actor=self._principal.user_id,
        )
        return True

    def each(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Id and document of every draft in scope, the oldest first, without holding them all."""
        query = sa.select(_drafts).order_by(_drafts.c.created_at, _drafts.c.draft_id)
        with read_connection(self._engine) as connection:
            for row in connection.execution_options(yield_per=_PAGE).execute(query):
                if self._visible(row):
                    yield row.draft_id, json.loads(row.document)

    def get(self, draft_id: str) -> dict[str, Any]:
        """A draft with its evidence: ``{"draft", "evidence", "kind", "author", "created_at"}``.

        Raises:
            NotFound: no such draft.
            Forbidden: it is about a customer outside the principal's scope.
        """
        query = sa.select(_drafts).where(_drafts.c.draft_id == draft_id)
        with read_connection(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(
                f"没有这份草稿：{draft_id}",
                field="draft",
                next="草稿编号在 copilot pitch 或 copilot ask 的输出中（draft_id）。",
            )
        if not self._visible(row):
            raise Forbidden(
                f"{self._principal.user_id} 无权查看草稿 {draft_id}",
                field="draft",
                next="请由草稿所属网点的人员查看。",
            )
        return {
            "draft_id": row.draft_id,
            "kind": row.kind,
            "author": row.author,
            "created_at": row.created_at.isoformat(timespec="seconds"),
            "draft": json.loads(row.document),
            "evidence": json.loads(row.evidence),
        }

    def _visible(self, row: Row[Any]) -> bool:
        if row.kind == SUMMARY_KIND and row.author != self._principal.user_id:
            return leads(self._principal) and self._principal.sees_branch(row.branch_id)
        if row.customer_id is None:
            return self._principal.sees_branch(row.branch_id)
        return self._principal.sees_customer(row.customer_id, row.branch_id)
