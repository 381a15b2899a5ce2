"""Incremental loads: a new day's files laid over the current generation.

The new generation links the files it takes over and adds a part per table; a file is written
again only when one of its rows was replaced. As with a whole load, nothing is visible before the
manifest is switched.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.files import publish
from copilot.records.generation import INCREMENT_FILE, Generation, QualityCount, QualityReport
from copilot.records.progress import Progress, silent
from copilot.records.tables import TABLES
from copilot.tables.brought import brought_keys
from copilot.tables.failures import explained_failures
from copilot.tables.fetch import content_hash
from copilot.tables.files_out import dimension_rows, write_generation
from copilot.tables.load import (
    fetch_all,
    judged,
    landing_in,
    new_generation,
    remove_orphans,
    taking_over,
)
from copilot.tables.merge import Merged, merge_table, note_movers, touched_customers
from copilot.tables.sources import Sources

if TYPE_CHECKING:
    from copilot.store import Store

TOUCHED_FILE = "touched.parquet"


@dataclass(frozen=True, slots=True)
class Extension:
    """What an incremental load came to; the generation is the old one when nothing was new."""

    generation: Generation
    quality: QualityReport
    added: Mapping[str, int]
    replaced: Mapping[str, int]
    repeated: Mapping[str, int]
    customers: int

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot tables load --incremental --format json``."""
        return {
            "generation": self.generation.generation_id,
            "business_date": self.generation.business_date.isoformat(),
            "added": dict(self.added),
            "replaced": dict(self.replaced),
            "repeated": dict(self.repeated),
            "touched_customers": self.customers,
            "tables": self.generation.rows,
        }


def extend_tables(sources: Sources, store: Store, progress: Progress | None = None) -> Extension:
    """Lay ``sources`` over the current generation and make the outcome current.

    A row under a known key replaces the known one; rows that are known word for word are counted
    and left out, so that loading a file twice changes nothing. The caller holds
    ``store.writer_lock()``.

    Raises:
        StateError: nothing has been loaded yet.
        InputError: as `check_tables`; or the business date goes back, or the currency changes.
        DependencyError: the disk is full; the old generation then stays current.
    """
    base = store.facts.current()
    _require_continuation(sources, base)
    facts = store.data_dir / "facts"
    with explained_failures(store.data_dir):
        remove_orphans(facts, store)
        folder = Path(tempfile.mkdtemp(prefix=".loading-", dir=facts))
        try:
            given = fetch_all(sources, folder)
            files = [file for group in given.values() for file in group]
            digest = hashlib.sha256(
                (base.content_hash + content_hash(sources, files)).encode()
            ).hexdigest()
            with landing_in(folder, sources) as landing:
                report = judged(landing, sources, given, progress or silent, base)
                write_generation(landing, list(sources.tables), folder / "new")
            out = folder / "out"
            merged, customers = _merge(base, sources, folder, out)
            report = _with_repeats(report, merged)
            if not any(table.added for table in merged.values()):
                return _extension(base, report, merged, 0)
            generation = replace(
                new_generation(sources, report, digest, facts),
                rows=base.rows | {name: table.rows for name, table in merged.items()},
                missing=base.missing - merged.keys(),
                sample=base.sample,
            )
            publish(out, generation.directory)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        _switch(store, generation, report, merged)
    return _extension(generation, report, merged, customers)


def _require_continuation(sources: Sources, base: Generation) -> None:
    if sources.business_date < base.business_date:
        raise sources.yaml.error(
            f"业务日期 {sources.business_date} 早于已载入数据的 {base.business_date}，时钟倒退。",
            ("business_date",),
            next=f"补传旧日的数据，请把 business_date 写成 {base.business_date}。",
        )
    if sources.currency != base.currency:
        raise sources.yaml.error(
            f"本币 {sources.currency} 与已载入数据的 {base.currency} 不同。",
            ("currency",),
            next="增量文件须与全量数据用同一本币；外币行请在 currency 列注明。",
        )


def _merge(
    base: Generation, sources: Sources, folder: Path, out: Path
) -> tuple[dict[str, Merged], int]:
    import duckdb

    out.mkdir()
    merged: dict[str, Merged] = {}
    with duckdb.connect(
        ":memory:", config={"memory_limit": "2GB", "temp_directory": str(folder / "spill")}
    ) as db:
        db.execute("CREATE TABLE touched (customer_id VARCHAR)")
        for table in TABLES.values():
            old = base.files(table.name) if base.has(table.name) else ()
            new = folder / "new" / f"{table.name}.parquet"
            if table.name in sources.tables:
                before = base.rows.get(table.name, 0)
                merged[table.name] = merge_table(db, table, old, new, out, before)
                if table.name == "accounts" and base.has("transactions"):
                    note_movers(db, base.files("transactions"))
            else:
                for path in old:
                    os.link(path, out / path.name)
        customers = touched_customers(db, out, out / TOUCHED_FILE)
    os.replace(folder / "new" / "quarantine", out / "quarantine")
    head = {"base": base.generation_id, "touched": TOUCHED_FILE}
    (out / INCREMENT_FILE).write_text(json.dumps(head), "utf-8")
    return merged, customers


def _with_repeats(report: QualityReport, merged: Mapping[str, Merged]) -> QualityReport:
    counts = [
        QualityCount(name, "already_loaded", "noted", table.repeated, "与已载入的行完全相同，略过")
        for name, table in merged.items()
        if table.repeated
    ]
    counts += [
        QualityCount(name, "replaced", "noted", table.replaced, "主键已载入而内容不同，以新行为准")
        for name, table in merged.items()
        if table.replaced
    ]
    return replace(report, counts=(*report.counts, *counts))


def _switch(
    store: Store, generation: Generation, report: QualityReport, merged: Mapping[str, Merged]
) -> None:
    parts = {
        name: generation.directory / table.part.name
        for name, table in merged.items()
        if not TABLES[name].facts and table.added
    }
    dims = {name: dimension_rows(part) for name, part in parts.items()}
    brought = brought_keys(generation, store)
    noted = {
        "added": {name: table.added for name, table in merged.items()},
        "replaced": {name: table.replaced for name, table in merged.items()},
    }
    with taking_over(store, generation, report, "tables.extend", noted) as connection:
        store.facts.extend(connection, generation, dims, brought)


def _extension(
    generation: Generation, report: QualityReport, merged: Mapping[str, Merged], customers: int
) -> Extension:
    return Extension(
        generation,
        report,
        {name: table.added for name, table in merged.items()},
        {name: table.replaced for name, table in merged.items()},
        {name: table.repeated for name, table in merged.items()},
        customers,
    )
