"""The knowledge as files: for a backup, a comparison, or another system."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from copilot.errors import InputError
from copilot.files import write_whole
from copilot.records.knowledge import Document, Passage

if TYPE_CHECKING:
    from copilot.records.staff import Principal
    from copilot.store import Store

LINES = ".jsonl"
LIST = "documents.jsonl"
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|%]+')


def export(out: Path, store: Store, principal: Principal) -> tuple[int, int]:
    """Writes what the principal may read; returns how many documents and passages.

    ``out`` ending in ``.jsonl`` gets one passage a line. Otherwise it is a folder that gets one
    Markdown file a document and ``documents.jsonl``, the list of them.

    Raises:
        InputError: the folder holds something else already.
        OSError: it cannot be written.
    """
    knowledge = store.knowledge(principal)
    documents = {document.document_id: document for document in knowledge.documents()}
    passages = [p for p in knowledge.current_passages() if p.document_id in documents]
    if out.suffix == LINES:
        rows = ({"title": documents[p.document_id].title} | asdict(p) for p in passages)
        write_whole(out, _lines(rows))
    else:
        _write_folder(out, documents, passages)
    return len(documents), len(passages)


def _write_folder(out: Path, documents: dict[str, Document], passages: list[Passage]) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} 不是目录", field="out", next="请换一个目录，或以 .jsonl 结尾。")
    if out.is_dir() and any(out.iterdir()) and not (out / LIST).is_file():
        raise InputError(f"目录 {out} 里有别的文件", field="out", next="请换一个空目录，以免覆盖。")
    by_document: defaultdict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        by_document[passage.document_id].append(passage)
    named = {document_id: _file_name(document_id) for document_id in documents}
    for document_id, document in documents.items():
        write_whole(out / named[document_id], _markdown(document, by_document[document_id]))
    rows = ({"file": named[d.document_id]} | asdict(d) for d in documents.values())
    write_whole(out / LIST, _lines(rows))


def _file_name(document_id: str) -> str:
    """A document's file below the folder, whatever characters its id has.

    >>> _file_name("product/DEP-3Y"), _file_name("file/../旧制度.txt")
    ('product/DEP-3Y.md', 'file/%2E%2E/旧制度.txt.md')
    """
    parts = [_UNSAFE.sub(_escaped, part) for part in document_id.split("/") if part]
    return "/".join(part if part.strip(".") else "%2E" * len(part) for part in parts) + ".md"


def _escaped(match: re.Match[str]) -> str:
    return quote(match[0], safe="")


def _markdown(document: Document, passages: Iterable[Passage]) -> str:
    head = [
        f"# {document.title}",
        "",
        f"编号 {document.document_id}，第 {document.version} 版，来源 {document.source}",
    ]
    body = [
        f"\n## {passage.heading}\n\n{passage.text}\n\n> {passage.citation}  {passage.passage_id}"
        for passage in passages
    ]
    return "\n".join([*head, *body]) + "\n"


def _lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
