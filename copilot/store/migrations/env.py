"""Alembic environment: the caller passes the connection and owns the transaction."""

from alembic import context

from copilot.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
