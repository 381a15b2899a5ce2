"""Customers worth a contact today, one reason each, and the export of all features."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path

from copilot.errors import DependencyError
from copilot.files import whole_file
from copilot.profiles.read import built, open_build
from copilot.profiles.reasons import load_reasons, maturing_type, plain_text, reason_for
from copilot.records.matching import MATURES_TODAY, CallToday
from copilot.records.profile import FeatureScalar, Prospect
from copilot.records.sql import literal
from copilot.records.staff import Principal
from copilot.settings import BankPolicy
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


ADULT = 18
MOST_DUE = 1000  # customers of one answer
Values = Mapping[str, FeatureScalar]
Renewals = Mapping[str, bool | None]

_DUE = """
select customer_id from features
where (maturing_today > 0 or next_maturity_on <= $until) {scope}
order by maturing_today desc nulls last, next_maturity_on, customer_id
limit $limit
"""

_PROSPECTS = """
select customer_id, code, rank, manager_id, branch_id
from (
  select *, row_number() over (partition by customer_id order by rank desc, code) as place
  from reasons where contact_ok and code in (select unnest($codes)) {scope}
) where place = 1
order by rank desc, customer_id
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
    query, parameters = _BEST_REASONS.format(scope=scope), {**parameters, "limit": limit}
    found = table.connection.cursor().execute(query, parameters).fetchall()
    names = store.customers(principal).names(row[0] for row in found)
    rows = {row[0]: table.row(row[0]) for row in found}
    values = {key: row.values if row else {"customer_id": key} for key, row in rows.items()}
    renewals = _renewals(store, values.values())
    declared = load_reasons().reasons
    return [
        CallToday(
            customer_id,
            names.get(customer_id),
            manager_id,
            _told(code, rank, values[customer_id], build.as_of, amounts=principal.sees_amounts),
            code,
            rank,
            build.as_of,
            action=declared[code].action,
            product_type=maturing_type(code, values[customer_id]),
            renews=_renews(code, values[customer_id], renewals),
        )
        for customer_id, code, rank, manager_id in found
    ]


def maturity_list(
    store: Store,
    principal: Principal,
    as_of: date,
    until: date,
    branch_id: str | None = None,
) -> list[CallToday]:
    """Customers with money that falls due by a day, the earliest due first, at most `MOST_DUE`.

    Those to whom nothing may be offered are told of the maturity all the same: that is service,
    and needs neither consent nor an interval since the last contact; ``service_only`` says why.

    Raises:
        StateError: profiles have not been built for the date.
    """
    table = open_build(built(store, as_of))
    scope, parameters = "", dict[str, object](until=until, limit=MOST_DUE)
    if branch_id is not None or principal.branches is not None:
        scope = "and customer_id in (select unnest($known))"
        parameters["known"] = store.customers(principal).ids(branch_id)
    found = table.connection.cursor().execute(_DUE.format(scope=scope), parameters).fetchall()
    rows = [row.values for (customer_id,) in found if (row := table.row(customer_id)) is not None]
    renewals = _renewals(store, rows)
    listed = [_maturity(store, principal, values, renewals, as_of) for values in rows]
    return sorted(listed, key=lambda call: (call.reason_code != MATURES_TODAY, -call.score))


def _maturity(
    store: Store, principal: Principal, values: Values, renewals: Renewals, as_of: date
) -> CallToday:
    code = MATURES_TODAY if values.get("maturing_today") else "maturity_soon"
    amount = values.get("maturing_today") or values.get("next_maturity_amount")
    customer = store.customers(principal).get(str(values["customer_id"]))
    renews = _renews(code, values, renewals)
    barred = _not_marketed(values, store.settings.policy)
    step = _service_step(values, renews=renews) if barred else load_reasons().reasons[code].action
    return CallToday(
        customer.customer_id,
        customer.name,
        customer.manager_id,
        _told(code, 0.0, values, as_of, amounts=principal.sees_amounts),
        code,
        float(amount) if isinstance(amount, (int, float)) else 0.0,
        as_of,
        action=step,
        product_type=maturing_type(code, values),
        renews=renews,
        service_only=barred,
    )


def _service_step(values: Values, *, renews: bool | None) -> str:
    """What to say of a maturity when nothing may be offered."""
    first = "先说投诉处理进度，再" if values.get("complaints_open") else ""
    if renews:
        return f"{first}告知到期自动转存，想改的请在到期前办理"
    return f"{first}告知到期日和办理办法，由客户决定"


def _not_marketed(values: Values, policy: BankPolicy) -> str:
    """Why a customer may not be contacted for marketing; empty when they may."""
    if values.get("contact_ok"):
        return ""
    age = values.get("age")
    if isinstance(age, int) and age < ADULT:
        return "未满18周岁，联系监护人"
    if values.get("complaints_open"):
        return "投诉未办结"
    if values.get("profiling_refused"):
        return "拒绝画像分析"
    if not any(values.get(f"consent_{channel}") for channel in ("phone", "sms", "wecom", "app")):
        return "没有营销同意"
    refused, contacted = values.get("last_refusal_days"), values.get("last_contact_days")
    if isinstance(refused, int) and refused < policy.contact_refusal_days:
        return f"{refused}天前婉拒过"
    return f"{contacted}天前联系过"


def _told(code: str, rank: float, values: Values, as_of: date, *, amounts: bool) -> str:
    """The reason in words, without amounts for a screen in the lobby."""
    if not amounts:
        return plain_text(code, values, as_of)
    return reason_for(code, rank, values, as_of).text


def _renews(code: str, values: Values, renewals: Renewals) -> bool | None:
    """Whether what falls due is deposited again by itself; ``None``: not agreed or not known."""
    if code == MATURES_TODAY:
        return renewals.get(str(values.get("maturing_today_key")))
    renews = values.get("next_maturity_auto_renew") if code == "maturity_soon" else None
    return renews if isinstance(renews, bool) else None


def _renewals(store: Store, customers: Iterable[Values]) -> Renewals:
    """What was agreed of the holdings that fall due today, by their keys."""
    keys = sorted({str(key) for values in customers if (key := values.get("maturing_today_key"))})
    generation = store.facts.current()
    if not keys or not generation.has("holdings"):
        return {}
    import duckdb

    files = [str(path) for path in generation.files("holdings")]
    source = "read_parquet(?, union_by_name = true)"
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as database:
        described = database.execute(f"describe select * from {source}", [files]).fetchall()
        if "auto_renew" not in {row[0] for row in described}:
            return {}
        found = database.execute(
            f"select holding_id, arg_max(auto_renew, as_of) from {source}"
            " where holding_id in (select unnest(?)) group by holding_id",
            [files, keys],
        ).fetchall()
    return dict(found)


def prospects(
    store: Store,
    principal: Principal,
    codes: Collection[str],
    *,
    as_of: date,
    branch_id: str | None = None,
    manager_id: str | None = None,
    limit: int = 10,
) -> list[Prospect]:
    """Customers who may be contacted and have one of some reasons, the strongest first.

    Raises:
        StateError: profiles have not been built for the date.
    """
    build = built(store, as_of)
    table = open_build(build)
    scope, parameters = _scope(principal, branch_id)
    if manager_id is not None:
        scope += " and manager_id = $manager_id"
        parameters["manager_id"] = manager_id
    parameters |= {"codes": sorted(codes), "limit": limit}
    found = table.connection.cursor().execute(_PROSPECTS.format(scope=scope), parameters).fetchall()
    declared = load_reasons().reasons
    return [
        Prospect(
            customer_id,
            manager,
            branch,
            declared[code].title,
            reason_for(code, rank, row.values, build.as_of),
        )
        for customer_id, code, rank, manager, branch in found
        if (row := table.row(customer_id)) is not None
    ]


def export_features(store: Store, out: Path, as_of: date | None = None) -> int:
    """Write every feature of every customer to a Parquet file; returns the number of customers.

    Raises:
        StateError: profiles have not been built for the date.
        DependencyError: the file cannot be written.
    """
    import duckdb

    build = built(store, as_of)
    table = open_build(build)
    try:
        with whole_file(out) as aside:
            table.connection.cursor().execute(
                f"copy (select * from features order by customer_id) to {literal(aside)} "
                "(format parquet)"
            )
    except (OSError, duckdb.Error) as error:
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
