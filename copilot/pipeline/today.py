"""Today's customers worth a contact."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from copilot.pipeline.workbench import Workbench
from copilot.records.matching import CallToday


@dataclass(frozen=True, slots=True)
class CallList:
    """The call list of a branch, or of a manager's own customers."""

    as_of: date
    branch_id: str | None
    calls: tuple[CallToday, ...]

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot today --format json``."""
        return {
            "as_of": self.as_of.isoformat(),
            "branch_id": self.branch_id,
            "customers": [
                asdict(call) | {"data_date": call.data_date.isoformat()} for call in self.calls
            ],
        }


def call_today(bench: Workbench, branch_id: str | None = None, limit: int = 10) -> CallList:
    """Customers of a branch who are worth a contact today, best reason first.

    Raises:
        NotFound: no such branch.
    """
    from copilot.profiles import call_list

    if branch_id is None and bench.principal.branches:
        branch_id = min(bench.principal.branches)
    if branch_id is not None and bench.generation.has("branches"):
        bench.store.staff(bench.principal).branch(branch_id)
    calls = call_list(bench.store, bench.principal, bench.as_of, branch_id=branch_id, limit=limit)
    return CallList(bench.as_of, branch_id, tuple(calls))
