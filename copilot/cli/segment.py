"""``copilot segment``: the customer segments, one segment, a customer's change, product pairs."""

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
from copilot.errors import DependencyError
from copilot.records.values import parse_day

if TYPE_CHECKING:
    from copilot.profiles.segments import SegmentBuild

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_segments(
    refit: Annotated[
        bool, typer.Option("--refit", help="重新学习RFM分界与聚类，客群的含义会变。")
    ] = False,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """全部客群：名称、人数、条件，以及与上月相比的变动。

    例：copilot segment list
    """
    from copilot.profiles.segments import build_segments, segments_of

    with workbench(data_dir, config, None, as_of) as bench:
        try:
            with bench.store.writer_lock():
                found = build_segments(bench.store, bench.settings, bench.as_of, refit=refit)
        except DependencyError:  # who may only read sees what was built last
            if refit:
                raise
            found = segments_of(bench.store, bench.as_of)
    emit(found.as_json(), lambda: present(found), format)


@app.command("show")
def show(
    segment: Annotated[str, typer.Argument(help="客群编号，例如 tier.wealth。")],
    customers: Annotated[bool, typer.Option("--customers", help="列出客户号。")] = False,
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """一个客群：条件、条件覆盖多少，要时列出客户号。

    例：copilot segment show cluster.1 --customers
    """
    from dataclasses import asdict

    from copilot.profiles.segments import members_of, segments_of

    with workbench(data_dir, config, staff, as_of) as bench:
        found = segments_of(bench.store, bench.as_of).segment(segment)
        members = (
            members_of(bench.store, bench.principal, segment, bench.as_of) if customers else None
        )
    document = asdict(found)
    text = f"{found.name}（{found.segment_id}）：{found.customers:,} 位，占{found.share:.1%}"
    text += "".join(f"\n  条件：{condition}" for condition in found.conditions)
    text += (
        f"\n  符合条件的占本客群{found.covered:.0%}；符合条件的人中{found.precise:.0%}属于本客群"
    )
    if members is not None:
        document["customer_ids"] = members
        text += "\n" + "\n".join(members)
    emit(document, text, format)


@app.command("change")
def change(
    customer: Annotated[str, typer.Argument(help="客户号。")],
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="与哪一天相比（默认30天前）。")
    ] = None,
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """一位客户的客群为什么变了：哪些数值动了，从多少到多少。

    例：copilot segment change C000001 --since 2026-10-20
    """
    from copilot.profiles import read_profile
    from copilot.profiles.build import build_profiles
    from copilot.profiles.segments import segment_changes
    from copilot.profiles.segments.changes import month_before

    with workbench(data_dir, config, staff, as_of) as bench:
        store, settings = bench.store, bench.settings
        then = parse_day(since) if since else month_before(bench.as_of)
        with store.writer_lock():
            build_profiles(store, settings, then)
        before = read_profile(store, bench.principal, customer, then, settings)
        after = bench.profile(customer)
        changes = segment_changes(store, settings, before, after)
    lines = [
        f"{one.before} → {one.after}：{'；'.join(one.because) or '没有可列的数值'}"
        for one in changes
    ]
    document = {
        "customer_id": customer,
        "since": then.isoformat(),
        "changes": [one.as_json() for one in changes],
    }
    emit(document, "\n".join(lines) or f"自 {then} 以来客群没有变化", format)


@app.command("pairs")
def pairs(
    by_code: Annotated[bool, typer.Option("--by-code", help="按产品代码而不是产品类型。")] = False,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """常被一起持有的产品：人数、支持度、提升度与校正后的显著性。

    例：copilot segment pairs
    """
    from copilot.profiles.associations import associations

    with workbench(data_dir, config, None, as_of) as bench:
        found = associations(bench.store, bench.settings, bench.as_of, by_code=by_code)
    text = "\n".join(f"{pair.words}（q={pair.q_value:.2g}）" for pair in found)
    emit({"pairs": [pair.as_json() for pair in found]}, text or "没有显著的搭配", format)


def present(build: SegmentBuild) -> str:
    """The segments for people."""
    from copilot.profiles.segments.schemes import SCHEMES

    lines = [f"截至 {build.as_of}，与 {build.compared_with} 相比"]
    for scheme, psi in build.drift.items():
        moved = "变动大，建议 --refit" if psi > 0.25 else "平稳"
        lines.append(f"\n{SCHEMES[scheme]}（占比变动 PSI {psi:.2f}，{moved}）")
        for one in (s for s in build.segments if s.scheme == scheme):
            conditions = "；".join(one.conditions)
            lines.append(
                f"  {one.segment_id}  {one.name}  {one.customers:,} 位（{one.share:.1%}）"
                f"  {conditions}"
            )
    lines += [f"\n{SCHEMES[scheme]}不提供：{why}" for scheme, why in build.not_offered.items()]
    return "\n".join(lines)
