"""Customers planted so that each thing the copilot should find can be found, with who they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from copilot.records.codes import TxnChannel, TxnKind
from copilot.tables.sample.calendar import BUSINESS_DATE, WINDOW_START
from copilot.tables.sample.flows import PRIVATE, FlowBook
from copilot.tables.sample.identities import identity_number, phone_number
from copilot.tables.sample.people import YUAN, Person
from copilot.tables.sample.portfolio import Episode

WAN = 10_000 * YUAN


@dataclass(frozen=True, slots=True)
class Part:
    """A product in a story: yuan in 万, and the dates that the story needs.

    Without ``matures_on`` the product has no fixed end; ``ended_on`` means that it was paid out
    and the money left the bank.
    """

    code: str
    wan: float
    opened_on: date
    matures_on: date | None = None
    auto_renew: bool | None = None
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One planted movement, in yuan."""

    day: date
    yuan: int
    kind: TxnKind
    channel: TxnChannel
    memo: str


@dataclass(frozen=True, slots=True)
class Story:
    """One planted customer: a key for tests and demonstrations, and what to find."""

    key: str
    finding: str
    person: dict[str, Any]
    parts: tuple[Part, ...] = ()
    moves: tuple[Move, ...] = ()


def _opened(matures_on: date, days: int) -> date:
    return matures_on - timedelta(days=days)


def _who(
    name: str,
    gender: str,
    birth: str,
    stage: str,
    occupation: str,
    *,
    branch: str = "BR01",
    **rest: Any,
) -> dict[str, Any]:
    first_manager = "" if stage in ("minor", "student") else f"S{branch[-1]}002"
    return {
        "name": name,
        "gender": gender,
        "birth_date": date.fromisoformat(birth),
        "stage": stage,
        "branch_id": branch,
        "occupation": occupation,
        "opened_on": date(2014, 4, 16),
        "manager_id": first_manager,
        **rest,
    }


def _assessed(level: str, day: str) -> dict[str, Any]:
    return {"risk_level": level, "assessed_on": date.fromisoformat(day)}


_TODAY = BUSINESS_DATE
_DEC8 = date(2026, 12, 8)

STORIES = (
    Story(
        "idle_money",
        "活期283412元自2026-08-19起闲置93天",
        _who("程丽娟", "F", "1980-03-09", "family", "会计", everyday=False,
             income=7200 * YUAN, demand=283_412 * YUAN, **_assessed("C3", "2026-03-12")),
        moves=(
            Move(date(2026, 2, 10), 20_000, TxnKind.TRANSFER_IN, TxnChannel.MOBILE, "转账"),
            Move(date(2026, 5, 12), -6_800, TxnKind.PURCHASE, TxnChannel.MOBILE, "家电"),
            Move(date(2026, 8, 19), 240_000, TxnKind.TRANSFER_IN, TxnChannel.COUNTER, "卖房尾款"),
        ),
    ),
    Story(
        "large_inflow",
        "2026-11-16到账50万元",
        _who("何振业", "M", "1988-07-21", "family", "工程师", employer_id="E010",
             income=13_500 * YUAN, spend=9_000 * YUAN, demand=536_000 * YUAN,
             school_child=True, **_assessed("C3", "2026-08-05")),
        moves=(
            Move(date(2026, 11, 16), 500_000, TxnKind.TRANSFER_IN, TxnChannel.WEB, "卖房款"),
        ),
    ),
    Story(
        "maturity_ahead",
        "20万元一年期定期2026-12-08到期，未约定自动转存",
        _who("马国平", "M", "1974-01-30", "senior", "公务员", employer_id="E006",
             income=8_600 * YUAN, spend=6_400 * YUAN, demand=32_000 * YUAN, wealth=20 * WAN,
             **_assessed("C2", "2026-05-20")),
        (Part("DEP-1Y", 20, _opened(_DEC8, 365), _DEC8, auto_renew=False),),
    ),
    Story(
        "salary_start",
        "2026-09-10起代发工资",
        _who("曹文博", "M", "1999-05-14", "young", "程序员", employer_id="E008",
             opened_on=date(2021, 6, 15), salary_from=date(2026, 9, 1), income=9_800 * YUAN,
             spend=6_500 * YUAN, demand=18_600 * YUAN, mobile_share=0.97),
    ),
    Story(
        "dormant",
        "2026-03-06之后没有主动交易，余额12345元",
        _who("潘晓燕", "F", "1985-09-02", "family", "自由职业", manager_id="",
             active_to=date(2026, 3, 6), income=3_000 * YUAN, everyday=False,
             demand=12_345 * YUAN),
        moves=(
            Move(date(2025, 11, 20), -3_000, TxnKind.CASH_OUT, TxnChannel.ATM, "取现"),
            Move(date(2026, 3, 6), -500, TxnKind.TRANSFER_OUT, TxnChannel.MOBILE, "转账"),
        ),
    ),
    Story(
        "assets_declining",
        "9月、10月共50万元理财赎回后转往他行",
        _who("董立成", "M", "1976-11-11", "senior", "个体工商户", income=12_000 * YUAN,
             spend=7_000 * YUAN, demand=38_000 * YUAN, wealth=12 * WAN,
             **_assessed("C3", "2026-04-09")),
        (
            Part("WMP-MH90", 30, date(2025, 3, 3), ended_on=date(2026, 9, 7)),
            Part("WMP-FX180", 20, date(2026, 4, 21), date(2026, 10, 18),
                 ended_on=date(2026, 10, 18)),
            Part("DEP-3Y", 12, date(2025, 2, 14), date(2028, 2, 14), auto_renew=False),
        ),
    ),
    Story(
        "new_customer",
        "2026-10-26新开户，尚未测评",
        _who("于佳怡", "F", "1995-02-25", "young", "护士", opened_on=date(2026, 10, 26),
             manager_id="S1003", income=7_400 * YUAN, spend=5_200 * YUAN, demand=62_000 * YUAN),
    ),
    Story(
        "retired_c2",
        "67岁，C2，15万元三年期定期今天到期",
        _who("许秀英", "F", "1959-06-18", "retired", "退休教师", income=5_900 * YUAN,
             spend=3_200 * YUAN, demand=41_000 * YUAN, wealth=20 * WAN, mobile_share=0.2,
             **_assessed("C2", "2026-06-18")),
        (
            Part("DEP-3Y", 15, _opened(_TODAY, 1095), _TODAY, auto_renew=False),
            Part("GB-3Y", 5, date(2025, 3, 11), date(2028, 3, 10)),
        ),
    ),
    Story(
        "private_banking_candidate",
        "资产约556万元，合格投资者，接近私行层级",
        _who("薛宏伟", "M", "1971-08-08", "senior", "工程师", employer_id="E009",
             income=42_000 * YUAN, spend=20_000 * YUAN, demand=960_000 * YUAN, wealth=460 * WAN,
             qualified=True, **_assessed("C4", "2026-07-02")),
        (
            Part("WMP-FX365", 120, date(2026, 3, 20), date(2027, 3, 20)),
            Part("WMP-PLUS365", 80, date(2026, 1, 12)),
            Part("CD-3Y", 100, date(2025, 2, 6), date(2028, 2, 6)),
            Part("FUND-BOND", 60, date(2024, 9, 10)),
            Part("INS-LIFE", 50, date(2023, 6, 1)),
            Part("GB-5Y", 50, date(2024, 11, 12), date(2029, 11, 11)),
        ),
    ),
    Story(
        "business_owner",
        "企业主，每月资金往来频繁，活期42万元",
        _who("邹永刚", "M", "1982-04-27", "family", "企业主", income=38_000 * YUAN,
             spend=21_000 * YUAN, demand=420_000 * YUAN, school_child=True,
             **_assessed("C3", "2026-02-26")),
    ),
    Story(
        "assessment_expired",
        "持有理财，风险测评停在2025-09-15，已过一年",
        _who("卢婷婷", "F", "1990-12-03", "family", "企业职员", employer_id="E018",
             income=9_100 * YUAN, spend=6_600 * YUAN, demand=86_000 * YUAN, wealth=8 * WAN,
             **_assessed("C3", "2025-09-15")),
        (Part("WMP-MH30", 8, date(2025, 9, 16)),),
    ),
    Story(
        "marketing_refused",
        "已拒绝一切营销触达",
        _who("傅学锋", "M", "1978-10-10", "family", "医生", employer_id="E004",
             income=15_200 * YUAN, spend=9_900 * YUAN, demand=310_000 * YUAN,
             **_assessed("C3", "2026-09-01")),
    ),
    Story(
        "profiling_refused",
        "已拒绝画像分析",
        _who("侯慧妍", "F", "1993-06-06", "young", "教师", employer_id="E001",
             income=7_900 * YUAN, spend=5_500 * YUAN, demand=120_000 * YUAN,
             **_assessed("C3", "2026-10-11")),
    ),
    Story(
        "open_complaint",
        "有一件未了结投诉：理财净值波动",
        _who("段国庆", "M", "1964-03-15", "retired", "退休职工", income=4_300 * YUAN,
             spend=3_000 * YUAN, demand=56_000 * YUAN, wealth=18 * WAN, mobile_share=0.4,
             **_assessed("C2", "2026-04-22")),
        (Part("WMP-FX365", 18, date(2026, 4, 24), date(2027, 4, 24)),),
    ),
    Story(
        "minor",
        "未成年人，账户里只有压岁钱",
        _who("汤若曦", "F", "2014-09-19", "minor", "未成年人",
             opened_on=date(2021, 2, 20), demand=16_800 * YUAN),
    ),
    Story(
        "student_c1",
        "大学生，C1",
        _who("尹泽宇", "M", "2006-07-07", "student", "学生", opened_on=date(2024, 9, 3),
             income=1_800 * YUAN, spend=1_650 * YUAN, demand=3_200 * YUAN, mobile_share=0.98,
             **_assessed("C1", "2026-09-18")),
    ),
    Story(
        "recently_refused",
        "2026-10-30电话中明确拒绝",
        _who("贺红梅", "F", "1977-05-05", "family", "销售", employer_id="E018",
             income=8_800 * YUAN, spend=6_300 * YUAN, demand=150_000 * YUAN,
             **_assessed("C2", "2026-01-15")),
    ),
    Story(
        "school_family",
        "有按揭和学费支出的家庭",
        _who("龚海英", "F", "1984-08-23", "family", "教师", employer_id="E002",
             income=9_300 * YUAN, spend=4_900 * YUAN, demand=64_000 * YUAN, school_child=True,
             mortgage=3_150 * YUAN, mortgage_left=412_000 * YUAN, second_account=True,
             **_assessed("C2", "2026-08-20")),
    ),
    Story(
        "cd_matures_today",
        "30万元大额存单今天到期",
        _who("史建国", "M", "1960-02-02", "retired", "退休干部", branch="BR02", income=7_600 * YUAN,
             spend=4_200 * YUAN, demand=75_000 * YUAN, wealth=30 * WAN, mobile_share=0.3,
             **_assessed("C2", "2026-03-30")),
        (Part("CD-3Y", 30, _opened(_TODAY, 1095), _TODAY),),
    ),
    Story(
        "fund_saver",
        "年轻客户，C4，持有指数基金，工资结余稳定",
        _who("熊晨光", "M", "1996-11-29", "young", "程序员", branch="BR03", employer_id="E009",
             opened_on=date(2019, 7, 8), income=16_500 * YUAN, spend=8_200 * YUAN,
             demand=98_000 * YUAN, wealth=14 * WAN, mobile_share=0.98,
             **_assessed("C4", "2026-07-25")),
        (Part("FUND-INDEX", 9, date(2024, 5, 20)), Part("WMP-MH90", 5, date(2026, 6, 1))),
    ),
)  # fmt: skip


def story_people(rng: Random) -> list[Person]:
    """The planted customers; the first story is customer C000001, and so on."""
    people = []
    for number, story in enumerate(STORIES, start=1):
        given = story.person
        people.append(
            Person(
                customer_id=f"C{number:06d}",
                phone=phone_number(rng),
                id_number=identity_number(rng, given["birth_date"], given["gender"]),
                marital="未婚" if given["stage"] in ("minor", "student", "young") else "已婚",
                story=story.key,
                **given,
            )
        )
        if people[-1].everyday:  # nobody's balance is a round sum
            people[-1].demand += number * 7_919 % 99_991
    return people


def story_episodes(types: dict[str, str], ids: Iterator[str]) -> list[Episode]:
    """The planted holdings; ``types`` gives the type of each product code."""
    return [
        Episode(
            holding_id=next(ids),
            person=index,
            code=part.code,
            type=types[part.code],
            amount=round(part.wan * WAN),
            opened_on=part.opened_on,
            matures_on=part.matures_on,
            auto_renew=part.auto_renew,
            held_to=part.ended_on or BUSINESS_DATE,
            bought=part.opened_on >= WINDOW_START,
            funded=part.opened_on >= WINDOW_START,
            paid_out=round(part.wan * WAN) if part.ended_on else 0,
            moved_away=part.ended_on is not None,
        )
        for index, story in enumerate(STORIES)
        for part in story.parts
    ]


def add_story_flows(book: FlowBook) -> None:
    """The planted movements, at ten in the morning."""
    for index, story in enumerate(STORIES):
        for move in story.moves:
            book.add(
                index,
                move.day.toordinal(),
                move.yuan * YUAN,
                kind=move.kind,
                channel=move.channel,
                counterparty=PRIVATE + index,
                memo=move.memo,
                second=10 * 3600 + index * 61,
            )
