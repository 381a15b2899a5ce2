"""How one column of text becomes canonical: its plain reading, and the repair that is tried next.

Each function gives DuckDB SQL over the name of a text column. Plain readings are cheap; a repair
is evaluated only where the plain reading failed, and is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from copilot.records import codes as published
from copilot.records.sql import SQL_TYPES, literal
from copilot.records.tables import Column
from copilot.tables.sources import ColumnSpec, Unit


def duckdb_type(column: Column) -> str:
    """The type of a canonical column; hours are small enough for one byte."""
    return "tinyint" if column.name == "txn_hour" else SQL_TYPES[column.type]


NULL_WORDS = (
    r"\N", "NULL", "null", "NaN", "nan", "None", "N/A", "#N/A",
    "9999-12-31", "99991231", "0000-00-00",
)  # fmt: skip

_FEN_PER: Mapping[Unit, int] = {"fen": 1, "yuan": 100, "wan": 1_000_000}
_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d", "%Y年%m月%d日")
_CLOCK_FORMATS = (
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S",
    "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M",
)  # fmt: skip
_TIME_FORMATS = (*_CLOCK_FORMATS, *_DATE_FORMATS)
_TRUE = ("true", "t", "1", "y", "yes", "是", "有", "已")
_FALSE = ("false", "f", "0", "n", "no", "否", "无", "未")
_CURRENCIES = {
    "人民币": "CNY", "RMB": "CNY", "156": "CNY", "美元": "USD", "840": "USD", "港币": "HKD",
    "港元": "HKD", "344": "HKD", "欧元": "EUR", "978": "EUR", "日元": "JPY", "392": "JPY",
    "英镑": "GBP", "826": "GBP",
}  # fmt: skip
_OTHER_LABELS = {
    **published.GENDERS, "single": "未婚", "married": "已婚", "all": "全部渠道",
    "open": "未结", "in_progress": "处理中", "closed": "已结",
    "other": "其他", "random": "随机", "model": "模型", "none": "无",
}  # fmt: skip
_IDENTIFYING = ("_id", "_code", "id", "phone", "id_number")


@dataclass(frozen=True, slots=True)
class Reader:
    """SQL templates of a column; ``{t}`` stands for the text column's name."""

    plain: str
    repair: str | None = None

    def plain_of(self, text: str) -> str:
        """The plain reading of the text column ``text``."""
        return self.plain.replace("{t}", text)

    def value_of(self, text: str, plain: str) -> str:
        """The value: the plain reading, else the repair."""
        if self.repair is None:
            return plain
        # CASE, because DuckDB evaluates shared parts of a coalesce for every row.
        repair = self.repair.replace("{t}", text)
        return f"CASE WHEN {plain} IS NULL AND {text} IS NOT NULL THEN {repair} ELSE {plain} END"


def reader(column: Column, spec: ColumnSpec, unit: Unit, time_zone: str) -> Reader:
    """How to read ``column`` as ``spec`` maps it; money in ``unit`` unless the column says so."""
    if column.codes:
        return _codes(column, spec)
    zone = literal(time_zone)
    if column.name == "txn_hour":
        return _hour(zone)
    if column.name == "currency":
        return Reader(
            _case("upper(half_width({t}))", _CURRENCIES | _declared(spec), otherwise=True)
        )
    match column.type:
        case "money":
            factor = _FEN_PER[spec.unit or unit]
            return Reader(
                # Widened before it is multiplied, or a huge amount would end the load.
                "TRY_CAST(round(CAST(TRY_CAST({t} AS DECIMAL(18, 4)) AS DECIMAL(28, 4)) "
                f"* {factor}) AS BIGINT)",
                f"TRY_CAST(round(repaired_number({{t}}) * {factor}) AS BIGINT)",
            )
        case "int":
            return Reader(
                "CASE WHEN contains({t}, '.') THEN NULL ELSE TRY_CAST({t} AS INTEGER) END",
                "TRY_CAST(whole_number(repaired_number({t})) AS INTEGER)",
            )
        case "float":
            return _number(column)
        case "bool":
            return _bool(spec)
        case "date":
            return _date(column, spec, zone)
        case "datetime":
            return _datetime(spec, zone)
        case "json":
            return Reader(
                "CASE WHEN {t}[1] IN ('[', '{') AND json_valid({t}) THEN {t} END",
                "CASE WHEN {t}[1] IN ('[', '{') THEN NULL ELSE json_list({t}) END",
            )
        case _:
            return _text(column, spec)


def _text(column: Column, spec: ColumnSpec) -> Reader:
    if spec.codes:
        return Reader(_case("{t}", _declared(spec), otherwise=True))
    if column.name.endswith(_IDENTIFYING):
        return Reader(
            "CASE WHEN {t} = half_width({t}) AND NOT contains({t}, ' ') THEN {t} END",
            "replace(half_width({t}), ' ', '')",
        )
    return Reader("{t}")


def _codes(column: Column, spec: ColumnSpec) -> Reader:
    known = {code: code for code in column.codes}
    plain = _case("{t}", known | _declared(spec))
    if spec.default is not None:
        return Reader(f"coalesce({plain}, {literal(spec.default)})")
    folded = {code.upper(): code for code in column.codes}
    labels = {code_label(column.codes, code).upper(): code for code in column.codes}
    return Reader(plain, _case("upper(half_width({t}))", labels | folded))


def code_label(codes: tuple[str, ...], code: str) -> str:
    """What people read for one code of a column's list; the code itself when nothing is published.

    >>> code_label(("M", "F"), "M")
    '男'
    """
    for enum, labels in published.LABELS.items():
        if set(codes) - {"all"} == {member.value for member in enum}:
            return labels.get(code, _OTHER_LABELS.get(code, code))
    return _OTHER_LABELS.get(code, code)


def _declared(spec: ColumnSpec) -> dict[str, str]:
    return {code: value for code, value in spec.codes.items() if value is not None}


def _case(over: str, mapping: Mapping[str, str], *, otherwise: bool = False) -> str:
    arms = " ".join(
        f"WHEN {literal(code)} THEN {literal(value)}" for code, value in mapping.items()
    )
    return f"CASE {over} {arms} {f'ELSE {over} ' if otherwise else ''}END"


def _number(column: Column) -> Reader:
    percent = (
        "CASE WHEN right(half_width({t}), 1) = '%' "
        "THEN repaired_number(rtrim(half_width({t}), '%')) * 100 "
        "ELSE repaired_number({t}) END"
        if column.name.endswith("_bp")
        else "repaired_number({t})"
    )
    finite = "TRY_CAST({t} AS DOUBLE)"
    return Reader(f"CASE WHEN isfinite({finite}) THEN {finite} END", f"CAST({percent} AS DOUBLE)")


def _bool(spec: ColumnSpec) -> Reader:
    words = dict.fromkeys(_TRUE, "true") | dict.fromkeys(_FALSE, "false")
    return Reader(f"CAST({_case('lower({t})', words | _declared(spec))} AS BOOLEAN)")


def _date(column: Column, spec: ColumnSpec, zone: str) -> Reader:
    # A birthday has its own, stricter rule.
    sane = "{d}" if column.name == "birth_date" else "sane_day({d})"
    if spec.formats:
        first, rest = spec.formats[:1], spec.formats[1:]
        plain = f"CAST({_strptime('{t}', first)} AS DATE)"
        repair = f"CAST({_strptime('half_width({t})', rest or first)} AS DATE)"
    else:
        plain = (
            "CASE WHEN length({t}) = 10 AND {t}[5] = '-' THEN TRY_CAST({t} AS DATE) "
            f"WHEN {{t}}[5] = '-' THEN CAST(local_time({{t}}, {zone}) AS DATE) END"
        )
        repair = f"CAST({_strptime('half_width({t})', _TIME_FORMATS)} AS DATE)"
    return Reader(sane.replace("{d}", plain), sane.replace("{d}", repair))


def _datetime(spec: ColumnSpec, zone: str) -> Reader:
    if spec.formats:
        first, rest = spec.formats[:1], spec.formats[1:]
        return Reader(_strptime("{t}", first), _strptime("half_width({t})", rest or first))
    return Reader(
        f"CASE WHEN {{t}}[5] = '-' THEN local_time({{t}}, {zone}) END",
        _strptime("half_width({t})", _TIME_FORMATS),
    )


def _hour(zone: str) -> Reader:
    """An hour, or the hour of a time or timestamp."""
    return Reader(
        "CASE WHEN length({t}) <= 2 AND TRY_CAST({t} AS INTEGER) BETWEEN 0 AND 23 "
        "THEN TRY_CAST({t} AS INTEGER) "
        "WHEN NOT contains({t}, ':') THEN NULL "
        "WHEN length({t}) <= 8 THEN hour(TRY_CAST({t} AS TIME)) "
        f"WHEN {{t}}[5] = '-' THEN hour(local_time({{t}}, {zone})) END",
        f"hour({_strptime('half_width({t})', _CLOCK_FORMATS)})",
    )


def is_day(text: str) -> str:
    """Whether a text is a bare date, which has no hour and is no mistake where one is read."""
    return f"{_strptime(f'half_width({text})', _DATE_FORMATS)} IS NOT NULL"


def _strptime(text: str, formats: tuple[str, ...]) -> str:
    return f"try_strptime({text}, [{', '.join(literal(item) for item in formats)}])"
