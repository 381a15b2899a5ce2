"""Codes that know what people read for them."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Labelled(StrEnum):
    """A code, and ``shown``, what people read for it.

    >>> class Answer(Labelled):
    ...     YES = "yes", "是"
    >>> Answer("yes").shown, f"{Answer.YES}"
    ('是', 'yes')
    """

    shown: str

    # The default is for type checkers, which take ``Answer("yes")`` for this call.
    def __new__(cls, code: str, shown: str = "") -> Self:
        """A member from its code and its words."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.shown = shown
        return member
