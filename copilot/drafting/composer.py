"""Join filled pieces into one text without losing where each figure stands."""

from __future__ import annotations

from dataclasses import replace

from copilot.drafting.fill import Filled
from copilot.records.draft import Figure


class Composer:
    """A text under construction.

    >>> composer = Composer()
    >>> rate = Filled("1.45%", (Figure("1.45%", 0, 5, "product.rate_bp"),))
    >>> Composer().add("年利率").add(rate).filled.figures[0].start
    3
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._figures: list[Figure] = []
        self._length = 0

    def add(self, piece: str | Filled) -> Composer:
        """Append literal text or a filled piece."""
        filled = Filled(piece, ()) if isinstance(piece, str) else piece
        self._figures += [
            replace(figure, start=figure.start + self._length, end=figure.end + self._length)
            for figure in filled.figures
        ]
        self._pieces.append(filled.text)
        self._length += len(filled.text)
        return self

    def line(self, *pieces: str | Filled) -> Composer:
        """Append pieces as a line of their own."""
        if self._length:
            self.add("\n")
        for piece in pieces:
            self.add(piece)
        return self

    @property
    def filled(self) -> Filled:
        """The text so far with its figures."""
        return Filled("".join(self._pieces), tuple(self._figures))
