"""The quality report as people read it."""

from __future__ import annotations

from typing import Any

from copilot.errors import InputError
from copilot.records.generation import QualityCount, QualityReport
from copilot.records.tables import TABLES
from copilot.tables.columns import code_label

#: What each column type takes, as people write it in their files.
_TYPES = {
    "text": "文字",
    "int": "整数",
    "float": "小数",
    "bool": "是否",
    "date": "日期",
    "datetime": "日期时间",
    "money": "金额",
    "json": "JSON 文字",
}
_ACTIONS = {"repaired": "已修复", "quarantined": "已隔离", "noted": "仅提示"}


def quality_text(report: QualityReport) -> str:
    """A Chinese summary: rows per table, then every rule that met a row, then what is absent."""
    lines = ["数据质量报告", ""]
    for name, read in report.read.items():
        accepted = report.accepted.get(name, 0)
        aside = f"，隔离 {read - accepted:,}" if read > accepted else ""
        lines.append(f"{_label(name)}（{name}）：读入 {read:,} 行，接收 {accepted:,} 行{aside}")
    if report.counts:
        lines += ["", "逐条规则"]
        lines += [f"  {_rule_text(counts)}" for counts in _by_rule(report).values()]
    lines += ["", *_absent(report)]
    lines += [f"说明：{note}" for note in report.notes]
    return "\n".join(lines).rstrip() + "\n"


def _by_rule(report: QualityReport) -> dict[tuple[str, str], list[QualityCount]]:
    rules: dict[tuple[str, str], list[QualityCount]] = {}
    for count in report.counts:
        rules.setdefault((count.table, count.rule), []).append(count)
    return rules


def _rule_text(counts: list[QualityCount]) -> str:
    """One line for a rule over all files of a table, with rows of the first file as examples."""
    first = counts[0]
    rows = "、".join(f"{row:,}" for row in first.examples)
    where = f"；例：{first.file} 第 {rows} 行" if rows else ""
    among = f"，{len(counts)} 个文件" if len(counts) > 1 else ""
    return (
        f"[{_ACTIONS[first.action]}] {_label(first.table)} {sum(c.rows for c in counts):,} 行"
        f"{among}：{first.message}（{first.rule}{where}）"
    )


def _absent(report: QualityReport) -> list[str]:
    tables = sorted(name for name in report.missing if "." not in name)
    columns = sorted(name for name in report.missing if "." in name)
    lines = []
    if tables:
        names = "、".join(f"{_label(name)}（{name}）" for name in tables)
        lines.append(f"未提供的表：{names}。依赖它们的功能不启用。")
    if columns:
        lines.append(f"未提供的列：{'、'.join(columns)}。相应特征按未知处理。")
    return lines


def _label(table: str) -> str:
    return TABLES[table].label if table in TABLES else table


def column_lists(table: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Table → its columns as a mapping file may name them; one table, or all.

    Raises:
        InputError: no such table.
    """
    if table is not None and table not in TABLES:
        raise InputError(
            f"没有名为 {table} 的表。", field="table", next=f"可用的表：{'、'.join(TABLES)}。"
        )
    return {
        each.name: [
            {
                "column": column.name,
                "label": column.label,
                "type": column.type,
                "required": column.required,
                "key": column.name in each.key,
                "data_class": column.data_class,
                "codes": list(column.codes),
            }
            for column in each.columns
        ]
        for each in TABLES.values()
        if table in (None, each.name)
    }


def columns_text(table: str | None = None) -> str:
    """The columns for people; ★ is required, 码值 are those of ``copilot tables codes``."""
    lines = []
    for name, columns in column_lists(table).items():
        lines.append(f"{_label(name)}（{name}）")
        for column in columns:
            required = "★" if column["required"] else "  "
            key = "，主键" if column["key"] else ""
            codes = f"，码值 {'、'.join(column['codes'])}" if column["codes"] else ""
            kind = _TYPES[column["type"]]
            lines.append(f"  {required}{column['column']}  {column['label']}（{kind}{key}{codes}）")
    return "\n".join(lines)


def code_lists() -> dict[str, dict[str, dict[str, str]]]:
    """Table → column → code → what people read for it."""
    return {
        table.name: {
            column.name: {code: code_label(column.codes, code) for code in column.codes}
            for column in table.columns
            if column.codes
        }
        for table in TABLES.values()
        if any(column.codes for column in table.columns)
    }


def codes_text() -> str:
    """The code lists for people."""
    lines = []
    for table, columns in code_lists().items():
        lines.append(f"{_label(table)}（{table}）")
        for column, codes in columns.items():
            named = "、".join(f"{code} {label}".rstrip() for code, label in codes.items())
            lines.append(f"  {TABLES[table].column(column).label}（{column}）：{named}")
    return "\n".join(lines)
