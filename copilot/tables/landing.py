"""The landing area: a scratch DuckDB database where sources lie as text before they are judged.

Every source column is text there, beside ``@file`` and ``@row`` (record number, the header
counting as 1), so that a file whose column changes type midway is read like any other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.errors import InputError
from copilot.records.generation import QualityCount
from copilot.records.sql import identifier, literal, parquet
from copilot.tables.credentials import refuse_credentials
from copilot.tables.documents import excel_as_csv, sheets_as_csv
from copilot.tables.fetch import GivenFile
from copilot.tables.sources import Reading
from copilot.tables.text_files import CleanText, clean_text

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "2GB"
MAX_CELL = 1 << 20


@dataclass(frozen=True, slots=True)
class RawTable:
    """A landed source: its DuckDB name, its columns, and what messages call it."""

    name: str
    columns: tuple[str, ...]
    label: str
    rejected: int = 0


class Landing:
    """One scratch database in ``folder``; close it before the folder is removed."""

    def __init__(self, folder: Path, time_zone: str) -> None:
        import duckdb

        self.folder = folder
        self.time_zone = time_zone
        self.notes: list[str] = []
        self.counts: list[QualityCount] = []
        self._landed = 0
        self.db: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(folder / "spill"),
                "autoinstall_known_extensions": False,
            },
        )
        self.db.execute("SET enable_progress_bar = false")
        # Rewritten text lies under one name, file after file.
        self.db.execute("SET enable_external_file_cache = false")
        self.db.execute(files("copilot.tables").joinpath("macros.sql").read_text("utf-8"))
        self.db.execute(
            'CREATE TABLE malformed (owner VARCHAR, "@file" VARCHAR, "@row" BIGINT, source VARCHAR)'
        )

    def close(self) -> None:
        """Close the scratch database."""
        self.db.close()

    def seal(self) -> None:
        """From here on, expressions of the mapping file reach nothing but landed data."""
        self.db.execute(f"SET allowed_directories = [{literal(self.folder.absolute())}]")
        self.db.execute("SET enable_external_access = false")
        self.db.execute("SET lock_configuration = true")

    def land(self, table: str, given: list[GivenFile]) -> list[RawTable]:
        """Bring files in; ``table`` is the canonical table or alias that they are for.

        Raises:
            InputError: unreadable, or not what its format says; names the file.
        """
        if given and given[0].format == "sheets":
            target = self.folder / f"sheets-{self._landed}.csv"
            sheets_as_csv(given, target)
            label = f"{Path(given[0].label).parent.as_posix()}/*.md"
            return [self._land_csv(table, target, given[0], label, plain=True)]
        raws: list[RawTable] = []
        for file in given:
            last = raws[-1] if raws else None
            raw = self._land_file(table, file, last)
            if last is not None and raw.name == last.name:
                pattern = file.reading.file or last.label
                raws[-1] = replace(last, label=pattern, rejected=last.rejected + raw.rejected)
            else:
                raws.append(raw)
        return raws

    def _land_file(self, table: str, file: GivenFile, last: RawTable | None) -> RawTable:
        import duckdb

        try:
            if file.format == "parquet":
                return self._land_parquet(file, last)
            if file.format == "excel":
                return self._land_excel(table, file, last)
            return self._land_csv(table, file.path, file, file.label, last=last)
        except (duckdb.InvalidInputException, duckdb.ParserException, duckdb.BinderException):
            raise InputError(
                "该文件的结构读不出来。",
                file=file.label,
                next="请检查分隔符、引号与换行是否前后一致。",
            ) from None

    def _keep(self, columns: tuple[str, ...], query: str, last: RawTable | None) -> str:
        """Rows into the table of the file before, if it has this shape, or into a new one.

        Files of one shape share a table because each statement over a table has a fixed cost.
        """
        if last is not None and last.columns == columns:
            self.db.execute(f"INSERT INTO {last.name} {query}")
            return last.name
        name = self._next_name()
        self.db.execute(f"CREATE TABLE {name} AS {query}")
        return name

    def alias(self, name: str, raws: Iterable[RawTable]) -> None:
        """Give landed files a name that queries of the mapping file can use."""
        parts = " UNION ALL BY NAME ".join(
            f'SELECT * EXCLUDE ("@file", "@row") FROM {raw.name}' for raw in raws
        )
        self.db.execute(f"CREATE VIEW {identifier(name)} AS {parts}")

    def land_query(self, sql: str, label: str) -> RawTable:
        """Land the rows of a query over aliases. DuckDB errors are the caller's to explain."""
        name = self._next_name()
        self.db.execute(
            f'CREATE TABLE {name} AS SELECT {literal(label)} AS "@file", '
            f'row_number() OVER () AS "@row", COLUMNS(*)::VARCHAR FROM ({sql}\n)'
        )
        columns = [row[0] for row in self.db.execute(f"DESCRIBE {name}").fetchall()]
        return RawTable(name, tuple(columns[2:]), label)

    def _land_excel(self, table: str, file: GivenFile, last: RawTable | None) -> RawTable:
        target = self.folder / "excel.csv"
        excel_as_csv(file, target)
        return self._land_csv(table, target, file, file.label, plain=True, last=last)

    def _land_csv(
        self,
        table: str,
        path: Path,
        file: GivenFile,
        label: str,
        *,
        plain: bool = False,
        last: RawTable | None = None,
    ) -> RawTable:
        """Land a text file; ``plain`` means that it was written here, whatever is declared."""
        reading = (
            Reading(file=file.reading.file, names=file.reading.names) if plain else (file.reading)
        )
        delimiter = reading.delimiter or _delimiter_of(path)
        text = clean_text(
            path, label, reading.encoding, self.folder / "clean.csv", delimiter=delimiter
        )
        if text.hidden_lines:
            self.counts.append(_hidden_count(table, text, label))
        first = _first_record(text.path, delimiter, reading.quote, label)
        columns = _column_names(reading, first or [], label)
        if first is None:
            self.notes.append(f"{label} 是空文件，按没有数据处理。")
            name = self._next_name()
            self._empty(name, columns)
            return RawTable(name, columns, label)
        header = int(reading.header)
        shape = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
        name = self._keep(
            columns,
            f'SELECT {literal(label)} AS "@file", row_number() OVER () + {header} AS "@row", * '
            f"FROM read_csv({literal(text.path)}, auto_detect = false, "
            f"header = {reading.header}, delim = {literal(delimiter)}, "
            f"quote = {literal(reading.quote)}, escape = {literal(reading.quote)}, "
            f"ignore_errors = true, store_rejects = true, columns = {{{shape}}})",
            last,
        )
        return RawTable(name, columns, label, self._malformed(table, name, label, header))

    def _land_parquet(self, file: GivenFile, last: RawTable | None) -> RawTable:
        import duckdb

        source = parquet(file.path)
        try:
            described = self.db.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        except duckdb.Error:
            raise InputError(
                "不是有效的 Parquet 文件。", file=file.label, next="请重新导出该文件。"
            ) from None
        columns = _column_names(Reading(), [row[0] for row in described], file.label)
        texts = ", ".join(
            f"{self._as_text(column, kind)} AS {identifier(column)}"
            for column, kind in zip(columns, (row[1] for row in described), strict=True)
        )
        query = (
            f'SELECT {literal(file.label)} AS "@file", row_number() OVER () AS "@row", {texts} '
            f"FROM {source}"
        )
        return RawTable(self._keep(columns, query, last), columns, file.label)

    def _as_text(self, column: str, kind: str) -> str:
        name = identifier(column)
        if kind == "TIMESTAMP WITH TIME ZONE":
            return f"CAST(timezone({literal(self.time_zone)}, {name}) AS VARCHAR)"
        text = f"CAST({name} AS VARCHAR)"
        return f"regexp_replace({text}, '[\\x00-\\x08\\x0b-\\x1f\\x7f]', '', 'g')"

    def _malformed(self, table: str, name: str, label: str, header: int) -> int:
        """Keep what the reader could not split, and number the other rows around it."""
        self.db.execute(
            "CREATE TEMP TABLE unsplit AS SELECT line, any_value(csv_line) AS source, "
            f"line - {header} - row_number() OVER (ORDER BY line) AS before, "
            "row_number() OVER (ORDER BY line) AS skipped FROM reject_errors GROUP BY line"
        )
        row = self.db.execute("SELECT count(*), min(line, 5) FROM unsplit").fetchone()
        rejected, examples = row if row else (0, [])
        if rejected:
            self.db.execute(
                f"INSERT INTO malformed SELECT {literal(table)}, {literal(label)}, line, "
                f"left(source, {MAX_CELL}) FROM unsplit"
            )
            self.db.execute(
                f'UPDATE {name} SET "@row" = {name}."@row" + moved.skipped FROM ('
                f"SELECT r.rowid AS place, u.skipped FROM {name} r ASOF JOIN (SELECT before, "
                "max(skipped) AS skipped FROM unsplit GROUP BY before) u "
                f'ON r."@row" - {header} > u.before WHERE r."@file" = {literal(label)}) moved '
                f"WHERE {name}.rowid = moved.place"
            )
            message = '列数、引号或行长不对，无法拆分成列（引号不成对时可在映射中写 quote: ""）'
            self.counts.append(
                QualityCount(
                    table, "malformed_row", "quarantined", rejected, message, label, tuple(examples)
                )
            )
        self.db.execute("DROP TABLE unsplit")
        self.db.execute("DROP TABLE reject_errors")
        self.db.execute("DROP TABLE reject_scans")
        return int(rejected)

    def _empty(self, name: str, columns: Iterable[str]) -> None:
        rest = "".join(f", {identifier(column)} VARCHAR" for column in columns)
        self.db.execute(f'CREATE TABLE {name} ("@file" VARCHAR, "@row" BIGINT{rest})')

    def _next_name(self) -> str:
        self._landed += 1
        return f"raw_{self._landed}"


def _delimiter_of(path: Path) -> str:
    return "\t" if {".tsv", ".tab"} & set(path.suffixes) else ","


def _first_record(path: Path, delimiter: str, quote: str, label: str) -> list[str] | None:
    with path.open(encoding="utf-8", newline="") as source:
        reader = (
            csv.reader(source, delimiter=delimiter, quotechar=quote)
            if quote
            else csv.reader(source, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        )
        try:
            return next((record for record in reader if record), None)
        except csv.Error:
            raise InputError(
                "首行过长或引号不成对，读不出列名。", file=label, row=1, next="请检查分隔符与首行。"
            ) from None


def _column_names(reading: Reading, first: list[str], label: str) -> tuple[str, ...]:
    """The names of the columns: declared, or those of the header, or 列1, 列2 …"""
    named = bool(reading.names) or reading.header
    names = [
        (name.strip() if named else "") or f"列{number}"
        for number, name in enumerate(reading.names or first, start=1)
    ]
    folded = [name.casefold() for name in names]
    for index, name in enumerate(folded):
        if name in folded[:index]:
            raise InputError(
                f"列名 {names[index]} 出现了两次。",
                file=label,
                row=1,
                field=names[index],
                next="请在导出中改名，或在映射中用 names 给出各列的名字。",
            )
    refuse_credentials(names, label)
    return tuple(names)


def _hidden_count(table: str, text: CleanText, label: str) -> QualityCount:
    return QualityCount(
        table,
        "hidden_characters",
        "repaired",
        text.hidden_lines,
        "含控制字符、空字节或零宽字符，已去除",
        label,
        tuple(text.examples),
    )
