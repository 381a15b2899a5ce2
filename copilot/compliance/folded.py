"""A folded text that knows where each of its characters stood in the original."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Edit = tuple[int, int, str]


class Folded:
    """A folded text with the way back: each folding keeps its edits and what it was done to.

    >>> Folded("保  本").edited([(1, 3, "")]).span(0, 2)
    (0, 4)
    """

    __slots__ = ("_before", "_edits", "_placed", "text")

    def __init__(self, text: str, before: Folded | None = None, edits: Sequence[Edit] = ()) -> None:
        self.text = text
        self._before = before
        self._edits = edits
        self._placed: list[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the original, in code points, of ``text[start:end]``."""
        if self._before is None:
            return start, end
        if start >= end:
            length = len(self.text)
            position = self._origin(start, 0) if start < length else self._origin(length - 1, 1)
            return position, position
        return self._origin(start, 0), self._origin(end - 1, 1)

    def edited(self, edits: Iterable[Edit]) -> Folded:
        """This text with each ``(start, end, replacement)`` applied; edits are in order."""
        kept = list(edits)
        if not kept:
            return self
        parts: list[str] = []
        done = 0
        for start, end, replacement in kept:
            parts += (self.text[done:start], replacement)
            done = end
        parts.append(self.text[done:])
        return Folded("".join(parts), self, kept)

    def _origin(self, position: int, side: int) -> int:
        """Where the character at ``position`` starts (side 0) or ends (side 1) in the original."""
        folded: Folded = self
        while folded._before is not None:
            if position < 0:
                return 0
            position = folded._earlier(position, side)
            folded = folded._before
        return position + side

    def _earlier(self, position: int, side: int) -> int:
        """The character before the last folding that the one at ``position`` came from."""
        if self._placed is None:
            shift, self._placed = 0, []
            for start, end, replacement in self._edits:
                self._placed.append(start + shift)
                shift += len(replacement) - (end - start)
        index = bisect_right(self._placed, position) - 1
        if index < 0:
            return position
        start, end, replacement = self._edits[index]
        within = position - self._placed[index]
        if within >= len(replacement):
            return end + within - len(replacement)
        if len(replacement) == end - start:
            return start + within
        return end - 1 if side else start
