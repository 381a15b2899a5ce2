"""The page ``docs/compliance.md``: how well the checker judges, and which articles it covers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import RootModel

from copilot.errors import InputError
from copilot.pipeline.compliance_evaluation import CLEAN, ComplianceReport
from copilot.records.json_lines import json_lines
from copilot.records.yaml_file import YamlFile

if TYPE_CHECKING:
    from copilot.compliance import Pack

UNDECIDED_FILE = Path("rules") / "undecided.yaml"
FIRST_LOOKS = "first_looks.md"  # beside a set: how it came out before any rule knew it
_NAMES = {
    "violation_recall": "违规召回",
    "violation_recall_alone": "违规召回（脱离语境也成立的）",
    "evasion_recall": "变体识别",
    "false_block_rate": "合法文字误拦",
    "hard_negative_false_block_rate": "难例误拦",
    "lawful_not_pass_rate": "合法文字未通过（含提示）",
    "fix_rate": "拦下的违规文字，--fix 给出合规改写",
    "fix_figure_changed_rate": "改写里有数字变了（删去的违规承诺除外）",
}


class UndecidedModel(RootModel[dict[str, str]]):
    """Catalogue id → why no program decides the row from a text."""


def write_page(
    path: Path,
    reports: Mapping[str, ComplianceReport],
    pack: Pack,
    knowledge_dir: Path,
    catalogue: Path | None,
    sets: Sequence[Path] = (),
) -> None:
    """Write the page; beside the ``sets`` may stand what their first look showed.

    Raises:
        InputError: the catalogue or the list of undecided rows is not of its format.
    """
    lines = [
        "# 合规检查：效果与覆盖",
        "",
        "本页由 `copilot eval compliance --page docs/compliance.md` 生成，请勿手改。"
        "规则是工程样例，不构成法律意见。",
        "",
        f"规则包 `{pack.version}`，{len(pack.rules)} 条规则。不使用模型。"
        "违规和变体：结论不是 pass 即算识别；区间为 95% Wilson 区间。",
    ]
    for name, report in reports.items():
        lines += _of_set(name, report)
    for folder in dict.fromkeys(file.parent for file in sets):
        if (notes := folder / FIRST_LOOKS).is_file():
            lines += ["", "## 第一次看到时的结果", "", notes.read_text("utf-8").strip()]
    lines += _coverage(pack, knowledge_dir, catalogue)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _of_set(name: str, report: ComplianceReport) -> Iterator[str]:
    yield from (
        "",
        f"## 样本 {name}",
        "",
        "| 指标 | 数值 | 分子/分母 | 95% 区间 |",
        "|---|---|---|---|",
    )
    for key, metric in report.metrics().items():
        low, high = metric.low or 0.0, metric.high or 0.0
        yield (
            f"| {_NAMES[key]} | {metric.value:.1%} | {metric.num:.0f}/{metric.den} "
            f"| {low:.1%}–{high:.1%} |"
        )
    yield from ("", "| 类别 | 识别 | 共 |", "|---|---|---|")
    for category, (caught, count) in report.by_category().items():
        yield f"| {category} | {caught} | {count} |"
    missed = [judged for judged in report.judged if judged.missed]
    yield from ("", f"没判对的 {len(missed)} 条（原文由命令列出）：", "")
    for judged in missed:
        kind = "误判" if judged.given.label == CLEAN else "漏判"
        rules = "、".join(sorted({f.rule_id for f in judged.result.findings})) or "无"
        yield f"- {kind} `{judged.given.id}` {judged.given.category}（规则：{rules}）"


def _coverage(pack: Pack, knowledge_dir: Path, catalogue: Path | None) -> Sequence[str]:
    cited = _cited(pack)
    lines = ["", "## 条目覆盖", "", f"规则引用的法规条目 {len(cited)} 条。"]
    path = knowledge_dir / UNDECIDED_FILE
    undecided = YamlFile.read(path).validated(UndecidedModel).root if path.is_file() else {}
    if catalogue is not None:
        rows = [row for row in _rows(catalogue) if row.startswith("cn.")]
        open_rows = [row for row in rows if row not in cited and row not in undecided]
        lines.append(
            f"清单里的境内条目 {len(rows)} 条：有规则引用 {sum(r in cited for r in rows)} 条，"
            f"说明了不由文字判断 {sum(r in undecided and r not in cited for r in rows)} 条，"
            f"尚未安排 {len(open_rows)} 条。"
        )
        lines += [f"- 尚未安排：`{row}`" for row in open_rows]
    lines += ["", "### 不由文字判断的条目", "", "| 条目 | 原因 |", "|---|---|"]
    lines += [f"| `{row}` | {why} |" for row, why in sorted(undecided.items()) if row not in cited]
    lines += ["", "### 条目与规则", "", "| 条目 | 规则 |", "|---|---|"]
    lines += [f"| `{row}` | {'、'.join(sorted(rules))} |" for row, rules in sorted(cited.items())]
    return lines


def _cited(pack: Pack) -> dict[str, set[str]]:
    """Catalogue id → the rules that cite it; every active rule is exercised by its own cases."""
    cited: dict[str, set[str]] = {}
    for rule in pack.rules:
        for citation in rule.source.get("citations", ()):
            if rule.status == "active" and citation.get("catalogue"):
                cited.setdefault(citation["catalogue"], set()).add(rule.id)
    return cited


def _rows(catalogue: Path) -> Iterator[str]:
    for row, item in json_lines(catalogue):
        if not isinstance(item.get("id"), str):
            raise InputError("缺少 id，或类型不对。", file=str(catalogue), row=row, field="id")
        yield item["id"]
