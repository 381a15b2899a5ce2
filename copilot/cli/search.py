"""``copilot search``: passages of the knowledge base that may answer a question."""

from __future__ import annotations

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
    workbench,
)
from copilot.records.codes import Audience, PassageKind, label

if TYPE_CHECKING:
    from copilot.knowledge import SearchResult
    from copilot.records.knowledge import Hit


def search(
    query: Annotated[str, typer.Argument(help="要查的问题或词。")],
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="最多几条。")] = 10,
    kind: Annotated[PassageKind | None, typer.Option("--kind", help="只查一类资料。")] = None,
    audience: Annotated[
        Audience, typer.Option("--audience", help="读者：customer 只查可以给客户看的资料。")
    ] = Audience.INTERNAL,
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """查知识库：产品资料、制度法规、常见问题、内部话术，只给当日有效、有权查看的段落。

    例：copilot search 三年定存提前支取怎么算 --audience customer
    """
    from copilot.records.knowledge import SearchQuery

    with workbench(data_dir, config, acting, as_of) as bench:
        wanted = SearchQuery(query, bench.as_of, k=k, kind=kind, audience=audience)
        result = bench.search(wanted)
    document: dict[str, Any] = {"query": query, "results": [hit.as_json() for hit in result.hits]}
    if result.notes:
        document["notes"] = list(result.notes)
    emit(document, lambda: present(result), format)


def present(result: SearchResult) -> str:
    """The hits for people."""
    hits = [_present_hit(number, hit) for number, hit in enumerate(result.hits, start=1)]
    return "\n\n".join([*hits, *result.notes])


def _present_hit(number: int, hit: Hit) -> str:
    passage = hit.passage
    since = f"{passage.valid_from.isoformat()} 起" if passage.valid_from else "长期"
    until = f"，至 {passage.valid_to.isoformat()} 前" if passage.valid_to else ""
    reader = "" if passage.audience is Audience.CUSTOMER else "，仅供行内"
    return (
        f"{number}. [{label(passage.kind)}] {hit.title}\n"
        f"   {hit.snippet}\n"
        f"   出处：{passage.citation}（{since}{until}{reader}）  {passage.passage_id}"
    )
