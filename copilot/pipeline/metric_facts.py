"""What a report may state: its metrics' values, and the figures inside declared wording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from copilot.pipeline.facts import figures_of
from copilot.records.compliance import Fact
from copilot.records.figures import reported
from copilot.records.metric import Metric, Unit


def metric_facts(metrics: Iterable[Metric]) -> Iterator[Fact]:
    """The facts of metrics: each value in its shown form, its interval, and its formula's figures.

    A share is a fact at the precision at which it is shown, so that a text cannot state it finer.
    """
    for metric in metrics:
        yield from figures_of(f"{metric.label}。{metric.formula}", metric.source)
        if metric.denominator is not None:
            yield Fact(metric.source, "count", "count", metric.denominator)
        if not metric.known:
            continue
        for shown in (metric.shown, *(bound.text for bound in metric.bounds)):
            yield from figures_of(shown, metric.source)
        if isinstance(metric.value, date):
            continue
        if metric.unit is Unit.FEN:
            exact = int(metric.value or 0)
            for value in dict.fromkeys((exact, reported(exact))):
                for role in ("amount", "maturity"):  # behind 到期 too, where it is what falls due
                    yield Fact(metric.source, role, "amount", value)
        elif metric.unit in (Unit.COUNT, Unit.DAYS):
            yield Fact(metric.source, "count", "count", float(metric.value or 0))
