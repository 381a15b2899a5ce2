"""Rules that cannot both be kept: one asks for wording that another forbids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from copilot.compliance.checker import Checker
from copilot.compliance.compiler import CASE_DAY
from copilot.compliance.pack import Pack
from copilot.compliance.rules import ONLINE, UNKNOWN, Rule
from copilot.records.codes import Audience, Channel, DraftKind, ProductType
from copilot.records.compliance import CheckContext

_PLAIN = re.compile(r"\w+\Z")
_SLOT = re.compile(r"\{\{[^}]*\}\}")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """``required_by`` can only be met with words that each of ``forbidden_by`` blocks."""

    required_by: str
    forbidden_by: tuple[str, ...]
    wording: str
    product: str

    def as_json(self) -> dict[str, Any]:
        """The contradiction as `copilot rules test` lists it."""
        return {
            "required_by": self.required_by,
            "forbidden_by": list(self.forbidden_by),
            "wording": self.wording,
            "product": self.product,
        }


def contradictions(pack: Pack, day: date = CASE_DAY) -> Iterator[Contradiction]:
    """Elements for which every known wording is blocked by another active rule."""
    checker = Checker(pack)
    for rule in pack.rules:
        wordings = list(_wordings(rule)) if rule.requires and rule.active_on(day) else []
        for context in _contexts(rule, day) if wordings else ():
            blocked = [_blockers(checker, rule, text, context) for text in wordings]
            if all(blocked):
                forbidden = tuple(sorted({rule_id for ids in blocked for rule_id in ids}))
                product = context.product.value if context.product else UNKNOWN
                yield Contradiction(rule.id, forbidden, wordings[0], product)
                break


def _wordings(rule: Rule) -> Iterator[str]:
    """Wordings that meet the rule: its standard ones, else what it looks for literally."""
    if rule.remedy.add:
        yield from (_SLOT.sub("", wording) for wording in rule.remedy.add)
        return
    for element in rule.source.get("requires", ()):
        yield from (text for text in element["present"] if _PLAIN.match(text))


def _contexts(rule: Rule, day: date) -> Iterator[CheckContext]:
    """One context for each product that the rule is about."""
    kind = DraftKind(min(rule.kinds)) if rule.kinds else None
    named = sorted(rule.channels - {ONLINE, "offline"})
    base = CheckContext(
        channel=Channel(named[0]) if named else None,
        kind=kind,
        audience=Audience(min(rule.audience)),
        as_of=day,
        whole=False,
    )
    if rule.jurisdiction not in ("cn", "core"):
        base = replace(base, jurisdictions=(rule.jurisdiction,))
    for name in sorted(rule.products) or [UNKNOWN]:
        yield replace(base, product=None if name == UNKNOWN else ProductType(name))


def _blockers(checker: Checker, rule: Rule, text: str, context: CheckContext) -> list[str]:
    result = checker.check(text, context)
    return [f.rule_id for f in result.blocking if f.rule_id != rule.id]
