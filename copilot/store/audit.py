"""The hash-chained audit log: each entry seals the one before it.

An entry's hash is the SHA-256 over seven parts, each behind its length in bytes (eight bytes, big
end first): the hash of the entry before, the number, the time, who, the kind, the subject, and the
payload as canonical JSON (`canonical_json`), all as the table ``audit_log`` has them. The first
entry's predecessor is 64 zeros. An auditor needs nothing of this program to recompute it:

>>> at, sealed = "2026-11-20T09:00:00.000+00:00", hashlib.sha256()
>>> for part in (GENESIS, "1", at, "S1002", "draft.pitch", "P-1", "{}"):
...     sealed.update(len(part.encode()).to_bytes(8, "big") + part.encode())
>>> sealed.hexdigest() == entry_hash(GENESIS, 1, at, "S1002", "draft.pitch", "P-1", "{}")
True

The head is kept beside the log, so that cutting entries off the end is found too. An entry about a
draft carries the hash of the draft's stored document and evidence, which `verify` recomputes too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from copilot.store import schema
from copilot.store.engine import read_connection
from copilot.store.meta import get_meta, set_meta

GENESIS = "0" * 64
_HEAD_KEY = "audit_head"


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """Whether the log is whole; ``first_bad`` is the first entry that does not fit."""

    ok: bool
    entries: int
    first_bad: int | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot audit verify``."""
        body: dict[str, Any] = {"ok": self.ok, "entries": self.entries}
        if not self.ok:
            body |= {"first_bad": self.first_bad, "reason": self.reason}
        return body


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry as stored."""

    seq: int
    at: str
    actor: str
    kind: str
    subject: str
    payload: Mapping[str, Any]
    hash: str


def content_hash(*parts: str) -> str:
    """The hash that binds stored texts to their audit entry."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with one spelling: sorted keys, no spaces, Unicode as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


class AuditLog:
    """Appends to and verifies the log."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(
        self,
        connection: Connection,
        kind: str,
        subject: str,
        payload: Mapping[str, Any],
        *,
        actor: str = "system",
    ) -> str:
        """Adds an entry in the caller's write transaction and returns its hash.

        The payload holds ids, versions, hashes and counts; never customers' texts or names.
        """
        if connection.dialect.name != "sqlite":
            connection.execute(sa.text("LOCK TABLE audit_log IN EXCLUSIVE MODE"))
        seq, previous = self._head(connection)
        seq += 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        body = canonical_json(payload)
        digest = entry_hash(previous, seq, at, actor, kind, subject, body)
        connection.execute(
            schema.audit_log.insert().values(
                seq=seq,
                at=at,
                actor=actor,
                kind=kind,
                subject=subject,
                payload=body,
                previous_hash=previous,
                hash=digest,
            )
        )
        set_meta(connection, _HEAD_KEY, canonical_json({"seq": seq, "hash": digest}))
        return digest

    def verify(self) -> AuditVerdict:
        """Recomputes the whole chain, and the drafts and reviews that it seals."""
        from copilot.store.approvals import broken_seal

        with read_connection(self._engine) as connection:
            previous, entries = GENESIS, 0
            reviews: dict[str, str] = {}
            for row in connection.execute(
                sa.select(schema.audit_log).order_by(schema.audit_log.c.seq)
            ):
                entries += 1
                reason = _fault(row, entries, previous)
                if not reason and row.kind.startswith("draft."):
                    reason = self._draft_fault(connection, row)
                if reason:
                    return AuditVerdict(False, entries, row.seq, reason)
                if row.kind.startswith("template"):
                    reviews |= json.loads(row.payload).get("reviews", {})
                previous = row.hash
            seq, head = self._head(connection)
            if (seq, head) != (entries, previous):
                return AuditVerdict(False, entries, entries + 1, "日志末尾的记录缺失或链头被改动")
            reason = broken_seal(connection, reviews) if reviews else ""
            if reason:
                return AuditVerdict(False, entries, entries + 1, reason)
        return AuditVerdict(True, entries)

    def entries(
        self, subject: str | None = None, limit: int | None = 100, *, kind: str | None = None
    ) -> Iterator[AuditEntry]:
        """The newest entries, optionally of one subject or one kind."""
        query = sa.select(schema.audit_log).order_by(schema.audit_log.c.seq.desc()).limit(limit)
        if subject is not None:
            query = query.where(schema.audit_log.c.subject == subject)
        if kind is not None:
            query = query.where(schema.audit_log.c.kind == kind)
        with read_connection(self._engine) as connection:
            for row in connection.execute(query).all():
                yield AuditEntry(
                    row.seq,
                    row.at,
                    row.actor,
                    row.kind,
                    row.subject,
                    json.loads(row.payload),
                    row.hash,
                )

    def _head(self, connection: Connection) -> tuple[int, str]:
        value = get_meta(connection, _HEAD_KEY)
        if value is None:
            return 0, GENESIS
        head = json.loads(value)
        return head["seq"], head["hash"]

    def _draft_fault(self, connection: Connection, row: Row[Any]) -> str:
        sealed = json.loads(row.payload).get("content_hash")
        if sealed is None:
            return ""
        draft = connection.execute(
            sa.select(schema.drafts.c.document, schema.drafts.c.evidence).where(
                schema.drafts.c.draft_id == row.subject
            )
        ).one_or_none()
        if draft is None:
            return f"草稿 {row.subject} 已不在库中"
        if content_hash(draft.document, draft.evidence) != sealed:
            return f"草稿 {row.subject} 的内容与留痕不符"
        return ""


def entry_hash(
    previous: str, seq: int, at: str, actor: str, kind: str, subject: str, payload: str
) -> str:
    """The hash of an entry behind ``previous``; ``payload`` is canonical JSON."""
    return content_hash(previous, str(seq), at, actor, kind, subject, payload)


def _fault(row: Row[Any], expected_seq: int, previous: str) -> str:
    if row.seq != expected_seq:
        return "序号不连续"
    if row.previous_hash != previous:
        return "与上一条记录不衔接"
    recomputed = entry_hash(
        previous, row.seq, row.at, row.actor, row.kind, row.subject, row.payload
    )
    return "" if recomputed == row.hash else "记录内容被改动"
