"""Old loads: the current one and the one before stay, what is older leaves the disk.

Nothing that was decided needs the old files: a draft keeps its own evidence, and the audit chain
says what was loaded. A whole load writes every table again, so that a bank that loads daily would
otherwise fill its disk.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from copilot.records.clock import utc_now
from copilot.records.generation import Generation
from copilot.store import Store

KEPT = 2  # the current load and the one before
GRACE = timedelta(hours=1)  # for whoever still reads a load that was replaced
_BESIDE = ("features", "segments", "scores")  # folders by load, beside ``facts``
_LOAD = re.compile(r"\d{8}-[0-9a-f]{12}(-\d+)?")


@dataclass(frozen=True, slots=True)
class Pruned:
    """Loads that were removed, loads that stay, and the bytes that came free."""

    removed: tuple[str, ...]
    kept: tuple[str, ...]
    freed: int

    def as_json(self) -> dict[str, object]:
        """The document of ``copilot tables prune --format json``."""
        return {"removed": list(self.removed), "kept": list(self.kept), "freed_bytes": self.freed}


def prune(store: Store, *, keep: int = KEPT, now: datetime | None = None) -> Pruned:
    """Remove the loads beyond the newest ``keep``, with their features, segments and scores.

    A load that was replaced less than an hour ago stays, so that nobody's reading breaks off.
    The removal stands in the audit chain. The caller holds the store's writer lock.
    """
    generations = store.facts.generations()
    now = now or utc_now()
    old = [
        generation
        for newer, generation in zip(generations[keep - 1 :], generations[keep:], strict=False)
        if newer.loaded_at < now - GRACE
    ]
    names = tuple(generation.generation_id for generation in old)
    if old:
        with store.transaction() as connection:
            store.facts.forget(connection, names)
            store.audit.append(connection, "tables.prune", names[0], {"generations": list(names)})
    known = [generation.generation_id for generation in generations]
    kept = tuple(name for name in known if name not in names)
    folders = [*_folders(old), *_left_behind(store.data_dir, known)]
    freed = sum(_size(folder) for folder in folders)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return Pruned(names, kept, freed)


def _folders(generations: list[Generation]) -> Iterator[Path]:
    for generation in generations:
        yield generation.directory
        home = generation.directory.parent.parent
        yield from (home / name / generation.generation_id for name in _BESIDE)


def _left_behind(data_dir: Path, known: Collection[str]) -> Iterator[Path]:
    """Folders of loads that were forgotten by a process killed before it removed them."""
    for name in _BESIDE:
        for folder in (data_dir / name).glob("*"):
            if _LOAD.fullmatch(folder.name) and folder.name not in known:
                yield folder


def _size(folder: Path) -> int:
    """Bytes that go with a folder; a file that another load links to stays."""
    files = (path.stat() for path in folder.rglob("*") if path.is_file())
    return sum(file.st_size for file in files if file.st_nlink == 1)
