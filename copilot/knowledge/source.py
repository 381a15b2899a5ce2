"""A knowledge file as text: read once, decoded or extracted, and refused when it has no text."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from copilot.errors import InputError
from copilot.knowledge.blocks import Block, PlacedBlock, cleaned, composed, decoded
from copilot.knowledge.declared import SIDECAR_END, Declared, read_sidecar
from copilot.knowledge.limits import LARGEST_DOCUMENT, LARGEST_TEXT
from copilot.knowledge.reading import DocumentReader
from copilot.records.codes import PassageKind
from copilot.records.front_matter import FrontMatter, front_matter

LARGEST = LARGEST_TEXT

MARKDOWN = frozenset({".md", ".markdown"})
YAML = frozenset({".yaml", ".yml"})
TEXT = frozenset({".txt"})
DOCUMENTS = {
    ".docx": "word",
    ".docm": "word",
    ".xlsx": "sheets",
    ".xlsm": "sheets",
    ".pdf": "pdf",
    ".html": "web_page",
    ".htm": "web_page",
}
SUPPORTED = MARKDOWN | YAML | TEXT | DOCUMENTS.keys()
SUPPORTED_HINT = (
    "支持的格式：Markdown（.md）、Word（.docx）、PDF（.pdf，要有文字层）、Excel（.xlsx）、"
    "网页（.html）、纯文本（.txt，UTF-8 或 GB18030）、YAML（.yaml）。"
)
_RESAVE = {
    ".doc": ".docx",
    ".wps": ".docx",
    ".rtf": ".docx",
    ".xls": ".xlsx",
    ".et": ".xlsx",
    ".ppt": ".pdf",
    ".pptx": ".pdf",
    ".ofd": ".pdf",
    ".mht": ".html",
}

_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_OPENINGS = {
    b"%PDF": "PDF",
    b"PK\x03\x04": "DOCX/XLSX/压缩包",
    _OLD_OFFICE: "旧版 Office 文档",
    b"{\\rtf": "RTF",
}
_OF_FORMAT = {"word": b"PK\x03\x04", "sheets": b"PK\x03\x04"}
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_LARGEST_CONTROL_SHARE = 0.01
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_MARKDOWN_HEADING = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t]*#*")


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text with ``\\n`` line ends and no byte order mark; spans count in it.

    For a document (Word, PDF, Excel, web page) the text is composed of what was read of it, and
    ``blocks`` say where its headings, paragraphs and records stand; the same bytes give the same
    text. ``notes`` say what was left out.
    """

    path: Path
    text: str
    content_hash: str
    blocks: tuple[PlacedBlock, ...] = ()
    notes: tuple[str, ...] = ()
    declared: Declared = field(default_factory=Declared)

    @property
    def suffix(self) -> str:
        """The file's extension in lower case."""
        return self.path.suffix.lower()

    def front_matter(self) -> FrontMatter | None:
        """The record that opens a Markdown file; ``None`` in another, or where there is none.

        Raises:
            InputError: it is never closed, or its YAML is wrong.
        """
        return front_matter(self.text, self.path) if self.suffix in MARKDOWN else None

    def error(self, message: str, *, row: int | None = None, next: str = "") -> InputError:
        """An error that points into this file."""
        return InputError(
            message, next=next or "请修改该文件后重试。", file=str(self.path), row=row
        )


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file's bytes, read once, with what is declared beside it."""

    path: Path
    raw: bytes
    declared: Declared

    @property
    def format(self) -> str | None:
        """The reader of a document; ``None`` for a text file."""
        return DOCUMENTS.get(self.path.suffix.lower())

    @property
    def content_hash(self) -> str:
        """Over the bytes, and over what is declared, if anything is."""
        content = hashlib.sha256(self.raw)
        content.update(self.declared.fingerprint.encode())
        return content.hexdigest()

    def refused(self, message: str, next: str = SUPPORTED_HINT) -> InputError:
        """An error that names this file."""
        return InputError(message, next=next, file=str(self.path))


def read_raw(path: Path, options: Declared | None = None) -> RawFile:
    """The bytes of a file of a supported format; ``options`` fill in what it does not declare.

    Raises:
        InputError: unreadable, not a regular file, too large, unsupported, or declared wrongly.
    """
    shown = os.fsencode(path).decode("utf-8", "replace")

    def refused(message: str, next: str = SUPPORTED_HINT) -> InputError:
        return InputError(message, next=next, file=shown)

    if shown != str(path):
        raise refused("文件名不是 UTF-8 编码。", "请改名后重试。")
    if path.name.endswith(SIDECAR_END):
        raise refused("说明文件旁边没有它说明的资料。", "请补上资料文件，或删除这个说明文件。")
    suffix = path.suffix.lower()
    try:
        raw = _bytes(path, LARGEST_DOCUMENT if suffix in DOCUMENTS else LARGEST, refused)
    except OSError as error:
        raise refused(f"文件读不出来：{error.strerror}。", "请检查路径与权限。") from None
    declared = read_sidecar(path)
    try:
        return RawFile(path, raw, declared.over(options) if options else declared)
    except ValueError:
        raise refused(
            "文件自己的声明与命令行选项合在一起不成立（内部话术给客户看，或失效早于生效）。",
            "请核对两处的读者范围与日期。",
        ) from None


def _bytes(path: Path, largest: int, refused: Any) -> bytes:
    # Opened before it is looked at, and without waiting, so that neither a pipe nor a file that
    # is exchanged or grows meanwhile can hold us up.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise refused("目录读不出来。", "请检查目录的权限。")
        if not stat.S_ISREG(status.st_mode):
            raise refused("不是普通文件。", "请只给出文件和目录。")
        suffix = path.suffix.lower()
        if suffix in _RESAVE:
            raise refused(f"不支持的文件格式 {suffix}。", f"请另存为 {_RESAVE[suffix]} 后重试。")
        if suffix not in SUPPORTED:
            raise refused(f"不支持的文件格式 {suffix or '（无扩展名）'}。")
        raw = stream.read(largest + 1) if status.st_size <= largest else b""
    if len(raw) > largest or status.st_size > largest:
        size = max(status.st_size, len(raw)) // 2**20
        raise refused(f"文件有 {size} MB，超过上限 {largest // 2**20} MB。", "请拆分后重试。")
    if not raw.strip():
        raise refused("文件是空的。", "请补充内容后重试。")
    return raw


def source_of(file: RawFile, reader: DocumentReader | None = None) -> Source:
    """The text of a file.

    Raises:
        InputError: not of its format, damaged, hostile, or without text; names the file.
    """
    if file.format is None:
        return _text_source(file)
    _check_opening(file)
    try:
        with DocumentReader() if reader is None else nullcontext(reader) as reading:
            extract = reading.extract(file.raw, file.format)
    except InputError as error:
        raise file.refused(error.message, error.next) from None
    blocks = extract.blocks
    if file.declared.kind is PassageKind.FAQ:
        from copilot.knowledge.faq import with_questions

        blocks = with_questions(blocks)
    text, placed = composed(blocks)
    if not any(not block.level for block in blocks):
        raise file.refused("文件里没有正文文字。", "请检查文件内容；图片里的文字要先做文字识别。")
    return Source(file.path, text, file.content_hash, placed, extract.notes, file.declared)


def _check_opening(file: RawFile) -> None:
    if file.raw.startswith(_OLD_OFFICE):
        if _ENCRYPTED_PACKAGE in file.raw:
            raise file.refused("文件加了密码，读不出来。", "请去掉密码后重试。")
        raise file.refused("内容是旧版 Office 文档。", "请另存为 .docx 或 .xlsx 后重试。")
    opening = _OF_FORMAT.get(file.format or "")
    if opening and not file.raw.startswith(opening):
        raise file.refused(
            f"内容与扩展名 {file.path.suffix} 不符，或者文件已损坏。", "请核对文件后重试。"
        )


def _text_source(file: RawFile) -> Source:
    for opening, name in _OPENINGS.items():
        if file.raw.startswith(opening):
            raise file.refused(f"内容是 {name}，不是文本。")
    text = decoded(file.raw)
    if text is None or _is_binary(text):
        raise file.refused(
            "编码无法识别，或者内容不是文本。", "请另存为 UTF-8 或 GB18030 文本后重试。"
        )
    text = cleaned(text)
    if not text.strip():
        raise file.refused("文件是空的。", "请补充内容后重试。")
    return Source(file.path, text, file.content_hash, declared=file.declared)


def _is_binary(text: str) -> bool:
    """Bytes of another kind often decode as GB18030, but then control characters give it away.

    A few stray ones come out of old editors.
    """
    strange = sum(ord(char) < 32 and char not in "\t\n\r\f\v" for char in text)
    return "\0" in text or strange > _LARGEST_CONTROL_SHARE * len(text)


def line_blocks(source: Source, start: int = 0) -> Iterator[PlacedBlock]:
    """The lines of a text file as blocks; in Markdown, ``#`` lines are headings."""
    headings = source.suffix in MARKDOWN
    for line in _LINE.finditer(source.text, start):
        text = line[0].strip()
        begin = line.start() + line[0].index(text)
        heading = _MARKDOWN_HEADING.fullmatch(text) if headings else None
        block = Block(heading[2], level=len(heading[1])) if heading else Block(text)
        yield PlacedBlock(block, begin, begin + len(text))
