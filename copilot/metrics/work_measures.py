"""What is counted of a work log: each figure with its formula, its rows and its value.

A figure is declared once and computed for the period and for the one before it. Free text of the
rows is never read; what became of matured money is taken from two exact words only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from copilot.metrics.work_rows import WorkRows
from copilot.records.codes import LABELS, ProductType
from copilot.records.metric import Unit
from copilot.records.tables import TABLES
from copilot.records.work import Measured, Member, Window

KEPT, LOST = "承接", "流失"
CONTACT_KINDS = {
    "call": ("calls", "外呼"),
    "wecom": ("wecoms", "企业微信沟通"),
    "meeting": ("meetings", "面谈"),
    "online": ("onlines", "线上沟通"),
}
OTHER_KINDS = {
    "reception": ("receptions", "厅堂接待"),
    "outreach": ("outreaches", "外拓"),
    "training": ("trainings", "培训"),
    "morning_meeting": ("morning_meetings", "晨会"),
    "evening_meeting": ("evening_meetings", "夕会"),
    "follow_up": ("list_reviews", "整理跟进名单"),
}
REACHED = ("accepted", "considering", "refused")
NOT_REACHED = "no_answer"
SUCCESS = "success"

Rows = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: which rows of ``table`` it rests on, and how its value comes from them."""

    name: str
    label: str
    counter: str
    table: str
    formula: str
    rows: Callable[[WorkRows, Window], Rows]
    value: Callable[[Rows], int | float | None] = len
    unit: Unit = Unit.COUNT


def measured(measure: Measure, work: WorkRows) -> Measured:
    """The figure for the period and the one before, or why there is none."""
    window, previous = work.period.window, work.period.previous
    since = work.since[measure.table]
    label = TABLES[measure.table].label
    missing = ""
    if since is None:
        missing = f"数据中没有{label}"
    elif since > window.last:
        missing = f"{label}自{since.isoformat()}起才有"
    rows = measure.rows(work, window) if not missing else ()
    covered = since is not None and since <= previous.first
    return Measured(
        name=measure.name,
        label=measure.label,
        value=None if missing else measure.value(rows),
        unit=measure.unit,
        counter=measure.counter,
        formula=measure.formula,
        table=measure.table,
        window=window,
        rows=tuple(row.id for row in rows),
        previous=measure.value(measure.rows(work, previous)) if covered else None,
        missing=missing,
    )


def measures(work: WorkRows) -> Iterator[Measure]:
    """The figures that fit the subject: its log, contacts, sales, maturities, referrals."""
    yield Measure("entries", "工作记录", "条", "events", "工作记录条数", _events())
    yield from _contacts()
    yield from _outcomes(work)
    yield from _sales(work)
    yield from _maturities()
    yield from _referrals(work)
    for kind, (name, label) in OTHER_KINDS.items():
        yield Measure(name, label, "次", "events", f"类别为{label}的工作记录数", _events(kind))
    if work.receives:
        yield Measure("visits", "网点取号", "人次", "visits", "本网点取号记录数", _visits)
    yield from _complaints(work)


def _events(*kinds: str, of: Member | None = None) -> Callable[[WorkRows, Window], Rows]:
    def rows(work: WorkRows, window: Window) -> Rows:
        return [
            event
            for event in work.within("events", window)
            if (not kinds or event.kind in kinds) and (of is None or event.staff_id in of.staff_ids)
        ]

    return rows


def _contacts() -> Iterator[Measure]:
    kinds = tuple(CONTACT_KINDS)
    named = "、".join(label for _, label in CONTACT_KINDS.values())
    rows = _events(*kinds)
    yield Measure("contacts", "客户联系", "次", "events", f"{named}的工作记录数", rows)
    yield Measure(
        "contacted_customers", "联系客户", "户", "events", f"{named}涉及的客户去重", rows, customers
    )
    for kind, (name, label) in CONTACT_KINDS.items():
        yield Measure(name, label, "次", "events", f"类别为{label}的工作记录数", _events(kind))


def _outcomes(work: WorkRows) -> Iterator[Measure]:
    services = work.policy.service_kinds

    def marketing(*outcomes: str, channel: str = "") -> Callable[[WorkRows, Window], Rows]:
        return lambda work, window: [
            contact
            for contact in work.within("interactions", window)
            if contact.kind not in services
            and contact.outcome in outcomes
            and channel in ("", contact.channel)
        ]

    every = (*REACHED, NOT_REACHED)
    told = "营销类触达记录中"
    table = "interactions"
    yield Measure("tried", "营销联系", "次", table, f"{told}有结果的条数", marketing(*every))
    yield Measure("reached", "联系上", "次", table, f"{told}已联系上的条数", marketing(*REACHED))
    for outcome, label in (("accepted", "接受"), ("considering", "考虑中"), ("refused", "婉拒")):
        yield Measure(outcome, label, "次", table, f"{told}结果为{label}的条数", marketing(outcome))
    phoned = marketing(*every, channel="phone")
    yield Measure("phone_tried", "电话营销", "次", table, "电话营销触达中有结果的条数", phoned)
    yield Measure(
        "phone_reached", "电话接通", "次", table, "电话营销触达中已联系上的条数",
        marketing(*REACHED, channel="phone"),
    )  # fmt: skip
    yield Measure(
        "connect_rate", "电话接通率", "", table,
        "电话营销触达中已联系上的条数 ÷ 有结果的条数", phoned,
        lambda rows: share(row.outcome != NOT_REACHED for row in rows), Unit.RATIO,
    )  # fmt: skip


def _sales(work: WorkRows) -> Iterator[Measure]:
    yield from _sold("", "", _events("sale"))
    for kind in sold_types(work):
        code = f".{kind}"
        yield from _sold(code, kind, of_type(kind))


def of_type(kind: str) -> Callable[[WorkRows, Window], Rows]:
    """The sales of a product type."""

    def rows(work: WorkRows, window: Window) -> Rows:
        sold = _events("sale")(work, window)
        return [event for event in sold if work.types.get(event.product_code or "", "") == kind]

    return rows


def _sold(code: str, kind: str, rows: Callable[[WorkRows, Window], Rows]) -> Iterator[Measure]:
    what = f"{LABELS[ProductType][kind]}成交" if kind else "成交"
    yield Measure(f"sales{code}", "成交笔数", "笔", "events", f"{what}的工作记录数", rows)
    yield Measure(
        f"sales_amount{code}", "成交金额", "", "events", f"{what}金额合计", rows, total, Unit.FEN
    )


def sold_types(work: WorkRows) -> list[str]:
    """The product types sold in the period or the one before, by code."""
    windows = (work.period.window, work.period.previous)
    sold = {
        work.types.get(event.product_code or "", "")
        for window in windows
        for event in work.within("events", window)
        if event.kind == "sale"
    }
    return sorted(sold & LABELS[ProductType].keys())


def _maturities() -> Iterator[Measure]:
    known = matured(KEPT, LOST)
    table = "events"
    yield Measure("maturities", "到期跟进", "笔", table, "到期承接类工作记录数", known)
    yield Measure(
        "maturity_amount", "到期金额", "", table, "到期承接类工作记录金额合计", known, total,
        Unit.FEN,
    )  # fmt: skip
    for name, word in (("kept", KEPT), ("lost", LOST)):
        rows = matured(word)
        yield Measure(name, f"到期{word}", "笔", table, f"结果为{word}的到期笔数", rows)
        yield Measure(
            f"{name}_amount", f"到期{word}金额", "", table, f"结果为{word}的到期金额合计", rows,
            total, Unit.FEN,
        )  # fmt: skip
    yield Measure(
        "retention", "到期承接率", "", table, "承接金额 ÷ 到期金额", known,
        lambda rows: ratio(total(r for r in rows if r.note == KEPT), total(rows)), Unit.RATIO,
    )  # fmt: skip


def matured(*words: str) -> Callable[[WorkRows, Window], Rows]:
    """Follow-ups of matured money by what became of it."""
    return lambda work, window: [
        event for event in _events("maturity_followup")(work, window) if event.note in words
    ]


def _referrals(work: WorkRows) -> Iterator[Measure]:
    last = work.period.last

    def given(taken: bool = False, won: bool = False) -> Callable[[WorkRows, Window], Rows]:
        return lambda work, window: [
            referral
            for referral in work.within("referrals", window)
            if (not taken or accepted(referral, last)) and (not won or succeeded(referral, last))
        ]

    table, whole = "referrals", "本人转出或收到的转介"
    if work.is_branch:
        whole = "本行员工转出或收到的转介"
    yield Measure("referrals", "转介", "笔", table, f"{whole}笔数（按转介时间）", given())
    yield Measure(
        "referrals_accepted", "转介已承接", "笔", table, f"{whole}中已承接的笔数", given(True)
    )
    yield Measure(
        "referrals_won", "转介成交", "笔", table, f"{whole}中结果为成交的笔数", given(True, True)
    )
    yield Measure(
        "referral_rate", "转介成功率", "", table, "转介成交笔数 ÷ 转介笔数", given(),
        lambda rows: share(succeeded(row, last) for row in rows), Unit.RATIO,
    )  # fmt: skip


def _visits(work: WorkRows, window: Window) -> Rows:
    return work.within("visits", window)


def _complaints(work: WorkRows) -> Iterator[Measure]:
    def rows(work: WorkRows, window: Window) -> Rows:
        return work.within("complaints", window)

    whose = "本行客户" if work.is_branch else "管户客户"
    yield Measure("complaints", "投诉", "件", "complaints", f"{whose}的投诉件数", rows)
    yield Measure(
        "complaints_closed", "已办结投诉", "件", "complaints", f"{whose}的投诉中已办结的件数",
        lambda work, window: [c for c in rows(work, window) if not c.open],
    )  # fmt: skip
    yield Measure(
        "complaints_open", "未办结投诉", "件", "complaints",
        f"{whose}截至期末未办结的投诉件数（含以前收到的）",
        lambda work, window: [c for c in work.complaints if c.open and c.at.date() <= window.last],
    )  # fmt: skip


def of_member(member: Member) -> Iterator[Measure]:
    """What the summary of a branch tells of one member of staff, that of the bank of a branch."""
    name, key = member.name, member.member_id
    contacts = _events(*CONTACT_KINDS, of=member)
    sales = _events("sale", of=member)
    due = _events("maturity_followup", of=member)
    yield Measure(
        f"contacts@{key}", f"{name}客户联系", "次", "events", "客户联系的工作记录数", contacts
    )
    yield Measure(f"sales@{key}", f"{name}成交", "笔", "events", "成交的工作记录数", sales)
    yield Measure(
        f"sales_amount@{key}", f"{name}成交金额", "", "events", "成交金额合计", sales, total,
        Unit.FEN,
    )  # fmt: skip
    yield Measure(
        f"retention@{key}", f"{name}到期承接率", "", "events", "承接金额 ÷ 到期金额",
        lambda work, window: [e for e in due(work, window) if e.note in (KEPT, LOST)],
        lambda rows: ratio(total(r for r in rows if r.note == KEPT), total(rows)), Unit.RATIO,
    )  # fmt: skip
    yield Measure(
        f"referrals@{key}", f"{name}转介", "笔", "referrals", "转出或收到的转介笔数",
        lambda work, window: [
            r for r in work.within("referrals", window)
            if not member.staff_ids.isdisjoint((r.from_staff, r.to_staff))
        ],
    )  # fmt: skip


def accepted(referral: Any, last: Any) -> bool:
    """Whether a referral had been taken on by the end of a day."""
    return referral.accepted_at is not None and referral.accepted_at.date() <= last


def succeeded(referral: Any, last: Any) -> bool:
    """Whether a referral that had been taken on led to a sale."""
    return accepted(referral, last) and referral.result == SUCCESS


def customers(rows: Iterable[Any]) -> int:
    """How many different customers rows concern."""
    return len({row.customer_id for row in rows if row.customer_id})


def total(rows: Iterable[Any]) -> int:
    """The sum of the rows' amounts in fen."""
    return sum(row.amount or 0 for row in rows)


def share(yes: Iterable[bool]) -> float | None:
    """The share of what is true; ``None`` of nothing."""
    answers = list(yes)
    return sum(answers) / len(answers) if answers else None


def ratio(part: int, whole: int) -> float | None:
    """A part of a whole; ``None`` of nothing."""
    return part / whole if whole else None
