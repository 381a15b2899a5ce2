"""``copilot score``: train, re-score, measure, show a model card, order products for a customer."""

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
    progress_bar,
    workbench,
)
from copilot.records.codes import Channel

if TYPE_CHECKING:
    from copilot.profiles.scores import Applied, Trained
    from copilot.profiles.scores.value import CustomerValue
    from copilot.records.score import ModelCard, Untrained

app = typer.Typer(no_args_is_help=True)

NameArgument = Annotated[str | None, typer.Argument(help="评分名；不写则全部。")]


@app.command("train")
def train(
    name: NameArgument = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """用本行标签或历史训练评分，按时间检验，然后给全部客户评分；样本不足的说明原因。

    例：copilot score train outflow_90
    """
    from copilot.profiles.scores import apply_scores, train_scores

    with (
        workbench(data_dir, config, None, None) as bench,
        bench.store.writer_lock(),
        progress_bar() as progress,
    ):
        found = train_scores(bench.store, bench.settings, name, progress)
        applied = apply_scores(bench.store, bench.settings)
    document = {"scores": [_entry(one) for one in found]} | _applied(applied)
    text = "\n".join([*(_line(one) for one in found), present_applied(applied)])
    emit(document, text, format)


@app.command("apply")
def apply(
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """用已有的模型给当前数据评分；数据分布与训练时不同的评分拒绝给出。

    例：copilot score apply
    """
    from copilot.profiles.scores import apply_scores

    with workbench(data_dir, config, None, as_of) as bench, bench.store.writer_lock():
        applied = apply_scores(bench.store, bench.settings, bench.as_of)
    emit(_applied(applied), present_applied(applied), format)


@app.command("eval")
def evaluate(
    name: NameArgument = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """各评分在检验期的表现，带分母和95%区间。

    例：copilot score eval
    """
    from copilot.profiles.scores import score_evaluation

    with workbench(data_dir, config, None, None) as bench:
        found = score_evaluation(bench.store, name)
    text = "\n\n".join(map(_table, found.cards)) or "还没有评分模型"
    emit(found.as_json(), text, format)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="评分名。")],
    customers: Annotated[
        int, typer.Option("--customers", help="列出排在最前的几位客户。", min=0, max=100)
    ] = 0,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """一个评分的模型卡：数据、时间、表现、公平性、不能说明什么。

    例：copilot score show outflow_90 --customers 10
    """
    from copilot.profiles.scores import highest, load_score

    with workbench(data_dir, config, staff, None) as bench:
        card = load_score(bench.store, name).card
        first = highest(bench.store, bench.principal, name, customers) if customers else []
    document = card.as_json() | ({"customers": first} if customers else {})
    text = present(card) + (("\n最前的客户：" + "、".join(first)) if customers else "")
    emit(document, text, format)


@app.command("next")
def next_offer(
    customer: Annotated[str, typer.Argument(help="客户号。")],
    channel: Annotated[Channel, typer.Option("--channel", help="渠道。")] = Channel.COUNTER,
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """先过门，再按购买倾向、需要和本行优先级给可以讲的产品排序。

    例：copilot score next C000001 --channel counter
    """
    from copilot.pipeline.scores import recommend

    with workbench(data_dir, config, staff, as_of) as bench:
        found = recommend(bench, customer, channel)
    lines = [f"{item.product_code}  {item.name}：{'；'.join(item.reasons)}" for item in found.items]
    emit(found.as_json(), "\n".join(lines) or "没有可以讲的产品", format)


def present(card: ModelCard) -> str:
    """A model card for people."""
    lines = [
        f"{card.title}（{card.model}）",
        f"预测：{card.target}",
        f"模型：{_METHODS[card.method]}。{card.why}",
        f"数据：{card.split}；训练{card.train_rows:,}例，正例{card.train_positives:,}例",
        _table(card),
        "最重要的列：" + "、".join(f"{n}（{s:.0%}）" for n, s in list(card.importance.items())[:6]),
        f"校准：{card.calibration}；排除的列{len(card.excluded)}个",
    ]
    if not card.offered:
        lines.append(f"不提供：{card.not_offered_because}")
    for group in card.fairness:
        ordered = "—" if group.auc is None else f"{group.auc:.3f}"
        lines.append(
            f"  {group.dimension}{group.group}：{group.customers:,}位，"
            f"预测{group.predicted_rate:.1%}，实际{group.observed_rate:.1%}，"
            f"高档占{group.high_band_share:.1%}，AUC {ordered}"
        )
    lines += [f"不能说明：{limit}" for limit in card.cannot_say]
    return "\n".join(lines)


_METHODS = {"logistic": "逻辑回归", "additive": "可加提升树", "ranking": "排序用提升树"}
_FIGURES = {"auc": "AUC", "pr_auc": "PR-AUC", "ece": "校准误差", "lift_10": "前10%提升"}


def _table(card: ModelCard) -> str:
    lines = []
    for model, measures in card.measures.items():
        figures = "，".join(
            f"{word} {measures[key].value:.3f}（{measures[key].low:.3f}–{measures[key].high:.3f}）"
            for key, word in _FIGURES.items()
        )
        base = measures["auc"]
        lines.append(f"{card.name} {_METHODS[model]}：{figures}；{base.num:,}/{base.den:,}例")
    return "\n".join(lines)


def _entry(found: Trained | Untrained) -> dict[str, object]:
    from copilot.records.score import Untrained

    if isinstance(found, Untrained):
        return found.as_json()
    status = "trained" if found.card.offered else "not_offered"
    return {"status": status, **found.card.as_json()}


def _line(found: Trained | Untrained) -> str:
    from copilot.records.score import Untrained

    if isinstance(found, Untrained):
        return f"{found.name}：未训练。{found.why}"
    card = found.card
    measured = card.shown()["auc"]
    offered = "" if card.offered else f"；不提供：{card.not_offered_because}"
    return (
        f"{card.name}：{_METHODS[card.method]}，检验AUC {measured.value:.3f}"
        f"（{measured.low:.3f}–{measured.high:.3f}，{measured.den:,}例）{offered}"
    )


def _applied(applied: Applied) -> dict[str, object]:
    return {
        "as_of": applied.as_of.isoformat(),
        "scored": applied.scored,
        "refused": applied.refused,
    }


def present_applied(applied: Applied) -> str:
    """What a scoring gave, for people."""
    lines = [f"评分 {name}：{count:,} 位客户" for name, count in applied.scored.items()]
    lines += [f"拒绝评分 {name}：{why}" for name, why in applied.refused.items()]
    return "\n".join(lines) or "没有可用的评分模型"


@app.command("value")
def value(
    customer: Annotated[str | None, typer.Argument(help="客户号；不写则列最高的几位。")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多几位。")] = 10,
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """客户十二个月的价值：余额乘以本行给的利差，加手续费，减服务成本；没有价格文件就不算。

    例：copilot score value C000001 --config 设置.yaml
    """
    from copilot.profiles.scores.value import customer_values

    with workbench(data_dir, config, staff, as_of) as bench:
        customers = bench.store.customers(bench.principal)
        wanted = customers.ids() if customer is None else [customers.get(customer).customer_id]
        found = customer_values(bench.generation, bench.settings, bench.as_of, wanted)
    found.sort(key=lambda one: (one.fen is None, -(one.fen or 0), one.customer_id))
    document = {"values": [one.as_json() for one in found[:limit]]}
    emit(document, lambda: "\n".join(present_value(one) for one in found[:limit]), format)


def present_value(one: CustomerValue) -> str:
    """A value for people, with the parts it is the sum of."""
    from copilot.records.figures import amount

    if one.fen is None:
        return f"{one.customer_id}：未知（{one.unknown_because}）"
    lines = [f"{one.customer_id}：{amount(one.fen)}（{one.window}）"]
    lines += [f"  {part.name} {amount(part.fen)}：{part.formula}" for part in one.parts]
    if one.left_out:
        lines.append(f"  没有定价、未计入：{'、'.join(one.left_out)}")
    return "\n".join(lines)


@app.command("repeat")
def repeat(
    days: Annotated[int, typer.Option("--days", min=7, max=730, help="预计今后多少天。")] = 180,
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多列几位。")] = 10,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """购买流水的回购预计（BG/NBD），先在留出的时间里与“照原来的频率”比；只用于没有持仓的流水。

    例：copilot score repeat --days 180
    """
    from copilot.pipeline.repeat_purchases import repeat_purchases

    with workbench(data_dir, config, None, None) as bench:
        found = repeat_purchases(bench, days, limit)
    emit(found, lambda: present_repeat(found), format)
    return 0 if found["check"]["offered"] else 1


def present_repeat(found: dict[str, Any]) -> str:
    """Repeat purchases for people."""
    check = found["check"]
    lines = [
        f"留出检验（{check['split']}之后{check['days']}天，{check['customers']:,} 位客户）："
        f"实际 {check['bought']:,} 次，预计 {check['foreseen']:,.0f} 次，"
        f"照原来频率 {check['foreseen_by_rate']:,.0f} 次；"
        f"每人误差 {check['mean_error']:.3f}，照原来频率 {check['mean_error_by_rate']:.3f}",
    ]
    if not check["offered"]:
        return "\n".join([*lines, "没有胜过照原来频率，不提供。"])
    lines += [
        f"  {one['customer_id']}：{found['days']}天内预计 {one['expected']:.1f} 次，"
        f"仍会再来的可能性 {one['alive']:.0%}"
        for one in found["customers"]
    ]
    return "\n".join(lines)
