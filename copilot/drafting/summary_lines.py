"""The sentences of a work summary, with placeholders for every figure.

What is said follows from the figures by rule: the largest, the furthest behind, what is still
open. A sentence whose rows are gone is not written; nothing is said that has no figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from copilot.drafting.summary_values import NOW, Values, before, slot
from copilot.records.codes import LABELS, ProductType, Role, SummaryPeriod
from copilot.records.metric import Unit
from copilot.records.work import Measured, Work

CHANNELS = {
    "calls": "外呼",
    "wecoms": "企业微信沟通",
    "meetings": "面谈",
    "onlines": "线上沟通",
}
OUTCOMES = {"accepted": "接受", "considering": "还在考虑", "refused": "婉拒"}
COMPARED = ("contacts", "reached", "accepted", "sales", "sales_amount", "referrals")
SAID_AS = {"reached": "营销接通次数", "accepted": "客户接受次数"}
RISE = 1.1  # smaller growth is no highlight
LEAST_CHANGE = 2  # of a count
#: Fewer in the period before say nothing about a trend.
LEAST_COMPARED = {SummaryPeriod.DAY: 3, SummaryPeriod.WEEK: 3, SummaryPeriod.MONTH: 8}
OTHERS = {
    "receptions": "厅堂接待",
    "morning_meetings": "晨会",
    "evening_meetings": "夕会",
    "outreaches": "外拓",
    "trainings": "培训",
    "list_reviews": "整理跟进名单",
}


class Topic(StrEnum):
    """The parts of a summary, in their order."""

    OVERVIEW = "一、总体情况"
    RESULTS = "二、重点工作与成效"
    PROBLEMS = "三、存在问题"
    PLAN = "四、下一步计划"


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence with placeholders; ``code`` names what it is about."""

    topic: Topic
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """What sentences are written from: the measured work and what may be stated of it."""

    work: Work
    values: Values

    def __contains__(self, name: str) -> bool:
        return name in self.values

    @property
    def now(self) -> str:
        """What the period is called."""
        return NOW[self.work.period.kind]

    @property
    def brief(self) -> bool:
        """Whether it is a daily report, which is short."""
        return self.work.period.kind is SummaryPeriod.DAY

    @property
    def earlier(self) -> str:
        """What the time before is called."""
        return before(self.work.period)

    @property
    def even(self) -> bool:
        """Whether the periods are compared as they are, being of equal length."""
        period = self.work.period
        return self.brief or period.workdays == period.previous_workdays

    def has(self, name: str) -> bool:
        """Whether a figure may be stated and is not zero."""
        return name in self.values and self.work.count(name) != 0

    def versus(self, name: str, subject: str = "") -> str:
        """The comparison as a clause of its own, or nothing."""
        compared = f"{name}.versus"
        if compared not in self.values:
            return ""
        return f"，{subject if self.had(name) else ''}{slot(compared)}"

    def had(self, name: str) -> bool:
        """Whether there was something of it in the period before."""
        figure = self.work.figures.get(name)
        return bool(figure and figure.previous) and f"{name}.before" in self.values


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
            f"涉及{slot('contacted_customers')}{m.versus('contacts', '联系次数')}。",
        )
    else:
        yield "entries", f"{m.now}登记工作{slot('entries')}，没有客户联系记录。"
    if m.has("visits"):
        yield "visits", f"网点取号{slot('visits')}{m.versus('visits')}。"
    yield from _sales(m)
    if m.has("maturities"):
        due = f"、{slot('maturity_amount')}" if "maturity_amount" in m else ""
        rate = f"，按金额计算的承接率为{slot('retention')}" if "retention" in m else ""
        yield "maturities", f"到期跟进{slot('maturities')}{due}{rate}{m.versus('retention')}。"
    if m.has("referrals"):
        yield "referrals", f"{_referred(m)}{slot('referrals')}{m.versus('referrals')}。"
    if not m.even and not m.brief and "contacts.versus" in m:
        yield (
            "workdays",
            f"{m.now}统计{slot('period.workdays')}，{m.earlier}{slot('previous.workdays')}，"
            "增减中含工作日多少的影响。",
        )
    if m.work.targets and not m.brief:
        yield "targets", _of_targets(m)


def _nothing(m: Material) -> str:
    figure = m.work.figures["entries"]
    if figure.value is None:
        return f"{m.now}没有工作记录可供统计。"
    return f"{m.now}没有登记工作记录。"


def _sales(m: Material) -> Iterator[tuple[str, str]]:
    if m.has("sales"):
        money = ""
        if "sales_amount" in m:
            money = f"、{slot('sales_amount')}{m.versus('sales_amount', '金额')}"
        yield "sales", f"成交{slot('sales')}{money or m.versus('sales')}。"
    elif m.had("sales"):
        yield "sales", f"{m.now}没有成交，{m.earlier}成交{slot('sales.before')}。"


def _referred(m: Material) -> str:
    role = m.work.subject.role
    if role in (Role.LOBBY, Role.TELLER):
        return "向理财经理转介"
    return "收到转介" if role == Role.WEALTH else "转介"


def _of_targets(m: Material) -> str:
    told = [target for target in m.work.targets if target.on_track is not None]
    behind = [target for target in told if not target.on_track]
    if not told:
        return f"本月目标{slot('targets.all')}，均缺少可核算的数据。"
    start = f"本月目标{slot('targets.all')}，现有数据可核算{slot('targets.known')}"
    if not behind:
        return f"{start}，均达到目标或跟上时间进度。"
    if len(behind) == len(told):
        return f"{start}，均未达到目标或时间进度。"
    return (
        f"{start}，{slot('targets.on_track')}达到目标或跟上时间进度，{slot('targets.behind')}落后。"
    )


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


def _channels(m: Material) -> Iterator[tuple[str, str]]:
    used = [name for name in CHANNELS if m.has(name)]
    if len(used) == 1:
        yield "channels", f"客户联系：{slot('contacts')}均为{CHANNELS[used[0]]}。"
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
    if won == taken:
        return f"{start}，转介单{every}登记为成交"
    return f"{start}，其中转介单登记成交{slot('referrals_won')}"


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
        yield "products", f"产品成交：{slot('sales')}均为{LABELS[ProductType][types[0]]}。"
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
    largest = sorted((pair for pair in ends if pair[0]), key=lambda pair: (-abs(pair[0]), pair[1]))
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
        rise = m.versus(figure.name) if m.even else f"，{daily(m, figure.name)}"
        yield "highlight", f"亮点：{named(figure)}{slot(figure.name)}{rise}，在各项工作中增幅最大。"
    ahead = [
        (target.rate, target.kpi, target)
        for target in m.work.targets
        if target.on_track and target.rate and f"target.{target.kpi}" in m
    ]
    if ahead:
        best = max(ahead)[2]
        name = f"target.{best.kpi}"
        yield (
            "best_target",
            f"亮点：{best.label}{slot(f'{name}.done')}，月度目标{slot(name)}，"
            f"在可核算的目标中完成得最好。",
        )


def compared(m: Material) -> Iterator[tuple[float, Measured]]:
    """Figures worth comparing with the period before: how many times as much a working day."""
    period = m.work.period
    days = (period.workdays or 1) / (period.previous_workdays or 1)
    for name in COMPARED:
        if name == "referrals" and m.work.subject.role == Role.WEALTH:
            continue  # others send them
        figure = m.work.figures.get(name)
        if figure is None or f"{name}.versus" not in m or not figure.previous:
            continue
        if not m.even and not _differs_daily(m, name):
            continue
        enough = figure.previous >= LEAST_COMPARED[period.kind]
        changed = abs(figure.count - figure.previous) >= LEAST_CHANGE
        if figure.unit is Unit.FEN or (enough and changed):
            yield figure.count / figure.previous / days, figure


def _differs_daily(m: Material, name: str) -> bool:
    """Whether the figure by the working day reads differently from that of the period before."""
    now, earlier = m.values.get(f"{name}.daily"), m.values.get(f"{name}.daily_before")
    return now is not None and earlier is not None and now.text != earlier.text


def named(figure: Measured) -> str:
    """What a figure is called outside its own list."""
    return SAID_AS.get(figure.name, figure.label)


def daily(m: Material, name: str) -> str:
    """A figure by the working day beside that of the period before."""
    return f"日均{slot(f'{name}.daily')}，{m.earlier}日均{slot(f'{name}.daily_before')}"
