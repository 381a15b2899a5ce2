"""The mapping file `sources.yaml`: which of the bank's exports fill which canonical table."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from copilot.errors import InputError
from copilot.records.tables import INDISPENSABLE, TABLES, Table
from copilot.records.yaml_file import Location, YamlFile

Encoding = Literal["utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312", "utf-16", "cp1252"]
Unit = Literal["yuan", "fen", "wan"]
Format = Literal["csv", "excel", "parquet", "sheets"]

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".asc": "csv",
    ".xlsx": "excel",
    ".parquet": "parquet",
    ".md": "sheets",
}


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reading(_Closed):
    """Rows from somewhere: files (``file``, a glob allowed) or a query (``sql``, with ``url``)."""

    file: str | None = None
    format: Format | None = None
    encoding: Encoding = "utf-8"
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    quote: str = Field(default='"', max_length=1)
    header: bool = True
    names: tuple[str, ...] = ()
    sheet: str | None = None
    sql: str | None = None
    url: str | None = None

    def format_of(self, path: Path) -> Format | None:
        """The declared format, or the one that the suffix names (``.gz`` is looked through)."""
        suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
        return self.format or (_SUFFIXES.get(suffixes[-1]) if suffixes else None)


class ColumnSpec(_Closed):
    """Where one canonical column comes from: a source column, a constant or an expression."""

    column: str | None = None
    constant: str | None = None
    sql: str | None = None
    codes: dict[str, str | None] = Field(default_factory=dict)
    default: str | None = None
    formats: tuple[str, ...] = ()
    unit: Unit | None = None
    null_values: tuple[str, ...] = ()

    @field_validator("constant", "default", mode="before")
    @classmethod
    def _scalar_as_text(cls, value: Any) -> Any:
        return _text(value)

    @field_validator("null_values", mode="before")
    @classmethod
    def _items_as_text(cls, value: Any) -> Any:
        return [_text(item) for item in value] if isinstance(value, list) else value

    @field_validator("codes", mode="before")
    @classmethod
    def _codes_as_text(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {_text(code): _text(canonical) for code, canonical in value.items()}


class Unpivot(_Closed):
    """Wide to long: each source column becomes rows of (``name``, ``value``)."""

    columns: dict[str, str]
    name: str
    value: str


class SourceSpec(Reading):
    """One source of one canonical table."""

    columns: dict[str, Any] = Field(default_factory=dict)
    unpivot: Unpivot | None = None
    where: str | None = None
    currency_unit: Unit | None = None

    @property
    def is_sheets(self) -> bool:
        """Whether the source is a set of Markdown product sheets (money there is yuan)."""
        return self.file is not None and self.format_of(Path(self.file)) == "sheets"


class _Head(_Closed):
    version: Literal[1]
    business_date: date
    currency_unit: Unit = "yuan"
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")
    time_zone: str = "Asia/Shanghai"
    sample: bool = False
    files: dict[str, Any] = Field(default_factory=dict)
    tables: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableSource:
    """One validated source of a canonical table, with its place in the mapping file."""

    table: Table
    spec: SourceSpec
    columns: Mapping[str, ColumnSpec]
    unit: Unit
    at: Location


@dataclass(frozen=True, slots=True)
class Sources:
    """A validated mapping file. Nothing has been read from the bank's files yet."""

    yaml: YamlFile
    business_date: date
    currency: str
    time_zone: str
    sample: bool
    files: Mapping[str, Reading]
    tables: Mapping[str, tuple[TableSource, ...]]

    @property
    def folder(self) -> Path:
        """What relative paths in the mapping file start from."""
        return self.yaml.path.parent

    @property
    def missing(self) -> frozenset[str]:
        """Canonical tables that the bank did not give, and ``table.column`` that it lacks."""
        absent = {name for name in TABLES if name not in self.tables}
        for name, sources in self.tables.items():
            given = {column for source in sources for column in source.columns}
            absent |= {f"{name}.{c.name}" for c in TABLES[name].columns if c.name not in given}
        return frozenset(absent)


def read_sources(path: Path, *, partial: bool = False) -> Sources:
    """Read and validate a mapping file; a ``partial`` one may leave any table out.

    Raises:
        InputError: a key, table or column is unknown, something required is not mapped, or the
            file cannot be read; names file, line and the allowed names.
    """
    if not path.is_file():
        raise InputError(
            "找不到映射文件。",
            file=str(path),
            next="请检查 --sources 的路径；格式见 README 的“接入本行数据”。",
        )
    yaml = YamlFile.read(path)
    head = yaml.validated(_Head)
    _check_time_zone(yaml, head.time_zone)
    for name in () if partial else INDISPENSABLE:
        if name not in head.tables:
            raise yaml.error(
                f"缺少表 {name}（{TABLES[name].label}），没有它无法工作。",
                ("tables",),
                next=f"请在 tables 下映射 {name}。",
            )
    files = {
        name: _reading(yaml, ("files", name), yaml.validated(Reading, ("files", name)))
        for name in head.files
    }
    tables = {name: _table_sources(yaml, name, head) for name in head.tables}
    return Sources(
        yaml, head.business_date, head.currency, head.time_zone, head.sample, files, tables
    )


def _table_sources(yaml: YamlFile, name: str, head: _Head) -> tuple[TableSource, ...]:
    if name not in TABLES:
        raise yaml.error(
            f"没有叫 {name} 的表。{_similar(name, TABLES)}",
            ("tables", name),
            next=f"可用的表：{'、'.join(TABLES)}。",
        )
    given = head.tables[name]
    places: list[Location] = (
        [("tables", name, index) for index in range(len(given))]
        if isinstance(given, list)
        else [("tables", name)]
    )
    return tuple(_table_source(yaml, TABLES[name], at, head) for at in places)


def _table_source(yaml: YamlFile, table: Table, at: Location, head: _Head) -> TableSource:
    spec = yaml.validated(SourceSpec, at)
    _reading(yaml, at, spec, aliases=head.files)
    known = [column.name for column in table.columns]
    given = ({name: name for name in known} if spec.is_sheets else {}) | spec.columns
    columns: dict[str, ColumnSpec] = {}
    for name in given:
        where = (*at, "columns", name)
        if name not in known:
            raise yaml.error(
                f"表 {table.name} 没有列 {name}。{_similar(name, known)}",
                where,
                next=f"可用的列：{'、'.join(column.name for column in table.columns)}。",
            )
        value = given[name]
        if isinstance(value, str):
            columns[name] = ColumnSpec(column=value)
        else:
            columns[name] = _one_origin(yaml, where, yaml.validated(ColumnSpec, where))
    for column in table.columns:
        if column.required and column.name not in columns:
            raise yaml.error(
                f"表 {table.name} 缺少必填列 {column.name}（{column.label}）。",
                (*at, "columns"),
                next=f"请映射 {column.name}：源列名、constant 或 sql 表达式。",
            )
    return TableSource(table, spec, columns, spec.currency_unit or head.currency_unit, at)


def _reading(
    yaml: YamlFile, at: Location, reading: Reading, aliases: Mapping[str, Any] | None = None
) -> Reading:
    if (reading.file is None) == (reading.sql is None):
        raise yaml.error("file 与 sql 必须且只能写一个。", at)
    if reading.url is not None and reading.sql is None:
        raise yaml.error("写了 url 就要写 sql。", at)
    if reading.sql is not None and reading.url is None and not aliases:
        raise yaml.error(
            "sql 没有可查的数据。", at, next="请写 url，或在顶层 files 下声明文件别名。"
        )
    if reading.file is not None and reading.format_of(Path(reading.file)) is None:
        raise yaml.error(
            f"看不出 {reading.file} 的格式。",
            (*at, "file"),
            next="请写 format：csv、excel、parquet 或 sheets。",
        )
    return reading


def _one_origin(yaml: YamlFile, at: Location, spec: ColumnSpec) -> ColumnSpec:
    origins = [spec.column, spec.constant, spec.sql]
    if sum(origin is not None for origin in origins) != 1:
        raise yaml.error("column、constant、sql 必须且只能写一个。", at)
    return spec


def _check_time_zone(yaml: YamlFile, name: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise yaml.error(
            f"没有叫 {name} 的时区。", ("time_zone",), next="例如 Asia/Shanghai。"
        ) from None


def _similar(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"是不是 {close[0]}？" if close else ""


def _text(value: Any) -> Any:
    """YAML scalars as the text that stands in a source: 1 → '1', true → 'true'."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float | date) else value
