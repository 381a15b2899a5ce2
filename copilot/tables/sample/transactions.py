"""Transaction files, one a month: the ledger as text, older years compressed, dirt included."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from copilot.records.codes import LABELS, TxnChannel, TxnKind
from copilot.records.sql import literal
from copilot.tables.sample.calendar import months
from copilot.tables.sample.exports import yuan
from copilot.tables.sample.flows import CHANNELS, KINDS, counterparty_names
from copilot.tables.sample.ledger import Ledger
from copilot.tables.sample.people import Person

if TYPE_CHECKING:
    import duckdb

HEADER = (
    "流水号", "客户号", "账号", "交易日期", "交易时间", "交易类型", "渠道", "金额", "账户余额",
    "对手方", "附言",
)  # fmt: skip
WIDE = str.maketrans("0123456789.-", "０１２３４５６７８９．－")


@dataclass(slots=True)
class TransactionDirt:
    """What goes wrong in the transaction files: cells written differently, rows too many.

    ``cells`` maps (heading, row of the ledger) to the text written; ``repeated`` are ledger rows
    written twice; ``strays`` are whole rows without a place in the ledger.
    """

    cells: dict[tuple[str, int], str] = field(default_factory=dict)
    repeated: list[int] = field(default_factory=list)
    strays: list[tuple[str, ...]] = field(default_factory=list)
    keys: dict[str, list[str]] = field(default_factory=dict)


def transaction_id(ledger: Ledger, row: int) -> str:
    """The serial number of a ledger row: the date, and the order within the day."""
    days = ledger.columns["day"]
    order = row - int(days.searchsorted(days[row]))
    return f"T{date.fromordinal(int(days[row])):%Y%m%d}{order:06d}"


def transaction_dirt(rng: Random, ledger: Ledger, people: list[Person]) -> TransactionDirt:
    """Choose rows of ordinary customers and spoil them; strays belong to nobody's balance."""
    rows, dirt = ledger.columns, TransactionDirt()
    few = max(3, len(people) // 100)
    chosen: set[int] = set()
    while len(chosen) < 4 * few:
        index = rng.randrange(len(rows["day"]))
        if not people[rows["person"][index]].story and abs(rows["amount"][index]) > 100_000:
            chosen.add(index)
    picks = sorted(chosen)
    groups = [picks[start::4] for start in range(4)]
    for index in groups[0]:
        dirt.cells["金额", index] = f"{int(rows['amount'][index]) / 100:,.2f}元"
    for index in groups[1]:
        dirt.cells["金额", index] = yuan(int(rows["amount"][index])).translate(WIDE)
    for index in groups[2]:
        day = date.fromordinal(int(rows["day"][index])).isoformat()
        dirt.cells["交易日期", index] = day.translate(WIDE)
    dirt.repeated = groups[3]
    names = ("amount_with_unit", "full_width_amount", "full_width_date", "exact_duplicate")
    for name, group in zip(names, groups, strict=True):
        dirt.keys[name] = [transaction_id(ledger, index) for index in group]
    _add_strays(rng, dirt, people, few)
    return dirt


def _add_strays(rng: Random, dirt: TransactionDirt, people: list[Person], few: int) -> None:
    ordinary = [person.customer_id for person in people if not person.story]
    for kind, prefix in (
        ("future_transaction", "T2031"),
        ("unreadable_amount", "TX001"),
        ("unknown_customer", "TX002"),
    ):
        for number in range(few):
            key = f"{prefix}{number:010d}"
            customer = f"C9{number:05d}" if kind == "unknown_customer" else rng.choice(ordinary)
            day = "2031-01-15" if kind == "future_transaction" else "2026-11-19"
            amount = "——" if kind == "unreadable_amount" else yuan(-rng.randrange(1000, 90_000))
            dirt.strays.append(
                (key, customer, "", day, "11:20:00", "消费", "手机银行", amount, "", "", "补录")
            )
            dirt.keys.setdefault(kind, []).append(key)


_ROWS = """
CREATE TABLE rows AS
SELECT l.row, l.day,
    'T' || strftime(d, '%Y%m%d')
        || lpad(CAST(l.row - min(l.row) OVER (PARTITION BY l.day) AS VARCHAR), 6, '0') AS 流水号,
    p.text AS 客户号, a.text AS 账号,
    coalesce(wrong_day.text, strftime(d, '%Y-%m-%d')) AS 交易日期,
    CAST(make_time(second // 3600, second // 60 % 60, second % 60) AS VARCHAR) AS 交易时间,
    k.text AS 交易类型, c.text AS 渠道,
    coalesce(wrong_sum.text, yuan(amount)) AS 金额, yuan(balance) AS 账户余额,
    o.text AS 对手方, m.text AS 附言
FROM (SELECT *, DATE '0001-01-01' + CAST(day - 1 AS INTEGER) AS d FROM ledger) l
JOIN people p ON p.code = l.person
JOIN accounts a ON a.code = l.slot
JOIN kinds k ON k.code = l.kind
JOIN channels c ON c.code = l.channel
JOIN counterparties o ON o.code = l.counterparty
JOIN memos m ON m.code = l.memo
LEFT JOIN wrong_day ON wrong_day.code = l.row
LEFT JOIN wrong_sum ON wrong_sum.code = l.row
"""


def write_transactions(
    out: Path, ledger: Ledger, people: list[Person], dirt: TransactionDirt
) -> None:
    """Write ``transactions_YYYYMM.csv``, those of 2025 as ``.csv.gz``."""
    import duckdb

    with duckdb.connect() as db:
        _bring_in(db, ledger, people, dirt)
        db.execute(_ROWS)
        db.execute("CREATE TABLE strays (" + ", ".join(f"{h} VARCHAR" for h in HEADER) + ")")
        marks = ", ".join("?" for _ in HEADER)
        db.executemany(f"INSERT INTO strays VALUES ({marks})", dirt.strays)
        everything = list(months())
        for year, month in everything:
            first = date(year, month, 1).toordinal()
            after = date(year + month // 12, month % 12 + 1, 1).toordinal()
            query = _month_query(first, after, strays=(year, month) == everything[-1])
            target = out / f"transactions_{year}{month:02d}.csv"
            db.execute(f"COPY ({query}) TO {literal(target)} (FORMAT csv, HEADER)")
            if year == 2025:
                _compress(target)


def _compress(path: Path) -> None:
    """Replace a file by its ``.gz``, without a time stamp in it."""
    packed = gzip.compress(path.read_bytes(), 1, mtime=0)
    path.with_name(f"{path.name}.gz").write_bytes(packed)
    path.unlink()


def _month_query(first: int, after: int, *, strays: bool) -> str:
    """A month's rows in order, then those written twice, then those that belong to nobody."""
    columns = ", ".join(HEADER)
    within = f"day >= {first} AND day < {after}"
    parts = [
        f"SELECT 0 AS part, row, {columns} FROM rows WHERE {within}",
        f"SELECT 1, row, {columns} FROM rows JOIN repeated ON code = row WHERE {within}",
    ]
    if strays:
        parts.append(f"SELECT 2, row_number() OVER (ORDER BY 流水号), {columns} FROM strays")
    return f"SELECT {columns} FROM ({' UNION ALL '.join(parts)}) ORDER BY part, row"


def _bring_in(
    db: duckdb.DuckDBPyConnection, ledger: Ledger, people: list[Person], dirt: TransactionDirt
) -> None:
    """The ledger and the words for its numbers, as tables."""
    import numpy as np

    db.execute("CREATE MACRO yuan(fen) AS CAST(CAST(fen AS DECIMAL(18)) * 0.01 AS VARCHAR)")
    db.register("ledger", {"row": np.arange(len(ledger.columns["day"])), **ledger.columns})
    names = {
        "people": [person.customer_id for person in people],
        "accounts": [account.account_id for account in ledger.accounts],
        "kinds": [LABELS[TxnKind][kind] for kind in KINDS],
        "channels": [LABELS[TxnChannel][channel] for channel in CHANNELS],
        "counterparties": counterparty_names(),
        "memos": ledger.memos,
    }
    words = {name: dict(enumerate(texts)) for name, texts in names.items()}
    for name, heading in (("wrong_day", "交易日期"), ("wrong_sum", "金额")):
        words[name] = {row: text for (head, row), text in dirt.cells.items() if head == heading}
    words["repeated"] = dict.fromkeys(dirt.repeated, "")
    for name, texts_by_code in words.items():
        table = {
            "code": np.array(list(texts_by_code), dtype=np.int64),
            "text": np.array(list(texts_by_code.values()), dtype=object),
        }
        db.register(name, table)
