"""``copilot profile``: build features, show a customer's card, explain a value, export."""

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
    progress_bar,
    workbench,
)

if TYPE_CHECKING:
    from copilot.profiles import FeatureExplanation
    from copilot.records.profile import Profile

app = typer.Typer(no_args_is_help=True)

CustomerArgument = Annotated[str, typer.Argument(help="客户号。")]


@app.command("build")
def build(
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """计算全部客户的特征与理由；数据与声明没有变化时什么都不做。

    例：copilot profile build --as-of 2026-11-20
    """
    from copilot.profiles import build_profiles

    with (
        workbench(data_dir, config, None, as_of) as bench,
        bench.store.writer_lock(),
        progress_bar() as progress,
    ):
        built = build_profiles(bench.store, bench.settings, bench.as_of, progress)
    document = {
        "generation": built.generation_id,
        "as_of": built.as_of.isoformat(),
        "customers": built.customers,
        "spec_hash": built.spec_hash,
        "built_at": built.built_at.isoformat(),
    }
    emit(document, f"{built.customers:,} 位客户的画像，截至 {built.as_of}", format)


@app.command("show")
def show(
    customer: CustomerArgument,
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """一位客户的画像：卡片、理由和全部特征。

    例：copilot profile show C0001
    """
    from copilot.profiles import without_amounts

    with workbench(data_dir, config, staff, as_of) as bench:
        profile = bench.profile(customer)
        if not bench.principal.sees_amounts:
            profile = without_amounts(profile)
    emit(profile.as_json(), lambda: present(profile), format)


@app.command("explain")
def explain(
    customer: CustomerArgument,
    feature: Annotated[str, typer.Argument(help="特征名，例如 idle_amount。")],
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """一个特征值从哪些行算出来：定义、窗口、明细行，以及由明细重算的值。

    例：copilot profile explain C0001 inflow_90
    """
    from copilot.profiles import explain_feature

    with workbench(data_dir, config, staff, as_of) as bench:
        found = explain_feature(
            bench.store, bench.principal, customer, feature, bench.as_of, bench.settings
        )
    emit(found.as_json(), lambda: present_explanation(found), format)


@app.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", help="写到哪个 Parquet 文件。")],
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """把全部客户的特征写成一个 Parquet 宽表。

    例：copilot profile export --out features.parquet
    """
    from copilot.profiles import export_features

    with workbench(data_dir, config, None, as_of) as bench:
        customers = export_features(bench.store, out, bench.as_of)
    emit({"out": str(out), "customers": customers}, f"{customers:,} 位客户 → {out}", format)


def present(profile: Profile) -> str:
    """A profile for people: the card, then every known feature."""
    from copilot.profiles import load_features, readable

    declared = load_features().features
    lines = [profile.card, ""]
    for name, feature in profile.features.items():
        lines.append(f"{declared[name].label}（{name}）：{readable(feature)}")
    return "\n".join(lines)


def present_explanation(found: FeatureExplanation) -> str:
    """An explanation for people: the declaration, the rows, the value again."""
    from copilot.profiles import readable

    spec = found.spec
    lines = [
        f"{spec.label}（{spec.name}，第{spec.version}版）= {readable(found.value)}",
        f"公式：{spec.formula}；窗口：{spec.window}；截至 {found.as_of}",
        f"来源：{'、'.join(spec.sources)}",
    ]
    if found.table is None:
        lines += [f"  由 {item.name} = {readable(item)}" for item in found.inputs]
        return "\n".join(lines)
    lines.append(f"依据：表 {found.table} 的 {found.rows_total} 行")
    lines += [f"  {'，'.join(f'{k}={v}' for k, v in row.items())}" for row in found.rows]
    if found.rows_total > len(found.rows):
        lines.append(f"  …… 其余 {found.rows_total - len(found.rows)} 行未列出")
    if found.recompute is not None:
        lines.append(f"由这些行重算（{found.recompute}）：{found.recomputed}")
    return "\n".join(lines)
