"""Customers worth a contact today, one reason each, and the export of all features."""

from __future__ import annotations

import os
import uuid
from datetime import date
from pathlib import Path

from copilot.errors import DependencyError
from copilot.profiles.engine import literal
from copilot.profiles.read import built, open_build
from copilot.profiles.reasons import plain_text, reason_for
from copilot.records.matching import CallToday
from copilot.records.staff import Principal
from copilot.store import Store

# In rounds of three of each kind: a day full of maturities must not hide every other reason.
_BEST_REASONS = """
select customer_id, code, rank, manager_id
from (
  select *, row_number() over (partition by code order by rank desc, customer_id) as nth
  from (
    select *, row_number() over (partition by customer_id order by rank desc, code) as place
    from reasons where contact_ok {scope}
  ) where place = 1
)
order by (nth - 1) // 3, rank desc, customer_id
limit $limit
"""


def call_list(
    store: Store,
    principal: Principal,
    as_of: date | None = None,
    branch_id: str | None = None,
    limit: int = 10,
) -> list[CallToday]:
    """The customers most worth a contact today, each with its best reason, in rounds of kinds.

    Left out are customers without marketing consent, contacted or refusing recently, with an open
    complaint, minors, and those who refused profiling. A lobby manager's list has no amounts.

    Raises:
        StateError: profiles have not been built for the date.
    """
    build = built(store, as_of)
    table = open_build(build)
    scope, parameters = _scope(principal, branch_id)
    found = (
        table.connection.cursor()
        .execute(_BEST_REASONS.format(scope=scope), {**parameters, "limit": limit})
        .fetchall()
    )
    names = store.customers(principal).names(row[0] for row in found)
    calls = []
    for customer_id, code, rank, manager_id in found:
        row = table.row(customer_id)
        values = row.values if row else {"customer_id": customer_id}
        text = (
            plain_text(code, values, build.as_of)
            if not principal.sees_amounts
            else reason_for(code, rank, values, build.as_of).text
        )
        calls.append(
            CallToday(
                customer_id, names.get(customer_id), manager_id, text, code, rank, build.as_of
            )
        )
    return calls


def export_features(store: Store, out: Path, as_of: date | None = None) -> int:
    """Write every feature of every customer to a Parquet file; returns the number of customers.

    Raises:
        StateError: profiles have not been built for the date.
        DependencyError: the file cannot be written.
    """
    import duckdb

    build = built(store, as_of)
    table = open_build(build)
    aside = out.with_name(f".{out.name}.{uuid.uuid4().hex}")
    try:
        table.connection.cursor().execute(
            f"copy (select * from features order by customer_id) to {literal(str(aside))} "
            "(format parquet)"
        )
        os.replace(aside, out)
    except (OSError, duckdb.Error) as error:
        aside.unlink(missing_ok=True)
        raise DependencyError(
            f"写不出文件（{type(error).__name__}）",
            file=str(out),
            next="请检查目录是否存在、磁盘空间与权限。",
        ) from None
    return build.customers


def _scope(principal: Principal, branch_id: str | None) -> tuple[str, dict[str, object]]:
    clauses, parameters = "", dict[str, object]()
    if branch_id is not None:
        clauses += " and branch_id = $branch_id"
        parameters["branch_id"] = branch_id
    if principal.branches is not None:
        clauses += " and (branch_id is null or branch_id in (select unnest($branches)))"
        parameters["branches"] = sorted(principal.branches)
    if principal.customers is not None:
        clauses += " and customer_id in (select unnest($customers))"
        parameters["customers"] = sorted(principal.customers)
    return clauses, parameters
