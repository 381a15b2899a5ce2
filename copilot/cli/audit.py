"""``copilot audit``: verify the log, look at a draft's evidence, replay it, take off its label."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot.cli.common import (
    AsOfOption,
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    StaffOption,
    emit,
    settings_for,
    workbench,
)

if TYPE_CHECKING:
    from copilot.pipeline.replay import Replay

app = typer.Typer(no_args_is_help=True)


@app.command()
def verify(
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """重算整条留痕链，找出第一条被改动的记录。

    例：copilot audit verify
    """
    from copilot.store import Store

    store = Store.open(settings_for(data_dir, config))
    try:
        verdict = store.audit.verify()
    finally:
        store.close()
    emit(
        verdict.as_json(),
        f"留痕完整：{verdict.entries} 条记录，逐条核对无误。"
        if verdict.ok
        else f"留痕不完整：第 {verdict.first_bad} 条起对不上（{verdict.reason}）。",
        format,
    )
    return 0 if verdict.ok else 1


@app.command()
def show(
    draft: Annotated[str, typer.Argument(help="草稿编号（draft_id）。")],
    acting: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """查看一份草稿及其全部依据：画像快照、产品版本、段落、模板、结论、留痕记录。

    例：copilot audit show P3f2a…
    """
    with workbench(data_dir, config, acting, None) as bench:
        record = bench.store.drafts(bench.principal).get(draft)
        entries = [
            {"seq": e.seq, "at": e.at, "actor": e.actor, "kind": e.kind, "hash": e.hash}
            for e in bench.store.audit.entries(subject=draft)
        ]
    document = record | {"audit": entries}
    emit(document, lambda: _present(document), format)


@app.command()
def replay(
    draft: Annotated[str, typer.Argument(help="草稿编号（draft_id）。")],
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """按留下的依据把话术、方案、总结或回答重算一遍，逐字核对，并列出此后变了什么。

    例：copilot audit replay P3f2a…
    """
    from copilot.pipeline.replay import replay as recompute

    with workbench(data_dir, config, acting, as_of) as bench:
        result = recompute(bench, draft)
    emit(result.as_json(), lambda: _present_replay(result), format)
    return 0 if result.same else 1


@app.command()
def unlabel(
    draft: Annotated[str, typer.Argument(help="草稿编号（draft_id）。")],
    reason: Annotated[str, typer.Option("--reason", help="为什么去掉，写进留痕。")],
    acting: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """取出去掉AI标识的文字；谁取的、为什么，记入留痕。

    例：copilot audit unlabel P3f2a… --reason 已由本人逐字改写
    """
    from copilot.pipeline.labels import without_ai_label

    with workbench(data_dir, config, acting, None) as bench:
        text = without_ai_label(bench, draft, reason)
    emit({"draft_id": draft, "text": text}, text, format)


def _present_replay(result: Replay) -> str:
    from copilot.pipeline.replay_part import Part

    verdict = "重算结果与留存的逐字一致。" if result.same else "重算结果与留存的不一致。"
    lines = [f"{result.draft_id} {verdict}"]
    lines += [
        f"  {Part.called(name)}：{'一致' if ok else '不一致'}" for name, ok in result.parts.items()
    ]
    if result.differences:
        lines += ["不同之处（留存 → 重算）：", *(f"  {line}" for line in result.differences)]
    changed = [f"  {line}" for line in result.changed] or ["  没有"]
    return "\n".join([*lines, "此后的变化：", *changed])


def _present(document: dict[str, Any]) -> str:
    head = "  ".join(document[name] for name in ("draft_id", "kind", "author", "created_at"))
    audit = [f"  #{e['seq']} {e['at']} {e['kind']} {e['hash'][:16]}…" for e in document["audit"]]
    body = {"draft": document["draft"], "evidence": document["evidence"]}
    return "\n".join([head, "留痕：", *audit, json.dumps(body, ensure_ascii=False, indent=2)])
