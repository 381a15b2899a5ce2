"""Compiled rules: what a pack holds and the checker runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from copilot.records.compliance import (
    CheckContext,
    Evidence,
    LookupRule,
    RuleCitation,
    Severity,
    Verdict,
)

UNKNOWN = "unknown"  # in a rule's products: also for texts whose product is not given
ONLINE, OFFLINE = "online", "offline"
CORE = "core"  # the jurisdiction of rules that hold everywhere
#: A product that is not given is judged as an investment product: the strictest rules.
INVESTMENT = frozenset({"wmp", "fund"})


@dataclass(frozen=True, slots=True)
class Excuses:
    """When a match is no objection.

    ``unless``: stances that excuse; ``lawful``/``lawful_patterns``: longer wording around the
    match that is lawful; ``only_with``/``not_with``: words the same sentence must or must not
    have.
    """

    unless: tuple[str, ...] = ()
    lawful: tuple[str, ...] = ()
    lawful_patterns: tuple[str, ...] = ()
    only_with: tuple[str, ...] = ()
    not_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TermMatcher:
    """Fixed strings."""

    words: tuple[str, ...]
    excuses: Excuses


@dataclass(frozen=True, slots=True)
class PatternMatcher:
    """One RE2 pattern, run only on texts that contain one of its anchors."""

    regex: str
    anchors: tuple[str, ...]
    excuses: Excuses


@dataclass(frozen=True, slots=True)
class RequiredElement:
    """An element that a whole text must have: a match of ``present``.

    ``when``/``when_patterns`` say what calls for it (both empty: every text of the route);
    ``near`` asks for it within that many characters of what calls for it.
    """

    element: str
    present: str
    when: tuple[str, ...]
    when_patterns: tuple[str, ...]
    near: int | None
    excuses: Excuses


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure compared with a bound or a record.

    ``figure`` is a kind of `copilot.compliance.quantities`; ``near`` are words within ``within``
    characters of it; ``operator`` is one of < <= > >= == !=; ``value`` is in record units, and
    ``fact`` names a role of `CheckContext.facts` instead.
    """

    figure: str
    near: tuple[str, ...]
    within: int
    operator: str
    value: float | None
    fact: str | None
    excuses: Excuses


@dataclass(frozen=True, slots=True)
class Lookup:
    """A check that records decide; the matching stage runs it."""

    check: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Swap:
    """Folded words and the lawful wording that may take their place."""

    words: tuple[str, ...]
    to: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """How a text that the rule objects to is made lawful (see `copilot.compliance.rewrite`)."""

    swaps: tuple[Swap, ...] = ()
    cut: str = "clause"
    instead: str = ""
    claimed: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    at: str = "end"


@dataclass(frozen=True)
class Rule:
    """One rule of a pack; ``source`` is its entry there, ``judge`` a question for a model."""

    id: str
    title: str
    severity: Severity
    verdict: Verdict
    status: str
    language: str
    products: frozenset[str]
    channels: frozenset[str]
    kinds: frozenset[str]
    audience: frozenset[str]
    effective_from: date | None
    effective_to: date | None
    why: str
    message: str
    suggestion: str
    terms: tuple[TermMatcher, ...] = ()
    patterns: tuple[PatternMatcher, ...] = ()
    requires: tuple[RequiredElement, ...] = ()
    claims: tuple[Claim, ...] = ()
    lookup: Lookup | None = None
    judge: str = ""
    grounding: bool = False
    source: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def jurisdiction(self) -> str:
        """Whose law the rule is (the first part of its id)."""
        return self.id.partition(".")[0]

    @cached_property
    def citations(self) -> tuple[RuleCitation, ...]:
        """The articles that the rule rests on."""
        return tuple(_citation(cited) for cited in self.source["citations"])

    @cached_property
    def remedy(self) -> Remedy:
        """How a text that the rule objects to is made lawful."""
        return _remedy(self.source)

    def active_on(self, day: date) -> bool:
        """Whether the rule is in force."""
        return (
            self.status == "active"
            and (self.effective_from is None or self.effective_from <= day)
            and (self.effective_to is None or day <= self.effective_to)
        )

    def citations_on(self, day: date) -> tuple[RuleCitation, ...]:
        """The articles in force, each once; all of them if none is dated that early."""
        starts = (_day(cited.get("effective_from")) for cited in self.source["citations"])
        pairs = zip(self.citations, starts, strict=True)
        known = dict.fromkeys(c for c, start in pairs if start is None or start <= day)
        return tuple(known) or self.citations

    def routes(self, context: CheckContext) -> bool:
        """Whether the rule is about this product, channel, kind and audience."""
        return (
            self.jurisdiction in (*context.jurisdictions, CORE)
            and self._about_product(context)
            and self._about_channel(context)
            and (not self.kinds or context.kind is None or context.kind.value in self.kinds)
            and context.audience.value in self.audience
        )

    def _about_product(self, context: CheckContext) -> bool:
        if not self.products:
            return True
        if context.product is None:
            return UNKNOWN in self.products or bool(self.products & INVESTMENT)
        return context.product.value in self.products

    def _about_channel(self, context: CheckContext) -> bool:
        if not self.channels:
            return True
        if (ONLINE if context.online else OFFLINE) in self.channels:
            return True
        return context.channel is not None and context.channel.value in self.channels

    @property
    def standing(self) -> bool:
        """Whether every text of the route must be examined, whatever its words."""
        return self.grounding or any(not element.when for element in self.requires)

    def as_lookup(self) -> LookupRule:
        """The rule as the gate sees it.

        Raises:
            ValueError: the rule has no lookup.
        """
        if self.lookup is None:
            raise ValueError(f"{self.id} is no lookup rule")
        return LookupRule(
            rule_id=self.id,
            check=self.lookup.check,
            title=self.title,
            message=self.message,
            citations=self.citations,
            severity=self.severity,
            parameters=dict(self.lookup.parameters),
            suggestion=self.suggestion,
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Rule:
        """A rule from its entry in a pack."""
        lookup = data.get("lookup")
        return cls(
            id=data["id"],
            title=data["title"],
            severity=Severity(data["severity"]),
            verdict=Verdict(data["verdict"]),
            status=data["status"],
            language=data["language"],
            products=frozenset(data["products"]),
            channels=frozenset(data["channels"]),
            kinds=frozenset(data["kinds"]),
            audience=frozenset(data["audience"]),
            effective_from=_day(data["effective_from"]),
            effective_to=_day(data["effective_to"]),
            why=data["why"],
            message=data["message"],
            suggestion=data["suggestion"],
            terms=tuple(map(_terms, data.get("terms", ()))),
            patterns=tuple(map(_pattern, data.get("patterns", ()))),
            requires=tuple(map(_element, data.get("requires", ()))),
            claims=tuple(map(_claim, data.get("claims", ()))),
            lookup=Lookup(lookup["check"], lookup["parameters"]) if lookup else None,
            judge=data.get("judge", ""),
            grounding=bool(data.get("grounding")),
            source=data,
        )


def _terms(data: Mapping[str, Any]) -> TermMatcher:
    return TermMatcher(tuple(data["words"]), _excuses(data))


def _pattern(data: Mapping[str, Any]) -> PatternMatcher:
    return PatternMatcher(data["regex"], tuple(data["anchors"]), _excuses(data))


def _element(data: Mapping[str, Any]) -> RequiredElement:
    return RequiredElement(
        element=data["element"],
        present="|".join(f"(?:{regex})" for regex in data["present"]),
        when=tuple(data["when"]),
        when_patterns=tuple(data["when_patterns"]),
        near=data["near"],
        excuses=_excuses(data),
    )


def _claim(data: Mapping[str, Any]) -> Claim:
    return Claim(
        figure=data["figure"],
        near=tuple(data["near"]),
        within=data["within"],
        operator=data["operator"],
        value=data["value"],
        fact=data["fact"],
        excuses=_excuses(data),
    )


_PROPOSED = re.compile(r"(?:改为|Say: )“([^”×…0-9]+)”")
_SUPPLIED = re.compile(r"(?:补上|Add: )“([^”×…]+)”")


def _remedy(data: Mapping[str, Any]) -> Remedy:
    """The rule's own rewrite; what it leaves open is what its suggestion quotes."""
    given = data.get("rewrite") or {}
    proposed = _PROPOSED.search(data["suggestion"])
    supplied = _SUPPLIED.findall(data["suggestion"])
    return Remedy(
        swaps=tuple(Swap(tuple(s["words"]), s["to"]) for s in given.get("swaps", ())),
        cut=given.get("cut", "clause"),
        instead=given.get("instead") or (proposed[1] if proposed else ""),
        claimed=tuple(given.get("claimed", ())),
        add=tuple(given.get("add") or supplied),
        at=given.get("at", "end"),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _citation(data: Mapping[str, str]) -> RuleCitation:
    return RuleCitation(
        regulation=data["regulation"],
        article=data["article"],
        evidence=Evidence(data["evidence"]),
        number=data.get("number", ""),
    )


def _excuses(data: Mapping[str, Any]) -> Excuses:
    return Excuses(
        unless=tuple(data.get("unless", ())),
        lawful=tuple(data.get("lawful", ())),
        lawful_patterns=tuple(data.get("lawful_patterns", ())),
        only_with=tuple(data.get("only_with", ())),
        not_with=tuple(data.get("not_with", ())),
    )
