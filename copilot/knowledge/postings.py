"""Scoring: which rows hold a term and how often, and BM25 summed over a question's terms.

A term's postings are one block of bytes: the rows in ascending order, four bytes each, then how
often each has the term, one byte each. The same sums are made twice over: a short question on a
small index is summed in plain Python, because importing numpy costs a cold search more than the
sum; everything else in numpy. Both add in the same order, so they agree to the last bit.
"""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

K1, B = 1.2, 0.75
"""BM25's saturation and length correction: the usual ones. Other values gain nothing on held-out
questions."""

FEW = 8_000
"""Postings that plain Python sums faster than numpy is imported."""

_ROW = "i"
_ROW_BYTES = array(_ROW).itemsize
_MOST = 255

Posting = tuple[float, bytes]
"""A term's weight in the question with its postings."""


def packed(rows: Sequence[int], counts: Sequence[int]) -> bytes:
    """The postings of a term."""
    return array(_ROW, rows).tobytes() + bytes(min(count, _MOST) for count in counts)


def number_of(block: bytes) -> int:
    """How many rows the postings name."""
    return len(block) // (_ROW_BYTES + 1)


def rows_of(block: bytes) -> array[int]:
    """The rows that the postings name."""
    rows = array(_ROW)
    rows.frombytes(block[: number_of(block) * _ROW_BYTES])
    return rows


def inverse_frequency(size: int, having: int) -> float:
    """How telling a term is that ``having`` of ``size`` passages have; never below zero."""
    return math.log(1 + (size - having + 0.5) / (having + 0.5))


class Lengths:
    """The number of terms of every row, zero for one that is gone."""

    def __init__(self, lengths: array[int], size: int) -> None:
        self.lengths = lengths
        self._mean = sum(lengths) / size if size else 1.0
        self._norms: np.ndarray | None = None

    def norm(self, length: int) -> float:
        """What a passage of this length adds below the line of BM25."""
        return K1 * (1 - B + B * (length / self._mean))

    def norms(self) -> np.ndarray:
        """``norm`` of every row."""
        import numpy as np

        if self._norms is None:
            lengths = np.frombuffer(self.lengths, dtype=np.int32)
            self._norms = K1 * (1 - B + B * (lengths / self._mean))
        return self._norms


def best(
    postings: Sequence[Posting], lengths: Lengths, allowed: bytearray, limit: int
) -> Mapping[int, float]:
    """The best scores by row among allowed rows; rows as good as the last of them are all in."""
    if sum(number_of(block) for _, block in postings) <= FEW:
        return _best_of_few(postings, lengths, allowed, limit)
    return _best_of_many(postings, lengths, allowed, limit)


def _best_of_few(
    postings: Sequence[Posting], lengths: Lengths, allowed: bytearray, limit: int
) -> Mapping[int, float]:
    scores: dict[int, float] = {}
    for weight, block in postings:
        rows = rows_of(block)
        for row, count in zip(rows, block[len(rows) * _ROW_BYTES :], strict=True):
            if allowed[row]:
                norm = lengths.norm(lengths.lengths[row])
                gain = weight * (count * (K1 + 1) / (count + norm))
                scores[row] = scores.get(row, 0.0) + gain
    if len(scores) <= limit:
        return scores
    floor = heapq.nlargest(limit, scores.values())[-1]
    return {row: score for row, score in scores.items() if score >= floor}


def _best_of_many(
    postings: Sequence[Posting], lengths: Lengths, allowed: bytearray, limit: int
) -> Mapping[int, float]:
    import numpy as np

    norms = lengths.norms()
    scores = np.zeros(len(norms))
    for weight, block in postings:
        split = number_of(block) * _ROW_BYTES
        rows = np.frombuffer(block, dtype=np.int32, count=split // _ROW_BYTES)
        counts = np.frombuffer(block, dtype=np.uint8, offset=split).astype(np.float64)
        scores[rows] += weight * (counts * (K1 + 1) / (counts + norms[rows]))
    scores[np.frombuffer(allowed, dtype=np.uint8) == 0] = 0.0
    floor = np.partition(scores, -limit)[-limit] if len(scores) > limit else 0.0
    found = np.flatnonzero((scores >= floor) & (scores > 0.0))
    return dict(zip(found.tolist(), scores[found].tolist(), strict=True))
