"""``copilot knowledge ingest``: files and folders into the knowledge base, once or watched."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot.cli.common import (
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    emit,
    progress_bar,
    settings_for,
)
from copilot.errors import InputError
from copilot.records.codes import Audience, PassageKind
from copilot.records.values import parse_day

if TYPE_CHECKING:
    from copilot.knowledge.declared import Declared
    from copilot.records.knowledge import IngestReport
    from copilot.settings import Settings
    from copilot.store import Store

_STATUSES = {
    "added": "新增",
    "replaced": "更新",
    "unchanged": "未变",
    "removed": "撤下",
    "refused": "未收",
}
_ALWAYS_SHOWN = ("added", "replaced", "unchanged", "refused")


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="文件或目录，可以给多个。")],
    kind: Annotated[
        PassageKind | None, typer.Option("--kind", help="没有声明种类的文件算哪一类。")
    ] = None,
    audience: Annotated[
        Audience | None, typer.Option("--audience", help="没有声明读者的文件给谁看（默认行内）。")
    ] = None,
    valid_from: Annotated[
        str | None, typer.Option("--valid-from", metavar="DATE", help="没有声明的，从哪天起有效。")
    ] = None,
    valid_to: Annotated[
        str | None, typer.Option("--valid-to", metavar="DATE", help="没有声明的，从哪天起失效。")
    ] = None,
    branch: Annotated[
        list[str] | None, typer.Option("--branch", help="只给这些网点看，可以给多个。")
    ] = None,
    watching: Annotated[
        bool, typer.Option("--watch", help="持续监视：新增、修改、删除的文件随时入库或撤下。")
    ] = False,
    interval: Annotated[
        float, typer.Option("--interval", min=0.05, help="监视时每隔多少秒看一次。")
    ] = 2.0,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """资料入库：逐个文件解析、存版本、建索引；有问题的文件点名退回，其余照常入库。

    例：copilot knowledge ingest 本行制度/ 存款利率表.xlsx --audience internal --branch BR01
    """
    from copilot.store import Store

    settings = settings_for(data_dir, config)
    options = _declared(kind, audience, valid_from, valid_to, branch or [])
    store = Store.open(settings)
    try:
        if watching:
            _watch(paths, store, settings, options, interval, format)
            return 0
        report = _once(paths, store, settings, options)
    finally:
        store.close()
    emit(report_document(report), lambda: present_report(report), format)
    return 2 if any(status == "refused" for _, status, _ in report.files) else 0


def _once(paths: list[Path], store: Store, settings: Settings, options: Declared) -> IngestReport:
    from copilot.knowledge import ingest as take_in
    from copilot.pipeline.ask_reader import reader_of

    with store.writer_lock(), progress_bar() as progress:
        report = take_in(paths, store, settings, progress, options)
        reader_of(store, progress)  # who asks next need not wait for it
        return report


def _watch(
    paths: list[Path],
    store: Store,
    settings: Settings,
    options: Declared,
    interval: float,
    format: Format,
) -> None:
    from copilot.knowledge.watch import watch

    for path in paths:
        if not path.exists():
            raise InputError(f"没有这个文件或目录：{path}", next="请检查路径后重试。")

    def wait() -> bool:
        time.sleep(interval)
        return True

    typer.echo(f"正在监视，每 {interval:g} 秒看一次；按 Ctrl-C 停止。", err=True)
    try:
        for report in watch(paths, store, settings, wait, options=options):
            if format is Format.JSON:  # a line a round, so that a program can follow
                print(json.dumps(report_document(report), ensure_ascii=False), flush=True)
            else:
                print(present_report(report), flush=True)
    except KeyboardInterrupt:
        typer.echo("已停止监视。", err=True)


def _declared(
    kind: PassageKind | None,
    audience: Audience | None,
    valid_from: str | None,
    valid_to: str | None,
    branches: list[str],
) -> Declared:
    from copilot.knowledge.declared import Declared

    since = parse_day(valid_from, "valid-from") if valid_from else None
    until = parse_day(valid_to, "valid-to") if valid_to else None
    try:
        return Declared(
            kind=kind,
            audience=audience,
            valid_from=since,
            valid_to=until,
            branches=tuple(branches),
        )
    except ValueError:
        raise InputError(
            "这些选项合在一起不成立。",
            next="内部话术（--kind script）只能给行内看；--valid-to 要晚于 --valid-from。",
        ) from None


def report_document(report: IngestReport) -> dict[str, Any]:
    """The JSON of an ingest."""
    remarks = defaultdict(list)
    for file, remark in report.remarks:
        remarks[file].append(remark)
    return {
        "files": [
            {"file": file, "status": status, "reason" if status == "refused" else "document": what}
            | ({"notes": remarks[file]} if file in remarks else {})
            for file, status, what in report.files
        ],
        "passages": report.passages,
        "generation": report.generation,
        "notes": list(report.notes),
    }


def present_report(report: IngestReport) -> str:
    """An ingest report for people: counts, then every refused file with its reason, and remarks."""
    counts = Counter(status for _, status, _ in report.files)
    shown = "，".join(
        f"{name} {counts[status]}"
        for status, name in _STATUSES.items()
        if counts[status] or status in _ALWAYS_SHOWN
    )
    refused = [f"未收 {file}：{why}" for file, status, why in report.files if status == "refused"]
    remarks = [f"注意 {file}：{remark}" for file, remark in report.remarks]
    head = f"{len(report.files)} 个文件：{shown}；{report.passages} 段（{report.generation}）。"
    return "\n".join([head, *refused, *remarks, *report.notes])
