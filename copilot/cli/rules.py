"""``copilot rules``: what the checker holds texts against, and the officer's tools for it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from copilot.cli.common import (
    AsOfOption,
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    emit,
    settings_for,
    workbench,
)
from copilot.cli.rules_new import new
from copilot.cli.rules_output import (
    line_of,
    mutation_page,
    present_activation,
    present_diff,
    present_impact,
    present_list,
    present_mutation,
    present_proposals,
    present_report,
    present_rule,
)

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("new")(new)

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
    """正在使用的规则，以及等待生效的规则包。

    例：copilot rules list --format json
    """
    from datetime import UTC, datetime

    from copilot.compliance import load_checker
    from copilot.compliance.activation import read_schedule

    settings = settings_for(data_dir, config)
    pack = load_checker(settings.data_dir, settings.knowledge_dir).pack
    now = datetime.now(UTC)
    document = {
        "pack_version": pack.version,
        "scheduled": [
            {"pack_version": a.version, "effective_from": a.effective.isoformat()}
            for a in read_schedule(settings.data_dir)
            if a.effective > now
        ],
        "rules": [line_of(rule) for rule in pack.rules],
    }
    emit(document, lambda: present_list(document), format)


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
    branches: Annotated[
        bool, typer.Option("--branches", help="并列出没有用例检验的分支（较慢）。")
    ] = False,
    model: Annotated[
        bool, typer.Option("--model", help="并请配置的大模型判断 judge 规则的用例。")
    ] = False,
    knowledge: KnowledgeOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """对规则文件跑自带的用例；列出没有用例覆盖的词、互相矛盾的规则和未检验的分支。

    例：copilot rules test --branches
    """
    from copilot.compliance.compiler import run_rule_cases
    from copilot.compliance.contradictions import contradictions
    from copilot.compliance.mutation import BRANCHES, mutate_rules

    rules_dir = _rules_dir(knowledge, config)
    report = run_rule_cases(rules_dir)
    document = report.as_json()
    document["contradictions"] = [c.as_json() for c in contradictions(report.pack)]
    if branches:
        survivors = mutate_rules(rules_dir, groups=BRANCHES, processes=2).survivors
        document["untested_branches"] = [mutant.as_json() for mutant in survivors]
    if model:
        document["judged_cases"] = _judged_cases(rules_dir, config)
    emit(document, lambda: present_report(report, document), format)
    return 1 if report.failures or document["contradictions"] else 0


def _judged_cases(rules_dir: Path, config: Path | None) -> list[dict[str, Any]]:
    """What the configured model says of the cases that are put to it."""
    from copilot.llm.door import open_wire, required
    from copilot.pipeline.second_opinion import judge_cases

    settings = settings_for(None, config)
    with closing(required(open_wire(settings))) as wire:
        return [case.as_json() for case in judge_cases(wire, settings.prompts_dir, rules_dir)]


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


@app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(help="旧的规则包或规则目录。")],
    new: Annotated[Path, typer.Argument(help="新的规则包或规则目录。")],
    drafts: Annotated[bool, typer.Option("--drafts", help="并用库里的草稿比较结论。")] = False,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """两版规则的差别：哪些规则变了，哪些用例和库存草稿的结论会变。有差别时退出码为 1。

    例：copilot rules diff 旧/pack.json knowledge/rules --drafts
    """
    from copilot.compliance import Checker
    from copilot.compliance.impact import RuleSet, case_texts, changed_rules, shifts

    before, after = RuleSet.read(old), RuleSet.read(new)
    one, two = Checker(before.pack), Checker(after.pack)
    document = {
        "old": before.pack.version,
        "new": after.pack.version,
        "rules": [c.as_json() for c in changed_rules(before.pack, after.pack)],
        "cases": [s.as_json() for s in shifts(one, two, case_texts(before, after))],
    }
    if drafts:
        from copilot.pipeline.rules import stored_drafts

        with workbench(data_dir, config, None, as_of) as bench:
            document["drafts"] = [s.as_json() for s in shifts(one, two, stored_drafts(bench))]
    emit(document, lambda: present_diff(document), format)
    return 1 if before.pack.version != after.pack.version else 0


@app.command("impact")
def impact(
    rule_file: Annotated[Path, typer.Argument(metavar="RULE_FILE", help="候选规则文件。")],
    jsonl: Annotated[
        Path | None, typer.Option("--jsonl", help="用这些文字试；不给就用库里的草稿。")
    ] = None,
    as_of: AsOfOption = None,
    knowledge: KnowledgeOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """一条候选规则放到已有文字上会命中多少、误伤多少；逐行处理，百万行内存不涨。

    例：copilot rules impact 新规则.yaml --jsonl 历史文案.jsonl
    """
    from copilot.cli.place import place_of
    from copilot.compliance import load_checker
    from copilot.compliance.impact import StoredText, candidate
    from copilot.compliance.impact import impact as try_rule
    from copilot.records.text_lines import read_lines

    settings = settings_for(data_dir, config)
    _, proposed = candidate(rule_file, (knowledge or settings.knowledge_dir) / "rules")
    current = load_checker(settings.data_dir, settings.knowledge_dir)
    if jsonl is not None:
        lines = read_lines(jsonl, place_of(data_dir, config).day(as_of), current.pack.jurisdictions)
        report = try_rule(
            proposed, current, (StoredText(str(n.name), n.text, n.context) for n in lines)
        )
    else:
        from copilot.pipeline.rules import stored_drafts

        with workbench(data_dir, config, None, as_of) as bench:
            report = try_rule(proposed, current, stored_drafts(bench))
    emit(report.as_json(), lambda: present_impact(report), format)


@app.command("mutate")
def mutate(
    rule: Annotated[str | None, typer.Option("--rule", help="只看这一条规则。")] = None,
    at_least: Annotated[
        float, typer.Option("--at-least", min=0, max=1, help="低于这个比例时退出码为 1。")
    ] = 0.0,
    propose: Annotated[
        bool, typer.Option("--propose", help="为没被发现的改动拟出用例，供人逐条审看。")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="把拟出的用例写进规则文件的 edges（须人工复核）。")
    ] = False,
    processes: Annotated[int, typer.Option("--processes", min=1, help="并行进程数。")] = 2,
    page: Annotated[
        Path | None, typer.Option("--page", help="另写成一页 Markdown。", dir_okay=False)
    ] = None,
    knowledge: KnowledgeOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """把规则逐处改坏，看它自己的用例能发现多少；没被发现的就是缺少的用例。

    例：copilot rules mutate --rule cn.guarantee.no-risk
    """
    from copilot.compliance.mutation import mutate_rules
    from copilot.compliance.pack import Pack

    rules_dir = _rules_dir(knowledge, config)
    if propose or write:
        return _propose(rules_dir, rule, processes, write, format)
    report = mutate_rules(rules_dir, rule_id=rule, processes=processes)
    if page is not None:
        page.write_text(mutation_page(report, Pack.read(rules_dir / "pack.json").version), "utf-8")
    emit(report.as_json(), lambda: present_mutation(report), format)
    total = len(report.mutants)
    return 0 if not total or report.killed / total >= at_least else 1


@app.command("confirm")
def confirm(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="规则号。")],
    staff: Annotated[str, typer.Option("--as", metavar="STAFF", help="确认人的工号。")],
    note: Annotated[str, typer.Option("--note", help="确认说明，例如核对的来源。")] = "",
    as_of: AsOfOption = None,
    knowledge: KnowledgeOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """由专人确认只读过转述的依据，下一次启用后该规则才可以拦截；记入留痕。

    例：copilot rules confirm cn.deposit.insurance-selling-point --as S9002
    """
    from copilot.pipeline import rules as officer

    rules_dir = _rules_dir(knowledge, config)
    with workbench(data_dir, config, staff, as_of) as bench:
        citations = officer.confirm(bench, rules_dir, rule_id, staff, note=note)
    emit(
        {"rule_id": rule_id, "confirmed_by": staff, "citations": citations},
        f"{staff} 已确认规则 {rule_id} 的 {len(citations)} 条依据；"
        "请用 `copilot rules activate` 启用后生效。",
        format,
    )


@app.command("activate")
def activate(
    author: Annotated[str, typer.Option("--author", help="编写人的工号。")],
    approver: Annotated[str, typer.Option("--approver", help="批准人的工号，不能是编写人。")],
    moment: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="何时生效；不给立即生效。")
    ] = None,
    knowledge: KnowledgeOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """两人启用规则包：全部用例通过才生效，运行中的程序自动换用；不通过时原规则包继续有效。

    例：copilot rules activate --author S9004 --approver S9002 --from 2026-12-01T09:00
    """
    from copilot.pipeline import rules as officer

    rules_dir = _rules_dir(knowledge, config)
    effective = officer.parse_moment(moment) if moment else None
    with workbench(data_dir, config, None, as_of) as bench:
        done = officer.activate(
            bench, rules_dir, author=author, approver=approver, effective=effective
        )
    emit(done.as_json(), lambda: present_activation(done), format)


@app.command("reference")
def write_reference(
    out: Annotated[Path | None, typer.Option("--out", help="写入的文件；不给就打印。")] = None,
    knowledge: KnowledgeOption = None,
    config: ConfigOption = None,
) -> None:
    """规则一览（Markdown），由规则包生成。

    例：copilot rules reference --out docs/rules.md
    """
    from copilot.compliance.pack import Pack
    from copilot.compliance.reference import reference

    text = reference(Pack.read(_rules_dir(knowledge, config) / "pack.json"))
    if out is None:
        print(text, end="")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, "utf-8")
    print(f"已写入 {out}")


def _propose(rules_dir: Path, rule: str | None, processes: int, write: bool, format: Format) -> int:
    from copilot.compliance.proposals import propose, take_over

    proposals = list(propose(rules_dir, rule_id=rule, processes=processes))
    files = take_over(rules_dir, proposals) if write else []
    document = {"proposals": [p.as_json() for p in proposals], "files": [str(f) for f in files]}
    emit(document, lambda: present_proposals(proposals, len(files)), format)
    return 0


def _rules_dir(knowledge: Path | None, config: Path | None) -> Path:
    return (knowledge or settings_for(None, config).knowledge_dir) / "rules"
