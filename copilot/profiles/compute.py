"""Features and reasons in SQL over opened tables: one table per group, joined once.

Large banks are computed in slices of customers, so that memory follows the slice and not the
bank; the outcome does not depend on where the slices lie.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from copilot.errors import InputError
from copilot.profiles.engine import narrow_tables, why_unavailable
from copilot.profiles.reasons import ReasonSet, reason_queries
from copilot.profiles.spec import UNIT_TYPES, FeatureGroup, FeatureSet
from copilot.records.progress import Progress

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


SLICE = 50_000  # customers at a time
_REASONS = (
    "customer_id varchar, code varchar, rank double, contact_ok boolean, "
    "branch_id varchar, manager_id varchar"
)


@dataclass(frozen=True, slots=True)
class Computation:
    """What to compute: every feature of a set, or the ``wanted`` ones, as of a date.

    ``unavailable`` are features that the tables switch off, with the reason in words.
    """

    features: FeatureSet
    reasons: ReasonSet
    unavailable: Mapping[str, str]
    as_of: date
    wanted: Collection[str] | None = None

    @property
    def groups(self) -> tuple[FeatureGroup, ...]:
        """The groups with at least one feature that is wanted."""
        return tuple(g for g in self.features.groups if self.columns(g))

    def columns(self, group: FeatureGroup) -> list[str]:
        """The features of a group that are wanted."""
        return [
            spec.name for spec in group.features if self.wanted is None or spec.name in self.wanted
        ]


def unavailable(features: FeatureSet, absent: frozenset[str]) -> dict[str, str]:
    """Features that these tables switch off, with the reason; features of features follow."""
    found: dict[str, str] = {}
    for name, spec in features.features.items():
        lost = absent | {f"features.{other}" for other in found}
        why = why_unavailable(spec, frozenset(lost))
        if why is not None:
            found[name] = why
    return found


def compute_all(connection: DuckDBPyConnection, what: Computation, report: Progress) -> int:
    """Tables ``all_features`` and ``reasons`` of every customer; returns how many there are."""
    connection.execute(
        "create temp table slices as select customer_id, (place - 1) // $size as slice from "
        "(select customer_id, row_number() over (order by customer_id) as place from customers)",
        {"size": SLICE},
    )
    row = connection.execute("select count(*), max(slice) from slices").fetchone()
    customers, last = row or (0, None)
    slices = (last or 0) + 1
    for number in range(slices):
        connection.execute(
            "create or replace temp table slice as "
            f"select customer_id from slices where slice = {number}"
        )
        if slices > 1:
            narrow_tables(connection, "slice", copied=False)
        compute(connection, what, partial(_tell, report, number, slices))
        _keep(connection, number == 0)
    report("特征与理由", slices, slices)
    return int(customers)


def _tell(report: Progress, done: int, total: int, step: str) -> None:
    report(step, done, total)


def compute(
    connection: DuckDBPyConnection, what: Computation, report: Callable[[str], None]
) -> None:
    """Tables ``features`` and ``found`` (reasons) of the customers in the opened tables."""
    assembled = False
    for group in what.groups:
        report(group.title)
        if group.derived and not assembled:
            _assemble(connection, what, derived=False)
            assembled = True
        _run_group(connection, group, what)
    _assemble(connection, what, derived=True)
    connection.execute(f"create or replace temp table found ({_REASONS})")
    if what.wanted is None:
        report("理由")
        _find_reasons(connection, what)


def _keep(connection: DuckDBPyConnection, first: bool) -> None:
    """The slice joins the others."""
    for kept, computed in (("all_features", "features"), ("reasons", "found")):
        start = f"create temp table {kept} as" if first else f"insert into {kept}"
        connection.execute(f"{start} from {computed}")


def _run_group(connection: DuckDBPyConnection, group: FeatureGroup, what: Computation) -> None:
    parameters = {"as_of": what.as_of} if "$as_of" in group.sql else {}
    with _declared_in(f"{group.name}.sql", f"特征组 {group.name} 的 SQL"):
        sql = group.sql
        if what.wanted is not None:
            columns = ", ".join(f'"{name}"' for name in what.columns(group))
            sql = f"select customer_id, {columns} from ({sql}) as computed"
        connection.execute(f'create or replace temp table "g_{group.name}" as {sql}', parameters)
    if what.wanted is None:
        _require_declared(connection, group)


def _require_declared(connection: DuckDBPyConnection, group: FeatureGroup) -> None:
    described = connection.execute(f'describe "g_{group.name}"').fetchall()
    selected = {str(row[0]) for row in described}
    declared = {feature.name for feature in group.features}
    if selected - {"customer_id"} != declared:
        difference = "、".join(sorted((selected - {"customer_id"}) ^ declared))
        raise InputError(
            f"特征组 {group.name} 的 SQL 与声明不一致：{difference}",
            file=f"{group.name}.yaml",
            next="SQL 选出的每一列都要声明，声明的每个特征都要选出。",
        )


@contextmanager
def _declared_in(file: str, what: str) -> Iterator[None]:
    """Turns what DuckDB says about wrong SQL (names only, never values) into an input error."""
    import duckdb

    try:
        yield
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
        raise InputError(
            f"{what}无法执行：{str(error).splitlines()[0]}",
            file=file,
            next="请对照特征名与规范表的列名修改。",
        ) from None


def _assemble(connection: DuckDBPyConnection, what: Computation, *, derived: bool) -> None:
    """Create the table ``features`` from the groups that have run.

    What the tables switch off is null. Before the final form there are only the features that
    others are derived from; in it, customers who refused profiling keep only what serving them
    needs.
    """
    groups = [group for group in what.groups if derived or not group.derived]
    named = _named_by_derived(what.groups)
    guarded = derived and any("profiling_refused" in what.columns(group) for group in groups)
    refused = 'coalesce("g_contact".profiling_refused, false)'
    columns = ["c.customer_id"]
    for group in groups:
        wanted = what.columns(group)
        for spec in (spec for spec in group.features if spec.name in wanted):
            if not derived and spec.name not in named:
                continue
            kind = UNIT_TYPES[spec.unit]
            value = f'cast("g_{group.name}"."{spec.name}" as {kind})'
            if spec.name in what.unavailable:
                value = f"cast(null as {kind})"
            elif guarded and not spec.service:
                value = f"case when not {refused} then {value} end"
            columns.append(f'{value} as "{spec.name}"')
    joins = " ".join(
        f'left join "g_{group.name}" on "g_{group.name}".customer_id = c.customer_id'
        for group in groups
    )
    connection.execute(
        f"create or replace temp table features as "
        f"select {', '.join(columns)} from customers c {joins}"
    )


def _named_by_derived(groups: Iterable[FeatureGroup]) -> set[str]:
    return {word for group in groups if group.derived for word in re.findall(r"\w+", group.sql)}


def _find_reasons(connection: DuckDBPyConnection, what: Computation) -> None:
    for code, query in reason_queries(what.reasons).items():
        parameters = {"as_of": what.as_of} if "$as_of" in query else {}
        with _declared_in("reasons.yaml", f"理由 {code} 的条件"):
            connection.execute(f"insert into found {query}", parameters)
