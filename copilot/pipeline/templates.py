"""Submitting templates for review: each is checked over the fills it would be used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.pipeline.template_check import check_template
from copilot.records.compliance import Verdict
from copilot.records.progress import Progress
from copilot.records.staff import Principal
from copilot.records.template import Template
from copilot.settings import Settings
from copilot.store import Store

if TYPE_CHECKING:
    from copilot.review import ReviewPolicy


APPROVALS_FILE = "approvals.yaml"


@dataclass(frozen=True, slots=True)
class TemplateReport:
    """How many templates are on file, how many are approved, and why the others are not."""

    submitted: int
    approved: int
    not_approved: Mapping[str, str]


def review_policy(settings: Settings) -> ReviewPolicy:
    """How the bank reviews its templates.

    Raises:
        InputError: its file is wrong.
    """
    from copilot.review.policy import REVIEW_FILE, read_policy

    return read_policy(settings.knowledge_dir / "templates" / REVIEW_FILE)


def submit_templates(settings: Settings, store: Store, progress: Progress) -> TemplateReport:
    """Submits template files that are new and replays the reviews that the bank gave them.

    Raises:
        InputError: a template or the approvals file breaks its schema.
    """
    from copilot.drafting.template_files import load_templates

    folder = settings.knowledge_dir / "templates"
    if folder.is_dir():
        with store.read() as connection:
            known = {
                (template.template_id, template.version)
                for template in store.approvals(connection).templates()
            }
        fresh = [t for t in load_templates(folder) if (t.template_id, t.version) not in known]
        if fresh:
            _submit(settings, store, fresh, folder / APPROVALS_FILE, progress)
    return template_report(store)


def _submit(
    settings: Settings,
    store: Store,
    templates: Sequence[Template],
    approvals: Path,
    progress: Progress,
) -> None:
    from copilot.compliance import load_checker
    from copilot.review import ReviewDesk, replay_approvals

    principal = Principal.operator()
    as_of = store.facts.current().business_date
    shelf = store.products(principal).valid(as_of)
    checker = load_checker(settings.data_dir, settings.knowledge_dir)
    verdicts: dict[str, Verdict] = {}
    for done, template in enumerate(templates, start=1):
        progress("检查话术模板", done, len(templates))
        verdicts[template.template_id] = check_template(
            template, checker, shelf, as_of, settings.policy.bank_name
        ).verdict
    head_office = store.staff(principal)
    with store.transaction() as connection:
        repository = store.approvals(connection)
        for template in templates:
            repository.save_template(template)
        # Without a staff table there is nobody who could have reviewed.
        if approvals.is_file() and store.facts.current().has("staff"):
            report = replay_approvals(
                approvals,
                ReviewDesk(repository, review_policy(settings)),
                templates={template.template_id: template for template in templates},
                reviewers={person.staff_id: person for person in head_office.everyone()},
                pack_version=checker.pack_version,
                verdicts=verdicts,
                products=shelf,
            )
            store.audit.append(
                connection,
                "templates.submit",
                "templates",
                {
                    "submitted": len(templates),
                    "skipped": dict(report.skipped),
                    "reviews": repository.seals(),
                },
            )


def template_report(store: Store) -> TemplateReport:
    """How the templates on file stand on the business date."""
    with store.read() as connection:
        repository = store.approvals(connection)
        templates, reviews = repository.templates(), repository.reviews()
    as_of = store.facts.current().business_date
    reviewed = {(review.template_id, review.version): review for review in reviews}
    waiting: dict[str, str] = {}
    for template in templates:
        review = reviewed.get((template.template_id, template.version))
        if review is None:
            waiting[template.template_id] = "未提交审核"
        elif review.rejection is not None:
            waiting[template.template_id] = f"审核未通过：{review.rejection.comment}"
        elif review.approval is None and review.next_stage is not None:
            waiting[template.template_id] = f"审核中（{review.next_stage.shown}）"
        elif review.suspension is not None:
            waiting[template.template_id] = f"已停用：{review.suspension.reason}"
        elif review.approval is not None and review.approval.valid_to < as_of:
            waiting[template.template_id] = f"批准已于{review.approval.valid_to}到期"
    return TemplateReport(len(templates), len(templates) - len(waiting), waiting)
