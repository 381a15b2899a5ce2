"""The goals and audiences that plans know, as the bank's catalogue declares them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from copilot.records.codes import ProductType
from copilot.records.plan import GoalMeasure
from copilot.records.yaml_file import YamlFile

CATALOGUE_FILE = Path(__file__).with_name("plan_catalogue.yaml")
_CLOSED = ConfigDict(extra="forbid", frozen=True)


class GoalKind(BaseModel):
    """A kind of goal: the words that name it, what it sells and to whom.

    ``with_words`` are words of which one has to stand beside them, ``lead_words`` name the kind
    whatever else is named; ``caution`` is told with the goal. ``prospects`` marks a goal about
    people who are no customers yet: no table holds them. ``own_audience`` marks one whose
    audiences stay a condition beside those that are named, ``potential`` one that is held against
    the money that falls due or lies idle.
    """

    model_config = _CLOSED

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    words: tuple[str, ...] = Field(min_length=1)
    product_types: tuple[ProductType, ...]
    measure: GoalMeasure
    kpi: str
    audiences: tuple[str, ...] = Field(min_length=1)
    with_words: tuple[str, ...] = ()
    lead_words: tuple[str, ...] = ()
    caution: str = ""
    prospects: bool = False
    own_audience: bool = False
    potential: bool = False

    def named_in(self, text: str) -> bool:
        """Whether a goal's words name this kind."""
        said = text.lower()
        beside = not self.with_words or any(word in said for word in self.with_words)
        return beside and any(word.lower() in said for word in self.words)


class AudienceKind(BaseModel):
    """A set of customers: an SQL condition over features ``f``, and what it means."""

    model_config = _CLOSED

    id: str = Field(pattern=r"^[a-z][a-z0-9_.]*$")
    name: str
    words: tuple[str, ...]
    condition: str
    meaning: str


class NamedSegment(BaseModel):
    """The words that name a segment of the bank's rules (a tier, a life stage)."""

    model_config = _CLOSED

    id: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    words: tuple[str, ...] = Field(min_length=1)


class Prohibition(BaseModel):
    """A goal that is not planned for: a word of every list stands in it.

    With ``or_elder`` an age from the bank's elder age up counts as a word of the first list.
    ``says`` is told with the rule's title.
    """

    model_config = _CLOSED

    rule: str
    all_of: tuple[tuple[str, ...], ...] = Field(min_length=1)
    or_elder: bool = False
    says: str = ""

    def found_in(self, text: str, elders: Sequence[str] = ()) -> str:
        """The words of ``text`` that break the rule, or nothing.

        ``elders`` are its words for ages from the elder age up.
        """
        found = [next((w for w in words if w in text), "") for words in self.all_of]
        if self.or_elder and elders and not found[0]:
            found[0] = elders[0]
        return "、".join(found) if all(found) else ""


class Remedy(BaseModel):
    """What to do first for customers whom a check of the gate keeps out."""

    model_config = _CLOSED

    check: str
    words: str


class Catalogue(BaseModel):
    """Everything that a goal may be made of."""

    model_config = _CLOSED

    goals: tuple[GoalKind, ...]
    audiences: tuple[AudienceKind, ...]
    segments: tuple[NamedSegment, ...]
    prohibited: tuple[Prohibition, ...]
    remedies: tuple[Remedy, ...]

    def audience(self, audience_id: str) -> AudienceKind:
        """One audience (KeyError when there is none)."""
        return {audience.id: audience for audience in self.audiences}[audience_id]


@cache
def load_catalogue(path: Path = CATALOGUE_FILE) -> Catalogue:
    """Read the catalogue.

    Raises:
        InputError: an unknown key, code or audience.
    """
    file = YamlFile.read(path)
    catalogue = file.validated(Catalogue)
    known = {audience.id for audience in catalogue.audiences}
    for index, goal in enumerate(catalogue.goals):
        for name in goal.audiences:
            if name not in known:
                raise file.error(f"没有名为 {name} 的客群。", ("goals", index, "audiences"))
    return catalogue
