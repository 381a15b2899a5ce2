"""A marketing plan: understand the goal, refuse what is forbidden, compute, write, check, keep.

goal ──forbidden──▶ PlanRefusal (rules, articles)
  └─▶ basis (audience, gate, metrics) ─▶ words around figures ─▶ checked ─▶ saved with evidence
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from copilot.drafting.plan_overview import overview
from copilot.drafting.plan_text import plan_sections
from copilot.errors import InputError, ModelUnavailable
from copilot.llm.pseudonyms import Pseudonyms
from copilot.metrics.plan_catalogue import load_catalogue
from copilot.metrics.plan_conversion import CONFIDENCE
from copilot.pipeline import evidence, facts
from copilot.pipeline.metric_facts import metric_facts
from copilot.pipeline.plan_basis import plan_basis
from copilot.pipeline.plan_goal import LONGEST_GOAL, as_customers_would_read, parse_goal
from copilot.pipeline.plan_people import elders_in
from copilot.records.codes import Audience, DraftKind
from copilot.records.compliance import CheckContext, CheckResult, Fact, Verdict
from copilot.records.draft import AI_LABEL, INTERNAL_NOTICE, WRITER_NOTICE
from copilot.records.matching import RefusalReason
from copilot.records.plan import CheckedPlan, PlanBasis, PlanRefusal
from copilot.records.report import Paragraph, Report, with_id

if TYPE_CHECKING:
    from copilot.drafting.plan_model import PlanProse
    from copilot.pipeline.workbench import Workbench

_MONTH = re.compile(r"\d{4}-\d\d$")  # of a metric about what falls due in a month


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is asked for; ``budget`` in fen, ``segment`` an id of a segment or of the catalogue."""

    goal: str
    segment: str | None = None
    budget: int | None = None
    branch_id: str | None = None


def draft_plan(bench: Workbench, request: PlanRequest) -> CheckedPlan | PlanRefusal:
    """A plan that the checker has read, or why the goal is not planned for.

    Raises:
        InputError: the goal names nothing that plans know, or the budget is not positive.
        NotFound, Forbidden, StateError: as `plan_basis`.
    """
    if request.budget is not None and request.budget <= 0:
        raise InputError(
            "预算应大于零。", field="budget", next="请以元为单位给出预算，例：--budget 50000。"
        )
    reasons = tuple(_forbidden(bench, request.goal))
    if reasons:
        return _refused(bench, request, reasons)
    goal = parse_goal(request.goal, load_catalogue(), bench.as_of, request.segment)
    basis = plan_basis(
        bench,
        goal,
        segment=request.segment,
        branch_id=request.branch_id,
        budget=request.budget,
    )
    return _kept(bench, request, write_plan(bench, basis))


def _forbidden(bench: Workbench, text: str) -> Iterator[RefusalReason]:
    """The rules that forbid the goal: by the words of the catalogue, then by the checker."""
    words = text.strip()[:LONGEST_GOAL]
    named = {rule.id: rule for rule in bench.checker.pack.rules}
    told: set[str] = set()
    elders = elders_in(unicodedata.normalize("NFKC", words), bench.settings.policy.elder_age)
    for prohibition in load_catalogue().prohibited:
        found, rule = prohibition.found_in(words, elders), named.get(prohibition.rule)
        if found and rule is not None:
            told.add(rule.id)
            message = f"{rule.title}（目标中写了{found}）"
            message += f"：{prohibition.says}" if prohibition.says else ""
            yield RefusalReason(rule.id, message, rule.citations_on(bench.as_of), "goal")
    context = CheckContext(
        kind=DraftKind.PLAN, audience=Audience.CUSTOMER, as_of=bench.as_of, whole=False
    )
    for finding in bench.checker.check(as_customers_would_read(words), context).findings:
        if finding.verdict is Verdict.BLOCK and finding.rule_id not in told:
            told.add(finding.rule_id)
            yield RefusalReason(finding.rule_id, finding.message, finding.citations, "goal")


def _refused(
    bench: Workbench, request: PlanRequest, reasons: tuple[RefusalReason, ...]
) -> PlanRefusal:
    words = Pseudonyms.of(()).hide(request.goal.strip()[:LONGEST_GOAL])  # numbers of people
    refusal = PlanRefusal(words, bench.as_of, reasons)
    proof = evidence.asked_by(bench, None) | {"rule_pack": bench.checker.pack_version}
    refusal = replace(refusal, draft_id=evidence.draft_id("R", refusal.as_json(), proof))
    evidence.save(
        bench, "draft.refusal", refusal.as_json(), proof, branch_id=_branch(bench, request)
    )
    return refusal


@dataclass(frozen=True, slots=True)
class WrittenPlan:
    """A report with the checker's answer and how its prose came about."""

    report: Report
    basis: PlanBasis
    result: CheckResult
    notes: tuple[str, ...]
    writer: str = "embedded"
    model: PlanProse | None = None


def write_plan(bench: Workbench, basis: PlanBasis) -> WrittenPlan:
    """A basis in words: the model's prose when there is one that passes, else our own."""
    known = tuple(_facts(bench, basis))
    notes: list[str] = []
    prose = _from_model(bench, basis, known, notes)
    if prose is not None:
        report = _report(bench, basis, prose.paragraphs, f"{AI_LABEL}（{prose.writer}）")
        result = _check(bench, report.plain.text, known)
        if result.verdict.allows_use:
            told = (INTERNAL_NOTICE, *notes)
            return WrittenPlan(report, basis, result, told, prose.writer, prose)
        notes.append("模型的文字放进方案后没有通过检查，已弃用")
    label = f"{AI_LABEL}（{WRITER_NOTICE}）"
    report = _report(bench, basis, overview(basis), label)
    result = _check(bench, report.plain.text, known)
    return WrittenPlan(report, basis, result, (INTERNAL_NOTICE, WRITER_NOTICE, *notes))


def _from_model(
    bench: Workbench, basis: PlanBasis, known: tuple[Fact, ...], notes: list[str]
) -> PlanProse | None:
    wire = bench.wire
    if wire is None:
        return None
    from copilot.drafting.plan_model import PlanWriter

    writer = PlanWriter(wire, bench.settings.prompts_dir)
    try:
        return writer.prose(
            overview(basis),
            f"{basis.goal.title}营销方案",
            basis.bank_name,
            lambda text: _check(bench, text, known),
        )
    except ModelUnavailable as error:
        notes.append(f"{error.message}已改用内置模板引擎")
        return None


def _report(bench: Workbench, basis: PlanBasis, prose: tuple[Paragraph, ...], label: str) -> Report:
    return Report(
        title=f"{basis.goal.title}营销方案",
        kind=DraftKind.PLAN,
        as_of=bench.as_of,
        label=f"{label}。{INTERNAL_NOTICE}。",
        sections=plan_sections(basis, prose),
        producer=basis.bank_name,
        subtitle=f"{basis.scope_name} · 数据截至{bench.as_of.isoformat()}",
    )


def _check(bench: Workbench, text: str, known: tuple[Fact, ...]) -> CheckResult:
    """The checker's answer: an internal document, its figures held against the basis."""
    context = CheckContext(
        kind=DraftKind.PLAN,
        audience=Audience.INTERNAL,
        as_of=bench.as_of,
        whole=False,
        facts=known,
    )
    return bench.checker.check(text, context)


def _facts(bench: Workbench, basis: PlanBasis) -> Iterator[Fact]:
    """Every value that the plan may state: metrics, products, dates, and declared wording."""
    goal = basis.goal
    yield facts.day_fact(bench.as_of)
    yield from metric_facts(basis.metrics.values())
    for product in basis.reach.products:
        yield from facts.product_facts(product)
    for day in (goal.window.first, goal.window.last, basis.touch.first, basis.touch.last):
        yield Fact("goal.window", "date", "date", day.isoformat())
    for name in basis.metrics:
        if month := _MONTH.search(name):
            yield Fact("goal.window", "date", "date", month[0])
    for off in basis.reach.off_sale:
        yield from facts.product_facts(off.product)
    for template in basis.templates:
        yield Fact("template.valid_to", "date", "date", template.valid_to.isoformat())
        yield from facts.figures_of(f"{template.title}。{template.number}", "template")
    wording = [CONFIDENCE, goal.text, goal.window.label, *goal.assumed, *goal.ignored, *basis.notes]
    wording += [w for group in basis.audience.groups for w in (group.name, *group.meaning)]
    wording += [f"{item.demand}。{item.articles}" for item in basis.checklist]
    wording += [off.why for off in basis.reach.off_sale]
    yield from facts.figures_of("。".join(wording), "record.wording")


def _kept(bench: Workbench, request: PlanRequest, written: WrittenPlan) -> CheckedPlan:
    """The plan under the id of its record, which holds everything to replay it."""
    prose = written.model
    plan = CheckedPlan(
        report=written.report,
        basis=written.basis,
        result=written.result,
        versions=_versions(bench, prose),
        notes=written.notes,
        writer=written.writer,
    )
    proof: dict[str, Any] = evidence.asked_by(bench, None) | {
        "request": {
            "goal": request.goal,
            "segment": request.segment,
            "budget": request.budget,
            "branch_id": request.branch_id,
        },
        "products": [evidence.product_snapshot(p) for p in written.basis.reach.products],
        "templates": [t.template_id for t in written.basis.templates],
        "basis": evidence.kept_whole(written.basis),
    }
    if prose is not None:
        proof["model"] = dict(prose.evidence)
    draft_id = evidence.draft_id("L", plan.as_json(), proof)
    plan = replace(plan, report=with_id(plan.report, draft_id))
    evidence.save(bench, "draft.plan", plan.as_json(), proof, branch_id=_branch(bench, request))
    return plan


def _versions(bench: Workbench, prose: PlanProse | None) -> dict[str, Any]:
    return {
        "as_of": bench.as_of.isoformat(),
        "data_generation": bench.generation.generation_id,
        "rule_pack": bench.checker.pack_version,
        "prompts": list(prose.evidence["prompts"]) if prose else [],
        "model": prose.writer if prose else None,
    }


def _branch(bench: Workbench, request: PlanRequest) -> str | None:
    """The branch that the record belongs to; ``None`` for head office's own."""
    if request.branch_id is None and bench.principal.branches:
        return min(bench.principal.branches)
    return request.branch_id
