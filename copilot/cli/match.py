"""``copilot match``: the shelf for one customer, allowed and refused."""

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
from copilot.records.codes import Channel, label
from copilot.records.tables import label_of

if TYPE_CHECKING:
    from copilot.records.matching import MatchResult


def match(
    customer: Annotated[str, typer.Argument(help="客户号。")],
    channel: Annotated[Channel, typer.Option("--channel", help="渠道。")] = Channel.COUNTER,
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """一位客户的货架：可以讲的按需要排序（从不按收益），不可以讲的给出规则。

    不加 --as 时按客户的管户经理判断讲解资格。

    例：copilot match C0001 --channel phone --as S1002
    """
    from copilot.pipeline.shelf import shelf_for

    with workbench(data_dir, config, staff, as_of) as bench:
        result = shelf_for(bench, customer, channel)
    emit(result.as_json(), lambda: present(result), format)


def present(result: MatchResult) -> str:
    """A match for people."""
    lines = [
        f"客户 {result.customer_id}，{label(result.channel)}，{result.as_of}："
        f"可讲 {len(result.allowed)} 个，不可讲 {len(result.refused)} 个"
    ]
    for candidate in result.allowed:
        rating = f" {candidate.risk_rating}" if candidate.risk_rating else ""
        why = f"：{'；'.join(candidate.reasons)}" if candidate.reasons else ""
        lines.append(f"  ✓ {candidate.product_code} {candidate.name}{rating}{why}")
        lines += [f"      注意：{caution.message}" for caution in candidate.cautions]
    for decision in result.refused:
        lines.append(f"  ✗ {decision.product_code}")
        lines += [f"      {reason.rule_id}：{reason.message}" for reason in decision.refusals]
    if result.unchecked:
        missing = "、".join(label_of(what) for what in result.unchecked)
        lines.append(f"未能核验（缺少数据）：{missing}")
    return "\n".join(lines)
