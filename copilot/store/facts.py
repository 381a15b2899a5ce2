"""The manifest of fact generations: which Parquet folder is current, and what was in it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from copilot.errors import NotFound, StateError
from copilot.records.generation import (
    FeatureBuild,
    Generation,
    LiveRows,
    QualityCount,
    QualityReport,
)
from copilot.records.tables import TABLES
from copilot.store import events, schema
from copilot.store.engine import read_connection
from copilot.store.meta import get_meta, set_meta

Brought = Mapping[str, Collection[tuple[Any, ...]]]
"""By table, the keys of pending events that a load holds rows for."""

_CURRENT_KEY = "generation"
_BATCH = 5_000
_NOTHING: Brought = {}
# Without the quality report, which is by far the longest column and read at every turn else.
_MANIFEST = sa.select(*(column for column in schema.generations.c if column.name != "quality"))


class FactsRepository:
    """Generations of the bank's tables and the feature builds over them."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._live: tuple[tuple[int, int], LiveRows] = ((0, 0), LiveRows())

    def current(self) -> Generation:
        """The generation in use.

        Raises:
            StateError: no tables have been loaded yet.
        """
        with read_connection(self._engine) as connection:
            generation_id = get_meta(connection, _CURRENT_KEY)
            if generation_id is None:
                raise StateError(
                    "还没有载入任何数据",
                    next="请先运行 copilot init --sample 或 copilot init --sources sources.yaml。",
                )
            return self._generation(connection, generation_id, live=True)

    def activate(
        self,
        connection: Connection,
        generation: Generation,
        dims: Mapping[str, Iterable[Mapping[str, Any]]],
        brought: Brought = _NOTHING,
    ) -> None:
        """Makes ``generation`` current and replaces the loaded rows of the dimension tables.

        Rows that were recorded live (``row_origin`` other than ``load``) stay, except for events
        whose keys the load ``brought``. Dates and datetimes must be Python values; lists of
        ``json`` columns are JSON text.
        """
        events.settle(connection, generation.business_date, brought)
        for name, table in schema.dimensions.items():
            connection.execute(table.delete().where(table.c.row_origin == "load"))
            _insert(connection, name, dims.get(name, ()))
        self._switch(connection, generation)

    def extend(
        self,
        connection: Connection,
        generation: Generation,
        dims: Mapping[str, Iterable[Mapping[str, Any]]],
        brought: Brought = _NOTHING,
    ) -> None:
        """Makes ``generation`` current; ``dims`` are only the rows that are new or changed."""
        events.settle(connection, generation.business_date, brought)
        for name, rows in dims.items():
            _insert(connection, name, rows, replacing=True)
        self._switch(connection, generation)

    def _switch(self, connection: Connection, generation: Generation) -> None:
        connection.execute(
            schema.generations.delete().where(
                schema.generations.c.generation_id == generation.generation_id
            )
        )
        connection.execute(
            schema.generations.insert().values(
                generation_id=generation.generation_id,
                directory=self._relative(generation.directory),
                business_date=generation.business_date,
                rows=generation.rows,
                missing=sorted(generation.missing),
                content_hash=generation.content_hash,
                loaded_at=generation.loaded_at,
                currency=generation.currency,
                sample=generation.sample,
            )
        )
        set_meta(connection, _CURRENT_KEY, generation.generation_id)

    def generation(self, generation_id: str) -> Generation:
        """An earlier generation that is still kept.

        Raises:
            NotFound: there is none of this id.
        """
        with read_connection(self._engine) as connection:
            known = connection.scalar(
                sa.select(schema.generations.c.generation_id).where(
                    schema.generations.c.generation_id == generation_id
                )
            )
            if known is None:
                raise NotFound(f"没有这一代数据：{generation_id}", next="请重新运行 copilot init。")
            return self._generation(connection, generation_id)

    def generations(self) -> list[Generation]:
        """Every generation that is kept, the current one first, then from the newest."""
        table = schema.generations
        query = sa.select(table.c.generation_id).order_by(
            table.c.loaded_at.desc(), table.c.generation_id.desc()
        )
        with read_connection(self._engine) as connection:
            current = get_meta(connection, _CURRENT_KEY)
            ids = sorted(connection.scalars(query), key=lambda name: name != current)
            return [self._generation(connection, name) for name in ids]

    def forget(self, connection: Connection, generation_ids: Collection[str]) -> None:
        """Removes generations and the feature builds over them; never the current one."""
        for table in (schema.feature_builds, schema.generations):
            connection.execute(
                table.delete().where(
                    table.c.generation_id.in_(generation_ids),
                    table.c.generation_id != get_meta(connection, _CURRENT_KEY),
                )
            )

    def find(self, content_hash: str) -> Generation | None:
        """The current generation if it was loaded from exactly these sources."""
        with read_connection(self._engine) as connection:
            generation_id = get_meta(connection, _CURRENT_KEY)
            if generation_id is None:
                return None
            generation = self._generation(connection, generation_id)
            return generation if generation.content_hash == content_hash else None

    def known_directories(self) -> set[Path]:
        """The folders of every recorded generation and feature build; others are orphans."""
        with read_connection(self._engine) as connection:
            rows = [
                *connection.scalars(sa.select(schema.generations.c.directory)),
                *connection.scalars(sa.select(schema.feature_builds.c.directory)),
            ]
        return {self._data_dir / row for row in rows}

    def feature_build(self, generation_id: str, as_of: date) -> FeatureBuild | None:
        """The features computed over a generation as of a date, if they were."""
        query = sa.select(schema.feature_builds).where(
            schema.feature_builds.c.generation_id == generation_id,
            schema.feature_builds.c.as_of == as_of,
        )
        with read_connection(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return FeatureBuild(
            row.generation_id,
            row.as_of,
            self._data_dir / row.directory,
            row.spec_hash,
            row.customers,
            row.built_at,
        )

    def record_feature_build(self, connection: Connection, build: FeatureBuild) -> None:
        """Records a finished feature build, replacing an older one of the same date."""
        table = schema.feature_builds
        connection.execute(
            table.delete().where(
                table.c.generation_id == build.generation_id, table.c.as_of == build.as_of
            )
        )
        connection.execute(
            table.insert().values(
                generation_id=build.generation_id,
                as_of=build.as_of,
                directory=self._relative(build.directory),
                spec_hash=build.spec_hash,
                customers=build.customers,
                built_at=build.built_at,
            )
        )

    def save_quality(
        self, connection: Connection, generation_id: str, report: QualityReport
    ) -> None:
        """Keeps the quality report of a load beside its generation."""
        body = asdict(report) | {"missing": sorted(report.missing)}
        connection.execute(
            schema.generations.update()
            .where(schema.generations.c.generation_id == generation_id)
            .values(quality=json.loads(json.dumps(body)))
        )

    def quality(self, generation_id: str) -> QualityReport:
        """The quality report of a load.

        Raises:
            NotFound: the generation has none.
        """
        query = sa.select(schema.generations.c.quality).where(
            schema.generations.c.generation_id == generation_id
        )
        with read_connection(self._engine) as connection:
            body = connection.scalar(query)
        if body is None:
            raise NotFound(f"没有数据质量报告：{generation_id}", next="请重新运行 copilot init。")
        return QualityReport(
            body["read"],
            body["accepted"],
            tuple(
                QualityCount(**(count | {"examples": tuple(count["examples"])}))
                for count in body["counts"]
            ),
            frozenset(body["missing"]),
            tuple(body["notes"]),
        )

    def _generation(
        self, connection: Connection, generation_id: str, *, live: bool = False
    ) -> Generation:
        row = connection.execute(
            _MANIFEST.where(schema.generations.c.generation_id == generation_id)
        ).one()
        return Generation(
            row.generation_id,
            self._data_dir / row.directory,
            row.business_date,
            dict(row.rows),
            frozenset(row.missing),
            row.content_hash,
            row.loaded_at,
            row.currency,
            row.sample,
            self._live_rows(connection) if live else LiveRows(),
        )

    def _live_rows(self, connection: Connection) -> LiveRows:
        # Asked for at every turn and rarely changed.
        revision = events.revision(connection)
        if self._live[0] != revision:
            self._live = revision, events.live_rows(connection)
        return self._live[1]

    def _relative(self, directory: Path) -> str:
        # A data directory may be moved or restored elsewhere, so the manifest keeps no root.
        return directory.absolute().relative_to(self._data_dir.absolute()).as_posix()


def _insert(
    connection: Connection,
    name: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    replacing: bool = False,
) -> None:
    table = schema.dimensions[name]
    columns = [column.name for column in TABLES[name].columns]
    same = sa.and_(*(table.c[key] == sa.bindparam(f"_{key}") for key in TABLES[name].key))
    rest = iter(rows)
    while batch := [
        {column: row.get(column) for column in columns} for row in islice(rest, _BATCH)
    ]:
        if replacing:
            keys = [{f"_{key}": row[key] for key in TABLES[name].key} for row in batch]
            connection.execute(table.delete().where(same), keys)
        connection.execute(table.insert(), batch)
