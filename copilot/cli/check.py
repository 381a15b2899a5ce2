"""``copilot check``: a text, a file or a stream of JSON lines before the checker."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from copilot.cli.check_output import Checked, CheckFormat, render
from copilot.cli.common import (
    AsOfOption,
    ConfigOption,
    DataDirOption,
    StaffOption,
    settings_for,
    workbench,
)
from copilot.cli.place import place_of
from copilot.errors import InputError, ModelUnavailable
from copilot.files import whole_file
from copilot.records.codes import Audience, Channel, DraftKind, ProductType
from copilot.records.compliance import CheckContext, CheckResult, Verdict
from copilot.records.json_lines import told_with
from copilot.records.text_lines import Line, jurisdictions_of, read_lines
from copilot.records.values import one_of

if TYPE_CHECKING:
    from copilot.compliance import Checker
    from copilot.compliance.rewrite import Rewrite, Wording
    from copilot.pipeline.workbench import Workbench

_MAX_BYTES = 20_000_000
_BUFFER = 1 << 18


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
    jurisdiction: Annotated[
        str,
        typer.Option("--jurisdiction", help="适用哪里的规则，可用逗号分隔：cn、us、uk、hk、sg。"),
    ] = "cn",
    jsonl: Annotated[
        Path | None, typer.Option("--jsonl", help="逐行检查的 JSON Lines 文件。")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="JSON Lines 结果文件。")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="给出合规的改写和差异。")] = False,
    judge: Annotated[
        bool, typer.Option("--judge", help="再请配置的大模型给第二意见：只提示，不放行也不拦截。")
    ] = False,
    as_of: AsOfOption = None,
    staff: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: Annotated[
        CheckFormat, typer.Option("--format", help="text 给人看；json、sarif、github 给程序用。")
    ] = CheckFormat.TEXT,
) -> int:
    """检查一段文字能不能用：哪里违反哪条规则、依据哪一条、应当怎么写。

    同时给出客户和产品代码时，还按记录判断适当性、同意与触达。--fix 给出合规的改写：不改动任何数字，
    没有合规写法时说明原因；退出码按改写后的文字计。通过检查不等于审核通过。
    退出码：0 通过或仅需复核，1 不能使用，2 输入有误。

    例：copilot check 海报.txt --product wmp --channel wecom --fix
    """
    from copilot.compliance import load_checker

    place = place_of(data_dir, config)
    checker = load_checker(place.data_dir, place.knowledge_dir)
    day = place.day(as_of)
    with ExitStack() as stack:
        records = _Records(stack, place.data_dir, config, staff, as_of)
        if jsonl is not None:
            if out is None:
                raise InputError("--jsonl 需要 --out。", field="out", next="请给出结果文件。")
            _check_lines(checker, records, jsonl, out, day)
            return 0
        context = CheckContext(
            channel=one_of(Channel, channel, "channel"),
            kind=one_of(DraftKind, kind, "kind"),
            audience=one_of(Audience, audience, "audience") or Audience.CUSTOMER,
            as_of=day,
            whole=not fragment,
            jurisdictions=jurisdictions_of(jurisdiction, checker.pack.jurisdictions),
        )
        text = _read(file)
        context = records.with_product(context, product, customer)
        result = checker.check(text, context)
        fixed = _rewritten(checker, records, text, context) if fix else None
        result = records.gated(result, text, context, customer)
        opinion = None
        if judge:
            result, opinion = records.opined(result, text, context, customer)
    answer = render(Checked(file, text, result, checker.pack, fixed, opinion), format)
    if answer:
        print(answer)
    return _exit_code(result, fixed)


def _rewritten(checker: Checker, records: _Records, text: str, context: CheckContext) -> Rewrite:
    from copilot.compliance.rewrite import rewrite

    wording, names = records.wording(context)
    return rewrite(checker, text, context, wording=wording, names=names)


def _exit_code(result: CheckResult, fixed: Rewrite | None) -> int:
    """0 when the text, or its rewrite, may go on; what the gate refuses no rewrite heals."""
    open_to_rewriting = fixed is not None and fixed.text is not None
    refused = any(f.start == f.end and f.verdict is Verdict.BLOCK for f in result.findings)
    passes = result.verdict.rank <= Verdict.REVIEW.rank
    return 0 if passes or (open_to_rewriting and not refused) else 1


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
        self._bench: Workbench | None = None
        self._settings = partial(settings_for, data_dir, config)

    @cached_property
    def available(self) -> bool:
        """Whether there is a store to look anything up in."""
        from copilot.store import Store

        return Store.exists(self._settings())

    def with_product(
        self, context: CheckContext, product: str | None, customer: str | None = None
    ) -> CheckContext:
        """The context with a product type, or with the records of a code and a customer."""
        known = {p.value for p in ProductType}
        if product is None or product in known or product.islower():
            context = replace(context, product=one_of(ProductType, product, "product"))
            product = None
        if product is None and customer is None:
            return context
        from copilot.pipeline.check import context_for

        return context_for(self._opened(), context, product_code=product, customer_id=customer)

    def of_line(self, line: Line, source: Path) -> CheckContext:
        """The context of a line with the records of its product, where there is a store."""
        code = line.context.product_code
        if not code or not self.available:
            return line.context
        with told_with(source, line.row):
            return self.with_product(line.context, code)

    def gated(
        self, result: CheckResult, text: str, context: CheckContext, customer: str | None
    ) -> CheckResult:
        """The result with the gate's answer, where a customer and a product are both named."""
        if customer is None or context.product_code is None:
            return result
        from copilot.pipeline.check import with_gate

        return with_gate(
            self._opened(),
            result,
            text,
            product_code=context.product_code,
            customer_id=customer,
            channel=context.channel,
        )

    def opined(
        self, result: CheckResult, text: str, context: CheckContext, customer: str | None
    ) -> tuple[CheckResult, str]:
        """The result with the model's doubts, and what came of asking; the rules' result stands."""
        from copilot.pipeline.second_opinion import second_opinion

        try:
            found = second_opinion(self._opened(), text, context, result, customer)
        except ModelUnavailable as error:
            return result, f"没有得到。{error.message}"
        unusable = f"，{found.unusable} 个回答对不上原文，没有采用" if found.unusable else ""
        return found.result, f"向大模型问了 {found.asked} 个问题{unusable}"

    def wording(self, context: CheckContext) -> tuple[Wording | None, tuple[str, ...]]:
        """What fills a rewrite's standard wording from the records, and names to keep."""
        if context.product_code is None:
            return None, ()
        from copilot.pipeline.check import wording_for

        name = self._opened().product(context.product_code).name
        return wording_for(self._opened(), context.product_code), (name,)

    def _opened(self) -> Workbench:
        if self._bench is None:
            self._bench = self._stack.enter_context(self._open())
        return self._bench


def _check_lines(
    checker: Checker, records: _Records, source: Path, target: Path, day: date
) -> None:
    """Judges a file line by line; the result appears whole or not at all."""
    if target.exists() and source.exists() and target.samefile(source):
        raise InputError(
            "结果文件就是待检查的文件，写入会覆盖原文，没有检查。",
            file=str(target),
            field="out",
            next="请把 --out 换成另一个文件名。",
        )
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise InputError(
            f"写不到 {target}：{'它是一个文件夹' if target.is_dir() else '所在的文件夹不存在'}",
            field="out",
            next="请给出已有文件夹里的一个文件名。",
        )
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with whole_file(target) as aside, aside.open("w", _BUFFER, encoding="utf-8") as results:
        for line in read_lines(source, day, checker.pack.jurisdictions):
            context = records.of_line(line, source)
            document = {"id": line.name, **checker.check(line.text, context).as_json()}
            results.write(encode(document) + "\n")


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
