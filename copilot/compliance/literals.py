"""The strings without which an expression cannot match, worked out when a pack is compiled."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import product
from re import _parser  # type: ignore[attr-defined]  # the one reader of expressions there is
from typing import Any

_MOST = 128  # strings of which one must be there; more are not worth asking for
_KEPT = 4
_SEVERAL = 12  # characters of a class that are spelled out
_TIMES = 4  # repetitions that are spelled out
_READ_OTHERWISE = re.compile(r"\[:\^?[a-z]+:\]|\{,")  # [[:alpha:]] and x{,3}

Choice = frozenset[str]
"""Strings of which at least one stands in every match."""

Ways = list[list[list[str]]]
"""The ways to match; each is the choices that such a match holds, the rarest first."""


def ways(regex: str, anchors: Collection[str], prose: str = "") -> Ways:
    """The ways in which an expression can match, with what each cannot do without.

    Args:
        regex: the expression.
        anchors: words of which one must stand in the text besides (a closing ``*``: any ending).
        prose: ordinary text, which shows how common a string is.

    >>> ways("(稳赚|保本)[^。]{0,6}(年|月)|零风险", ["稳赚", "保本", "零风险"])
    [[['保本', '稳赚'], ['年', '月']], [['零风险']]]
    >>> ways("[^。]{2,}", ["收益"])
    [[['收益']]]
    """
    stems = frozenset(anchor.removesuffix("*") or anchor for anchor in anchors)
    found = {
        tuple(tuple(sorted(choice)) for choice in _needed(branch, stems, prose)): None
        for branch in _branches(_parsed(regex))
    }
    return [[list(choice) for choice in way] for way in found]


def _needed(branch: Iterable[tuple[Any, Any]], anchors: Choice, prose: str) -> list[Choice]:
    found = dict.fromkeys(_shortest(choice) for choice in _Reader().choices(branch))
    if not any(_each_holds(choice, anchors) for choice in found):
        found[anchors] = None
    telling = sorted((c for c in found if len(c) <= _MOST), key=partial(_commonness, prose=prose))
    return telling[:_KEPT] or [anchors]


def _parsed(regex: str) -> Iterable[tuple[Any, Any]]:
    """An expression as Python reads it; nothing where RE2 reads it otherwise."""
    if _READ_OTHERWISE.search(regex):
        return ()
    try:
        parsed = _parser.parse(regex)
    except (re.error, OverflowError):
        return ()
    return () if parsed.state.flags & re.IGNORECASE else parsed


def _branches(items: Iterable[tuple[Any, Any]]) -> Iterator[Iterable[tuple[Any, Any]]]:
    """The alternatives that an expression as a whole consists of."""
    sequence = list(items)
    if len(sequence) == 1:
        operation, value = sequence[0]
        if str(operation) == "BRANCH":
            for branch in value[1]:
                yield from _branches(branch)
            return
        if str(operation) == "SUBPATTERN" and not value[1] & re.IGNORECASE:
            yield from _branches(value[3])
            return
    yield sequence


def always_holds(regex: str, words: Collection[str]) -> bool:
    """Whether every match of an expression provably holds one of the words.

    >>> always_holds("(跌了|亏了)[^。]{0,6}(算我|找我)", ["跌", "亏"])
    True
    >>> always_holds("(跌了|亏了)?[^。]{0,6}(算我|找我)", ["跌", "亏"])
    False
    """
    return _holds(_Reader(), _parsed(regex), words)


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


def _commonness(choice: Choice, prose: str = "") -> tuple[float, list[str]]:
    """How often one of the strings is met: as often as in the prose, and a short one oftener."""
    met = sum(prose.count(string) + 64.0 * 16.0 ** -len(string) for string in choice)
    return met, sorted(choice)


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
        if name == "IN":
            return _members(value)
        if name == "SUBPATTERN" and not value[1] & re.IGNORECASE:
            return self._sequence(value[3])
        if name == "BRANCH":
            branches = [self._sequence(branch) for branch in value[1]]
            if all(branches):
                return _few(frozenset().union(*(b for b in branches if b)))
        if name in ("MAX_REPEAT", "MIN_REPEAT") and value[1] <= _TIMES:
            return self._repeated(value[0], value[1], self._sequence(value[2]))
        return None

    def _repeated(self, least: int, most: int, once: Choice | None) -> Choice | None:
        if once is None or len(once) ** int(most) > _MOST:
            return None
        runs = [
            "".join(run) for times in range(least, most + 1) for run in product(*[once] * times)
        ]
        return _few(frozenset(runs))

    def _sequence(self, items: Iterable[tuple[Any, Any]]) -> Choice | None:
        run: Choice = frozenset([""])
        for operation, value in items:
            exact = self.exact(operation, value)
            if exact is None or len(run) * len(exact) > _MOST:
                return None
            run = frozenset(a + b for a, b in product(run, exact))
        return run


def _members(items: Iterable[tuple[Any, Any]]) -> Choice | None:
    """The characters of a class, if they are few."""
    members: set[str] = set()
    for operation, value in items:
        name = str(operation)
        if name == "LITERAL":
            members.add(chr(value))
        elif name == "RANGE" and value[1] - value[0] < _SEVERAL:
            members.update(map(chr, range(value[0], value[1] + 1)))
        else:
            return None
    return frozenset(members) if len(members) <= _SEVERAL else None


def _few(choice: Choice) -> Choice | None:
    return choice if len(choice) <= _MOST else None
