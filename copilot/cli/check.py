"""``copilot check``: a text, a file or a stream of JSON lines before the checker."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from copilot.cli.common import (
    AsOfOption,
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    StaffOption,
    emit,
    parse_day,
    settings_for,
    workbench,
)
from copilot.errors import InputError
from copilot.paths import DEFAULT_DATA_DIR, shipped
from copilot.records.codes import Audience, Channel, DraftKind, ProductType
from copilot.records.compliance import CheckContext, CheckResult, Finding, Verdict

if TYPE_CHECKING:
    from copilot.compliance import Checker

_MAX_BYTES = 20_000_000
_LINE_KEYS = ("id", "text", "context")
_CONTEXT_KEYS = (
    "product",
    "product_code",
    "channel",
    "kind",
    "audience",
    "as_of",
    "whole",
)
_VERDICTS = {
    Verdict.PASS: "未发现问题",
    Verdict.REVIEW: "请复核",
    Verdict.NEEDS_EVIDENCE: "需补证据",
    Verdict.NEEDS_ELEMENT: "缺少必备要素",
    Verdict.BLOCK: "不得使用",
}
_USABLE = {"send": "可以发送", "internal": "仅供内部参考，未经审核不得对外发送", "no": "不得使用"}
_EVIDENCE = {"text": "原文", "quote": "引文", "summary": "摘要", "recall": "待核实"}

Code = TypeVar("Code", bound=StrEnum)


def check(
    file: Annotated[str, typer.Argument(help="文本文件；- 表示标准输入。")] = "-",
    product: Annotated[
        str | None, typer.Option("--product", help="产品类型或产品代码；不给按投资产品判断。")
    ] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", help="渠道；不给按网络渠道判断。")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="文种：pitch、message、poster 等。")
    ] = None,
    audience: Annotated[
        str, typer.Option("--audience", help="给谁看：customer 或 internal。")
    ] = Audience.CUSTOMER.value,
    fragment: Annotated[
        bool, typer.Option("--fragment", help="只是片段：不要求必备要素。")
    ] = False,
    customer: Annotated[
        str | None, typer.Option("--customer", help="客户号：数字可以出自该客户的记录。")
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option("--jsonl", help="逐行检查的 JSON Lines 文件。")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="JSON Lines 结果文件。")] = None,
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """检查一段文字能不能用：哪里违反哪条规则、依据哪一条、应当怎么写。

    通过检查不等于审核通过。退出码：0 通过或仅需复核，1 不能使用，2 输入有误。

    例：copilot check 海报.txt --product wmp --channel wecom
    """
    from copilot.compliance import load_checker

    places = _places(data_dir, config)
    checker = load_checker(*places)
    day = parse_day(as_of) if as_of else _business_date()
    with ExitStack() as stack:
        records = _Records(stack, places[0], config, staff, as_of)
        if jsonl is not None:
            if out is None:
                raise InputError("--jsonl 需要 --out。", field="out", next="请给出结果文件。")
            _check_lines(checker, records, jsonl, out, day)
            return 0
        context = CheckContext(
            channel=_one_of(Channel, channel, "channel"),
            kind=_one_of(DraftKind, kind, "kind"),
            audience=_one_of(Audience, audience, "audience") or Audience.CUSTOMER,
            as_of=day,
            whole=not fragment,
        )
        context = records.with_product(context, product, customer)
        text = _read(file)
        result = checker.check(text, context)
    emit(result.as_json(), lambda: present(checker, text, result), format)
    return 0 if result.verdict.rank <= Verdict.REVIEW.rank else 1


def present(checker: Checker, text: str, result: CheckResult) -> str:
    """A result for people: each finding with its span underlined."""
    lines = [
        f"结论：{_VERDICTS[result.verdict]}（{result.verdict}），{_USABLE[result.usable]}。"
        f"规则包 {result.pack_version}"
    ]
    for number, finding in enumerate(result.findings, 1):
        lines += ["", *_present_finding(checker, text, number, finding)]
    return "\n".join(lines)


def _present_finding(checker: Checker, text: str, number: int, finding: Finding) -> Iterator[str]:
    rule = checker.pack.rule(finding.rule_id)
    yield f"{number}. {rule.title}（{finding.rule_id}，{_VERDICTS[finding.verdict]}）"
    if finding.start < finding.end:
        row = text.count("\n", 0, finding.start) + 1
        begin = text.rfind("\n", 0, finding.start) + 1
        finish = text.find("\n", finding.start)
        line = text[begin : finish if finish >= 0 else len(text)]
        shown, underline = _underlined(line, finding.start - begin, finding.end - begin)
        yield f"   第{row}行  {shown}"
        yield f"   {' ' * _width(f'第{row}行  ')}{underline}"
    yield f"   问题：{finding.message}"
    yield f"   原因：{rule.why}"
    for citation in finding.citations:
        number_of = f"（{citation.number}）" if citation.number else ""
        known = _EVIDENCE[citation.evidence.value]
        yield f"   依据：{citation.regulation}{number_of}{citation.article}［{known}］"
    if finding.suggestion:
        yield f"   建议：{finding.suggestion}"


def _underlined(line: str, start: int, end: int) -> tuple[str, str]:
    """The part of a line around a span, and the marks under the span."""
    low, high = max(0, start - 24), min(len(line), end + 24)
    end = min(end, len(line))
    shown = "".join(c if c.isprintable() else "·" for c in line[low:high])
    before, inside = shown[: start - low], shown[start - low : end - low]
    return shown, " " * _width(before) + "~" * max(1, _width(inside))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class _Records:
    """The store, opened only when a product code or a customer must be looked up."""

    def __init__(
        self,
        stack: ExitStack,
        data_dir: Path,
        config: Path | None,
        staff: str | None,
        as_of: str | None,
    ) -> None:
        self._stack = stack
        self._open = partial(workbench, data_dir, config, staff, as_of)
        self._bench: Any = None
        self.available = (data_dir / "copilot.db").is_file()

    def with_product(
        self, context: CheckContext, product: str | None, customer: str | None = None
    ) -> CheckContext:
        """The context with a product type, or with the records of a code and a customer."""
        known = {p.value for p in ProductType}
        if product is None or product in known or product.islower():
            context = replace(context, product=_one_of(ProductType, product, "product"))
            product = None
        if product is None and customer is None:
            return context
        from copilot.pipeline.check import context_for

        if self._bench is None:
            self._bench = self._stack.enter_context(self._open())
        return context_for(self._bench, context, product_code=product, customer_id=customer)


def _check_lines(
    checker: Checker, records: _Records, source: Path, target: Path, day: date
) -> None:
    """Judges a file line by line; the result appears whole or not at all."""
    if not source.is_file():
        raise InputError("没有这个文件。", file=str(source), next="请检查 --jsonl 的路径。")
    partial = target.with_name(target.name + ".partial")
    try:
        with source.open("rb") as lines, partial.open("w", encoding="utf-8") as results:
            for row, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                item = _line(line, source, row)
                context = _line_context(item.get("context", {}), records, day, source, row)
                document = {"id": item["id"], **checker.check(item["text"], context).as_json()}
                results.write(json.dumps(document, ensure_ascii=False) + "\n")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _line(line: bytes, source: Path, row: int) -> dict[str, Any]:
    try:
        item = json.loads(line.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError):
        raise InputError(
            "这一行不是 UTF-8 的 JSON。", file=str(source), row=row, next="每行写一个 JSON 对象。"
        ) from None
    if not isinstance(item, dict) or set(item) - set(_LINE_KEYS):
        raise InputError(
            "这一行的键不对。",
            file=str(source),
            row=row,
            next=f"可用的键：{'、'.join(_LINE_KEYS)}。",
        )
    for key, types in (("id", (str, int)), ("text", str)):
        if not isinstance(item.get(key), types):
            raise InputError(f"缺少 {key}，或类型不对。", file=str(source), row=row, field=key)
    return item


def _line_context(given: Any, records: _Records, day: date, source: Path, row: int) -> CheckContext:
    """The context of one line; unknown keys and values are errors."""
    if not isinstance(given, dict) or set(given) - set(_CONTEXT_KEYS):
        raise InputError(
            "context 的键不对。",
            file=str(source),
            row=row,
            field="context",
            next=f"可用的键：{'、'.join(_CONTEXT_KEYS)}。",
        )
    if not isinstance(given.get("whole", True), bool):
        raise InputError("whole 应为 true 或 false。", file=str(source), row=row, field="whole")
    try:
        as_of = given.get("as_of")
        context = CheckContext(
            product=_one_of(ProductType, given.get("product"), "product"),
            product_code=given.get("product_code"),
            channel=_one_of(Channel, given.get("channel"), "channel"),
            kind=_one_of(DraftKind, given.get("kind"), "kind"),
            audience=_one_of(Audience, given.get("audience"), "audience") or Audience.CUSTOMER,
            as_of=parse_day(str(as_of)) if as_of is not None else day,
            whole=given.get("whole", True),
        )
        if context.product_code and records.available:
            return records.with_product(context, context.product_code)
    except InputError as error:
        error.file, error.row = str(source), row
        raise
    return context


def _one_of(codes: type[Code], value: str | None, field: str) -> Code | None:
    """A code by its value.

    Raises:
        InputError: it is not in the list; names the allowed values.
    """
    if value is None:
        return None
    try:
        return codes(value)
    except ValueError:
        raise InputError(
            f"{field} 的值 {value} 不在允许范围内。",
            field=field,
            next=f"可用的值：{'、'.join(code.value for code in codes)}。",
        ) from None


def _read(file: str) -> str:
    """The text to check.

    Raises:
        InputError: absent, too large, empty, binary, or not UTF-8.
    """
    name = "标准输入" if file == "-" else file
    if file != "-" and not Path(file).is_file():
        raise InputError("没有这个文件。", file=name, next="请检查路径；- 表示标准输入。")
    with ExitStack() as stack:
        stream = sys.stdin.buffer if file == "-" else stack.enter_context(Path(file).open("rb"))
        data = stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise InputError("文件超过 20 MB。", file=name, next="请拆成较小的文件，或用 --jsonl。")
    if b"\0" in data:
        raise InputError("不是文本文件。", file=name, next="请先导出为 UTF-8 纯文本。")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"不是 UTF-8 编码（第 {error.start} 字节）。", file=name, next="请另存为 UTF-8。"
        ) from None
    if not text.strip():
        raise InputError("没有可检查的文字。", file=name, next="请给出非空的文本。")
    return text


def _places(data_dir: Path | None, config: Path | None) -> tuple[Path, Path]:
    """Data and knowledge folders, without the settings machinery unless a file names them."""
    if config is not None or "COPILOT_CONFIG" in os.environ:
        settings = settings_for(data_dir, config)
        return settings.data_dir, settings.knowledge_dir
    data = data_dir or Path(os.environ.get("COPILOT_DATA_DIR", DEFAULT_DATA_DIR))
    knowledge = os.environ.get("COPILOT_KNOWLEDGE_DIR")
    return data, Path(knowledge) if knowledge else shipped("knowledge")


def _business_date() -> date:
    """The configured business date, else today."""
    configured = os.environ.get("COPILOT_BUSINESS_DATE")
    return parse_day(configured) if configured else date.today()
