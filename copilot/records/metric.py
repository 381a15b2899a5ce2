"""Metrics: computed figures with the formula and the query that gave them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from copilot.records import figures
from copilot.records.report import Stated


class Unit(StrEnum):
    """What a metric's value is counted in."""

    COUNT = "count"  # a number of things, or of people
    FEN = "fen"
    RATIO = "ratio"  # 0.123 is 12.3%
    POINTS = "points"  # a difference of ratios, in percentage points
    DAYS = "days"
    DATE = "date"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Metric:
    """One computed figure, or why there is none.

    ``name`` is unique in its report and the source of the figure is ``metric.<name>``; ``formula``
    says in words how the value comes about, ``query`` is the statement that gave it. ``low`` and
    ``high`` bound the 95 % interval of a share of ``numerator`` in ``denominator``. ``missing``
    says why ``value`` is ``None``.
    """

    name: str
    label: str
    value: float | int | date | None
    unit: Unit
    formula: str
    query: str = ""
    counter: str = ""
    numerator: int | None = None
    denominator: int | None = None
    low: float | None = None
    high: float | None = None
    missing: str = ""

    @property
    def source(self) -> str:
        """Where a text says that the figure comes from."""
        return f"metric.{self.name}"

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    @property
    def shown(self) -> str:
        """The value as texts state it; why there is none, else."""
        return shown(self.value, self.unit, self.counter) if self.known else self.missing

    @property
    def stated(self) -> Stated:
        """The value with its source, for a text."""
        return Stated(self.shown, self.source if self.known else "")

    @property
    def rounded(self) -> Stated:
        """The value as running text states it: money in 万元 or 亿元 with two decimals."""
        if self.unit is not Unit.FEN or not isinstance(self.value, (int, float)):
            return self.stated
        return Stated(figures.amount_reported(round(self.value)), self.source)

    @property
    def bounds(self) -> tuple[Stated, ...]:
        """The ends of the 95 % interval, or nothing."""
        if self.low is None or self.high is None:
            return ()
        return tuple(Stated(shown(end, self.unit), self.source) for end in (self.low, self.high))

    def as_json(self) -> dict[str, Any]:
        """The metric with its plain value."""
        value = self.value.isoformat() if isinstance(self.value, date) else self.value
        body: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "value": value,
            "unit": self.unit.value,
            "shown": self.shown,
            "formula": self.formula,
        }
        optional = {
            "query": self.query or None,
            "num": self.numerator,
            "den": self.denominator,
            "low": self.low,
            "high": self.high,
            "missing": self.missing or None,
        }
        return body | {name: given for name, given in optional.items() if given is not None}


def shown(value: float | int | date | None, unit: Unit, counter: str = "") -> str:
    """A value in the form in which texts state it.

    >>> shown(1234, Unit.COUNT, "位"), shown(0.1234, Unit.RATIO), shown(0.02, Unit.POINTS)
    ('1,234位', '12.3%', '2.0个百分点')
    >>> shown(5_0000_0000_00, Unit.FEN), shown(date(2026, 12, 1), Unit.DATE)
    ('5亿元', '2026年12月1日')
    """
    if value is None:
        return ""
    if isinstance(value, date):
        return figures.full_date(value)
    if unit is Unit.FEN:
        return figures.amount(round(value))
    if unit is Unit.RATIO:
        return f"{value * 100:.1f}%"
    if unit is Unit.POINTS:
        return f"{value * 100:.1f}个百分点"
    if unit is Unit.DAYS:
        return f"{round(value):,}天"
    if unit is Unit.NUMBER:
        return f"{value:,.1f}{counter}"
    return f"{round(value):,}{counter}"
