"""The parts of a score in words: which values raise it, which lower it; unknown is said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from copilot.profiles.arrays import Floats
from copilot.profiles.scores.columns import Column
from copilot.profiles.words import FORMATS

MOST_REASONS = 3
_SMALLEST_PART = 0.02  # in log-odds; below it nothing is worth a sentence
_EVEN = 0.05


def reasons_of(
    columns: Sequence[Column], labels: dict[str, str], values: Floats, parts: Floats
) -> tuple[str, ...]:
    """The three largest parts, largest first, each as a clause; ``labels`` by column name."""
    order = np.argsort(-np.abs(parts), kind="stable")[: MOST_REASONS * 4]
    found: list[str] = []
    said: set[str] = set()
    for place in order:
        column, part = columns[place], float(parts[place])
        topic = " ".join(sorted({column.left or column.name, column.right or column.name}))
        if abs(part) < _SMALLEST_PART or topic in said:
            continue
        said.add(topic)
        direction = "使可能性升高" if part > 0 else "使可能性降低"
        found.append(f"{_clause(column, float(values[place]), labels)}，{direction}")
        if len(found) == MOST_REASONS:
            break
    return tuple(found)


def _clause(column: Column, value: float, labels: dict[str, str]) -> str:
    if column.left:
        return _comparison(column, value, labels)
    if np.isnan(value):
        return f"{column.label}未知"
    if column.kind == "level":
        return column.label if value else f"不是“{column.label}”"
    if column.kind == "flag":
        return f"{column.label}：{'是' if value else '否'}"
    return f"{column.label}{amount_words(column.unit, value)}"


def _comparison(column: Column, value: float, labels: dict[str, str]) -> str:
    left = labels.get(column.left, column.left)
    right = labels.get(column.right, column.right)
    if np.isnan(value):
        return f"{left}与{right}无法比较"
    if column.kind == "difference":
        if value == 0:
            return f"{left}与{right}相同"
        word = "多" if value > 0 else "少"
        return f"{left}比{right}{word}{amount_words(column.unit, abs(value))}"
    if abs(value - 0.5) < _EVEN:
        return f"{left}与{right}相当"
    return f"{left}{'多于' if value > 0.5 else '少于'}{right}"


def amount_words(unit: str, value: float) -> str:
    """A value in the words of its unit.

    >>> amount_words("fen", 28_000_000), amount_words("days", 93), amount_words("ratio", 0.25)
    ('28万元', '93天', '25%')
    """
    today = date.min  # amounts do not depend on the day
    match unit:
        case "fen" | "fen_float" | "fen_per_month":
            worded = FORMATS["amount"](round(abs(value)), today)
            return f"{'-' if value < 0 else ''}{worded}{'/月' if unit == 'fen_per_month' else ''}"
        case "days":
            return f"{value:.0f}天"
        case "ratio":
            return f"{value:.0%}"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
