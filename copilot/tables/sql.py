"""Quoting for DuckDB."""

from __future__ import annotations


def literal(text: str) -> str:
    """A string literal.

    >>> literal("O'Hara")
    "'O''Hara'"
    """
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted name."""
    return '"' + name.replace('"', '""') + '"'
