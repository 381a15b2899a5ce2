"""The second half of a work summary: what went wrong, told as it is, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from copilot.drafting import summary_targets
from copilot.drafting.summary_said import slot
from copilot.drafting.summary_voice import Line, Material, Topic, compared, daily, named
from copilot.records.codes import LABELS, ProductType
from copilot.records.work import MATURITY_DAYS, Measured, OpenKind

DECLINE = 0.8  # of the period before, by the working day
MOST_DECLINES = 2


def problems(material: Material) -> Iterator[Line]:
    """Declines, lagging targets, money lost, complaints and what nobody has taken on."""
    found = list(_problems(material)) or [("none", _no_problem(material))]
    for code, text in found:
        yield Line(Topic.PROBLEMS, code, text)


def _no_problem(m: Material) -> str:
    if not m.has("entries"):
        return f"{m.now}没有记录，无法判断。"
    if not m.work.targets:
        return "按现有记录，没有发现明显下降或未办结的事项；没有目标，未判断进度。"
    return "按现有记录，没有发现明显下降、落后目标或未办结的事项。"


def _problems(m: Material) -> Iterator[tuple[str, str]]:
    yield from _declines(m)
    yield from summary_targets.lagging(m)
    if m.has("lost"):
        money = f"、{slot('lost_amount')}" if "lost_amount" in m else ""
        yield "lost", f"到期流失：流失到期资金{slot('lost')}{money}{_worse(m)}{_where(m)}。"
    if m.has("complaints_open"):
        came = f"{m.now}收到投诉{slot('complaints')}，" if m.has("complaints") else ""
        yield "complaints", f"投诉：{came}目前未办结{slot('complaints_open')}。"
    elif m.has("complaints"):
        every = "均" if m.work.count("complaints") > 1 else ""
        yield "complaints", f"投诉：{m.now}收到投诉{slot('complaints')}，{every}已办结。"
    elif "open.complaint.items" in m:
        yield "complaints", f"{m.of_branch}投诉：目前未办结{slot('open.complaint.items')}。"
    if "open.referral.items" in m:
        count = slot("open.referral.items")
        yield "referrals", f"{m.of_branch}转介承接：目前有{count}转介尚未承接。"


def _worse(m: Material) -> str:
    """That less of the money falling due was kept than before, if so."""
    rate = m.work.figures["retention"]
    if rate.value is None or rate.previous is None or rate.value >= rate.previous:
        return ""
    return f"，承接率{slot('retention.versus')}"


def _where(m: Material) -> str:
    """The member who kept the least, where a branch or the bank has several."""
    kept = [
        (figure.count, member)
        for member in m.work.members
        if (figure := m.work.figures.get(f"retention@{member.member_id}"))
        and figure.value is not None
    ]
    if len(kept) < 2 or m.work.count("lost") < 2:
        return ""
    least, member = min(kept, key=lambda pair: (pair[0], pair[1].member_id))
    if least >= m.work.count("retention"):
        return ""
    key = f"@{member.member_id}"
    return f"，承接率最低的是{slot(f'name{key}')}（{slot(f'retention{key}')}）"


def _declines(m: Material) -> Iterator[tuple[str, str]]:
    if m.brief or not m.has("entries"):
        return
    fallen = sorted(
        ((growth, figure.name, figure) for growth, figure in compared(m) if growth < DECLINE),
        key=lambda entry: entry[:2],
    )
    if any(name == "sales_amount" for _, name, _ in fallen):  # their number would say it again
        fallen = [entry for entry in fallen if entry[1] != "sales"]
    for _, name, figure in fallen[:MOST_DECLINES]:
        yield f"decline.{name}", f"{named(figure)}下滑：{_fell(m, figure)}。"


def _fell(m: Material, figure: Measured) -> str:
    if not m.even:
        return daily(m, figure.name)
    return f"{slot(figure.name)}{m.versus(figure.name)}{_mostly(m, figure.name)}"


def _mostly(m: Material, name: str) -> str:
    """The product type that fell most, when there are several."""
    drops = []
    for kind in LABELS[ProductType]:
        figure = m.work.figures.get(f"{name}.{kind}")
        if figure is not None and f"{name}.{kind}.drop" in m:
            drops.append((figure.count - (figure.previous or 0), kind))
    if not drops:
        return ""
    kind = min(drops)[1]
    return f"，减少最多的是{LABELS[ProductType][kind]}（{slot(f'{name}.{kind}.drop')}）"


def plan(material: Material) -> Iterator[Line]:
    """What is open, by the bank's own customer ids, and what the targets still need."""
    steps = _today(material) if material.brief else _steps(material)
    found = list(steps) or [("none", "现有记录中没有待办事项。")]
    for code, text in found:
        yield Line(Topic.PLAN, code, text)


def _today(m: Material) -> Iterator[tuple[str, str]]:
    if "open.today" in m:
        yield (
            "today",
            f"到期提醒：{slot('next_workday')}上班前到期{slot('open.today')}，今日联系好："
            f"{slot('open.today.list')}。",
        )
    if "open.first" in m:
        yield "first", f"下一工作日（{slot('next_workday')}）优先处理：{slot('open.first')}。"
    counts = []
    for kind, words in _COUNTED.items():
        name = f"open.{kind.value}"
        if name in m:
            counts.append(words.format(slot(f"{name}.items" if kind in _BY_ITEM else name)))
    if counts:
        yield "backlog", f"{m.of_branch}待办合计：{'、'.join(counts)}。"


_BY_ITEM = (OpenKind.COMPLAINT, OpenKind.REFERRAL, OpenKind.SETTLING, OpenKind.UNMATCHED)
_COUNTED = {
    OpenKind.COMPLAINT: "投诉未办结{}",
    OpenKind.MATURITY: f"未来{MATURITY_DAYS}天资金到期{{}}",
    OpenKind.LOST: "到期资金流失待回访{}",
    OpenKind.CALLBACK: "考虑中待回访{}",
    OpenKind.REFERRAL: "转介待承接{}",
    OpenKind.SETTLING: "本月转介尚无结果{}",
    OpenKind.UNMATCHED: "转介成交待核对{}",
}


def _steps(m: Material) -> Iterator[tuple[str, str]]:
    yield from _with_customers(m)
    yield from _with_referrals(m)
    yield from summary_targets.steps(m)
    if "open.unmatched" in m:
        yield (
            "unmatched",
            f"成交核对：转介单登记成交、工作记录没有成交的{slot('open.unmatched.items')}，"
            f"{slot('next_workday')}前查明是漏登还是误登：{slot('open.unmatched.list')}。",
        )


def _with_customers(m: Material) -> Iterator[tuple[str, str]]:
    later = slot("follow_up_by")
    if "open.complaint" in m:
        yield (
            "complaint",
            f"投诉处理：未办结{slot('open.complaint.items')}，{slot('next_workday')}前"
            f"把处理进度告知客户：{slot('open.complaint.list')}。",
        )
    if "open.maturity" in m:
        yield (
            "maturity",
            f"到期跟进：未来{slot('horizon')}到期{slot('open.maturity')}{_money(m, 'maturity')}，"
            f"逐户问清用途，再谈续存或支取：{slot('open.maturity.list')}。",
        )
    if "open.lost" in m:
        yield (
            "lost",
            f"流失回访：流失客户中可联系的{slot('open.lost')}{_money(m, 'lost')}，{later}前问清"
            f"去向和原因，愿意再谈的约面谈：{slot('open.lost.list')}。",
        )
    if "open.callback" in m:
        yield (
            "callback",
            f"客户回访：还在考虑的客户{slot('open.callback')}，{later}前回访，"
            f"联系前先核对同意与触达间隔：{slot('open.callback.list')}。",
        )


def _with_referrals(m: Material) -> Iterator[tuple[str, str]]:
    if "open.referral" in m:
        verb = "提醒承接人尽快联系" if m.hands_over else "联系客户并登记承接"
        yield (
            "referral",
            f"转介承接：未承接{slot('open.referral.items')}，{slot('next_workday')}前{verb}："
            f"{slot('open.referral.list')}。",
        )
    if "open.settling" in m:
        yield (
            "settling",
            f"转介跟进：本月已承接、尚无结果的{slot('open.settling.items')}，"
            f"{slot('follow_up_by')}前逐笔联系并登记结果：{slot('open.settling.list')}。",
        )


def _money(m: Material, kind: str) -> str:
    name = f"open.{kind}.amount"
    return f"、{slot(name)}" if name in m else ""
