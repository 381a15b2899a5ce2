"""The generated bank of the baselines as canonical tables, and their answers beside ours."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.records.generation import Generation
from copilot.records.sql import literal
from copilot.records.tables import TABLES
from copilot.tables.files_out import PARQUET

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: The baselines' features by their name there, and what they are called here.
BASELINE_COLUMNS = {
    name: name
    for name in (
        "rec_days", "dormant", "freq_30", "freq_90", "freq_365", "mon_30", "mon_90", "mon_365",
        "inflow_90", "outflow_90", "net_90", "active_months", "distinct_cp_90", "wm_net_365",
        "n_salary_cp", "aum_demand", "aum_fund", "aum_insurance", "aum_total", "n_types",
        "maturing_30", "max_out_90", "sh_counter", "sh_atm", "sh_mobile", "sh_web", "sh_work",
        "sh_night", "sh_weekend", "ticket_std", "ticket_med", "bal_last", "bal_slope",
        "salary_month", "days_to_maturity", "tenure_days",
    )
} | {"aum_time_deposit": "aum_large_cd", "aum_wealth": "aum_wmp"}  # fmt: skip

_CUSTOMER = "'C' || lpad(cast(customer_id as varchar), 7, '0') as customer_id"
_KINDS = {
    "SAL": "salary", "TRF_IN": "transfer_in", "TRF_OUT": "transfer_out", "QR": "purchase",
    "POS": "purchase", "ATM_W": "cash_out", "CASH_D": "cash_in", "WM_BUY": "wealth_buy",
    "WM_RED": "wealth_redeem", "FEE": "fee", "INT": "interest",
}  # fmt: skip
_TYPES = {"demand": "deposit", "time_deposit": "large_cd", "wealth": "wmp"}
_TRANSACTIONS = """
select lpad(cast(txn_id as varchar), 9, '0') as txn_id, {customer}, cast(ts as date) as txn_date,
  case when direction = 'C' then amount_fen else -amount_fen end as amount,
  cast(hour(ts) as tinyint) as txn_hour, 'CNY' as currency,
  case channel when 'system' then 'auto' else channel end as channel,
  {kind} as kind, 'P' || counterparty_id as counterparty_id, balance_fen as balance_after
from read_parquet('{given}/txn/*.parquet') order by customer_id
"""
_HOLDINGS = """
select 'H' || holding_id as holding_id, date '2026-06-30' as as_of, {customer},
  {type} as product_type, amount_fen as amount, 'CNY' as currency, maturity_date as matures_on
from read_parquet('{given}/holdings.parquet') order by customer_id
"""
_CUSTOMERS = """
select {customer}, gender, birth_date, 'BR' || lpad(cast(branch_id as varchar), 2, '0')
  as branch_id, open_date as opened_on
from read_parquet('{given}/customers.parquet') order by customer_id
"""
_CONSENTS = """
select {customer}, 'marketing' as purpose, 'all' as channel, timestamp '2025-01-01' as "at",
  true as granted
from read_parquet('{given}/customers.parquet') order by customer_id
"""


def canonical_tables(given: Path, out: Path) -> None:
    """Write the generated bank as a load would: typed, in fen, sorted by customer."""
    import duckdb

    out.mkdir(parents=True)
    slots = {
        "given": given,
        "customer": _CUSTOMER,
        "kind": _case("txn_type", _KINDS),
        "type": _case("product_type", _TYPES),
    }
    spill = {"memory_limit": "3GB", "temp_directory": str(out.parent / "spill")}
    with duckdb.connect(config=spill) as connection:
        for name, query in {
            "transactions": _TRANSACTIONS,
            "holdings": _HOLDINGS,
            "customers": _CUSTOMERS,
            "consents": _CONSENTS,
        }.items():
            path = literal(str(out / f"{name}.parquet"))
            connection.execute(f"copy ({query.format(**slots)}) to {path} {PARQUET}")


def generation_of(folder: Path, as_of: date) -> Generation:
    """The canonical tables of a folder as a load."""
    given = {path.stem for path in folder.glob("*.parquet")}
    return Generation(
        "g1", folder, as_of, dict.fromkeys(given, 0), frozenset(TABLES.keys() - given), "g1",
        datetime(2026, 7, 1),
    )  # fmt: skip


def differences(theirs: Path, ours: Path) -> dict[str, int]:
    """By feature, the number of customers whose value or null differs; integers must be equal."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(
            f"create view t as select *, {_CUSTOMER.replace(' as customer_id', ' as c')} "
            f"from read_parquet({literal(str(theirs))})"
        )
        return _differing(connection, ours, BASELINE_COLUMNS)


def differences_on_spark(there: Path, ours: Path) -> dict[str, int]:
    """By feature, the number of customers whose value or null is another on Spark."""
    import duckdb

    with duckdb.connect() as connection:
        files = literal(str(there / "*.parquet"))
        connection.execute(f"create view t as select *, customer_id as c from {files}")
        return _differing(connection, ours, {name: name for name in BASELINE_COLUMNS.values()})


def _differing(
    connection: DuckDBPyConnection, ours: Path, columns: dict[str, str]
) -> dict[str, int]:
    found: dict[str, int] = {}
    connection.execute(f"create view o as from read_parquet({literal(str(ours))})")
    for name, mine in columns.items():
        x, y = f'cast(t."{name}" as double)', f'cast(o."{mine}" as double)'
        row = connection.execute(
            "select count(*) filter (where o.customer_id is null or "
            f"({x} is null) <> ({y} is null) or "
            f"abs({x} - {y}) > 1e-9 * greatest(abs({x}), abs({y})) + 1e-6) "
            "from t left join o on o.customer_id = t.c"
        ).fetchone()
        if row and row[0]:
            found[name] = int(row[0])
    return found


def _case(column: str, values: dict[str, str]) -> str:
    arms = " ".join(f"when '{code}' then '{value}'" for code, value in values.items())
    return f"case {column} {arms} else {column} end"
