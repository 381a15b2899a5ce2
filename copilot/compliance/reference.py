"""The reference of all rules as a Markdown document, generated from a pack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from copilot.compliance.pack import Pack
from copilot.compliance.rules import Rule

_HEAD = """\
# 规则一览

由 `copilot rules reference` 生成，请勿手改；改规则文件后重新生成。
规则是工程样例，**不构成法律意见**。

依据一栏的方括号写明读到什么程度：`text` 原文，`quote` 引文，`summary` 转述，
`recall` 待核实；只有后两种依据的规则至多提示复核，经 `copilot rules confirm` 由专人确认后才可拦截。
"""


def reference(pack: Pack) -> str:
    """Every rule of a pack by jurisdiction and topic."""
    parts = [_HEAD, _summary(pack.rules)]
    for topic, rules in groupby(pack.rules, key=_topic):
        parts.append(f"## {topic}\n")
        parts += ["\n".join(_lines(rule)) + "\n" for rule in rules]
    return "\n".join(parts).rstrip("\n") + "\n"


def _summary(rules: Iterable[Rule]) -> str:
    lines = ["| 主题 | 规则 | 可拦截 |", "|---|---:|---:|"]
    for topic, group in groupby(rules, key=_topic):
        listed = list(group)
        blocking = sum(rule.severity.value == "block" for rule in listed)
        lines.append(f"| [{topic}](#{topic.replace('.', '')}) | {len(listed)} | {blocking} |")
    return "\n".join(lines) + "\n"


def _topic(rule: Rule) -> str:
    return rule.id.rpartition(".")[0]


def _lines(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}\n"
    verdict = rule.verdict.shown
    if rule.lookup or rule.judge:
        verdict = "准入规则，由记录判断" if rule.lookup else "由大模型提示，需配置模型"
    yield f"**{rule.title}**（{verdict}{'，草稿' if rule.status == 'draft' else ''}）\n"
    yield f"- 适用：{_scope(rule)}"
    if rule.effective_from or rule.effective_to:
        yield f"- 施行：{rule.effective_from or '——'} 至 {rule.effective_to or '长期'}"
    yield f"- 原因：{rule.why}"
    if rule.judge:
        yield f"- 问题：{rule.judge}"
    if rule.suggestion:
        yield f"- 建议：{rule.suggestion}"
    for citation in rule.citations:
        number = f"（{citation.number}）" if citation.number else ""
        place = f"{citation.regulation}{number}{citation.article}"
        yield f"- 依据：{place} [{citation.evidence.value}]"


def _scope(rule: Rule) -> str:
    parts = (
        ("产品", rule.products),
        ("渠道", rule.channels),
        ("文种", rule.kinds),
        ("读者", rule.audience),
    )
    return "；".join(f"{name} {'、'.join(sorted(codes))}" for name, codes in parts if codes)
