"""Expressions as RE2 runs them: over bytes, in time linear in the text."""

from __future__ import annotations

from collections.abc import Sequence

from copilot.compliance.spans import Span

_NOWHERE = (-1, -1)


class Expression:
    """One compiled expression.

    >>> Expression("收益|保本").spans("保本,收益高".encode())
    [(0, 2), (3, 5)]
    """

    __slots__ = ("_anywhere", "_match")

    def __init__(self, regex: str) -> None:
        import re2

        options = re2.Options()
        options.never_capture = True  # only where it matches is asked, not how
        # The module's own match objects take longer to make than most expressions to run.
        self._match = re2.compile(regex, options)._regexp.Match
        self._anywhere = re2._Anchor.UNANCHORED

    def matches(self, encoded: bytes) -> bool:
        """Whether any part of a text matches."""
        found: Span = self._match(self._anywhere, encoded, 0, len(encoded))[0]
        return found != _NOWHERE

    def spans(self, encoded: bytes) -> Sequence[Span]:
        """Where a text matches, in characters, left to right."""
        match, anywhere, length = self._match, self._anywhere, len(encoded)
        first, last = match(anywhere, encoded, 0, length)[0]
        if first < 0:
            return ()
        found: list[Span] = []
        read = characters = 0
        while first >= 0:
            start = characters + len(encoded[read:first].decode())
            characters, read = start + len(encoded[first:last].decode()), last
            found.append((start, characters))
            at = last if first < last else _next_character(encoded, last)
            if at > length:
                break
            first, last = match(anywhere, encoded, at, length)[0]
        return found


def _next_character(encoded: bytes, position: int) -> int:
    """Where the next character starts behind one that starts at a position."""
    position += 1
    while position < len(encoded) and encoded[position] & 0xC0 == 0x80:
        position += 1
    return position
