"""``copilot events``: what happened since the load."""

from __future__ import annotations

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

if TYPE_CHECKING:
    from copilot.pipeline.events import EventsReport

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps ``add`` a word of the command line while it is the only command."""


@app.command("add")
def add(
    file: Annotated[Path, typer.Option("--file", help="JSON Lines 文件，每行一件事。")],
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """登记事件并立即更新相关客户的画像与今日名单；重复登记不起作用。

    每行一件，写明 id、kind、customer_id、at 和该种类的字段，例如一笔投诉：
    {"id": "E1", "kind": "complaint", "customer_id": "C000001", "at": "2026-11-20T10:00:00",
    "complaint_id": "TS1"}

    例：copilot events add --file 事件.jsonl
    """
    from copilot.pipeline.events import add_events
    from copilot.records.json_lines import json_lines

    with workbench(data_dir, config, staff, as_of) as bench:
        report = add_events(bench, json_lines(file), str(file))
    emit(report.as_json(), lambda: present(report), format)


def present(report: EventsReport) -> str:
    """What came of the events, for people."""
    from copilot.records.event import EVENT_LABELS

    kinds = "、".join(f"{EVENT_LABELS[kind]}{n}件" for kind, n in sorted(report.kinds.items()))
    again = f"，{report.repeated}件以前登记过" if report.repeated else ""
    return (
        f"登记{report.recorded}件{f'（{kinds}）' if kinds else ''}{again}；"
        f"涉及{len(report.customers)}位客户，画像截至{report.as_of}，重算{report.recomputed}位"
    )
