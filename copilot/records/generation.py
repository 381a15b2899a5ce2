"""Generations: immutable sets of Parquet files, switched by one manifest row in the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from copilot.errors import StateError


@dataclass(frozen=True, slots=True)
class Generation:
    """One load of the bank's tables: a folder with one Parquet file per canonical table.

    ``rows`` counts accepted rows per table; ``missing`` names canonical tables that the bank did
    not give; ``content_hash`` is over the sources, so that an unchanged load is recognised.
    """

    generation_id: str
    directory: Path
    business_date: date
    rows: dict[str, int]
    missing: frozenset[str]
    content_hash: str
    loaded_at: datetime
    currency: str = "CNY"
    sample: bool = False

    def has(self, table: str) -> bool:
        """Whether the bank gave this table."""
        return table not in self.missing

    def parquet(self, table: str) -> Path:
        """The Parquet file of a canonical table.

        Raises:
            StateError: the bank did not give the table.
        """
        if not self.has(table):
            raise StateError(
                f"数据中没有表 {table}",
                next=f"请在 sources.yaml 中映射 {table} 后重新 copilot init。",
            )
        return self.directory / f"{table}.parquet"


@dataclass(frozen=True, slots=True)
class FeatureBuild:
    """Features of every customer of a generation as of a date, in ``directory``."""

    generation_id: str
    as_of: date
    directory: Path
    spec_hash: str
    customers: int
    built_at: datetime


@dataclass(frozen=True, slots=True)
class QualityCount:
    """How many rows of a table a rule repaired, quarantined or only noted, with examples.

    ``examples`` are row numbers of the source file (from 1), never values.
    """

    table: str
    rule: str
    action: str  # repaired | quarantined | noted
    rows: int
    message: str
    file: str = ""
    examples: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What a load found: rows read and accepted per table, counts per rule, tables not given."""

    read: dict[str, int]
    accepted: dict[str, int]
    counts: tuple[QualityCount, ...]
    missing: frozenset[str]
    notes: tuple[str, ...] = field(default=())
