"""YAML lists that become one passage an entry: frequent questions and internal scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from copilot.errors import InputError
from copilot.knowledge.faq import CITED, faq_text
from copilot.knowledge.parsed import ParsedDocument, ParsedPassage, trimmed
from copilot.knowledge.source import Source
from copilot.records.codes import Audience, PassageKind, ProductType
from copilot.records.script_entry import ScriptEntry
from copilot.records.yaml_file import YamlFile


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    variants: list[str] = []
    answer: str = Field(min_length=1)
    kind: Literal["servicing", "product", "compliance"]
    product_types: list[ProductType] = []
    audience: Audience
    ask_whom: str | None = None
    source: str | None = None
    valid_from: date
    valid_to: date | None = None


def parse_entries(source: Source) -> ParsedDocument:
    """The passages of a YAML list of questions or of scripts; the keys tell which it is.

    Raises:
        InputError: neither of the two, or a violation of its schema; names file and line.
    """
    sheet = YamlFile.parse(source.text, source.path)
    entries = sheet.data
    first = entries[0] if isinstance(entries, list) and entries else None
    if isinstance(first, dict) and "question" in first:
        return _faq(source, sheet)
    if isinstance(first, dict) and "move" in first:
        return _scripts(source, sheet)
    raise sheet.error(
        "这个 YAML 文件既不是常见问题，也不是内部话术。",
        next="常见问题每条要有 question、answer；内部话术每条要有 move、text。",
    )


def _faq(source: Source, sheet: YamlFile) -> ParsedDocument:
    found = []
    for index, (start, end) in enumerate(_spans(source, sheet)):
        entry = sheet.validated(_Question, (index,))
        found.append(
            ParsedPassage(
                heading=entry.question,
                text=faq_text(entry.answer, entry.variants, entry.ask_whom),
                start=start,
                end=end,
                citation=f"{CITED} {entry.id}" + (f"（{entry.source}）" if entry.source else ""),
                audience=entry.audience,
                product_types=tuple(entry.product_types),
                valid_from=entry.valid_from,
                valid_to=entry.valid_to,
            )
        )
    audiences = {passage.audience for passage in found}
    return ParsedDocument(
        document_id=f"faq/{source.path.stem}",
        kind=PassageKind.FAQ,
        title=f"常见问题 {source.path.stem}",
        passages=tuple(found),
        audience=Audience.CUSTOMER if audiences == {Audience.CUSTOMER} else Audience.INTERNAL,
    )


def _scripts(source: Source, sheet: YamlFile) -> ParsedDocument:
    found = []
    for index, (start, end) in enumerate(_spans(source, sheet)):
        entry = sheet.validated(ScriptEntry, (index,))
        found.append(
            ParsedPassage(
                heading=f"{entry.move.shown} / {entry.situation}",
                text=entry.text.strip(),
                start=start,
                end=end,
                citation=f"内部话术 {entry.id}",
                product_types=tuple(entry.product_types),
                valid_from=entry.valid_from,
                valid_to=entry.valid_to,
            )
        )
    return ParsedDocument(
        document_id=f"script/{source.path.stem}",
        kind=PassageKind.SCRIPT,
        title=f"内部话术 {source.path.stem}",
        passages=tuple(found),
        audience=Audience.INTERNAL,
    )


def _spans(source: Source, sheet: YamlFile) -> Iterator[tuple[int, int]]:
    """Where each entry stands in the file, whole lines; also finds ids that stand twice."""
    entries: list[Any] = sheet.data
    offsets = [0]
    for line in source.text.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    seen: set[str] = set()
    starts = [offsets[(sheet.line_of((i,)) or 1) - 1] for i in range(len(entries))]
    for index, (start, end) in enumerate(zip(starts, [*starts[1:], offsets[-1]], strict=True)):
        name = str(entries[index].get("id")) if isinstance(entries[index], dict) else ""
        if name in seen:
            raise _twice(sheet, name, index)
        seen.add(name)
        yield trimmed(source.text, start, end)


def _twice(sheet: YamlFile, name: str, index: int) -> InputError:
    return sheet.error(f"编号 {name} 出现了两次。", (index, "id"), next="请改成不同的编号。")
