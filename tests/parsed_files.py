"""Reading a document as ingest does, and looking at what came out."""

from __future__ import annotations

from pathlib import Path

from copilot.knowledge.formats import parse
from copilot.knowledge.parsed import ParsedDocument
from copilot.knowledge.reading import DocumentReader
from copilot.knowledge.source import Source, read_raw, source_of

RULE = (
    "示例银行〔2026〕12号",
    "营销宣传管理办法",
    "第一章 总则",
    "第一条 为规范营销宣传，制定本办法。",
    "第二条 本办法适用于各支行。",
    "第一条所称营销宣传，包括厅堂口头介绍。",
    "第二章 附则",
    "第三条 本办法自2026年3月1日起施行，有效期至2028年12月31日。",
)
ARTICLES = [
    "营销宣传管理办法 / 第一章 总则 / 第一条",
    "营销宣传管理办法 / 第一章 总则 / 第二条",
    "营销宣传管理办法 / 第二章 附则 / 第三条",
]
RATES = [["期限", "年利率"], ["3个月", "0.65%"], ["3年", "1.25%"]]


def read_source(path: Path, reader: DocumentReader | None = None) -> Source:
    """One knowledge file, read as ingest reads it."""
    return source_of(read_raw(path), reader)


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
