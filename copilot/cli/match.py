"""``copilot match``: the shelf for one customer, allowed and refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
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
    from copilot.records.matching import MatchResult, RefusalReason


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
    for reasons, candidates in groupby(result.allowed, key=lambda c: c.reasons):
        lines.append(f"理由：{'；'.join(reasons)}" if reasons else "没有对应的画像理由：")
        for candidate in candidates:
            rating = f" {candidate.risk_rating}" if candidate.risk_rating else ""
            lines.append(f"  ✓ {candidate.product_code} {candidate.name}{rating}")
    lines += _grouped("注意", ((c.product_code, c.name, c.cautions) for c in result.allowed))
    refused = ((d.product_code, d.shown_name, d.refusals) for d in result.refused)
    lines += _grouped("不可讲", refused)
    if result.unchecked:
        missing = "、".join(label_of(what) for what in result.unchecked)
        lines.append(f"未能核验（缺少数据）：{missing}")
    return "\n".join(lines)


def _grouped(
    title: str, products: Iterable[tuple[str, str, tuple[RefusalReason, ...]]]
) -> Iterator[str]:
    """Each set of reasons once, with the products that it is about."""
    about: dict[tuple[RefusalReason, ...], list[str]] = {}
    for code, name, reasons in products:
        if reasons:
            about.setdefault(reasons, []).append(f"{code} {name}".replace(" （", "（"))
    for reasons, named in about.items():
        yield f"{title}：{'、'.join(named)}"
        yield from (f"      {reason.message}（{reason.rule_id}）" for reason in reasons)
