"""Feature groups: one SQL file and one YAML declaration each, read into closed-schema values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from copilot.errors import InputError
from copilot.records.profile import FeatureSpec
from copilot.records.tables import TABLES
from copilot.records.yaml_file import YamlFile

FEATURES_DIR = Path(__file__).parent / "features"

#: The column type that each unit is stored in.
UNIT_TYPES = {
    "fen": "bigint",
    "days": "bigint",
    "count": "bigint",
    "fen_float": "double",
    "fen_per_month": "double",
    "ratio": "double",
    "bool": "boolean",
    "date": "date",
    "code": "varchar",
    "key": "varchar",
}
Unit = Literal[
    "fen",
    "days",
    "count",
    "fen_float",
    "fen_per_month",
    "ratio",
    "bool",
    "date",
    "code",
    "key",
]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RowSet(_Closed):
    """Rows of one table that count for a feature; ``scoped`` adds the group's own filter."""

    table: str
    where: str
    scoped: bool = True


class FeatureDeclaration(_Closed):
    """One feature as its YAML states it; what is left out comes from the group."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    formula: str
    window: str
    unit: Unit
    null_rule: Literal["zero", "unknown", "never"]
    unknown_because: str | None = None
    sources: tuple[str, ...] | None = None
    optional: tuple[str, ...] | None = None
    data_class: Literal["C1", "C2"] | None = None
    version: int = 1
    service: bool = False
    rows: str | None = None
    recompute: str | None = None


class GroupDeclaration(_Closed):
    """A YAML file: the features of one SQL file and the row sets behind them."""

    group: str
    title: str
    reads: Literal["tables", "features"] = "tables"
    sources: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    data_class: Literal["C1", "C2"] = "C1"
    unknown_because: str = "数据日以前没有记录"
    scope: str = "true"
    rows: dict[str, RowSet] = Field(default_factory=dict)
    features: tuple[FeatureDeclaration, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows behind a feature: a table, a filter, and how the value follows from them."""

    table: str
    where: str
    recompute: str | None


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """A feature group ready to run: its SQL has the as-of date as only parameter."""

    name: str
    title: str
    derived: bool
    sql: str
    features: tuple[FeatureSpec, ...]
    rows: dict[str, Rows]


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Every feature group in the order of computation, and a hash over all of it."""

    groups: tuple[FeatureGroup, ...]
    spec_hash: str

    @property
    def features(self) -> dict[str, FeatureSpec]:
        """Every feature by name, in the order of computation."""
        return {feature.name: feature for group in self.groups for feature in group.features}

    def rows(self, feature: str) -> Rows | None:
        """The rows behind a feature; ``None`` when it follows from other features."""
        for group in self.groups:
            if feature in group.rows:
                return group.rows[feature]
        return None


@cache
def load_features(directory: Path = FEATURES_DIR) -> FeatureSet:
    """Read every ``<group>.sql`` and ``<group>.yaml`` of a directory.

    Raises:
        InputError: an unknown key, table, column or row set, a name used twice, or a group
            without its SQL; names file and line.
    """
    groups = []
    digest = hashlib.sha256()
    for path in sorted(directory.glob("*.yaml")):
        sql_path = path.with_suffix(".sql")
        if not sql_path.is_file():
            raise InputError(
                f"特征组 {path.stem} 缺少 SQL 文件", file=str(sql_path), next="请补上同名的 .sql。"
            )
        sql = sql_path.read_text("utf-8")
        digest.update(path.read_bytes() + b"\0" + sql.encode() + b"\0")
        groups.append(_group(YamlFile.read(path), sql))
    groups.sort(key=lambda group: (group.derived, group.name))
    _require_unique_names(groups, directory)
    return FeatureSet(tuple(groups), digest.hexdigest())


def _group(file: YamlFile, sql: str) -> FeatureGroup:
    declared = file.validated(GroupDeclaration)
    specs, rows = [], {}
    for index, feature in enumerate(declared.features):
        at = ("features", index)
        spec = _spec(feature, declared)
        for source in spec.sources:
            if not _known_source(source):
                raise file.error(f"来源 {source} 不是规范表的列。", (*at, "sources"))
        specs.append(spec)
        if feature.rows is None:
            continue
        if feature.rows not in declared.rows:
            raise file.error(
                f"没有名为 {feature.rows} 的行集。",
                (*at, "rows"),
                next=f"可用的行集：{'、'.join(declared.rows)}。",
            )
        chosen = declared.rows[feature.rows]
        scope = declared.scope if chosen.scoped else "true"
        rows[feature.name] = Rows(
            chosen.table, f"({chosen.where}) and ({scope})", feature.recompute
        )
    return FeatureGroup(
        declared.group, declared.title, declared.reads == "features", sql, tuple(specs), rows
    )


def _spec(feature: FeatureDeclaration, group: GroupDeclaration) -> FeatureSpec:
    required = group.sources if feature.sources is None else feature.sources
    optional = group.optional if feature.optional is None else feature.optional
    return FeatureSpec(
        name=feature.name,
        label=feature.label,
        formula=feature.formula,
        window=feature.window,
        unit=feature.unit,
        null_rule=feature.null_rule,
        sources=(*required, *optional),
        data_class=feature.data_class or group.data_class,
        group=group.group,
        version=feature.version,
        optional=optional,
        unknown_because=feature.unknown_because or group.unknown_because,
        service=feature.service,
    )


def _known_source(source: str) -> bool:
    table, _, column = source.partition(".")
    if table == "features":
        return bool(column)
    return table in TABLES and any(c.name == column for c in TABLES[table].columns)


def _require_unique_names(groups: list[FeatureGroup], directory: Path) -> None:
    seen: dict[str, str] = {}
    for group in groups:
        for feature in group.features:
            if feature.name in seen:
                raise InputError(
                    f"特征 {feature.name} 在 {seen[feature.name]} 与 {group.name} 中重复",
                    file=str(directory / f"{group.name}.yaml"),
                    field=feature.name,
                    next="特征名必须唯一，请改名。",
                )
            seen[feature.name] = group.name
