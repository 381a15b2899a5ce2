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
    from copilot.records.feedback import CustomerFeedback, TextReading
    from copilot.records.profile import Profile

app = typer.Typer(no_args_is_help=True)

CustomerArgument = Annotated[str, typer.Argument(help="客户号。")]


@app.command("build")
def build(
    incremental: Annotated[
        bool, typer.Option("--incremental", help="只重算上次之后有变动的客户，结果与全量相同。")
    ] = False,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """计算全部客户的特征与理由；数据与声明没有变化时什么都不做。

    例：copilot profile build --as-of 2026-11-20
    """
    from copilot.profiles import build_profiles, recomputed_of

    with (
        workbench(data_dir, config, None, as_of) as bench,
        bench.store.writer_lock(),
        progress_bar() as progress,
    ):
        built = build_profiles(
            bench.store, bench.settings, bench.as_of, progress, incremental=incremental
        )
    document = {
        "generation": built.generation_id,
        "as_of": built.as_of.isoformat(),
        "customers": built.customers,
        "recomputed": recomputed_of(built),
        "spec_hash": built.spec_hash,
        "built_at": built.built_at.isoformat(),
    }
    again = recomputed_of(built)
    text = f"{built.customers:,} 位客户的画像，截至 {built.as_of}，其中重算 {again:,} 位"
    emit(document, text, format)


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
    with workbench(data_dir, config, staff, as_of) as bench:
        profile = bench.shown_profile(customer)
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


@app.command("feedback")
def feedback(
    customer: Annotated[str | None, typer.Argument(help="客户号。")] = None,
    text: Annotated[str | None, typer.Option("--text", help="改为读一句话，不查客户。")] = None,
    model: Annotated[
        bool, typer.Option("--model", help="这句话交给配置的大模型读，去掉号码后才发出。")
    ] = False,
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """客户原话读出什么：主题、诉求、情绪，满意度与忠诚度，是否先服务、暂不营销。

    例：copilot profile feedback C0001
    """
    from copilot.errors import InputError
    from copilot.pipeline.feedback import read_text, read_text_with_model

    if (customer is None) == (text is None) or (model and text is None):
        raise InputError(
            "客户号与 --text 必须且只能给一个，--model 只配 --text",
            next="例：copilot profile feedback C0001",
        )
    with workbench(data_dir, config, staff, as_of) as bench:
        if customer is not None:
            said = bench.customer_file(customer).feedback
            assert said is not None
            emit({"customer_id": customer} | said.as_json(), lambda: present_feedback(said), format)
            return
        reading = (read_text_with_model if model else read_text)(bench, text or "")
    emit(reading.as_json(), lambda: present_reading(reading), format)


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


def present_feedback(said: CustomerFeedback) -> str:
    """A customer's feedback for people; the texts stay where they are, their rows are named."""
    first = (
        f"先服务，暂不营销：{said.serve_first_because}"
        if said.serve_first
        else "没有需要先服务的原话"
    )
    lines = [first]
    for indicator in (said.satisfaction, said.loyalty):
        if indicator is not None:
            facts = "；".join(indicator.facts)
            lines.append(f"{indicator.label}（{indicator.window}）：{indicator.level}（{facts}）")
    lines += [
        f"  {row.on} {row.table} {row.key}：{present_reading(row.reading)}" for row in said.rows
    ]
    return "\n".join(lines)


def present_reading(reading: TextReading) -> str:
    """One reading for people."""
    because = f"，依据：{'、'.join(reading.because)}" if reading.because else ""
    mixed = "，有褒有贬" if reading.mixed else ""
    first = f"，先服务（{reading.concern}）" if reading.serve_first else ""
    return f"{reading.as_json()['words']}{mixed}{first}{because}"


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
