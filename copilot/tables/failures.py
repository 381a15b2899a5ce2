"""What can fail underneath a load, in words: disk, memory, permissions, database."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from copilot.errors import CopilotError, DependencyError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS = ("no space left", "disk is full", "disk full", "file too large", "quota exceeded")


@contextmanager
def explained_failures(folder: Path) -> Iterator[None]:
    """Turn failures of disk, memory and database into a `DependencyError` with a next step."""
    import duckdb
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except CopilotError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise _disk_full(folder) from None
        raise DependencyError(
            f"读写文件失败：{error.strerror or type(error).__name__}。",
            file=str(error.filename) if error.filename else None,
            next="请检查路径与权限后重试；原有数据未改动。",
        ) from None
    except duckdb.OutOfMemoryException as error:
        if _says_full(error):
            raise _disk_full(folder) from None
        raise DependencyError(
            "内存不足，数据整理未完成。", next="请关闭其他程序后重试；原有数据未改动。"
        ) from None
    except (duckdb.Error, SQLAlchemyError) as error:
        if _says_full(error):
            raise _disk_full(folder) from None
        raise DependencyError(
            f"数据整理失败：{type(error).__name__}。",
            next="请确认数据文件在载入期间没有被改动，然后重试；原有数据未改动。",
        ) from error


def _says_full(error: Exception) -> bool:
    text = str(error).lower()
    return any(words in text for words in _FULL_WORDS)


def _disk_full(folder: Path) -> DependencyError:
    return DependencyError(
        "磁盘空间不足，载入没有完成，原有数据未改动。",
        file=str(folder),
        next="请清理磁盘，或用 --data-dir 换到空间更大的位置后重试。",
    )
