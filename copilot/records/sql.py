"""What SQL for DuckDB is put together from: quoting, the columns' types, Parquet files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

#: DuckDB's types by the types that canonical columns are declared with.
SQL_TYPES: Mapping[str, str] = {
    "text": "varchar",
    "json": "varchar",
    "int": "integer",
    "float": "double",
    "bool": "boolean",
    "date": "date",
    "datetime": "timestamp",
    "money": "bigint",
}


def literal(text: str | Path) -> str:
    """A string literal.

    >>> literal("O'Hara")
    "'O''Hara'"
    """
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted name.

    >>> identifier('客户"号')
    '"客户""号"'
    """
    return '"' + name.replace('"', '""') + '"'


def parquet(*paths: Path) -> str:
    """The rows of Parquet files; of several, columns are matched by name.

    >>> parquet(Path("a.parquet"), Path("b.parquet"))
    "read_parquet(['a.parquet', 'b.parquet'], union_by_name = true)"
    """
    by_name = ", union_by_name = true" if len(paths) > 1 else ""
    return f"read_parquet([{', '.join(map(literal, paths))}]{by_name})"
