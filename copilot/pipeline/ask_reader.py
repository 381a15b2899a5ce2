"""The bank's learned reader of meanings: learned once for each state of examples and entries.

It is kept in the data directory, so that one process learns and the others load; where nothing
can be written, each process learns for itself.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.pipeline.ask_examples import example_files, read_examples
from copilot.pipeline.ask_meaning import MeaningReader
from copilot.records.codes import PassageKind
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from copilot.pipeline.ask_learning import AskedEntry
    from copilot.records.progress import Progress
    from copilot.store import Store

FOLDER = "meaning"
#: Raised whenever the same examples give other weights: files of another version are not used.
VERSION = 1
#: Readers, and digests of frequent questions, held at a time: a server has one of each.
_MOST_HELD = 4
_READERS: dict[str, MeaningReader | None] = {}
_DIGESTS: dict[tuple[Path, int], str] = {}


def reader_of(store: Store, progress: Progress | None = None) -> MeaningReader | None:
    """The reader for the examples and the frequent questions as they are now.

    ``None`` where there is too little to learn from. Learning takes some seconds; it is told to
    ``progress``.

    Raises:
        InputError: an example file breaks its schema.
    """
    state = _state(store)
    path = store.data_dir / FOLDER / f"{state}.npz"
    if state not in _READERS:
        reader = MeaningReader.load(path)
        if reader is None:
            if progress is not None:
                progress("学习问法", 0, 1)
            reader = _learned(store, path)
            if progress is not None:
                progress("学习问法", 1, 1)
        _make_room(_READERS)
        _READERS[state] = reader
    return _READERS[state]


def asked_entries(store: Store) -> list[AskedEntry]:
    """Every frequent question of the knowledge base, whatever its scope."""
    from copilot.knowledge.faq import entry_id, faq_parts
    from copilot.pipeline.ask_learning import AskedEntry

    found = []
    for passage in store.knowledge(Principal.operator()).all_passages():
        if passage.kind is PassageKind.FAQ:
            parts = faq_parts(passage)
            asked = (parts.question, *parts.variants)
            found.append(AskedEntry(entry_id(passage), asked, parts.answer))
    return found


def _learned(store: Store, path: Path) -> MeaningReader | None:
    from copilot.pipeline.ask_learning import learned

    reader = learned(read_examples(store.settings.knowledge_dir), asked_entries(store))
    if reader is not None:
        with suppress(OSError):  # a directory that is only read: the next process learns again
            reader.save(path)
            for old in path.parent.glob("*.npz"):
                if old != path:
                    old.unlink(missing_ok=True)
    return reader


def _state(store: Store) -> str:
    """A name for what is learned from: another example or another entry makes another one."""
    digest = hashlib.sha256(f"{VERSION}/{_entries_digest(store)}".encode())
    for path in example_files(store.settings.knowledge_dir):
        stat = path.stat()
        digest.update(f"{path.name}/{stat.st_size}/{stat.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _entries_digest(store: Store) -> str:
    """A hash over the frequent questions, read once for each revision of the knowledge."""
    key = store.data_dir.absolute(), store.knowledge(Principal.operator()).revision()
    if key not in _DIGESTS:
        _make_room(_DIGESTS)
        told = repr(asked_entries(store)).encode()
        _DIGESTS[key] = hashlib.sha256(told).hexdigest()
    return _DIGESTS[key]


def _make_room(held: dict[Any, Any]) -> None:
    """Forgets the oldest until another one may be held."""
    while len(held) >= _MOST_HELD:
        del held[next(iter(held))]
