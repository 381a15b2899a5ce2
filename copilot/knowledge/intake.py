"""Ingest: files become document versions and passages, some documents to a transaction.

A bad file is refused by name and the rest goes in; an unchanged one is skipped, so an ingest that
was cut off is continued by running it again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.errors import CopilotError, DependencyError, InputError
from copilot.knowledge.declared import Declared
from copilot.knowledge.dense import dense_enabled
from copilot.knowledge.formats import knowledge_files, leaves, parse
from copilot.knowledge.parsed import ParsedDocument, stored_hash
from copilot.knowledge.planted import without_planted
from copilot.knowledge.reading import DocumentReader
from copilot.knowledge.search import current_index, generation_name
from copilot.knowledge.shelf_check import shelf_remarks
from copilot.knowledge.source import Source, read_raw, source_of
from copilot.records.codes import label
from copilot.records.knowledge import Document, IngestReport
from copilot.records.progress import Progress, silent
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from copilot.settings import Settings
    from copilot.store import Store


ADDED, REPLACED, UNCHANGED, REFUSED = "added", "replaced", "unchanged", "refused"
REMOVED = "removed"

AT_ONCE, MOST_TEXT, LONGEST_WAIT_S = 100, 5_000_000, 2.0
"""Documents, characters, and seconds, that wait for one commit: every commit makes each reader
bring its index up to date, and an ingest that is killed loses no more than this."""

_READING = "读取资料"


def ingest(
    paths: Sequence[Path],
    store: Store,
    settings: Settings,
    progress: Progress = silent,
    options: Declared | None = None,
) -> IngestReport:
    """Takes files and folders into the knowledge base and brings its indexes up to date.

    ``options`` are declared for every file that does not declare the same itself. The caller
    holds ``store.writer_lock()``.

    Raises:
        InputError: a path does not exist, or ``options`` name an unknown branch.
        Busy, DependencyError: the database cannot be written; what was committed before stays.
    """
    return take_in(list(knowledge_files(paths)), paths, store, settings, progress, options)


def take_in(
    files: Sequence[Path],
    roots: Sequence[Path],
    store: Store,
    settings: Settings,
    progress: Progress = silent,
    options: Declared | None = None,
    held: Mapping[str, Path] | None = None,
) -> IngestReport:
    """Takes these files in, which lie below ``roots``; otherwise as `ingest`.

    ``held`` are the documents that other files stand for: a file that gives one of them is refused.
    """
    with DocumentReader() as reader:
        intake = _Intake(store, settings.knowledge_dir, reader, roots, options, held or {})
        try:
            for done, path in enumerate(files, start=1):
                progress(_READING, done, len(files))
                intake.take(path)
        except KeyboardInterrupt:  # what was read is kept, so that the next run need not read it
            intake.flush()
            raise
        intake.flush()
    notes = _bring_indexes_up_to_date(store, settings, progress)
    revision = store.knowledge(Principal.operator()).revision()
    return IngestReport(
        tuple(intake.outcomes),
        intake.passages,
        generation_name(revision),
        notes,
        tuple(intake.remarks),
    )


def remove(document_id: str, store: Store) -> None:
    """Takes a document out of search at once; old versions stay for old citations.

    The caller holds ``store.writer_lock()``.

    Raises:
        NotFound: there is no such current document.
    """
    with store.transaction() as connection:
        store.knowledge(Principal.operator()).remove_document(connection, document_id)
        store.audit.append(connection, "knowledge.remove", document_id, {})


class _Intake:
    """One ingest under way: what is known already, and what came of each file."""

    def __init__(
        self,
        store: Store,
        knowledge_dir: Path,
        reader: DocumentReader,
        roots: Sequence[Path],
        options: Declared | None,
        held: Mapping[str, Path],
    ) -> None:
        principal = Principal.operator()
        self._store = store
        self._knowledge_dir = knowledge_dir
        self._reader = reader
        self._roots = roots
        self._options = options
        self._knowledge = store.knowledge(principal)
        self._products = store.products(principal)
        self._codes = frozenset(self._products.codes())
        self._branches = frozenset(b.branch_id for b in store.staff(principal).branches())
        documents = self._knowledge.documents()
        self._known = {document.document_id: document for document in documents}
        self._contents = {(d.source, d.content_hash): d.document_id for d in documents}
        self._taken = dict(held)
        self._waiting: list[tuple[ParsedDocument, Source]] = []
        self._text = 0
        self._flushed = time.monotonic()
        self.outcomes: list[tuple[str, str, str]] = []
        self.remarks: list[tuple[str, str]] = []
        self.passages = 0
        if options is not None:
            self._check_branches(options.branches)

    def take(self, path: Path) -> None:
        """Takes one file in, or refuses it by name."""
        try:
            status, document_id, remarks = self._taken_in(path)
        except DependencyError:
            raise
        except CopilotError as error:
            self.outcomes.append((error.file or str(path), REFUSED, str(error)))
            return
        self.outcomes.append((str(path), status, document_id))
        self.remarks += [(str(path), remark) for remark in remarks]

    def _taken_in(self, path: Path) -> tuple[str, str, tuple[str, ...]]:
        if leaves(path, self._roots):
            raise InputError(
                "是指向目录之外的链接。", file=str(path), next="请放入文件本身，或直接给出原路径。"
            )
        file = read_raw(path, self._options)
        same = self._contents.get((path.name, stored_hash(file)))
        if file.format is not None and same is not None:  # reading it again would be slow
            self._claim(same, path)
            return UNCHANGED, same, ()
        source = source_of(file, self._reader)
        parsed = without_planted(parse(source), path, self._knowledge_dir)
        self._check_branches(parsed.branches, path)
        self._claim(parsed.document_id, path)
        remarks = (*parsed.notes, *self._audience_change(parsed), *self._shelf(parsed, source))
        self.passages += len(parsed.passages)
        return self._stored(parsed, source), parsed.document_id, remarks

    def _claim(self, document_id: str, path: Path) -> None:
        first = self._taken.setdefault(document_id, path)
        if first != path:
            raise InputError(
                f"与 {first.name} 是同一份文档（{document_id}）。",
                file=str(path),
                next="请改名，或只保留其中一份。",
            )

    def _check_branches(self, branches: Sequence[str], path: Path | None = None) -> None:
        unknown = sorted(set(branches) - self._branches) if self._branches else []
        if unknown:
            raise InputError(
                f"没有这个网点：{'、'.join(unknown)}。",
                file=str(path) if path else None,
                field="branch",
                next=f"可用的网点：{'、'.join(sorted(self._branches))}。",
            )

    def _audience_change(self, parsed: ParsedDocument) -> tuple[str, ...]:
        before = self._known.get(parsed.document_id)
        if before is None or before.audience is parsed.audience:
            return ()
        return (f"读者范围由{label(before.audience)}改为{label(parsed.audience)}。",)

    def _shelf(self, parsed: ParsedDocument, source: Source) -> tuple[str, ...]:
        if parsed.product_code is None or not self._codes:
            return ()
        return shelf_remarks(parsed, source, self._products.versions(parsed.product_code))

    def _stored(self, parsed: ParsedDocument, source: Source) -> str:
        current = self._known.get(parsed.document_id)
        if current is not None and current.content_hash == stored_hash(source):
            return UNCHANGED
        self._waiting.append((parsed, source))
        self._text += len(source.text)
        late = time.monotonic() - self._flushed >= LONGEST_WAIT_S
        if len(self._waiting) >= AT_ONCE or self._text >= MOST_TEXT or late:
            self.flush()
        return ADDED if current is None else REPLACED

    def flush(self) -> None:
        """Commits what waits; readers bring their index up to date once for all of it."""
        if self._waiting:
            with self._store.transaction() as connection:
                for parsed, source in self._waiting:
                    self._replace(connection, parsed, source)
        self._waiting.clear()
        self._text = 0
        self._flushed = time.monotonic()

    def _replace(self, connection: Connection, parsed: ParsedDocument, source: Source) -> None:
        latest = self._knowledge.latest_version(connection, parsed.document_id)
        document, passages = parsed.as_version(latest.version + 1 if latest else 1, source)
        self._knowledge.replace_document(connection, document, passages)
        self._store.audit.append(
            connection, "knowledge.ingest", document.document_id, _entry(document, passages)
        )


def _entry(document: Document, passages: Sequence[object]) -> dict[str, object]:
    return {
        "version": document.version,
        "content_hash": document.content_hash,
        "passages": len(passages),
    }


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
