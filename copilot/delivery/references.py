"""The numbered list of what a document rests on: each record once, in order of first mention."""

from __future__ import annotations

from copilot.records.report import Paragraph, Report

HEADING = "依据"


def references(report: Report) -> dict[tuple[str, ...], int]:
    """Each set of evidence ids with its number, from 1."""
    numbers: dict[tuple[str, ...], int] = {}
    for block in report.blocks:
        if isinstance(block, Paragraph) and block.evidence:
            numbers.setdefault(block.evidence, len(numbers) + 1)
    return numbers
