"""A small bank with planted nulls, boundary rows and absent products, for profile tests.

Rows are given as dictionaries of canonical columns; what is left out is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from copilot.records.generation import Generation
from copilot.records.sql import SQL_TYPES
from copilot.records.tables import TABLES
from copilot.settings import Settings
from copilot.store import Store

AS_OF = date(2026, 11, 20)
Rows = dict[str, list[dict[str, Any]]]


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def ahead(days: int) -> date:
    return AS_OF + timedelta(days=days)


def at(day: date, hour: int = 10) -> datetime:
    return datetime(day.year, day.month, day.day, hour)


def yuan(amount: float) -> int:
    return round(amount * 100)


def write_parquet(directory: Path, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    columns = TABLES[table].columns
    with duckdb.connect() as connection:
        described = ", ".join(f'"{c.name}" {SQL_TYPES[c.type]}' for c in columns)
        connection.execute(f"create table t ({described})")
        marks = ", ".join("?" for _ in columns)
        for row in rows:
            assert set(row) <= {c.name for c in columns}, row
            connection.execute(
                f"insert into t values ({marks})", [row.get(c.name) for c in columns]
            )
        connection.execute(f"copy t to '{directory / table}.parquet' (format parquet)")


def open_bank(
    directory: Path, rows: Rows, *, name: str = "g1", currency: str = "CNY"
) -> tuple[Store, Settings]:
    """A store whose current generation holds exactly these rows; absent keys are absent tables."""
    settings = Settings(data_dir=directory)
    store = Store.create(settings)
    folder = directory / "facts" / name
    folder.mkdir(parents=True)
    for table, given in rows.items():
        write_parquet(folder, table, given)
    generation = Generation(
        generation_id=name,
        directory=folder,
        business_date=AS_OF,
        rows={table: len(given) for table, given in rows.items()},
        missing=frozenset(set(TABLES) - set(rows)),
        content_hash=name,
        loaded_at=datetime(2026, 11, 21, tzinfo=UTC),
        currency=currency,
    )
    dims = {table: given for table, given in rows.items() if not TABLES[table].facts}
    with store.transaction() as connection:
        store.facts.activate(connection, generation, dims)
    return store, settings


class Ledger:
    """Writes transactions with running ids and, where wanted, a running balance."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, customer_id: str, day: date, amount: float, **rest: Any) -> None:
        row = {
            "txn_id": f"T{len(self.rows):06d}",
            "customer_id": customer_id,
            "txn_date": day,
            "amount": yuan(amount),
            "currency": "CNY",
        }
        if "balance" in rest:
            row["balance_after"] = yuan(rest.pop("balance"))
        self.rows.append(row | rest)


def _holding(
    holding_id: str, customer_id: str, kind: str, amount: float, as_of: date = AS_OF, **rest: Any
) -> dict[str, Any]:
    return {
        "holding_id": holding_id,
        "customer_id": customer_id,
        "product_type": kind,
        "amount": yuan(amount),
        "as_of": as_of,
        "currency": "CNY",
        **rest,
    }


def golden_rows() -> Rows:
    """The golden bank: one customer per situation."""
    ledger = Ledger()
    _salaried(ledger)
    _boundaries(ledger)
    _events(ledger)
    return {
        "customers": _customers(),
        "transactions": ledger.rows,
        "holdings": _holdings(),
        "products": [],
        "accounts": [
            {"account_id": "A-DEM", "customer_id": "C05", "kind": "demand"},
            {"account_id": "A-CARD", "customer_id": "C05", "kind": "credit_card"},
        ],
        "risk_assessments": _assessments(),
        "consents": _consents(),
        "interactions": _interactions(),
        "complaints": [
            {"id": "K1", "customer_id": "C07", "at": at(ago(3)), "status": "open"},
            {"id": "K2", "customer_id": "C01", "at": at(ago(90)), "status": "closed"},
            {"id": "K3", "customer_id": "C01", "at": at(ahead(1)), "status": "open"},
        ],
        "visits": [
            {"id": "V1", "customer_id": "C01", "branch_id": "BR01", "at": at(AS_OF)},
            {"id": "V2", "customer_id": "C01", "branch_id": "BR01", "at": at(ago(90))},
            {"id": "V3", "customer_id": "C01", "branch_id": "BR01", "at": at(ahead(1))},
        ],
        "referrals": [
            {"id": "R1", "customer_id": "C01", "at": at(ago(2))},
            {"id": "R2", "customer_id": "C01", "at": at(ago(2)), "accepted_at": at(ago(1))},
        ],
    }


def _customers() -> list[dict[str, Any]]:
    def customer(number: int, **rest: Any) -> dict[str, Any]:
        base: dict[str, Any] = {
            "customer_id": f"C{number:02d}",
            "name": "王建国",
            "gender": "M",
            "branch_id": "BR01",
            "manager_id": "S1002",
            "opened_on": date(2020, 1, 1),
        }
        return base | rest

    return [
        customer(1, birth_date=date(1980, 11, 20), occupation="教师"),
        customer(2, birth_date=date(1980, 11, 21)),
        customer(3, birth_year=1961, gender="F", name="李秀英"),
        customer(4, birth_date=date(2010, 1, 1), occupation="学生"),
        customer(5, birth_date=date(1990, 5, 5), branch_id="BR02", occupation="工程师"),
        customer(6, birth_date=date(1975, 3, 3), opened_on=ago(45)),
        customer(7, birth_date=date(1970, 2, 2)),
        customer(8, birth_date=date(1985, 8, 8)),
        customer(9),  # nothing known, nothing held
        customer(10, birth_date=date(1988, 6, 6), branch_id="BR02"),
        customer(11, birth_date=date(1966, 1, 1), branch_id=None),
        customer(12, birth_date=date(1979, 9, 9), opened_on=ahead(3)),
    ]


def _salaried(ledger: Ledger) -> None:
    """C01: twelve salaries on the 10th, spending on fixed days, a bonus, tuition, a fee."""
    for back in range(12):
        year, month = divmod(AS_OF.year * 12 + AS_OF.month - 1 - back, 12)
        ledger.add(
            "C01",
            date(year, month + 1, 10),
            12_000,
            kind="salary",
            counterparty_id="P-EMP",
            channel="auto",
            txn_hour=9,
        )
        ledger.add(
            "C01",
            date(year, month + 1, 14),
            -3_000 - back,
            kind="purchase",
            channel="mobile" if back % 2 else "pos",
            txn_hour=22 if back % 3 == 0 else 12,
            counterparty_id=f"P-{back}",
        )
    ledger.add("C01", ago(5), 80_000, kind="bonus", channel="auto")
    ledger.add("C01", ago(5), 80_000, kind="bonus", channel="auto")
    ledger.add("C01", ago(40), -9_000, kind="tuition", channel="counter", txn_hour=10)
    ledger.add("C01", ago(20), -25, kind="fee", channel="auto")
    ledger.add("C01", ago(20), 3, kind="interest", channel="auto")


def _boundaries(ledger: Ledger) -> None:
    """C02: one purchase on each side of every window edge; the later half lies in the future."""
    for days in (0, 29, 30, 89, 90, 179, 180, 364, 365):
        ledger.add("C02", ago(days), -100 - days, kind="purchase", channel="atm", txn_hour=None)
    for days in (1, 30):
        ledger.add("C02", ahead(days), -7_777, kind="purchase", channel="web", txn_hour=23)
        ledger.add("C02", ahead(days), 999_999, kind="transfer_in", counterparty_id="P-FUT")
    ledger.add("C02", ago(1), -50_000, kind="purchase", currency="USD", channel="atm")


def _events(ledger: Ledger) -> None:
    # C05: two demand accounts and a card; 283,412 yuan idle since 93 days ago.
    ledger.add("C05", ago(300), 40_000, balance=40_000, account_id="A-DEM", kind="transfer_in")
    ledger.add("C05", ago(200), 20_000, balance=20_000, account_id="A-TWO", kind="transfer_in")
    ledger.add("C05", ago(93), 223_412, balance=263_412, account_id="A-DEM", kind="transfer_in")
    ledger.add("C05", ago(50), -900_000, balance=-900_000, account_id="A-CARD", kind="purchase")
    ledger.add("C05", ago(10), 5_000, balance=268_412, account_id="A-DEM", kind="transfer_in")
    # C06: a large inflow on the last day of the window, its twin one day too early.
    ledger.add("C06", ago(6), 350_000, kind="transfer_in", counterparty_id="P-X")
    ledger.add("C06", ago(6), 350_000, kind="transfer_in", counterparty_id="P-Y")
    ledger.add("C06", ago(7), 990_000, kind="transfer_in", counterparty_id="P-Z")
    ledger.add("C06", ago(1), 980_000, kind="wealth_redeem")
    # C07 dormant; C08 a pension; C10 salary that began 60 days ago, in falling month-end balances.
    ledger.add("C07", ago(181), -10, kind="purchase", channel="counter")
    ledger.add("C07", ago(2), 3, kind="interest")
    ledger.add("C08", ago(15), 4_000, kind="pension")
    ledger.add("C10", ago(60), 9_000, kind="salary", counterparty_id="P-NEW", balance=9_000)
    ledger.add("C10", ago(30), 9_000, kind="salary", counterparty_id="P-NEW", balance=8_000)
    ledger.add("C10", ago(1), 9_000, kind="salary", counterparty_id="P-NEW", balance=7_000)
    # C11 spends half of what it did: 12 before, 6 since.
    for number in range(12):
        ledger.add("C11", ago(100 + number), -200, kind="purchase", channel="mobile")
    for number in range(6):
        ledger.add("C11", ago(10 + number), -200, kind="purchase", channel="mobile")


def _holdings() -> list[dict[str, Any]]:
    old = ago(95)
    month = ago(20)
    gone = [
        _holding("H70", "C10", "wmp", 500_000, as_of=old),
        _holding("H70", "C10", "wmp", 500_000, as_of=month),
        _holding("H10", "C01", "deposit", 100_000, as_of=month, matures_on=ahead(18)),
        _holding("H10", "C01", "deposit", 100_000, as_of=old, matures_on=ahead(18)),
        _holding("H60", "C06", "fund", 190_000, as_of=month),
    ]
    now = [
        _holding("H10", "C01", "deposit", 200_000, matures_on=ahead(18), auto_renew=True),
        _holding("H11", "C01", "deposit", 30_000),
        _holding("H12", "C01", "wmp", 50_000, matures_on=ahead(30)),
        _holding("H13", "C01", "large_cd", 250_000, matures_on=ahead(31)),
        _holding("H14", "C01", "loan", 700_000, matures_on=ahead(5)),
        _holding("H20", "C02", "deposit", 20_000, matures_on=AS_OF),
        _holding("H21", "C02", "deposit", 90_000, matures_on=ago(1)),
        _holding("H30", "C03", "gold", 60_000),
        _holding("H31", "C03", "fx", 10_000, currency="USD", matures_on=ahead(7)),
        _holding("H50", "C05", "deposit", 283_412),
        _holding("H60", "C06", "fund", 190_000),
        _holding("H80", "C08", "pension", 12_000),
        _holding("H81", "C08", "insurance", 40_000),
        _holding("H90", "C11", "gov_bond", 60_000, matures_on=ahead(400)),
    ]
    future = [_holding("H99", "C09", "deposit", 9_999_999, as_of=ahead(1), matures_on=ahead(2))]
    return gone + now + future


def _assessments() -> list[dict[str, Any]]:
    def assessed(customer_id: str, day: date, level: str) -> dict[str, Any]:
        return {"customer_id": customer_id, "assessed_on": day, "level": level}

    return [
        assessed("C01", date(2025, 11, 21), "C3"),  # one day before twelve months
        assessed("C01", date(2024, 11, 21), "C5"),
        assessed("C01", ahead(1), "C5"),
        assessed("C02", date(2025, 11, 20), "C2"),  # twelve months to the day
        assessed("C06", ago(10), "C4"),
        assessed("C05", ago(10), "C2"),
    ]


def _consents() -> list[dict[str, Any]]:
    def said(
        customer_id: str, day: date, granted: bool, channel: str = "all", purpose: str = "marketing"
    ) -> dict[str, Any]:
        return {
            "customer_id": customer_id,
            "purpose": purpose,
            "channel": channel,
            "at": at(day),
            "granted": granted,
        }

    everybody = [said(f"C{number:02d}", ago(300), True) for number in range(1, 12) if number != 3]
    return [
        *everybody,
        said("C01", ago(10), False, "sms"),
        said("C01", ahead(1), False),
        said("C08", ago(20), False, purpose="profiling"),
        said("C05", ago(20), False, purpose="profiling"),
        said("C05", ago(10), True, purpose="profiling"),
    ]


def _interactions() -> list[dict[str, Any]]:
    def touched(
        number: int, customer_id: str, day: date, kind: str, outcome: str | None
    ) -> dict[str, Any]:
        return {
            "id": f"I{number}",
            "customer_id": customer_id,
            "at": at(day),
            "channel": "phone",
            "kind": kind,
            "outcome": outcome,
        }

    return [
        touched(1, "C01", ago(30), "marketing", "interested"),
        touched(2, "C01", ago(2), "service", "done"),
        touched(3, "C01", ahead(1), "marketing", "refused"),
        touched(4, "C02", ago(29), "marketing", "interested"),
        touched(5, "C10", ago(179), "marketing", "refused"),
        touched(6, "C11", ago(180), "marketing", "refused"),
    ]
