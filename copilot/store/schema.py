"""The database schema: canonical tables from their declarations, plus the product's own.

`copilot/store/migrations` holds the numbered steps that create it; a test proves that they end in
exactly this metadata.
"""

from __future__ import annotations

import sqlalchemy as sa

from copilot.records.tables import TABLES, Table

HEAD = "0005"
"""The newest migration; a store at another revision is migrated before it is used."""

metadata = sa.MetaData()

_TYPES: dict[str, sa.types.TypeEngine[object]] = {
    "text": sa.Text(),  # type: ignore[dict-item]
    "int": sa.Integer(),  # type: ignore[dict-item]
    "float": sa.Float(),  # type: ignore[dict-item]
    "bool": sa.Boolean(),  # type: ignore[dict-item]
    "date": sa.Date(),  # type: ignore[dict-item]
    "datetime": sa.DateTime(),  # type: ignore[dict-item]
    "money": sa.BigInteger(),  # type: ignore[dict-item]
    "json": sa.Text(),  # type: ignore[dict-item]
}


def _dimension(table: Table) -> sa.Table:
    """A canonical table in the database; ``row_origin`` tells loaded rows from live ones."""
    return sa.Table(
        table.name,
        metadata,
        *(
            sa.Column(
                column.name,
                _TYPES[column.type],
                primary_key=column.name in table.key,
                nullable=not column.required,
            )
            for column in table.columns
        ),
        sa.Column("row_origin", sa.Text(), nullable=False, server_default="load"),
    )


dimensions: dict[str, sa.Table] = {
    name: _dimension(table) for name, table in TABLES.items() if not table.facts
}

for _name in ("consents", "interactions", "complaints"):
    sa.Index(f"ix_{_name}_customer", dimensions[_name].c.customer_id)
sa.Index("ix_customers_branch", dimensions["customers"].c.branch_id)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text(), primary_key=True),
    sa.Column("value", sa.Text(), nullable=False),
)

generations = sa.Table(
    "generations",
    metadata,
    sa.Column("generation_id", sa.Text(), primary_key=True),
    sa.Column("directory", sa.Text(), nullable=False),
    sa.Column("business_date", sa.Date(), nullable=False),
    sa.Column("rows", sa.JSON(), nullable=False),
    sa.Column("missing", sa.JSON(), nullable=False),
    sa.Column("content_hash", sa.Text(), nullable=False),
    sa.Column("loaded_at", sa.DateTime(), nullable=False),
    sa.Column("currency", sa.Text(), nullable=False),
    sa.Column("sample", sa.Boolean(), nullable=False),
    sa.Column("quality", sa.JSON(), nullable=True),
)

feature_builds = sa.Table(
    "feature_builds",
    metadata,
    sa.Column("generation_id", sa.Text(), primary_key=True),
    sa.Column("as_of", sa.Date(), primary_key=True),
    sa.Column("directory", sa.Text(), nullable=False),
    sa.Column("spec_hash", sa.Text(), nullable=False),
    sa.Column("customers", sa.Integer(), nullable=False),
    sa.Column("built_at", sa.DateTime(), nullable=False),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("document_id", sa.Text(), primary_key=True),
    sa.Column("version", sa.Integer(), primary_key=True),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("title", sa.Text(), nullable=False),
    sa.Column("source", sa.Text(), nullable=False),
    sa.Column("content_hash", sa.Text(), nullable=False),
    sa.Column("audience", sa.Text(), nullable=False),
    sa.Column("branches", sa.JSON(), nullable=False),
    sa.Column("product_code", sa.Text()),
    sa.Column("valid_from", sa.Date()),
    sa.Column("valid_to", sa.Date()),
    sa.Column("current", sa.Boolean(), nullable=False),
)

passages = sa.Table(
    "passages",
    metadata,
    sa.Column("passage_id", sa.Text(), primary_key=True),
    sa.Column("document_id", sa.Text(), nullable=False, index=True),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("ordinal", sa.Integer(), nullable=False),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("heading", sa.Text(), nullable=False),
    sa.Column("text", sa.Text(), nullable=False),
    sa.Column("start", sa.Integer(), nullable=False),
    sa.Column("end", sa.Integer(), nullable=False),
    sa.Column("citation", sa.Text(), nullable=False),
    sa.Column("audience", sa.Text(), nullable=False),
    sa.Column("branches", sa.JSON(), nullable=False),
    sa.Column("product_code", sa.Text()),
    sa.Column("product_types", sa.JSON(), nullable=False),
    sa.Column("valid_from", sa.Date()),
    sa.Column("valid_to", sa.Date()),
    sa.Column("current", sa.Boolean(), nullable=False),
)

knowledge_grants = sa.Table(
    "knowledge_grants",
    metadata,
    sa.Column("document_id", sa.Text(), primary_key=True),
    sa.Column("branch", sa.Text(), primary_key=True),
    sa.Column("role", sa.Text(), primary_key=True),
    sa.Column("audience", sa.Text(), primary_key=True),
    sa.Column("allowed", sa.Boolean(), primary_key=True),
)

templates = sa.Table(
    "templates",
    metadata,
    sa.Column("template_id", sa.Text(), primary_key=True),
    sa.Column("version", sa.Integer(), primary_key=True),
    sa.Column("content_hash", sa.Text(), nullable=False),
    sa.Column("document", sa.JSON(), nullable=False),
)

template_reviews = sa.Table(
    "template_reviews",
    metadata,
    sa.Column("template_id", sa.Text(), primary_key=True),
    sa.Column("version", sa.Integer(), primary_key=True),
    sa.Column("number", sa.Text(), unique=True),
    sa.Column("document", sa.JSON(), nullable=False),
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("draft_id", sa.Text(), primary_key=True),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("customer_id", sa.Text(), index=True),
    sa.Column("branch_id", sa.Text()),
    sa.Column("author", sa.Text(), nullable=False),
    sa.Column("created_at", sa.DateTime(), nullable=False),
    sa.Column("document", sa.Text(), nullable=False),
    sa.Column("evidence", sa.Text(), nullable=False),
    sa.Column("content_hash", sa.Text(), nullable=False),
)

model_days = sa.Table(
    "model_days",
    metadata,
    sa.Column("day", sa.Date(), primary_key=True),
    sa.Column("calls", sa.Integer(), nullable=False),
    sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
    sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
    sa.Column("milliseconds", sa.BigInteger(), nullable=False),
    sa.Column("cost", sa.BigInteger(), nullable=False),
)

customer_events = sa.Table(
    "customer_events",
    metadata,
    sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.Text(), nullable=False, unique=True),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("customer_id", sa.Text(), nullable=False),
    sa.Column("at", sa.DateTime(), nullable=False),
    sa.Column("document", sa.JSON(), nullable=False),
    sa.Column("target", sa.Text(), nullable=False),
    sa.Column("row", sa.JSON(), nullable=False),
    sa.Column("pending", sa.Boolean(), nullable=False, index=True),
)

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    sa.Column("conversation_id", sa.Text(), primary_key=True),
    sa.Column("subject", sa.JSON(), nullable=False),
    sa.Column("updated_at", sa.DateTime(), nullable=False),
)

audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text(), nullable=False),
    sa.Column("actor", sa.Text(), nullable=False),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("subject", sa.Text(), nullable=False, index=True),
    sa.Column("payload", sa.Text(), nullable=False),
    sa.Column("previous_hash", sa.Text(), nullable=False),
    sa.Column("hash", sa.Text(), nullable=False),
)
