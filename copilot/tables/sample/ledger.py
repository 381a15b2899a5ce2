"""Posting: product purchases and payouts join the flows, and every account gets its balances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from copilot.records.codes import TxnChannel, TxnKind
from copilot.tables.sample.calendar import WINDOW_START
from copilot.tables.sample.flows import CHANNELS, KINDS, NOBODY, PRIVATE, PRIVATE_COUNT, FlowBook
from copilot.tables.sample.people import YUAN, Person
from copilot.tables.sample.portfolio import Episode, NetValues

if TYPE_CHECKING:
    from copilot.tables.sample.flows import Ints

_WEALTH_TYPES = ("wmp", "fund", "structured_deposit", "gov_bond", "insurance", "pension", "gold")
_OPENED_AT = 8 * 3600 + 1800
_FUNDED_AT, _PAID_AT, _BOUGHT_AT, _MOVED_AT = 9 * 3600, 9 * 3600 + 60, 10 * 3600, 15 * 3600


@dataclass(frozen=True, slots=True)
class Account:
    """A current account; ``number`` 0 is a customer's first, 1 the second."""

    account_id: str
    person: int
    number: int
    opened_on: date


@dataclass(slots=True)
class Ledger:
    """Posted movements in the order of their serial numbers, with the balance after each."""

    columns: dict[str, Ints]
    memos: list[str]
    accounts: list[Account]
    opening: Ints

    def balances_on(self, day: date) -> Ints:
        """The closing balance of every account on ``day``, in fen, in account order."""
        import numpy as np

        rows = self.columns
        upto = rows["day"] <= day.toordinal()
        balances = self.opening.copy()
        np.add.at(balances, rows["slot"][upto], rows["amount"][upto])
        return balances


def accounts_of(people: list[Person]) -> list[Account]:
    """One current account each, and a second one for those who use it for spending."""
    accounts = []
    for index, person in enumerate(people):
        for number in range(2 if person.second_account else 1):
            opened = person.opened_on + timedelta(days=400 * number)
            if opened >= WINDOW_START:
                opened = person.opened_on
            account_id = f"A{person.customer_id[1:]}{number + 1:02d}"
            accounts.append(Account(account_id, index, number, opened))
    return accounts


def add_product_flows(book: FlowBook, episodes: list[Episode], values: NetValues) -> None:
    """What purchases cost and what ended holdings paid, on the first current account."""
    import numpy as np

    groups: dict[tuple[TxnKind, TxnChannel, str, int], list[tuple[int, int, int]]] = {}
    for episode in episodes:
        mobile = book.people[episode.person].mobile_share > 0.5
        channel = TxnChannel.MOBILE if mobile else TxnChannel.COUNTER
        for group, day, amount in _movements(episode, values, channel):
            groups.setdefault(group, []).append((episode.person, day, amount))
    for (kind, channel, memo, second), rows in groups.items():
        person, day, amount = np.array(rows, dtype=np.int64).T
        transfer = kind in (TxnKind.TRANSFER_IN, TxnKind.TRANSFER_OUT)
        book.add(
            person,
            day,
            amount,
            kind=kind,
            channel=channel,
            counterparty=PRIVATE + person * 7 % PRIVATE_COUNT if transfer else NOBODY,
            memo=memo,
            second=second,
        )


def _movements(
    episode: Episode, values: NetValues, channel: TxnChannel
) -> Iterator[tuple[tuple[TxnKind, TxnChannel, str, int], int, int]]:
    """((kind, channel, memo, time of day), day, amount) of one episode."""
    wealth = episode.type in _WEALTH_TYPES
    if episode.bought:
        day = episode.opened_on.toordinal()
        price = values.at(episode.code, episode.opened_on)
        cost = max(round(episode.amount * price / YUAN) * YUAN, YUAN)
        if episode.funded:
            mobile = TxnChannel.MOBILE
            yield (TxnKind.TRANSFER_IN, mobile, "他行转入", _FUNDED_AT), day, cost
        kind, memo = (TxnKind.WEALTH_BUY, "购买产品") if wealth else (TxnKind.OTHER, "转存定期")
        yield (kind, channel, memo, _BOUGHT_AT), day, -cost
    if episode.paid_out:
        day = episode.held_to.toordinal() + 1
        paid = episode.paid_out
        kind, memo = TxnKind.OTHER, "定期到期入账"
        if wealth:
            kind, memo = TxnKind.WEALTH_REDEEM, "产品到期或赎回"
        yield (kind, TxnChannel.AUTO, memo, _PAID_AT), day, paid
        if episode.moved_away:
            yield (TxnKind.TRANSFER_OUT, channel, "转往他行", _MOVED_AT), day, -paid


def post(book: FlowBook, accounts: list[Account]) -> Ledger:
    """Order all movements and compute balances.

    An account starts with what it needs to end at its customer's planned balance and never to be
    overdrawn: as an opening balance before the window, or as a first deposit inside it.
    """
    import numpy as np

    slots = {(account.person, account.number): i for i, account in enumerate(accounts)}
    lookup = np.zeros((len(book.people), 2), dtype=np.int64)
    for (person, number), slot in slots.items():
        lookup[person, number] = slot
    rows = book.columns()
    first_day = rows["day"] == book.opened[rows["person"]]
    rows["second"] = np.where(first_day, np.maximum(rows["second"], _OPENED_AT + 1), rows["second"])
    rows["slot"] = lookup[rows["person"], rows["account"]]
    opening = _opening_balances(book, accounts, rows)
    fresh = np.array([account.opened_on >= WINDOW_START for account in accounts])
    rows = _with_first_deposits(book, accounts, rows, np.where(fresh, opening, 0))
    opening = np.where(fresh, 0, opening)

    order = _by_account(rows)
    rows = {field: values[order] for field, values in rows.items()}
    rows["balance"] = _running(rows["slot"], rows["amount"]) + opening[rows["slot"]]
    by_time = np.argsort(_moment(rows), kind="stable")
    rows = {field: values[by_time] for field, values in rows.items()}
    return Ledger(rows, list(book.memos), accounts, opening)


def _moment(rows: dict[str, Ints]) -> Ints:
    """Day and time of day as one number, so that one sort does for both."""
    return rows["day"] * 86_400 + rows["second"]


def _by_account(rows: dict[str, Ints]) -> Ints:
    """The order of movements by account and, within each, by time."""
    import numpy as np

    return np.argsort((rows["slot"] << 40) + _moment(rows), kind="stable")


def _running(slot: Ints, amount: Ints) -> Ints:
    """Cumulative amounts within each account; ``slot`` is sorted."""
    import numpy as np

    total = np.cumsum(amount)
    starts = np.flatnonzero(np.r_[True, slot[1:] != slot[:-1]])
    before = total[starts] - amount[starts]
    running: Ints = total - np.repeat(before, np.diff(np.r_[starts, len(slot)]))
    return running


def _opening_balances(book: FlowBook, accounts: list[Account], rows: dict[str, Ints]) -> Ints:
    import numpy as np

    count = len(accounts)
    order = _by_account(rows)
    slot, amount = rows["slot"][order], rows["amount"][order]
    lowest, net = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    np.minimum.at(lowest, slot, _running(slot, amount))
    np.add.at(net, slot, amount)
    planned = np.array(
        [
            book.people[account.person].demand if account.number == 0 else 800 * YUAN
            for account in accounts
        ],
        dtype=np.int64,
    )
    cushion = np.arange(count) * 7919 % 8000 + 100
    opening: Ints = np.maximum(planned - net, cushion - lowest)
    return opening


def _with_first_deposits(
    book: FlowBook, accounts: list[Account], rows: dict[str, Ints], deposits: Ints
) -> dict[str, Ints]:
    import numpy as np

    fresh = np.flatnonzero(deposits)
    opened = np.array([account.opened_on.toordinal() for account in accounts], dtype=np.int64)
    first = {
        "person": np.array([account.person for account in accounts], dtype=np.int64)[fresh],
        "account": np.array([account.number for account in accounts], dtype=np.int64)[fresh],
        "day": opened[fresh],
        "second": np.full(len(fresh), _OPENED_AT, dtype=np.int64),
        "amount": deposits[fresh],
        "kind": np.full(len(fresh), KINDS.index(TxnKind.TRANSFER_IN)),
        "channel": np.full(len(fresh), CHANNELS.index(TxnChannel.MOBILE)),
        "counterparty": PRIVATE + fresh % PRIVATE_COUNT,
        "memo": np.full(len(fresh), book.memos.setdefault("开户转入", len(book.memos))),
        "slot": fresh,
    }
    return {field: np.concatenate((rows[field], first[field])) for field in rows}
