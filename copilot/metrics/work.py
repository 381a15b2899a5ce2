"""The work of one member of staff, branch or bank in a period, as figures with their rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from copilot.metrics.work_holdings import balances, changes_by_type
from copilot.metrics.work_measures import measured, measures, of_member
from copilot.metrics.work_open import open_items
from copilot.metrics.work_period import work_period
from copilot.metrics.work_rows import WORK_TABLES, WorkRows, read_rows
from copilot.metrics.work_targets import progress
from copilot.records.codes import Role, SummaryPeriod
from copilot.records.figures import full_date
from copilot.records.staff import Principal
from copilot.records.tables import TABLES
from copilot.records.work import Measured, Subject, Work, WorkPeriod
from copilot.settings import BankPolicy
from copilot.store import Store


def measure_work(
    store: Store,
    principal: Principal,
    subject: Subject,
    kind: SummaryPeriod,
    day: date,
    policy: BankPolicy,
) -> Work:
    """Everything that the tables tell of a subject's work up to a day.

    A branch manager without customers of their own answers for the branch: its targets and its
    open items stand beside their own work log.

    Raises:
        Forbidden: the principal may not see this work.
    """
    period = work_period(kind, day)
    work, rows = _measured(store, principal, subject, period, policy)
    staff = subject.staff
    if staff is None or staff.role is not Role.MANAGER or rows.customers or work.targets:
        return work
    whole, _ = _measured(store, principal, Subject(subject.branch), period, policy)
    return replace(
        work,
        targets=whole.targets,
        open_items=whole.open_items,
        members=whole.members,
        notes=(*_of_the_log(rows), f"目标与待办是{subject.branch.name}的，支行总结另有明细"),
        answers_for=subject.branch.name,
    )


def _measured(
    store: Store, principal: Principal, subject: Subject, period: WorkPeriod, policy: BankPolicy
) -> tuple[Work, WorkRows]:
    repository = store.work(principal, subject)
    generation = store.facts.current()
    rows = read_rows(repository, generation, subject, period, policy)
    month = f"{period.last:%Y-%m}"
    targets = progress(rows, repository.targets(month) if generation.has("targets") else [])
    work = Work(
        subject=subject,
        period=period,
        figures={figure.name: figure for figure in _figures(rows)},
        targets=targets,
        open_items=open_items(rows),
        members=rows.members,
        notes=(*_of_the_log(rows), *_of_the_book(rows, has_targets=bool(targets))),
    )
    return work, rows


def _figures(rows: WorkRows) -> Iterator[Measured]:
    for measure in measures(rows):
        yield measured(measure, rows)
    yield from balances(rows)
    yield from changes_by_type(rows)
    if rows.is_branch:
        for member in rows.members:
            for measure in of_member(member):
                yield measured(measure, rows)


def _of_the_log(rows: WorkRows) -> Iterator[str]:
    """What the reader must know of the work records before trusting the figures."""
    period = rows.period
    for name in WORK_TABLES:
        if name == "visits" and not rows.receives:
            continue
        label, since = TABLES[name].label, rows.since[name]
        if since is None:
            yield f"数据中没有{label}，相关内容未列"
        elif since > period.previous.first:
            yield f"{label}自{full_date(since)}起才有，没有完整的上期可比"
    if not period.workdays:
        yield "统计期间没有工作日"


def _of_the_book(rows: WorkRows, *, has_targets: bool) -> Iterator[str]:
    """What is missing of targets and holdings."""
    if not has_targets:
        yield "没有本月的目标，未作目标对照"
    elif rows.subject.is_bank:
        yield "全行目标：总行没有单独下达的，为各支行目标合计；比率类各支行相同的照列"
    if rows.customers and rows.current is None:
        yield "没有持仓快照，未列资产变化"
    elif rows.customers and rows.current != rows.period.last and rows.current:
        yield f"余额类指标取自{full_date(rows.current)}的持仓快照，未列本期资产变化"
    elif rows.customers and rows.opening(rows.period.window) is None:
        yield "持仓是月末与数据日的快照，期初没有快照，未列本期资产变化"
    if not rows.customers and not rows.is_branch:
        yield "本人没有管户客户，未列资产、到期与投诉"
