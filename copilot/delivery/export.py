"""A report as a file, in the format that the file name asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from copilot.delivery.markdown import markdown
from copilot.delivery.word import word
from copilot.errors import InputError
from copilot.files import write_whole
from copilot.records.report import Report


def _markdown_bytes(report: Report) -> bytes:
    return markdown(report).encode()


FORMATS: Mapping[str, Callable[[Report], bytes]] = {".docx": word, ".md": _markdown_bytes}


def checked_target(path: Path) -> Path:
    """A path that a report can be written to, before any work is done for it.

    Raises:
        InputError: no such format, or no such folder.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            f"不支持的文件格式：{path.name}",
            field="out",
            next=f"请用这些扩展名之一：{'、'.join(FORMATS)}。",
        )
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InputError(
            f"写不到 {path}：{'它是一个文件夹' if path.is_dir() else '所在的文件夹不存在'}",
            field="out",
            next="请给出已有文件夹里的一个文件名。",
        )
    return path


def export(report: Report, path: Path) -> None:
    """Write a report; the file appears whole or not at all.

    Raises:
        InputError: no such format or folder.
    """
    write_whole(path, FORMATS[checked_target(path).suffix.lower()](report))
