"""Text files as banks export them: decoded, decompressed and freed of hidden characters.

A clean UTF-8 file is used where it lies; anything else is rewritten once beside the load.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from copilot.errors import InputError

if TYPE_CHECKING:
    from gzip import GzipFile

_CHUNK = 1 << 20
_CONTROL_BYTES = bytes(code for code in (*range(32), 127) if code not in (9, 10, 13))
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
# First bytes of the hidden characters above in UTF-8; also of “ ” and …, hence only a hint.
_HINTS = (b"\xe2\x80", b"\xe2\x81\xa0", b"\xef\xbb\xbf")
_EXAMPLES = 5
_LONGEST_LINE = 1 << 20


@dataclass(slots=True)
class CleanText:
    """A UTF-8 file that DuckDB can read, and the lines in which characters were removed."""

    path: Path
    hidden_lines: int = 0
    examples: list[int] = field(default_factory=list)


def clean_text(
    path: Path, label: str, encoding: str, copy: Path, *, delimiter: str = ","
) -> CleanText:
    """Check a text file and, when it is not plain UTF-8, rewrite it to ``copy``.

    A line too long for any record (usually a damaged file) becomes one of very many
    columns, which the reader rejects and counts like other lines of a wrong shape.

    Raises:
        InputError: not in the declared encoding (names the byte offset and the encoding that
            would do), or the compressed file is damaged.
    """
    compressed = path.suffix.lower() == ".gz"
    if not compressed and encoding == "utf-8":
        scan = _Scan(path, label, encoding, delimiter)
        for _ in scan.pieces():
            pass
        if not scan.needs_copy:
            return CleanText(path)
    scan = _Scan(path, label, encoding, delimiter)
    with copy.open("w", encoding="utf-8", newline="") as out:
        for piece in scan.pieces():
            out.write(piece)
    return CleanText(copy, scan.hidden_lines, scan.examples)


class _Scan:
    """One pass over a file."""

    def __init__(self, path: Path, label: str, encoding: str, delimiter: str) -> None:
        self.path, self.label = path, label
        self.encoding = {"gbk": "gb18030", "gb2312": "gb18030", "utf-8-sig": "utf-8"}.get(
            encoding, encoding
        )
        self.declared = encoding
        self.hidden_lines = 0
        self.examples: list[int] = []
        self._lines = self._feeds = self._returns = 0
        self._bom = False
        self._too_long = "超长行" + f"{delimiter}-" * 4096 + "\n"
        self._cut_lines = 0

    @property
    def needs_copy(self) -> bool:
        """Hidden characters, a byte-order mark, or line ends of more than one kind."""
        return (
            bool(self.hidden_lines or self._cut_lines)
            or self._bom
            or self._returns not in (0, self._feeds)
        )

    def pieces(self) -> Iterator[str]:
        """Whole lines of clean text."""
        tail, cutting = "", False
        for text in self._decoded():
            if cutting:
                _, feed, text = text.partition("\n")
                cutting = not feed
            tail += text
            end = tail.rfind("\n") + 1
            yield tail[:end]
            tail = tail[end:]
            if len(tail) > _LONGEST_LINE:
                tail, cutting = "", True
                self._cut_lines += 1
                yield self._too_long
        yield tail

    def _decoded(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        newlines = io.IncrementalNewlineDecoder(None, translate=True)
        offset = 0
        for chunk in self._chunks():
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise self._undecodable(offset - pending + error.start) from None
            if offset == 0 and text.startswith("\ufeff"):
                self._bom, text = True, text[1:]
            offset += len(chunk)
            self._feeds += chunk.count(b"\n")
            self._returns += chunk.count(b"\r")
            yield self._without_hidden(newlines.decode(text), chunk)
        try:
            tail = decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise self._undecodable(offset) from None
        yield newlines.decode(tail, final=True)

    def _without_hidden(self, text: str, chunk: bytes) -> str:
        if self._plainly_clean(chunk):
            self._lines += text.count("\n")
            return text
        last = 0
        for match in _HIDDEN.finditer(text):
            line = self._lines + text.count("\n", 0, match.start()) + 1
            if line != last:
                last = line
                self.hidden_lines += 1
                if len(self.examples) < _EXAMPLES:
                    self.examples.append(line)
        self._lines += text.count("\n")
        return _HIDDEN.sub("", text) if last else text

    def _plainly_clean(self, chunk: bytes) -> bool:
        return (
            self.encoding == "utf-8"
            and len(chunk.translate(None, _CONTROL_BYTES)) == len(chunk)
            and not any(hint in chunk for hint in _HINTS)
        )

    def _chunks(self) -> Iterator[bytes]:
        import zlib

        try:
            with self._open() as source:
                while chunk := source.read(_CHUNK):
                    yield chunk
        except (EOFError, zlib.error) as error:
            raise self._damaged(error) from None
        except OSError as error:
            if type(error).__name__ == "BadGzipFile":
                raise self._damaged(error) from None
            raise

    def _open(self) -> IO[bytes] | GzipFile:
        if self.path.suffix.lower() == ".gz":
            import gzip

            return gzip.open(self.path, "rb")
        return self.path.open("rb")

    def _damaged(self, error: Exception) -> InputError:
        return InputError(
            f"压缩文件损坏或不完整（{type(error).__name__}）。",
            file=self.label,
            next="请重新导出该文件。",
        )

    def _undecodable(self, offset: int) -> InputError:
        other = self._encoding_at(offset)
        advice = f"请在 sources.yaml 中为该文件写 encoding: {other}，或重新导出。"
        return InputError(
            f"第 {offset} 字节不是 {self.declared} 编码。",
            file=self.label,
            field="encoding",
            next=advice if other else "请重新导出为 UTF-8。",
        )

    def _encoding_at(self, offset: int) -> str | None:
        """The encoding in which the lines around a byte can be read, the likeliest first."""
        with self._open() as source:
            source.seek(max(0, offset - _CHUNK))
            lines = source.read(2 * _CHUNK)
        if offset > _CHUNK:
            lines = lines[lines.find(b"\n") + 1 :]
        for encoding in ("utf-8", "gb18030", "cp1252"):
            try:
                codecs.getincrementaldecoder(encoding)().decode(lines)
            except UnicodeDecodeError:
                continue
            return encoding
        return None
