"""A plan or a work summary once more: the figures as they were kept, put into words again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from copilot.errors import CopilotError
from copilot.metrics.work import measure_work
from copilot.pipeline import evidence
from copilot.pipeline.plan import PlanRequest, write_plan
from copilot.pipeline.plan_basis import plan_basis
from copilot.pipeline.replay_part import Again, Figures, Part, figures_changed
from copilot.pipeline.summary import write_summary
from copilot.records.compliance import CheckResult
from copilot.records.metric import shown
from copilot.records.plan import PlanBasis
from copilot.records.report import Report
from copilot.records.work import Work


@dataclass(frozen=True, slots=True)
class ReportAgain(Again):
    """What plans and summaries share: a report, its check, and the figures of today."""

    def compared(self, report: Report, result: CheckResult) -> Iterator[Part]:
        """The words, everything around them, and the checker's answer."""
        layout = self.document["report"] and report.as_json()
        yield Part("text", self.document["text"], report.plain.text if layout else "")
        yield Part("layout", self.document["report"], layout)
        yield Part("verdict", self.document["verdict"], result.verdict.value)

    def changes(self) -> Iterator[str]:
        """Products, versions, and figures that the records give otherwise now."""
        yield from self.products_changed(self.proof.get("products", ()))
        yield from self.versions_changed(self.document["versions"])
        try:
            now = self.figures_now()
        except CopilotError as error:
            yield f"按现在的记录算不出：{error.message}"
            return
        yield from figures_changed(self.figures_then(), now)

    @abstractmethod
    def figures_then(self) -> Figures:
        """The kept figures as texts state them, by label."""

    @abstractmethod
    def figures_now(self) -> Figures:
        """The same figures from the records of today, for the day of the draft."""


@dataclass(frozen=True, slots=True)
class PlanAgain(ReportAgain):
    """A stored plan with its basis as it was."""

    needs = frozenset({"basis", "request"})

    @property
    def basis(self) -> PlanBasis:
        """Everything that it was written from."""
        return evidence.given_back(PlanBasis, self.proof["basis"])

    def parts(self) -> Iterator[Part]:
        """The plan written again from its basis."""
        written = write_plan(self.then, self.basis)
        yield from self.compared(written.report, written.result)

    def changes(self) -> Iterator[str]:
        """Also templates that were approved then and are not now."""
        yield from ReportAgain.changes(self)
        kept = {template.template_id for template in self.then.templates}
        for template in self.basis.templates:
            if template.template_id not in kept:
                yield f"模板 {template.template_id}：已不在库中"

    def figures_then(self) -> Figures:
        """The metrics of the basis."""
        return _of_plan(self.basis)

    def figures_now(self) -> Figures:
        """The metrics of the same goal."""
        asked = PlanRequest(**self.proof["request"])
        return _of_plan(
            plan_basis(
                self.then,
                self.basis.goal,
                segment=asked.segment,
                branch_id=asked.branch_id,
                budget=asked.budget,
            )
        )


@dataclass(frozen=True, slots=True)
class SummaryAgain(ReportAgain):
    """A stored summary with the measured work as it was."""

    needs = frozenset({"work", "notes", "model"})

    @property
    def work(self) -> Work:
        """Everything that was measured."""
        return evidence.given_back(Work, self.proof["work"])

    def parts(self) -> Iterator[Part]:
        """The summary written again from the measured work."""
        written = write_summary(self.then, self.work, tuple(self.proof["notes"]))
        yield from self.compared(written.report, written.result)

    def figures_then(self) -> Figures:
        """The measured figures."""
        return _of_work(self.work)

    def figures_now(self) -> Figures:
        """The figures of the same subject and period; those that were hidden stay so."""
        then = self.work
        now = measure_work(
            self.then.store,
            self.then.principal,
            then.subject,
            then.period.kind,
            self.then.as_of,
            self.then.settings.policy,
        )
        return _of_work(now)


def _of_plan(basis: PlanBasis) -> Figures:
    return {metric.name: (metric.label, metric.shown) for metric in basis.metrics.values()}


def _of_work(work: Work) -> Figures:
    return {
        figure.name: (figure.label, shown(figure.value, figure.unit, figure.counter))
        for figure in work.figures.values()
        if figure.value is not None
    }
