"""The work of one member of staff or branch in a period, as figures with the rows behind them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from copilot.metrics.work_holdings import balances, changes_by_type
from copilot.metrics.work_measures import measured, measures, of_member
from copilot.metrics.work_open import open_items
from copilot.metrics.work_period import work_period
from copilot.metrics.work_rows import WORK_TABLES, WorkRows, read_rows
from copilot.metrics.work_targets import progress
from copilot.records.codes import SummaryPeriod
from copilot.records.staff import Principal
from copilot.records.tables import TABLES
from copilot.records.work import Measured, Subject, Work
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

    Raises:
        Forbidden: the principal may not see this work.
    """
    repository = store.work(principal, subject)
    generation = store.facts.current()
    period = work_period(kind, day)
    rows = read_rows(repository, generation, subject, period, policy)
    targets = repository.targets(f"{day:%Y-%m}") if generation.has("targets") else []
    return Work(
        subject=subject,
        period=period,
        figures={figure.name: figure for figure in _figures(rows)},
        targets=progress(rows, targets),
        open_items=open_items(rows),
        team=rows.team,
        notes=tuple(_notes(rows, has_targets=bool(targets))),
    )


def _figures(rows: WorkRows) -> Iterator[Measured]:
    for measure in measures(rows):
        yield measured(measure, rows)
    yield from balances(rows)
    yield from changes_by_type(rows)
    if rows.is_branch:
        for person in rows.team:
            for measure in of_member(person.name, person.staff_id):
                yield measured(measure, rows)


def _notes(rows: WorkRows, *, has_targets: bool) -> Iterator[str]:
    """What the reader must know of the data before trusting the figures."""
    period = rows.period
    for name in WORK_TABLES:
        if name == "visits" and not rows.receives:
            continue
        label, since = TABLES[name].label, rows.since[name]
        if since is None:
            yield f"数据中没有{label}，相关内容未列"
        elif since > period.previous.first:
            first = f"{since.year}年{since.month}月{since.day}日"
            yield f"{label}自{first}起才有，没有完整的上期可比"
    if not period.workdays:
        yield "统计期间没有工作日"
    if not has_targets:
        yield "没有本月的目标，未作目标对照"
    if rows.customers and rows.current is None:
        yield "没有持仓快照，未列资产变化"
    elif rows.customers and rows.opening(period.window) is None:
        yield "持仓是月末与数据日的快照，期初没有快照，未列本期资产变化"
    if not rows.customers and not rows.is_branch:
        yield "本人没有管户客户，未列资产、到期与投诉"
