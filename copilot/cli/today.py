"""``copilot today``: customers worth a contact."""

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

if TYPE_CHECKING:
    from copilot.pipeline.today import CallList


def today(
    branch: Annotated[str | None, typer.Option("--branch", help="网点号。")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="最多几位。")] = 10,
    staff: Annotated[
        str | None, typer.Option("--staff", help="工号：列出其网点的客户（同 --as）。")
    ] = None,
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """今天值得联系的客户，每位附一条理由和数据日期。

    例：copilot today --branch BR01
    """
    from copilot.pipeline.today import call_today

    with workbench(data_dir, config, acting or staff, as_of) as bench:
        calls = call_today(bench, branch, limit)
    emit(calls.as_json(), lambda: present(calls), format)


def present(calls: CallList) -> str:
    """The call list for people."""
    if not calls.calls:
        return f"{calls.as_of.isoformat()} 没有值得主动联系的客户。{calls.note}"
    lines = [
        f"今天值得联系的客户（{calls.branch_id or '全行'}，数据截至 {calls.as_of.isoformat()}）"
    ]
    for number, call in enumerate(calls.calls, start=1):
        who = f"{call.name}（{call.customer_id}）" if call.name else call.customer_id
        manager = f"  管户 {call.manager_id}" if call.manager_id else ""
        lines.append(f"{number:>2}. {who}{manager}\n    {call.reason}")
    if calls.serve_first:
        lines.append("先服务、暂不营销：")
        lines += [f"    {customer}：{why}" for customer, why in calls.serve_first.items()]
    return "\n".join(lines)
