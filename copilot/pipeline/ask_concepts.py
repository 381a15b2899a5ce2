"""What a question speaks of, as classes of words: data that the bank edits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from copilot.errors import InputError
from copilot.paths import knowledge_file
from copilot.records.yaml_file import YamlFile

CONCEPTS_FILE = "concepts.yaml"
_PLAIN = re.compile(r"[\u3400-\u9fffa-z0-9]+")


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    concept: str
    plain: bool

    def hides(self, other: _Found) -> bool:
        """Whether the other stands inside this word (「卡」 in 「信用卡」)."""
        longer = self.end - self.start > other.end - other.start
        return self.plain and longer and self.start <= other.start and other.end <= self.end


class Concepts(BaseModel):
    """The content of ``concepts.yaml``; what each part is for stands there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    things: dict[str, tuple[str, ...]]
    acts: dict[str, tuple[str, ...]]
    outside: tuple[str, ...]

    def found_in(self, folded: str) -> frozenset[str]:
        """The concepts of a folded text; a word inside a longer one does not count."""
        found = [
            _Found(match.start(), match.end(), concept, match[0] in self.plain_words)
            for concept, pattern in self.patterns
            for match in pattern.finditer(folded)
            if match[0]
        ]
        return frozenset(f.concept for f in found if not any(g.hides(f) for g in found))

    def outside_in(self, folded: str) -> frozenset[str]:
        """The words for other people's business in a folded text."""
        return frozenset(match[0] for match in self.outside_words.finditer(folded))

    @cached_property
    def patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Every class with its words."""
        classes = (*self.things.items(), *self.acts.items())
        return tuple((concept, _any_of(words)) for concept, words in classes)

    @cached_property
    def outside_words(self) -> re.Pattern[str]:
        """The words for other people's business."""
        return _any_of(self.outside)

    @cached_property
    def plain_words(self) -> frozenset[str]:
        """The words that are no expressions."""
        classes = (*self.things.values(), *self.acts.values())
        return frozenset(w for words in classes for w in words if _PLAIN.fullmatch(w))


def read_concepts(knowledge: Path) -> Concepts:
    """The concepts of a knowledge folder, or the shipped ones where it has no such file.

    Raises:
        InputError: the file is wrong; names the field.
    """
    path = knowledge_file(knowledge, CONCEPTS_FILE)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _stamp: int) -> Concepts:
    file = YamlFile.read(path)
    try:
        concepts = Concepts.model_validate(file.data)
        _ = concepts.patterns, concepts.outside_words
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(str(part) for part in wrong["loc"])
        raise _wrong(path, place, wrong["msg"]) from None
    except re.error as error:
        raise _wrong(path, "words", f"正则 {error.pattern!r} 写错了") from None
    return concepts


def _wrong(path: Path, place: str, why: str) -> InputError:
    return InputError(
        f"词类表的 {place} 写得不对：{why}",
        next=f"请对照随程序附带的 {CONCEPTS_FILE} 修改。",
        file=str(path),
        field=place,
    )


def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the words, the longest first."""
    return re.compile("|".join(sorted(words, key=lambda word: (-len(word), word))) or r"(?!)")
