"""JSON Lines: one object a line, read one at a time; what is wrong is told with file and row."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from copilot.errors import CopilotError, InputError

Row = tuple[int, dict[str, Any]]
"""A row number (from 1) and the object that stands there."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def json_lines(path: Path) -> Iterator[Row]:
    """The objects of a file, ``.gz`` too, with their rows; blank lines are skipped.

    Raises:
        InputError: no such file, it cannot be read to its end, or a line is no JSON object in
            UTF-8; names file and row.
    """
    try:
        with _opened(path) as lines:
            for row, line in enumerate(lines, 1):
                if line.strip():
                    yield row, _object(line, path, row)
    except FileNotFoundError:
        raise InputError("没有这个文件。", file=str(path), next="请检查路径。") from None
    except (OSError, EOFError) as error:
        raise InputError(
            f"读不完这个文件：{type(error).__name__}。",
            file=str(path),
            next="请检查文件是否完整、能否读取。",
        ) from None


@contextmanager
def told_with(path: Path, row: int) -> Iterator[None]:
    """Names file and row in what is raised about the object that stands there."""
    try:
        yield
    except CopilotError as error:
        error.file, error.row = str(path), row
        raise


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _object(line: bytes, path: Path, row: int) -> dict[str, Any]:
    try:
        found = json.loads(line.removeprefix(_BYTE_ORDER_MARK).decode())
    except (ValueError, RecursionError):  # a line of brackets is no object either
        reason = "这一行不是 UTF-8 的 JSON。"
    else:
        if isinstance(found, dict):
            return found
        reason = "这一行不是 JSON 对象。"
    raise InputError(reason, file=str(path), row=row, next="每行写一个 JSON 对象。")
