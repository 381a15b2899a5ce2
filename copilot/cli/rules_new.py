"""``copilot rules new``: the questions behind a new rule, asked one by one or given as options."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from copilot.cli.common import ConfigOption, Format, FormatOption, emit, settings_for
from copilot.errors import InputError
from copilot.records.values import parse_day

_CASES = 3
Words = Annotated[list[str] | None, typer.Option("--term", help="要找的词，可写多次。")]


def new(
    rule_id: Annotated[
        str | None, typer.Option("--id", help="规则号：辖区.主题.名称，如 cn.advertising.lucky。")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="一句话的标题。")] = None,
    terms: Words = None,
    regulation: Annotated[str | None, typer.Option("--regulation", help="依据的法规。")] = None,
    article: Annotated[str | None, typer.Option("--article", help="第几条。")] = None,
    evidence: Annotated[
        str | None, typer.Option("--evidence", help="读到什么程度：text、quote、summary、recall。")
    ] = None,
    why: Annotated[str | None, typer.Option("--why", help="为什么不可以。")] = None,
    suggestion: Annotated[str | None, typer.Option("--suggestion", help="应当怎么写。")] = None,
    fail: Annotated[
        list[str] | None, typer.Option("--fail", help="应命中的文字，至少三次。")
    ] = None,
    passing: Annotated[
        list[str] | None, typer.Option("--pass", help="不应命中的文字，至少三次。")
    ] = None,
    message: Annotated[
        str, typer.Option("--message", help="命中时的提示；{text} 是命中的原文。")
    ] = "“{text}”不符合要求。",
    severity: Annotated[str, typer.Option("--severity", help="block 或 warn。")] = "block",
    products: Annotated[
        list[str] | None, typer.Option("--product", help="适用产品类型，可写多次；不写为全部。")
    ] = None,
    channels: Annotated[
        list[str] | None, typer.Option("--channel", help="适用渠道，可写多次；不写为全部。")
    ] = None,
    effective: Annotated[str | None, typer.Option("--effective-from", help="施行日期。")] = None,
    knowledge: Annotated[
        Path | None, typer.Option("--knowledge", help="知识目录。", file_okay=False)
    ] = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """新建一条词语规则：没有给的逐项询问；两类用例齐全且全部通过才写文件。

    例：copilot rules new --id cn.advertising.lucky --title 不得用吉利数字招徕
    """
    from copilot.compliance.authoring import NewRule, known_evidence, rule_file, write_rule

    day: date | None = parse_day(effective, "effective-from") if effective else None
    folder = (knowledge or settings_for(None, config).knowledge_dir) / "rules"
    rule = NewRule(
        rule_id=_answer(
            rule_id, "id", "规则号（辖区.主题.名称）", lambda given: rule_file(given, folder)
        ),
        title=_answer(title, "title", "标题"),
        terms=_answers(terms, "term", "要找的词", 1),
        regulation=_answer(regulation, "regulation", "依据的法规"),
        article=_answer(article, "article", "条号"),
        evidence=_answer(
            evidence, "evidence", "读到什么程度（text、quote、summary、recall）", known_evidence
        ),
        why=_answer(why, "why", "为什么不可以"),
        message=message,
        suggestion=_answer(suggestion, "suggestion", "应当怎么写"),
        fail=_answers(fail, "fail", "应命中的文字", _CASES),
        passing=_answers(passing, "pass", "不应命中的文字", _CASES),
        severity=severity,
        products=products or (),
        channels=channels or (),
        effective_from=day,
    )
    path = write_rule(rule, folder)
    emit(
        {"rule_id": rule.rule_id, "file": str(path)},
        f"已写入 {path}；尚未生效，请用 `copilot rules activate` 启用。",
        format,
    )


def _answer(
    given: str | None,
    name: str,
    question: str,
    check: Callable[[str], object] | None = None,
) -> str:
    """An option, or the answer to its question, which is asked again while ``check`` refuses."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise InputError(f"缺少 --{name}（{question}）。", field=name, next="请补上该选项。")
    while True:
        answer = str(typer.prompt(question)).strip()
        try:
            if check is not None:
                check(answer)
        except InputError as refused:
            typer.echo(str(refused), err=True)
        else:
            return answer


def _answers(given: list[str] | None, name: str, question: str, least: int) -> list[str]:
    """Answers to a question that is asked until an empty line, and at least ``least`` times."""
    if given or not sys.stdin.isatty():
        return given or []
    answers: list[str] = []
    while True:
        answer = str(typer.prompt(f"{question} {len(answers) + 1}（空行结束）", default=""))
        if answer:
            answers.append(answer)
        elif len(answers) >= least:
            return answers
