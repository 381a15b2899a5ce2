"""What is predicted: labels that the bank gives, or what its own history shows afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from copilot.records.codes import LABELS, ProductType
from copilot.records.sql import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HORIZON_DAYS = 90
_MOST_VALUES = 6
_MOST_DATES = 4
_POSITIVE = ("1", "1.0", "yes", "y", "true", "是", "流失", "购买")
_OUTFLOW_FLOOR = 1_000_000  # fen: half of a smaller balance is one ordinary purchase


@dataclass(frozen=True, slots=True)
class Target:
    """A question with a yes or no for each customer and date.

    ``sql`` selects customer_id and positive as of ``$as_of``, looking ahead at most
    ``horizon_days``; ``dates`` are those whose outcome is known, oldest first.
    """

    name: str
    title: str
    definition: str
    sql: str
    dates: tuple[date, ...]
    horizon_days: int = HORIZON_DAYS


@dataclass(frozen=True, slots=True)
class Cases:
    """Customers of one date and whether the outcome came."""

    as_of: date
    customers: NDArray[np.object_]
    positive: NDArray[np.bool_]


def targets_of(connection: DuckDBPyConnection, business_date: date) -> list[Target]:
    """Everything that can be asked of the opened tables: labels first, then history."""
    return [*_label_targets(connection), *_history_targets(connection, business_date)]


def label_names(connection: DuckDBPyConnection) -> frozenset[str]:
    """The names of the bank's labels, which are never columns."""
    rows = connection.execute("select distinct name from labels").fetchall()
    return frozenset(str(row[0]) for row in rows)


def cases_of(connection: DuckDBPyConnection, target: Target, as_of: date) -> Cases:
    """The cases of one date by customer; those who refused profiling are not among them."""
    read = connection.execute(
        f"select customer_id, positive from ({target.sql}) where positive is not null "
        "and customer_id not in (select customer_id from refused) order by customer_id",
        {"as_of": as_of},
    ).fetchnumpy()
    return Cases(as_of, np.asarray(read["customer_id"]), np.asarray(read["positive"], dtype=bool))


def population_of(name: str) -> str:
    """The query for the customers that a target asks about, as of ``$as_of``."""
    if name == "outflow_90":
        assets = _ASSETS.format(now=_NOW, then=_NOW)
        return f"select customer_id from ({assets}) where amount_now >= {_OUTFLOW_FLOOR}"
    if name == "activity_drop_90":
        return (
            f"select customer_id from transactions where {_ACTIVE} and txn_date <= $as_of "
            f"and txn_date > $as_of - {HORIZON_DAYS} group by customer_id having count(*) >= 6"
        )
    for kind in ProductType:
        if name == _acquisition(kind):
            return f"select customer_id from customers where {_free_of(kind)}"
    return "select customer_id from customers where $as_of is not null"


def _label_targets(connection: DuckDBPyConnection) -> list[Target]:
    rows = connection.execute(
        "select name, list(distinct value order by value), list(distinct as_of order by as_of) "
        "from labels group by name order by name"
    ).fetchall()
    found = []
    for name, values, dates in rows:
        if len(values) > _MOST_VALUES:
            continue
        wanted = values if len(values) > 2 else [_positive_of(connection, name, values)]
        for value in wanted:
            several = len(values) > 2
            found.append(
                Target(
                    name=f"{name}.{value}" if several else name,
                    title=f"{name}为{value}" if several else name,
                    definition=f"标签 {name} 的值为 {value}",
                    sql=f"select customer_id, value = {literal(value)} as positive from labels "
                    f"where name = {literal(name)} and as_of = $as_of",
                    dates=tuple(dates),
                )
            )
    return found


def _positive_of(connection: DuckDBPyConnection, name: str, values: list[str]) -> str:
    """The value that means yes; where no word says so, the rarer one."""
    for value in values:
        if value.strip().lower() in _POSITIVE:
            return value
    rarest = connection.execute(
        "select value from labels where name = ? group by value order by count(*), value limit 1",
        [name],
    ).fetchone()
    return str(rarest[0]) if rarest else values[0]


def _history_targets(connection: DuckDBPyConnection, business_date: date) -> list[Target]:
    found = []
    snapshots = connection.execute("select min(as_of) from holdings").fetchone()
    dates = _dates(business_date, snapshots[0] if snapshots else None, before=0)
    if dates:
        found.append(_outflow(dates))
        found += [_acquires(kind, dates) for kind in ProductType]
    first = connection.execute("select min(txn_date) from transactions").fetchone()
    dates = _dates(business_date, first[0] if first else None, before=HORIZON_DAYS)
    if dates:
        found.append(_activity_drop(dates))
    return found


def _dates(business_date: date, first: date | None, before: int) -> tuple[date, ...]:
    """Dates a horizon apart whose outcome is known, so that no two outcomes overlap."""
    if first is None:
        return ()
    days = [business_date - timedelta(HORIZON_DAYS * k) for k in range(1, _MOST_DATES + 1)]
    return tuple(sorted(day for day in days if day >= first + timedelta(before)))


_ASSETS = """
select customer_id, coalesce(sum(amount) filter (where as_of = {now}), 0) as amount_now,
  coalesce(sum(amount) filter (where as_of = {then}), 0) as amount_then
from holdings where as_of in ({now}, {then}) and product_type not in ('loan', 'credit_card')
  and coalesce(currency, (select currency from policy)) = (select currency from policy)
group by customer_id
"""
_NOW = "(select max(as_of) from holdings where as_of <= $as_of)"
_THEN = (
    "(select max(as_of) from holdings "
    f"where as_of > $as_of + {HORIZON_DAYS - 31} and as_of <= $as_of + {HORIZON_DAYS})"
)


def _outflow(dates: tuple[date, ...]) -> Target:
    assets = _ASSETS.format(now=_NOW, then=_THEN)
    return Target(
        "outflow_90",
        "90天内资金流出",
        "资产不少于1万元的客户，90天后资产不到一半",
        f"select customer_id, amount_then * 2 <= amount_now as positive from ({assets}) "
        f"where amount_now >= {_OUTFLOW_FLOOR} and {_THEN} is not null",
        dates,
    )


def _acquisition(kind: ProductType) -> str:
    return f"acquire_{kind.value}_{HORIZON_DAYS}"


def _free_of(kind: ProductType) -> str:
    return (
        "coalesce(opened_on <= $as_of, true) and customer_id not in (select customer_id "
        f"from holdings where product_type = '{kind.value}' and as_of = {_NOW})"
    )


def _acquires(kind: ProductType, dates: tuple[date, ...]) -> Target:
    label = LABELS[ProductType][kind.value]
    return Target(
        _acquisition(kind),
        f"90天内新增{label}",
        f"现在没有{label}的客户，90天内的快照里有了",
        "select customer_id, customer_id in (select customer_id from holdings "
        f"where product_type = '{kind.value}' and as_of > $as_of "
        f"and as_of <= $as_of + {HORIZON_DAYS}) as positive from customers "
        f"where {_free_of(kind)} and {_THEN} is not null",
        dates,
    )


_ACTIVE = "coalesce(kind, 'other') not in ('fee', 'interest')"


def _activity_drop(dates: tuple[date, ...]) -> Target:
    return Target(
        "activity_drop_90",
        "90天内活跃度下降",
        "近90天主动交易不少于6笔的客户，之后90天的笔数不到一半",
        f"select customer_id, after * 2 <= before as positive from (select customer_id, "
        f"count(*) filter (where {_ACTIVE} and txn_date <= $as_of) as before, "
        f"count(*) filter (where {_ACTIVE} and txn_date > $as_of) as after from transactions "
        f"where txn_date > $as_of - {HORIZON_DAYS} and txn_date <= $as_of + {HORIZON_DAYS} "
        "group by customer_id) where before >= 6",
        dates,
    )
