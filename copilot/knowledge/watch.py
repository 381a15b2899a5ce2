"""Watching folders: what is new or changed is taken in, what was deleted is taken out.

Simple polling, because bank folders lie on network shares where no notifications arrive. A file is
taken once it has stood still for one interval, so that none is read while it is being copied. A
folder that is gone as a whole is a share that is not mounted: nothing is taken out then.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.errors import Busy, InputError, NotFound
from copilot.knowledge.declared import Declared, sidecar_of
from copilot.knowledge.formats import knowledge_files
from copilot.knowledge.intake import REFUSED, REMOVED, remove, take_in
from copilot.knowledge.search import current_index, generation_name
from copilot.records.knowledge import IngestReport
from copilot.records.progress import Progress, silent
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from copilot.settings import Settings
    from copilot.store import Store

State = tuple[int, ...]

NOT_MOUNTED = "目录里的文件全部不见了，可能是共享目录没有挂载；资料没有撤下。"
WAITING = "另一个进程正在写入，等它结束后继续。"


def watch(
    paths: Sequence[Path],
    store: Store,
    settings: Settings,
    wait: Callable[[], bool],
    *,
    options: Declared | None = None,
    progress: Progress = silent,
) -> Iterator[IngestReport]:
    """What came of each round in which something had changed, the first round included.

    ``wait`` lets one interval pass and says whether to go on. Takes the writer lock for each
    round only, so that other commands can write in between.

    Raises:
        InputError: ``options`` name an unknown branch.
        DependencyError: the database cannot be written.
    """
    watcher = _Watcher(paths, store, settings, options, progress)
    watcher.look()
    while wait():
        report = watcher.round()
        if report is not None:
            yield report


class _Watcher:
    def __init__(
        self,
        paths: Sequence[Path],
        store: Store,
        settings: Settings,
        options: Declared | None,
        progress: Progress,
    ) -> None:
        self._paths = paths
        self._store = store
        self._settings = settings
        self._options = options
        self._progress = progress
        self._seen: dict[Path, State] = {}
        self._taken: dict[Path, State] = {}
        self._documents: dict[Path, str] = {}
        self._told = ""

    def look(self) -> dict[Path, State]:
        """The files as they are now; what was seen before is given back."""
        before, self._seen = self._seen, {}
        with contextlib.suppress(InputError, OSError):  # a share may go away at any moment
            for path in knowledge_files([path for path in self._paths if path.exists()]):
                with contextlib.suppress(OSError):
                    self._seen[path] = _state(path)
        return before

    def round(self) -> IngestReport | None:
        """One look, and what had to be done; ``None`` when nothing had."""
        before = self.look()
        gone = [path for path in self._taken if path not in self._seen and path not in before]
        if gone and not self._seen:
            return self._tell(NOT_MOUNTED)
        gone = [path for path in gone if self._reachable(path)]
        ready = [
            path
            for path, state in self._seen.items()
            if before.get(path) == state and self._taken.get(path) != state
        ]
        if gone:  # a file that was refused for the sake of one that is gone gets its turn
            refused = [path for path in self._taken if path not in self._documents]
            ready += [path for path in refused if path in self._seen and path not in ready]
        if not ready and not gone:
            return None
        try:
            with self._store.writer_lock():
                report = self._carried_out(ready, gone)
        except Busy:
            return self._tell(WAITING)
        self._told = ""
        return report

    def _carried_out(self, ready: Sequence[Path], gone: Sequence[Path]) -> IngestReport:
        states = {path: self._seen[path] for path in ready}
        left = {path: self._documents.get(path) for path in (*gone, *ready)}
        held = {d: path for path, d in self._documents.items() if path not in left}
        report = take_in(
            ready,
            self._paths,
            self._store,
            self._settings,
            self._progress,
            self._options,
            held,
        )
        for path in gone:
            self._taken.pop(path)
            self._documents.pop(path, None)
        outcome = {Path(file): (status, what) for file, status, what in report.files}
        for path in ready:
            status, what = outcome.get(path, (REFUSED, ""))
            self._taken[path] = states[path]
            if status != REFUSED:
                self._documents[path] = what
        removed = self._removed(left)
        return replace(
            report,
            files=(*report.files, *removed),
            generation=generation_name(self._store.knowledge(Principal.operator()).revision()),
        )

    def _removed(self, left: dict[Path, str | None]) -> list[tuple[str, str, str]]:
        """Takes out the documents that no file stands for any more."""
        standing = set(self._documents.values())
        removed = []
        for path, document_id in left.items():
            if document_id is None or document_id in standing:
                continue
            with contextlib.suppress(NotFound):  # taken out by hand before
                remove(document_id, self._store)
                removed.append((str(path), REMOVED, document_id))
        if removed:
            current_index(self._store)
        return removed

    def _reachable(self, path: Path) -> bool:
        """Whether a file is really deleted: its folder, or what is left of it, can be listed."""
        for folder in path.parents:
            try:
                with os.scandir(folder):
                    break
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                return False
        return any(root in (path, folder) or root in folder.parents for root in self._paths)

    def _tell(self, note: str) -> IngestReport | None:
        """A report that says only this, once."""
        if self._told == note:
            return None
        self._told = note
        revision = self._store.knowledge(Principal.operator()).revision()
        return IngestReport((), 0, generation_name(revision), (note,))


def _state(path: Path) -> State:
    """What changes when a file or its declarations do."""
    status = path.stat()
    state = (status.st_mtime_ns, status.st_size, status.st_ino)
    try:
        beside = sidecar_of(path).stat()
    except OSError:
        return state
    return (*state, beside.st_mtime_ns, beside.st_size)
