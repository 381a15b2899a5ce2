"""Today's customers worth a contact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from copilot.pipeline.workbench import Workbench
from copilot.records.matching import MATURES_TODAY, CallToday


@dataclass(frozen=True, slots=True)
class CallList:
    """The call list of a branch, or of a manager's own customers.

    ``due`` is everybody whose money falls due before the next working day, however long the list.
    ``serve_first`` are those left out because of what they recently said, with why; ``note`` says
    what of the data keeps everybody off the list.
    """

    as_of: date
    branch_id: str | None
    calls: tuple[CallToday, ...]
    due: tuple[CallToday, ...] = ()
    serve_first: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def service(self) -> tuple[CallToday, ...]:
        """Those of whom something falls due and to whom nothing may be offered."""
        return tuple(call for call in self.due if call.service_only)

    @property
    def due_today(self) -> tuple[CallToday, ...]:
        """Everybody with something that falls due today, whether or not anything may be offered."""
        return tuple(call for call in self.due if call.reason_code == MATURES_TODAY)

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot today --format json``."""
        return {
            "as_of": self.as_of.isoformat(),
            "branch_id": self.branch_id,
            "customers": [_line(call) for call in self.calls],
            "service": [_line(call) for call in self.service],
            "serve_first": dict(self.serve_first),
            **({"note": self.note} if self.note else {}),
        }


def _line(call: CallToday) -> dict[str, Any]:
    return asdict(call) | {"data_date": call.data_date.isoformat()}


def _why(bench: Workbench) -> str:
    """What of the bank's data leaves nobody to call, if that is the cause."""
    if bench.generation.rows.get("consents"):
        return ""
    return (
        "没有客户同意营销的记录（同意记录表 consents 没有给或是空的），没有同意的客户不主动联系。"
    )


def call_today(bench: Workbench, branch_id: str | None = None, limit: int = 10) -> CallList:
    """Customers of a branch who are worth a contact today, best reason first.

    Raises:
        NotFound: no such branch.
    """
    from copilot.metrics.workdays import workday_after
    from copilot.pipeline.feedback import served_first
    from copilot.profiles import call_list, maturity_list

    if branch_id is None and bench.principal.branches:
        branch_id = min(bench.principal.branches)
    if branch_id is not None and bench.generation.has("branches"):
        bench.store.staff(bench.principal).branch(branch_id)
    until = workday_after(bench.as_of) - timedelta(days=1)
    due = maturity_list(bench.store, bench.principal, bench.as_of, until, branch_id)
    due = list(_served(due, served_first(bench, (call.customer_id for call in due))))
    asked = limit
    while True:  # who must be served first makes room for the next
        calls = call_list(bench.store, bench.principal, bench.as_of, branch_id, asked)
        angry = served_first(bench, (call.customer_id for call in calls))
        kept = tuple(call for call in calls if call.customer_id not in angry)[:limit]
        if len(kept) == limit or len(calls) < asked:
            note = "" if kept else _why(bench)
            return CallList(bench.as_of, branch_id, kept, tuple(due), angry, note)
        asked *= 2


def _served(due: Sequence[CallToday], angry: Mapping[str, str]) -> Iterator[CallToday]:
    """The same, with those who must be served first told of their maturity only."""
    for call in due:
        if call.customer_id in angry:
            action = "先把诉求办好，再告知到期日和办理办法"
            yield replace(call, service_only=angry[call.customer_id], action=action)
        else:
            yield call
