"""Texts that an expression matches, for the cases of a rule: the subset of RE2 that rules use."""

from __future__ import annotations

from random import Random

_FILLER = "某"
_CLASSES = {"d": "3", "w": "a", "s": " ", "b": ""}


class Sampler:
    """Draws texts from expressions; the same seed draws the same texts.

    Args:
        seed: the seed.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)
        self._regex = ""
        self._at = 0

    def text(self, regex: str) -> str:
        """One text that the expression matches."""
        self._regex, self._at = regex, 0
        return self._alternatives()

    def _alternatives(self) -> str:
        drawn = [self._sequence()]
        while self._next() == "|":
            self._at += 1
            drawn.append(self._sequence())
        return self._random.choice(drawn)

    def _sequence(self) -> str:
        pieces: list[str] = []
        while (self._next() or "|") not in "|)":
            pieces.append(self._repeated(self._atom()))
        return "".join(pieces)

    def _atom(self) -> str:
        character = self._take()
        if character == "(":
            if self._regex.startswith("?:", self._at):
                self._at += 2
            inner = self._alternatives()
            self._at += 1
            return inner
        if character == "[":
            return self._one_of()
        if character == "\\":
            escaped = self._take()
            return _CLASSES.get(escaped, escaped)
        return {".": _FILLER, "^": "", "$": ""}.get(character, character)

    def _one_of(self) -> str:
        negated = self._next() == "^"
        self._at += negated
        members: list[str] = []
        while self._next() != "]":
            character = self._take()
            if character == "\\":
                escaped = self._take()
                character = _CLASSES.get(escaped, escaped)
            members.append(character)
        self._at += 1
        if not negated:
            return self._random.choice([m for m in members if m not in ".-"] or members)
        return next(c for c in (_FILLER, "甲", "x") if c not in members)

    def _repeated(self, piece: str) -> str:
        mark = self._next()
        if mark == "{":
            end = self._regex.index("}", self._at)
            low = self._regex[self._at + 1 : end].partition(",")[0]
            self._at = end + 1
            return piece * int(low or 0)
        if mark and mark in "?*+":
            self._at += 1
            self._at += self._next() == "?"
            return piece if mark == "+" or self._random.random() < 0.4 else ""
        return piece

    def _next(self) -> str:
        return self._regex[self._at : self._at + 1]

    def _take(self) -> str:
        self._at += 1
        return self._regex[self._at - 1]
