"""What a customer brought in over twelve months, where the bank gives its own transfer prices.

    value_12m = Σ balance × margin × days ÷ 365  +  fees  −  cost of service

A snapshot's balance stands until the next snapshot. Without a price file, or with snapshots of
less than eleven months, the value is unknown and says so; it is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from copilot.errors import StateError
from copilot.profiles.engine import connect, open_tables
from copilot.records.codes import ProductType, TxnKind, label
from copilot.records.figures import amount
from copilot.records.generation import Generation
from copilot.records.yaml_file import YamlFile
from copilot.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

YEAR_DAYS = 365
FEWEST_DAYS = 330


class TransferPrices(BaseModel):
    """A bank's price file: margins in bp of balance a year by type or product, costs in yuan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = Field(ge=1, le=1)
    valid_from: date
    margins_bp: dict[ProductType, float]
    products_bp: dict[str, float] = Field(default_factory=dict)
    fee_kinds: tuple[TxnKind, ...] = (TxnKind.FEE,)
    service_cost_a_year: float = Field(default=0.0, ge=0)


@dataclass(frozen=True, slots=True)
class ValuePart:
    """One line of a value: ``fen`` from an average balance at a margin, or from fees or cost."""

    name: str
    fen: int
    formula: str
    rows: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Everything; ``rows`` are keys of the rows behind it."""
        return {
            "name": self.name,
            "fen": self.fen,
            "formula": self.formula,
            "rows": list(self.rows),
        }


@dataclass(frozen=True, slots=True)
class CustomerValue:
    """A customer's value, or why it is unknown; ``left_out`` names types without a price."""

    customer_id: str
    as_of: date
    window: str
    fen: int | None
    parts: tuple[ValuePart, ...] = ()
    left_out: tuple[str, ...] = ()
    unknown_because: str = ""

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot score value``."""
        return {
            "customer_id": self.customer_id,
            "name": "value_12m",
            "as_of": self.as_of.isoformat(),
            "window": self.window,
            "value": self.fen,
            "unit": "fen",
            "parts": [part.as_json() for part in self.parts],
            "left_out": list(self.left_out),
            "null_reason": self.unknown_because,
        }


def read_prices(path: Path | None, as_of: date) -> TransferPrices:
    """The bank's prices.

    Raises:
        StateError: the bank gave none, or none for the date.
        InputError: an unknown key or a wrong value; names file and line.
    """
    if path is None or not path.is_file():
        raise StateError(
            "本行没有给出内部资金转移价格，客户价值不可用",
            next="请在设置里用 transfer_prices 指向价格文件，格式见 docs/own-tables.md。",
        )
    yaml = YamlFile.read(path)
    prices = yaml.validated(TransferPrices)
    if prices.valid_from > as_of:
        raise StateError(
            f"价格文件 {prices.valid_from} 起才有效，晚于 {as_of}",
            next="请换一份当时有效的价格文件，或换一个 --as-of 日期。",
        )
    return prices


def values_of(
    connection: DuckDBPyConnection,
    prices: TransferPrices,
    as_of: date,
    customer_ids: Iterable[str],
) -> list[CustomerValue]:
    """The values of some customers, in the order given.

    ``connection`` holds the tables ``holdings`` and ``transactions`` and the bank's ``policy``.
    """
    wanted = list(customer_ids)
    start = as_of - timedelta(YEAR_DAYS)
    covered = _open_periods(connection, start, as_of)
    window = f"{start + timedelta(1)}至{as_of}"
    if covered < FEWEST_DAYS:
        why = f"持仓快照只有{covered}天，不足{FEWEST_DAYS}天" if covered else "没有持仓快照"
        return [CustomerValue(c, as_of, window, None, unknown_because=why) for c in wanted]
    balances = _balances(connection, wanted)
    fees = _fees(connection, prices, start, as_of, wanted)
    return [
        _value(c, as_of, window, covered, prices, balances.get(c, []), fees.get(c)) for c in wanted
    ]


def customer_values(
    generation: Generation, settings: Settings, as_of: date, customer_ids: Iterable[str]
) -> list[CustomerValue]:
    """The values of some customers from a generation's tables and the configured prices.

    Raises:
        StateError, InputError: as `read_prices`.
    """
    prices = read_prices(settings.transfer_prices, as_of)
    with connect() as connection:
        open_tables(connection, generation, settings.policy, ("holdings", "transactions"))
        found = values_of(connection, prices, as_of, customer_ids)
    if generation.has("transactions"):
        return found
    return [replace(value, left_out=(*value.left_out, "手续费（没有交易表）")) for value in found]


def _open_periods(connection: DuckDBPyConnection, start: date, as_of: date) -> int:
    """Days of the window that each snapshot stands for; returns how many are covered."""
    connection.execute(
        "create or replace temp table value_periods as select as_of, greatest(as_of, $start) "
        "as since, lead(as_of, 1, $as_of) over (order by as_of) as until "
        "from (select distinct as_of from holdings where as_of <= $as_of)",
        {"start": start, "as_of": as_of},
    )
    connection.execute("delete from value_periods where until <= since")
    row = connection.execute(
        "select coalesce(sum(date_diff('day', since, until)), 0) from value_periods"
    ).fetchone()
    return int(row[0]) if row else 0


_BALANCES = """
select h.customer_id, h.product_type, coalesce(h.product_code, ''),
  sum(h.amount::hugeint * date_diff('day', p.since, p.until))::double,
  list(distinct h.holding_id order by h.holding_id)
from holdings h join value_periods p on p.as_of = h.as_of
where list_contains($wanted::varchar[], h.customer_id)
  and coalesce(h.currency, (select currency from policy)) = (select currency from policy)
group by all order by 1, 2, 3
"""


def _balances(
    connection: DuckDBPyConnection, wanted: list[str]
) -> dict[str, list[tuple[str, str, float, list[str]]]]:
    found: dict[str, list[tuple[str, str, float, list[str]]]] = {}
    for customer, kind, code, fen_days, rows in connection.execute(
        _BALANCES, {"wanted": wanted}
    ).fetchall():
        found.setdefault(customer, []).append((kind, code, fen_days, rows))
    return found


def _fees(
    connection: DuckDBPyConnection,
    prices: TransferPrices,
    start: date,
    as_of: date,
    wanted: list[str],
) -> dict[str, tuple[int, list[str]]]:
    rows = connection.execute(
        "select customer_id, -sum(amount), list(txn_id order by txn_id) from transactions "
        "where txn_date > $start and txn_date <= $as_of and list_contains($kinds::varchar[], kind) "
        "and list_contains($wanted::varchar[], customer_id) group by customer_id",
        {
            "start": start,
            "as_of": as_of,
            "kinds": [kind.value for kind in prices.fee_kinds],
            "wanted": wanted,
        },
    ).fetchall()
    return {str(customer): (int(fen), keys) for customer, fen, keys in rows}


def _value(
    customer_id: str,
    as_of: date,
    window: str,
    covered: int,
    prices: TransferPrices,
    balances: list[tuple[str, str, float, list[str]]],
    fees: tuple[int, list[str]] | None,
) -> CustomerValue:
    parts, left_out = [], []
    for kind, code, fen_days, rows in balances:
        words = label(ProductType(kind)) + (f" {code}" if code else "")
        margin = prices.products_bp.get(code, prices.margins_bp.get(ProductType(kind)))
        if margin is None:
            left_out.append(words)
            continue
        average = round(fen_days / covered)
        fen = round(fen_days / covered * margin / 10_000)
        formula = f"日均{amount(average)} × {margin:g}基点"
        parts.append(ValuePart(words, fen, formula, tuple(f"holdings:{row}" for row in rows)))
    if fees is not None:
        keys = tuple(f"transactions:{key}" for key in fees[1])
        parts.append(ValuePart("手续费", fees[0], f"{len(keys)}笔", keys))
    if prices.service_cost_a_year:
        cost = round(prices.service_cost_a_year * 100)
        parts.append(ValuePart("服务成本", -cost, "每户每年"))
    total = sum(part.fen for part in parts)
    return CustomerValue(customer_id, as_of, window, total, tuple(parts), tuple(left_out))
