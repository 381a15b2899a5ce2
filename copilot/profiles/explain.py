"""A feature back to the rows it was computed from, for the auditor who wants to recompute it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from copilot.errors import Forbidden
from copilot.profiles.discreet import HIDDEN
from copilot.profiles.engine import connect, open_tables
from copilot.profiles.read import REFUSED, known_feature, read_profile
from copilot.profiles.spec import Rows, load_features
from copilot.records.profile import FeatureSpec, FeatureValue
from copilot.records.staff import Principal
from copilot.records.tables import TABLES
from copilot.settings import Settings
from copilot.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: Columns that identify people or hold free text: counted on, never listed.
_MASKED = frozenset(
    {"name", "phone", "id_number", "birth_date", "memo", "text", "account_id", "counterparty_id"}
)
_SHOWN_ROWS = 200


@dataclass(frozen=True, slots=True)
class FeatureExplanation:
    """A feature's declaration, its value, and the rows or features that the value follows from.

    ``rows`` are the first `rows_total` contributing rows of ``table`` by key (at most 200);
    ``inputs`` are the features that a derived feature is read from. ``recomputed`` is the value
    worked out again from exactly these rows, where the declaration says how.
    """

    customer_id: str
    as_of: date
    spec: FeatureSpec
    value: FeatureValue
    table: str | None
    rows: tuple[Mapping[str, Any], ...]
    rows_total: int
    inputs: tuple[FeatureValue, ...]
    recompute: str | None
    recomputed: Any

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot profile explain --format json``."""
        spec = self.spec
        return {
            "customer_id": self.customer_id,
            "as_of": self.as_of.isoformat(),
            "feature": {
                "name": spec.name,
                "label": spec.label,
                "group": spec.group,
                "formula": spec.formula,
                "window": spec.window,
                "unit": spec.unit,
                "null_rule": spec.null_rule,
                "sources": list(spec.sources),
                "version": spec.version,
            },
            "value": _plain(self.value.value),
            "null_reason": self.value.null_reason,
            "table": self.table,
            "rows_total": self.rows_total,
            "rows": [{k: _plain(v) for k, v in row.items()} for row in self.rows],
            "inputs": {item.name: _plain(item.value) for item in self.inputs},
            "recompute": self.recompute,
            "recomputed": _plain(self.recomputed),
        }


def explain_feature(
    store: Store,
    principal: Principal,
    customer_id: str,
    feature: str,
    as_of: date | None = None,
    settings: Settings | None = None,
) -> FeatureExplanation:
    """The rows behind one feature of one customer.

    Raises:
        InputError: no such feature.
        Forbidden: the customer refused profiling and the feature is not needed to serve them, or
            the feature is made of amounts and the principal's screen shows none.
        NotFound, StateError: as `read_profile`.
    """
    spec = known_feature(feature)
    profile = read_profile(store, principal, customer_id, as_of, settings)
    if profile.value("profiling_refused") is True and not spec.service:
        raise Forbidden(REFUSED, field=feature, next="只能查看办理业务所需的特征。")
    if not principal.sees_amounts and any(
        TABLES[table].column(column).type == "money"
        for table, _, column in (source.partition(".") for source in spec.sources)
        if table in TABLES
    ):
        raise Forbidden(
            f"特征 {feature} 的明细含金额，{HIDDEN}",
            field=feature,
            next="请由客户的管户经理查看。",
        )
    rows = load_features().rows(feature)
    value = profile.features[feature]
    if rows is None:
        names = [source.partition(".")[2] for source in spec.sources]
        inputs = tuple(profile.features[name] for name in names if name in profile.features)
        return FeatureExplanation(
            customer_id, profile.as_of, spec, value, None, (), 0, inputs, None, None
        )
    policy = (settings or store.settings).policy
    with connect() as connection:
        open_tables(connection, store.facts.current(), policy, _tables_of(rows))
        shown, total = _rows(connection, rows, customer_id, profile.as_of)
        recomputed = _recomputed(connection, rows, customer_id, profile.as_of)
    return FeatureExplanation(
        customer_id,
        profile.as_of,
        spec,
        value,
        rows.table,
        shown,
        total,
        (),
        rows.recompute,
        recomputed,
    )


def _tables_of(rows: Rows) -> set[str]:
    """The tables that the filter and the recomputation name."""
    words = set(re.findall(r"\w+", f"{rows.where} {rows.recompute}"))
    return {rows.table} | (words & TABLES.keys())


def _rows(
    connection: DuckDBPyConnection, rows: Rows, customer_id: str, as_of: date
) -> tuple[tuple[Mapping[str, Any], ...], int]:
    table = TABLES[rows.table]
    columns = [column.name for column in table.columns if column.name not in _MASKED]
    listed = ", ".join(f'"{name}"' for name in columns)
    where, parameters = _where(rows, customer_id, as_of)
    order = ", ".join(f'"{name}"' for name in table.key if name in columns)
    found = connection.execute(
        f'select {listed} from "{table.name}" where {where} order by {order} limit {_SHOWN_ROWS}',
        parameters,
    ).fetchall()
    counted = connection.execute(
        f'select count(*) from "{table.name}" where {where}', parameters
    ).fetchone()
    shown = tuple(
        {
            name: value
            for name, value in zip(columns, row, strict=True)
            if value is not None and name != "customer_id"
        }
        for row in found
    )
    return shown, int(counted[0]) if counted else 0


def _recomputed(connection: DuckDBPyConnection, rows: Rows, customer_id: str, as_of: date) -> Any:
    if rows.recompute is None:
        return None
    where, parameters = _where(rows, customer_id, as_of)
    query = f'select {rows.recompute} from "{rows.table}" where {where}'
    if "$as_of" in query:
        parameters["as_of"] = as_of
    found = connection.execute(query, parameters).fetchone()
    return found[0] if found else None


def _where(rows: Rows, customer_id: str, as_of: date) -> tuple[str, dict[str, Any]]:
    parameters: dict[str, Any] = {"customer_id": customer_id}
    if "$as_of" in rows.where:
        parameters["as_of"] = as_of
    return f"customer_id = $customer_id and {rows.where}", parameters


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
