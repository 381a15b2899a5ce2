"""A work summary: measured, written, checked, saved with its evidence.

subject ─▶ figures with their rows ─▶ sentences (a model's, else ours) ─▶ checked ─▶ saved
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from copilot.drafting import summary_report as layout
from copilot.drafting.summary_said import facts_of, pieces, slots_in
from copilot.drafting.summary_values import summary_values
from copilot.drafting.summary_voice import Line, Material
from copilot.errors import InputError, ModelUnavailable, StateError
from copilot.pipeline import evidence, facts
from copilot.pipeline.summary_prospects import with_prospects
from copilot.records.codes import Audience, DraftKind, Role, SummaryPeriod
from copilot.records.compliance import CheckContext, CheckResult, Fact, Usable
from copilot.records.draft import WRITER_NOTICE, Versions
from copilot.records.figures import full_date
from copilot.records.report import Report, with_id
from copilot.records.work import Subject, Work
from copilot.store.drafts import SUMMARY_KIND

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

_DISCREET = (Role.LOBBY, Role.TELLER)


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """Whose work of which period: one of ``staff_id`` and ``branch_id``."""

    period: SummaryPeriod
    staff_id: str | None = None
    branch_id: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A work summary that has been checked, with every figure and the rows behind it."""

    draft_id: str
    report: Report
    work: Work
    lines: tuple[Line, ...]
    material: Material
    result: CheckResult
    versions: Versions
    writer: str
    notes: tuple[str, ...]

    @property
    def usable(self) -> Usable:
        """A summary stays inside the bank; blocked, it may not be used at all."""
        return self.result.usable_inside

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot summary --format json``."""
        work, plain = self.work, self.report.plain
        staff = work.subject.staff
        return {
            "draft_id": self.draft_id,
            "kind": DraftKind.SUMMARY.value,
            "subject": {
                "staff_id": staff.staff_id if staff else None,
                "branch_id": work.subject.branch.branch_id,
                "role": work.subject.role,
            },
            "period": {
                "kind": work.period.kind.value,
                **work.period.window.as_json(),
                "previous": work.period.previous.as_json(),
                "complete": work.period.complete,
                "workdays": work.period.workdays,
            },
            "text": plain.text,
            "figures": [figure.as_json() for figure in plain.figures],
            "report": self.report.as_json(),
            "sentences": [self._sentence(line) for line in self.lines],
            "metrics": [figure.as_json() for figure in work.figures.values()],
            "targets": [target.as_json() for target in work.targets],
            "open_items": [item.as_json() for item in work.open_items],
            "verdict": self.result.verdict.value,
            "usable": self.usable.value,
            "findings": [finding.as_json() for finding in self.result.findings],
            "versions": self.versions.as_json(),
            "writer": self.writer,
            "notes": list(self.notes),
        }

    def _sentence(self, line: Line) -> dict[str, Any]:
        values = self.material.values
        rows = layout.rows_of(line, self.work, values)
        return {
            "section": line.topic.value,
            "about": line.code,
            "text": "".join(
                piece if isinstance(piece, str) else piece.text
                for piece in pieces(line.text, values)
            ),
            "metrics": layout.metrics_of(line, values),
            "rows": {table: list(ids) for table, ids in rows.items()},
        }


def summarise(bench: Workbench, request: SummaryRequest) -> Summary:
    """The work summary of a member of staff or a branch up to the date.

    Raises:
        NotFound: no such member of staff or branch.
        Forbidden: the principal may not see this work.
        InputError: both or neither are named, or the date is later than the data.
        StateError: the member of staff had left before the period began.
    """
    return _saved(bench, draft_summary(bench, request))


def draft_summary(bench: Workbench, request: SummaryRequest) -> SummaryDraft:
    """A summary that is written and checked, and not kept; raises as `summarise` does."""
    from copilot.metrics.work import measure_work

    if bench.as_of > bench.generation.business_date:
        raise InputError(
            f"数据只到 {bench.generation.business_date}，不能总结 {bench.as_of} 的工作",
            field="date",
            next="请给出不晚于数据日期的日期。",
        )
    subject = _subject(bench, request)
    work = measure_work(
        bench.store, bench.principal, subject, request.period, bench.as_of, bench.settings.policy
    )
    _still_there(work)
    work = with_prospects(bench, work)
    amounts = bench.principal.sees_amounts and subject.role not in _DISCREET
    if not amounts:
        work = work.without_amounts(layout.HIDDEN_AMOUNTS)
    return write_summary(bench, work, _notes(work, amounts=amounts))


def _subject(bench: Workbench, request: SummaryRequest) -> Subject:
    if (request.staff_id is None) == (request.branch_id is None):
        raise InputError(
            "请用 --staff 给出工号，或用 --branch 给出网点号，二者选一。",
            field="staff",
            next="例：copilot summary --staff S1002 --period day。",
        )
    for table in ("staff", "branches", "events"):
        bench.generation.require(table)
    repository = bench.store.staff(bench.principal)
    if request.branch_id is not None:
        return Subject(repository.branch(request.branch_id))
    from copilot.records.staff import Branch

    person = repository.get(request.staff_id or "")
    known = {branch.branch_id: branch for branch in repository.branches()}
    return Subject(known.get(person.branch_id, Branch(person.branch_id, person.branch_id)), person)


def _still_there(work: Work) -> None:
    staff, first = work.subject.staff, work.period.window.first
    if staff is not None and not staff.active_on(first):
        raise StateError(
            f"工号 {staff.staff_id} 在 {first} 之前已离岗，这段时间没有工作可总结",
            next="请用 --date 换一个在岗的日期，或换一个工号。",
        )


def _notes(work: Work, *, amounts: bool) -> tuple[str, ...]:
    notes = list(work.notes)
    staff = work.subject.staff
    if staff is not None and not staff.active_on(work.period.last) and staff.valid_to:
        notes.append(f"该员工自{full_date(staff.valid_to)}起不在岗，只统计到离岗前")
    if not amounts:
        notes.append(layout.HIDDEN_AMOUNTS)
    notes.append("转介结果与投诉状态以数据日为准；客户以客户号表示")
    notes.append("每句话依据的全部记录编号随草稿留存，可按草稿编号查阅")
    return tuple(notes)


@dataclass(frozen=True, slots=True)
class SummaryDraft:
    """A written and checked summary that has not been saved."""

    material: Material
    lines: tuple[Line, ...]
    report: Report
    result: CheckResult
    notes: tuple[str, ...]
    writer: str = "embedded"
    model_evidence: Mapping[str, Any] | None = None
    usage: Mapping[str, Any] | None = None


def write_summary(bench: Workbench, work: Work, notes: tuple[str, ...]) -> SummaryDraft:
    """The model's sentences when one is configured and they pass, else the embedded writer's."""
    material = Material(work, summary_values(work))
    own = tuple(layout.lines(material))
    if bench.wire is not None:
        from copilot.drafting.summary_model import SummaryWriter

        writer = SummaryWriter(bench.wire, bench.settings.prompts_dir)
        try:
            reply = writer.reworded(
                own,
                material,
                lambda lines: _objections(bench, material, lines, notes),
                bank=bench.settings.policy.bank_name,
            )
        except ModelUnavailable as error:
            notes = (*notes, f"{error.message}已改用内置模板引擎")
        else:
            draft = _checked(bench, material, reply.lines, reply.model, notes)
            return replace(
                draft,
                writer=reply.model,
                model_evidence=reply.evidence,
                usage=reply.usage.as_json(),
            )
    return _checked(bench, material, own, WRITER_NOTICE, notes)


def _checked(
    bench: Workbench,
    material: Material,
    lines: Sequence[Line],
    writer: str,
    notes: tuple[str, ...],
) -> SummaryDraft:
    report = layout.report(
        material,
        lines,
        label=layout.label_for(writer),
        producer=bench.settings.policy.bank_name,
        notes=notes,
    )
    result = bench.checker.check(report.plain.text, _context(bench, material, notes))
    return SummaryDraft(material, tuple(lines), report, result, notes)


def _context(bench: Workbench, material: Material, notes: Sequence[str]) -> CheckContext:
    period = material.work.period
    known: list[Fact] = [*facts_of(material.values), facts.day_fact(period.last)]
    for note in notes:
        known += facts.figures_of(note, "data")
    return CheckContext(
        kind=DraftKind.SUMMARY,
        audience=Audience.INTERNAL,
        as_of=bench.as_of,
        whole=False,
        facts=tuple(known),
    )


def _objections(
    bench: Workbench, material: Material, lines: Sequence[Line], notes: tuple[str, ...]
) -> list[str]:
    result = _checked(bench, material, lines, "", notes).result
    return [f"“{f.text}”：{f.message}" for f in result.findings if not f.verdict.allows_use]


def _asked_for(work: Work) -> dict[str, str | None]:
    subject, period = work.subject, work.period.kind
    if subject.staff is not None:
        return {"period": period.value, "staff_id": subject.staff.staff_id, "branch_id": None}
    return {"period": period.value, "staff_id": None, "branch_id": subject.branch.branch_id}


def _saved(bench: Workbench, draft: SummaryDraft) -> Summary:
    work = draft.material.work
    versions = Versions(
        as_of=bench.as_of,
        data_generation=bench.generation.generation_id,
        product_valid_from=None,
        rule_pack=bench.checker.pack_version,
        prompts=tuple(draft.model_evidence["prompts"]) if draft.model_evidence else (),
        model=draft.writer if draft.model_evidence else None,
    )
    summary = Summary(
        draft_id="",
        report=draft.report,
        work=work,
        lines=draft.lines,
        material=draft.material,
        result=draft.result,
        versions=versions,
        writer=draft.writer,
        notes=draft.notes if draft.model_evidence else (WRITER_NOTICE, *draft.notes),
    )
    proof = {
        **evidence.asked_by(bench, None),
        "sentences": [
            {"about": line.code, "template": line.text, "slots": slots_in(line.text)}
            for line in draft.lines
        ],
        "request": _asked_for(work),
        "work": evidence.kept_whole(work),
        "notes": list(draft.notes),
        "model": draft.model_evidence,
        "usage": draft.usage,
    }
    draft_id = evidence.draft_id("W", summary.as_json(), proof)
    summary = replace(summary, draft_id=draft_id, report=with_id(summary.report, draft_id))
    evidence.save(
        bench, SUMMARY_KIND, summary.as_json(), proof, branch_id=work.subject.branch.branch_id
    )
    return summary
