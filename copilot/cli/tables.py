"""``copilot tables``: the quality of the bank's own tables, and the code lists to map them to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot.cli.common import Format, FormatOption, emit, progress_bar

if TYPE_CHECKING:
    from copilot.records.generation import QualityReport

app = typer.Typer(no_args_is_help=True)


@app.command("check")
def check(
    sources: Annotated[Path, typer.Option("--sources", help="映射文件 sources.yaml。")],
    format: FormatOption = Format.TEXT,
) -> None:
    """检查本行数据：逐表逐条规则的修复、隔离与提示行数，不写入任何数据。

    例：copilot tables check --sources sources.yaml
    """
    from copilot.tables import check_tables, read_sources

    declared = read_sources(sources)
    with progress_bar() as progress:
        report = check_tables(declared, progress)
    emit(quality_document(report), lambda: present_quality(report), format)


@app.command("codes")
def codes(format: FormatOption = Format.TEXT) -> None:
    """列出各表各列的码值表，映射文件中的 codes 要换算到这些值。

    例：copilot tables codes --format json
    """
    from copilot.tables.report import code_lists, codes_text

    emit(code_lists(), codes_text, format)


def quality_document(report: QualityReport) -> dict[str, Any]:
    """The JSON of a quality report."""
    return asdict(report) | {"missing": sorted(report.missing)}


def present_quality(report: QualityReport) -> str:
    """A quality report for people."""
    from copilot.tables import quality_text

    return quality_text(report)
