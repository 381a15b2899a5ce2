"""Word classes that rules share: a pattern says ``<certainty>`` instead of listing the words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import RootModel

from copilot.records.yaml_file import YamlFile

if TYPE_CHECKING:
    from copilot.compliance.compiler import RuleFile
    from copilot.errors import InputError

FILE = "lexicon.yaml"
_CLASS = re.compile(r"<([a-z_]+)>")
Location = tuple[str | int, ...]


class LexiconModel(RootModel[dict[str, list[str]]]):
    """Class name → its words; a word written ``<name>`` stands for another class's words."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The word classes of a language.

    >>> lexicon = Lexicon({"gain": ("收益", "回报"), "money": ("本金", "<gain>")})
    >>> lexicon.of("money")
    ('本金', '收益', '回报')
    """

    classes: Mapping[str, tuple[str, ...]]

    def of(self, name: str) -> tuple[str, ...]:
        """The words of a class, other classes spelled out.

        Raises:
            KeyError: there is no such class.
        """
        words: list[str] = []
        pending, seen = [name], set()
        while pending:
            seen.add(current := pending.pop())
            for word in self.classes[current]:
                nested = _CLASS.fullmatch(word)
                if nested is None:
                    words.append(word)
                elif nested[1] not in seen:
                    pending.append(nested[1])
        return tuple(dict.fromkeys(words))

    def words(self, file: RuleFile, given: Iterable[str], location: Location) -> list[str]:
        """A rule's word list with its classes spelled out.

        Raises:
            InputError: a class does not exist.
        """
        spelled: list[str] = []
        for word in given:
            match = _CLASS.fullmatch(word)
            spelled.extend(self._known(file, match[1], location) if match else [word])
        return spelled

    def regex(self, file: RuleFile, regex: str, location: Location) -> str:
        """A rule's pattern with its classes spelled out, longest word first.

        Raises:
            InputError: a class does not exist.
        """

        def alternatives(match: re.Match[str]) -> str:
            words = sorted(self._known(file, match[1], location), key=len, reverse=True)
            if len(words[0]) == 1:
                return "[" + "".join(map(re.escape, words)) + "]"
            return "(?:" + "|".join(map(re.escape, words)) + ")"

        return _CLASS.sub(alternatives, regex)

    def _known(self, file: RuleFile, name: str, location: Location) -> tuple[str, ...]:
        if name not in self.classes:
            raise _unknown(file, name, self.classes, location)
        return self.of(name)


def read_lexicon(rules_dir: Path) -> Lexicon:
    """The word classes beside the language data; none when there is no such file.

    Raises:
        InputError: the file is no mapping of names to words.
    """
    path = rules_dir / "language" / FILE
    if not path.is_file():
        return Lexicon({})
    classes = YamlFile.read(path).validated(LexiconModel).root
    return Lexicon({name: tuple(words) for name, words in classes.items()})


def _unknown(file: RuleFile, name: str, classes: Iterable[str], location: Location) -> InputError:
    return file.file.error(
        f"没有词类 <{name}>。", location, next=f"可用的词类：{'、'.join(sorted(classes))}。"
    )
