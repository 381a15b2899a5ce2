"""Submitted templates and the reviews they went through.

A submitted template is frozen here: drafting fills what reviewers saw, not what a file says now.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from copilot.records.template import Review, Template, content_hash
from copilot.store import schema

_templates = schema.templates
_reviews = schema.template_reviews


class ApprovalRepository:
    """Reviews and templates, read and written in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def review_of(self, template_id: str, version: int) -> Review | None:
        """The review of one template version."""
        document = self._connection.scalar(
            sa.select(_reviews.c.document).where(
                _reviews.c.template_id == template_id, _reviews.c.version == version
            )
        )
        return None if document is None else _adapter(Review).validate_python(document)

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

    def templates(self) -> list[Template]:
        """Every submitted template version, by id and version."""
        query = sa.select(_templates.c.document).order_by(
            _templates.c.template_id, _templates.c.version
        )
        return [
            _adapter(Template).validate_python(document)
            for document in self._connection.scalars(query)
        ]


@cache
def _adapter(record: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(record)
