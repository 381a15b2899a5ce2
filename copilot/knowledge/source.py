"""A knowledge file as text: read, decoded, and refused when it is not text."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copilot.errors import InputError
from copilot.records.yaml_file import YamlFile

LARGEST = 20 * 1024 * 1024
"""Bytes. The longest bank manual we know of is a tenth of it."""

MARKDOWN = frozenset({".md", ".markdown"})
YAML = frozenset({".yaml", ".yml"})
TEXT = frozenset({".txt"})
SUPPORTED = MARKDOWN | YAML | TEXT
SUPPORTED_HINT = "支持的格式：Markdown（.md）、纯文本（.txt，UTF-8 或 GB18030）、YAML（.yaml）。"

_BINARY_OPENINGS = {
    b"%PDF": "PDF",
    b"PK\x03\x04": "DOCX/XLSX/压缩包",
    b"\xd0\xcf\x11\xe0": "旧版 Office 文档",
    b"{\\rtf": "RTF",
}
_FENCE = "---\n"


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text with ``\\n`` line ends and no byte order mark; spans count in it."""

    path: Path
    text: str
    content_hash: str

    @property
    def suffix(self) -> str:
        """The file's extension in lower case."""
        return self.path.suffix.lower()

    def error(self, message: str, *, row: int | None = None, next: str = "") -> InputError:
        """An error that points into this file."""
        return InputError(
            message, next=next or "请修改该文件后重试。", file=str(self.path), row=row
        )

    def line_at(self, offset: int) -> int:
        """The line, from 1, of a character offset."""
        return self.text.count("\n", 0, offset) + 1


def read_source(path: Path) -> Source:
    """Reads one knowledge file.

    Raises:
        InputError: unreadable, empty, too large, of an unsupported format or not text.
    """

    shown = os.fsencode(path).decode("utf-8", "replace")

    def refused(message: str, next: str = SUPPORTED_HINT) -> InputError:
        return InputError(message, next=next, file=shown)

    if shown != str(path):
        raise refused("文件名不是 UTF-8 编码。", "请改名后重试。")
    if path.suffix.lower() not in SUPPORTED:
        raise refused(f"不支持的文件格式 {path.suffix or '（无扩展名）'}。")
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise refused(
                f"文件有 {size // 2**20} MB，超过上限 {LARGEST // 2**20} MB。", "请拆分后重试。"
            )
        raw = path.read_bytes()
    except OSError as error:
        raise refused(f"文件读不出来：{error.strerror}。", "请检查路径与权限。") from None
    for opening, name in _BINARY_OPENINGS.items():
        if raw.startswith(opening):
            raise refused(f"内容是 {name}，不是文本。")
    text = _decoded(raw)
    if text is None:
        raise refused("编码无法识别，或者内容不是文本。", "请另存为 UTF-8 或 GB18030 文本后重试。")
    if not text.strip():
        raise refused("文件是空的。", "请补充内容后重试。")
    return Source(path, text, hashlib.sha256(raw).hexdigest())


def _decoded(raw: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Bytes of another kind often decode as GB18030, but then control characters give it away.
        if any(ord(char) < 32 and char not in "\t\n\r\f" for char in text):
            return None
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return None


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The YAML record that opens a Markdown file; ``body_start`` is where the prose begins."""

    yaml: YamlFile
    start: int
    end: int
    body_start: int

    @property
    def values(self) -> Mapping[str, Any]:
        """The record; empty when the YAML is not a mapping."""
        return self.yaml.data if isinstance(self.yaml.data, dict) else {}


def front_matter(source: Source) -> FrontMatter | None:
    """The front matter of a Markdown file, or ``None`` when it has none.

    Raises:
        InputError: the opening ``---`` is never closed, or the YAML is wrong.
    """
    if not source.text.startswith(_FENCE):
        return None
    end = source.text.find("\n---\n", len(_FENCE) - 1)
    if end < 0:
        raise source.error("文件头的 --- 没有结束。", row=1, next="请在文件头末尾另起一行写 ---。")
    block = source.text[len(_FENCE) : end + 1]
    parsed = YamlFile.parse(block, source.path, first_line=2)
    return FrontMatter(parsed, len(_FENCE), end, end + len("\n---\n"))
