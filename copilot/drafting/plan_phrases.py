"""Phrases that several parts of a plan share: figures put into sentences, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator

from copilot.records.metric import Metric
from copilot.records.plan import PlanBasis
from copilot.records.report import Paragraph, Piece, Style

_NAMED = re.compile(r"\{([\w.-]+)(~?)\}")


def say(basis: PlanBasis, words: str, style: Style = Style.BODY) -> Paragraph:
    """A paragraph in which ``{name}`` is a metric's value, ``{name~}`` the rounded one."""
    pieces: list[Piece] = []
    end = 0
    for match in _NAMED.finditer(words):
        metric = basis.metric(match[1])
        pieces += [words[end : match.start()], metric.rounded if match[2] else metric.stated]
        end = match.end()
    return Paragraph.of(*pieces, words[end:], style=style)


def unused(basis: PlanBasis) -> tuple[str, ...]:
    """The parts of the goal of which nothing was made, as one list."""
    ignored = basis.goal.ignored
    return ("、".join(f"“{part}”" for part in ignored),) if ignored else ()


def off_sale(basis: PlanBasis) -> Iterator[Paragraph]:
    """The products that cannot be bought while customers are approached, each with the reason."""
    for off in basis.reach.off_sale:
        code, name = off.product.product_code, off.product.name
        yield Paragraph.of(f"{name}（{code}）：{off.why}。", style=Style.BULLET)


def enough(needed: Metric, available: Metric) -> str:
    """Whether there are hands enough, in a sentence; nothing where that cannot be said."""
    if not isinstance(needed.value, int) or not isinstance(available.value, int):
        return ""
    if needed.value <= available.value:
        return "人手够，前提是不减少日常接待。"
    return "人手不够，须缩小名单、延长期间或增加人手。"


def too_few(basis: PlanBasis) -> bool:
    """Whether the effect that is hoped for is smaller than what the two groups can show."""
    mde, hoped = basis.metric("trial.mde").value, basis.metric("trial.hoped").value
    return isinstance(mde, float) and isinstance(hoped, float) and mde > hoped
