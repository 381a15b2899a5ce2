"""A work summary in a configured model's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from copilot.drafting.rewording import Reworder
from copilot.drafting.summary_voice import Line, Material
from copilot.llm.wire import Wire
from copilot.records.codes import SummaryPeriod
from copilot.records.usage import Usage

REPLY_TOKENS = 4000
NAMES = {
    SummaryPeriod.DAY: "工作日报",
    SummaryPeriod.WEEK: "工作周报",
    SummaryPeriod.MONTH: "工作总结",
}


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """Sentences that passed, with the evidence of how they came about."""

    lines: tuple[Line, ...]
    model: str
    evidence: Mapping[str, Any]
    usage: Usage


#: What the checker objects to once the sentences are filled.
Check = Callable[[Sequence[Line]], Sequence[str]]


class SummaryWriter:
    """Rewords summaries through one endpoint.

    Args:
        wire: the endpoint.
        prompts_dir: where ``summary.md`` is.
    """

    def __init__(self, wire: Wire, prompts_dir: Path) -> None:
        self._reworder = Reworder(
            wire, prompts_dir, prompt="summary", what="总结", max_tokens=REPLY_TOKENS
        )

    def reworded(
        self, lines: Sequence[Line], material: Material, check: Check, bank: str = ""
    ) -> ModelSummary:
        """The sentences in the model's words.

        Raises:
            ModelUnavailable: as `Reworder.reworded`.
        """

        def put(texts: Sequence[str]) -> tuple[Line, ...]:
            return tuple(replace(line, text=t) for line, t in zip(lines, texts, strict=True))

        found = self._reworder.reworded(
            [line.text for line in lines],
            {"bank": bank, "period": NAMES[material.work.period.kind]},
            lambda texts: check(put(texts)),
        )
        return ModelSummary(put(found.texts), found.model, found.evidence, found.usage)
