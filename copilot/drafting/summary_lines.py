"""The sentences of a work summary, with placeholders for every figure.

What is said follows from the figures by rule: the largest, the furthest behind, what is still
open. A sentence whose rows are gone is not written; nothing is said that has no figure.
"""

from __future__ import annotations

from collections.abc import Iterator

from copilot.drafting.summary_said import slot
from copilot.drafting.summary_targets import targets_told
from copilot.drafting.summary_voice import Line, Material, Topic, compared, named
from copilot.records.codes import LABELS, ProductType, Role
from copilot.records.metric import Unit
from copilot.records.work import OpenKind, TargetProgress

CHANNELS = {
    "calls": "外呼",
    "wecoms": "企业微信沟通",
    "meetings": "面谈",
    "onlines": "线上沟通",
}
OUTCOMES = {"accepted": "接受", "considering": "还在考虑", "refused": "婉拒"}
RISE = 1.1  # smaller growth is no highlight
LEAST_BEHIND_SHARE = 10  # of rows behind a share that is called a highlight
LEAST_MOVE = 0.1  # of the largest change: smaller ones are not worth a word
OTHERS = {
    "receptions": "厅堂接待",
    "morning_meetings": "晨会",
    "evening_meetings": "夕会",
    "outreaches": "外拓",
    "trainings": "培训",
    "list_reviews": "整理跟进名单",
}


def overview(material: Material) -> Iterator[Line]:
    """What was done in all, and how it compares."""
    for code, text in _overview(material):
        yield Line(Topic.OVERVIEW, code, text)


def _overview(m: Material) -> Iterator[tuple[str, str]]:
    if not m.has("entries"):
        yield "entries", _nothing(m)
    elif m.has("contacts"):
        yield (
            "contacts",
            f"{m.now}登记工作{slot('entries')}，其中联系客户{slot('contacts')}、"
            f"涉及{slot('contacted_customers')}{m.versus('contacts', '联系次数', '联系客户')}。",
        )
    else:
        yield "entries", f"{m.now}登记工作{slot('entries')}，没有客户联系记录。"
    if m.has("visits"):
        yield "visits", f"网点取号{slot('visits')}{m.versus('visits', none='取号')}。"
    yield from _sales(m)
    if m.has("maturities"):
        due = f"、{slot('maturity_amount')}" if "maturity_amount" in m else ""
        rate = f"，按金额计算的承接率为{slot('retention')}" if "retention" in m else ""
        yield "maturities", f"到期跟进{slot('maturities')}{due}{rate}{m.versus('retention')}。"
    if m.has("referrals"):
        compared = m.versus("referrals", none="转介")
        yield "referrals", f"{_referred(m)}{slot('referrals')}{compared}。"
    if not m.even and "contacts.versus" in m:
        yield (
            "workdays",
            f"{m.now}{slot('period.workdays')}，{m.earlier}{slot('previous.workdays')}，"
            "增减按日均比较。",
        )
    if m.work.targets and not m.brief:
        yield "targets", targets_told(m)


def _nothing(m: Material) -> str:
    figure = m.work.figures["entries"]
    if figure.value is None:
        return f"{m.now}没有工作记录可供统计。"
    return f"{m.now}没有登记工作记录。"


def _sales(m: Material) -> Iterator[tuple[str, str]]:
    if m.has("sales"):
        money = ""
        if "sales_amount" in m:
            money = f"、{slot('sales_amount')}{m.versus('sales_amount', '金额', '成交')}"
        yield "sales", f"成交{slot('sales')}{money or m.versus('sales', none='成交')}。"
    elif m.had("sales"):
        yield "sales", f"{m.now}没有成交，{m.earlier}成交{slot('sales.before')}。"


def _referred(m: Material) -> str:
    if m.hands_over:
        return "向理财经理转介"
    return "收到转介" if m.work.subject.role == Role.WEALTH else "转介"


def results(material: Material) -> Iterator[Line]:
    """What was done, channel by channel and product by product, and what stands out."""
    found = list(_results(material)) or [("none", f"{material.now}没有可列的工作成效。")]
    for code, text in found:
        yield Line(Topic.RESULTS, code, text)


def _results(m: Material) -> Iterator[tuple[str, str]]:
    yield from _channels(m)
    if m.has("tried"):
        reached = f"联系上{slot('reached')}" if m.has("reached") else "均未联系上"
        told = _answers(m)
        yield "outcomes", f"营销跟进：有结果的营销联系{slot('tried')}，{reached}{told}。"
    yield from _products(m)
    if m.has("kept"):
        money = f"、{slot('kept_amount')}" if "kept_amount" in m else ""
        yield "kept", f"到期承接：承接到期资金{slot('kept')}{money}。"
    if m.has("referrals_accepted"):
        yield "referrals", f"转介协同：{_taken_on(m)}。"
    yield from _balance(m)
    others = [f"{label}{slot(name)}" for name, label in OTHERS.items() if m.has(name)]
    if others:
        yield "others", f"日常工作：{'、'.join(others)}。"
    yield from _highlight(m)


def _all_of(count: float) -> str:
    """How one says that all of a number are the same."""
    return "均为" if count > 1 else "，为"


def _channels(m: Material) -> Iterator[tuple[str, str]]:
    used = [name for name in CHANNELS if m.has(name)]
    if len(used) == 1:
        all_of = _all_of(m.work.count("contacts"))
        yield "channels", f"客户联系：{slot('contacts')}{all_of}{CHANNELS[used[0]]}。"
    elif used:
        used.sort(key=lambda name: -m.work.count(name))
        split = "、".join(f"{CHANNELS[name]}{slot(name)}" for name in used)
        yield "channels", f"客户联系：{split}。"


def _answers(m: Material) -> str:
    """What the customers who were reached said."""
    said = {name: words for name, words in OUTCOMES.items() if m.has(name)}
    if len(said) == 1:
        words = next(iter(said.values()))
        return f"，客户{'均' if m.work.count('reached') > 1 else ''}{words}"
    parts = [f"{words}{slot(name)}" for name, words in said.items()]
    return f"，其中客户{'、'.join(parts)}" if parts else ""


def _taken_on(m: Material) -> str:
    count = m.work.count
    taken, won = count("referrals_accepted"), count("referrals_won")
    every = "均" if taken > 1 else ""
    if taken == count("referrals"):
        start = f"{m.now}转介的{slot('referrals')}{every}已承接"
    else:
        start = f"{m.now}的转介已承接{slot('referrals_accepted')}"
    if not won:
        return f"{start}，转介单上暂无成交"
    told = f"，其中转介单登记成交{slot('referrals_won')}"
    if won == taken:
        told = f"，转介单{every}登记为成交"
    unmatched = f"open.{OpenKind.UNMATCHED.value}.items"
    if unmatched not in m:
        return f"{start}{told}"
    some = f"有{slot(unmatched)}"
    if len(m.work.open(OpenKind.UNMATCHED)) == won:
        some = "均" if won > 1 else ""
    return f"{start}{told}（工作记录中{some}没有对应的成交，待核对）"


def _products(m: Material) -> Iterator[tuple[str, str]]:
    types = [t for t in LABELS[ProductType] if m.has(f"sales.{t}")]
    money = "sales_amount" in m
    size = "sales_amount" if money else "sales"
    types.sort(key=lambda t: (-m.work.count(f"{size}.{t}"), t))
    split = [
        f"{LABELS[ProductType][t]}{slot(f'sales.{t}')}"
        + (f"、{slot(f'sales_amount.{t}')}" if money else "")
        for t in types
    ]
    if len(types) == 1:
        all_of = _all_of(m.work.count("sales"))
        yield "products", f"产品成交：{slot('sales')}{all_of}{LABELS[ProductType][types[0]]}。"
    elif types:
        yield "products", f"产品成交：{'；'.join(split)}。"


def _balance(m: Material) -> Iterator[tuple[str, str]]:
    if "aum_change.moved" not in m or m.brief:
        return
    whose = "客户资产" if m.work.subject.staff is None else "管户资产"
    moved = [
        (m.work.count(f"held_change.{t}"), t)
        for t in LABELS[ProductType]
        if t not in ("loan", "credit_card") and f"held_change.{t}.moved" in m
    ]
    ends = {max(moved), min(moved)} if moved else set()
    least = LEAST_MOVE * max((abs(change) for change, _ in moved), default=0)
    largest = sorted(
        (pair for pair in ends if pair[0] and abs(pair[0]) >= least),
        key=lambda pair: (-abs(pair[0]), pair[1]),
    )
    parts = [
        f"{LABELS[ProductType][kind]}{slot(f'held_change.{kind}.moved')}" for _, kind in largest
    ]
    detail = f"，变动较大的是{'、'.join(parts)}" if parts else ""
    yield (
        "balance",
        f"{whose}：期末{slot('aum')}，较期初{slot('aum_change.moved')}{detail}。",
    )


def _highlight(m: Material) -> Iterator[tuple[str, str]]:
    """The figure that grew most by the working day, and the target that is furthest ahead."""
    if m.brief:
        return
    grown = [(growth, figure) for growth, figure in compared(m) if growth >= RISE]
    if grown:
        _, figure = max(grown, key=lambda pair: (pair[0], pair[1].name))
        rise = m.versus(figure.name)
        yield "highlight", f"亮点：{named(figure)}{slot(figure.name)}{rise}，在各项工作中增幅最大。"
    ahead = [
        (target.rate, target.kpi, target)
        for target in m.work.targets
        if target.on_track and target.rate and f"target.{target.kpi}" in m and _enough(target)
    ]
    if ahead:
        best = max(ahead)[2]
        name = f"target.{best.kpi}"
        made = f"（{slot(f'{name}.parts')}）" if f"{name}.parts" in m else ""
        yield (
            "best_target",
            f"亮点：{m.of_branch}本月{best.label}{slot(f'{name}.done')}{made}，月度目标{slot(name)}，"
            f"在可核算的目标中完成得最好。",
        )


def _enough(target: TargetProgress) -> bool:
    """Whether a share rests on more than a handful; money and counts always do."""
    rows = target.done.rows if target.done else ()
    return target.unit is not Unit.RATIO or len(rows) >= LEAST_BEHIND_SHARE
