"""Sentences in documents that are addressed to a program: kept out, and named.

Whatever a document says is data to the drafting of answers in any case; what nobody wrote for
people to read need not be found by them either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from copilot.errors import InputError
from copilot.knowledge.parsed import ParsedDocument
from copilot.knowledge.terms import simplified
from copilot.paths import knowledge_file
from copilot.records.yaml_file import YamlFile

PLANTED_FILE = "planted.yaml"


class _Patterns(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    patterns: tuple[re.Pattern[str], ...]


def without_planted(parsed: ParsedDocument, path: Path, knowledge: Path) -> ParsedDocument:
    """A document without the passages that give a program orders; a note names each of them.

    Args:
        parsed: what was read.
        path: where it was read, for the error.
        knowledge: the folder whose ``planted.yaml`` counts; the shipped one where it has none.

    Raises:
        InputError: nothing is left, or the list of patterns is wrong.
    """
    planted = [p for p in parsed.passages if is_planted(f"{p.heading}\n{p.text}", knowledge)]
    if not planted:
        return parsed
    if len(planted) == len(parsed.passages):
        raise InputError(
            "全文都像是写给程序的指令，没有收录。",
            file=str(path),
            next="资料只供查询，请删去这些话后重试。",
        )
    named = "、".join(dict.fromkeys(f"“{passage.heading}”" for passage in planted))
    note = f"有 {len(planted)} 段像是写给程序的指令，没有收录：{named}。"
    left = tuple(passage for passage in parsed.passages if passage not in planted)
    return replace(parsed, passages=left, notes=(*parsed.notes, note))


def is_planted(text: str, knowledge: Path) -> bool:
    """Whether a text gives a program orders."""
    plain = simplified(text)
    return any(pattern.search(plain) for pattern in _patterns_of(knowledge))


def _patterns_of(knowledge: Path) -> Sequence[re.Pattern[str]]:
    path = knowledge_file(knowledge, PLANTED_FILE)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, _stamp: int) -> tuple[re.Pattern[str], ...]:
    file = YamlFile.read(path)
    try:
        return _Patterns.model_validate(file.data).patterns
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError(
            f"指令词表的 {place} 写得不对。",
            next=f"请对照随程序附带的 {PLANTED_FILE} 修改，每行一个正则。",
            file=str(path),
            field=place,
        ) from None
