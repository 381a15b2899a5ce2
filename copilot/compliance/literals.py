"""The strings without which an expression cannot match, worked out when a pack is compiled."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import product
from re import _parser  # type: ignore[attr-defined]  # the one reader of expressions there is
from typing import Any

_MOST = 48  # strings of which one must be there; more are not worth asking for
_KEPT = 3
_SEVERAL = 6  # characters of a class that are spelled out

Choice = frozenset[str]
"""Strings of which at least one stands in every match."""


def needs(regex: str) -> list[list[str]]:
    """For each of some parts of an expression, the strings of which a match holds at least one.

    >>> needs("(稳赚|保本)[^。]{0,6}(吗|呢)?(年|月)")
    [['保本', '稳赚'], ['年', '月']]
    >>> needs("[^。]{2,}")
    []
    """
    try:
        parsed = _parser.parse(regex)
    except (re.error, OverflowError):
        return []  # RE2 reads what Python does not
    if parsed.state.flags & re.IGNORECASE:
        return []
    found = dict.fromkeys(_shortest(choice) for choice in _Reader().choices(parsed))
    kept = sorted((choice for choice in found if len(choice) <= _MOST), key=_commonness)[:_KEPT]
    return [sorted(choice) for choice in kept]


def always_holds(regex: str, words: Collection[str]) -> bool:
    """Whether every match of an expression provably holds one of the words.

    >>> always_holds("(跌了|亏了)[^。]{0,6}(算我|找我)", ["跌", "亏"])
    True
    >>> always_holds("(跌了|亏了)?[^。]{0,6}(算我|找我)", ["跌", "亏"])
    False
    """
    try:
        parsed = _parser.parse(regex)
    except (re.error, OverflowError):
        return False
    if parsed.state.flags & re.IGNORECASE:
        return False
    return _holds(_Reader(), parsed, words)


def _holds(reader: _Reader, items: Iterable[tuple[Any, Any]], words: Collection[str]) -> bool:
    run: Choice = frozenset([""])
    for operation, value in items:
        exact = reader.exact(operation, value)
        longer = exact and frozenset(a + b for a, b in product(run, exact))
        if longer and len(longer) <= _MOST:
            run = longer
            continue
        if _each_holds(run, words) or _holds_within(reader, str(operation), value, words):
            return True
        run = exact or frozenset([""])
    return _each_holds(run, words)


def _each_holds(choice: Choice, words: Collection[str]) -> bool:
    return all(any(word in string for word in words) for string in choice)


def _holds_within(reader: _Reader, name: str, value: Any, words: Collection[str]) -> bool:
    if name == "SUBPATTERN":
        return not value[1] & re.IGNORECASE and _holds(reader, value[3], words)
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        return value[0] > 0 and _holds(reader, value[2], words)
    if name == "BRANCH":
        return all(_holds(reader, branch, words) for branch in value[1])
    if name == "IN":
        members = [chr(code) if str(op) == "LITERAL" else None for op, code in value]
        return all(member is not None and member in words for member in members)
    return False


def _shortest(choice: Choice) -> Choice:
    """Without the strings that hold another one of them."""
    return frozenset(s for s in choice if not any(t != s and t in s for t in choice))


def _commonness(choice: Choice) -> tuple[float, list[str]]:
    return sum(16.0 ** -len(string) for string in choice), sorted(choice)


class _Reader:
    """Reads a parsed expression."""

    def choices(self, items: Iterable[tuple[Any, Any]]) -> list[Choice]:
        """What every match of a sequence holds, part by part."""
        found: list[Choice] = []
        run: Choice = frozenset([""])
        for operation, value in items:
            exact = self.exact(operation, value)
            longer = exact and frozenset(a + b for a, b in product(run, exact))
            if longer and len(longer) <= _MOST:
                run = longer
                continue
            found.append(run)
            run = exact or frozenset([""])
            if exact is None:
                found += self._within(operation, value)
        return [choice for choice in (*found, run) if "" not in choice]

    def _within(self, operation: Any, value: Any) -> list[Choice]:
        """What an item that is no finite choice of strings holds all the same."""
        name = str(operation)
        if name == "SUBPATTERN":
            return [] if value[1] & re.IGNORECASE else self.choices(value[3])
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            return self.choices(value[2]) if value[0] else []
        if name == "BRANCH":
            branches = [self.choices(branch) for branch in value[1]]
            if all(branches):
                return [frozenset().union(*(min(b, key=_commonness) for b in branches))]
        return []

    def exact(self, operation: Any, value: Any) -> Choice | None:
        """All strings that an item matches, if they are few; ``None``: they are not."""
        name = str(operation)
        if name == "LITERAL":
            return frozenset([chr(value)])
        if name == "AT":
            return frozenset([""])
        if name == "IN" and len(value) <= _SEVERAL and all(str(op) == "LITERAL" for op, _ in value):
            return frozenset(chr(code) for _, code in value)
        if name == "SUBPATTERN" and not value[1] & re.IGNORECASE:
            return self._sequence(value[3])
        if name == "BRANCH":
            branches = [self._sequence(branch) for branch in value[1]]
            if all(branches):
                return _few(frozenset().union(*(b for b in branches if b)))
        if name in ("MAX_REPEAT", "MIN_REPEAT") and value[:2] == (0, 1):
            once = self._sequence(value[2])
            return once and _few(once | {""})
        return None

    def _sequence(self, items: Iterable[tuple[Any, Any]]) -> Choice | None:
        run: Choice = frozenset([""])
        for operation, value in items:
            exact = self.exact(operation, value)
            if exact is None or len(run) * len(exact) > _MOST:
                return None
            run = frozenset(a + b for a, b in product(run, exact))
        return run


def _few(choice: Choice) -> Choice | None:
    return choice if len(choice) <= _MOST else None
