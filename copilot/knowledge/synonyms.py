"""Synonyms as data that the bank edits: groups of words that mean the same in a question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from copilot.errors import InputError
from copilot.knowledge.terms import fold, terms
from copilot.records.yaml_file import YamlFile

SYNONYMS_FILE = "synonyms.yaml"
"""The name of the file in the bank's knowledge folder."""
SYNONYM_WEIGHT = 1.0


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Groups of folded words."""

    groups: tuple[tuple[str, ...], ...] = ()

    def used_in(self, text: str) -> Mapping[str, tuple[str, ...]]:
        """The words of a text that have synonyms, with the other words of their groups.

        >>> Synonyms((("定存", "整存整取"),)).used_in("三年定存利率")
        {'定存': ('整存整取',)}
        """
        folded = fold(text)
        return {
            word: tuple(other for other in group if other != word)
            for group in self.groups
            for word in group
            if word in folded and not any(other in folded for other in group if other != word)
        }


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """The terms of a question, and those of its words' synonyms.

    ``covers`` maps a synonym's terms to the terms of the question that it stands for.
    """

    own: tuple[str, ...]
    added: tuple[str, ...]
    covers: tuple[tuple[frozenset[str], frozenset[str]], ...]

    def weighted(self) -> dict[str, float]:
        """Every term with how much it counts: a synonym's less than the word that was asked."""
        return dict.fromkeys(self.own, 1.0) | dict.fromkeys(self.added, SYNONYM_WEIGHT)

    def found_in(self, text: str) -> set[str]:
        """The question's terms that a text has, literally or through a synonym."""
        there = set(terms(text))
        found = there.intersection(self.own)
        for synonym, meant in self.covers:
            if synonym <= there:
                found |= meant
        return found


def query_terms(text: str, synonyms: Synonyms) -> QueryTerms:
    """The terms to look a question up by."""
    own = tuple(dict.fromkeys(terms(text)))
    used = synonyms.used_in(text)
    covers = tuple(
        (frozenset(terms(other)), frozenset(terms(word)).intersection(own))
        for word, others in used.items()
        for other in others
    )
    added = dict.fromkeys(
        term
        for others in used.values()
        for other in others
        for term in terms(other)
        if term not in own
    )
    return QueryTerms(own, tuple(added), covers)


def read_synonyms(path: Path) -> Synonyms:
    """The synonyms of a knowledge folder; none when it has no such file.

    Raises:
        InputError: the file is not a list of groups of at least two words; names the line.
    """
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return Synonyms()
    return _read(path, stamp)


@lru_cache(maxsize=8)
def _read(path: Path, _stamp: int) -> Synonyms:
    file = YamlFile.read(path)
    groups = file.data or []
    if not isinstance(groups, list):
        raise file.error("同义词文件应当是一个列表。", next="每行写一组：- [定存, 整存整取]。")
    return Synonyms(tuple(_group(file, index, words) for index, words in enumerate(groups)))


def _group(file: YamlFile, index: int, words: object) -> tuple[str, ...]:
    folded = _folded(words) if isinstance(words, list) else ()
    if len(folded) < 2:
        raise _not_a_group(file, index)
    return folded


def _folded(words: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fold(word) for word in words if isinstance(word, str) and word))


def _not_a_group(file: YamlFile, index: int) -> InputError:
    return file.error(
        "一组同义词至少要有两个不同的词。", (index,), next="每行写一组：- [定存, 整存整取]。"
    )
