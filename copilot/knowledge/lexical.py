"""The lexical index: BM25 over index terms, kept in an SQLite file beside the database.

The file is disposable. It holds one revision of the knowledge, is built aside and swapped in whole,
and is never written afterwards, so a reader sees the old one or the new one. What changed goes into
a new segment of a copy of the file before; a file that is missing, damaged, of another format or
in too many segments is built anew.
"""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import sqlite3
import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from copilot.files import left_behind, whole_file
from copilot.knowledge.postings import (
    Lengths,
    Posting,
    best,
    inverse_frequency,
    number_of,
    rows_of,
)
from copilot.knowledge.segments import FORMAT, SCHEMA, fill
from copilot.records.codes import Audience, PassageKind
from copilot.records.knowledge import Passage

MOST_SEGMENTS = 12
MOST_GONE = 0.2
"""Share of rows that may be of passages that are gone before the file is built anew."""

_FILE_NAME = "lexical.db"
_KEPT_SCOPES = 16
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """Which passages may be found at all; ``None`` means no limit of that kind.

    ``on_sale`` limits product passages to these codes; ``withheld`` are documents that grants keep
    from the reader.
    """

    as_of: date
    audience: Audience = Audience.INTERNAL
    kind: PassageKind | None = None
    branches: frozenset[str] | None = None
    product_code: str | None = None
    on_sale: frozenset[str] | None = None
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Weights:
    """How telling each query term is: its inverse document frequency in this index.

    ``rarest`` is that of a term that no passage has.
    """

    idf: Mapping[str, float]
    rarest: float

    @property
    def whole(self) -> float:
        """The weight of the whole query, the same in whatever order its terms stand."""
        return math.fsum(self.idf.values())

    def share(self, found: Iterable[str]) -> float:
        """The weight of the found terms as a share (0 to 1) of the whole query's.

        >>> weights = Weights({"利率": 0.1, "提前": 0.2, "支取": 0.3}, 1.0)
        >>> weights.share(["支取", "利率", "提前"])  # added up in whatever order
        1.0
        """
        found_weight = math.fsum(self.idf.get(term, 0.0) for term in set(found))
        return found_weight / self.whole if self.idf else 0.0


class LexicalIndex:
    """One revision, opened for reading; use it in the thread that opened it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        if meta.get("format") != FORMAT:
            raise sqlite3.DatabaseError("another index format")
        self.revision = int(meta["revision"])
        self.size = int(meta["size"])
        self._lengths = Lengths(_live_lengths(connection), self.size)
        self._whole = self.size == len(self._lengths.lengths)
        self._allowed: dict[Scope, bytearray] = {}

    def ranked(
        self, query: Iterable[str] | Mapping[str, float], scope: Scope, limit: int
    ) -> list[tuple[str, float]]:
        """The best passage ids with BM25 scores (larger is better, never zero), best first.

        Terms count once each, or as much as a mapping says.
        """
        weights = query if isinstance(query, Mapping) else dict.fromkeys(query, 1.0)
        postings: list[Posting] = []
        for term, weight in weights.items():
            blocks, having = self._blocks(term)
            idf = weight * inverse_frequency(self.size, having)
            postings += [(idf, block) for block in blocks]
        scores = best(postings, self._lengths, self._rows_in(scope), limit)
        ids = self._ids(list(scores))
        found = sorted((-score, ids[row]) for row, score in scores.items())
        return [(passage_id, -score) for score, passage_id in found[:limit]]

    def allowed(self, passage_ids: Sequence[str], scope: Scope) -> set[str]:
        """Which of these passages are in scope."""
        conditions, values = _conditions(scope)
        marks = ",".join("?" * len(passage_ids))
        rows = self._connection.execute(
            f"SELECT passage_id FROM passage WHERE passage_id IN ({marks}) "
            f"AND {' AND '.join(conditions)}",
            (*passage_ids, *values),
        )
        return {row[0] for row in rows}

    def weights(self, query: Iterable[str]) -> Weights:
        """The weights of query terms; one that no passage has weighs most."""
        return Weights(
            {
                term: inverse_frequency(self.size, self._blocks(term)[1])
                for term in dict.fromkeys(query)
            },
            inverse_frequency(self.size, 0),
        )

    def can_grow(self) -> bool:
        """Whether another segment is cheaper in the long run than an index built anew."""
        segments = self._connection.execute("SELECT count(*) FROM segment").fetchone()[0]
        rows = len(self._lengths.lengths)
        return bool(segments < MOST_SEGMENTS and rows - self.size <= MOST_GONE * rows)

    def close(self) -> None:
        """Releases the file."""
        self._connection.close()

    def _blocks(self, term: str) -> tuple[list[bytes], int]:
        """A term's postings by segment, and how many passages that are still there have it."""
        found = self._connection.execute(
            "SELECT block FROM posting WHERE term = ? ORDER BY segment", (term,)
        )
        blocks = [block for (block,) in found]
        if self._whole:
            return blocks, sum(map(number_of, blocks))
        lengths = self._lengths.lengths
        return blocks, sum(1 for block in blocks for row in rows_of(block) if lengths[row])

    def _rows_in(self, scope: Scope) -> bytearray:
        """One byte a row: whether it may be found."""
        kept = self._allowed.get(scope)
        if kept is None:
            if len(self._allowed) >= _KEPT_SCOPES:
                self._allowed.clear()
            kept = self._allowed[scope] = bytearray(len(self._lengths.lengths))
            conditions, values = _conditions(scope)
            for (row,) in self._connection.execute(
                f"SELECT row FROM passage WHERE {' AND '.join(conditions)}", values
            ):
                kept[row] = 1
        return kept

    def _ids(self, rows: Sequence[int]) -> dict[int, str]:
        ids: dict[int, str] = {}
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            ids.update(
                self._connection.execute(
                    f"SELECT row, passage_id FROM passage WHERE row IN ({marks})", part
                )
            )
        return ids


def _live_lengths(connection: sqlite3.Connection) -> array[int]:
    lengths = array("i")
    for (block,) in connection.execute("SELECT lengths FROM segment ORDER BY number"):
        lengths.frombytes(block)
    live = bytearray(len(lengths))
    for (row,) in connection.execute("SELECT row FROM passage"):
        live[row] = 1
    if not all(live):
        lengths = array("i", (n if there else 0 for n, there in zip(lengths, live, strict=True)))
    return lengths


def _conditions(scope: Scope) -> tuple[list[str], list[str]]:
    day = scope.as_of.isoformat()
    conditions, values = ["valid_from <= ?", "? < valid_to"], [day, day]
    if scope.audience is Audience.CUSTOMER:
        conditions.append("audience = 'customer' AND kind <> 'script'")
    if scope.kind is not None:
        conditions.append("kind = ?")
        values.append(scope.kind.value)
    if scope.product_code is not None:
        conditions.append("product_code = ?")
        values.append(scope.product_code)
    if scope.branches is not None:
        reached = " OR ".join(["branches = ''", *["instr(branches, ?) > 0"] * len(scope.branches)])
        conditions.append(f"({reached})")
        values += [f"|{branch}|" for branch in sorted(scope.branches)]
    if scope.on_sale is not None:
        marks = ",".join("?" * len(scope.on_sale))
        conditions.append(f"(kind <> 'product' OR product_code IN ({marks}))")
        values += sorted(scope.on_sale)
    if scope.withheld:
        conditions.append("document_id NOT IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(scope.withheld)))
    return conditions, values


@dataclass(frozen=True, slots=True)
class _Held:
    stamp: tuple[int, int, int]
    index: LexicalIndex


class IndexFolder:
    """Where the index lives: opens the current revision, and brings it up to date."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "index"
        self.path = self.folder / _FILE_NAME
        self._local = threading.local()

    def open(self) -> LexicalIndex | None:
        """The index as it is on disk now, or ``None`` when there is none that can be read."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        held: _Held | None = getattr(self._local, "held", None)
        if held is not None and held.stamp == stamp:
            return held.index
        self.forget()
        try:
            index = LexicalIndex(_open_file(self.path))
        except (sqlite3.Error, KeyError, ValueError):
            return None
        self._local.held = _Held(stamp, index)
        return index

    def forget(self) -> None:
        """Closes what this thread holds open."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is not None:
            held.index.close()
        self._local.held = None

    def in_memory(self, revision: int, passages: Iterable[Passage]) -> LexicalIndex:
        """The index without a file, for when the folder cannot be written; kept for this thread."""
        kept: LexicalIndex | None = getattr(self._local, "in_memory", None)
        if kept is None or kept.revision != revision:
            kept = index_in_memory(revision, passages)
            self._local.in_memory = kept
        return kept

    def build(self, revision: int, passages: Iterable[Passage], *, anew: bool = False) -> None:
        """Puts an index of these passages in place; unchanged ones are copied from the last.

        Raises:
            OSError: the folder cannot be written, or the disk is full.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._one_builder():
            base = None if anew else self.open()
            if base is not None and base.revision == revision:
                return  # another process was faster
            try:
                copied = base is not None and base.can_grow()
                with whole_file(self.path) as aside:
                    if copied:
                        shutil.copyfile(self.path, aside)
                    _write(aside, revision, passages, copied=copied)
            except sqlite3.Error as error:
                raise OSError(f"lexical index: {error}") from error

    @contextlib.contextmanager
    def _one_builder(self) -> Iterator[None]:
        from filelock import FileLock

        with FileLock(self.folder / ".build.lock"):
            # Whoever left these was killed: builders are alone here.
            for left in left_behind(self.path):
                left.unlink(missing_ok=True)
            yield


def index_in_memory(revision: int, passages: Iterable[Passage]) -> LexicalIndex:
    """An index of these passages that is never written to disk."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    fill(connection, revision, passages)
    return LexicalIndex(connection)


def _open_file(path: Path) -> sqlite3.Connection:
    # Immutable: the file is never written after its swap, so no lock or journal is looked for.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _write(path: Path, revision: int, passages: Iterable[Passage], *, copied: bool) -> None:
    connection = sqlite3.connect(path)
    try:
        # No journal: an unfinished file is thrown away whole.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        if not copied:
            connection.executescript(SCHEMA)
        fill(connection, revision, passages)
    finally:
        connection.close()
