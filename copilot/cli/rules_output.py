"""How the answers of ``copilot rules`` read to people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from copilot.records.codes import LABELS, Channel, DraftKind, ProductType
from copilot.records.compliance import Verdict

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
        "judge": rule.judge or None,
    }


def present_list(document: dict[str, Any]) -> str:
    """The rules in use and the packs that wait."""
    rules = document["rules"]
    lines = [f"规则包 {document['pack_version']}，{len(rules)} 条规则"]
    lines += [
        f"  等待生效：{waiting['pack_version']}（{waiting['effective_from']} 起）"
        for waiting in document["scheduled"]
    ]
    lines += [f"  {r['id']:<44} {r['title']}（{Verdict(r['verdict']).shown}）" for r in rules]
    return "\n".join(lines)


def present_rule(rule: Rule) -> str:
    """A rule for people."""
    start = f"{rule.effective_from} 起施行" if rule.effective_from else "未写施行日"
    until = f"，{rule.effective_to} 止" if rule.effective_to else "，长期有效"
    lines = [
        f"{rule.id}  {rule.title}",
        f"  结论：{rule.verdict.shown}（{rule.verdict}），状态 {rule.status}，{start}{until}",
        f"  产品：{_named(ProductType, rule.products)}；"
        f"渠道：{_named(Channel, rule.channels)}；文种：{_named(DraftKind, rule.kinds)}",
        f"  原因：{rule.why}",
        f"  建议：{rule.suggestion}",
    ]
    if rule.judge:
        lines.append(f"  问大模型：{rule.judge}（只提示，不拦截；用 check --judge）")
    for citation in rule.citations:
        number = f"（{citation.number}）" if citation.number else ""
        evidence = citation.evidence.shown
        lines.append(f"  依据：{citation.regulation}{number}{citation.article}［{evidence}］")
    lines.append("  规则是工程样例，不构成法律意见。")
    return "\n".join(lines)


def _named(kind: type[StrEnum], codes: Collection[str]) -> str:
    return (
        "、".join(LABELS[kind].get(code, "没有写明产品的文字") for code in sorted(codes)) or "全部"
    )


def present_report(report: PackReport, document: dict[str, Any]) -> str:
    """The outcome of the cases for people."""
    lines = [
        f"规则包 {report.pack.version}：{len(report.pack.rules)} 条规则，"
        f"文字用例 {report.cases} 个，未通过 {len(report.failures)} 个；"
        f"准入用例 {report.lookup_cases} 个由准入环节的测试执行，"
        f"大模型用例 {report.judge_cases} 个{_judged_cases(document)}"
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


def _judged_cases(document: dict[str, Any]) -> str:
    judged = document.get("judged_cases")
    if judged is None:
        return "用 --model 执行"
    return f"，与大模型的判断一致 {sum(case['agrees'] for case in judged)} 个"


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


_GROUPS = {
    "claim": "数字比较",
    "date": "施行日期",
    "element": "必备要素",
    "excuse": "合法说法与同句条件",
    "negation": "否定、警示、提问、条件",
    "pattern": "表达式与触发词",
    "term": "固定词",
}


def present_mutation(report: MutationReport) -> str:
    """How many mutants the cases found."""
    document = report.as_json()
    total = document["mutants"]
    share = f"{document['share']:.1%}" if total else "——"
    lines = [
        f"改坏 {total} 处，用例发现 {report.killed} 处（{share}），"
        f"其中命中与否改变 {document['killed_by_verdict']} 处；"
        f"另有 {document['equivalent']} 处改了等于没改，不计"
    ]
    lines += [f"  {g}：{n['killed']}/{n['mutants']}" for g, n in document["groups"].items()]
    survivors = report.survivors
    if survivors:
        lines.append(f"没有被发现的 {len(survivors)} 处（应补用例）：")
        lines += [f"  {m.rule_id}：{m.change}" for m in survivors[:_LISTED]]
        if len(survivors) > _LISTED:
            lines.append(f"  …… 其余 {len(survivors) - _LISTED} 处见 --format json")
    return "\n".join(lines)


def mutation_page(report: MutationReport, version: str) -> str:
    """The same as a Markdown page, topic by topic."""
    document = report.as_json()
    lines = [
        "# 规则的用例能发现多少改动\n",
        "本页由 `copilot rules mutate --page docs/rules-mutation.md` 生成，请勿手改。\n",
        f"规则包 `{version}`。把每条文字规则逐处改坏（删词、放宽间隔、改否定、改日期等），"
        "再跑这条规则自己的用例；",
        "有用例的命中位置变了，就算发现。改了等于没改的，逐处有证明"
        "（`copilot rules mutate --format json` 的 `equivalent_mutants`），不计入。\n",
        "| 主题 | 改动 | 发现 | 比例 |",
        "|---|---:|---:|---:|",
    ]
    for name, counts in document["topics"].items():
        lines.append(_mutation_row(name, counts["mutants"], counts["killed"]))
    lines.append(_mutation_row("合计", document["mutants"], document["killed"]))
    lines += ["\n| 改动的种类 | 改动 | 发现 | 比例 |", "|---|---:|---:|---:|"]
    for name, counts in document["groups"].items():
        lines.append(_mutation_row(_GROUPS[name], counts["mutants"], counts["killed"]))
    lines.append(f"\n改了等于没改的 {document['equivalent']} 处，不在上表。")
    return "\n".join(lines) + "\n"


def _mutation_row(name: str, mutants: int, killed: int) -> str:
    return f"| {name} | {mutants} | {killed} | {killed / mutants:.1%} |"


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
