"""Submitted templates and the reviews they went through.

A submitted template is frozen here: drafting fills what reviewers saw, not what a file says now.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from copilot.records.template import Review, Template, content_hash
from copilot.store import schema
from copilot.store.audit import canonical_json
from copilot.store.audit import content_hash as seal_of
from copilot.store.meta import get_meta, set_meta

_templates = schema.templates
_reviews = schema.template_reviews
_REVISION_KEY = "approvals_revision"


class ApprovalRepository:
    """Reviews and templates, read and written in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold(self) -> None:
        """Lets no other transaction decide until this one ends, so that numbers stay single.

        SQLite's write transaction does that already.
        """
        if self._connection.dialect.name != "sqlite":
            self._connection.execute(sa.text("LOCK TABLE template_reviews IN EXCLUSIVE MODE"))

    def revision(self) -> int:
        """A number that grows with each change of a template or review."""
        return int(get_meta(self._connection, _REVISION_KEY) or 0)

    def review_of(self, template_id: str, version: int) -> Review | None:
        """The review of one template version."""
        document = self._connection.scalar(
            sa.select(_reviews.c.document).where(
                _reviews.c.template_id == template_id, _reviews.c.version == version
            )
        )
        return None if document is None else _adapter(Review).validate_python(document)

    def reviews_of(self, template_id: str) -> list[Review]:
        """The reviews of all versions of a template, by version."""
        query = (
            sa.select(_reviews.c.document)
            .where(_reviews.c.template_id == template_id)
            .order_by(_reviews.c.version)
        )
        return [
            _adapter(Review).validate_python(document)
            for document in self._connection.scalars(query)
        ]

    def reviews(self) -> list[Review]:
        """Every review, by template and version."""
        query = sa.select(_reviews.c.document).order_by(_reviews.c.template_id, _reviews.c.version)
        return [
            _adapter(Review).validate_python(document)
            for document in self._connection.scalars(query)
        ]

    def save_review(self, review: Review) -> None:
        """Keeps a review, replacing its earlier state."""
        key = (_reviews.c.template_id == review.template_id) & (
            _reviews.c.version == review.version
        )
        self._connection.execute(_reviews.delete().where(key))
        self._connection.execute(
            _reviews.insert().values(
                template_id=review.template_id,
                version=review.version,
                number=review.approval.number if review.approval else None,
                document=_adapter(Review).dump_python(review, mode="json"),
            )
        )
        self._changed()

    def seals(self, *subjects: str) -> dict[str, str]:
        """The hash of each review as stored, by its subject; of all reviews when none is named.

        Audit entries about reviews carry them under ``reviews``.
        """
        return {
            f"{row.template_id}@{row.version}": seal_of(canonical_json(row.document))
            for row in self._connection.execute(sa.select(_reviews))
            if not subjects or f"{row.template_id}@{row.version}" in subjects
        }

    def numbers(self) -> frozenset[str]:
        """Every approval number issued so far."""
        query = sa.select(_reviews.c.number).where(_reviews.c.number.is_not(None))
        return frozenset(self._connection.scalars(query))

    def save_template(self, template: Template) -> None:
        """Keeps a submitted template version, replacing an unreviewed earlier text of it."""
        key = (_templates.c.template_id == template.template_id) & (
            _templates.c.version == template.version
        )
        self._connection.execute(_templates.delete().where(key))
        self._connection.execute(
            _templates.insert().values(
                template_id=template.template_id,
                version=template.version,
                content_hash=content_hash(template),
                document=_adapter(Template).dump_python(template, mode="json"),
            )
        )
        self._changed()

    def versions(self, template_id: str) -> list[Template]:
        """Every kept version of a template, oldest first."""
        query = (
            sa.select(_templates.c.document)
            .where(_templates.c.template_id == template_id)
            .order_by(_templates.c.version)
        )
        return [
            _adapter(Template).validate_python(document)
            for document in self._connection.scalars(query)
        ]

    def templates(self) -> list[Template]:
        """Every submitted template version, by id and version."""
        query = sa.select(_templates.c.document).order_by(
            _templates.c.template_id, _templates.c.version
        )
        return [
            _adapter(Template).validate_python(document)
            for document in self._connection.scalars(query)
        ]

    def _changed(self) -> None:
        set_meta(self._connection, _REVISION_KEY, str(self.revision() + 1))


def broken_seal(connection: Connection, sealed: Mapping[str, str]) -> str:
    """What is wrong with the stored reviews, given the last hash logged for each; or nothing."""
    found = ApprovalRepository(connection).seals()
    for subject in sorted(sealed.keys() | found.keys()):
        if subject not in found:
            return f"模板 {subject} 的审核记录已不在库中"
        if sealed.get(subject) != found[subject]:
            return f"模板 {subject} 的审核记录与留痕不符"
    return ""


@cache
def _adapter(record: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(record)
