"""Runs the numbered migrations of `copilot/store/migrations`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Engine

from copilot.store.engine import write_transaction


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Brings the database to ``revision`` in one transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with write_transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
