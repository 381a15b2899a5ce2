"""The second half of a work summary: what went wrong, told as it is, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from copilot.drafting.summary_lines import Line, Material, Topic, compared, daily, named
from copilot.drafting.summary_values import slot
from copilot.records.codes import Role, SummaryPeriod
from copilot.records.metric import Unit
from copilot.records.work import MATURITY_DAYS, OpenKind, TargetKind, TargetProgress

DECLINE = 0.8  # of the period before, by the working day
MOST_DECLINES = 2
MOST_TARGETS = {SummaryPeriod.DAY: 1, SummaryPeriod.WEEK: 2, SummaryPeriod.MONTH: 4}
MOST_GAPS = 2


def problems(material: Material) -> Iterator[Line]:
    """Declines, lagging targets, money lost, complaints and what nobody has taken on."""
    found = list(_problems(material))
    if not found:
        told = material.has("entries")
        text = (
            "按现有记录，没有发现明显下降、落后目标或未办结的事项。"
            if told
            else f"{material.now}没有记录，无法判断。"
        )
        found = [("none", text)]
    for code, text in found:
        yield Line(Topic.PROBLEMS, code, text)


def _problems(m: Material) -> Iterator[tuple[str, str]]:
    yield from _declines(m)
    yield from _lagging(m)
    if m.has("lost"):
        money = f"、{slot('lost_amount')}" if "lost_amount" in m else ""
        yield "lost", f"到期流失：流失到期资金{slot('lost')}{money}{_worse(m)}。"
    if m.has("complaints_open"):
        came = f"{m.now}收到投诉{slot('complaints')}，" if m.has("complaints") else ""
        yield "complaints", f"投诉：{came}目前未办结{slot('complaints_open')}。"
    elif m.has("complaints"):
        yield "complaints", f"投诉：{m.now}收到投诉{slot('complaints')}，均已办结。"
    if "open.referral.items" in m:
        yield "referrals", f"转介承接：目前有{slot('open.referral.items')}转介尚未承接。"


def _worse(m: Material) -> str:
    """That less of the money falling due was kept than before, if so."""
    rate = m.work.figures["retention"]
    if rate.value is None or rate.previous is None or rate.value >= rate.previous:
        return ""
    return f"，承接率{slot('retention.versus')}"


def _declines(m: Material) -> Iterator[tuple[str, str]]:
    if m.brief or not m.has("entries"):
        return
    fallen = sorted(
        ((growth, figure.name, named(figure)) for growth, figure in compared(m) if growth < DECLINE)
    )
    names = {name for _, name, _ in fallen}
    if "sales_amount" in names:  # the number of sales would say the same again
        fallen = [entry for entry in fallen if entry[1] != "sales"]
    for _, name, label in fallen[:MOST_DECLINES]:
        if m.even:
            yield f"decline.{name}", f"{label}下滑：{slot(name)}{m.versus(name)}。"
        else:
            yield f"decline.{name}", f"{label}下滑：{daily(m, name)}。"


def _lagging(m: Material) -> Iterator[tuple[str, str]]:
    behind = _behind(m)
    most = MOST_TARGETS[m.work.period.kind]
    for target in behind[:most]:
        yield f"target.{target.kpi}", _lag(m, target)


def _behind(m: Material) -> list[TargetProgress]:
    """Lagging targets, the furthest behind first; complaints have a sentence of their own."""
    behind = [
        target
        for target in m.work.targets
        if target.on_track is False and target.kpi != "complaints" and f"target.{target.kpi}" in m
    ]
    return sorted(behind, key=lambda target: (target.rate or 0) / _due(target))


def _due(target: TargetProgress) -> float:
    return target.pace if target.kind is TargetKind.FLOW and target.pace else 1.0


def _lag(m: Material, target: TargetProgress) -> str:
    name = f"target.{target.kpi}"
    done, wanted = slot(f"{name}.done"), slot(name)
    if target.done is None or not target.done.value or target.done.value < 0:
        state = f"为负（{done}）" if target.done and target.done.value else "尚未破零"
        if target.kind is TargetKind.FLOW:
            return f"{target.label}{state}：月度目标{wanted}，时间进度已到{slot('month.pace')}。"
        return f"{target.label}为{done}，低于目标{wanted}。"
    if target.kind is TargetKind.FLOW:
        return (
            f"{target.label}落后：完成{done}，为月度目标{wanted}的{slot(f'{name}.rate')}，"
            f"比时间进度低{slot(f'{name}.lag')}。"
        )
    if target.done.unit is Unit.RATIO:
        return f"{target.label}未达标：{done}，目标{wanted}。"
    return f"{target.label}未达标：{done}，为目标{wanted}的{slot(f'{name}.rate')}。"


def plan(material: Material) -> Iterator[Line]:
    """What is open, by the bank's own customer ids, and what the targets still need."""
    steps = _today(material) if material.brief else _steps(material)
    found = list(steps) or [("none", "现有记录中没有待办事项。")]
    for code, text in found:
        yield Line(Topic.PLAN, code, text)


def _today(m: Material) -> Iterator[tuple[str, str]]:
    if "open.first" in m:
        yield "first", f"下一工作日（{slot('next_workday')}）优先联系：{slot('open.first')}。"
    counts = []
    for kind, words in _COUNTED.items():
        name = f"open.{kind.value}"
        if name in m:
            counts.append(words.format(slot(f"{name}.items" if kind in _BY_ITEM else name)))
    if counts:
        yield "backlog", f"待办合计：{'、'.join(counts)}。"


_BY_ITEM = (OpenKind.COMPLAINT, OpenKind.REFERRAL)
_COUNTED = {
    OpenKind.COMPLAINT: "投诉未办结{}",
    OpenKind.MATURITY: f"未来{MATURITY_DAYS}天资金到期{{}}",
    OpenKind.CALLBACK: "考虑中待回访{}",
    OpenKind.REFERRAL: "转介待承接{}",
}


_TAKE_ON = {
    "branch": "督促承接",
    Role.LOBBY.value: "提醒理财经理承接",
    Role.TELLER.value: "提醒理财经理承接",
}


def _steps(m: Material) -> Iterator[tuple[str, str]]:
    if "open.complaint" in m:
        yield (
            "complaint",
            f"投诉处理：跟进未办结投诉{slot('open.complaint.items')}"
            f"（客户{slot('open.complaint.list')}），把处理进度告知客户。",
        )
    if "open.maturity" in m:
        yield (
            "maturity",
            f"到期跟进：未来{slot('horizon')}有{slot('open.maturity')}客户的资金到期，"
            f"先联系{slot('open.maturity.list')}，问清用途再谈续存或支取。",
        )
    if "open.callback" in m:
        yield (
            "callback",
            f"客户回访：回访还在考虑的客户{slot('open.callback')}"
            f"（{slot('open.callback.list')}），联系前先核对同意与触达间隔。",
        )
    if "open.referral" in m:
        verb = _TAKE_ON.get(m.work.subject.role, "尽快承接")
        yield (
            "referral",
            f"转介承接：{verb}转介{slot('open.referral.items')}"
            f"（客户{slot('open.referral.list')}）。",
        )
    yield from _gaps(m)


def _gaps(m: Material) -> Iterator[tuple[str, str]]:
    """What lagging targets need a day until the end of the month."""
    behind = [
        target
        for target in _behind(m)
        if target.kind is TargetKind.FLOW and f"target.{target.kpi}.daily" in m
    ]
    for target in behind[:MOST_GAPS]:
        name = f"target.{target.kpi}"
        yield (
            f"gap.{target.kpi}",
            f"目标追赶：{target.label}距月度目标还差{slot(f'{name}.gap')}，月内剩"
            f"{slot('month.left')}，日均需完成{slot(f'{name}.daily')}。",
        )
