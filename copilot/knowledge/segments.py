"""What the lexical index file holds, and how a build adds a segment to it."""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable

from copilot.knowledge import terms as term_rules
from copilot.knowledge.postings import packed
from copilot.knowledge.terms import terms
from copilot.records.knowledge import Passage

FORMAT = f"4.{term_rules.VERSION}"
OPEN_END = "9999-12-31"
HEADING = 2
"""How often a word of the titles above a passage counts: they name the product or the question."""
SCHEMA = """
PRAGMA page_size = 8192;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE passage (
    row INTEGER PRIMARY KEY, passage_id TEXT UNIQUE NOT NULL, document_id TEXT NOT NULL,
    kind TEXT NOT NULL, audience TEXT NOT NULL, branches TEXT NOT NULL, product_code TEXT,
    valid_from TEXT NOT NULL, valid_to TEXT NOT NULL);
CREATE TABLE segment (number INTEGER PRIMARY KEY, lengths BLOB NOT NULL);
CREATE TABLE posting (
    term TEXT, segment INTEGER, block BLOB NOT NULL, PRIMARY KEY (term, segment)) WITHOUT ROWID;
"""


def fill(connection: sqlite3.Connection, revision: int, passages: Iterable[Passage]) -> None:
    """Makes the index hold exactly these passages. An id never changes its content."""
    gone = dict(connection.execute("SELECT passage_id, row FROM passage"))
    number, first = _next_segment(connection)
    segment = _Segment(first)
    for passage in passages:
        if gone.pop(passage.passage_id, None) is None:
            _insert(connection, segment.add(passage), passage)
    connection.executemany(
        "DELETE FROM passage WHERE row = ?", ((row,) for row in sorted(gone.values()))
    )
    if segment.lengths:
        segment.store(connection, number)
    size = connection.execute("SELECT count(*) FROM passage").fetchone()[0]
    connection.executemany(
        "INSERT OR REPLACE INTO meta VALUES (?, ?)",
        [("format", FORMAT), ("revision", str(revision)), ("size", str(size))],
    )
    connection.commit()


def _next_segment(connection: sqlite3.Connection) -> tuple[int, int]:
    """The number of the segment to add, and its first row."""
    number, bytes_so_far = connection.execute(
        "SELECT coalesce(max(number), 0) + 1, coalesce(sum(length(lengths)), 0) FROM segment"
    ).fetchone()
    return number, bytes_so_far // array("i").itemsize


class _Segment:
    """The passages that one build adds."""

    def __init__(self, first: int) -> None:
        self.lengths = array("i")
        self._first = first
        self._rows: dict[str, array[int]] = {}
        self._counts: dict[str, array[int]] = {}

    def add(self, passage: Passage) -> int:
        """Takes a passage in and gives its row."""
        row = self._first + len(self.lengths)
        counts = Counter(terms(passage.heading) * HEADING + terms(passage.text))
        self.lengths.append(counts.total())
        for term, count in counts.items():
            if term not in self._rows:
                self._rows[term], self._counts[term] = array("i"), array("i")
            self._rows[term].append(row)
            self._counts[term].append(count)
        return row

    def store(self, connection: sqlite3.Connection, number: int) -> None:
        """Writes the segment."""
        connection.execute("INSERT INTO segment VALUES (?, ?)", (number, self.lengths.tobytes()))
        connection.executemany(
            "INSERT INTO posting VALUES (?, ?, ?)",
            (
                (term, number, packed(self._rows[term], self._counts[term]))
                for term in sorted(self._rows)
            ),
        )


def _insert(connection: sqlite3.Connection, row: int, passage: Passage) -> None:
    branches = "".join(f"|{branch}|" for branch in passage.branches)
    connection.execute(
        "INSERT INTO passage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row,
            passage.passage_id,
            passage.document_id,
            passage.kind.value,
            passage.audience.value,
            branches,
            passage.product_code,
            passage.valid_from.isoformat() if passage.valid_from else "",
            passage.valid_to.isoformat() if passage.valid_to else OPEN_END,
        ),
    )
