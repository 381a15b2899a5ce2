"""Work summaries for tests: one call each, and their sentences by what they are about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from copilot.pipeline.summary import Summary, SummaryRequest, summarise
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import SummaryPeriod
from copilot.settings import load_settings

DAY, WEEK, MONTH = SummaryPeriod.DAY, SummaryPeriod.WEEK, SummaryPeriod.MONTH


def summary(
    home: Path | Workbench, owner: str, period: SummaryPeriod = MONTH, **opened: Any
) -> Summary:
    if isinstance(home, Workbench):
        branch = owner if owner.startswith("BR") or owner == "HQ" else None
        return summarise(home, SummaryRequest(period, None if branch else owner, branch))
    bench = Workbench.open(load_settings(data_dir=home), **opened)
    try:
        return summary(bench, owner, period)
    finally:
        bench.close()


def sentences(written: Summary) -> dict[str, dict[str, Any]]:
    """The sentences by section and what they are about."""
    told = written.as_json()["sentences"]
    return {f"{sentence['section'][0]} {sentence['about']}": sentence for sentence in told}
