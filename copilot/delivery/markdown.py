"""A report as Markdown: pipe tables, charts as the tables behind them, evidence as footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from copilot.delivery.references import references
from copilot.records.report import (
    Block,
    Chart,
    Gantt,
    Paragraph,
    Report,
    Style,
    Table,
    cell_text,
    chart_value,
)

_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")
_LEADING = re.compile(r"^(\s*)([#>+-]|\d+[.)])(?=\s)", re.M)
_MARKS = {Style.BODY: "", Style.BULLET: "- ", Style.NOTE: "> "}


def markdown(report: Report) -> str:
    """The report as CommonMark with pipe tables and footnotes."""
    numbers = references(report)
    parts = [
        f"---\nAIGC: true\nproducer: {_escaped(report.producer)}\nid: {report.report_id}\n"
        f"as_of: {report.as_of.isoformat()}\n---",
        f"# {_escaped(report.title)}",
    ]
    if report.subtitle:
        parts.append(_escaped(report.subtitle))
    parts.append(f"> {_escaped(report.label)}")
    for section in report.sections:
        parts.append(f"## {_escaped(section.heading)}")
        parts += _merged_bullets([_block(block, numbers) for block in section.blocks])
    if numbers:
        parts.append("\n".join(f"[^{n}]: {_escaped('、'.join(ids))}" for ids, n in numbers.items()))
    return "\n\n".join(parts) + "\n"


def _merged_bullets(blocks: list[str]) -> Iterator[str]:
    """Neighbouring bullets as one list."""
    bullets: list[str] = []
    for block in blocks:
        if block.startswith("- "):
            bullets.append(block)
            continue
        if bullets:
            yield "\n".join(bullets)
            bullets = []
        yield block
    if bullets:
        yield "\n".join(bullets)


def _block(block: Block, numbers: dict[tuple[str, ...], int]) -> str:
    if isinstance(block, Paragraph):
        mark = f"[^{numbers[block.evidence]}]" if block.evidence else ""
        return f"{_MARKS[block.style]}{_escaped(block.text)}{mark}"
    if isinstance(block, Table):
        rows = [[cell_text(cell) for cell in row] for row in block.rows]
        return _titled(block.title, _pipes(block.header, rows), block.note)
    if isinstance(block, Chart):
        header = (
            "",
            *(f"{s.name}（{block.unit}）" if block.unit else s.name for s in block.series),
        )
        rows = [
            [category, *(chart_value(s.values[i]) for s in block.series)]
            for i, category in enumerate(block.categories)
        ]
        return _titled(block.title, _pipes(header, rows), block.note)
    return _gantt(block)


def _gantt(gantt: Gantt) -> str:
    header = ("事项", "开始", "结束", "负责")
    rows = [[t.name, t.start.isoformat(), t.end.isoformat(), t.owner] for t in gantt.tasks]
    return _titled(gantt.title, _pipes(header, rows), gantt.note)


def _titled(title: str, table: str, note: str) -> str:
    parts = [f"**{_escaped(title)}**"] if title else []
    parts.append(table)
    return "\n\n".join([*parts, _escaped(note)] if note else parts)


def _pipes(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"| {' | '.join(cell if cell == '---' else _cell(cell) for cell in line)} |"
        for line in lines
    )


def _cell(text: str) -> str:
    return _escaped(text).replace("\n", "<br>")


def _escaped(text: str) -> str:
    return _LEADING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text))
