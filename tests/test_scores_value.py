"""Value from the bank's own prices, to the rows; repeat purchases against a known truth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from copilot.errors import InputError, StateError
from copilot.pipeline.repeat_purchases import repeat_purchases
from copilot.pipeline.workbench import Workbench
from copilot.profiles.scores.repeat_purchases import (
    History,
    RepeatModel,
    check_repeat,
    fit_repeat,
    purchase_history,
)
from copilot.profiles.scores.value import CustomerValue, customer_values, read_prices, values_of

AS_OF = date(2026, 11, 20)
PRICES = """\
version: 1
valid_from: 2026-01-01
margins_bp: {deposit: 60, loan: 100}
products_bp: {DEP-CUR: 100}
service_cost_a_year: 60
"""


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "transfer_prices.yaml"
    path.write_text(PRICES, "utf-8")
    return path


Rows = list[tuple[Any, ...]]


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as db:
        db.execute(
            "create table holdings (holding_id varchar, as_of date, customer_id varchar, "
            "product_type varchar, product_code varchar, amount bigint, currency varchar)"
        )
        db.execute(
            "create table transactions (txn_id varchar, customer_id varchar, txn_date date, "
            "amount bigint, kind varchar)"
        )
        db.execute("create table policy as select 'CNY' as currency")
        yield db


def held(db: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    db.executemany("insert into holdings values (?, ?, ?, ?, ?, ?, ?)", rows)


def value(
    db: duckdb.DuckDBPyConnection, prices: Path, customer: str = "C1", as_of: date = AS_OF
) -> CustomerValue:
    return values_of(db, read_prices(prices, as_of), as_of, [customer])[0]


def test_value_is_balance_times_margin_plus_fees_less_cost_with_its_rows(
    tables: duckdb.DuckDBPyConnection, prices: Path
) -> None:
    start = AS_OF - timedelta(365)
    held(tables, [
        ("H1", start, "C1", "deposit", "DEP-1Y", 10_000_000, None),
        ("H1", start + timedelta(73), "C1", "deposit", "DEP-1Y", 20_000_000, "CNY"),
        ("H2", start, "C1", "fund", "FUND-MIX", 5_000_000, None),
        ("H3", start, "C1", "deposit", "DEP-CUR", 3_650_000, "USD"),
        ("H1", AS_OF, "C1", "deposit", "DEP-1Y", 990_000_000, None),
    ])  # fmt: skip
    tables.execute(
        "insert into transactions values ('T1', 'C1', '2026-06-01', -1500, 'fee'), "
        "('T2', 'C1', '2025-11-20', -999, 'fee'), ('T3', 'C1', '2026-06-02', -800, 'purchase')"
    )
    found = value(tables, prices)
    average = (10_000_000 * 73 + 20_000_000 * 292) / 365
    assert [(part.name, part.fen) for part in found.parts] == [
        ("存款 DEP-1Y", round(average * 60 / 10_000)),
        ("手续费", 1_500),
        ("服务成本", -6_000),
    ]
    assert found.fen == sum(part.fen for part in found.parts)
    assert found.parts[0].rows == ("holdings:H1",)
    assert found.parts[1].rows == ("transactions:T1",)
    assert found.left_out == ("公募基金 FUND-MIX",)


def test_a_product_may_have_a_margin_of_its_own(
    tables: duckdb.DuckDBPyConnection, prices: Path
) -> None:
    start = AS_OF - timedelta(365)
    held(tables, [("H1", start, "C1", "deposit", "DEP-CUR", 10_000_000, None)])
    assert value(tables, prices).parts[0].fen == 100_000


def test_a_short_history_leaves_the_value_unknown(
    tables: duckdb.DuckDBPyConnection, prices: Path
) -> None:
    assert value(tables, prices).unknown_because == "没有持仓快照"
    held(tables, [("H1", AS_OF - timedelta(100), "C1", "deposit", "DEP-1Y", 1, None)])
    found = value(tables, prices)
    assert found.fen is None
    assert "只有100天" in found.unknown_because


def test_without_prices_there_is_no_value_and_the_next_step_is_said(
    bench: Workbench, prices: Path
) -> None:
    with pytest.raises(StateError, match="没有给出内部资金转移价格"):
        customer_values(bench.generation, bench.settings, AS_OF, ["C000001"])
    with pytest.raises(StateError, match="2026-01-01"):
        read_prices(prices, date(2025, 12, 31))
    prices.write_text(PRICES.replace("deposit", "depoist"), "utf-8")
    with pytest.raises(InputError) as error:
        read_prices(prices, AS_OF)
    assert error.value.row is not None


def test_the_sample_banks_values_add_up_over_all_customers(bench: Workbench, prices: Path) -> None:
    settings = bench.settings.model_copy(update={"transfer_prices": prices})
    ids = bench.store.customers(bench.principal).ids()
    found = customer_values(bench.generation, settings, AS_OF, ids)
    assert [one.customer_id for one in found] == ids
    holders = [one for one in found if len(one.parts) > 1]
    assert len(holders) > 1_000
    assert all(one.fen == sum(part.fen for part in one.parts) for one in found)
    assert any("储蓄国债" in name for one in found for name in one.left_out)


TRUE = RepeatModel(0.8, 12.0, 0.9, 2.5)


def purchase_log(customers: int, days: int, seed: int = 1) -> pd.DataFrame:
    """Purchases drawn from the model itself, one a day at most."""
    g = np.random.default_rng(seed)
    rows = []
    start = date(2024, 1, 1)
    for number in range(customers):
        rate, leaves = g.gamma(TRUE.r, 1 / TRUE.alpha), g.beta(TRUE.a, TRUE.b)
        day, alive = float(g.integers(0, 60)), True
        rows.append((f"K{number:05d}", start + timedelta(int(day))))
        while alive:
            day += g.exponential(1 / rate)
            if day >= days:
                break
            rows.append((f"K{number:05d}", start + timedelta(int(day))))
            alive = g.random() >= leaves
    return pd.DataFrame(rows, columns=["customer_id", "txn_date"])


@pytest.fixture(scope="module")
def log() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as db:
        frame = purchase_log(4_000, 720)
        db.register("frame", frame)
        db.execute(
            "create table transactions as select customer_id, txn_date::date as txn_date, "
            "'purchase' as kind from frame"
        )
        yield db


UNTIL = date(2024, 1, 1) + timedelta(720)


def test_the_parameters_that_made_a_log_are_found_again(log: duckdb.DuckDBPyConnection) -> None:
    history = purchase_history(log, UNTIL)
    model = fit_repeat(history)
    assert model.r == pytest.approx(TRUE.r, rel=0.15)
    assert model.r / model.alpha == pytest.approx(TRUE.r / TRUE.alpha, rel=0.25)
    assert model.a / (model.a + model.b) == pytest.approx(TRUE.a / (TRUE.a + TRUE.b), rel=0.25)


def test_a_held_out_half_year_is_foreseen_better_than_by_everyones_own_rate(
    log: duckdb.DuckDBPyConnection,
) -> None:
    check = check_repeat(log, UNTIL, 180)
    assert check.offered
    assert check.foreseen == pytest.approx(check.bought, rel=0.1)
    assert abs(check.foreseen_by_rate - check.bought) > 3 * abs(check.foreseen - check.bought)


def test_expectations_behave_as_the_model_says() -> None:
    x, t_x = np.array([0.0, 5.0, 5.0]), np.array([0.0, 350.0, 60.0])
    history = History(("A", "B", "C"), x, t_x, np.array([360.0, 360.0, 360.0]))
    alive = TRUE.alive(history)
    assert alive[0] == 1.0
    assert alive[1] > 0.7 > 0.1 > alive[2]
    soon, late = TRUE.expected(history, 30), TRUE.expected(history, 360)
    assert (late > soon).all()
    assert soon[1] > soon[0] > 0
    assert soon[1] > soon[2]


def test_too_few_customers_give_no_model(log: duckdb.DuckDBPyConnection) -> None:
    history = purchase_history(log, UNTIL)
    parts = (history.x, history.t_x, history.watched)
    few = History(history.customers[:999], *(part[:999] for part in parts))
    with pytest.raises(StateError, match="999位"):
        fit_repeat(few)


def test_a_bank_with_holdings_is_told_to_use_its_balances(bench: Workbench) -> None:
    with pytest.raises(StateError, match="有持仓"):
        repeat_purchases(bench, 180, 10)
