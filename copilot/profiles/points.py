"""Small answers by customer, written with a build and read one at a time: an indexed file."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import DependencyError
from copilot.profiles.engine import connect, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ANSWERS = "answers.duckdb"
_MANIFEST = "answers.json"
_BATCH = 20_000


def write_answers(
    directory: Path, answers: Iterable[tuple[str, Any]], manifest: Mapping[str, Any]
) -> None:
    """Writes one JSON answer per customer and a manifest into a new folder, then shows it.

    Raises:
        DependencyError: the disk is full or the folder cannot be written.
    """
    aside = directory.with_name(f".{uuid.uuid4().hex}")
    try:
        aside.mkdir(parents=True)
        with connect() as connection:
            connection.execute(f"attach {literal(str(aside / _ANSWERS))} as points")
            connection.execute("create table points.answers (customer_id varchar, body varchar)")
            _insert(connection, answers)
            connection.execute("create index by_customer on points.answers (customer_id)")
            connection.execute("detach points")
        (aside / _MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")
        shutil.rmtree(directory, ignore_errors=True)
        os.replace(aside, directory)
    except OSError as error:
        raise DependencyError(
            f"写文件失败：{error.strerror}", file=str(directory), next="请检查磁盘空间与权限。"
        ) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _open.cache_clear()


def _insert(connection: DuckDBPyConnection, answers: Iterable[tuple[str, Any]]) -> None:
    customers: list[str] = []
    bodies: list[str] = []

    def flush() -> None:
        connection.execute(
            "insert into points.answers select unnest($c::varchar[]), unnest($b::varchar[])",
            {"c": customers, "b": bodies},
        )
        customers.clear()
        bodies.clear()

    for customer_id, body in answers:
        customers.append(customer_id)
        bodies.append(json.dumps(body, ensure_ascii=False))
        if len(customers) == _BATCH:
            flush()
    if customers:
        flush()


def manifest_of(directory: Path) -> dict[str, Any]:
    """The manifest written with the answers; empty when there is none."""
    path = directory / _MANIFEST
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def answer(directory: Path, customer_id: str) -> Any:
    """One customer's answer, ``None`` when there is none."""
    if not (directory / _ANSWERS).is_file():
        return None
    found = (
        _open(directory, (directory / _MANIFEST).stat().st_mtime_ns)
        .cursor()
        .execute("select body from points.answers where customer_id = ?", [customer_id])
        .fetchone()
    )
    return None if found is None else json.loads(found[0])


def answers(directory: Path) -> list[tuple[str, Any]]:
    """Every customer's answer, by customer."""
    if not (directory / _ANSWERS).is_file():
        return []
    rows = (
        _open(directory, (directory / _MANIFEST).stat().st_mtime_ns)
        .cursor()
        .execute("select customer_id, body from points.answers order by customer_id")
        .fetchall()
    )
    return [(str(customer_id), json.loads(body)) for customer_id, body in rows]


@lru_cache(maxsize=4)
def _open(directory: Path, written: int) -> DuckDBPyConnection:
    connection = connect()
    connection.execute(f"attach {literal(str(directory / _ANSWERS))} as points (read_only)")
    return connection
