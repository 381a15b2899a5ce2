"""Finding the bank's files and running its queries: everything that a load will read."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import DependencyError, InputError
from copilot.records.yaml_file import Location
from copilot.tables.credentials import refuse_credentials
from copilot.tables.sources import Format, Reading, Sources

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_LOADER_VERSION = 1  # a new one makes unchanged sources load again
_SECRET = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class GivenFile:
    """One file to read. ``label`` is what messages call it: its path below the mapping file."""

    path: Path
    label: str
    format: Format
    reading: Reading


def fetch(sources: Sources, reading: Reading, at: Location, folder: Path) -> list[GivenFile]:
    """The files of a reading; the result of a remote query is first written below ``folder``.

    Raises:
        InputError: no such file, or the query is wrong.
        DependencyError: the database does not answer.
    """
    if reading.file is None:
        return [_query_result(sources, reading, at, folder)]
    pattern = Path(reading.file)
    base = Path(pattern.anchor) if pattern.is_absolute() else sources.folder
    relative = pattern.relative_to(pattern.anchor) if pattern.is_absolute() else pattern
    paths = _matching(base, relative)
    if not paths:
        raise sources.yaml.error(
            f"找不到文件 {reading.file}。", (*at, "file"), next=_nearby(base / relative)
        )
    return [
        GivenFile(path, _label(path, sources.folder), reading.format_of(path) or "csv", reading)
        for path in paths
    ]


def content_hash(sources: Sources, files: Iterable[GivenFile]) -> str:
    """A hash over the mapping file and every byte that it names."""
    digest = hashlib.sha256(f"tables/{_LOADER_VERSION}".encode())
    digest.update(json.dumps(sources.yaml.data, default=str, sort_keys=True).encode())
    for file in files:
        digest.update(file.label.encode())
        with file.path.open("rb") as source:
            digest.update(hashlib.file_digest(source, "sha256").digest())
    return digest.hexdigest()


def _matching(base: Path, relative: Path) -> list[Path]:
    if not any(mark in str(relative) for mark in "*?["):
        return [base / relative] if (base / relative).is_file() else []
    # A pattern may climb (../data/*.csv), which Path.glob does not do.
    while relative.parts and relative.parts[0] == "..":
        base, relative = base / "..", Path(*relative.parts[1:])
    return sorted(path for path in base.glob(str(relative)) if path.is_file())


def _label(path: Path, folder: Path) -> str:
    try:
        return path.relative_to(folder).as_posix().replace("../", "")
    except ValueError:
        return path.name


def _nearby(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"目录 {folder} 不存在，请检查 file 的路径（相对路径从映射文件所在目录算起）。"
    names = sorted(item.name for item in folder.iterdir() if item.is_file())[:8]
    return f"该目录下有：{'、'.join(names) or '（没有文件）'}。"


def _query_result(sources: Sources, reading: Reading, at: Location, folder: Path) -> GivenFile:
    url = _resolved_url(sources, reading.url or "", at)
    label = f"{url.get_backend_name()}:{url.database or ''}".rsplit("/", 1)[-1]
    target = folder / f"query-{len(list(folder.glob('query-*')))}.csv"
    with target.open("w", encoding="utf-8", newline="") as out:
        write_rows(out, _query_rows(url, reading.sql or "", label, sources, at))
    return GivenFile(target, label, "csv", reading.model_copy(update={"encoding": "utf-8"}))


def _query_rows(
    url: URL, sql: str, label: str, sources: Sources, at: Location
) -> Iterator[list[Any]]:
    import sqlalchemy as sa
    from sqlalchemy.exc import OperationalError, SQLAlchemyError

    try:
        engine = sa.create_engine(url)
    except (SQLAlchemyError, ImportError) as error:
        raise sources.yaml.error(
            f"打不开数据库 {label}：{type(error).__name__}。",
            (*at, "url"),
            next="请检查 url 的方言并安装相应驱动。",
        ) from None
    try:
        with engine.connect().execution_options(stream_results=True) as connection:
            result = connection.execute(sa.text(sql))
            names = list(result.keys())
            refuse_credentials(names, label)
            yield names
            while rows := result.fetchmany(_BATCH):
                for row in rows:
                    yield list(row)
    except OperationalError as error:
        if "no such" in str(error.orig):
            raise _wrong_query(sources, at, error) from None
        raise DependencyError(
            f"数据库 {label} 没有应答：{type(error.orig).__name__}。",
            file=label,
            next="请检查 url、网络与账号后重试。",
        ) from None
    except SQLAlchemyError as error:
        raise _wrong_query(sources, at, error) from None
    finally:
        engine.dispose()


def _wrong_query(sources: Sources, at: Location, error: Exception) -> InputError:
    reason = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
    return sources.yaml.error(f"查询不能执行：{reason}。", (*at, "sql"))


def _resolved_url(sources: Sources, text: str, at: Location) -> URL:
    import sqlalchemy as sa
    from sqlalchemy.exc import ArgumentError

    for name in _SECRET.findall(text):
        if name not in os.environ:
            raise sources.yaml.error(
                f"没有设置环境变量 {name}。", (*at, "url"), next=f"请先 export {name}=…。"
            )
    try:
        # An address that is a secret as a whole holds no written password.
        written = None if _SECRET.fullmatch(text) else sa.make_url(text).password
        if written and not _SECRET.search(str(written)):
            raise sources.yaml.error(
                "密码不得写在映射文件中。",
                (*at, "url"),
                next="请写成 ${NAME}，并用同名环境变量提供。",
            )
        url = sa.make_url(_SECRET.sub(lambda match: os.environ[match[1]], text))
    except ArgumentError:
        raise sources.yaml.error(
            "url 不是有效的数据库地址。",
            (*at, "url"),
            next="例如 postgresql://用户:${NAME}@主机/库。",
        ) from None
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_absolute():
        url = url.set(database=str(sources.folder / url.database))
    return url


def write_rows(out: Any, rows: Iterable[Iterable[Any]]) -> None:
    """Write rows of Python values as CSV text that loses nothing: ISO dates, plain decimals."""
    import csv

    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow([cell_text(value) for value in row])


def cell_text(value: Any) -> str:
    """A Python value as source text.

    >>> cell_text(10001.0), cell_text(True), cell_text(None)
    ('10001', 'true', '')
    """
    from datetime import date, datetime

    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
