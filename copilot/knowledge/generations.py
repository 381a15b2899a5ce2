"""Where vector generations stand: a folder of this machine, or the bank's Chroma server.

    chroma/CURRENT          the name of the generation in use
    chroma/gen-7/           one finished generation; ``generation.json`` is written last

On a server a generation is a collection of its own, and the pointer is a row of the database, so
that every node follows it. Either way a generation is built aside, verified, and switched to by
moving the pointer; the one before is kept for those who are still reading it.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from copilot.files import make_durable, write_whole
from copilot.knowledge import chroma
from copilot.store.meta import get_meta, set_meta

if TYPE_CHECKING:
    from copilot.settings import Settings
    from copilot.store import Store

KEPT = 2
_COLLECTION = "passages"
_STATE = "generation.json"


@dataclass(frozen=True, slots=True)
class VectorGeneration:
    """A finished generation: the model, length and number of its vectors, and their revision."""

    name: str
    model: str
    dimension: int
    revision: int
    count: int


class Generations(Protocol):
    """The generations of one installation."""

    def current(self) -> VectorGeneration | None:
        """The generation in use, or ``None``."""

    def one_builder(self) -> Any:
        """A context that other builders wait for."""

    def begin(self) -> tuple[str, Any, str]:
        """The name of the generation to build, a Chroma client for it, and its collection."""

    def publish(self, generation: VectorGeneration) -> None:
        """Seals a generation and makes it the current one; older ones go."""

    def collection(self, generation: VectorGeneration) -> Any:
        """The collection of a finished generation."""


def generations_of(store: Store, settings: Settings) -> Generations:
    """Where this installation keeps its vectors."""
    if settings.chroma_url:
        return ServerGenerations(store, settings.chroma_url)
    return VectorFolder(store.data_dir)


class VectorFolder:
    """The generations of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "chroma"
        self._pointer = self.folder / "CURRENT"

    def current(self) -> VectorGeneration | None:
        """The generation in use, or ``None``."""
        try:
            return self._state(self._pointer.read_text().strip())
        except (OSError, ValueError, TypeError):
            return None

    @contextmanager
    def one_builder(self) -> Iterator[None]:
        """Holds the folder; whatever unfinished lies there was left by a killed builder."""
        from filelock import FileLock

        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".build.lock"):
            self._tidy()
            yield

    def begin(self) -> tuple[str, Any, str]:
        """The next name; one that was ever current is not used again, readers may hold it."""
        last = max([0, *map(_number, self._homes()), _number(Path(self._pointed_at()))])
        name = f"gen-{last + 1}"
        return name, chroma.local_client(self.folder / name), _COLLECTION

    def publish(self, generation: VectorGeneration) -> None:
        """Seals a generation on disk and makes it the current one; older ones go."""
        home = self.folder / generation.name
        (home / _STATE).write_text(json.dumps(asdict(generation)))
        make_durable(home)
        write_whole(self._pointer, generation.name)
        self._tidy()

    def collection(self, generation: VectorGeneration) -> Any:
        """The collection of a finished generation."""
        return chroma.local_collection(self.folder / generation.name, _COLLECTION)

    def _tidy(self) -> None:
        finished = [path for path in self._homes() if (path / _STATE).is_file()]
        kept = {path.name for path in finished[-KEPT:]} | {self._pointed_at()}
        for path in self._homes():
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def _pointed_at(self) -> str:
        with suppress(OSError, ValueError):
            return self._pointer.read_text().strip()
        return ""

    def _homes(self) -> list[Path]:
        return sorted(self.folder.glob("gen-[0-9]*"), key=_number)

    def _state(self, name: str) -> VectorGeneration:
        return VectorGeneration(**json.loads((self.folder / name / _STATE).read_text()))


class ServerGenerations:
    """Generations as collections of a Chroma server that several installations may share."""

    _POINTER = "vector_generation"
    _SERIES = "vector_series"

    def __init__(self, store: Store, url: str) -> None:
        self._store = store
        self._url = url

    def current(self) -> VectorGeneration | None:
        """The generation in use, or ``None``."""
        with self._store.read() as connection:
            value = get_meta(connection, self._POINTER)
        return None if value is None else VectorGeneration(**json.loads(value))

    @contextmanager
    def one_builder(self) -> Iterator[None]:
        """No wait: names are given out by the database, so builders do not meet."""
        yield

    def begin(self) -> tuple[str, Any, str]:
        """A name that no builder of any node has or will have."""
        with self._store.transaction() as connection:
            series = get_meta(connection, self._SERIES) or f"{uuid.uuid4().hex[:8]}:0"
            prefix, last = series.split(":")
            set_meta(connection, self._SERIES, f"{prefix}:{int(last) + 1}")
        name = f"copilot-{prefix}-{int(last) + 1}"
        return name, chroma.server_client(self._url), name

    def publish(self, generation: VectorGeneration) -> None:
        """Points every node at a generation, unless they are at newer knowledge already."""
        with self._store.transaction() as connection:
            value = get_meta(connection, self._POINTER)
            before = VectorGeneration(**json.loads(value)) if value else None
            if before is not None and before.revision > generation.revision:
                return
            set_meta(connection, self._POINTER, json.dumps(asdict(generation)))
        self._tidy(generation.name, before.name if before else "")

    def collection(self, generation: VectorGeneration) -> Any:
        """The collection of a finished generation."""
        return chroma.server_collection(self._url, generation.name)

    def _tidy(self, current: str, before: str) -> None:
        # Higher numbers may be in the making on another node; lower ones are old or were left.
        prefix, _, number = current.rpartition("-")
        with chroma.chroma_errors():
            client = chroma.server_client(self._url)
            for collection in client.list_collections(limit=1000):
                series, _, other = collection.name.rpartition("-")
                old = series == prefix and other.isdigit() and int(other) < int(number)
                if old and collection.name != before:
                    client.delete_collection(collection.name)


def _number(home: Path) -> int:
    digits = home.name.removeprefix("gen-")
    return int(digits) if digits.isdigit() else 0
