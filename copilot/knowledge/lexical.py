"""The lexical index: BM25 over index terms in an SQLite FTS5 file beside the database.

The file is disposable. It holds one revision of the knowledge, is built aside and swapped in whole,
and is never written afterwards, so a reader sees the old one or the new one. What changed is copied
over from the file before; a file that is missing, damaged or of another format is built anew.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from copilot.knowledge import terms as term_rules
from copilot.knowledge.terms import terms
from copilot.records.codes import Audience, PassageKind
from copilot.records.knowledge import Passage

FORMAT = f"2.{term_rules.VERSION}"
LARGE_INDEX = 20_000
"""Passages. From here on query terms found in more than `COMMON` of them are not scored: they
cost most of the time and decide almost nothing (measured: 243 to 71 ms for 0.007 nDCG)."""
COMMON = 0.15

_OPEN_END = "9999-12-31"
_FILE_NAME = "lexical.db"
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE passage (
    row INTEGER PRIMARY KEY, passage_id TEXT UNIQUE NOT NULL, document_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    audience TEXT NOT NULL, branches TEXT NOT NULL, product_code TEXT,
    valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, indexed TEXT NOT NULL);
CREATE VIRTUAL TABLE fts USING fts5(
    body, content='', tokenize="unicode61 remove_diacritics 0 tokenchars '.'");
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(fts, 'row');
"""


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
    """How telling each query term is: its inverse document frequency in this index."""

    idf: Mapping[str, float]

    def share(self, found: Iterable[str]) -> float:
        """The weight of the found terms as a share (0 to 1) of the whole query's."""
        whole = sum(self.idf.values())
        return sum(self.idf.get(term, 0.0) for term in set(found)) / whole if whole else 0.0


class LexicalIndex:
    """One revision, opened for reading; use it in the thread that opened it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        if meta.get("format") != FORMAT:
            raise sqlite3.DatabaseError("another index format")
        self.revision = int(meta["revision"])
        self.size = int(meta["size"])

    def ranked(self, query: Iterable[str], scope: Scope, limit: int) -> list[tuple[str, float]]:
        """The best passage ids with BM25 scores (larger is better, never zero), best first."""
        scored = self._scored(dict.fromkeys(query))
        if not scored:
            return []
        match = " OR ".join(f'"{term}"' for term in scored)
        conditions, values = _conditions(scope)
        rows = self._connection.execute(
            "SELECT passage.passage_id, -bm25(fts) AS score FROM fts "
            "JOIN passage ON passage.row = fts.rowid "
            f"WHERE fts MATCH ? AND {' AND '.join(conditions)} "
            "ORDER BY score DESC, passage.passage_id LIMIT ?",
            (match, *values, limit),
        )
        return [(passage_id, score) for passage_id, score in rows if score > 0]

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
                term: math.log(1 + (self.size - n + 0.5) / (n + 0.5))
                for term in dict.fromkeys(query)
                for n in (self._frequency(term),)
            }
        )

    def passage_ids(self) -> dict[str, int]:
        """Every indexed passage with its row."""
        return dict(self._connection.execute("SELECT passage_id, row FROM passage"))

    def close(self) -> None:
        """Releases the file."""
        self._connection.close()

    def _scored(self, query: Iterable[str]) -> list[str]:
        if self.size < LARGE_INDEX:
            return list(query)
        frequencies = {term: self._frequency(term) for term in query}
        telling = [term for term, n in frequencies.items() if n <= COMMON * self.size]
        return telling or list(frequencies)

    def _frequency(self, term: str) -> int:
        row = self._connection.execute(
            "SELECT doc FROM vocabulary WHERE term = ?", (term,)
        ).fetchone()
        return int(row[0]) if row else 0


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
            aside = self.folder / f"{_FILE_NAME}.{uuid.uuid4().hex}.tmp"
            try:
                base = None if anew else self.open()
                if base is not None and base.revision == revision:
                    return  # another process was faster
                if base is not None:
                    shutil.copyfile(self.path, aside)
                _write(aside, revision, passages, copied=base is not None)
                os.replace(aside, self.path)
                _sync(self.folder)
            except sqlite3.Error as error:
                raise OSError(f"lexical index: {error}") from error
            finally:
                aside.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _one_builder(self) -> Iterator[None]:
        from filelock import FileLock

        with FileLock(self.folder / ".build.lock"):
            # Whoever left these was killed: builders are alone here.
            for left in self.folder.glob(f"{_FILE_NAME}.*.tmp*"):
                left.unlink(missing_ok=True)
            yield


def index_in_memory(revision: int, passages: Iterable[Passage]) -> LexicalIndex:
    """An index of these passages that is never written to disk."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(_SCHEMA)
    _fill(connection, revision, passages)
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
            connection.executescript(_SCHEMA)
        _fill(connection, revision, passages)
    finally:
        connection.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _fill(connection: sqlite3.Connection, revision: int, passages: Iterable[Passage]) -> None:
    """Makes the index hold exactly these passages. An id never changes its content."""
    gone = dict(connection.execute("SELECT passage_id, row FROM passage"))
    last = max(gone.values(), default=0)
    for passage in passages:
        if gone.pop(passage.passage_id, None) is None:
            last += 1
            _insert(connection, last, passage)
    for row in gone.values():
        _delete(connection, row)
    size = connection.execute("SELECT count(*) FROM passage").fetchone()[0]
    connection.executemany(
        "INSERT OR REPLACE INTO meta VALUES (?, ?)",
        [("format", FORMAT), ("revision", str(revision)), ("size", str(size))],
    )
    connection.commit()


def _insert(connection: sqlite3.Connection, row: int, passage: Passage) -> None:
    indexed = f"{passage.heading}\n{passage.text}"
    branches = "".join(f"|{branch}|" for branch in passage.branches)
    connection.execute(
        "INSERT INTO passage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row,
            passage.passage_id,
            passage.document_id,
            passage.kind.value,
            passage.audience.value,
            branches,
            passage.product_code,
            passage.valid_from.isoformat() if passage.valid_from else "",
            passage.valid_to.isoformat() if passage.valid_to else _OPEN_END,
            indexed,
        ),
    )
    connection.execute("INSERT INTO fts (rowid, body) VALUES (?, ?)", (row, _body(indexed)))


def _delete(connection: sqlite3.Connection, row: int) -> None:
    # The index keeps no text of its own, so it is told which terms to take out.
    (indexed,) = connection.execute("SELECT indexed FROM passage WHERE row = ?", (row,)).fetchone()
    connection.execute(
        "INSERT INTO fts (fts, rowid, body) VALUES ('delete', ?, ?)", (row, _body(indexed))
    )
    connection.execute("DELETE FROM passage WHERE row = ?", (row,))


def _body(indexed: str) -> str:
    return " ".join(terms(indexed))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
