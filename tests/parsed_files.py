"""Reading a document as ingest does, and looking at what came out."""

from __future__ import annotations

from pathlib import Path

from copilot.knowledge.formats import parse
from copilot.knowledge.parsed import ParsedDocument
from copilot.knowledge.reading import DocumentReader
from copilot.knowledge.source import read_source


def read(path: Path, reader: DocumentReader) -> ParsedDocument:
    """A parsed document; every passage's text is found at its span, and a second reading agrees."""
    source = read_source(path, reader)
    parsed = parse(source)
    for passage in parsed.passages:
        assert source.text[passage.start : passage.end] == passage.text
    assert read_source(path, reader).text == source.text
    return parsed


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def texts(parsed: ParsedDocument) -> list[str]:
    return [passage.text for passage in parsed.passages]


def headings(parsed: ParsedDocument) -> list[str]:
    return [passage.heading for passage in parsed.passages]
