"""Segments of an installation: divide every customer of a build, compare with a month before."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copilot.errors import NotFound, StateError
from copilot.profiles.build import build_profiles
from copilot.profiles.engine import connect, open_tables
from copilot.profiles.points import answer, answers, manifest_of, write_answers
from copilot.profiles.scores.columns import (
    Column,
    attribute_columns,
    feature_columns,
    read_columns,
    texts,
)
from copilot.profiles.scores.measure import DRIFT_LIMIT, shares_index
from copilot.profiles.scores.targets import label_names
from copilot.profiles.segments.schemes import (
    RFM,
    RULES,
    Codes,
    Segment,
    SegmentModel,
    Table,
    assign,
    learn,
    segments_in,
)
from copilot.records.generation import FeatureBuild
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store
from copilot.store.meta import get_meta, set_meta

MONTH_DAYS = 30
_MODEL_KEY = "segment_model"
_CLUSTERED = (
    "aum_total",
    "freq_90",
    "mon_90",
    "n_types",
    "inflow_90",
    "sh_mobile",
    "tenure_days",
    "age",
    "idle_amount",
    "aum_change_rate_90",
)
_MOST_COLUMNS = 8
_NO_CLUSTERS = "没有可以重复得到的聚类：重复抽样的一致性（ARI）不到0.9，或有的组太小，或特征不足"


@dataclass(frozen=True, slots=True)
class SegmentBuild:
    """Every segment as of a date, how far the shares moved in a month, what is not offered."""

    as_of: date
    segments: tuple[Segment, ...]
    drift: dict[str, float]
    compared_with: date
    not_offered: dict[str, str]
    comparison: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot segment list --format json``."""
        return {
            "as_of": self.as_of.isoformat(),
            "segments": [asdict(segment) for segment in self.segments],
            "drift": {
                scheme: {"psi": psi, "moved": psi > DRIFT_LIMIT}
                for scheme, psi in self.drift.items()
            },
            "compared_with": self.compared_with.isoformat(),
            "not_offered": self.not_offered,
            "comparison": list(self.comparison),
        }

    def segment(self, segment_id: str) -> Segment:
        """One segment.

        Raises:
            NotFound: no such segment; names those there are.
        """
        for segment in self.segments:
            if segment.segment_id == segment_id:
                return segment
        known = "、".join(segment.segment_id for segment in self.segments[:12])
        raise NotFound(f"没有客群 {segment_id}", field="segment", next=f"现有的客群：{known} 等。")


def build_segments(
    store: Store, settings: Settings, as_of: date | None = None, *, refit: bool = False
) -> SegmentBuild:
    """Divide the customers of the current generation as of a date; the caller holds the lock.

    Clusters and RFM cuts once learnt are used again, so that a segment keeps its meaning;
    ``refit`` learns them anew.
    """
    build = build_profiles(store, settings, as_of)
    earlier = build_profiles(store, settings, build.as_of - timedelta(MONTH_DAYS))
    model = None if refit else known_model(store)
    if model is None:
        table = read_table(store, settings, build)
        model = learn(table)
        with store.transaction() as connection:
            set_meta(connection, _MODEL_KEY, json.dumps(model.as_json(), ensure_ascii=False))
    table = read_table(store, settings, build, model.columns)
    assigned = assign(model, table)
    before = assign(model, read_table(store, settings, earlier, model.columns))
    found = SegmentBuild(
        build.as_of,
        tuple(segments_in(model, table, assigned, settings.policy)),
        {scheme: _drift(before.get(scheme), codes) for scheme, codes in assigned.items()},
        earlier.as_of,
        {} if model.clustering is not None else {"cluster": _NO_CLUSTERS},
        model.comparison,
    )
    bodies = [
        (str(customer), {s: codes[i] for s, codes in assigned.items() if codes[i] is not None})
        for i, customer in enumerate(table.customers)
    ]
    write_answers(_folder(store, build), bodies, found.as_json())
    return found


def known_model(store: Store) -> SegmentModel | None:
    """What was learnt at an earlier build, if anything."""
    with store.read() as connection:
        text = get_meta(connection, _MODEL_KEY)
    return None if text is None else SegmentModel.from_json(json.loads(text))


def segments_of(store: Store, as_of: date | None = None) -> SegmentBuild:
    """The segments built for a date.

    Raises:
        StateError: there are none yet.
    """
    generation = store.facts.current()
    day = as_of or generation.business_date
    build = store.facts.feature_build(generation.generation_id, day)
    body = {} if build is None else manifest_of(_folder(store, build))
    if not body:
        raise StateError(f"还没有 {day} 的客群", next="请先运行 copilot segment list 生成客群。")
    segments = tuple(
        Segment(**(entry | {"conditions": tuple(entry["conditions"])}))
        for entry in body["segments"]
    )
    return SegmentBuild(
        date.fromisoformat(body["as_of"]),
        segments,
        {scheme: entry["psi"] for scheme, entry in body["drift"].items()},
        date.fromisoformat(body["compared_with"]),
        body["not_offered"],
        tuple(body["comparison"]),
    )


def members_of(
    store: Store, principal: Principal, segment_id: str, as_of: date | None = None
) -> list[str]:
    """The customers of a segment within the principal's scope, by id."""
    generation = store.facts.current()
    build = store.facts.feature_build(generation.generation_id, as_of or generation.business_date)
    if build is None:
        return []
    scheme = segment_id.partition(".")[0]
    seen = set(store.customers(principal).ids())
    found = answers(_folder(store, build))
    return [c for c, body in found if body.get(scheme) == segment_id and c in seen]


def read_segments(store: Store, build: FeatureBuild, customer_id: str) -> dict[str, str]:
    """RFM and cluster of one customer by name; the bank's rules are features already."""
    directory = _folder(store, build)
    body = answer(directory, customer_id) or {}
    learnt = {scheme: code for scheme, code in body.items() if scheme not in RULES}
    if not learnt:
        return {}
    names = {s["segment_id"]: s["name"] for s in manifest_of(directory)["segments"]}
    return {scheme: names[code] for scheme, code in learnt.items()}


def read_table(
    store: Store,
    settings: Settings,
    build: FeatureBuild,
    columns: tuple[str, ...] | None = None,
) -> Table:
    """The customers of a build with what segments are read from; refusals are left out.

    ``columns`` are those the clusters were learnt on; without them, suitable ones are chosen.
    """
    features = build.rows_of("features")
    with connect() as connection:
        open_tables(connection, store.facts.current(), settings.policy)
        connection.execute(
            "create temp table cases as select row_number() over (order by customer_id) - 1 "
            f"as place, customer_id from ({features}) "
            "where not coalesce(profiling_refused, false)"
        )
        read = connection.execute(
            f"select f.customer_id, {', '.join(RULES)}, "
            f"{', '.join(f'{name}::double as {name}' for name in RFM)} from cases k join "
            f"({features}) f on f.customer_id = k.customer_id order by k.place"
        ).fetchnumpy()
        attributes, _ = attribute_columns(connection, build.as_of, label_names(connection))
        offered = [*feature_columns(), *attributes]
        wanted = _wanted(offered, columns)
        matrix = read_columns(connection, wanted, features, build.as_of)
    if columns is None:
        wanted, matrix = _suitable(wanted, matrix)
    return Table(
        np.asarray(read["customer_id"], dtype=object),
        {name: texts(read[name]) for name in RULES},
        {name: np.ma.filled(np.ma.asarray(read[name], dtype=float), np.nan) for name in RFM},
        tuple(wanted),
        matrix,
    )


def _wanted(offered: list[Column], columns: tuple[str, ...] | None) -> list[Column]:
    by_name = {column.name: column for column in offered}
    if columns is not None:
        lost = Column("", "", "number", "", "null::double")
        return [by_name.get(name, lost) for name in columns]
    preferred = [by_name[name] for name in _CLUSTERED if name in by_name]
    others = [c for c in offered if c.kind == "number" and c.unit == ""]
    return preferred + others


def _suitable(
    columns: list[Column], matrix: NDArray[np.float64]
) -> tuple[list[Column], NDArray[np.float64]]:
    """The first eight columns known for half of the customers and not the same for nearly all."""
    kept = []
    for place in range(len(columns)):
        known = matrix[~np.isnan(matrix[:, place]), place]
        if len(known) < 0.5 * len(matrix) or len(known) == 0:
            continue
        _, counts = np.unique(known, return_counts=True)
        if counts.max() < 0.9 * len(known):
            kept.append(place)
    kept = kept[:_MOST_COLUMNS] if len(kept) >= 2 else []
    return [columns[i] for i in kept], matrix[:, kept]


def _drift(before: Codes | None, after: Codes) -> float:
    """PSI of the shares of segments between two dates; unknown counts as a segment."""
    if before is None or len(before) == 0 or len(after) == 0:
        return 0.0
    ids = sorted({str(code) for code in (*before, *after)})
    earlier, later = Counter(map(str, before)), Counter(map(str, after))
    drift = shares_index(
        np.array([earlier[i] / len(before) for i in ids]),
        np.array([later[i] / len(after) for i in ids]),
    )
    return round(drift, 4)


def _folder(store: Store, build: FeatureBuild) -> Path:
    return build.derived(store.data_dir / "segments")
