"""``docs/profiles.md`` from the figures of one run and the feature declarations."""

from __future__ import annotations

from datetime import date
from typing import Any

from profiles_bank import BASELINE_COLUMNS

from copilot.profiles.spec import load_features

_UNITS = {
    "fen": "分", "fen_float": "分", "fen_per_month": "分/月", "days": "天", "count": "个",
    "ratio": "比例", "bool": "是否", "date": "日期", "code": "代码", "key": "主键",
}  # fmt: skip
_NULLS = {"zero": "记 0", "unknown": "未知", "never": "总有值"}
_NAMES = {
    "duckdb": "DuckDB 基线（一条 SQL）",
    "ours": "本产品，同样的特征",
    "pandas": "pandas 基线",
    "all": "本产品，全部特征与理由",
}


def document(figures: dict[str, Any]) -> str:
    """The whole page."""
    features = load_features().features
    return "\n".join(
        [
            "# 客户画像：速度与特征表",
            "",
            f"本页由 `python benchmarks/profiles.py --write docs/profiles.md` 于"
            f"{date.today().isoformat()}生成；{figures['machine']}，"
            f"测量时平均负载 {figures['load']:.1f}。负载高于核数时，墙钟时间受同机其他任务影响，"
            "请看 CPU 时间。",
            "",
            "数据由基线自带的生成器造出，不是真实客户：" + figures["made"],
            "",
            *_engines(figures),
            *_service(figures),
            *_reference(features),
            "",
        ]
    )


def _engines(figures: dict[str, Any]) -> list[str]:
    runs, base = figures["runs"], figures["runs"]["duckdb"]
    lines = [
        "## 特征引擎",
        "",
        "| | 特征数 | 墙钟（秒） | CPU（秒） | 墙钟 × 基线 | CPU × 基线 | 内存峰值（GB） |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, run in runs.items():
        lines.append(
            f"| {_NAMES[name]} | {run.features} | {run.wall:.1f} | {run.cpu:.1f} | "
            f"{run.wall / base.wall:.2f} | {run.cpu / base.cpu:.2f} | {run.peak / 2**30:.2f} |"
        )
    wrong = figures["differences"]
    same = "与基线逐个客户核对，全部相同" if not wrong else f"与基线不同的客户数：{wrong}"
    targets = [
        ("墙钟不超过基线的 1.15 倍", runs["ours"].wall <= 1.15 * base.wall),
        ("内存峰值不超过 1.5 GB", runs["ours"].peak <= 1.5 * 2**30),
        ("比 pandas 快一倍以上", 2 * runs["ours"].wall <= runs["pandas"].wall),
    ]
    lines += [
        "",
        f"{same}（整数完全相等，浮点相差不超过十亿分之一；`ticket_med` 定义不同，不在其内："
        "基线取中间两笔的平均，这里取两位有效数字的档）。",
        "",
        *(f"- {what}：{'达到' if met else '**未达到**'}" for what, met in targets),
        "",
        _spark(figures["spark"]),
        "",
    ]
    return lines


def _spark(found: dict[str, Any] | None) -> str:
    if found is None:
        return "Spark：这一次没有运行（`--spark`）；`make spark` 在核对数据上逐个特征比对。"
    tasks = len(BASELINE_COLUMNS)
    return (
        "Spark（本机两核，同样的 SQL 由 sqlglot 转写，会话时区上海）："
        f"{found['whole']:.0f} 秒，其中启动之后 {found['computing']:.0f} 秒；"
        f"与本产品逐个客户核对，{tasks} 个特征中 "
        f"{tasks - len(found['differences'])} 个完全相同（口径同上）。"
    )


def _service(figures: dict[str, Any]) -> list[str]:
    share = figures["incremental"] / figures["whole"]
    return [
        "## 增量与读取",
        "",
        "| | 秒 | 目标 |",
        "| --- | --- | --- |",
        f"| 全量画像（{figures['customers']:,} 位客户，含写出） | {figures['whole']:.2f} | |",
        f"| 叠加一天的文件（{figures['touched']:,} 位客户有变动） | {figures['loading']:.2f} | |",
        f"| 增量画像（同上） | {figures['incremental']:.2f} | 全量的 5%，实为 {share:.1%} |",
        f"| 读一份画像含卡片（中位 / 95 分位） | {figures['read']:.4f} / "
        f"{figures['read_p95']:.4f} | 0.005（画像），0.020（卡片） |",
        f"| 今日名单（{figures['customers']:,} 位客户中取 20 位） | {figures['today']:.3f} | 1 |",
        "",
        "增量算的行放在全量文件旁边，读的时候盖在上面，下一次全量再并成一个文件。"
        "增量只在同一数据日内有意义：数据日一变，每位客户的窗口都移动，程序自动整体重算；"
        "新快照日、原来没有的列同样如此。增量与全量的结果逐值相同（`tests/test_incremental.py`）。",
        "",
    ]


def _reference(features: Any) -> list[str]:
    lines = [
        f"## 特征表（{len(features)} 个）",
        "",
        "窗口以数据日为止（含当日）。类别按 JR/T 0171：C2 可识别个人或其资金，出行须脱敏。",
        "",
        "| 特征 | 中文名 | 算法 | 窗口 | 单位 | 缺失 | 类别 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {spec.name} | {spec.label} | {spec.formula} | {spec.window} | {_UNITS[spec.unit]} | "
        f"{_NULLS[spec.null_rule]} | {spec.data_class} |"
        for spec in features.values()
    ]
    return lines
