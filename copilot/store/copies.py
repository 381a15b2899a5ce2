"""A copy of a data directory that is whole, whoever is writing to the original."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from copilot.paths import DATABASE_FILE


def copy_data_dir(source: Path, target: Path, *, without: Iterable[str] = ()) -> None:
    """Copies a data directory with its built-in database; ``target`` must not exist.

    The database is copied by SQLite's own backup. Opening its file by any other means and closing
    it again would drop the locks that this process holds on it, and what is then read while
    another process writes may be malformed (SQLite, "How To Corrupt", section 2.2).

    Raises:
        OSError: the source is gone, the target exists or its disk is full.
    """
    skipped = shutil.ignore_patterns(f"{DATABASE_FILE}*", ".lock", *without)
    shutil.copytree(source, target, ignore=skipped)
    with (
        closing(sqlite3.connect(source / DATABASE_FILE)) as original,
        closing(sqlite3.connect(target / DATABASE_FILE)) as copy,
    ):
        original.backup(copy)
