"""``copilot knowledge show``, ``diff``, ``stale``, ``doctor``, ``export``: care of what is kept."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from copilot.cli.common import (
    AsOfOption,
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    StaffOption,
    emit,
    workbench,
)
from copilot.cli.knowledge_access import DocumentArgument, present_grants
from copilot.errors import InputError
from copilot.records.codes import label

if TYPE_CHECKING:
    from copilot.knowledge.care import Aging, DocumentDiff, DocumentView, PassageChange
    from copilot.knowledge.consistency import Conflict
    from copilot.records.knowledge import Document, Passage

_SENTENCE = re.compile(r"[^。！？!?；\n]+[。！？!?；]?")


def show(
    document: DocumentArgument,
    version: Annotated[
        int | None, typer.Option("--version", metavar="V", help="第几版（默认最新）。")
    ] = None,
    acting: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """看一份资料：全文、各版本、有效期、谁能看。

    例：copilot knowledge show product/DEP-3Y
    """
    from copilot.knowledge.care import view

    with workbench(data_dir, config, acting, None) as bench:
        found = view(document, bench.store, bench.principal, version)
    emit(found.as_json(), lambda: _present_view(found), format)


def diff(
    document: DocumentArgument,
    since: Annotated[
        int | None, typer.Option("--from", metavar="V", help="旧版本（默认上一版）。")
    ] = None,
    until: Annotated[
        int | None, typer.Option("--to", metavar="V", help="新版本（默认最新）。")
    ] = None,
    acting: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """比较一份资料的两个版本：改了哪些句子、哪些有效期。

    例：copilot knowledge diff faq/deposits --from 1 --to 3
    """
    from copilot.knowledge.care import difference

    with workbench(data_dir, config, acting, None) as bench:
        found = difference(document, bench.store, bench.principal, since, until)
    emit(found.as_json(), lambda: _present_diff(found), format)


def stale(
    within: Annotated[
        str, typer.Option("--within", metavar="DAYS", help="多少天之内到期算即将失效，如 30d。")
    ] = "30d",
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """列出快到期的、已失效还在库的、产品已不在售的资料；有已失效的，退出码为 1。

    例：copilot knowledge stale --within 60d
    """
    from copilot.knowledge.care import Age, aging

    days = _days(within)
    with workbench(data_dir, config, acting, as_of) as bench:
        day = bench.as_of
        found = aging(bench.store, bench.principal, day, days)
    body = {
        "as_of": day.isoformat(),
        "within_days": days,
        "items": [item.as_json() for item in found],
    }
    emit(body, lambda: _present_aging(found), format)
    return 1 if any(item.age is Age.EXPIRED for item in found) else 0


def doctor(
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """找矛盾与重复：资料与产品记录、问答与记录、两份资料之间，同一件事数字不同。

    有矛盾，退出码为 1；怎么改由人决定，本命令不改任何内容。

    例：copilot knowledge doctor --format json
    """
    from copilot.knowledge.consistency import conflicts

    with workbench(data_dir, config, acting, as_of) as bench:
        found = conflicts(bench.store, bench.principal, bench.as_of)
    contradictions = sum(conflict.contradicts for conflict in found)
    body = {
        "contradictions": contradictions,
        "duplicates": len(found) - contradictions,
        "findings": [conflict.as_json() for conflict in found],
    }
    emit(body, lambda: _present_conflicts(found, contradictions), format)
    return 1 if contradictions else 0


def export(
    out: Annotated[
        Path, typer.Option("--out", help="目录（每份资料一个 Markdown 文件），或 .jsonl 文件。")
    ],
    acting: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """导出现行资料，只含有权查看的：供备份、核对，或交给别的系统。

    例：copilot knowledge export --out 知识库.jsonl
    """
    from copilot.knowledge.export import export as write_out

    with workbench(data_dir, config, acting, None) as bench:
        documents, passages = write_out(out, bench.store, bench.principal)
    body = {"out": str(out), "documents": documents, "passages": passages}
    emit(body, f"已导出 {documents} 份资料、{passages} 个段落到 {out}。", format)


def _days(value: str) -> int:
    match = re.fullmatch(r"(\d{1,4})\s*(?:d|天|日)?", value.strip())
    if match is None:
        raise InputError(f"天数无法识别：{value}", field="within", next="请写成 30d 这样的格式。")
    return int(match[1])


def present_document(document: Document) -> str:
    """A document version in one line."""
    return (
        f"{document.document_id}  v{document.version}  [{label(document.kind)}] {document.title}"
        f"  {_span(document)}  {label(document.audience)}"
    )


def _span(item: Document | Passage) -> str:
    since = item.valid_from.isoformat() if item.valid_from else "长期"
    return f"{since}～{item.valid_to.isoformat() if item.valid_to else '今'}"


def _present_view(found: DocumentView) -> str:
    lines = [present_document(found.document)]
    if found.current != found.document.version:
        state = "已撤下" if found.current is None else f"现行为第 {found.current} 版"
        lines.append(f"（这一版不再检索：{state}）")
    older = [f"v{d.version} {_span(d)}" for d in found.versions]
    lines += [f"版本：{'；'.join(older)}", present_grants(found.grants)]
    lines += [
        f"\n【{passage.heading}】\n{passage.text}\n  {passage.citation}  {passage.passage_id}"
        for passage in found.passages
    ]
    return "\n".join(lines)


def _present_diff(found: DocumentDiff) -> str:
    head = f"{found.after.document_id}：第 {found.before.version} 版 → 第 {found.after.version} 版"
    if not found.changes:
        return f"{head}，内容没有变化。"
    lines = [f"{head}，改动 {len(found.changes)} 段，未变 {found.unchanged} 段。"]
    for change in found.changes:
        lines += [f"\n【{change.heading}】", *_sentence_changes(change)]
    return "\n".join(lines)


def _sentence_changes(change: PassageChange) -> list[str]:
    before, after = _shown(change.before), _shown(change.after)
    marked = difflib.ndiff(before, after)
    return [line for line in marked if not line.startswith("?")]


def _shown(passage: Passage | None) -> list[str]:
    if passage is None:
        return []
    sentences = [found.strip() for found in _SENTENCE.findall(passage.text) if found.strip()]
    return [*sentences, f"（{_span(passage)}，{label(passage.audience)}）"]


def _present_aging(found: list[Aging]) -> str:
    from copilot.knowledge.care import Age

    if not found:
        return "没有快到期或已失效的资料。"
    lines = []
    for age in Age:
        items = [item for item in found if item.age is age]
        if items:
            lines += [
                f"{age.shown}（{len(items)}）",
                *(f"  {_present_item(item)}" for item in items),
            ]
    return "\n".join(lines)


def _present_item(item: Aging) -> str:
    when = f"  {item.day.isoformat()}（{_distance(item.days)}）" if item.day else ""
    successor = f"  接替：{item.successor}" if item.successor else ""
    return f"{item.document_id}  {item.entry or item.title}{when}{successor}"


def _distance(days: int | None) -> str:
    if not days:
        return "当天"
    return f"还有 {days} 天" if days > 0 else f"已过 {-days} 天"


def _present_conflicts(found: list[Conflict], contradictions: int) -> str:
    from copilot.knowledge.consistency import Kind

    if not found:
        return "没有发现矛盾或重复。"
    lines = [f"矛盾 {contradictions} 处，重复 {len(found) - contradictions} 处。"]
    for kind in Kind:
        items = [conflict for conflict in found if conflict.kind is kind]
        if items:
            lines.append(f"{kind.shown}（{len(items)}）")
            lines += [f"  {c.message}\n    {'、'.join(c.passages or c.documents)}" for c in items]
    return "\n".join(lines)
