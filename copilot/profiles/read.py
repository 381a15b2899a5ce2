"""Reading one profile: a point read of the feature file, reasons in words, the card."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.errors import DependencyError, InputError, StateError
from copilot.profiles.build import LAYOUT, MANIFEST_FILE
from copilot.profiles.card import card
from copilot.profiles.delta import FEATURES_FILE, open_files
from copilot.profiles.engine import connect
from copilot.profiles.points import point
from copilot.profiles.reasons import reason_for
from copilot.profiles.scores.service import read_scores
from copilot.profiles.segments.service import read_segments
from copilot.profiles.spec import load_features
from copilot.records.generation import FeatureBuild, Generation
from copilot.records.profile import FeatureScalar, FeatureSpec, FeatureValue, Profile, Reason
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REFUSED = "客户已拒绝画像分析"
SEGMENTS = ("tier", "life_stage", "lifecycle")


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One customer of a feature build: feature values by name, reason codes with their ranks."""

    values: dict[str, FeatureScalar]
    reasons: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """An open feature build: views ``features`` and ``reasons``, files of points by customer."""

    connection: DuckDBPyConnection
    points: tuple[Path, ...]  # the newest first
    columns: tuple[tuple[str, bool], ...]  # name, is a date
    unavailable: dict[str, str]
    currency: str
    live: int  # the revision of the events that it holds

    def row(self, customer_id: str) -> CustomerRow | None:
        """One customer's values and reasons, ``None`` when the build has no such customer."""
        for path in self.points:
            found = point(path, customer_id)
            if found is not None:
                break
        else:
            return None
        features, reasons = found
        values: dict[str, FeatureScalar] = {"customer_id": customer_id}
        for (name, is_date), value in zip(self.columns, features, strict=True):
            values[name] = date.fromisoformat(value) if is_date and value else value
        return CustomerRow(values, tuple((code, float(rank)) for code, rank in reasons or ()))


def read_profile(
    store: Store,
    principal: Principal,
    customer_id: str,
    as_of: date | None = None,
    settings: Settings | None = None,
) -> Profile:
    """A customer's profile as of a date (default: the business date of the data).

    Raises:
        NotFound, Forbidden: no such customer, or out of the principal's scope.
        StateError: profiles have not been built for the date.
    """
    store.customers(principal).get(customer_id)
    generation = store.facts.current()
    build = built(store, as_of, generation)
    table = open_build(build)
    live = generation.live
    event = live.last.get(customer_id)
    row = table.row(customer_id)
    if row is None:
        raise StateError(
            f"客户 {customer_id} 不在 {build.as_of} 的画像里",
            next="请运行 copilot profile build 重新生成画像。",
        )
    values = row.values
    refused = values["profiling_refused"] is True
    specs = load_features().features
    features = {
        name: _feature_value(spec, values[name], table.unavailable, refused)
        for name, spec in specs.items()
    }
    reasons: tuple[Reason, ...] = ()
    if not refused:
        reasons = tuple(reason_for(code, rank, values, build.as_of) for code, rank in row.reasons)
    segments = {name: str(values[name]) for name in SEGMENTS if values.get(name) is not None}
    segments |= {} if refused else read_segments(store, build, customer_id)
    scores = {} if refused else read_scores(store, build, customer_id)
    profile = Profile(
        customer_id,
        build.as_of,
        build.generation_id,
        features,
        reasons,
        segments,
        scores=scores,
        last_event=event if event and event.at.date() <= build.as_of else None,
        event_counted=table.live == live.revision,
    )
    return replace(profile, card=card(profile, table.currency))


def built(store: Store, as_of: date | None, generation: Generation | None = None) -> FeatureBuild:
    """The feature build of the current generation as of a date.

    Raises:
        StateError: there is none yet.
    """
    generation = generation or store.facts.current()
    day = as_of or generation.business_date
    build = store.facts.feature_build(generation.generation_id, day)
    if build is None or not (build.directory / FEATURES_FILE).is_file():
        raise StateError(
            f"还没有 {day} 的客户画像",
            next=f"请先运行 copilot profile build --as-of {day}。",
        )
    return build


def open_build(build: FeatureBuild) -> FeatureTable:
    """The open feature table of a build; it stays open for the next read.

    Only a few are kept: one that gives way closes with its last reader, which may be another
    thread, so nobody closes it by hand.
    """
    return _open(build)


@lru_cache(maxsize=4)
def _open(build: FeatureBuild) -> FeatureTable:
    import duckdb

    directory = build.directory
    try:
        manifest = json.loads((directory / MANIFEST_FILE).read_text("utf-8"))
        connection = connect()
        points = open_files(connection, build)
    except (OSError, ValueError, duckdb.Error) as error:
        raise DependencyError(
            f"打不开画像文件（{type(error).__name__}）",
            file=str(directory),
            next="请运行 copilot profile build 重新生成画像。",
        ) from None
    specs = load_features().features
    if manifest.get("layout") != LAYOUT or manifest["columns"] != list(specs):
        raise StateError(
            "画像是用另一版程序或特征声明生成的", next="请运行 copilot profile build 重新生成画像。"
        )
    columns = tuple((name, spec.unit == "date") for name, spec in specs.items())
    return FeatureTable(
        connection,
        points,
        columns,
        manifest["unavailable"],
        manifest["currency"],
        manifest["live"],
    )


def _feature_value(
    spec: FeatureSpec, value: FeatureScalar, unavailable: dict[str, str], refused: bool
) -> FeatureValue:
    why = None
    if value is None:
        why = spec.unknown_because
        if refused and not spec.service:
            why = REFUSED
        why = unavailable.get(spec.name, why)
    return FeatureValue(spec.name, value, spec.unit, spec.window, why)


def known_feature(name: str) -> FeatureSpec:
    """The declaration of a feature.

    Raises:
        InputError: there is no such feature; names the closest ones.
    """
    import difflib

    features = load_features().features
    if name not in features:
        close = "、".join(difflib.get_close_matches(name, features, n=3, cutoff=0.4)) or "无"
        raise InputError(
            f"没有名为 {name} 的特征",
            field="feature",
            next=f"相近的特征：{close}；copilot profile show 列出全部特征。",
        )
    return features[name]
