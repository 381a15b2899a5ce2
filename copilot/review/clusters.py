"""Near-identical texts stand together in the queue, and what differs is shown once.

Exact Jaccard similarity over character shingles: at the size of a review queue nothing has to be
estimated.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_SHINGLE = 4  # characters
_ISLAND = 2  # equal characters that are too few to part two differences


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a text leaves the one it is compared with; an empty side was added or left out."""

    base: str
    other: str

    def as_json(self) -> dict[str, str]:
        """The difference as ``template queue`` lists it."""
        return {"base": self.base, "other": self.other}


def clusters(texts: Mapping[str, str], alike: float) -> list[list[str]]:
    """Names of texts grouped with the texts that are alike, in the order given.

    A text joins the first group whose first text shares at least ``alike`` of their shingles.

    >>> clusters({"a": "今天年利率，提前支取按活期计息。", "b": "今日年利率，提前支取按活期计息。",
    ...           "c": "基金有涨有跌。"}, 0.6)
    [['a', 'b'], ['c']]
    """
    shingles = {name: _shingles(text) for name, text in texts.items()}
    groups: dict[str, list[str]] = {}
    first_with: defaultdict[str, list[str]] = defaultdict(list)
    for name, own in shingles.items():
        shared = Counter(first for shingle in own for first in first_with.get(shingle, ()))
        home = next(
            (
                first
                for first in groups
                if shared[first] >= alike * (len(own) + len(shingles[first]) - shared[first])
            ),
            None,
        )
        if home is not None:
            groups[home].append(name)
            continue
        groups[name] = [name]
        for shingle in own:
            first_with[shingle].append(name)
    return list(groups.values())


def differences(base: str, other: str) -> list[Difference]:
    """What of ``base`` became what in ``other``, in reading order.

    >>> differences("您先看看，不着急。", "您先看看，回去商量。")
    [Difference(base='不着急', other='回去商量')]
    """
    parts: list[list[str]] = []
    matcher = SequenceMatcher(None, base, other, autojunk=False)
    codes = matcher.get_opcodes()
    for position, (kind, i, j, k, m) in enumerate(codes):
        inside = 0 < position < len(codes) - 1
        if kind == "equal":
            if inside and parts and j - i <= _ISLAND:
                parts[-1][0] += base[i:j]
                parts[-1][1] += other[k:m]
            else:
                parts.append([])
            continue
        if not parts or not parts[-1]:
            parts.append(["", ""])
        parts[-1][0] += base[i:j]
        parts[-1][1] += other[k:m]
    return [Difference(*part) for part in parts if part]


def grouped_differences(
    texts: Mapping[str, str], names: Sequence[str]
) -> list[tuple[list[Difference], list[str]]]:
    """Each way in which later texts of a group differ from its first, with those that do."""
    base = texts[names[0]]
    ways: dict[tuple[Difference, ...], list[str]] = {}
    for name in names[1:]:
        ways.setdefault(tuple(differences(base, texts[name])), []).append(name)
    return [(list(way), those) for way, those in ways.items()]


def _shingles(text: str) -> frozenset[str]:
    return frozenset(
        text[start : start + _SHINGLE] for start in range(max(1, len(text) - _SHINGLE + 1))
    )
