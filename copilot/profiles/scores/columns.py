"""Columns that a model may use: declared features, the bank's own attributes, and compositions.

Every column is a SQL expression over what was known on the as-of date: a row ``f`` of the feature
build of that date, the newest attribute values ``a`` dated on or before it, and assets some days
earlier, ``l``. Labels and what identifies a person or row are never columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from copilot.profiles.arrays import Floats
from copilot.profiles.spec import load_features
from copilot.profiles.words import LIFECYCLES
from copilot.records.codes import LABELS, LifeStage
from copilot.records.profile import FeatureSpec
from copilot.records.sql import identifier, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


#: Features that say nothing of the customer's behaviour, or that another column says as numbers.
_NOT_COLUMNS = frozenset({"profiling_refused", "contact_ok", "tier", "tier_next"})
_CODES = {
    "risk_declared": ("C1", "C2", "C3", "C4", "C5"),
    "life_stage": ("student", "working", "family", "retired"),
    "lifecycle": ("new", "dormant", "declining", "growing", "mature"),
}
_NUMBERS = frozenset({"fen", "days", "count", "ratio", "fen_float", "fen_per_month"})
LAGS = (30, 60, 90)
_READABLE_SHARE = 0.98
_MAX_LEVELS = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A number per customer. ``left`` and ``right`` name the columns of a composition.

    ``kind``: number, date (days before the as-of date), flag, level (is it this value?), share
    (left ÷ the sum of both magnitudes) or difference.
    """

    name: str
    label: str
    kind: str
    unit: str
    sql: str = ""
    left: str = ""
    right: str = ""

    def as_json(self) -> dict[str, str]:
        """Plain text."""
        return asdict(self)


def feature_columns() -> list[Column]:
    """One column per usable declared feature, and one per code value."""
    found = []
    for spec in load_features().features.values():
        if spec.name not in _NOT_COLUMNS:
            found += _feature(spec)
    found += [
        Column(f"aum_{days}_ago", f"{days}天前资产", "number", "fen", f"l.aum_{days}")
        for days in LAGS
    ]
    return found


def _feature(spec: FeatureSpec) -> list[Column]:
    reference, label = f'f."{spec.name}"', spec.label
    if spec.unit in _NUMBERS:
        return [Column(spec.name, spec.label, "number", spec.unit, f"{reference}::double")]
    if spec.unit == "bool":
        return [Column(spec.name, spec.label, "flag", "bool", f"{reference}::int::double")]
    if spec.unit == "date":
        sql = f"date_diff('day', {reference}, $as_of)::double"
        return [Column(spec.name, f"{spec.label}距今", "date", "days", sql)]
    if spec.name == "risk_declared":
        sql = f"substr({reference}, 2)::double"
        return [Column(spec.name, spec.label, "number", "count", sql)]
    return [
        Column(
            f"{spec.name}={code}",
            f"{label}为{_word(spec.name, code)}",
            "level",
            "bool",
            _is(reference, code),
        )
        for code in _CODES.get(spec.name, ())
    ]


def _word(feature: str, code: str) -> str:
    return LIFECYCLES[code] if feature == "lifecycle" else LABELS[LifeStage][code]


def attribute_columns(
    connection: DuckDBPyConnection, known_on: date, never: frozenset[str]
) -> tuple[list[Column], dict[str, str]]:
    """Columns of the bank's own attributes by what their values look like up to a date.

    ``never`` are the names of labels. Returns the columns and, by name, why others are left out.
    """
    rows = connection.execute(
        "select name, count(*), count(try_cast(value as double)), "
        "count(try_cast(value as timestamp)), count(distinct value) from attributes "
        "where as_of <= $on and trim(value) <> '' group by name order by name",
        {"on": known_on},
    ).fetchall()
    columns: list[Column] = []
    excluded: dict[str, str] = {}
    for name, given, numbers, dates, levels in rows:
        value = f"a.{identifier(name)}"
        if name in never:
            excluded[name] = "与标签同名"
        elif numbers >= _READABLE_SHARE * given:
            columns.append(Column(name, name, "number", "", f"try_cast({value} as double)"))
        elif dates >= _READABLE_SHARE * given:
            sql = f"(epoch($as_of::timestamp) - epoch(try_cast({value} as timestamp))) / 86400"
            columns.append(Column(name, f"{name}距今", "date", "days", sql))
        elif levels <= _MAX_LEVELS:
            columns += _levels(connection, name, value, known_on)
        else:
            excluded[name] = f"文字有{levels}种取值"
    return columns, excluded


def _levels(connection: DuckDBPyConnection, name: str, value: str, known_on: date) -> list[Column]:
    found = connection.execute(
        "select value from attributes where name = $name and as_of <= $on and trim(value) <> '' "
        "group by value order by count(*) desc, value",
        {"name": name, "on": known_on},
    ).fetchall()
    levels = [str(row[0]) for row in found]
    if len(levels) == 2:  # the second says the same as the first
        levels = levels[:1]
    return [
        Column(f"{name}={level}", f"{name}为{level}", "level", "bool", _is(value, level))
        for level in levels
    ]


def _is(reference: str, code: str) -> str:
    return f"({reference} = {literal(code)})::int::double"


def read_columns(
    connection: DuckDBPyConnection, columns: Sequence[Column], features: str, as_of: date
) -> Floats:
    """Cases × columns for the customers of the temporary table ``cases``, in its order.

    ``features`` is the SQL of the feature build whose date is on or before ``as_of``.
    """
    plain = [column for column in columns if column.sql]
    names = [str(row[0]) for row in connection.execute(_ATTRIBUTE_NAMES, [as_of]).fetchall()]
    pivot = "".join(
        f", max_by(value, as_of) filter (where name = {literal(name)}) as {identifier(name)}"
        for name in names
    )
    lags = ", ".join(_lag(days) for days in LAGS)
    absent = {
        column.name for column in plain if column.sql.find("a.") >= 0 and not _given(column, names)
    }
    selected = ", ".join(
        f"{'null::double' if column.name in absent else column.sql} as c{index}"
        for index, column in enumerate(plain)
    )
    query = (
        "with a as (select customer_id" + pivot + " from attributes where as_of <= $as_of "
        "group by customer_id), l as (select customer_id, " + lags + " from holdings "
        "where as_of <= $as_of and product_type not in ('loan', 'credit_card') "
        "group by customer_id) "
        f"select {selected or '1'} from cases k "
        f"left join ({features}) f on f.customer_id = k.customer_id "
        "left join a on a.customer_id = k.customer_id "
        "left join l on l.customer_id = k.customer_id order by k.place"
    )
    read = connection.execute(query, {"as_of": as_of}).fetchnumpy()
    stacked = [_floats(read[f"c{index}"]) for index in range(len(plain))]
    values = dict(zip([column.name for column in plain], stacked, strict=True))
    return compose(columns, values, rows=_count(connection))


_ATTRIBUTE_NAMES = "select distinct name from attributes where as_of <= ? order by name"


def _given(column: Column, names: Sequence[str]) -> bool:
    return any(f"a.{identifier(name)}" in column.sql for name in names)


def _lag(days: int) -> str:
    """Assets at the newest snapshot within ten days of ``days`` ago; unknown without one."""
    newest = (
        "(select max(as_of) from holdings "
        f"where as_of between $as_of - {days + 10} and $as_of - {days - 10})"
    )
    return (
        f"case when {newest} is not null then coalesce(sum(amount) "
        f"filter (where as_of = {newest}), 0)::double end as aum_{days}"
    )


def _floats(read: Any) -> Floats:
    values = np.ma.filled(np.ma.asarray(read, dtype=np.float64), np.nan)
    return np.asarray(np.where(np.isfinite(values), values, np.nan), dtype=np.float64)


def texts(read: Any) -> NDArray[np.object_]:
    """Texts as read from the engine, ``None`` where there is none."""
    found = np.array(np.ma.getdata(read), dtype=object)
    found[np.ma.getmaskarray(read)] = None
    return found


def _count(connection: DuckDBPyConnection) -> int:
    row = connection.execute("select count(*) from cases").fetchone()
    return int(row[0]) if row else 0


def compose(columns: Sequence[Column], values: dict[str, Floats], rows: int) -> Floats:
    """The matrix of all columns, compositions worked out from the plain ones."""
    matrix = np.empty((rows, len(columns)))
    for place, column in enumerate(columns):
        if column.sql:
            matrix[:, place] = values[column.name]
        else:
            matrix[:, place] = composed(column.kind, values[column.left], values[column.right])
    return matrix


def composed(kind: str, left: Floats, right: Floats) -> Floats:
    """A share of two magnitudes, or a difference; unknown where either is."""
    if kind == "difference":
        return left - right
    total = np.abs(left) + np.abs(right)
    share = np.full(len(left), np.nan)
    np.divide(left, total, out=share, where=total > 0)
    return share
