"""Money that comes and goes by the calendar: pay, pensions, bills, mortgages, school fees."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from copilot.records.codes import TxnChannel, TxnKind
from copilot.tables.sample.calendar import (
    BUSINESS_DATE,
    SPRING_FESTIVAL,
    WINDOW_START,
    month_end,
    months,
    workday_on_or_before,
)
from copilot.tables.sample.flows import (
    PENSION_OFFICE,
    PRIVATE,
    PRIVATE_COUNT,
    UTILITIES,
    FlowBook,
    employer_index,
)
from copilot.tables.sample.house import EMPLOYERS
from copilot.tables.sample.people import YUAN

if TYPE_CHECKING:
    from copilot.tables.sample.flows import Bools, Ints

_QUARTER_MONTHS = (3, 6, 9, 12)


def add_regular_flows(book: FlowBook) -> None:
    """All flows that follow the calendar, for everybody whom they concern."""
    for year, month in months():
        _salaries(book, year, month)
        _pensions(book, year, month)
        _allowances(book, year, month)
        _bills(book, year, month)
        _mortgages(book, year, month)
        if month in (2, 9):
            _school_fees(book, year, month)
        if month in _QUARTER_MONTHS:
            _interest(book, year, month)
    _bonuses(book)


def _who(book: FlowBook, wanted: list[bool]) -> Ints:
    import numpy as np

    return np.flatnonzero(np.array(wanted))


def _day(year: int, month: int, day: int) -> date:
    return min(date(year, month, day if day <= 28 else 28), month_end(year, month))


def _inside(day: date) -> bool:
    return WINDOW_START <= day <= BUSINESS_DATE


def _noise(book: FlowBook, amounts: list[int], spread: float) -> Ints:
    import numpy as np

    factors = 1 + book.rng.uniform(-spread, spread, len(amounts))
    return np.rint(np.array(amounts, dtype=np.float64) * factors).astype(np.int64)


def _salaries(book: FlowBook, year: int, month: int) -> None:
    for firm in EMPLOYERS:
        payday = workday_on_or_before(_day(year, month, firm.payday))
        staff = _who(
            book,
            [p.employer_id == firm.employer_id and p.salary_from <= payday for p in book.people],
        )
        if not len(staff) or not _inside(payday):
            continue
        book.add(
            staff,
            payday.toordinal(),
            _noise(book, [book.people[index].income for index in staff], 0.03),
            kind=TxnKind.SALARY,
            channel=TxnChannel.AUTO,
            counterparty=employer_index(firm.employer_id),
            memo=f"代发工资-{firm.name}",
        )


def _bonuses(book: FlowBook) -> None:
    """Year-end bonuses: each employer on one workday in the five weeks before the festival."""
    for number, firm in enumerate(EMPLOYERS):
        before = 5 + number * 7 % 31
        payday = workday_on_or_before(SPRING_FESTIVAL - timedelta(days=before))
        staff = _who(
            book,
            [p.employer_id == firm.employer_id and p.salary_from <= payday for p in book.people],
        )
        paid = [round(book.people[index].income * firm.bonus) for index in staff]
        book.add(
            staff,
            payday.toordinal(),
            _noise(book, paid, 0.4),
            kind=TxnKind.BONUS,
            channel=TxnChannel.AUTO,
            counterparty=employer_index(firm.employer_id),
            memo=f"年终奖-{firm.name}",
        )


def _pensions(book: FlowBook, year: int, month: int) -> None:
    day = _day(year, month, 15)
    if not _inside(day):
        return
    retired = _who(book, [p.stage == "retired" for p in book.people])
    book.add(
        retired,
        day.toordinal(),
        _noise(book, [book.people[index].income for index in retired], 0.0),
        kind=TxnKind.PENSION,
        channel=TxnChannel.AUTO,
        counterparty=PENSION_OFFICE,
        memo="养老金发放",
    )


def _allowances(book: FlowBook, year: int, month: int) -> None:
    """Students live on transfers from home; people paid elsewhere move their money in."""
    import numpy as np

    student = [p.stage == "student" for p in book.people]
    paid_elsewhere = [
        p.stage in ("young", "family", "senior")
        and not p.employer_id
        and not p.trader
        and p.everyday
        for p in book.people
    ]
    for wanted, memo, last in ((student, "生活费", 4), (paid_elsewhere, "他行转入", 26)):
        who = _who(book, wanted)
        days = date(year, month, 1).toordinal() + book.rng.integers(0, last, len(who))
        inside = (days >= WINDOW_START.toordinal()) & (days <= BUSINESS_DATE.toordinal())
        amounts = [book.people[index].income for index in who]
        book.add(
            who[inside],
            days[inside],
            (_noise(book, amounts, 0.1) // 10_000 * 10_000)[inside],
            kind=TxnKind.TRANSFER_IN,
            channel=TxnChannel.MOBILE,
            counterparty=PRIVATE + np.asarray(who[inside]) * 7 % PRIVATE_COUNT,
            memo=memo,
        )


def _bills(book: FlowBook, year: int, month: int) -> None:
    """Electricity, water and gas, telephone: by direct debit, by mobile, or at the counter."""
    bills = (("电费", 5, 60, 260), ("水费燃气费", 12, 40, 180), ("通信费", 20, 29, 129))
    payers = [p.stage not in ("minor", "student") and p.everyday
              for p in book.people]  # fmt: skip
    for number, (memo, due, low, high) in enumerate(bills):
        who = _who(book, [pays and (i + number) % 5 != 0 for i, pays in enumerate(payers)])
        days = date(year, month, 1).toordinal() + due - 1 + book.rng.integers(0, 4, len(who))
        inside = (days >= WINDOW_START.toordinal()) & (days <= BUSINESS_DATE.toordinal())
        amounts = -book.rng.integers(low * YUAN, high * YUAN, len(who))
        mobile = book.rng.random(len(who)) < [book.people[i].mobile_share for i in who]
        for channel, chosen in _split_bills(who, mobile):
            pick = inside & chosen
            book.add(
                who[pick],
                days[pick],
                amounts[pick],
                kind=TxnKind.UTILITY,
                channel=channel,
                counterparty=UTILITIES + number,
                memo=memo,
            )


def _split_bills(who: Ints, mobile: Bools) -> list[tuple[TxnChannel, Bools]]:
    debit = who % 2 == 0
    return [
        (TxnChannel.AUTO, debit),
        (TxnChannel.MOBILE, ~debit & mobile),
        (TxnChannel.COUNTER, ~debit & ~mobile),
    ]


def _mortgages(book: FlowBook, year: int, month: int) -> None:
    day = _day(year, month, 20)
    if not _inside(day):
        return
    debtors = _who(book, [p.mortgage > 0 for p in book.people])
    book.add(
        debtors,
        day.toordinal(),
        _noise(book, [-book.people[index].mortgage for index in debtors], 0.0),
        kind=TxnKind.LOAN_REPAY,
        channel=TxnChannel.AUTO,
        memo="住房贷款还款",
        second=3 * 3600,
    )


def _school_fees(book: FlowBook, year: int, month: int) -> None:
    """Before term: the last days of February after the festival, the first of September."""
    first = date(year, month, 24 if month == 2 else 1)
    parents = _who(book, [p.school_child or p.stage == "student" for p in book.people])
    student = [book.people[index].stage == "student" for index in parents]
    if month == 2:
        parents = parents[[not each for each in student]]
        student = [False] * len(parents)
    amounts = book.rng.integers(900, 4200, len(parents)) * YUAN
    amounts[student] = book.rng.integers(46, 78, sum(student)) * 100 * YUAN
    days = first.toordinal() + book.rng.integers(0, 5, len(parents))
    book.add(
        parents[student],
        days[student],
        amounts[student],
        kind=TxnKind.TRANSFER_IN,
        channel=TxnChannel.MOBILE,
        counterparty=PRIVATE + parents[student] * 7 % PRIVATE_COUNT,
        memo="学费",
        second=9 * 3600,
    )
    book.add(
        parents,
        days,
        -amounts,
        kind=TxnKind.TUITION,
        channel=TxnChannel.MOBILE,
        counterparty=PRIVATE + 3,
        memo="学费",
        second=10 * 3600,
    )


def _interest(book: FlowBook, year: int, month: int) -> None:
    day = date(year, month, 21)
    if not _inside(day):
        return
    # Stories with fixed amounts earn none, so that their dates and balances stay as told.
    paid = [max(1, round(p.demand * 0.0005 / 4)) if p.everyday else 0 for p in book.people]
    book.add(
        range(len(paid)),
        day.toordinal(),
        paid,
        kind=TxnKind.INTEREST,
        channel=TxnChannel.AUTO,
        memo="结息",
        second=2 * 3600,
    )
