"""Ingest: files become document versions and passages, one transaction a document.

A bad file is refused by name and the rest goes in; an unchanged one is skipped, so an ingest that
was cut off is continued by running it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.errors import CopilotError, DependencyError, InputError
from copilot.knowledge.dense import dense_enabled
from copilot.knowledge.formats import knowledge_files, parse
from copilot.knowledge.parsed import ParsedDocument, stored_hash
from copilot.knowledge.search import current_index, generation_name
from copilot.knowledge.source import Source, read_source
from copilot.records.knowledge import Document, IngestReport
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from copilot.settings import Settings
    from copilot.store import Store

Progress = Callable[[str, int, int], None]

ADDED, REPLACED, UNCHANGED, REFUSED = "added", "replaced", "unchanged", "refused"

_READING = "读取资料"


def ingest(
    paths: Sequence[Path],
    store: Store,
    settings: Settings,
    progress: Progress = lambda _step, _done, _total: None,
) -> IngestReport:
    """Takes files and folders into the knowledge base and brings its indexes up to date.

    The caller holds ``store.writer_lock()``.

    Raises:
        InputError: a path does not exist.
        Busy, DependencyError: the database cannot be written; documents before stay.
    """
    files = list(knowledge_files(paths))
    knowledge = store.knowledge(Principal.operator())
    known = {document.document_id: document for document in knowledge.documents()}
    taken: dict[str, Path] = {}
    outcomes: list[tuple[str, str, str]] = []
    passages = 0
    for done, path in enumerate(files, start=1):
        progress(_READING, done, len(files))
        try:
            source = read_source(path)
            parsed = parse(source)
            _claim(parsed, path, taken)
        except DependencyError:
            raise
        except CopilotError as error:
            outcomes.append((error.file or str(path), REFUSED, str(error)))
            continue
        status = _store(parsed, source, known, store)
        outcomes.append((str(path), status, parsed.document_id))
        passages += len(parsed.passages)
    notes = _bring_indexes_up_to_date(store, settings, progress)
    notes += _without_record(store)
    revision = knowledge.revision()
    return IngestReport(tuple(outcomes), passages, generation_name(revision), notes)


def remove(document_id: str, store: Store) -> None:
    """Takes a document out of search at once; old versions stay for old citations.

    The caller holds ``store.writer_lock()``.

    Raises:
        NotFound: there is no such current document.
    """
    with store.transaction() as connection:
        store.knowledge(Principal.operator()).remove_document(connection, document_id)
        store.audit.append(connection, "knowledge.remove", document_id, {})


def _claim(parsed: ParsedDocument, path: Path, taken: dict[str, Path]) -> None:
    first = taken.setdefault(parsed.document_id, path)
    if first != path:
        raise InputError(
            f"与 {first.name} 是同一份文档（{parsed.document_id}）。",
            file=str(path),
            next="请改名，或只保留其中一份。",
        )


def _store(
    parsed: ParsedDocument, source: Source, known: Mapping[str, Document], store: Store
) -> str:
    current = known.get(parsed.document_id)
    if current is not None and current.content_hash == stored_hash(source):
        return UNCHANGED
    knowledge = store.knowledge(Principal.operator())
    with store.transaction() as connection:
        latest = knowledge.latest_version(connection, parsed.document_id)
        document, passages = parsed.as_version(latest.version + 1 if latest else 1, source)
        knowledge.replace_document(connection, document, passages)
        store.audit.append(
            connection,
            "knowledge.ingest",
            document.document_id,
            {
                "version": document.version,
                "content_hash": document.content_hash,
                "passages": len(passages),
            },
        )
    return ADDED if current is None else REPLACED


def _bring_indexes_up_to_date(
    store: Store, settings: Settings, progress: Progress
) -> tuple[str, ...]:
    progress("建立索引", 0, 1)
    _, notes = current_index(store)
    progress("建立索引", 1, 1)
    if dense_enabled(store, settings):
        from copilot.knowledge.vectors import build_generation

        notes += build_generation(store, settings, progress)
    return notes


def _without_record(store: Store) -> tuple[str, ...]:
    principal = Principal.operator()
    codes = set(store.products(principal).codes())
    sheets = {d.product_code for d in store.knowledge(principal).documents() if d.product_code}
    missing = "、".join(sorted(sheets - codes))
    if not codes or not missing:
        return ()
    return (f"这些产品只有资料、没有产品记录，检索时不显示：{missing}。",)
