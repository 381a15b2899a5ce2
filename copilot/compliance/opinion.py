"""A model's second opinion on a text: it adds doubts for a person to look at, and clears nothing.

    rules with ``judge`` ─▶ questions ─▶ model ─▶ answers ─▶ quote verified ─▶ finding

The verdict of the rules stands whatever the model says: a finding from here is a
warning or asks for review, and one whose quote is not literally in the text is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from copilot.compliance.pack import Pack
from copilot.compliance.rules import Rule
from copilot.records.compliance import CheckContext, CheckResult, Finding, Verdict

SOURCE = "（大模型的第二意见，请人工判断）"


class Answer(Protocol):
    """The answer to the question of one rule (see `copilot.llm.opinions.Opinion`)."""

    @property
    def id(self) -> str:
        """The rule's id."""

    @property
    def yes(self) -> bool:
        """Whether the rule would object."""

    @property
    def quote(self) -> str:
        """Where the text says so."""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """A result with the model's doubts, and how many answers could not be used."""

    result: CheckResult
    asked: int
    unusable: int


def questions_for(pack: Pack, context: CheckContext) -> dict[str, str]:
    """Rule id → question, of the rules in force that a model judges in this context."""
    return {rule.id: rule.judge for rule in _judging(pack, context)}


def with_opinion(
    pack: Pack, text: str, context: CheckContext, result: CheckResult, answers: Iterable[Answer]
) -> SecondOpinion:
    """The result with a finding for each verified yes.

    ``usable`` stays as the rules left it: a warning does not forbid, and no answer allows.
    """
    rules = {rule.id: rule for rule in _judging(pack, context)}
    given = list(answers)
    found = list(_findings(rules, text, context, given))
    everything = sorted((*result.findings, *found), key=lambda finding: finding.order)
    worst = Verdict.worst((result.verdict, *(finding.verdict for finding in found)))
    unusable = sum(answer.yes or answer.id not in rules for answer in given) - len(found)
    judged = replace(result, verdict=worst, findings=tuple(everything))
    return SecondOpinion(judged, len(rules), unusable)


def _judging(pack: Pack, context: CheckContext) -> Iterator[Rule]:
    return (r for r in pack.rules if r.judge and r.active_on(context.day) and r.routes(context))


def _findings(
    rules: Mapping[str, Rule], text: str, context: CheckContext, answers: Iterable[Answer]
) -> Iterator[Finding]:
    heard = set[str]()
    for answer in answers:
        rule, quote = rules.get(answer.id), answer.quote.strip()
        start = text.find(quote) if quote else -1
        if rule is None or not answer.yes or start < 0 or rule.id in heard:
            continue
        heard.add(rule.id)
        yield Finding(
            rule_id=rule.id,
            severity=rule.severity,
            verdict=rule.verdict,
            start=start,
            end=start + len(quote),
            text=quote,
            message=rule.message.replace("{text}", quote) + SOURCE,
            citations=rule.citations_on(context.day),
            suggestion=rule.suggestion,
        )
