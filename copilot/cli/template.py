"""``copilot template``: texts for customers, from proposal to approval and to their stop."""

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
    workbench,
)
from copilot.cli.template_output import (
    present_cases,
    present_copies,
    present_list,
    present_queue,
    present_review,
    present_view,
    review_document,
)
from copilot.cli.template_propose import propose
from copilot.errors import InputError
from copilot.records.codes import Channel, ProductType
from copilot.records.values import parse_day

if TYPE_CHECKING:
    from copilot.pipeline.template_desk import Opinion
    from copilot.pipeline.workbench import Workbench

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("propose")(propose)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="模板编号。")]
IdsArgument = Annotated[list[str], typer.Argument(metavar="ID", help="模板编号，可写多个。")]
VersionOption = Annotated[
    int | None, typer.Option("--version", min=1, help="第几版；不给就是最新的一版。")
]
ActorOption = Annotated[str, typer.Option("--as", metavar="STAFF", help="办理人的工号。")]


@app.command("list")
def list_(
    state: Annotated[
        str | None,
        typer.Option("--state", help="只列这个状态，例如 approved、in_review、lapsed。"),
    ] = None,
    suspended: Annotated[
        bool, typer.Option("--suspended", help="只列批准过、现在不能用的，写明原因。")
    ] = False,
    product: Annotated[
        ProductType | None, typer.Option("--product", metavar="TYPE", help="产品类型。")
    ] = None,
    channel: Annotated[Channel | None, typer.Option("--channel", help="渠道。")] = None,
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """全部模板的状态：可使用、审核中、未通过、已失效；失效的写明原因。

    例：copilot template list --suspended
    """
    from copilot.pipeline.template_list import counts, list_templates
    from copilot.records.template import ApprovalState
    from copilot.records.values import one_of

    wanted = one_of(ApprovalState, state, "state")
    with workbench(data_dir, config, acting, as_of) as bench:
        lines = list_templates(
            bench, state=wanted, stopped=suspended, product_type=product, channel=channel
        )
        document = {
            "as_of": bench.as_of.isoformat(),
            "pack_version": bench.checker.pack_version,
            "counts": counts(lines),
            "overrides": {
                "granted": sum(line.overrides_granted for line in lines),
                "in_force": sum(line.override is not None for line in lines),
            },
            "templates": [line.as_json() for line in lines],
        }
    emit(document, lambda: present_list(document), format)


@app.command("show")
def show(
    template_id: IdArgument,
    version: VersionOption = None,
    recall: Annotated[
        bool, typer.Option("--copies", help="并列出用它填过的草稿，停用后据此召回。")
    ] = False,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """一个模板的全文、适用范围、审核意见与采纳情况、特批、样例和检查结果。

    例：copilot template show deposit-wecom-rate
    """
    from copilot.pipeline.template_copies import copies
    from copilot.pipeline.template_view import show as view_of

    with workbench(data_dir, config, None, as_of) as bench:
        view = view_of(bench, template_id, version)
        document = view.as_json()
        if recall:
            document["copies"] = copies(bench, template_id, document["version"])
        pack = bench.checker.pack
    emit(document, lambda: present_view(view, pack) + present_copies(document), format)


@app.command("submit")
def submit(
    template_id: IdArgument,
    actor: ActorOption,
    version: VersionOption = None,
    valid_to: Annotated[
        str | None,
        typer.Option("--valid-to", metavar="DATE", help="申请用到哪一天；不给按最长期限。"),
    ] = None,
    taken: Annotated[
        str, typer.Option("--taken", help="上一版没有通过时，这一版采纳了什么。")
    ] = "",
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """作者把提案送审：模板和每个适用产品的样例都通过检查才收；内容从此冻结。

    例：copilot template submit wmp-wecom-family --as S9004 --valid-to 2027-03-31
    """
    from copilot.pipeline import template_desk

    day = parse_day(valid_to) if valid_to else None
    with workbench(data_dir, config, actor, as_of) as bench:
        review = template_desk.submit(
            bench, template_id, actor, version=version, valid_to=day, taken=taken
        )
    emit(review_document(review), lambda: present_review(review), format)


@app.command("queue")
def queue(
    mine: Annotated[
        str | None, typer.Option("--for", metavar="STAFF", help="只列这位员工可以决定的。")
    ] = None,
    acting: StaffOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """审核队列：等得久的在前，近似的归成一组、差别只列一次，写明到哪一环节、谁可以决定。

    例：copilot template queue --for S9002
    """
    from copilot.pipeline.template_queue import queue as waiting

    with workbench(data_dir, config, acting, as_of) as bench:
        clusters = waiting(bench, decider=mine)
    document = {
        "texts": sum(len(cluster.items) for cluster in clusters),
        "clusters": [cluster.as_json() for cluster in clusters],
    }
    emit(document, lambda: present_queue(document), format)


@app.command("approve")
def approve(
    template_ids: IdsArgument,
    actor: ActorOption,
    comment: Annotated[str, typer.Option("--comment", help="审核意见。")] = "",
    taken: Annotated[
        str, typer.Option("--taken", help="作者采纳了什么；写了就是“修改后通过”。")
    ] = "",
    version: VersionOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """审核人通过一个或几个模板；最后一个环节通过时编号、定有效期。作者和前面的审核人不能办。

    例：copilot template approve wmp-wecom-family --as S1001 --comment 同意
    """
    from copilot.pipeline.template_desk import Opinion
    from copilot.records.template import ReviewOpinion

    decision = ReviewOpinion.APPROVE_WITH_CHANGES if taken else ReviewOpinion.APPROVE
    opinion = Opinion(decision, comment, taken)
    with workbench(data_dir, config, actor, as_of) as bench:
        _decide(bench, template_ids, actor, opinion, version, format)


@app.command("reject")
def reject(
    template_ids: IdsArgument,
    actor: ActorOption,
    reason: Annotated[str, typer.Option("--reason", help="为什么不通过。")],
    quote: Annotated[str, typer.Option("--quote", help="有问题的原文，照抄。")] = "",
    rule: Annotated[str, typer.Option("--rule", help="本该查出它的规则号。")] = "",
    case_out: Annotated[
        Path | None, typer.Option("--case-out", help="把这次的用例写进这个文件（YAML）。")
    ] = None,
    version: VersionOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """审核人退回模板，写明原因；原因记成规则用例，由合规人员用 template cases 查看和接手。

    例：copilot template reject wmp-wecom-family --as S9003 --reason 像在催 --quote 机会难得
    """
    from copilot.pipeline.template_desk import Opinion
    from copilot.records.template import ReviewOpinion

    opinion = Opinion(ReviewOpinion.REJECT, comment=reason, quote=quote, rule_id=rule)
    with workbench(data_dir, config, actor, as_of) as bench:
        _decide(bench, template_ids, actor, opinion, version, format)
        if case_out is not None:
            _write_cases(bench, case_out, template_ids)


@app.command("suspend")
def suspend(
    template_id: IdArgument,
    actor: ActorOption,
    reason: Annotated[str, typer.Option("--reason", help="为什么停用。")],
    version: VersionOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """立即停用一个已批准的模板；恢复要提高版本号重新送审。产品、规则、期限变化会自动停用。

    例：copilot template suspend gold-counter-general --as S9003 --reason 客户投诉用语生硬
    """
    from copilot.pipeline import template_desk

    with workbench(data_dir, config, actor, as_of) as bench:
        review = template_desk.suspend(bench, template_id, actor, reason=reason, version=version)
    emit(review_document(review), lambda: present_review(review), format)


@app.command("override")
def override(
    template_id: IdArgument,
    actor: ActorOption,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="申请：特批用到哪一天。")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="申请：为什么。")] = "",
    confirm: Annotated[bool, typer.Option("--confirm", help="由第二个人批准。")] = False,
    version: VersionOption = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """停用后的两人特批：一人申请，另一人批准，到期自动失效，次数计入清单；规则拦下的不能特批。

    例：copilot template override gold-counter-general --as S9002 --until 2026-11-24 --reason 已印发
    """
    from copilot.pipeline import template_desk

    if confirm == (until is not None):
        raise InputError(
            "申请特批用 --until 和 --reason，批准特批用 --confirm，二者选一。",
            field="until",
            next="例：copilot template override ID --as S9003 --confirm。",
        )
    with workbench(data_dir, config, actor, as_of) as bench:
        if until is None:
            review = template_desk.grant_override(bench, template_id, actor, version=version)
        else:
            review = template_desk.ask_override(
                bench, template_id, actor, reason=reason, until=parse_day(until), version=version
            )
    emit(review_document(review), lambda: present_review(review), format)


@app.command("cases")
def cases(
    out: Annotated[Path | None, typer.Option("--out", help="写进这个文件（YAML）。")] = None,
    as_of: AsOfOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """审核退回的原文记成的规则用例；现行规则还查不出的，合规人员可以接手写进规则。

    例：copilot template cases --out 待补用例.yaml
    """
    from copilot.pipeline.template_cases import rejected_cases

    with workbench(data_dir, config, None, as_of) as bench:
        found = [case.as_json() for case in rejected_cases(bench)]
        if out is not None:
            _write_cases(bench, out)
    emit({"cases": found}, lambda: present_cases(found), format)


def _decide(
    bench: Workbench,
    template_ids: list[str],
    actor: str,
    opinion: Opinion,
    version: int | None,
    format: Format,
) -> None:
    from copilot.pipeline import template_desk

    reviews = template_desk.decide(bench, template_ids, actor, opinion, version=version)
    document = {"reviews": [review_document(review) for review in reviews]}
    emit(document, lambda: "\n".join(map(present_review, reviews)), format)


def _write_cases(bench: Workbench, path: Path, only: list[str] | None = None) -> None:
    import yaml

    from copilot.pipeline.template_cases import rejected_cases

    cases = [c.as_json() for c in rejected_cases(bench) if only is None or c.template_id in only]
    text = yaml.safe_dump({"cases": cases}, allow_unicode=True, sort_keys=False, width=1000)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
