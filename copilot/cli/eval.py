"""``copilot eval``: measure a suite against a set of cases; one small command a suite."""

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
    settings_for,
    workbench,
)
from copilot.records.values import parse_day

if TYPE_CHECKING:
    from copilot.pipeline.ask_evaluation import QuestionReport
    from copilot.pipeline.compliance_evaluation import ComplianceReport
    from copilot.pipeline.evaluation import EvaluationReport
    from copilot.profiles.feedback.evaluation import FeedbackEvaluation

app = typer.Typer(no_args_is_help=True)

_SHOWN = 10


@app.command("retrieval")
def retrieval(
    folder: Annotated[
        Path, typer.Option("--set", help="问题集目录。", exists=True, file_okay=False)
    ],
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """评测检索。目录里是 corpus、queries、qrels（.jsonl 或 .gz），就另建临时索引；
    是 YAML 问题集，就问本行知识库。

    例：copilot eval retrieval --set 问题集/
    """
    from copilot.cli.place import place_of
    from copilot.knowledge.questions import question_files
    from copilot.pipeline.evaluation import evaluate_bank, evaluate_texts

    files = question_files(folder)
    with progress_bar() as progress:
        if files:
            with workbench(data_dir, config, acting, as_of) as bench:
                report = evaluate_bank(bench, files, progress)
        else:
            day = place_of(data_dir, config).day(as_of)
            report = evaluate_texts(folder, settings_for(data_dir, config), day, progress)
    emit(report.as_json(), lambda: present(report), format)


@app.command("compliance")
def compliance(
    sets: Annotated[
        list[Path], typer.Option("--set", help="标注好的样本（JSON Lines），可给多个。")
    ],
    page: Annotated[
        Path | None,
        typer.Option("--page", help="另写成一页 Markdown。"),
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option("--catalogue", help="法规条目清单（JSON Lines），页内列出覆盖。")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            help="没写日期的样本按哪一天判断（默认 2026-11-20，样本标注所依的日子）。",
        ),
    ] = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """评测合规检查：违规召回、误拦、变体识别，逐条列出没判对的。

    例：copilot eval compliance --set 样本.jsonl --format json
    """
    from itertools import chain

    from copilot.compliance import load_checker
    from copilot.pipeline.compliance_evaluation import (
        PINNED_DAY,
        ComplianceReport,
        evaluate_compliance,
        read_labelled,
    )
    from copilot.pipeline.compliance_page import write_page

    settings = settings_for(data_dir, config)
    day = parse_day(as_of) if as_of else PINNED_DAY
    checker = load_checker(settings.data_dir, settings.knowledge_dir)
    known = checker.pack.jurisdictions
    reports = {s.stem: evaluate_compliance(checker, read_labelled(s, day, known)) for s in sets}
    if page is not None:
        write_page(page, reports, checker.pack, settings.knowledge_dir, catalogue, sets)
    everything = chain.from_iterable(report.judged for report in reports.values())
    whole = ComplianceReport(checker.pack_version, list(everything))
    emit(whole.as_json(), lambda: present_compliance(whole), format)


@app.command("questions")
def questions(
    sets: Annotated[list[Path], typer.Option("--set", help="题集（YAML），可给多个。")],
    page: Annotated[Path | None, typer.Option("--page", help="另写成一页 Markdown。")] = None,
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """评测问答：有答案的答对多少、误拒多少，没有答案的拒答多少，连同整条阈值曲线。

    例：copilot eval questions --set 题集.yaml
    """
    from copilot.pipeline.ask_evaluation import evaluate_questions, write_questions_page

    with progress_bar() as progress, workbench(data_dir, config, acting, as_of) as bench:
        report = evaluate_questions(bench, sets, lambda done, total: progress("提问", done, total))
    if page is not None:
        write_questions_page(page, report)
    emit(report.as_json(), lambda: present_questions(report), format)


@app.command("drafts")
def drafts(
    cases: Annotated[int, typer.Option("--cases", min=1, help="起草多少例。")] = 2000,
    people: Annotated[int, typer.Option("--people", min=0, help="用多少人核对外发内容。")] = 10_000,
    injections: Annotated[
        list[Path] | None, typer.Option("--injections", help="另加的植入文字（JSON Lines，text）。")
    ] = None,
    page: Annotated[Path | None, typer.Option("--page", help="另写成一页 Markdown。")] = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """评测话术：在数据目录的副本上起草，模型由本机的脚本角色扮演，看有没有不该出去的东西出去。

    例：copilot eval drafts --cases 200
    """
    from datetime import date

    from copilot.pipeline.drafts_evaluation import evaluate_drafts, read_injections
    from copilot.pipeline.drafts_identity import look_for_identity
    from copilot.pipeline.drafts_page import evaluation_of, write_drafting_page

    planted = read_injections(injections or [])
    with progress_bar() as progress, workbench(data_dir, config, None, None) as bench:
        report = evaluate_drafts(bench, cases, planted, progress)
        if people:
            prompts = bench.settings.prompts_dir
            report.identity = look_for_identity(bench.shelf[0], people, prompts, progress)
    if page is not None:
        write_drafting_page(page, report, date.today().isoformat())
    evaluation = evaluation_of(report)
    emit(evaluation.as_json(), lambda: present_drafts(evaluation), format)
    return 1 if evaluation.misses else 0


def present_drafts(report: EvaluationReport, what: str = "话术") -> str:
    """An evaluation of drafts for people."""
    lines = [f"{what}：{report.questions} 例"]
    lines += [
        f"  {name:<30} {metric.value:8.4f}  {metric.num:,.0f}/{metric.den:,}"
        for name, metric in report.metrics.items()
    ]
    lines += [f"  {miss}" for miss in report.misses[:_SHOWN]]
    return "\n".join(lines)


@app.command("summaries")
def summaries(
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """评测工作总结：每个数字按它列出的记录重算一遍，每份文字过一遍检查。

    例：copilot eval summaries
    """
    from copilot.pipeline.summary_evaluation import evaluate_summaries

    with progress_bar() as progress, workbench(data_dir, config, None, as_of) as bench:
        report = evaluate_summaries(bench, progress)
    emit(report.as_json(), lambda: present_drafts(report, "工作总结"), format)
    return 1 if report.misses else 0


@app.command("feedback")
def feedback(
    labelled: Annotated[
        Path, typer.Option("--set", help="标注好的原话（CSV：text,topic,intent,sentiment）。")
    ],
    train: Annotated[
        bool, typer.Option("--train", help="先用知识库里的样本和词表重新训练，写回模型文件。")
    ] = False,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """评测客户原话的读法：主题、诉求、情绪各对多少，该先服务的认出多少。

    例：copilot eval feedback --set benchmarks/feedback/blind.csv
    """
    from copilot.profiles.feedback import load_reader, retrain
    from copilot.profiles.feedback.evaluation import evaluate
    from copilot.profiles.feedback.model import read_examples

    folder = settings_for(None, config).knowledge_dir
    if train:
        retrain(folder)
    found = evaluate(load_reader(folder), read_examples(labelled))
    emit(found.as_json(), lambda: present_feedback(found), format)


def present_feedback(found: FeedbackEvaluation) -> str:
    """An evaluation of readings for people."""
    from copilot.profiles.feedback.evaluation import METRIC_WORDS

    lines = [f"客户原话：{len(found.judged)} 条"]
    lines += [
        f"  {METRIC_WORDS[name]}：{m['value']:.1%}（{m['num']}/{m['den']}，"
        f"95%区间 {m['low']:.1%}–{m['high']:.1%}）"
        for name, m in found.metrics().items()
    ]
    lines += [
        f"  {miss['answer']:<10} 应为 {miss['label']}，读作 {miss['read']}：{miss['text']}"
        for miss in found.misses()
    ]
    return "\n".join(lines)


def present_questions(report: QuestionReport) -> str:
    """The shares at the shipped setting, and the questions that went wrong."""
    from copilot.pipeline.ask_knowledge import EVIDENCE

    names = {"right": "答对", "wrong": "答错", "over_refused": "误拒", "refused": "应拒已拒"}
    lines = [f"{names[name]}：{share}" for name, share in report.at(EVIDENCE).items()]
    body = report.as_json()
    for key, title in (("wrong", "答错"), ("over_refused", "误拒"), ("answered", "不该答而答")):
        lines += [f"{title}：{question}" for question in body[key][:_SHOWN]]
    return "\n".join(lines)


def present_compliance(report: ComplianceReport) -> str:
    """An evaluation of the checker for people, every miss included."""
    lines = [f"合规检查：{len(report.judged)} 条，规则包 {report.pack_version}"]
    for name, metric in report.metrics().items():
        low, high = metric.low or 0.0, metric.high or 0.0
        lines.append(
            f"  {name:<32} {metric.value:6.1%}  {metric.num:.0f}/{metric.den}"
            f"  [{low:.1%}, {high:.1%}]"
        )
    missed = [judged for judged in report.judged if judged.missed]
    lines.append(f"没判对的 {len(missed)} 条：")
    lines += [
        f"  {m.given.label:<10} {m.result.verdict.value:<9} {m.given.id} {m.given.text}"
        for m in missed
    ]
    return "\n".join(lines)


def present(report: EvaluationReport) -> str:
    """An evaluation for people."""
    lines = [f"{report.suite}：{report.questions} 题"]
    for name, metric in report.metrics.items():
        interval = "" if metric.low is None else f"  [{metric.low:.3f}, {metric.high:.3f}]"
        lines.append(f"  {name:<16} {metric.value:8.3f}{interval}  n={metric.den}")
    if report.separation is not None:
        lines.append(f"  有无答案的区分 AUC {report.separation.auc:.3f}")
    missed = [f"  {miss['id']} {miss['text']}" for miss in report.misses[:_SHOWN]]
    if missed:
        lines += [f"前十条里没有答案的 {len(report.misses)} 题，例如：", *missed]
    return "\n".join([*lines, *report.notes])
