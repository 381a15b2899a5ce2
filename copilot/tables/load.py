"""Checking and loading: fetch, land, stage, judge, write aside, then switch the manifest.

A load that is killed at any moment leaves the old generation current; what it left behind is
removed by the next one.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import InputError
from copilot.files import publish
from copilot.records.clock import utc_now
from copilot.records.generation import Generation, QualityReport
from copilot.records.progress import Progress, silent
from copilot.records.sql import parquet
from copilot.records.tables import INDISPENSABLE, TABLES
from copilot.tables.brought import brought_keys
from copilot.tables.credentials import refuse_credentials
from copilot.tables.failures import explained_failures
from copilot.tables.fetch import GivenFile, content_hash, fetch
from copilot.tables.files_out import dimension_rows, write_generation
from copilot.tables.judge import Judge
from copilot.tables.landing import Landing, RawTable
from copilot.tables.rules import REFERENCES
from copilot.tables.sources import Sources
from copilot.tables.staging import create_stage, land_query, stage, stage_name

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from copilot.store import Store

"""Called with what is being done, steps finished, and steps in all."""

# Parents first, so that their kept rows are known when children are judged.
_ORDER = ("branches", "staff", "products", "customers")


def check_tables(sources: Sources, progress: Progress | None = None) -> QualityReport:
    """What a load of ``sources`` would find. Writes only to a temporary folder.

    Raises:
        InputError: a file, column or expression is wrong, or nothing indispensable is left.
        DependencyError: the disk is full or the source database does not answer.
    """
    with (
        tempfile.TemporaryDirectory(prefix="copilot-tables-") as folder,
        explained_failures(Path(folder)),
    ):
        given = fetch_all(sources, Path(folder))
        with landing_in(Path(folder), sources) as landing:
            return judged(landing, sources, given, progress or silent)


def load_tables(
    sources: Sources, store: Store, progress: Progress | None = None
) -> tuple[Generation, QualityReport]:
    """Load ``sources`` as a new generation and make it current; unchanged sources are not reloaded.

    The caller holds ``store.writer_lock()``.

    Raises:
        InputError, DependencyError: as `check_tables`; the old generation then stays current.
    """
    facts = store.data_dir / "facts"
    with explained_failures(store.data_dir):
        facts.mkdir(parents=True, exist_ok=True)
        remove_orphans(facts, store)
        folder = Path(tempfile.mkdtemp(prefix=".loading-", dir=facts))
        try:
            given = fetch_all(sources, folder)
            digest = content_hash(sources, [file for files in given.values() for file in files])
            current = store.facts.find(digest)
            if current is not None and current.directory.is_dir():
                return current, store.facts.quality(current.generation_id)
            out = folder / "out"
            with landing_in(folder, sources) as landing:
                report = judged(landing, sources, given, progress or silent)
                write_generation(landing, list(sources.tables), out)
            generation = new_generation(sources, report, digest, facts)
            publish(out, generation.directory)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        _activate(store, generation, report)
    return generation, report


def _activate(store: Store, generation: Generation, report: QualityReport) -> None:
    dims = {
        name: dimension_rows(generation.parquet(name))
        for name in generation.rows
        if not TABLES[name].facts
    }
    brought = brought_keys(generation, store)
    quarantined = (count.rows for count in report.counts if count.action == "quarantined")
    noted = {"rows": generation.rows, "quarantined": sum(quarantined)}
    with taking_over(store, generation, report, "tables.load", noted) as connection:
        store.facts.activate(connection, generation, dims, brought)


@contextmanager
def taking_over(
    store: Store, generation: Generation, report: QualityReport, kind: str, noted: Mapping[str, Any]
) -> Iterator[Connection]:
    """The transaction that makes a generation current; its folder goes when it fails.

    The report is kept with it, and an audit entry of this kind with what is ``noted``.
    """
    payload = {
        "content_hash": generation.content_hash,
        "business_date": generation.business_date.isoformat(),
    }
    try:
        with store.transaction() as connection:
            yield connection
            store.facts.save_quality(connection, generation.generation_id, report)
            store.audit.append(connection, kind, generation.generation_id, {**payload, **noted})
    except BaseException:
        shutil.rmtree(generation.directory, ignore_errors=True)
        raise


def new_generation(sources: Sources, report: QualityReport, digest: str, facts: Path) -> Generation:
    base = f"{sources.business_date:%Y%m%d}-{digest[:12]}"
    number = 1
    while (facts / (name := base if number == 1 else f"{base}-{number}")).exists():
        number += 1
    return Generation(
        generation_id=name,
        directory=facts / name,
        business_date=sources.business_date,
        rows=dict(report.accepted),
        missing=frozenset(TABLES.keys() - sources.tables.keys()),
        content_hash=digest,
        loaded_at=utc_now().replace(microsecond=0),
        currency=sources.currency,
        sample=sources.sample,
    )


def remove_orphans(facts: Path, store: Store) -> None:
    known = {path.absolute() for path in store.facts.known_directories()}
    for path in facts.iterdir():
        if path.is_dir() and path.absolute() not in known:
            shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Place:
    """What fetched files are for: an alias (``index`` is none) or a source of a table."""

    name: str
    index: int | None = None


Given = Mapping[_Place, list[GivenFile]]


def fetch_all(sources: Sources, folder: Path) -> Given:
    given: dict[_Place, list[GivenFile]] = {}
    for name, reading in sources.files.items():
        given[_Place(name)] = fetch(sources, reading, ("files", name), folder)
    for name, table_sources in sources.tables.items():
        for index, source in enumerate(table_sources):
            if source.spec.file is not None or source.spec.url is not None:
                given[_Place(name, index)] = fetch(sources, source.spec, source.at, folder)
    return given


@contextmanager
def landing_in(folder: Path, sources: Sources) -> Iterator[Landing]:
    landing = Landing(folder, sources.time_zone)
    try:
        yield landing
    finally:
        landing.close()


def judged(
    landing: Landing,
    sources: Sources,
    given: Given,
    progress: Progress,
    base: Generation | None = None,
) -> QualityReport:
    """Everything up to the verdict on each row; an increment is judged with what ``base`` holds."""
    names = sorted(sources.tables, key=lambda name: (*_ORDER, name).index(name))
    steps = len(given) + len(names)
    done = 0
    landed: dict[_Place, list[RawTable]] = {}
    for place, files in given.items():
        shown = TABLES[place.name].label if place.name in TABLES else place.name
        progress(f"读取 {shown}", done, steps)
        landed[place] = landing.land(place.name, files)
        if place.index is None:
            landing.alias(place.name, landed[place])
        done += 1
    known = _known_parents(landing, base) if base is not None else {}
    landing.seal()
    judge = Judge(landing, sources, known)
    read: dict[str, int] = {}
    for name in names:
        progress(f"整理 {TABLES[name].label}", done, steps)
        create_stage(landing, TABLES[name])
        read[name] = 0
        for index, source in enumerate(sources.tables[name]):
            place = _Place(name, index)
            raws = landed.get(place) or [land_query(landing, sources, source)]
            for raw in raws:
                read[name] += stage(landing, sources, source, raw) + raw.rejected
        _refuse_credential_names(landing, name, sources)
        judge.judge(TABLES[name])
        done += 1
    progress("完成", steps, steps)
    return _report(landing, sources, judge, read, () if base is not None else INDISPENSABLE)


def _known_parents(landing: Landing, base: Generation) -> dict[str, str]:
    """The keys of the parent tables that are loaded already, in scratch tables."""
    known: dict[str, str] = {}
    for name in sorted({reference.parent for reference in REFERENCES}):
        if base.has(name):
            landing.db.execute(
                f"CREATE TABLE known_{name} AS SELECT DISTINCT {TABLES[name].key[0]} "
                f"FROM {parquet(*base.files(name))}"
            )
            known[name] = f"known_{name}"
    return known


def _report(
    landing: Landing,
    sources: Sources,
    judge: Judge,
    read: dict[str, int],
    indispensable: tuple[str, ...],
) -> QualityReport:
    accepted = {name: _kept(landing, name) for name in sources.tables}
    for name in indispensable:
        if not accepted[name]:
            raise InputError(
                f"表 {name}（{TABLES[name].label}）没有一行可用：读入 {read[name]} 行，"
                f"{_worst(judge, name)}。",
                file=str(sources.yaml.path),
                field=f"tables.{name}",
                next="请检查该表的文件与列映射。",
            )
    # A day without a row is nothing to speak of, a bank without one is.
    empty = [name for name, rows in read.items() if indispensable and not rows]
    return QualityReport(
        read,
        accepted,
        tuple(landing.counts + judge.counts),
        sources.missing,
        (*landing.notes, *(_empty_note(name) for name in empty)),
    )


def _empty_note(name: str) -> str:
    return (
        f"{TABLES[name].label}（{name}）一行也没有，按“没有发生过”处理，笔数与次数记0；"
        "如果是漏导，请补上文件，或从映射文件里去掉这张表，相应特征就按未知处理。"
    )


def _worst(judge: Judge, name: str) -> str:
    counts = [c for c in judge.counts if c.table == name and c.action == "quarantined"]
    if not counts:
        return "文件为空"
    worst = max(counts, key=lambda count: count.rows)
    return f"其中 {worst.rows} 行因“{worst.message}”隔离"


def _kept(landing: Landing, name: str) -> int:
    row = landing.db.execute(
        f'SELECT count(*) FROM {stage_name(TABLES[name])} WHERE "@reason" IS NULL'
    ).fetchone()
    return int(row[0]) if row else 0


def _refuse_credential_names(landing: Landing, name: str, sources: Sources) -> None:
    if name in ("attributes", "labels"):
        rows: list[tuple[Any, ...]] = landing.db.execute(
            f"SELECT DISTINCT name FROM {stage_name(TABLES[name])} WHERE name IS NOT NULL"
        ).fetchall()
        refuse_credentials((row[0] for row in rows), str(sources.yaml.path))
