"""Generations: immutable sets of Parquet files, switched by one manifest row in the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from copilot.errors import StateError
from copilot.records.sql import parquet

INCREMENT_FILE = "increment.json"
RECOMPUTED_FILE = "recomputed.parquet"


@dataclass(frozen=True, slots=True)
class LiveRows:
    """Rows of canonical tables from events that no load has brought yet.

    ``revision`` grows with every event; ``last`` names, per customer, the latest pending event.
    """

    revision: int = 0
    tables: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    last: Mapping[str, LastEvent] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LastEvent:
    """The latest thing that happened to a customer since the load."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Increment:
    """An incremental load: the generation it adds to, and the file of customers it touched."""

    base: str
    touched: str


@dataclass(frozen=True, slots=True)
class Generation:
    """One load of the bank's tables: a folder with one Parquet file per canonical table.

    ``rows`` counts accepted rows per table; ``missing`` names canonical tables that the bank did
    not give; ``content_hash`` is over the sources, so that an unchanged load is recognised.
    ``live`` is what has happened since and is not in the files yet.
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
    live: LiveRows = field(default_factory=lambda: LiveRows())

    @property
    def increment(self) -> Increment | None:
        """What this load was laid over, ``None`` for a whole load."""
        path = self.directory / INCREMENT_FILE
        if not path.is_file():
            return None
        return Increment(**json.loads(path.read_text("utf-8")))

    def has(self, table: str) -> bool:
        """Whether the bank gave this table."""
        return table not in self.missing

    def require(self, table: str) -> None:
        """See that the bank gave a table.

        Raises:
            StateError: it did not.
        """
        if not self.has(table):
            raise StateError(
                f"数据中没有表 {table}",
                next=f"请在 sources.yaml 中映射 {table} 后重新 copilot init。",
            )

    def parquet(self, table: str) -> Path:
        """The Parquet file of a canonical table.

        Raises:
            StateError: the bank did not give the table.
        """
        self.require(table)
        return self.directory / f"{table}.parquet"

    def files(self, table: str) -> tuple[Path, ...]:
        """Every file of a canonical table: the one first loaded, then what increments added.

        Raises:
            StateError: the bank did not give the table.
        """
        return (self.parquet(table), *sorted(self.directory.glob(f"{table}.*.parquet")))


@dataclass(frozen=True, slots=True)
class FeatureBuild:
    """Features of every customer of a generation as of a date, in ``directory``."""

    generation_id: str
    as_of: date
    directory: Path
    spec_hash: str
    customers: int
    built_at: datetime

    def derived(self, home: Path) -> Path:
        """The folder below ``home`` for what is derived from this build; another build's differs.

        Incremental builds of one day and specification share it.
        """
        return home / self.generation_id / f"{self.as_of.isoformat()}-{self.spec_hash[:12]}"

    def rows_of(self, table: str) -> str:
        """SQL for the ``features`` or ``reasons`` of a build.

        An incremental build links the files of the build that it started from, and has beside
        them the rows of the customers computed again and the list of these customers.
        """
        rows = f"select * from {parquet(self.directory / f'{table}.parquet')}"
        newer = self.directory / f"{table}.newer.parquet"
        if not newer.is_file():
            return rows
        again = parquet(self.directory / RECOMPUTED_FILE)
        return (
            f"{rows} where customer_id not in (select customer_id from {again}) "
            f"union all select * from {parquet(newer)}"
        )


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
