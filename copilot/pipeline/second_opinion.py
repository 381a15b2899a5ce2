"""A model's second opinion on a text, and how it agrees with the cases of the rules that ask it.

rules in force ─▶ questions ─▶ model ─▶ verified answers ─▶ findings to look at
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from copilot.compliance.opinion import SecondOpinion, questions_for, with_opinion
from copilot.llm.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from pathlib import Path

    from copilot.compliance.compiler import RuleFile
    from copilot.llm.wire import Wire
    from copilot.pipeline.workbench import Workbench
    from copilot.records.compliance import CheckContext, CheckResult


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """A case of a rule that a model judges, and what the model said of it."""

    rule_id: str
    kind: str  # fail | pass
    text: str
    objected: bool

    @property
    def agrees(self) -> bool:
        """Whether the model sees the case as its file does."""
        return self.objected is (self.kind == "fail")

    def as_json(self) -> dict[str, Any]:
        """The case in the document of ``copilot rules test --model``."""
        return {
            "rule_id": self.rule_id,
            "kind": self.kind,
            "text": self.text,
            "objected": self.objected,
            "agrees": self.agrees,
        }


def second_opinion(
    bench: Workbench,
    text: str,
    context: CheckContext,
    result: CheckResult,
    customer_id: str | None = None,
) -> SecondOpinion:
    """The rules' result with the model's verified doubts.

    Args:
        bench: the installation whose model is asked.
        text: the text as it was checked.
        context: its context; it decides which rules ask.
        result: the checker's result, which stands.
        customer_id: whom the text is for; their name leaves only as a pseudonym.

    Raises:
        StateError: no model is configured.
        ModelUnavailable: it failed, or its reply has not the shape.
    """
    from copilot.llm.opinions import opinions_of

    wire = bench.required_wire
    pack = bench.checker.pack
    questions = questions_for(pack, context)
    if not questions:
        return SecondOpinion(result, 0, 0)
    people = []
    if customer_id is not None:
        customers = bench.store.customers(bench.principal)
        people.append((customers.get(customer_id), customers.identifiers(customer_id)))
    hidden = Pseudonyms.of(people)
    reply = opinions_of(wire, bench.settings.prompts_dir, text, questions, hidden)
    return with_opinion(pack, text, context, result, reply.value.answers)


def judge_cases(wire: Wire, prompts_dir: Path, rules_dir: Path) -> Iterator[JudgedCase]:
    """The cases of every rule that a model judges, each put to the model alone.

    Raises:
        InputError: a rule file breaks the schema.
        ModelUnavailable: the model failed, or its reply has not the shape.
    """
    from copilot.compliance.compiler import read_rules

    for file in read_rules(rules_dir):
        if file.model.judge is not None and file.model.status == "active":
            yield from _judged(wire, prompts_dir, file)


def _judged(wire: Wire, prompts_dir: Path, file: RuleFile) -> Iterator[JudgedCase]:
    from copilot.llm.opinions import opinions_of

    model = file.model
    assert model.judge is not None
    asked = {model.id: model.judge.question}
    for case in file.word_cases():
        if case.part == "cases":
            said = opinions_of(wire, prompts_dir, case.text, asked, Pseudonyms.of(())).value.answers
            yes = (answer for answer in said if answer.id == model.id and answer.yes)
            objected = any(answer.quote.strip() in case.text for answer in yes)
            yield JudgedCase(model.id, case.kind, case.text, objected)
