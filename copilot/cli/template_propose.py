"""``copilot template propose``: a text by a person, or by a writer for each cell asked for."""

from __future__ import annotations

from itertools import product as every
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from copilot.cli.common import (
    AsOfOption,
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    emit,
    workbench,
)
from copilot.cli.template_output import present_proposals
from copilot.errors import InputError
from copilot.records.codes import Channel, LifeStage, ProductType

if TYPE_CHECKING:
    from copilot.drafting.template_writer import Cell
    from copilot.pipeline.template_proposals import Proposal
    from copilot.pipeline.workbench import Workbench


def propose(
    actor: Annotated[str, typer.Option("--as", metavar="STAFF", help="作者的工号。")],
    file: Annotated[
        Path | None, typer.Option("--file", help="模板文件（YAML）。", dir_okay=False)
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="模板正文，可以带变量。")] = None,
    products: Annotated[
        list[ProductType] | None,
        typer.Option("--product", metavar="TYPE", help="产品类型，可写多次。"),
    ] = None,
    channels: Annotated[
        list[Channel] | None, typer.Option("--channel", help="渠道，可写多次。")
    ] = None,
    life_stages: Annotated[
        list[LifeStage] | None,
        typer.Option("--life-stage", help="人生阶段，可写多次；不写为不限。"),
    ] = None,
    segments: Annotated[
        list[str] | None, typer.Option("--segment", help="客群，可写多次；不写为不限。")
    ] = None,
    tone: Annotated[str, typer.Option("--tone", help="语气，例如 plain、patient。")] = "plain",
    template_id: Annotated[
        str | None, typer.Option("--id", help="模板编号；不给就按格子起名。")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="标题。")] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="不用大模型，由内置模板引擎拟稿。")
    ] = False,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """提出模板：给文件、给正文，或只给产品、渠道、人生阶段、客群、语气，由模型或内置引擎逐格拟稿。

    每个提案都对适用的每个产品填样例检查；还不能送审的，退出码为 1。

    例：copilot template propose --as S9004 --product wmp --channel wecom --life-stage family
    """
    cells = [] if file else _cells(products, channels, life_stages, segments, tone)
    notes: list[str] = []
    with workbench(data_dir, config, actor, as_of) as bench:
        if file is not None or text is not None:
            proposals = [_by_person(bench, actor, file, cells, text or "", (template_id, title))]
        else:
            from copilot.pipeline.template_writing import write_proposals

            proposals, notes = write_proposals(bench, cells, actor, embedded=embedded)
        pack = bench.checker.pack
    document = {"proposals": [each.as_json() for each in proposals], "notes": notes}
    emit(document, lambda: present_proposals(proposals, notes, pack), format)
    return 0 if all(each.check.submittable for each in proposals) else 1


def _cells(
    products: list[ProductType] | None,
    channels: list[Channel] | None,
    life_stages: list[LifeStage] | None,
    segments: list[str] | None,
    tone: str,
) -> list[Cell]:
    """Every cell of the products, channels, life stages and segments given."""
    from copilot.drafting.template_writer import Cell

    if not products or not channels:
        raise InputError(
            "请给出模板文件，或至少给出产品类型和渠道。",
            field="file" if not products else "channel",
            next="例：copilot template propose --as S9004 --product wmp --channel wecom。",
        )
    return [
        Cell(product, channel, stage, segment, tone)
        for product, channel, stage, segment in every(
            products, channels, life_stages or (None,), segments or (None,)
        )
    ]


def _by_person(
    bench: Workbench,
    actor: str,
    file: Path | None,
    cells: list[Cell],
    text: str,
    named: tuple[str | None, str | None],
) -> Proposal:
    """The proposal that a person wrote, as a file or as a text."""
    from copilot.drafting.template_files import read_template, template_of
    from copilot.drafting.template_writer import entries_of
    from copilot.pipeline.template_proposals import propose as keep

    if file is not None:
        return keep(bench, read_template(file), actor)
    template_id, title = named
    given = entries_of(
        cells, text, author=actor, as_of=bench.as_of, template_id=template_id, title=title
    )
    return keep(bench, template_of(given), actor)
