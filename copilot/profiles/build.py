"""Building profiles: every feature of every customer as of a date, written aside, then switched.

Three files come out: ``features.parquet`` (wide, sorted by customer) for analysis and export,
``reasons.parquet`` for the call list, and ``points.db``, the same rows by customer, see
`copilot.profiles.points`. An incremental build adds files beside those of the build it starts
from, see `copilot.profiles.delta`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import DependencyError
from copilot.files import whole_folder
from copilot.profiles.compute import Computation, compute_all, unavailable
from copilot.profiles.delta import (
    FEATURES_FILE,
    POINTS_FILE,
    REASONS_FILE,
    write_delta,
    write_profile_points,
)
from copilot.profiles.engine import connect, open_tables
from copilot.profiles.reasons import ReasonSet, load_reasons
from copilot.profiles.spec import FeatureSet, load_features
from copilot.profiles.touched import Start, start_of, touch
from copilot.records.clock import utc_now
from copilot.records.generation import FeatureBuild, Generation
from copilot.records.progress import Progress, silent
from copilot.records.sql import literal
from copilot.settings import BankPolicy, Settings
from copilot.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


MANIFEST_FILE = "build.json"
LAYOUT = 3  # of these files; part of the hash, so that a newer program builds again
_FILES = (FEATURES_FILE, REASONS_FILE, POINTS_FILE, MANIFEST_FILE)


def build_profiles(
    store: Store,
    settings: Settings,
    as_of: date | None = None,
    progress: Progress | None = None,
    *,
    incremental: bool = False,
) -> FeatureBuild:
    """Compute the features of the current generation as of a date (default: its business date).

    Nothing is done when the same tables, events, declarations and policy were already built.
    ``incremental`` computes only the customers touched since an earlier build of the same date,
    when what all customers share has not changed; the outcome is the same. The caller holds the
    store's writer lock.

    Raises:
        StateError: no tables are loaded.
        InputError: a feature declaration and its SQL disagree.
        DependencyError: the disk is full or a file cannot be read.
    """
    generation = store.facts.current()
    as_of = as_of or generation.business_date
    spec_hash = _spec_hash(load_features(), load_reasons(), settings.policy)
    known = store.facts.feature_build(generation.generation_id, as_of)
    if known is not None and _is_current(known, spec_hash, generation):
        return known
    start = start_of(store, generation, as_of, spec_hash, complete) if incremental else None
    home = store.data_dir / "features" / generation.generation_id
    revision = f"-{generation.live.revision}" if generation.live.revision else ""
    target = home / f"{as_of.isoformat()}-{spec_hash[:12]}{revision}"
    try:
        for abandoned in home.glob(".*"):  # by a build that was killed; the lock is ours
            shutil.rmtree(abandoned, ignore_errors=True)
        work = _Work(generation, as_of, settings.policy, progress or silent)
        with whole_folder(target) as aside:
            customers = work.compute(aside, start)
    except OSError as error:
        raise _disk_error(home, error) from None
    build = FeatureBuild(generation.generation_id, as_of, target, spec_hash, customers, utc_now())
    with store.transaction() as connection:
        store.facts.record_feature_build(connection, build)
    _remove_older(home, as_of, {target, known.directory if known else target})
    return build


def manifest_of(directory: Path) -> dict[str, Any]:
    """What a build says of itself; empty when it is not whole."""
    try:
        return dict(json.loads((directory / MANIFEST_FILE).read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def recomputed_of(build: FeatureBuild) -> int:
    """How many customers a build computed; the others were taken over."""
    return int(manifest_of(build.directory).get("recomputed", build.customers))


def complete(directory: Path) -> bool:
    """Whether every file of a build is there."""
    return all((directory / name).is_file() for name in _FILES)


def _is_current(build: FeatureBuild, spec_hash: str, generation: Generation) -> bool:
    return (
        build.spec_hash == spec_hash
        and complete(build.directory)
        and manifest_of(build.directory).get("live") == generation.live.revision
    )


def _spec_hash(features: FeatureSet, reasons: ReasonSet, policy: BankPolicy) -> str:
    parts = (str(LAYOUT), features.spec_hash, reasons.spec_hash, policy.model_dump_json())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class _Work:
    """One build of one date."""

    def __init__(
        self, generation: Generation, as_of: date, policy: BankPolicy, report: Progress
    ) -> None:
        self.generation = generation
        self.as_of = as_of
        self.policy = policy
        self.report = report
        self.features = load_features()

    def compute(self, directory: Path, start: Start | None) -> int:
        """Write every file of the build; returns the number of customers."""
        import duckdb

        scratch = directory / "scratch"
        try:
            with connect(scratch) as connection:
                absent = open_tables(connection, self.generation, self.policy)
                lost = unavailable(self.features, absent)
                shared = self._shared(connection, lost)
                what = Computation(self.features, load_reasons(), lost, self.as_of)
                recomputed = touch(connection, self.generation, start, shared)
                if start is not None and recomputed is not None:
                    customers = write_delta(
                        connection, what, start, directory, lambda step: self.report(step, 0, 1)
                    )
                else:
                    customers = compute_all(connection, what, self.report)
                    self._write(connection, directory)
        except duckdb.Error as error:
            raise _engine_error(error) from None
        shutil.rmtree(scratch, ignore_errors=True)
        manifest = {
            "layout": LAYOUT,
            "as_of": self.as_of.isoformat(),
            "currency": self.generation.currency,
            "columns": list(self.features.features),
            "unavailable": what.unavailable,
            "shared": shared,
            "live": self.generation.live.revision,
            "live_customers": sorted(self.generation.live.last),
            "recomputed": customers if recomputed is None else recomputed,
        }
        (directory / MANIFEST_FILE).write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")
        return customers

    def _shared(self, connection: DuckDBPyConnection, lost: dict[str, str]) -> dict[str, Any]:
        """What every customer's features depend on beside the customer's own rows."""
        days = connection.execute(
            "select cast(as_of as varchar) from snapshots where as_of <= $as_of order by as_of",
            {"as_of": self.as_of},
        ).fetchall()
        return {"unavailable": lost, "snapshots": [day for (day,) in days]}

    def _write(self, connection: DuckDBPyConnection, directory: Path) -> None:
        self.report("写出", 0, 1)
        connection.execute(
            "copy (from all_features order by customer_id) "
            f"to {literal(directory / FEATURES_FILE)} (format parquet)"
        )
        connection.execute(
            "copy (from reasons order by rank desc, customer_id, code) "
            f"to {literal(directory / REASONS_FILE)} (format parquet)"
        )
        write_profile_points(
            connection, self.features, directory / POINTS_FILE, "all_features", "reasons"
        )
        self.report("写出", 1, 1)


def _remove_older(home: Path, as_of: date, kept: set[Path]) -> None:
    """Earlier builds of the date go; the last one stays for whoever is reading it."""
    for path in home.glob(f"{as_of.isoformat()}-*"):
        if path not in kept:
            shutil.rmtree(path, ignore_errors=True)


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
