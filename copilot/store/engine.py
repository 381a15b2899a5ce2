"""Opening the database, one write at a time, and turning its errors into ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from copilot.errors import Busy, DependencyError
from copilot.store.sqlite_file import open_to_read, reads_only

_BUSY_TIMEOUT_MS = 10_000


def open_engine(url: str) -> Engine:
    """An engine for ``url``; SQLite gets WAL, full durability and explicit transactions.

    An SQLite file in a place that this user may not write is opened for reading.
    """
    path = _sqlite_file(sa.make_url(url))
    if path is not None and reads_only(path):
        # Without a pool: whether a writer is at work is looked at anew for each connection.
        engine = sa.create_engine(url, creator=partial(open_to_read, path), poolclass=sa.NullPool)
        event.listen(engine, "connect", _prepare_to_read)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _sqlite_file(url: sa.URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def _prepare_to_read(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA query_only = ON")


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's implicit BEGIN would make DDL non-transactional and every write a late
    # upgrade from a read lock, so it is switched off and `_begin_sqlite` states the mode.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """One write transaction: all of it or nothing.

    Raises:
        Busy: another process holds the write lock.
        DependencyError: the disk is full or the database cannot be written.
    """
    with database_errors(engine), engine.connect() as raw:
        connection = raw.execution_options(sqlite_begin="IMMEDIATE")
        with connection.begin():
            yield connection


@contextmanager
def read_connection(engine: Engine) -> Iterator[Connection]:
    """A connection for reading, with database errors translated."""
    with database_errors(engine), engine.connect() as connection:
        yield connection


@contextmanager
def database_errors(engine: Engine) -> Iterator[None]:
    """Turns database failures into errors that say what to do; values are never repeated."""
    try:
        yield
    except sa.exc.OperationalError as error:
        raise _explain(str(error.orig).lower(), engine) from None
    except sa.exc.DatabaseError as error:
        if isinstance(error, sa.exc.IntegrityError):
            raise
        raise _explain(str(error.orig).lower(), engine) from None


def _explain(reason: str, engine: Engine) -> DependencyError | Busy:
    where = database_name(engine)
    if "locked" in reason:
        return Busy(f"数据库正被另一个进程写入：{where}", next="请等待其结束后重试。")
    if "full" in reason:
        return DependencyError(
            f"磁盘已满，未写入任何内容：{where}", next="请清理磁盘空间后重试，已有数据不受影响。"
        )
    if "malformed" in reason or "not a database" in reason:
        return DependencyError(
            f"数据库文件已损坏：{where}",
            next="请从备份恢复，或换一个 --data-dir 重新 copilot init。",
        )
    if "readonly" in reason or "read-only" in reason:
        return DependencyError(
            f"当前用户对数据目录没有写权限，未写入任何内容：{where}",
            next="这一步要写入或留痕，请换有写权限的用户运行；查询类命令（如 search）不受影响。",
        )
    if "unable to open" in reason:
        return DependencyError(
            f"数据库打不开：{where}",
            next="请检查目录权限；旁边若留有 -wal 文件，请先由有写权限的用户运行 copilot doctor。",
        )
    return DependencyError(
        f"数据库操作失败：{where}（{reason.splitlines()[0][:80]}）",
        next="请运行 copilot doctor 查看详情。",
    )


def database_name(engine: Engine) -> str:
    """The database as an operator may see it: never its password."""
    url = engine.url
    if url.database and url.get_backend_name() == "sqlite":
        return Path(url.database).name
    return url.render_as_string(hide_password=True)
