"""``copilot audit``: verify the log, look at a draft's evidence."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

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

app = typer.Typer(no_args_is_help=True)


@app.command()
def verify(
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """重算整条留痕链，找出第一条被改动的记录。

    例：copilot audit verify
    """
    from copilot.store import Store

    store = Store.open(settings_for(data_dir, config))
    verdict = store.audit.verify()
    store.close()
    emit(
        verdict.as_json(),
        f"留痕完整：{verdict.entries} 条记录，逐条核对无误。"
        if verdict.ok
        else f"留痕不完整：第 {verdict.first_bad} 条起对不上（{verdict.reason}）。",
        format,
    )
    raise typer.Exit(0 if verdict.ok else 1)


@app.command()
def show(
    draft: Annotated[str, typer.Argument(help="草稿编号（draft_id）。")],
    acting: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """查看一份草稿及其全部依据：画像快照、产品版本、段落、模板、结论、留痕记录。

    例：copilot audit show D-3f2a…
    """
    with workbench(data_dir, config, acting, None) as bench:
        record = bench.store.drafts(bench.principal).get(draft)
        entries = [
            {"seq": e.seq, "at": e.at, "actor": e.actor, "kind": e.kind, "hash": e.hash}
            for e in bench.store.audit.entries(subject=draft)
        ]
    document = record | {"audit": entries}
    emit(document, lambda: _present(document), format)


def _present(document: dict[str, Any]) -> str:
    head = "  ".join(document[name] for name in ("draft_id", "kind", "author", "created_at"))
    audit = [f"  #{e['seq']} {e['at']} {e['kind']} {e['hash'][:16]}…" for e in document["audit"]]
    body = {"draft": document["draft"], "evidence": document["evidence"]}
    return "\n".join([head, "留痕：", *audit, json.dumps(body, ensure_ascii=False, indent=2)])
