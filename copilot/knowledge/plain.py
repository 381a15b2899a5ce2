"""A bank's own Markdown and text files: titled sections or articles, for staff.

A text without markup is cut at its articles (第X条) under their chapters (第X章), else at
paragraphs.
"""

from __future__ import annotations

import re

from copilot.knowledge.parsed import (
    ParsedDocument,
    ParsedPassage,
    Section,
    pieces,
    sections,
    trimmed,
)
from copilot.knowledge.source import MARKDOWN, Source
from copilot.records.codes import Audience, PassageKind

_NUMBER = "[一二三四五六七八九十百零〇0-9]+"
_DIVISION = re.compile(
    rf"^[ \t\u3000]*(第{_NUMBER}[章节编])(.*)$|^[ \t\u3000]*(第{_NUMBER}条)", re.M
)


def parse_plain(source: Source) -> ParsedDocument:
    """The sections of a file that declares nothing about itself.

    It is filed as internal policy: what was not declared for customers is not shown to them.
    """
    title = source.path.stem
    found = sections(source.text) if source.suffix in MARKDOWN else _articles(source.text)
    passages = [
        ParsedPassage(
            heading=" / ".join((title, *section.titles)),
            text=source.text[start:end],
            start=start,
            end=end,
            citation=f"《{title}》{' '.join(section.titles)}".rstrip(),
        )
        for section in found
        for start, end in pieces(source.text, section.start, section.end)
    ]
    if not passages:
        raise source.error("文件只有标题，没有正文。", next="请补充正文后重试。")
    return ParsedDocument(
        document_id=f"file/{source.path.name}",
        kind=PassageKind.REGULATION,
        title=title,
        passages=tuple(passages),
        audience=Audience.INTERNAL,
    )


def _articles(text: str) -> list[Section]:
    found: list[Section] = []
    chapter: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    begin = 0
    for match in _DIVISION.finditer(text):
        _add(found, text, titles, begin, match.start())
        if match[1]:
            chapter = (f"{match[1]} {match[2].strip()}".strip(),)
            titles, begin = chapter, match.end()
        else:
            titles, begin = (*chapter, match[3]), match.start()
    _add(found, text, titles, begin, len(text))
    return found


def _add(found: list[Section], text: str, titles: tuple[str, ...], begin: int, end: int) -> None:
    start, stop = trimmed(text, begin, end)
    if start < stop:
        found.append(Section(titles, start, stop))
