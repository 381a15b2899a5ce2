"""A model's second opinion on a text, and how it agrees with the cases of the rules that ask it.

rules in force ─▶ questions ─▶ model ─▶ verified answers ─▶ findings to look at
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from copilot.compliance.opinion import SecondOpinion, questions_for, with_opinion
from copilot.errors import StateError
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

    if bench.wire is None:
        raise StateError(
            "没有配置大模型", next="请设置 llm_base_url 与 llm_model，或去掉 --judge。"
        )
    pack = bench.checker.pack
    questions = questions_for(pack, context)
    if not questions:
        return SecondOpinion(result, 0, 0)
    people = []
    if customer_id is not None:
        customers = bench.store.customers(bench.principal)
        people.append((customers.get(customer_id), customers.identifiers(customer_id)))
    hidden = Pseudonyms.of(people)
    reply = opinions_of(bench.wire, bench.settings.prompts_dir, text, questions, hidden)
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
    from copilot.compliance.compiler import case_context
    from copilot.compliance.schema import LookupCase
    from copilot.llm.opinions import opinions_of

    model = file.model
    assert model.judge is not None
    for kind, cases in (("fail", model.cases.fail), ("pass", model.cases.pass_)):
        for case in cases:
            if isinstance(case, LookupCase):
                continue
            text, _ = case_context(model, case)
            asked = {model.id: model.judge.question}
            said = opinions_of(wire, prompts_dir, text, asked, Pseudonyms.of(())).value.answers
            objected = any(a.id == model.id and a.yes and a.quote.strip() in text for a in said)
            yield JudgedCase(model.id, kind, text, objected)
