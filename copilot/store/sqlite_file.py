"""The built-in database as a file: how it is opened to read, and what is asked before the store is.

SQLAlchemy takes longer to import than a text takes to check, so nothing here imports it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import date
from pathlib import Path

_DAY = (
    "SELECT business_date FROM generations "
    "WHERE generation_id = (SELECT value FROM meta WHERE key = 'generation')"
)


def reads_only(path: Path) -> bool:
    """Whether a database file is there that this user may read but not write."""
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return path.is_file() and not writable


def open_to_read(path: Path) -> sqlite3.Connection:
    """A database in WAL mode without the right to make its side files.

    While a writer has them open they are there and can be read. When nobody does and nothing
    waits in the log, the file alone is the whole database.
    """
    log = path.with_name(f"{path.name}-wal")
    mode = "mode=ro" if _has_content(log) else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, check_same_thread=False)


def day_of_data(path: Path) -> date | None:
    """The business date of the tables in use; ``None`` when none are loaded or readable.

    Only a default comes from here, so a damaged database is left for the store to tell of.
    """
    if not path.is_file():
        return None
    with contextlib.suppress(sqlite3.Error, ValueError):
        with contextlib.closing(_opened(path)) as connection:
            row = connection.execute(_DAY).fetchone()
        return date.fromisoformat(row[0]) if row else None
    return None


def _opened(path: Path) -> sqlite3.Connection:
    return open_to_read(path) if reads_only(path) else sqlite3.connect(path)


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
