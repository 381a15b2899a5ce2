"""``copilot rules``: what the checker holds texts against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copilot.cli.common import ConfigOption, DataDirOption, Format, FormatOption, emit, settings_for

if TYPE_CHECKING:
    from copilot.compliance import Rule
    from copilot.compliance.compiler import PackReport

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

KnowledgeOption = Annotated[
    Path | None,
    typer.Option("--knowledge", help="知识目录（默认随程序附带的 knowledge）。", file_okay=False),
]


@app.command("list")
def list_rules(
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """正在使用的规则。

    例：copilot rules list --format json
    """
    from copilot.compliance import load_checker

    settings = settings_for(data_dir, config)
    pack = load_checker(settings.data_dir, settings.knowledge_dir).pack
    rules = [_line_of(rule) for rule in pack.rules]
    emit(
        {"pack_version": pack.version, "rules": rules},
        lambda: "\n".join(
            [f"规则包 {pack.version}，{len(rules)} 条规则"]
            + [f"  {r['id']:<44} {r['verdict']:<15} {r['title']}" for r in rules]
        ),
        format,
    )


@app.command("show")
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="规则号。")],
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """一条规则：管什么、为什么、依据哪一条、应当怎么写。

    例：copilot rules show cn.guarantee.no-risk
    """
    from copilot.compliance import load_checker

    settings = settings_for(data_dir, config)
    rule = load_checker(settings.data_dir, settings.knowledge_dir).pack.rule(rule_id)
    emit(dict(rule.source), lambda: present_rule(rule), format)


@app.command("test")
def run_cases(
    knowledge: KnowledgeOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """对规则文件跑自带的用例，并列出没有用例覆盖的词。

    例：copilot rules test
    """
    from copilot.compliance.compiler import run_rule_cases

    report = run_rule_cases(_rules_dir(knowledge, config))
    emit(report.as_json(), lambda: present_report(report), format)
    return 1 if report.failures else 0


@app.command("compile")
def compile_pack(
    knowledge: KnowledgeOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """把规则文件编译成规则包 pack.json；有用例不过就不写。

    例：copilot rules compile --knowledge knowledge
    """
    from copilot.compliance.compiler import compile_rules

    rules_dir = _rules_dir(knowledge, config)
    pack = compile_rules(rules_dir)
    target = rules_dir / "pack.json"
    pack.write(target)
    emit(
        {"pack_version": pack.version, "rules": len(pack.rules), "file": str(target)},
        f"规则包 {pack.version}：{len(pack.rules)} 条规则，已写入 {target}",
        format,
    )


def present_rule(rule: Rule) -> str:
    """A rule for people."""
    period = f"{rule.effective_from or '——'} 起，{rule.effective_to or '长期'} 止"
    lines = [
        f"{rule.id}  {rule.title}",
        f"  结论：{rule.verdict}（{rule.severity}），状态 {rule.status}，施行 {period}",
        f"  产品：{'、'.join(sorted(rule.products)) or '全部'}；"
        f"渠道：{'、'.join(sorted(rule.channels)) or '全部'}；"
        f"文种：{'、'.join(sorted(rule.kinds)) or '全部'}",
        f"  原因：{rule.why}",
        f"  建议：{rule.suggestion}",
    ]
    for citation in rule.citations:
        number = f"（{citation.number}）" if citation.number else ""
        evidence = citation.evidence.value
        lines.append(f"  依据：{citation.regulation}{number}{citation.article}［{evidence}］")
    lines.append("  规则是工程样例，不构成法律意见。")
    return "\n".join(lines)


def present_report(report: PackReport) -> str:
    """The outcome of the cases for people."""
    lines = [
        f"规则包 {report.pack.version}：{len(report.pack.rules)} 条规则，"
        f"文字用例 {report.cases} 个，未通过 {len(report.failures)} 个；"
        f"准入用例 {report.lookup_cases} 个由准入环节的测试执行",
    ]
    lines += [f"  ✗ {failure.message}" for failure in report.failures]
    if report.dead_terms:
        lines.append(f"没有 fail 用例覆盖的词 {len(report.dead_terms)} 个：")
        lines += [f"  {rule_id}：{term}" for rule_id, term in report.dead_terms]
    return "\n".join(lines)


def _line_of(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity.value,
        "verdict": rule.verdict.value,
        "status": rule.status,
        "effective_from": rule.effective_from and rule.effective_from.isoformat(),
        "effective_to": rule.effective_to and rule.effective_to.isoformat(),
        "lookup": rule.lookup.check if rule.lookup else None,
    }


def _rules_dir(knowledge: Path | None, config: Path | None) -> Path:
    return (knowledge or settings_for(None, config).knowledge_dir) / "rules"
