"""Whom a plan is about: groups by definition, their sizes, their assets and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from copilot.metrics.plan_catalogue import AudienceKind
from copilot.metrics.plan_rows import IN_SCOPE, PlanCase, PlanRows
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Audience, AudienceGroup

_ADMITTED = f"{IN_SCOPE} and not coalesce(f.profiling_refused, false)"
_SIZES = f"""select count(*), count(*) filter (coalesce(f.profiling_refused, false))
from features f where {IN_SCOPE}"""
_MEMBERS = f"select f.customer_id from features f where {_ADMITTED} and ({{}}) order by 1"
_ASSETS = """select coalesce(sum(f.aum_total), 0), count(f.aum_total) from features f
where list_contains($ids::varchar[], f.customer_id)"""
_REASONS = """select r.code, count(distinct r.customer_id) from reasons r
where list_contains($ids::varchar[], r.customer_id) group by 1 order by 2 desc, 1"""


def audience(case: PlanCase, kinds: Sequence[AudienceKind], *, together: bool) -> Audience:
    """The customers of the branches who fit: all kinds at once, or the first that fits each.

    Who refused profiling is in none.
    """
    branches = case.branches
    scope, refused = case.one(_SIZES)
    if together:
        both = " and ".join(f"({kind.condition})" for kind in kinds)
        query = _MEMBERS.format(both)
        members = tuple(row[0] for row in case.all(query))
        name = "且".join(kind.name for kind in kinds)
        meaning = tuple(kind.meaning for kind in kinds)
        group = AudienceGroup("+".join(k.id for k in kinds), name, meaning, query, members)
        return Audience(branches, scope, refused, (group,))
    groups: list[AudienceGroup] = []
    taken: set[str] = set()
    for kind in kinds:
        query = _MEMBERS.format(kind.condition)
        members = tuple(r[0] for r in case.all(query) if r[0] not in taken)
        meaning = (kind.meaning, *(f"不属于“{group.name}”" for group in groups))
        groups.append(AudienceGroup(kind.id, kind.name, meaning, query, members))
        taken.update(members)
    return Audience(branches, scope, refused, tuple(groups))


def segment_audience(case: PlanCase, group: AudienceGroup) -> Audience:
    """One of the bank's segments, within the branches."""
    scope, refused = case.one(_SIZES)
    query = _MEMBERS.format("list_contains($members::varchar[], f.customer_id)")
    members = case.all(query, members=list(group.customers))
    within = AudienceGroup(
        group.audience_id, group.name, group.meaning, query, tuple(row[0] for row in members)
    )
    return Audience(case.branches, scope, refused, (within,))


def audience_metrics(rows: PlanRows, found: Audience) -> Iterator[Metric]:
    """Sizes of scope and groups, and the assets that each group holds."""
    yield Metric(
        "scope.customers", "范围内客户", found.scope, Unit.COUNT, "范围内网点的客户数", _SIZES, "位"
    )
    yield Metric(
        "scope.profiling_refused",
        "拒绝画像分析的客户",
        found.refused,
        Unit.COUNT,
        "最近一次表态为拒绝画像分析的客户数，不进入任何客群",
        _SIZES,
        "位",
    )
    for group in found.groups:
        yield from _group_metrics(rows, group)
    yield Metric(
        "audience.customers",
        "目标客群",
        len(found.customers),
        Unit.COUNT,
        "各客群人数相加，同一客户只计一次",
        counter="位",
    )


def _group_metrics(rows: PlanRows, group: AudienceGroup) -> Iterator[Metric]:
    words = "；".join(group.meaning)
    yield Metric(
        f"group.{group.audience_id}.customers",
        group.name,
        len(group.customers),
        Unit.COUNT,
        words,
        group.query,
        "位",
    )
    assets, known = rows.one(_ASSETS, ids=list(group.customers))
    yield Metric(
        f"group.{group.audience_id}.assets",
        f"{group.name}的资产合计",
        assets if known else None,
        Unit.FEN,
        "资产合计（持仓最新快照）相加",
        _ASSETS,
        missing="" if known else "数据中没有持仓",
    )


def reason_metrics(
    rows: PlanRows, customers: Sequence[str], titles: dict[str, str]
) -> Iterator[Metric]:
    """How many of the customers each reason of their profiles speaks for."""
    for code, count in rows.all(_REASONS, ids=list(customers)):
        yield Metric(
            f"reason.{code}",
            titles.get(code, code),
            count,
            Unit.COUNT,
            "可触达客户中有该联系理由的客户数，一位客户可有多个理由",
            _REASONS,
            "位",
        )
