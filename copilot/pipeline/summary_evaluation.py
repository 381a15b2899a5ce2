"""Evaluation of work summaries: every figure again from the rows that it names, every text checked.

staff and branches × day, week, month ─▶ the summary ─▶ figures from the named rows, in SQL
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copilot.knowledge.evaluation import share
from copilot.pipeline.evaluation import EvaluationReport
from copilot.pipeline.summary import SummaryRequest, draft_summary
from copilot.records.codes import SummaryPeriod
from copilot.records.metric import Unit
from copilot.records.progress import Progress
from copilot.records.work import Measured
from copilot.store import schema

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

_STEP = "逐份总结"
_PAGE = 500
_CLOSE = 1e-9
_BY_CUSTOMER = ("contacted_customers",)


def evaluate_summaries(
    bench: Workbench, progress: Progress, requests: Sequence[SummaryRequest] = ()
) -> EvaluationReport:
    """Writes summaries for the date and recomputes their figures; without requests, every one.

    Figures of holdings rest on two snapshots and are not among those recomputed here.
    """
    requests = requests or list(_every(bench))
    passed = equal = recomputed = 0
    misses: list[dict[str, Any]] = []
    for done, request in enumerate(requests):
        progress(_STEP, done, len(requests))
        draft = draft_summary(bench, request)
        owner = {"owner": request.staff_id or request.branch_id, "period": request.period.value}
        if draft.result.verdict.allows_use:
            passed += 1
        else:
            misses.append(owner | {"findings": [f.rule_id for f in draft.result.findings]})
        for figure in draft.material.work.figures.values():
            if figure.value is None or figure.table == "holdings":
                continue
            recomputed += 1
            value = _again(bench, figure)
            if abs(value - figure.value) <= _CLOSE:
                equal += 1
            else:
                misses.append(owner | {"figure": figure.name, "is": figure.value, "not": value})
    progress(_STEP, len(requests), len(requests))
    metrics = {
        "figures_recomputed_equal": share(equal, recomputed),
        "texts_that_pass": share(passed, len(requests)),
    }
    return EvaluationReport("summaries", len(requests), metrics, misses)


def _every(bench: Workbench) -> Iterator[SummaryRequest]:
    staff = bench.store.staff(bench.principal)
    branches = [branch.branch_id for branch in staff.branches()]
    people = [person.staff_id for person in staff.everyone() if person.active_on(bench.as_of)]
    for period in SummaryPeriod:
        for branch_id in branches:
            yield SummaryRequest(period, branch_id=branch_id)
        for staff_id in people:
            yield SummaryRequest(period, staff_id=staff_id)


def _again(bench: Workbench, figure: Measured) -> float:
    """A figure's value from the rows that it names."""
    rows = _rows(bench, figure)
    if len(rows) != len(figure.rows):
        return float("nan")
    if figure.unit is Unit.FEN:
        return float(sum(row.amount or 0 for row in rows))
    if figure.unit is Unit.RATIO:
        return _share(figure, rows)
    if figure.name in _BY_CUSTOMER:
        return float(len({row.customer_id for row in rows if row.customer_id}))
    return float(len(rows))


def _share(figure: Measured, rows: list[Any]) -> float:
    name = figure.name.partition("@")[0]
    if name == "retention":
        kept = sum(row.amount for row in rows if row.note == "承接")
        return float(kept / sum(row.amount for row in rows))
    if name == "connect_rate":
        return float(sum(row.outcome != "no_answer" for row in rows) / len(rows))
    last = figure.window.last
    won = [row for row in rows if row.accepted_at is not None and row.accepted_at.date() <= last]
    return float(sum(row.result == "success" for row in won) / len(rows))


def _rows(bench: Workbench, figure: Measured) -> list[Any]:
    table = schema.dimensions[figure.table]
    found: list[Any] = []
    with bench.store.read() as connection:
        for start in range(0, len(figure.rows), _PAGE):
            ids = figure.rows[start : start + _PAGE]
            found += connection.execute(sa.select(table).where(table.c.id.in_(ids))).all()
    return found
