"""Templates proposed by a writer: the configured model first, else the embedded one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from copilot.drafting.phrases import load_phrases
from copilot.drafting.template_writer import EMBEDDED, Cell, embedded_proposal
from copilot.errors import InputError, ModelUnavailable
from copilot.pipeline.template_proposals import Proposal, check_now, propose
from copilot.records.codes import label
from copilot.records.draft import AI_LABEL, WRITER_NOTICE
from copilot.records.template import Template

if TYPE_CHECKING:
    from copilot.drafting.template_model import TemplateModelWriter
    from copilot.pipeline.workbench import Workbench

REVIEW_FIRST = "提案未经审核，不得对外发送"


def write_proposals(
    bench: Workbench, cells: Sequence[Cell], staff_id: str, *, embedded: bool = False
) -> tuple[list[Proposal], list[str]]:
    """A proposal for each cell, kept in the store, and notes on who wrote them.

    A cell whose last proposal is in review or decided gets the next version.

    Raises:
        InputError: the bank has no approved wording about a product type.
        NotFound, StateError: as `propose`.
    """
    model = None if embedded else _model(bench)
    proposals: list[Proposal] = []
    notes: dict[str, None] = {}
    for cell in cells:
        template, evidence, note = _written(bench, cell, staff_id, model)
        proposals.append(propose(bench, template, staff_id, evidence=evidence))
        notes |= dict.fromkeys((*note, REVIEW_FIRST))
    return proposals, list(notes)


def _model(bench: Workbench) -> TemplateModelWriter | None:
    if bench.wire is None:
        return None
    from copilot.drafting.template_model import TemplateModelWriter

    settings = bench.settings
    phrases = load_phrases(settings.knowledge_dir)
    return TemplateModelWriter(bench.wire, settings.prompts_dir, settings.policy.bank_name, phrases)


def _written(
    bench: Workbench, cell: Cell, author: str, model: TemplateModelWriter | None
) -> tuple[Template, Mapping[str, Any], list[str]]:
    version = _next_version(bench, cell.template_id)
    products = [product for product in bench.shelf if product.type is cell.product_type]
    notes = []
    if model is not None:
        try:
            written = model.propose(
                cell,
                bench.scripts,
                products,
                lambda template: _objections(bench, template),
                author=author,
                as_of=bench.as_of,
                version=version,
            )
        except ModelUnavailable as error:
            notes.append(f"{error.message}已改用内置模板引擎")
        else:
            return (
                written.template,
                written.evidence,
                [f"{AI_LABEL}（{written.evidence['writer']}）"],
            )
    template = embedded_proposal(
        cell,
        bench.scripts,
        load_phrases(bench.settings.knowledge_dir),
        lambda candidate: check_now(bench, candidate).submittable,
        author=author,
        as_of=bench.as_of,
        version=version,
    )
    if template is None:
        raise InputError(
            f"没有{label(cell.product_type)}的内部话术，内置引擎拟不出模板。",
            next="请用 --file 或 --text 给出正文，或配置大模型。",
            field="product",
        )
    return template, {"writer": EMBEDDED}, [*notes, WRITER_NOTICE]


def _next_version(bench: Workbench, template_id: str) -> int:
    """The version that a new proposal of the cell gets: one that was not submitted is replaced."""
    with bench.store.read() as connection:
        reviews = bench.store.approvals(connection).reviews_of(template_id)
    return max((review.version for review in reviews), default=0) + 1


def _objections(bench: Workbench, template: Template) -> list[str]:
    """What keeps a template from being submitted, for the writer's next attempt."""
    check = check_now(bench, template)
    if not check.fills:
        return ["没有一个在售产品能把变量填完整。"]
    found = [f"填好后超过长度 {fill.excess} 个字。" for fill in check.too_long]
    found += [
        f"“{finding.text}”：{finding.message}{finding.suggestion}"
        for fill in check.problems
        for finding in fill.result.blocking
    ]
    return list(dict.fromkeys(found))
