"""How templates, reviews and the queue are shown to people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from copilot.cli.check_output import Checked, CheckFormat, render
from copilot.records.codes import Channel, LifeStage, ProductType, label
from copilot.records.draft import AI_LABEL

if TYPE_CHECKING:
    from copilot.compliance.pack import Pack
    from copilot.pipeline.template_check import TemplateCheck
    from copilot.pipeline.template_proposals import Proposal
    from copilot.pipeline.template_view import TemplateView
    from copilot.records.template import Review

_APPROVED = "approved"


def present_list(document: dict[str, Any]) -> str:
    """The templates, one a line, with what keeps some from being used."""
    from copilot.records.template import ApprovalState

    lines = [
        f"{item['template_id']} 第{item['version']}版　{ApprovalState(item['state']).shown}"
        f"　{item['reason']}{_until(item)}{_stopped(item)}"
        for item in document["templates"]
    ]
    by_state = "，".join(
        f"{ApprovalState(state).shown} {number}" for state, number in document["counts"].items()
    )
    overrides = document["overrides"]
    lines.append(
        f"\n{document['as_of']}：共 {len(document['templates'])} 个；"
        f"{by_state or '没有符合的模板'}。"
        f"特批 {overrides['granted']} 次，现行 {overrides['in_force']} 条。"
    )
    return "\n".join(lines)


def present_view(view: TemplateView, pack: Pack) -> str:
    """One template with everything on record about it."""
    template, line, review = view.line.template, view.line, view.line.review
    lines = [
        f"{template.template_id} 第{template.version}版 · {template.title}",
        f"状态：{line.state.shown}（{line.reason}）",
        f"适用：{_names(template.product_types)} · {_names(template.channels)}"
        f"{_cell(template.life_stages, template.segments)} · 作者 {template.author}",
        *([f"{AI_LABEL}（{view.model}）"] if view.model else []),
        "",
        template.text,
    ]
    lines += _course(review) if review is not None else []
    lines += [f"产品 {code}：{why}" for code, why in line.stopped_products.items()]
    lines += ["", *present_check(view.check, pack)]
    return "\n".join(lines)


def _course(review: Review) -> list[str]:
    """What happened to a text since it was handed in."""
    lines = ["", f"送审：{review.submitted_at:%Y-%m-%d %H:%M}，规则包 {review.pack_version}"]
    lines += [f"采纳上一版意见：{review.taken}"] if review.taken else []
    for each in review.decisions:
        lines.append(
            f"  {each.stage.shown} {each.reviewer} {each.decision.shown} {each.at:%Y-%m-%d}"
            + (f"　意见：{each.comment}" if each.comment else "")
            + (f"　采纳：{each.taken}" if each.taken else "")
        )
    if review.approval is not None:
        lines.append(f"批准编号 {review.approval.number}，用到 {review.approval.valid_to}")
    return lines + [
        f"特批：{each.asked_by} 申请，{each.granted_by or '待第二人'} 批准，"
        f"用到 {each.until}（{each.reason}）"
        for each in review.overrides
    ]


def present_copies(document: dict[str, Any]) -> str:
    """The drafts that a text was filled into, where they were asked for."""
    if "copies" not in document:
        return ""
    lines = [
        f"  {each['draft_id']}　客户 {each['customer_id']}　{each['product_code']}　"
        f"{label(Channel(each['channel']))}"
        for each in document["copies"]
    ]
    return "\n".join(["", "", f"用它填过 {len(lines)} 份草稿：", *lines])


def present_proposals(proposals: Sequence[Proposal], notes: Sequence[str], pack: Pack) -> str:
    """Proposed templates with what the checker says of each."""
    lines: list[str] = []
    for proposal in proposals:
        template = proposal.template
        lines += [f"提案 {template.template_id} 第{template.version}版 · {template.title}", ""]
        lines += [template.text, "", *present_check(proposal.check, pack), ""]
        if proposal.check.submittable:
            lines.append(
                f"可以送审：copilot template submit {template.template_id} --as {template.author}"
            )
    return "\n".join([*lines, *notes])


def present_check(check: TemplateCheck, pack: Pack) -> Iterator[str]:
    """The checker's findings over a template's fills, each kind once."""
    ready = "可以送审" if check.submittable else "还不能送审"
    yield (
        f"检查：{check.verdict.shown}（{check.verdict}），{ready}；"
        f"填了 {len(check.by_product)} 个产品的 {check.fills} 份样例。"
    )
    if check.sample:
        yield f"样例：{check.sample}"
    if not check.fills:
        yield "没有一个在售产品能把这个模板填完整。"
    if check.unfillable:
        yield f"资料不全、填不了的产品：{'、'.join(check.unfillable)}"
    for fill in check.problems:
        where = f"{fill.product_code} · {label(fill.channel)}"
        yield ""
        yield f"— {where}" + (f"：超过渠道长度 {fill.excess} 个字" if fill.excess else "")
        if fill.result.findings:
            checked = Checked(where, fill.text, fill.result, pack)
            yield render(checked, CheckFormat.TEXT)


def present_queue(document: dict[str, Any]) -> str:
    """The queue: each cluster's oldest text in full, then what differs."""
    from copilot.records.template import ReviewStage

    if not document["clusters"]:
        return "没有等待审核的模板。"
    lines = []
    for number, cluster in enumerate(document["clusters"], 1):
        lines.append(f"第{number}组（{len(cluster['items'])} 个）")
        for item in cluster["items"]:
            who = "、".join(item["deciders"]) or "没有人有权决定"
            lines.append(
                f"  {item['template_id']} 第{item['version']}版　{item['since'][:10]} 起等待"
                f"{ReviewStage(item['stage']).shown}：{who}"
            )
        lines += ["", *(f"  {row}" for row in cluster["text"].splitlines())]
        for way in cluster["differences"]:
            lines.append(f"  与上文不同（{'、'.join(way['templates'])}）：")
            lines += [
                f"    “{change['base']}” → “{change['other']}”" for change in way["changes"]
            ] or ["    文字相同，适用范围不同"]
        lines.append("")
    lines.append(f"共 {document['texts']} 个模板，{len(document['clusters'])} 组。")
    return "\n".join(lines)


def present_review(review: Review) -> str:
    """What a step at the desk has led to."""
    name = f"{review.template_id} 第{review.version}版"
    last = review.overrides[-1] if review.overrides else None
    if last is not None:
        if last.granted_by is None:
            return f"{name}：{last.asked_by} 已申请特批到 {last.until}，等另一人用 --confirm 批准。"
        count = sum(each.granted_at is not None for each in review.overrides)
        return f"{name}：特批用到 {last.until}（第 {count} 次），到期自动失效。"
    if review.suspension is not None:
        return f"{name}：已停用，从现在起不再填用。"
    if review.rejection is not None:
        return f"{name}：{review.rejection.stage.shown}不通过，原因已记成规则用例。"
    if review.approval is not None:
        return f"{name}：已批准，{review.approval.number}，用到 {review.approval.valid_to}。"
    due = review.next_stage
    return f"{name}：等待{due.shown if due else '结束'}。"


def present_cases(cases: Sequence[dict[str, Any]]) -> str:
    """Rejected words as cases, with whether a rule finds them by now."""
    if not cases:
        return "没有被退回的模板。"
    return "\n".join(
        f"{case['source']}　{case['rejected_on']} {case['rejected_by']}：{case['reason']}\n"
        f"  原文：{case['text']}\n"
        f"  规则：{case['rule'] or '未指定'}，"
        + ("现行规则能查出" if case["found_now"] else "现行规则查不出，待补用例")
        for case in cases
    )


def review_document(review: Review) -> dict[str, Any]:
    """A review as the commands that change it print it."""
    approval, due = review.approval, review.next_stage
    return {
        "template_id": review.template_id,
        "version": review.version,
        "author": review.author,
        "content_hash": review.content_hash,
        "pack_version": review.pack_version,
        "submitted_at": review.submitted_at.isoformat(),
        "next_stage": due.value if due else None,
        "rejected": review.rejection is not None,
        "suspended": review.suspension is not None,
        "number": approval.number if approval else None,
        "valid_to": review.valid_to.isoformat(),
        "decisions": [decision.as_json() for decision in review.decisions],
        "overrides": [override.as_json() for override in review.overrides],
    }


def _until(item: dict[str, Any]) -> str:
    if item["override_until"]:
        return f"　特批用到 {item['override_until']}"
    return f"　用到 {item['valid_to']}" if item["state"] == _APPROVED else ""


def _stopped(item: dict[str, Any]) -> str:
    stopped = item["stopped_products"]
    if not stopped or item["state"] != _APPROVED:
        return ""
    return "　其中不能用于：" + "；".join(f"{code}（{why}）" for code, why in stopped.items())


def _names(codes: Sequence[ProductType | Channel]) -> str:
    return "、".join(label(code) for code in codes)


def _cell(life_stages: Sequence[LifeStage], segments: Sequence[str]) -> str:
    given = [*(label(stage) for stage in life_stages), *segments]
    return f" · {'、'.join(given)}" if given else ""
