"""Landed text becomes rows of a canonical table, each column with a mark of how it was read.

The stage of a table holds its canonical columns, ``name__mark`` per mapped column (0 plain,
1 repaired, 2 not readable), ``@raw`` ``@file`` ``@row`` for the way back to the source, and
``@reason``, which is null for the rows that are kept. Its ``rowid`` is the order of the source.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

from copilot.errors import InputError
from copilot.records.sql import SQL_TYPES, identifier, literal
from copilot.records.tables import Column, Table
from copilot.records.yaml_file import Location
from copilot.tables.columns import NULL_WORDS, Reader, is_day, reader
from copilot.tables.landing import Landing, RawTable
from copilot.tables.sources import ColumnSpec, Sources, TableSource

REPAIRED, UNREADABLE = 1, 2
SWAPPABLE = ("gender", "marital_status")


def stage_name(table: Table) -> str:
    """The scratch table that holds a canonical table while it is judged."""
    return f"stage_{table.name}"


def create_stage(landing: Landing, table: Table) -> None:
    """An empty stage."""
    columns = [
        '"@raw" VARCHAR, "@file" VARCHAR, "@row" BIGINT, "@reason" VARCHAR',
        *(f"{identifier(column.name)} {SQL_TYPES[column.type]}" for column in table.columns),
        *(f"{column.name}__mark UTINYINT DEFAULT 0" for column in table.columns),
    ]
    if table.name == "customers":
        columns += [f"{name}__text VARCHAR" for name in SWAPPABLE]
    landing.db.execute(f"CREATE TABLE {stage_name(table)} ({', '.join(columns)})")


def stage(landing: Landing, sources: Sources, source: TableSource, raw: RawTable) -> int:
    """Read one landed file into its table's stage.

    Returns:
        the rows read, those that ``where`` left out not counted.

    Raises:
        InputError: a source column does not exist, or an expression is wrong.
    """
    import duckdb

    _check_columns(sources, source, raw)
    for place, expression in _expressions(source):
        _check_expression(landing, sources, source, place, expression, raw)
    before = _count(landing, f"SELECT count(*) FROM {stage_name(source.table)}")
    try:
        landing.db.execute(_statement(landing, sources, source, raw))
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException):
        raise _uncastable(sources, source) from None
    return _count(landing, f"SELECT count(*) FROM {stage_name(source.table)}") - before


def _statement(landing: Landing, sources: Sources, source: TableSource, raw: RawTable) -> str:
    """Layer by layer (text, plain reading, value, mark), so that nothing is computed twice."""
    names, values = zip(*_outputs(source), strict=True)
    return (
        f"INSERT INTO {stage_name(source.table)} "
        f'("@raw", "@file", "@row", {", ".join(names)}) '
        f'SELECT {literal(raw.name)}, "@file", "@row", {", ".join(values)} '
        f"FROM (SELECT *, {', '.join(_values(source, sources.time_zone))} "
        f"FROM (SELECT *, {', '.join(_plain(source, sources.time_zone))} "
        f"FROM (SELECT *, {', '.join(_texts(source))} "
        f"FROM (SELECT *, {', '.join(_trimmed(source))} "
        f'FROM (SELECT "@file", "@row", {", ".join(_raws(source))} '
        f"FROM ({_rows(landing, source, raw)}))))))"
    )


def land_query(landing: Landing, sources: Sources, source: TableSource) -> RawTable:
    """Run a table's query over the aliases of the mapping file.

    Raises:
        InputError: the query is wrong, or reaches for anything but the aliases.
    """
    import duckdb

    place, sql = (*source.at, "sql"), source.spec.sql or ""
    usable = f"可用的别名：{'、'.join(sources.files)}（各列都是文本）。"
    with _explained(sources, source, place, "查询", usable):
        statements = duckdb.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise sources.yaml.error("只能写一条 SELECT，不能有分号。", place)
        return landing.land_query(sql.rstrip().rstrip(";"), f"sql:{source.table.name}")


@contextmanager
def _explained(
    sources: Sources, source: TableSource, place: Location, what: str, usable: str
) -> Iterator[None]:
    """Faults of SQL that stands in the mapping file, as errors that point at it."""
    import duckdb

    try:
        yield
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
        # The first line of an error about names or syntax never quotes a value.
        reason = str(error).splitlines()[0]
        raise sources.yaml.error(f"{what}不能执行：{reason}。", place, next=usable) from None
    except duckdb.PermissionException:
        raise sources.yaml.error(
            "表达式不得读取其他文件。", place, next="请在 files 或 tables 中声明要用的文件。"
        ) from None
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException):
        raise _uncastable(sources, source) from None


def _rows(landing: Landing, source: TableSource, raw: RawTable) -> str:
    """SQL of the rows to read: those that ``where`` keeps, long if they were wide."""
    rows = f"SELECT * FROM {raw.name}"
    if source.spec.where:
        condition = f"({source.spec.where}\n)"
        left_out = _count(landing, f"SELECT count(*) FROM {raw.name} WHERE {condition} IS NOT TRUE")
        if left_out:
            landing.notes.append(
                f"{source.table.name}：{raw.label} 有 {left_out} 行不满足映射中的 where，未读入。"
            )
        rows += f" WHERE {condition}"
    unpivot = source.spec.unpivot
    if unpivot is None:
        return rows
    wide = " UNION ALL ".join(
        f"SELECT *, {literal(value)} AS {identifier(unpivot.name)}, "
        f"{identifier(column)} AS {identifier(unpivot.value)} FROM kept"
        for column, value in unpivot.columns.items()
    )
    long = f"WITH kept AS ({rows}) {wide}"
    value = f"trimmed(CAST({identifier(unpivot.value)} AS VARCHAR))"
    empty = f"coalesce({value} IN ('', {_nothing(source, unpivot.value)}), true)"
    left_out = _count(landing, f"SELECT count(*) FROM ({long}) WHERE {empty}")
    if left_out:
        landing.notes.append(
            f"{source.table.name}：{raw.label} 展开时有 {left_out} 个空值，没有成为行。"
        )
    return f"SELECT * FROM ({long}) WHERE NOT {empty}"


def _raws(source: TableSource) -> Iterator[str]:
    for name, spec in source.columns.items():
        yield f"CAST({_origin(spec)} AS VARCHAR) AS {name}__raw"


def _trimmed(source: TableSource) -> Iterator[str]:
    for name in source.columns:
        yield f"trimmed({name}__raw) AS {name}__trimmed"


def _texts(source: TableSource) -> Iterator[str]:
    """Each mapped column as trimmed text, the words for "nothing" as null."""
    for name, spec in source.columns.items():
        text = f"{name}__trimmed"
        nothing = f"{text} IN ('', {_null_words(spec)})"
        yield f"CASE WHEN {nothing} THEN NULL ELSE {text} END AS {name}__text"


def _null_words(spec: ColumnSpec) -> str:
    """The words that mean "nothing" in this column, as a SQL list."""
    words = {*NULL_WORDS, *spec.null_values}
    words |= {code for code, value in spec.codes.items() if value is None}
    return ", ".join(literal(word) for word in sorted(words))


def _nothing(source: TableSource, column: str) -> str:
    """The words that mean "nothing" in the unpivoted value."""
    reading = next((spec for spec in source.columns.values() if spec.column == column), None)
    return _null_words(reading or ColumnSpec())


def _plain(source: TableSource, time_zone: str) -> Iterator[str]:
    for name, spec in source.columns.items():
        yield f"{_reader(source, name, spec, time_zone).plain_of(f'{name}__text')} AS {name}__plain"


def _values(source: TableSource, time_zone: str) -> Iterator[str]:
    for name, spec in source.columns.items():
        read = _reader(source, name, spec, time_zone)
        yield f"{read.value_of(f'{name}__text', f'{name}__plain')} AS {name}__value"


def _outputs(source: TableSource) -> Iterator[tuple[str, str]]:
    for name, spec in source.columns.items():
        column = source.table.column(name)
        text, plain, value = f"{name}__text", f"{name}__plain", f"{name}__value"
        default = (
            f"CAST({literal(spec.default)} AS {SQL_TYPES[column.type]})"
            if (spec.default is not None)
            else "NULL"
        )
        yield identifier(name), f"coalesce({value}, {default})"
        yield (
            f"{name}__mark",
            f"CASE WHEN {text} IS NULL THEN 0 "
            f"WHEN {plain} IS NOT NULL THEN {_untrimmed(column, name)} "
            f"WHEN {value} IS NOT NULL THEN {REPAIRED} "
            f"{_forgiven(column, text)}ELSE {UNREADABLE} END",
        )
        if source.table.name == "customers" and name in SWAPPABLE:
            yield text, text


def _untrimmed(column: Column, name: str) -> str:
    """Blanks around a text are worth a word, since they break joins elsewhere in the bank."""
    if column.type != "text":
        return "0"
    return f"CASE WHEN {name}__raw <> {name}__text THEN {REPAIRED} ELSE 0 END"


def _forgiven(column: Column, text: str) -> str:
    return f"WHEN {is_day(text)} THEN 0 " if column.name == "txn_hour" else ""


def _reader(source: TableSource, name: str, spec: ColumnSpec, time_zone: str) -> Reader:
    unit = "yuan" if source.spec.is_sheets else source.unit
    return reader(source.table.column(name), spec, unit, time_zone)


def _origin(spec: ColumnSpec) -> str:
    if spec.column is not None:
        return identifier(spec.column)
    return literal(spec.constant) if spec.constant is not None else f"({spec.sql}\n)"


def _check_columns(sources: Sources, source: TableSource, raw: RawTable) -> None:
    present = {column.casefold() for column in raw.columns}
    unpivot = source.spec.unpivot
    wanted: list[tuple[Location, str]] = [
        ((*source.at, "columns", name), spec.column)
        for name, spec in source.columns.items()
        if spec.column is not None
    ]
    if unpivot is not None:
        wanted += [((*source.at, "unpivot", "columns", name), name) for name in unpivot.columns]
        present |= {unpivot.name.casefold(), unpivot.value.casefold()}
    for place, name in wanted:
        if name.casefold() not in present:
            if not raw.columns:
                raise sources.yaml.error(
                    f"{raw.label} 是空文件，连列名也没有，找不到列 {name}。",
                    place,
                    next="请重新导出；本行没有这张表时，从映射文件里去掉它。",
                )
            close = difflib.get_close_matches(name, raw.columns, n=1)
            hint = f"是不是 {close[0]}？" if close else ""
            single = "只有一列，请检查 delimiter。" if len(raw.columns) == 1 else ""
            raise sources.yaml.error(
                f"{raw.label} 没有列 {name}。{hint}",
                place,
                next=f"该文件的列：{'、'.join(raw.columns)}。{single}",
            )


def _expressions(source: TableSource) -> Iterator[tuple[Location, str]]:
    for name, spec in source.columns.items():
        if spec.sql is not None:
            yield (*source.at, "columns", name, "sql"), spec.sql
    if source.spec.where is not None:
        yield (*source.at, "where"), source.spec.where


def _check_expression(
    landing: Landing,
    sources: Sources,
    source: TableSource,
    place: Location,
    expression: str,
    raw: RawTable,
) -> None:
    """One expression, nothing more, over the columns of the source."""
    import duckdb

    unpivot = source.spec.unpivot
    long = place[-1] != "where" and unpivot is not None
    extra = (
        f", '' AS {identifier(unpivot.name)}, '' AS {identifier(unpivot.value)}"
        if (unpivot and long)
        else ""
    )
    query = f"SELECT ({expression}\n) FROM (SELECT *{extra} FROM {raw.name}) LIMIT 0"
    usable = f"可用的源列：{'、'.join(raw.columns)}（都是文本，需要时用 try_cast 转换）。"
    with _explained(sources, source, place, "表达式", usable):
        if len(duckdb.extract_statements(query)) != 1:
            raise sources.yaml.error("只能写一个表达式，不能有分号。", place)
        landing.db.execute(query)


def _uncastable(sources: Sources, source: TableSource) -> InputError:
    written = [name for name, spec in source.columns.items() if spec.sql is not None]
    return sources.yaml.error(
        f"表 {source.table.name} 的表达式遇到了转换不了的值"
        f"（{'、'.join(written) or '未写表达式的列'}）。",
        (*source.at, "columns"),
        next="请把表达式中的 cast 或 :: 改为 try_cast。",
    )


def _count(landing: Landing, query: str) -> int:
    row = landing.db.execute(query).fetchone()
    return int(row[0]) if row else 0
