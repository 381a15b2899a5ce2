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
    from copilot.records.matching import CallToday


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
    day = calls.as_of.isoformat()
    lines = [f"今天值得联系的客户（{calls.branch_id or '全行'}，数据截至 {day}）"]
    if not calls.calls:
        lines = [f"{day} 没有值得主动联系的客户。{calls.note}"]
    for number, call in enumerate(calls.calls, start=1):
        lines += [f"{number:>2}. {_who(call)}", f"    {_what(call)}", f"    → {call.action}"]
    if calls.service:
        lines.append("到期服务（只告知到期和办理办法，不作营销）：")
        for call in calls.service:
            lines += [f"    {_who(call)}  {call.service_only}", f"    {_what(call)}"]
            lines.append(f"    → {call.action}")
    if calls.serve_first:
        lines.append("先服务、暂不营销：")
        lines += [f"    {customer}：{why}" for customer, why in calls.serve_first.items()]
    return "\n".join(lines)


def _who(call: CallToday) -> str:
    who = f"{call.name}（{call.customer_id}）" if call.name else call.customer_id
    return f"{who}  管户 {call.manager_id}" if call.manager_id else who


def _what(call: CallToday) -> str:
    """The reason; of what falls due also whether it is deposited again by itself."""
    if call.renews is None or "自动转存" in call.reason:
        return call.reason
    return f"{call.reason}（{'已' if call.renews else '未'}约定自动转存）"
