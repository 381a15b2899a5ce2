"""One language of a pack: how its texts are folded, cut into clauses, and what its figures are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from copilot.compliance.clauses import Cues, Grammar
from copilot.compliance.folded import Folded
from copilot.compliance.grounding import Roles
from copilot.compliance.normalise import Normaliser
from copilot.compliance.quantities import FigureInText, figures

MAIN = "zh"  # the language of a rule that names none


class Folds(Protocol):
    """What undoes the disguises of a language."""

    def fold(self, text: str) -> Folded:
        """The folded text with its offset map."""

    def fold_word(self, word: str) -> str:
        """A word of a rule in folded form."""


@dataclass(frozen=True)
class Language:
    """The compiled data of one language; its parts are built when first used."""

    name: str
    data: Mapping[str, Any]

    @property
    def whole_words(self) -> bool:
        """Whether a word counts only where it is no part of a longer one."""
        return bool(self.data["script"] == "latin")

    @cached_property
    def normaliser(self) -> Folds:
        """The folding of this language."""
        data = self.data
        alike = dict(zip(*data["alike"], strict=True))
        if self.whole_words:
            from copilot.compliance.latin import LatinNormaliser

            return LatinNormaliser(alike, data["guarded"])
        return Normaliser(
            alike=alike,
            split=data["split"],
            sounds={c: s for s, characters in data["sounds"].items() for c in characters},
            guarded=data["guarded"],
            everyday=data["everyday"],
            ordinary=data["ordinary"],
        )

    @cached_property
    def cues(self) -> Cues:
        """The cue words."""
        return Cues.from_json(self.data["cues"])

    @cached_property
    def grammar(self) -> Grammar:
        """The ends of clauses and sentences."""
        return Grammar.from_json(self.data["grammar"])

    @cached_property
    def roles(self) -> Roles:
        """The words that tell what a figure is."""
        return Roles.from_json(self.data["roles"])

    @cached_property
    def figures(self) -> Callable[[str], Iterable[FigureInText]]:
        """Finds the figures of a folded text."""
        if not self.whole_words:
            return figures
        from copilot.compliance.latin import LatinFigures

        return LatinFigures.from_json(self.data["figures"])

    @cached_property
    def ordinary_figures(self) -> Any:
        """Figures that state nothing; ``None``: those of the Chinese grounding."""
        import re2

        return re2.compile(self.data["figures"]["ordinary"]) if self.whole_words else None
