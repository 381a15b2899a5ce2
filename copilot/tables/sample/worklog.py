"""The work of the branch staff: sixty days of events, and the targets they are measured by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from copilot.tables.sample.calendar import BUSINESS_DATE, workdays
from copilot.tables.sample.contacts import Interaction, Referral
from copilot.tables.sample.house import BRANCH_IDS, BRANCH_STAFF
from copilot.tables.sample.people import Person
from copilot.tables.sample.portfolio import LIABILITIES, Episode

_LOG_DAYS = 60


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a work log; ``amount`` in fen, ``None`` when there is none."""

    staff_id: str
    at: datetime
    kind: str
    customer_id: str = ""
    product_code: str = ""
    amount: int | None = None
    note: str = ""


_CHANNEL_KINDS = {"phone": "外呼", "wecom": "企微沟通", "counter": "面谈", "app": "线上沟通"}
_DAILY = {
    "支行行长": (("晨会", 8, "通报昨日进度，布置三件重点"), ("夕会", 17, "对照承诺复盘")),
    "理财经理": (("客户跟进", 14, "整理到期与跟进名单"),),
    "大堂经理": (("厅堂接待", 11, "上午客流高峰分流"), ("厅堂接待", 15, "下午引导自助办理")),
}
_OUTREACH = ("社区反诈与存款保险宣传", "企业代发上门服务", "养老机构手机银行辅导", "商圈走访")


def work_log(
    rng: Random,
    people: list[Person],
    contacts: list[Interaction],
    handed: list[Referral],
    episodes: list[Episode],
) -> list[Event]:
    """The events of the last sixty days, in time order."""
    since = datetime.combine(BUSINESS_DATE - timedelta(days=_LOG_DAYS), time())
    rows = list(_routine(rng))
    rows += _from_contacts(contacts)
    rows += _from_referrals(handed)
    rows += _from_sales(rng, people, episodes)
    kept = [row for row in rows if row.at >= since]
    return sorted(kept, key=lambda row: (row.at, row.staff_id, row.kind, row.customer_id))


def _routine(rng: Random) -> Iterator[Event]:
    for day in workdays(BUSINESS_DATE - timedelta(days=_LOG_DAYS - 1), BUSINESS_DATE):
        for staff_id, _, post, _ in BRANCH_STAFF:
            for kind, hour, note in _DAILY[post]:
                at = datetime.combine(day, time(hour, rng.randrange(50)))
                yield Event(staff_id, at, kind, note=note)
            if post != "大堂经理" and rng.random() < 0.06:
                at = datetime.combine(day, time(9, rng.randrange(60)))
                yield Event(staff_id, at, "外拓", note=rng.choice(_OUTREACH))
        if day.weekday() == 3:
            for staff_id, _, post, _ in BRANCH_STAFF:
                if post != "支行行长":
                    at = datetime.combine(day, time(16, 30))
                    yield Event(staff_id, at, "培训", note="合规与产品学习")


def _from_contacts(contacts: list[Interaction]) -> Iterator[Event]:
    for contact in contacts:
        if contact.staff_id:
            kind = _CHANNEL_KINDS[contact.channel]
            yield Event(contact.staff_id, contact.at, kind, contact.customer_id, note=contact.text)


def _from_referrals(handed: list[Referral]) -> Iterator[Event]:
    for referral in handed:
        yield Event(referral.from_staff, referral.at, "转介", referral.customer_id)
        if referral.accepted_at is not None:
            note = f"结果：{referral.result}"
            at = referral.accepted_at
            yield Event(referral.to_staff, at, "承接转介", referral.customer_id, note=note)


def _from_sales(rng: Random, people: list[Person], episodes: list[Episode]) -> Iterator[Event]:
    """Purchases of managed customers, and what became of money that fell due."""
    bought = {(episode.person, episode.opened_on) for episode in episodes}
    for episode in episodes:
        person = people[episode.person]
        if not person.manager_id or episode.type in LIABILITIES:
            continue
        at = time(9 + rng.randrange(8), rng.randrange(60))
        if episode.bought:
            sold = datetime.combine(episode.opened_on, at)
            yield Event(person.manager_id, sold, "成交", person.customer_id, episode.code,
                        episode.amount)  # fmt: skip
        if episode.matures_on is not None and episode.paid_out:
            day = episode.held_to + timedelta(days=1)
            kept = (episode.person, day) in bought
            yield Event(
                person.manager_id,
                datetime.combine(day, at),
                "到期承接",
                person.customer_id,
                episode.code,
                episode.amount,
                "承接" if kept else "流失",
            )


# kpi, unit, target of a wealth manager for a month, share of it for a lobby manager
_TARGETS = (
    ("deposit_daily_avg", "万元", 1800.0, 0.2),
    ("deposit_point", "万元", 1900.0, 0.2),
    ("aum_net", "万元", 260.0, 0.1),
    ("valid_customers", "户", 30.0, 0.6),
    ("maturity_retention", "比率", 0.82, None),
    ("referral_success", "比率", 0.30, 1.0),
    ("intermediary_income", "万元", 6.0, 0.1),
    ("insurance_premium", "万元", 25.0, 0.1),
    ("fund_holding", "万元", 320.0, 0.0),
    ("payroll_new", "户", 12.0, 0.5),
    ("payroll_retention", "比率", 0.55, None),
    ("card_binding", "户", 25.0, 1.4),
    ("pension_accounts", "户", 8.0, 0.8),
    ("mobile_mau", "户", 420.0, 0.8),
    ("call_connect_rate", "比率", 0.45, None),
    ("recording_pass_rate", "比率", 1.0, None),
    ("complaints", "件", 0.0, None),
)


#: 储蓄时点 and 基金保有量 in 万元: what the owner is asked to hold by the end of November, near
#: what the customers hold. A branch is asked for more than its managers: not all are managed.
_STOCKS = {
    "BR01": (11200.0, 350.0),
    "S1002": (6000.0, 180.0),
    "S1003": (4100.0, 150.0),
    "BR02": (7200.0, 220.0),
    "S2002": (2700.0, 75.0),
    "S2003": (3500.0, 130.0),
    "BR03": (5200.0, 260.0),
    "S3002": (2350.0, 150.0),
    "S3003": (2100.0, 90.0),
}
_DAILY_AVERAGE = 0.97  # of the balance at the end
_GROWING = {"2026-10": 0.98, "2026-11": 1.0, "2026-12": 1.03, "2026Q4": 1.03}


def targets() -> Iterator[tuple[str, str, str, str, str]]:
    """(owner, period, kpi, value, unit): months of the quarter for staff, quarters for branches."""
    for branch_id in BRANCH_IDS:
        yield from _branch_targets(branch_id)
    for staff_id, _, post, _ in BRANCH_STAFF:
        for period in ("2026-10", "2026-11", "2026-12"):
            for kpi, unit, value, lobby in _TARGETS:
                share = lobby if post == "大堂经理" else 1.0
                if post != "支行行长" and share:
                    wanted = _held(staff_id, period, kpi) or _scaled(value, unit, share)
                    yield staff_id, period, kpi, str(wanted), unit


def _branch_targets(branch_id: str) -> Iterator[tuple[str, str, str, str, str]]:
    for period, months in (("2026-10", 1), ("2026-11", 1), ("2026-12", 1), ("2026Q4", 3)):
        for kpi, unit, value, _ in _TARGETS:
            times = 2.3 * (1 if kpi == "mobile_mau" else months)
            wanted = _held(branch_id, period, kpi) or _scaled(value, unit, times)
            yield branch_id, period, kpi, str(wanted), unit


def _held(owner_id: str, period: str, kpi: str) -> float | None:
    """What an owner is asked to hold, in 万元; ``None`` for what is not a stock of theirs."""
    deposits, funds = _STOCKS.get(owner_id, (0.0, 0.0))
    stocks = {
        "deposit_point": deposits,
        "deposit_daily_avg": deposits * _DAILY_AVERAGE,
        "fund_holding": funds,
    }
    return round(stocks[kpi] * _GROWING[period]) if stocks.get(kpi) else None


def _scaled(value: float, unit: str, times: float) -> float:
    """A target for a bigger or smaller owner: shares stay, households are whole."""
    if unit == "比率":
        return value
    return round(value * times) if unit in ("户", "件") else round(value * times, 2)
