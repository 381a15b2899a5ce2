"""``copilot ask``: an answer with its evidence, or whom to ask."""

from __future__ import annotations

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
from copilot.errors import InputError

if TYPE_CHECKING:
    from copilot.records.draft import Answer


def ask(
    question: Annotated[str, typer.Argument(metavar="TEXT", help="问题。")],
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="问题涉及的客户号。")
    ] = None,
    conversation: Annotated[
        str | None,
        typer.Option(
            "--conversation",
            metavar="ID",
            help="对话编号：接着问时可以省去产品名，30分钟不用即过期。",
        ),
    ] = None,
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """回答产品、制度和服务问题，附出处；没有依据就说没有。

    例：copilot ask 三年定存多少，能上浮吗
    """
    from copilot.pipeline.ask import answer

    if not question.strip():
        raise InputError("问题是空的。", field="text", next="例：copilot ask 三年定存多少。")
    with workbench(data_dir, config, acting, as_of) as bench:
        found = answer(bench, question, customer, conversation)
    emit(found.as_json(), lambda: present(found), format)
    return 1 if found.refused else 0


def present(found: Answer) -> str:
    """An answer for people."""
    lines = [f"（{found.understood}）"] if found.understood else []
    lines.append(found.answer)
    sources = dict.fromkeys(f"{c.source or c.passage_id}：“{c.quote}”" for c in found.citations)
    if sources:
        lines += ["", "依据：", *(f"  · {source}" for source in sources)]
    if found.figures:
        lines += ["", "数字出处：", *(f"  · {f.text} ← {f.source}" for f in found.figures)]
    if found.ask_whom:
        lines.append(f"\n可以问：{found.ask_whom}")
    lines += [f"（{note}）" for note in found.notes]
    lines.append(f"留痕编号 {found.draft_id}")
    return "\n".join(lines)
