"""Which holdings go together: pairs with counts, support, lift and corrected significance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copilot.errors import InputError
from copilot.profiles.engine import connect, open_tables
from copilot.records.codes import LABELS, ProductType
from copilot.settings import Settings
from copilot.store import Store

SMALLEST_SUPPORT = 0.01
SMALLEST_LIFT = 1.2
FALSE_DISCOVERIES = 0.05
_MOST_ITEMS = 200


@dataclass(frozen=True, slots=True)
class Association:
    """Customers of ``first`` hold ``second`` more often than chance would have it.

    ``q_value`` is the one-sided Fisher probability after Benjamini–Hochberg over all pairs tested.
    """

    first: str
    second: str
    customers: int
    with_first: int
    with_second: int
    with_both: int
    support: float
    lift: float
    q_value: float

    @property
    def words(self) -> str:
        """The pair as staff read it: counts first."""
        one, other = _label(self.first), _label(self.second)
        return (
            f"{self.customers:,}位客户中，持有{one}的{self.with_first:,}位、持有{other}的"
            f"{self.with_second:,}位，两样都有的{self.with_both:,}位，"
            f"是互不相干时的{self.lift:.1f}倍"
        )

    def as_json(self) -> dict[str, Any]:
        """One entry of ``copilot segment pairs --format json``."""
        return asdict(self) | {"words": self.words}


def associations(
    store: Store, settings: Settings, as_of: date | None = None, *, by_code: bool = False
) -> tuple[Association, ...]:
    """Pairs of product types (or codes) held together at the newest snapshot up to a date.

    Customers who refused profiling are not counted.

    Raises:
        StateError: the bank gave no holdings.
        InputError: more than 200 different products.
    """
    customers, items = _holdings(
        store, settings, as_of, "product_code" if by_code else "product_type"
    )
    return pairs_of(customers, items)


def holders(store: Store, settings: Settings, as_of: date | None = None) -> dict[str, float]:
    """By product type, the share of customers with any holding who hold it."""
    customers, items = _holdings(store, settings, as_of, "product_type")
    people = max(1, len(set(customers)))
    return {kind: count / people for kind, count in Counter(items).items()}


def _holdings(
    store: Store, settings: Settings, as_of: date | None, item: str
) -> tuple[list[str], list[str]]:
    generation = store.facts.current()
    generation.parquet("holdings")
    with connect() as connection:
        open_tables(connection, generation, settings.policy, {"holdings", "consents"})
        read = connection.execute(
            f"select distinct customer_id, {item} as item from holdings where as_of = "
            "(select max(as_of) from holdings where as_of <= $as_of) "
            f"and {item} is not null and amount > 0 and customer_id not in ("
            "select customer_id from consents where purpose = 'profiling' and \"at\" < $as_of + 1 "
            'group by customer_id having not max_by(granted, "at")) order by customer_id, item',
            {"as_of": as_of or generation.business_date},
        ).fetchall()
    return [row[0] for row in read], [row[1] for row in read]


def pairs_of(customers: Sequence[str], items: Sequence[str]) -> tuple[Association, ...]:
    """The pairs that stand out, strongest first, from one entry per customer and item held.

    Every pair with enough support to be of use is tested, and only those: chosen by count alone,
    so that the correction is for what was looked at.

    Raises:
        InputError: more than 200 different items.
    """
    names, places = np.unique(np.asarray(items, dtype=object).astype(str), return_inverse=True)
    people, rows = np.unique(np.asarray(customers, dtype=object).astype(str), return_inverse=True)
    if len(names) > _MOST_ITEMS:
        raise InputError(
            f"不同产品有{len(names)}种，多于{_MOST_ITEMS}种",
            field="product",
            next="请按产品类型统计。",
        )
    if len(people) == 0:
        return ()
    held = np.zeros((len(people), len(names)), dtype=np.float64)
    held[rows, places] = 1
    together = (held.T @ held).astype(np.int64)
    one, other = np.triu_indices(len(names), k=1)
    expected = together[one, one] * together[other, other] / len(people)
    useful = np.maximum(expected, together[one, other]) >= SMALLEST_SUPPORT * len(people)
    one, other = one[useful], other[useful]
    if len(one) == 0:
        return ()
    both, first, second = together[one, other], together[one, one], together[other, other]
    q_values = corrected(_fisher(both, first, second, len(people)))
    lift = both * len(people) / np.maximum(first * second, 1)
    support = both / len(people)
    kept = (q_values <= FALSE_DISCOVERIES) & (lift >= SMALLEST_LIFT)
    kept &= support >= SMALLEST_SUPPORT
    found = [
        Association(
            str(names[one[i]]),
            str(names[other[i]]),
            len(people),
            int(first[i]),
            int(second[i]),
            int(both[i]),
            float(support[i]),
            float(lift[i]),
            float(q_values[i]),
        )
        for i in np.flatnonzero(kept)
    ]
    return tuple(sorted(found, key=lambda pair: (pair.q_value, -pair.lift, pair.first)))


def _fisher(
    both: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64], customers: int
) -> NDArray[np.float64]:
    from scipy.stats import hypergeom

    return np.asarray(hypergeom.sf(both - 1, customers, first, second), dtype=np.float64)


def corrected(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Benjamini–Hochberg: the false-discovery rate at which each value would just pass.

    >>> corrected(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p_values, kind="stable")
    count = len(p_values)
    scaled = p_values[order] * count / np.arange(1, count + 1)
    lowest = np.minimum.accumulate(scaled[::-1])[::-1]
    found = np.empty(count)
    found[order] = np.minimum(lowest, 1.0)
    return found


def _label(item: str) -> str:
    return LABELS[ProductType].get(item, item)
