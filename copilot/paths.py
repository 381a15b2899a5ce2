"""Where shipped files live, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

DEFAULT_DATA_DIR = Path(".copilot")
DATABASE_FILE = "copilot.db"
"""The built-in database, in the data directory."""
_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The folder ``knowledge`` or ``prompts`` that came with this installation."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def knowledge_file(knowledge: Path, name: str | Path) -> Path:
    """A file of a bank's knowledge folder, or the shipped one where the bank has none."""
    own = knowledge / name
    return own if own.is_file() else shipped("knowledge") / name
