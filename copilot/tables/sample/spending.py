"""Everyday movements, drawn day by day: purchases, transfers, cash, festival gifts, trade."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from copilot.records.codes import TxnChannel, TxnKind
from copilot.tables.sample.calendar import (
    BUSINESS_DATE,
    DAYS,
    SPRING_FESTIVAL,
    WINDOW_START,
    months,
)
from copilot.tables.sample.flows import (
    MERCHANT_COUNT,
    MERCHANTS,
    OWN,
    PRIVATE,
    PRIVATE_COUNT,
    FlowBook,
)
from copilot.tables.sample.people import YUAN, Person

if TYPE_CHECKING:
    from copilot.tables.sample.flows import Bools, Floats, Ints

_START = WINDOW_START.toordinal()
# monthly counts for a customer of each stage: purchases, transfers out, transfers in, cash out,
# cash in
_RATES = {
    "minor": (0.0, 0.0, 0.1, 0.0, 0.1),
    "student": (10.0, 0.8, 0.5, 0.1, 0.05),
    "young": (12.0, 1.7, 0.8, 0.2, 0.1),
    "family": (10.5, 1.9, 0.8, 0.4, 0.15),
    "senior": (6.5, 1.3, 0.6, 0.8, 0.3),
    "retired": (4.0, 0.6, 0.4, 1.4, 0.5),
}
_PURCHASES = ("超市购物", "餐饮", "网络购物", "交通出行", "药店", "服装百货")
_TRADE = {"个体工商户": (7.0, 5.0), "企业主": (11.0, 9.0)}


def add_everyday_flows(book: FlowBook) -> None:
    """All day-by-day flows of the ordinary customers and of those stories that allow them."""
    everyday = [person.everyday for person in book.people]
    _purchases(book, everyday)
    _transfers(book, everyday)
    _cash(book, everyday)
    _gifts(book, everyday)
    _trade(book, everyday)
    _service_fees(book)


def _season(bumps: list[tuple[date, date, float]]) -> Floats:
    import numpy as np

    factor = np.ones(DAYS)
    weekdays = (np.arange(DAYS) + WINDOW_START.weekday()) % 7
    factor[weekdays >= 5] *= 1.25
    for first, last, times in bumps:
        span = slice(max(first.toordinal() - _START, 0), max(last.toordinal() - _START + 1, 0))
        factor[span] *= times
    return factor


_SHOPPING = [
    (date(2025, 6, 14), date(2025, 6, 18), 1.5),
    (date(2026, 6, 14), date(2026, 6, 18), 1.5),
    (date(2025, 11, 8), date(2025, 11, 11), 1.7),
    (date(2026, 11, 8), date(2026, 11, 11), 1.7),
    (date(2025, 10, 1), date(2025, 10, 7), 1.4),
    (date(2026, 10, 1), date(2026, 10, 7), 1.4),
    (SPRING_FESTIVAL - timedelta(days=18), SPRING_FESTIVAL - timedelta(days=1), 1.6),
    (SPRING_FESTIVAL, SPRING_FESTIVAL + timedelta(days=6), 0.6),
]
_CASH = [
    (SPRING_FESTIVAL - timedelta(days=16), SPRING_FESTIVAL - timedelta(days=1), 3.5),
    (SPRING_FESTIVAL, SPRING_FESTIVAL + timedelta(days=5), 0.3),
]


def _draw(book: FlowBook, monthly: list[float], season: Floats) -> tuple[Ints, Ints]:
    """Poisson counts per customer and day, as one (customer, day) pair per event."""
    import numpy as np

    rates = np.array(monthly)[:, None] / 30.4 * season[None, :]
    counts = book.rng.poisson(rates)
    person, offset = np.nonzero(counts)
    repeat = counts[person, offset]
    return np.repeat(person, repeat), np.repeat(offset, repeat) + _START


def _rate(person: Person, column: int, everyday: bool) -> float:
    return _RATES[person.stage][column] if everyday else 0.0


def _amounts(book: FlowBook, mean: Floats, spread: float) -> Floats:
    return mean * book.rng.lognormal(-spread * spread / 2, spread, len(mean))


def _mobile(book: FlowBook, person: Ints) -> Bools:
    import numpy as np

    share = np.array([each.mobile_share for each in book.people])
    return book.rng.random(len(person)) < share[person]


def _purchases(book: FlowBook, everyday: list[bool]) -> None:
    import numpy as np

    rates = [_rate(p, 0, on) for p, on in zip(book.people, everyday, strict=True)]
    person, day = _draw(book, rates, _season(_SHOPPING))
    mean = np.array([0.62 * p.spend / r if r else 0.0 for p, r in zip(book.people, rates,
                                                                      strict=True)])  # fmt: skip
    amount = -np.maximum(np.rint(_amounts(book, mean[person], 0.9)), 100).astype(np.int64)
    account = np.array([p.second_account for p in book.people], dtype=np.int64)[person]
    merchant = MERCHANTS + (person * 17 + book.rng.integers(0, 40, len(person))) % MERCHANT_COUNT
    _top_up(book, person, day, amount, account)
    mobile = _mobile(book, person)
    kind = book.rng.integers(0, len(_PURCHASES), len(person))
    for channel, chosen in ((TxnChannel.MOBILE, mobile), (TxnChannel.POS, ~mobile)):
        for number, memo in enumerate(_PURCHASES):
            pick = chosen & (kind == number)
            book.add(
                person[pick],
                day[pick],
                amount[pick],
                kind=TxnKind.PURCHASE,
                channel=channel,
                counterparty=merchant[pick],
                memo=memo,
                account=account[pick],
            )


def _top_up(book: FlowBook, person: Ints, day: Ints, amount: Ints, account: Ints) -> None:
    """Second accounts are filled from the first, each month before it is spent."""
    import numpy as np

    second = account == 1
    for year, month in months():
        first = max(date(year, month, 1), WINDOW_START).toordinal()
        after = date(year + month // 12, month % 12 + 1, 1).toordinal()
        spent = np.zeros(len(book.people), dtype=np.int64)
        pick = second & (day >= first) & (day < after)
        np.add.at(spent, person[pick], -amount[pick])
        who = np.flatnonzero(spent)
        filled = -(-spent[who] // 10_000) * 10_000
        for sign, kind, to in ((-1, TxnKind.TRANSFER_OUT, 0), (1, TxnKind.TRANSFER_IN, 1)):
            book.add(
                who,
                np.maximum(first, book.opened[who]),
                sign * filled,
                kind=kind,
                channel=TxnChannel.AUTO,
                counterparty=OWN,
                memo="本人账户互转",
                account=to,
                second=4 * 3600 + to,
            )


def _transfers(book: FlowBook, everyday: list[bool]) -> None:
    import numpy as np

    for column, sign, kind in ((1, -1, TxnKind.TRANSFER_OUT), (2, 1, TxnKind.TRANSFER_IN)):
        rates = [_rate(p, column, on) for p, on in zip(book.people, everyday, strict=True)]
        person, day = _draw(book, rates, _season([]))
        share = 0.2 if sign < 0 else 0.05
        mean = np.array([share * p.spend / max(_RATES[p.stage][column], 0.1) for p in book.people])
        amount = np.maximum(_amounts(book, mean[person], 1.0) // 5000, 1) * 5000
        partner = PRIVATE + (person * 5 + book.rng.integers(0, 5, len(person))) % PRIVATE_COUNT
        mobile = _mobile(book, person)
        counter = ~mobile & (book.rng.random(len(person)) < 0.6)
        for channel, chosen in (
            (TxnChannel.MOBILE, mobile),
            (TxnChannel.COUNTER, counter),
            (TxnChannel.WEB, ~mobile & ~counter),
        ):
            book.add(
                person[chosen],
                day[chosen],
                sign * amount[chosen].astype(np.int64),
                kind=kind,
                channel=channel,
                counterparty=partner[chosen],
                memo="转账",
            )


def _cash(book: FlowBook, everyday: list[bool]) -> None:
    import numpy as np

    ages = np.array([p.age for p in book.people])
    for column, sign, kind in ((3, -1, TxnKind.CASH_OUT), (4, 1, TxnKind.CASH_IN)):
        rates = [_rate(p, column, on) for p, on in zip(book.people, everyday, strict=True)]
        person, day = _draw(book, rates, _season(_CASH) if sign < 0 else _season([]))
        mean = np.array([max(0.14 * p.spend, 20_000) for p in book.people], dtype=np.float64)
        amount = np.maximum(_amounts(book, mean[person], 0.6) // 10_000, 1) * 10_000
        counter = book.rng.random(len(person)) < np.clip((ages[person] - 35) / 50, 0.05, 0.7)
        for channel, chosen in ((TxnChannel.COUNTER, counter), (TxnChannel.ATM, ~counter)):
            book.add(
                person[chosen],
                day[chosen],
                sign * amount[chosen].astype(np.int64),
                kind=kind,
                channel=channel,
                memo="取现" if sign < 0 else "存现",
            )


def _gifts(book: FlowBook, everyday: list[bool]) -> None:
    """Red packets at the Spring Festival: adults give, children and students receive."""
    import numpy as np

    givers = [p.stage not in ("minor", "student") and on
              for p, on in zip(book.people, everyday, strict=True)]  # fmt: skip
    for wanted, sign, kind in (
        (givers, -1, TxnKind.TRANSFER_OUT),
        ([p.stage in ("minor", "student") for p in book.people], 1, TxnKind.TRANSFER_IN),
    ):
        each = np.flatnonzero(np.array(wanted))
        who = np.repeat(each, book.rng.poisson(2.2, len(each)))
        book.add(
            who,
            SPRING_FESTIVAL.toordinal() + book.rng.integers(-1, 4, len(who)),
            sign * book.rng.choice([20_000, 60_000, 66_600, 80_000, 88_800, 100_000], len(who)),
            kind=kind,
            channel=TxnChannel.MOBILE,
            counterparty=PRIVATE + (who * 11 + 1) % PRIVATE_COUNT,
            memo="春节红包",
        )


def _trade(book: FlowBook, everyday: list[bool]) -> None:
    """Business takings come in and suppliers are paid; what is left is the income."""
    import numpy as np

    for column, sign, kind, memo in (
        (0, 1, TxnKind.TRANSFER_IN, "货款"),
        (1, -1, TxnKind.TRANSFER_OUT, "支付货款"),
    ):
        rates = [
            _TRADE[p.occupation][column] if p.trader and on else 0.0
            for p, on in zip(book.people, everyday, strict=True)
        ]
        person, day = _draw(book, rates, _season([]))
        turnover = 4.0 if sign > 0 else 3.05
        mean = np.array([
            turnover * p.income / _TRADE[p.occupation][column] if p.trader else 0.0
            for p in book.people
        ])  # fmt: skip
        amount = np.maximum(_amounts(book, mean[person], 0.5) // 5000, 1) * 5000
        partner = PRIVATE + (person * 31 + book.rng.integers(0, 25, len(person))) % PRIVATE_COUNT
        book.add(
            person,
            day,
            sign * amount.astype(np.int64),
            kind=kind,
            channel=TxnChannel.MOBILE if sign > 0 else TxnChannel.WEB,
            counterparty=partner,
            memo=memo,
        )


def add_savings_moved_out(book: FlowBook) -> None:
    """What people save beyond their planned balance goes to other banks, a little each month."""
    import numpy as np

    rows = book.columns()
    first = rows["account"] == 0
    net = np.zeros(len(book.people), dtype=np.int64)
    np.add.at(net, rows["person"][first], rows["amount"][first])
    paydays = [date(year, month, 26).toordinal() for year, month in months()]
    for index, person in enumerate(book.people):
        last = person.active_to.toordinal()
        days = [day for day in paydays if max(book.opened[index] + 20, _START) <= day <= last]
        excess = int(net[index]) - person.demand // 4
        monthly = excess // max(len(days), 1) // 10_000 * 10_000
        if days and monthly >= 300 * YUAN and person.everyday and person.story != "large_inflow":
            book.add(
                np.full(len(days), index),
                np.array(days),
                -monthly,
                kind=TxnKind.TRANSFER_OUT,
                channel=TxnChannel.MOBILE,
                counterparty=PRIVATE + index * 7 % PRIVATE_COUNT,
                memo="转往他行",
            )


def _service_fees(book: FlowBook) -> None:
    """The text-message service that a third of the older customers still pay for."""
    import numpy as np

    payers = np.flatnonzero(
        np.array([p.age >= 50 and i % 3 == 0 and not p.story for i, p in enumerate(book.people)])
    )
    for year, month in months():
        day = date(year, month, 10)
        if WINDOW_START <= day <= BUSINESS_DATE:
            book.add(
                payers,
                day.toordinal(),
                -2 * YUAN,
                kind=TxnKind.FEE,
                channel=TxnChannel.AUTO,
                memo="短信服务费",
                second=5 * 3600,
            )
