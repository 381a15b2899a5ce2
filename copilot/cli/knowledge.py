"""``copilot knowledge``: take documents in, list them, take one out; care of them is beside."""

from __future__ import annotations

from typing import Annotated

import typer

from copilot.cli import knowledge_access, knowledge_care, knowledge_index, knowledge_ingest
from copilot.cli.common import (
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    StaffOption,
    emit,
    settings_for,
    workbench,
)
from copilot.cli.knowledge_care import present_document
from copilot.records.codes import PassageKind
from copilot.records.values import parse_day

app = typer.Typer(no_args_is_help=True)

app.command("ingest")(knowledge_ingest.ingest)


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
        {"documents": [document.as_json() for document in documents]},
        lambda: "\n".join([*map(present_document, documents), f"共 {len(documents)} 份资料。"]),
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


app.command("show")(knowledge_care.show)
app.command("diff")(knowledge_care.diff)
app.command("stale")(knowledge_care.stale)
app.command("doctor")(knowledge_care.doctor)
app.command("export")(knowledge_care.export)
app.command("grant")(knowledge_access.grant)
app.command("revoke")(knowledge_access.revoke)
app.command("index")(knowledge_index.index)
