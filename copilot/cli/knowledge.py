"""``copilot knowledge``: take documents in, list them, take one out."""

from __future__ import annotations

from collections import Counter
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
    parse_day,
    progress_bar,
    settings_for,
    workbench,
)
from copilot.records.codes import PassageKind, label

if TYPE_CHECKING:
    from copilot.records.knowledge import Document, IngestReport

app = typer.Typer(no_args_is_help=True)

_STATUSES = {"added": "新增", "replaced": "更新", "unchanged": "未变", "refused": "未收"}


@app.command("ingest")
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="文件或目录，可以给多个。")],
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """资料入库：逐个文件解析、存版本、建索引；有问题的文件点名退回，其余照常入库。

    例：copilot knowledge ingest knowledge/ 本行制度.txt
    """
    from copilot.knowledge import ingest as take_in
    from copilot.store import Store

    settings = settings_for(data_dir, config)
    store = Store.open(settings)
    try:
        with store.writer_lock(), progress_bar() as progress:
            report = take_in(paths, store, settings, progress)
    finally:
        store.close()
    emit(report_document(report), lambda: present_report(report), format)
    raise typer.Exit(2 if any(status == "refused" for _, status, _ in report.files) else 0)


@app.command("list")
def list_documents(
    kind: Annotated[PassageKind | None, typer.Option("--kind", help="只列一类资料。")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="只列这一天有效的资料。")
    ] = None,
    acting: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """列出库里的现行资料：编号、版本、有效期、读者。

    例：copilot knowledge list --kind product --as-of 2026-11-20
    """
    day = parse_day(as_of) if as_of else None
    with workbench(data_dir, config, acting, None) as bench:
        found = bench.store.knowledge(bench.principal).documents(day)
    documents = [document for document in found if kind in (None, document.kind)]
    emit(
        {"documents": [_document_json(document) for document in documents]},
        lambda: "\n".join([*map(_present_document, documents), f"共 {len(documents)} 份资料。"]),
        format,
    )


@app.command("remove")
def remove(
    document: Annotated[str, typer.Argument(help="资料编号，见 copilot knowledge list。")],
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """撤下一份资料：立即查不到；旧版本保留，供核对以前的引用。

    例：copilot knowledge remove file/旧制度.txt
    """
    from copilot.knowledge import remove as take_out
    from copilot.store import Store

    store = Store.open(settings_for(data_dir, config))
    try:
        with store.writer_lock():
            take_out(document, store)
    finally:
        store.close()
    emit({"removed": document}, f"已撤下 {document}。", format)


def report_document(report: IngestReport) -> dict[str, Any]:
    """The JSON of an ingest."""
    return {
        "files": [
            {"file": file, "status": status, "reason" if status == "refused" else "document": what}
            for file, status, what in report.files
        ],
        "passages": report.passages,
        "generation": report.generation,
        "notes": list(report.notes),
    }


def present_report(report: IngestReport) -> str:
    """An ingest report for people: counts, then every refused file with its reason."""
    counts = Counter(status for _, status, _ in report.files)
    shown = "，".join(f"{name} {counts[status]}" for status, name in _STATUSES.items())
    refused = [f"未收 {file}：{why}" for file, status, why in report.files if status == "refused"]
    head = f"{len(report.files)} 个文件：{shown}；{report.passages} 段（{report.generation}）。"
    return "\n".join([head, *refused, *report.notes])


def _document_json(document: Document) -> dict[str, Any]:
    return {
        "document": document.document_id,
        "version": document.version,
        "kind": document.kind.value,
        "title": document.title,
        "audience": document.audience.value,
        "branches": list(document.branches),
        "product_code": document.product_code,
        "valid_from": document.valid_from and document.valid_from.isoformat(),
        "valid_to": document.valid_to and document.valid_to.isoformat(),
        "source": document.source,
    }


def _present_document(document: Document) -> str:
    since = document.valid_from.isoformat() if document.valid_from else "长期"
    until = document.valid_to.isoformat() if document.valid_to else "今"
    return (
        f"{document.document_id}  v{document.version}  [{label(document.kind)}] {document.title}"
        f"  {since}～{until}  {label(document.audience)}"
    )
