"""Tables that a bank happens to have, in shapes known in public, learn without any code."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from copilot.profiles.scores import Trained, apply_scores, train_scores
from copilot.records.score import ModelCard
from copilot.settings import load_settings
from copilot.store import Store
from copilot.tables import load_tables, read_sources

REPOSITORY = Path(__file__).resolve().parent.parent
MAPPINGS = REPOSITORY / "docs" / "own_tables"
QUIET = lambda step, done, total: None  # noqa: E731


def cards(folder: Path, mapping: str) -> dict[str, ModelCard]:
    """The cards of every score that a mapping of `docs/own_tables` gives for files in a folder."""
    (folder / mapping).write_text((MAPPINGS / mapping).read_text("utf-8"), "utf-8")
    settings = load_settings(data_dir=folder / "data")
    store = Store.create(settings)
    try:
        with store.writer_lock():
            load_tables(read_sources(folder / mapping), store, QUIET)
            found = train_scores(store, settings)
    finally:
        store.close()
    return {one.card.name: one.card for one in found if isinstance(one, Trained)}


def chance(margin: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margin))


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """A term-deposit campaign: semicolons, quoted words, no customer number, no year."""
    g, n = np.random.default_rng(3), 1_600
    age = g.integers(19, 88, n)
    outcome = g.choice(["unknown", "failure", "success"], n, p=[0.8, 0.12, 0.08])
    bought = chance(-2.4 + 0.03 * (age - 41) + 2.2 * (outcome == "success")) > g.random(n)
    frame = pd.DataFrame(
        {
            "age": age,
            "job": g.choice(["admin.", "technician", "retired", "student"], n),
            "marital": g.choice(["married", "single", "divorced"], n),
            "education": g.choice(["primary", "secondary", "tertiary", "unknown"], n),
            "default": g.choice(["no", "yes"], n, p=[0.98, 0.02]),
            "balance": g.normal(1_300, 2_000, n).round().astype(int),
            "housing": g.choice(["yes", "no"], n),
            "loan": g.choice(["no", "yes"], n, p=[0.85, 0.15]),
            "contact": g.choice(["cellular", "unknown", "telephone"], n),
            "day": g.integers(1, 29, n),
            "month": g.choice(["may", "jun", "jul", "nov"], n),
            "duration": (g.gamma(2, 90, n) + 400 * bought).round().astype(int),
            "campaign": g.integers(1, 6, n),
            "pdays": np.where(outcome == "unknown", -1, g.integers(1, 300, n)),
            "previous": np.where(outcome == "unknown", 0, g.integers(1, 5, n)),
            "poutcome": outcome,
            "y": np.where(bought, "yes", "no"),
        }
    )
    frame.to_csv(tmp_path / "campaign.csv", sep=";", index=False, quoting=2)
    return tmp_path


def test_a_term_deposit_campaign_trains_and_admits_that_time_was_not_tested(
    campaign: Path,
) -> None:
    card = cards(campaign, "campaign.yaml")["y"]
    auc = card.shown()["auc"]
    assert auc.low > 0.55
    assert "未检验跨期" in card.split
    assert any("换一个时期" in limit for limit in card.cannot_say)
    assert "duration" not in card.columns, "the call's length is known only after the call"
    assert {"age", "balance", "poutcome=success"} <= set(card.columns)
    assert {"年龄"} <= {group.dimension for group in card.fairness}


@pytest.fixture
def churn(tmp_path: Path) -> Path:
    """A churn table: one row a customer, yes and no as 1 and 0."""
    g, n = np.random.default_rng(4), 1_600
    age, active = g.integers(18, 80, n), g.integers(0, 2, n)
    products = g.choice([1, 2, 3, 4], n, p=[0.5, 0.46, 0.03, 0.01])
    margin = -2.2 + 0.06 * (age - 38) - 1.0 * active + 1.5 * (products >= 3)
    frame = pd.DataFrame(
        {
            "RowNumber": range(1, n + 1),
            "CustomerId": g.choice(np.arange(15_000_000, 16_000_000), n, replace=False),
            "Surname": g.choice(["Smith", "Wu", "Rossi"], n),
            "CreditScore": g.integers(350, 850, n),
            "Geography": g.choice(["France", "Spain", "Germany"], n),
            "Gender": g.choice(["Male", "Female"], n),
            "Age": age,
            "Tenure": g.integers(0, 11, n),
            "Balance": np.where(g.random(n) < 0.36, 0, g.normal(120_000, 30_000, n)).round(2),
            "NumOfProducts": products,
            "HasCrCard": g.integers(0, 2, n),
            "IsActiveMember": active,
            "EstimatedSalary": g.uniform(1e4, 2e5, n).round(2),
            "Exited": (chance(margin) > g.random(n)).astype(int),
        }
    )
    frame.to_csv(tmp_path / "churn.csv", index=False)
    return tmp_path


def test_a_churn_table_trains_with_fairness_by_age_and_gender(churn: Path) -> None:
    card = cards(churn, "churn.yaml")["Exited"]
    assert card.shown()["auc"].low > 0.65
    assert "未检验跨期" in card.split
    assert {"Age", "IsActiveMember"} <= set(list(card.importance)[:4])
    assert {group.dimension for group in card.fairness} == {"年龄", "性别"}
    assert {group.group for group in card.fairness} >= {"男", "女"}


@pytest.fixture
def purchases(tmp_path: Path) -> Path:
    """A purchase log of two years: regulars, and those who stop one day."""
    g = np.random.default_rng(5)
    start = date(2024, 1, 1)
    rows = []
    for number in range(600):
        every, stops = g.gamma(2, 5), g.exponential(420)
        day = float(g.exponential(every))
        while day < min(stops, 720):
            price = round(float(g.lognormal(3.5, 0.5)), 2)
            rows.append(
                (f"K{number:05d}", start + timedelta(int(day)), int(g.integers(1, 4)), price)
            )
            day += float(g.exponential(every)) + 0.5
    columns = ["customer", "date", "quantity", "price"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "purchases.csv", index=False)
    return tmp_path


def test_a_purchase_log_trains_on_its_own_history_by_time(purchases: Path) -> None:
    found = cards(purchases, "purchases.yaml")
    card = found["activity_drop_90"]
    assert card.split.startswith("按时间")
    assert max(card.train_dates) < min(card.test_dates)
    assert card.shown()["auc"].low > 0.55
    assert not any(name.startswith(("acquire", "outflow")) for name in found)


@pytest.fixture
def retail(tmp_path: Path) -> Path:
    """A year of invoices: several lines each, returns, lines of nobody, day last, not UTF-8."""
    g = np.random.default_rng(6)
    start, invoice = datetime(2010, 12, 9, 9, 30), 536_365
    lines = []
    for number in range(900):
        every, stops = g.gamma(2, 5), g.exponential(300)
        day = float(g.exponential(every))
        while day < min(stops, 365):
            when = f"{start + timedelta(days=int(day)):%m/%d/%Y %H:%M}"
            owner = 12_346 + number
            for line in range(1 + invoice % 2):
                lines.append((invoice, f"{line}", "Jam £1 set", 2, when, "1.25", owner, "UK"))
            if invoice % 40 == 0:
                lines.append((f"C{invoice}", "0", "Jam £1 set", -2, when, "1.25", owner, "UK"))
            if invoice % 50 == 0:
                lines.append((f"{invoice}9", "0", "", 1, when, "0.0", "", "UK"))
            invoice += 1
            day += float(g.exponential(every)) + 0.5
    columns = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
               "CustomerID", "Country"]  # fmt: skip
    pd.DataFrame(lines, columns=columns).to_csv(
        tmp_path / "retail.csv", index=False, encoding="cp1252"
    )
    return tmp_path


def test_a_retail_log_counts_invoices_and_its_score_can_be_given_today(retail: Path) -> None:
    (retail / "retail.yaml").write_text((MAPPINGS / "retail.yaml").read_text("utf-8"), "utf-8")
    settings = load_settings(data_dir=retail / "data")
    store = Store.create(settings)
    with store.writer_lock():
        generation, quality = load_tables(read_sources(retail / "retail.yaml"), store, QUIET)
        (found,) = train_scores(store, settings)
        applied = apply_scores(store, settings)
    store.close()
    given = pd.read_csv(retail / "retail.csv", encoding="cp1252", dtype=str)
    own = given[given.CustomerID.notna() & ~given.InvoiceNo.str.startswith("C")]
    assert generation.rows["transactions"] == own.InvoiceNo.nunique()
    nobody = given[given.CustomerID.isna()].InvoiceNo.nunique()
    assert ("missing_required.customer_id", nobody) in [(c.rule, c.rows) for c in quality.counts]
    assert isinstance(found, Trained)
    assert found.card.shown()["auc"].low > 0.5
    assert (list(applied.scored), applied.refused) == (["activity_drop_90"], {})
