"""The bank's own question set: questions in its staff's words, with the passages that answer.

A folder of YAML lists of ``{id, text, gold, hard?, as_of?, audience?, why?}``. ``gold`` names
passages by what does not change when a document is taken in again: ``document#label``, where the
label is an entry's id or the beginning of a section's title. A question without ``gold`` is one
that the knowledge cannot answer; ``why`` says why not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from copilot.errors import InputError
from copilot.knowledge.evaluation import Question
from copilot.records.codes import Audience, PassageKind
from copilot.records.knowledge import Passage
from copilot.records.yaml_file import YamlFile

DEV, TEST = "dev", "test"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    gold: list[str] = []
    hard: str | None = None
    why: str | None = None
    as_of: date | None = None
    audience: Audience = Audience.INTERNAL


def question_files(folder: Path) -> list[Path]:
    """The YAML files of a question set, in order."""
    return sorted(folder.glob("*.yaml"))


def read_questions(files: Iterable[Path], passages: Iterable[Passage]) -> list[Question]:
    """The questions, with their passages looked up among the current ones.

    Raises:
        InputError: a file breaks its schema, an id stands twice, or a passage does not exist.
    """
    known = labels(passages)
    seen: set[str] = set()
    found = []
    for path in files:
        sheet = YamlFile.read(path)
        if not isinstance(sheet.data, list):
            raise sheet.error("问题集应当是一个列表。", next="每条写 id、text、gold。")
        for index in range(len(sheet.data)):
            entry = sheet.validated(_Entry, (index,))
            if entry.id in seen:
                raise sheet.error(f"编号 {entry.id} 出现了两次。", (index, "id"))
            seen.add(entry.id)
            found.append(_question(entry, known, sheet, index))
    return found


def labels(passages: Iterable[Passage]) -> dict[str, list[tuple[str, str]]]:
    """By document, the label and the id of each of its passages."""
    known: dict[str, list[tuple[str, str]]] = {}
    for passage in passages:
        known.setdefault(passage.document_id, []).append((_label(passage), passage.passage_id))
    return known


def half(question: Question) -> str:
    """Which half a question is in, by the hash of its text: figures are set on ``dev`` only."""
    return DEV if hashlib.sha256(question.text.encode()).digest()[0] % 2 else TEST


def _label(passage: Passage) -> str:
    if passage.kind in (PassageKind.FAQ, PassageKind.SCRIPT):
        return passage.citation.split()[1].partition("（")[0]
    return passage.heading.rpartition(" / ")[2]


def _question(
    entry: _Entry,
    known: Mapping[str, Sequence[tuple[str, str]]],
    sheet: YamlFile,
    index: int,
) -> Question:
    gold: dict[str, int] = {}
    for name in entry.gold:
        document, _, label = name.partition("#")
        there = known.get(document, ())
        # An entry's id is meant whole: another may begin with it.
        exact = [ident for other, ident in there if other == label]
        meant = exact or [ident for other, ident in there if other.startswith(label)]
        if not meant or not label:
            raise _no_passage(sheet, index, name, [other for other, _ in there])
        gold.update(dict.fromkeys(meant, 1))
    return Question(
        question_id=entry.id,
        text=entry.text,
        gold=gold,
        as_of=entry.as_of,
        audience=entry.audience,
        hard=entry.hard or entry.why or "",
    )


def _no_passage(sheet: YamlFile, index: int, name: str, there: Sequence[Any]) -> InputError:
    known = f"这份资料里有：{'、'.join(there[:8])}。" if there else "请核对资料编号。"
    return sheet.error(f"没有这个段落：{name}", (index, "gold"), next=known)
