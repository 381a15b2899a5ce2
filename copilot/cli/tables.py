"""``copilot tables``: the quality of the bank's own tables, and the code lists to map them to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot.cli.common import (
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    StaffOption,
    emit,
    progress_bar,
    settings_for,
    workbench,
)

if TYPE_CHECKING:
    from copilot.pipeline.increment import IncrementReport
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


@app.command("load")
def load(
    sources: Annotated[Path, typer.Option("--sources", help="映射文件，可以只含有新数据的表。")],
    incremental: Annotated[
        bool, typer.Option("--incremental", help="叠加到已载入的数据上，而不是整个换掉。")
    ] = False,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """载入数据表并更新画像；--incremental 叠加新一天的文件，只重算有变动的客户。

    例：copilot tables load --sources 每日.yaml --incremental
    """
    from copilot.pipeline.bank import bring_in
    from copilot.pipeline.increment import load_increment

    settings = settings_for(data_dir, config)
    with progress_bar() as progress:
        if incremental:
            increment = load_increment(settings, sources, progress)
            emit(increment.as_json(), lambda: present_increment(increment), format)
            return
        bank = bring_in(settings, sources, progress)
    emit(bank.as_json(), lambda: present_quality(bank.quality), format)


@app.command("prune")
def prune(
    keep: Annotated[int, typer.Option("--keep", min=1, help="留下最近几批。")] = 2,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """清理旧的数据批次和其上的画像：默认留当前一批和上一批。

    每次载入后自动清理；刚被替换不到一小时的一批不动，免得正在读的人中断。留痕可查，不影响回放。

    例：copilot tables prune --keep 1
    """
    from copilot.pipeline.pruning import prune as remove_old
    from copilot.store import Store

    store = Store.open(settings_for(data_dir, config))
    try:
        with store.writer_lock():
            pruned = remove_old(store, keep=keep)
    finally:
        store.close()
    text = (
        f"清理 {len(pruned.removed)} 批，腾出 {pruned.freed / 2**20:,.1f} MB；"
        f"留下：{'、'.join(pruned.kept)}"
    )
    emit(pruned.as_json(), text, format)


@app.command("codes")
def codes(format: FormatOption = Format.TEXT) -> None:
    """列出各表各列的码值表，映射文件中的 codes 要换算到这些值。

    例：copilot tables codes --format json
    """
    from copilot.tables.report import code_lists, codes_text

    emit(code_lists(), codes_text, format)


@app.command("columns")
def columns(
    table: Annotated[str | None, typer.Argument(help="表名；不给就列出全部。")] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """列出各表可以接的列：含义、类型、是否必需（★）、主键和码值，写 sources.yaml 时对照。

    例：copilot tables columns customers
    """
    from copilot.tables.report import column_lists, columns_text

    emit({"tables": column_lists(table)}, lambda: columns_text(table), format)


def quality_document(report: QualityReport) -> dict[str, Any]:
    """The JSON of a quality report."""
    return asdict(report) | {"missing": sorted(report.missing)}


def present_quality(report: QualityReport) -> str:
    """A quality report for people."""
    from copilot.tables import quality_text

    return quality_text(report)


@app.command("duplicates")
def duplicates(
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多列出几对。")] = 50,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """同一人可能有两个客户号：列出成对的客户号和依据，只提示，不合并。

    例：copilot tables duplicates --as S1001
    """
    from copilot.tables.duplicates import probable_duplicates

    with workbench(data_dir, config, staff, None) as bench:
        found = probable_duplicates(bench.generation.files("customers")).seen_by(bench.principal)
    document = found.as_json(limit)
    emit(document, lambda: present_duplicates(document), format)


def present_duplicates(document: dict[str, Any]) -> str:
    """Probable duplicates for people."""
    lines = [
        f"{document['customers']:,} 位客户，比对 {document['compared']:,} 对，"
        f"可能是同一人的 {document['found']:,} 对；只提示，请核实后在核心系统处理。"
    ]
    for pair in document["pairs"]:
        differ = f"；不同：{'、'.join(pair['differ'])}" if pair["differ"] else ""
        lines.append(
            f"  {' 与 '.join(pair['customers'])} {pair['name']}"
            f"（{'很可能' if pair['likely'] else '可能'}，{min(pair['chance'], 0.99):.0%}）"
            f"相同：{'、'.join(pair['agree'])}{differ}"
        )
    return "\n".join(lines)


def present_increment(report: IncrementReport) -> str:
    """What an incremental load brought, for people."""
    loaded = report.extension
    lines = [
        f"{name}：新增 {added:,} 行，替换 {loaded.replaced[name]:,} 行，"
        f"已载入过 {loaded.repeated[name]:,} 行"
        for name, added in loaded.added.items()
    ]
    lines.append(
        f"涉及 {loaded.customers:,} 位客户，重算画像 {report.recomputed:,} 位"
        f"（共 {report.profiles.customers:,} 位，截至 {report.profiles.as_of}）"
    )
    return "\n".join([*lines, present_quality(loaded.quality)])
