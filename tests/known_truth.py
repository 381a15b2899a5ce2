"""A generated bank whose outcomes follow probabilities that the generator knows.

Every ninety days each customer shows three signals; from them follow the chances of taking the
money away and of acquiring three product types in the next ninety days. The best possible AUC is
the one of those chances themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from copilot.records.generation import Generation
from copilot.records.sql import literal
from copilot.records.tables import TABLES
from copilot.settings import Settings
from copilot.store import Store

BUSINESS_DATE = date(2026, 11, 20)
PERIODS = 5
ACQUIRED = ("wmp", "fund", "insurance")


@dataclass
class Truth:
    """By score and date, each customer's true chance."""

    chances: dict[tuple[str, date], dict[str, float]] = field(default_factory=dict)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def period(index: int) -> date:
    """The date of a period; the last is the business date."""
    return BUSINESS_DATE - timedelta(90 * (PERIODS - 1 - index))


def generate(
    customers: int, seed: int = 7, *, acquire: bool = True
) -> tuple[dict[str, pd.DataFrame], Truth]:
    """The tables of the bank and what was true; without ``acquire`` nobody buys anything new."""
    g = np.random.default_rng(seed)
    ids = np.array([f"K{i:06d}" for i in range(customers)])
    people = pd.DataFrame(
        {
            "customer_id": ids,
            "gender": g.choice(["M", "F"], customers),
            "birth_year": g.integers(1945, 2004, customers),
            "opened_on": [
                BUSINESS_DATE - timedelta(int(d)) for d in g.integers(700, 6000, customers)
            ],
        }
    )
    assets = np.exp(g.normal(12, 0.8, customers))
    held = {kind: g.random(customers) < 0.1 for kind in ACQUIRED}
    truth = Truth()
    holdings, attributes = [], []
    for index in range(PERIODS):
        day = period(index)
        holdings.append(_holdings(ids, day, assets, held))
        signals = g.normal(size=(customers, 3))
        attributes += [
            pd.DataFrame({"customer_id": ids, "as_of": day, "name": name, "value": text})
            for name, text in zip(
                ("visits_drop", "rate_asks", "app_use"),
                (signals.round(3).T).astype(str),
                strict=True,
            )
        ]
        s = signals.T
        chances = {
            "outflow_90": _sigmoid(-2.2 + 1.3 * s[0] + 0.8 * np.abs(s[1]) - 0.7 * s[2]),
            "acquire_wmp_90": _sigmoid(-2.6 + 1.4 * s[1]),
            "acquire_fund_90": _sigmoid(-2.8 + 1.4 * s[2]),
            "acquire_insurance_90": _sigmoid(-3.0 - 1.4 * s[1] * (s[1] < 0)),
        }
        for name, chance in chances.items():
            truth.chances[name, day] = dict(zip(ids, chance, strict=True))
        leaves = g.random(customers) < chances["outflow_90"]
        grown = assets * g.uniform(0.9, 1.2, customers) * np.where(assets < 60_000, 4, 1)
        assets = np.where(leaves, assets * 0.25, grown)
        for kind in ACQUIRED:
            bought = g.random(customers) < chances[f"acquire_{kind}_90"]
            held[kind] = held[kind] | (bought & acquire)
    products = pd.DataFrame(
        {
            "product_code": ["DEP-1Y"],
            "valid_from": [date(2020, 1, 1)],
            "name": ["整存整取一年"],
            "type": ["deposit"],
            "issuer": ["示例银行"],
        }
    )
    tables = {
        "customers": people,
        "products": products,
        "holdings": pd.concat(holdings),
        "attributes": pd.concat(attributes),
    }
    return tables, truth


def _holdings(
    ids: np.ndarray, day: date, assets: np.ndarray, held: dict[str, np.ndarray]
) -> pd.DataFrame:
    frames = [_of_type(ids, day, "deposit", assets * 100)]
    frames += [
        # A token amount, so that acquiring a product does not move the assets.
        _of_type(ids[mask], day, kind, np.full(mask.sum(), 100.0))
        for kind, mask in held.items()
    ]
    return pd.concat(frames)


def _of_type(ids: np.ndarray, day: date, kind: str, amounts: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "holding_id": [f"{kind}-{i}" for i in ids],
            "as_of": day,
            "customer_id": ids,
            "product_type": kind,
            "amount": amounts.astype("int64"),
            "currency": "CNY",
        }
    )


def open_tables_as_bank(
    directory: Path, tables: dict[str, pd.DataFrame], name: str = "truth"
) -> tuple[Store, Settings]:
    """A store whose current generation holds exactly these tables; columns left out are null."""
    settings = Settings(data_dir=directory)
    store = Store.create(settings)
    folder = directory / "facts" / name
    folder.mkdir(parents=True)
    types = {"text": "varchar", "json": "varchar", "int": "integer", "float": "double"}
    types |= {"bool": "boolean", "date": "date", "datetime": "timestamp", "money": "bigint"}
    with duckdb.connect() as connection:
        for table, frame in tables.items():
            connection.register("given", frame)
            selected = ", ".join(
                f'"{c.name}"::{types[c.type]} as "{c.name}"'
                if c.name in frame
                else f'null::{types[c.type]} as "{c.name}"'
                for c in TABLES[table].columns
            )
            path = literal(folder / f"{table}.parquet")
            connection.execute(f"copy (select {selected} from given) to {path} (format parquet)")
    generation = Generation(
        generation_id=name,
        directory=folder,
        business_date=BUSINESS_DATE,
        rows={table: len(frame) for table, frame in tables.items()},
        missing=frozenset(set(TABLES) - set(tables)),
        content_hash=name,
        loaded_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    dims = {
        table: frame.to_dict("records")
        for table, frame in tables.items()
        if not TABLES[table].facts
    }
    with store.transaction() as connection:
        store.facts.activate(connection, generation, dims)
    return store, settings
