"""Building profiles: every feature of every customer as of a date, written aside, then switched.

One temporary table per feature group, joined once. Three files come out: ``features.parquet``
(wide, sorted by customer) for analysis and export, ``reasons.parquet`` for the call list, and
``points.duckdb``, the same rows by customer behind an index, because a point read of a wide
Parquet file of 200,000 customers took 22 ms and this takes 0.6.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.errors import DependencyError, InputError
from copilot.profiles.engine import connect, literal, open_tables, why_unavailable
from copilot.profiles.reasons import ReasonSet, load_reasons, reason_queries
from copilot.profiles.spec import UNIT_TYPES, FeatureGroup, FeatureSet, load_features
from copilot.records.generation import FeatureBuild, Generation
from copilot.settings import BankPolicy, Settings
from copilot.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Progress = Callable[[str, int, int], None]  # step in words, steps done, steps in all

FEATURES_FILE = "features.parquet"
REASONS_FILE = "reasons.parquet"
POINTS_FILE = "points.duckdb"
MANIFEST_FILE = "build.json"
LAYOUT = 1  # of these files; part of the hash, so that a newer program builds again
_FILES = (FEATURES_FILE, REASONS_FILE, POINTS_FILE, MANIFEST_FILE)


def build_profiles(
    store: Store,
    settings: Settings,
    as_of: date | None = None,
    progress: Progress | None = None,
) -> FeatureBuild:
    """Compute the features of the current generation as of a date (default: its business date).

    Nothing is done when the same tables, declarations and policy were already built. The caller
    holds the store's writer lock.

    Raises:
        StateError: no tables are loaded.
        InputError: a feature declaration and its SQL disagree.
        DependencyError: the disk is full or a file cannot be read.
    """
    generation = store.facts.current()
    as_of = as_of or generation.business_date
    features, reasons = load_features(), load_reasons()
    spec_hash = _spec_hash(features, reasons, settings.policy)
    known = store.facts.feature_build(generation.generation_id, as_of)
    if known is not None and known.spec_hash == spec_hash and _complete(known.directory):
        return known
    home = store.data_dir / "features" / generation.generation_id
    target = home / f"{as_of.isoformat()}-{spec_hash[:12]}"
    aside = home / f".{uuid.uuid4().hex}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        for abandoned in home.glob(".*"):  # by a build that was killed; the lock is ours
            shutil.rmtree(abandoned, ignore_errors=True)
        aside.mkdir()
        customers = _compute(aside, generation, as_of, settings.policy, progress)
        _publish(aside, target)
    except OSError as error:
        raise _disk_error(home, error) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    build = FeatureBuild(generation.generation_id, as_of, target, spec_hash, customers, _now())
    with store.transaction() as connection:
        store.facts.record_feature_build(connection, build)
    if known is not None and known.directory != target:
        shutil.rmtree(known.directory, ignore_errors=True)
    return build


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)  # the database keeps UTC without a zone


def _spec_hash(features: FeatureSet, reasons: ReasonSet, policy: BankPolicy) -> str:
    parts = (str(LAYOUT), features.spec_hash, reasons.spec_hash, policy.model_dump_json())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _complete(directory: Path) -> bool:
    return all((directory / name).is_file() for name in _FILES)


def _compute(
    directory: Path,
    generation: Generation,
    as_of: date,
    policy: BankPolicy,
    progress: Progress | None,
) -> int:
    import duckdb

    features = load_features()
    steps = len(features.groups) + 2
    report = progress or (lambda step, done, total: None)
    scratch = directory / "scratch"
    try:
        with connect(scratch) as connection:
            absent = open_tables(connection, generation, policy)
            unavailable = _unavailable(features, absent)
            for done, group in enumerate(features.groups):
                report(group.title, done, steps)
                if group.derived:
                    _assemble(connection, features, unavailable, derived=False)
                _run_group(connection, group, as_of)
            report("写出特征", steps - 2, steps)
            _assemble(connection, features, unavailable, derived=True)
            customers = _write_features(connection, features, directory)
            report("写出理由", steps - 1, steps)
            _write_reasons(connection, directory, as_of)
            _write_points(connection, features, directory)
            report("完成", steps, steps)
    except duckdb.Error as error:
        raise _engine_error(error) from None
    shutil.rmtree(scratch, ignore_errors=True)
    manifest = {
        "layout": LAYOUT,
        "as_of": as_of.isoformat(),
        "currency": generation.currency,
        "columns": list(features.features),
        "unavailable": unavailable,
    }
    (directory / MANIFEST_FILE).write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")
    return customers


def _unavailable(features: FeatureSet, absent: frozenset[str]) -> dict[str, str]:
    """Features that these tables switch off, with the reason; features of features follow."""
    unavailable: dict[str, str] = {}
    for name, spec in features.features.items():
        lost = absent | {f"features.{other}" for other in unavailable}
        why = why_unavailable(spec, frozenset(lost))
        if why is not None:
            unavailable[name] = why
    return unavailable


def _run_group(connection: DuckDBPyConnection, group: FeatureGroup, as_of: date) -> None:
    parameters = {"as_of": as_of} if "$as_of" in group.sql else {}
    with _declared_in(f"{group.name}.sql", f"特征组 {group.name} 的 SQL"):
        connection.execute(f'create temp table "g_{group.name}" as {group.sql}', parameters)
    described = connection.execute(f'describe "g_{group.name}"').fetchall()
    selected = {str(row[0]) for row in described} - {"customer_id"}
    declared = {feature.name for feature in group.features}
    if selected != declared:
        difference = "、".join(sorted(selected ^ declared))
        raise InputError(
            f"特征组 {group.name} 的 SQL 与声明不一致：{difference}",
            file=f"{group.name}.yaml",
            next="SQL 选出的每一列都要声明，声明的每个特征都要选出。",
        )


@contextmanager
def _declared_in(file: str, what: str) -> Iterator[None]:
    """Turns what DuckDB says about wrong SQL (names only, never values) into an input error."""
    import duckdb

    try:
        yield
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
        raise InputError(
            f"{what}无法执行：{str(error).splitlines()[0]}",
            file=file,
            next="请对照特征名与规范表的列名修改。",
        ) from None


def _assemble(
    connection: DuckDBPyConnection,
    features: FeatureSet,
    unavailable: dict[str, str],
    *,
    derived: bool,
) -> None:
    """Create the table ``features`` from the groups that have run.

    What the tables switch off is null. In the final form, customers who refused profiling keep
    only what serving them needs.
    """
    groups = [group for group in features.groups if derived or not group.derived]
    columns = ["c.customer_id"]
    for group in groups:
        for spec in group.features:
            kind = UNIT_TYPES[spec.unit]
            value = f'cast("g_{group.name}"."{spec.name}" as {kind})'
            if spec.name in unavailable:
                value = f"cast(null as {kind})"
            elif derived and not spec.service:
                value = f"case when not coalesce(refused.no, false) then {value} end"
            columns.append(f'{value} as "{spec.name}"')
    joins = " ".join(
        f'left join "g_{group.name}" on "g_{group.name}".customer_id = c.customer_id'
        for group in groups
    )
    refused = (
        "left join (select customer_id, profiling_refused as no from g_contact) refused "
        "on refused.customer_id = c.customer_id"
    )
    connection.execute(
        f"create or replace temp table features as "
        f"select {', '.join(columns)} from customers c {joins} {refused}"
    )


def _write_features(connection: DuckDBPyConnection, features: FeatureSet, directory: Path) -> int:
    names = ", ".join(f'"{name}"' for name in features.features)
    connection.execute(
        f"copy (select customer_id, {names} from features order by customer_id) "
        f"to {literal(str(directory / FEATURES_FILE))} (format parquet)"
    )
    row = connection.execute("select count(*) from features").fetchone()
    return int(row[0]) if row else 0


def _write_reasons(connection: DuckDBPyConnection, directory: Path, as_of: date) -> None:
    connection.execute(
        "create temp table reasons (customer_id varchar, code varchar, rank double, "
        "contact_ok boolean, branch_id varchar, manager_id varchar)"
    )
    for code, query in reason_queries(load_reasons()).items():
        parameters = {"as_of": as_of} if "$as_of" in query else {}
        with _declared_in("reasons.yaml", f"理由 {code} 的条件"):
            connection.execute(f"insert into reasons {query}", parameters)
    connection.execute(
        "copy (select * from reasons order by rank desc, customer_id, code) "
        f"to {literal(str(directory / REASONS_FILE))} (format parquet)"
    )


def _write_points(connection: DuckDBPyConnection, features: FeatureSet, directory: Path) -> None:
    names = ", ".join(f'f."{name}"' for name in features.features)
    connection.execute(f"attach {literal(str(directory / POINTS_FILE))} as points")
    connection.execute(
        f"create table points.points as select f.customer_id, json_array({names}) as features, "
        "r.reasons from features f left join ("
        "  select customer_id, to_json(list([code, cast(rank as varchar)] "
        "    order by rank desc, code)) as reasons from reasons group by customer_id"
        ") r on r.customer_id = f.customer_id order by f.customer_id"
    )
    connection.execute("create index by_customer on points.points (customer_id)")
    connection.execute("detach points")


def _publish(aside: Path, target: Path) -> None:
    """Make the finished folder visible under its final name; the manifest row is the switch."""
    for path in aside.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    if target.exists():  # left by a build that was killed before its manifest row
        shutil.rmtree(target)
    os.replace(aside, target)


def _disk_error(home: Path, error: OSError) -> DependencyError:
    return DependencyError(
        f"写特征文件失败：{error.strerror}", file=str(home), next="请检查磁盘空间与权限后重试。"
    )


def _engine_error(error: Exception) -> DependencyError:
    return DependencyError(
        # The engine's own message may quote a value, so only its kind is told.
        f"特征计算失败：{type(error).__name__}",
        next="请检查磁盘空间与数据文件；copilot doctor 可以检查数据目录。",
    )
