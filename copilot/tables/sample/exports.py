"""The bank's export files as its systems would write them: Chinese headings, codes and yuan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import TYPE_CHECKING

from copilot.records.codes import GENDERS, LABELS, Channel, ConsentPurpose, ProductType
from copilot.tables.sample.calendar import BUSINESS_DATE, snapshot_dates
from copilot.tables.sample.consents import Assessment, Consent
from copilot.tables.sample.contacts import Complaint, Interaction, Referral, Visit
from copilot.tables.sample.house import BRANCHES, CITY, LICENCES, STAFF
from copilot.tables.sample.ledger import Ledger
from copilot.tables.sample.people import Person
from copilot.tables.sample.portfolio import LIABILITIES, Episode, NetValues
from copilot.tables.sample.shelf import COLUMNS, Shelf
from copilot.tables.sample.worklog import Event, targets

if TYPE_CHECKING:
    from copilot.tables.sample.flows import Ints

_OUTCOMES = {
    "accepted": "接受",
    "considering": "考虑中",
    "refused": "拒绝",
    "no_answer": "未联系上",
    "": "",
}
_ARMS = {"none": "无", "model": "模型", "random": "随机", "": ""}
_TYPES = LABELS[ProductType]
_CHANNELS = {**LABELS[Channel], "all": "全部渠道"}
_PURPOSES = LABELS[ConsentPurpose]


@dataclass(slots=True)
class Export:
    """One export: canonical table, headings, rows of text. ``file`` may be split by its writer."""

    table: str
    file: str
    header: tuple[str, ...]
    rows: list[list[str]]
    encoding: str = "utf-8"

    def column(self, heading: str) -> int:
        """The position of a heading."""
        return self.header.index(heading)


def yuan(fen: int | None) -> str:
    """Money as exports write it: yuan with two decimals.

    >>> yuan(-28341250)
    '-283412.50'
    """
    if fen is None:
        return ""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(sep=" ", timespec="seconds")


def _yes(flag: bool | None) -> str:
    return "" if flag is None else "是" if flag else "否"


def house_exports(shelf: Shelf) -> Iterator[Export]:
    """Branches, staff, licences, targets and the product shelf."""
    branches = [[number, name, CITY, parent] for number, name, parent in BRANCHES]
    yield Export("branches", "branches.csv", ("机构号", "机构名称", "城市", "上级机构"), branches)
    staff = [[*row, ""] for row in STAFF]
    yield Export("staff", "staff.csv", ("工号", "姓名", "岗位", "机构号", "离岗日期"), staff)
    licences = [list(row) for row in LICENCES]
    header: tuple[str, ...] = ("工号", "资格", "生效日期", "失效日期")
    yield Export("licences", "licences.csv", header, licences)
    header = ("责任人", "期间", "指标", "目标值", "单位")
    yield Export("targets", "targets.csv", header, [list(row) for row in targets()])
    yield Export("products", "products.csv", COLUMNS, [list(row) for row in shelf.rows])


def customer_export(people: list[Person]) -> Export:
    """The customer master file, with a byte-order mark as the core system writes it."""
    rows = [
        [
            p.customer_id,
            p.name,
            GENDERS[p.gender],
            _day(p.birth_date),
            p.branch_id,
            p.manager_id,
            p.occupation,
            p.income_band,
            p.marital,
            _yes(p.qualified),
            p.employer_id,
            _day(p.opened_on),
            p.phone,
            p.id_number,
            _yes(p.is_employee),
        ]
        for p in people
    ]
    header = (
        "客户号", "姓名", "性别", "出生日期", "开户网点", "管户经理", "职业", "收入档", "婚姻状况",
        "合格投资者", "单位编号", "开户日期", "手机号", "证件号码", "本行员工",
    )  # fmt: skip
    return Export("customers", "customers.csv", header, rows, "utf-8-sig")


def account_export(ledger: Ledger, people: list[Person]) -> Export:
    """Current accounts."""
    rows = [
        [a.account_id, people[a.person].customer_id, "活期", "人民币", _day(a.opened_on)]
        for a in ledger.accounts
    ]
    header = ("账号", "客户号", "账户种类", "币种", "开户日期")
    return Export("accounts", "accounts.csv", header, rows)


def holding_exports(
    episodes: list[Episode], ledger: Ledger, people: list[Person], values: NetValues
) -> Iterator[Export]:
    """One file per snapshot; current accounts are holdings of DEP-CUR with their balance."""
    header = (
        "快照日期", "持仓编号", "客户号", "产品大类", "产品代码", "金额", "起息日", "到期日",
        "自动转存",
    )  # fmt: skip
    for day in snapshot_dates():
        rows = list(_current_accounts(ledger.balances_on(day), ledger, people, day))
        for episode in episodes:
            if episode.held_on(day):
                amount = round(episode.amount * values.at(episode.code, day))
                if episode.type in LIABILITIES:
                    amount = _owed(episode, day)
                rows.append(_holding(episode, people, day, amount))
        yield Export("holdings", f"holdings_{day:%Y%m%d}.csv", header, rows)


def _current_accounts(
    balances: Ints, ledger: Ledger, people: list[Person], day: date
) -> Iterator[list[str]]:
    for account, balance in zip(ledger.accounts, balances.tolist(), strict=True):
        if account.opened_on <= day:
            yield [
                _day(day),
                f"H-{account.account_id}",
                people[account.person].customer_id,
                _TYPES["deposit"],
                "DEP-CUR",
                yuan(balance),
                _day(account.opened_on),
                "",
                "",
            ]


def _owed(episode: Episode, day: date) -> int:
    """What was owed earlier was more: about half a percent of today's debt a month."""
    months = (BUSINESS_DATE.year - day.year) * 12 + BUSINESS_DATE.month - day.month
    return episode.amount + episode.amount // 200 * months


def _holding(episode: Episode, people: list[Person], day: date, amount: int) -> list[str]:
    return [
        _day(day),
        episode.holding_id,
        people[episode.person].customer_id,
        _TYPES[episode.type],
        episode.code,
        yuan(amount),
        _day(episode.opened_on),
        _day(episode.matures_on),
        _yes(episode.auto_renew),
    ]


def statement_exports(consents: Iterable[Consent], assessed: list[Assessment]) -> Iterator[Export]:
    """Consents and risk assessments."""
    rows = [
        [c.customer_id, _PURPOSES[c.purpose], _CHANNELS[c.channel], _moment(c.at), _yes(c.granted)]
        for c in consents
    ]
    yield Export("consents", "consents.csv", ("客户号", "用途", "渠道", "时间", "是否同意"), rows)
    rows = [[a.customer_id, _day(a.assessed_on), a.level] for a in assessed]
    header = ("客户号", "测评日期", "测评结果")
    yield Export("risk_assessments", "risk_assessments.csv", header, rows)


def interaction_export(contacts: list[Interaction]) -> Export:
    """Interactions, from an old system that writes GB18030."""
    rows = [
        [
            f"I{number:07d}",
            c.customer_id,
            c.staff_id,
            _moment(c.at),
            _CHANNELS[c.channel],
            "服务" if c.kind == "service" else "营销",
            c.text,
            _OUTCOMES[c.outcome],
            c.recording_id,
            _ARMS[c.offer_arm],
        ]
        for number, c in enumerate(contacts, start=1)
    ]
    header = (
        "编号", "客户号", "工号", "时间", "渠道", "类别", "内容", "结果", "双录编号", "试验组",
    )  # fmt: skip
    return Export("interactions", "interactions.csv", header, rows, "gb18030")


def service_exports(
    seen: list[Visit], handed: list[Referral], complained: list[Complaint]
) -> Iterator[Export]:
    """Visits, referrals and complaints."""
    rows = [
        [f"V{number:07d}", v.customer_id, v.branch_id, _moment(v.at), v.errand]
        for number, v in enumerate(seen, start=1)
    ]
    yield Export("visits", "visits.csv", ("编号", "客户号", "机构号", "取号时间", "来意"), rows)
    rows = [
        [f"R{number:06d}", r.customer_id, r.from_staff, r.to_staff, _moment(r.at),
         _moment(r.accepted_at), r.result]
        for number, r in enumerate(handed, start=1)
    ]  # fmt: skip
    header = ("编号", "客户号", "转介人", "承接人", "转介时间", "承接时间", "结果")
    yield Export("referrals", "referrals.csv", header, rows)
    rows = [
        [f"Q{number:05d}", c.customer_id, _moment(c.at), c.topic, c.status]
        for number, c in enumerate(complained, start=1)
    ]
    yield Export("complaints", "complaints.csv", ("编号", "客户号", "时间", "主题", "状态"), rows)


def work_export(events: list[Event]) -> Export:
    """The work log."""
    rows = [
        [f"E{number:06d}", e.staff_id, _moment(e.at), e.kind, e.customer_id, e.product_code,
         yuan(e.amount), e.note]
        for number, e in enumerate(events, start=1)
    ]  # fmt: skip
    header = ("编号", "工号", "时间", "类别", "客户号", "产品代码", "金额", "备注")
    return Export("events", "events.csv", header, rows)


def attribute_export(rng: Random, people: list[Person]) -> Export:
    """A few things that only this bank records, as of the last month end."""
    rows = []
    day = "2026-10-31"
    for person in people:
        if person.stage == "minor" or person.opened_on > date(2026, 10, 31):
            continue
        friend = rng.random() < (0.55 if person.manager_id else 0.12)
        rows.append([person.customer_id, day, "企微好友", _yes(friend)])
        if person.manager_id and rng.random() < 0.5:
            hour = rng.choice(("上午", "中午", "下午", "晚上"))
            rows.append([person.customer_id, day, "方便时段", hour])
        if person.school_child:
            rows.append([person.customer_id, day, "在读子女", str(rng.choice((1, 1, 1, 2)))])
    return Export("attributes", "attributes.csv", ("客户号", "日期", "属性", "值"), rows)
