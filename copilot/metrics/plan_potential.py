"""The money that a plan can work on: what falls due in its days, what lies idle, and what stays.

potential = due × past retention + idle × expected conversion, over the list that is approached
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from copilot.metrics.plan_conversion import (
    FEWEST_CONTACTS,
    LOOK_BACK_DAYS,
    WHOLE_BANK,
)
from copilot.metrics.plan_rows import IN_SCOPE, PlanCase
from copilot.metrics.work_measures import KEPT, LOST
from copilot.records.codes import label
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Assigned

NOBODY = "none"
ANY_MATURITY = "没有足够的单独记录，取全部到期产品"
_NO_HOLDINGS = "数据中没有持仓"
_DUE = """from holdings h join features f using (customer_id)
where h.as_of = (select max(as_of) from holdings where as_of <= $as_of)
  and h.matures_on between $first and $last and h.product_type not in ('loan', 'credit_card')
  and (len($due_types::varchar[]) = 0 or list_contains($due_types::varchar[], h.product_type))"""
_DUE_ALL = f"select coalesce(sum(h.amount), 0), count(distinct customer_id) {_DUE} and {IN_SCOPE}"
_DUE_LIST = f"""select customer_id, strftime(h.matures_on, '%Y-%m'),
  list_contains($types::varchar[], h.product_type), h.matures_on < $touched, sum(h.amount)
{_DUE} and list_contains($ids::varchar[], customer_id) group by all order by 1, 2"""
_IDLE = """select coalesce(sum(f.idle_amount), 0), count(f.idle_amount) from features f
where list_contains($ids::varchar[], f.customer_id)
  and f.customer_id in (select customer_id from reasons where code = 'idle_demand')"""
_RETENTION = f"""select coalesce(sum(e.amount) filter (e.note = $kept), 0),
  coalesce(sum(e.amount), 0), count(*)
from events e join customers c on c.customer_id = e.customer_id
left join (select product_code, any_value(type) as type from products group by 1) p
  using (product_code)
where e.kind = 'maturity_followup' and e.note in ($kept, $lost) and e.amount > 0
  and (len($due_types::varchar[]) = 0 or list_contains($due_types::varchar[], p.type))
  and {IN_SCOPE} and e."at" >= $since and e."at" <= $until"""


def retention_metric(case: PlanCase) -> Metric:
    """The share of matured money that was kept, by the work log."""
    known = {
        "kept": KEPT,
        "lost": LOST,
        "since": datetime.combine(case.as_of - timedelta(LOOK_BACK_DAYS), time.min),
        "until": datetime.combine(case.as_of, time.max),
    }
    names = "、".join(map(label, case.goal.due_types))
    wide: dict[str, Any] = {"branches": []} if case.branches else {}
    tries: list[tuple[dict[str, Any], str]] = [({}, ""), (wide, WHOLE_BANK if wide else "")]
    if names:
        any_type = f"（{names}{ANY_MATURITY}）"
        tries.append((wide | {"due_types": []}, any_type))
    for narrowed, words in tries:
        kept, total, count = case.one(_RETENTION, **(known | narrowed))
        note = words
        if count >= FEWEST_CONTACTS:
            break
    enough = count >= FEWEST_CONTACTS and total > 0
    return Metric(
        "past.retention",
        "到期承接率",
        kept / total if enough else None,
        Unit.RATIO,
        f"近{LOOK_BACK_DAYS}天到期承接记录中，承接金额 ÷ 到期金额{note}",
        _RETENTION,
        denominator=count,
        missing="" if enough else "没有足够的到期承接记录",
    )


def due_metrics(case: PlanCase, retention: Metric) -> Iterator[Metric]:
    """For a goal of retention: what falls due in the branches, and what of it usually stays."""
    found, customers = case.one(_DUE_ALL)
    amount = found if case.rows.has("holdings") else None
    names = "、".join(map(label, case.goal.due_types)) or "存款、理财等"
    words = f"范围内客户期内到期的{names}"
    yield _money("due.all", "期内到期金额", amount, f"{words}金额合计", _DUE_ALL, _NO_HOLDINGS)
    yield Metric(
        "due.customers",
        "期内到期客户",
        None if amount is None else customers,
        Unit.COUNT,
        f"{words}的客户数",
        _DUE_ALL,
        "位",
        missing=_NO_HOLDINGS if amount is None else "",
    )
    kept = _part(amount, retention)
    why = _NO_HOLDINGS if amount is None else retention.missing
    yield _money("due.kept", "按现有承接率可留住", kept, "期内到期金额 × 到期承接率", "", why)


def potential_metrics(
    case: PlanCase, assigned: Sequence[Assigned], past: Mapping[str, Metric]
) -> Iterator[Metric]:
    """The list's money that falls due or lies idle, and what may be kept and moved of it."""
    ids = [one.customer_id for one in assigned]
    rows = [_Due(*row) for row in case.all(_DUE_LIST, ids=ids, touched=case.touch.first)]
    known = case.rows.has("holdings")
    due = sum(row.amount for row in rows) if known else None
    yield from _due_of_list(rows, due)
    idle, holders = case.one(_IDLE, ids=ids)
    words = "触达名单中活期闲置客户的"
    yield _money("potential.idle", "名单闲置额", idle, f"{words}闲置金额合计", _IDLE)
    yield _heads("potential.idle_customers", "名单闲置客户", holders, f"{words}人数", _IDLE)
    retention, conversion = past["past.retention"], past["forecast.conversion"]
    kept, moved = _part(due, retention), _part(idle, conversion)
    no_due = _NO_HOLDINGS if due is None else retention.missing
    no_move = conversion.missing
    yield _money("potential.kept", "承接潜力", kept, "名单到期额 × 到期承接率", "", no_due)
    formula = "名单闲置额 × 预计成交占名单的比例"
    yield _money("potential.moved", "转化潜力", moved, formula, "", no_move)
    total = None if kept is None or moved is None else kept + moved
    why = no_due or no_move
    yield _money("potential.total", "名单潜力", total, "承接潜力 + 转化潜力", "", why)
    yield from _split(assigned, rows)


@dataclass(frozen=True, slots=True)
class _Due:
    """What falls due for a customer in a month: of the goal's products or others, early or not."""

    customer_id: str
    month: str
    own: bool
    early: bool
    amount: int


def _due_of_list(rows: Sequence[_Due], due: int | None) -> Iterator[Metric]:
    own = sum(row.amount for row in rows if row.own)
    early = sum(row.amount for row in rows if row.early)
    for name, title, value, formula in (
        ("potential.due", "名单到期额", due, "触达名单客户期内到期的存款、理财等金额合计"),
        ("potential.due_own", "其中所选产品到期", own, "名单到期额中产品类型与目标相同的部分"),
        ("potential.due_early", "首次触达前到期", early, "名单到期额中到期日早于触达期的部分"),
    ):
        stated = None if due is None else value
        yield _money(name, title, stated, formula, _DUE_LIST, _NO_HOLDINGS)
    customers = None if due is None else len({row.customer_id for row in rows})
    formula = "触达名单中期内有到期的客户数"
    yield _heads("potential.due_customers", "名单到期客户", customers, formula, _DUE_LIST)


def _split(assigned: Sequence[Assigned], rows: Sequence[_Due]) -> Iterator[Metric]:
    """What falls due by month and by the member of staff who approaches the customer."""
    owner = {one.customer_id: one.staff_id or NOBODY for one in assigned}
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        sums[owner[row.customer_id], row.month] += row.amount
    formula = "触达名单客户当月到期金额，按负责员工相加"
    for (staff_id, month), amount in sorted(sums.items()):
        yield _money(f"due.{staff_id}.{month}", f"{month}到期", amount, formula, _DUE_LIST)


def _heads(name: str, title: str, value: int | None, formula: str, query: str) -> Metric:
    why = _NO_HOLDINGS if value is None else ""
    return Metric(name, title, value, Unit.COUNT, formula, query, "位", missing=why)


def _part(amount: int | None, share: Metric) -> int | None:
    if amount is None or not isinstance(share.value, float):
        return None
    return round(amount * share.value)


def _money(
    name: str, title: str, value: int | None, formula: str, query: str = "", missing: str = ""
) -> Metric:
    why = (missing or "没有记录") if value is None else ""
    return Metric(name, title, value, Unit.FEN, formula, query, missing=why)
