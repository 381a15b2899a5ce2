"""How the answers of ``copilot rules`` read to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copilot.compliance import Rule
    from copilot.compliance.compiler import PackReport
    from copilot.compliance.impact import ImpactReport
    from copilot.compliance.mutation import MutationReport
    from copilot.compliance.proposals import Proposal
    from copilot.pipeline.rules import ActivatedPack

_LISTED = 40
_CHANGES = {"added": "新增", "removed": "删除", "changed": "修改"}


def line_of(rule: Rule) -> dict[str, Any]:
    """A rule's line in ``rules list``."""
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


def present_list(document: dict[str, Any]) -> str:
    """The rules in use and the packs that wait."""
    rules = document["rules"]
    lines = [f"规则包 {document['pack_version']}，{len(rules)} 条规则"]
    lines += [
        f"  等待生效：{waiting['pack_version']}（{waiting['effective_from']} 起）"
        for waiting in document["scheduled"]
    ]
    return "\n".join(lines + [f"  {r['id']:<44} {r['verdict']:<15} {r['title']}" for r in rules])


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


def present_report(report: PackReport, document: dict[str, Any]) -> str:
    """The outcome of the cases for people."""
    lines = [
        f"规则包 {report.pack.version}：{len(report.pack.rules)} 条规则，"
        f"文字用例 {report.cases} 个，未通过 {len(report.failures)} 个；"
        f"准入用例 {report.lookup_cases} 个由准入环节的测试执行"
    ]
    lines += [f"  ✗ {failure.message}" for failure in report.failures]
    for clash in document["contradictions"]:
        lines.append(
            f"  ✗ 互相矛盾：{clash['required_by']} 要求“{clash['wording']}”，"
            f"{'、'.join(clash['forbidden_by'])} 禁止"
        )
    if report.dead_terms:
        lines.append(f"没有 fail 用例覆盖的词 {len(report.dead_terms)} 个：")
        lines += [f"  {rule_id}：{term}" for rule_id, term in report.dead_terms]
    untested = document.get("untested_branches")
    if untested is not None:
        lines.append(f"没有用例检验的分支 {len(untested)} 个：")
        lines += [f"  {u['rule_id']}：{u['change']}" for u in untested]
    return "\n".join(lines)


def present_diff(document: dict[str, Any]) -> str:
    """Two packs compared."""
    lines = [f"{document['old']} → {document['new']}：{len(document['rules'])} 条规则不同"]
    for rule in document["rules"]:
        fields = f"（{'、'.join(rule['fields'])}）" if rule["fields"] else ""
        lines.append(f"  {_CHANGES[rule['change']]} {rule['rule_id']}{fields}")
    for name, title in (("cases", "用例"), ("drafts", "草稿")):
        if name in document:
            lines.append(f"结论会变的{title} {len(document[name])} 个")
            lines += [
                f"  {s['id']}：{s['before']} → {s['after']}（{'、'.join(s['rules'])}）"
                for s in document[name][:_LISTED]
            ]
    return "\n".join(lines)


def present_impact(report: ImpactReport) -> str:
    """What a candidate rule finds."""
    lines = [
        f"规则 {report.rule_id}：{report.texts} 段文字，命中 {report.hit} 段，"
        f"其中新命中 {report.newly} 段，不再命中 {report.no_longer} 段，"
        f"结论会变差 {report.worse} 段"
    ]
    lines += [f"  “{text}” {count} 次" for text, count in report.found.most_common(10)]
    lines += [f"  例：{example['id']}" for example in report.examples[:5]]
    return "\n".join(lines)


def present_mutation(report: MutationReport) -> str:
    """How many mutants the cases found."""
    document = report.as_json()
    total = document["mutants"]
    share = f"{document['share']:.1%}" if total else "——"
    lines = [
        f"改坏 {total} 处，用例发现 {report.killed} 处（{share}），"
        f"其中命中与否改变 {document['killed_by_verdict']} 处"
    ]
    lines += [f"  {g}：{n['killed']}/{n['mutants']}" for g, n in document["groups"].items()]
    survivors = report.survivors
    if survivors:
        lines.append(f"没有被发现的 {len(survivors)} 处（应补用例）：")
        lines += [f"  {m.rule_id}：{m.change}" for m in survivors[:_LISTED]]
        if len(survivors) > _LISTED:
            lines.append(f"  …… 其余 {len(survivors) - _LISTED} 处见 --format json")
    return "\n".join(lines)


def present_proposals(proposals: Sequence[Proposal], files: int) -> str:
    """Proposed cases, rule by rule."""
    lines = [f"拟出用例 {len(proposals)} 个；它们记下规则现在的行为，接受前请逐条判断是否正确："]
    for proposal in proposals:
        day = f"（{proposal.as_of}）" if proposal.as_of else ""
        lines.append(f"  {proposal.rule_id} {proposal.kind}{day}：{proposal.text}")
    return "\n".join([*lines, f"已写入 {files} 个规则文件的 edges。"] if files else lines)


def present_activation(done: ActivatedPack) -> str:
    """A pack put in force."""
    document = done.as_json()
    before = f"，替换 {done.previous}" if done.previous else ""
    return (
        f"规则包 {done.version} 自 {document['effective_from']} 起生效{before}："
        f"{done.rules} 条规则，{done.confirmed} 条依据经专人确认。"
    )
