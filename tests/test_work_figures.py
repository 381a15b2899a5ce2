"""Every figure of a work summary against a query of its own, over the whole sample bank.

The queries are written from the published formulas, in SQL over the stored tables; nothing of the
product's own counting is used.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from copilot.metrics import work_measures
from copilot.metrics.work import measure_work
from copilot.metrics.work_period import work_period
from copilot.metrics.work_snapshots import read_snapshots
from copilot.pipeline.summary import SummaryRequest
from copilot.pipeline.summary_evaluation import evaluate_summaries
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import SummaryPeriod
from copilot.records.generation import LiveRows
from copilot.records.work import OpenKind, Subject, TargetKind, Window, Work

STAFF = [f"S{branch}00{number}" for branch in (1, 2, 3) for number in (1, 2, 3, 4)]
BRANCHES = ["BR01", "BR02", "BR03"]
CONTACTS = "kind in ('call', 'wecom', 'meeting', 'online')"
TRIED = "kind <> 'service' and outcome in ('accepted', 'considering', 'refused', 'no_answer')"
EVENT_COUNTS = {
    "entries": "1 = 1",
    "contacts": CONTACTS,
    "calls": "kind = 'call'",
    "wecoms": "kind = 'wecom'",
    "meetings": "kind = 'meeting'",
    "onlines": "kind = 'online'",
    "sales": "kind = 'sale'",
    "maturities": "kind = 'maturity_followup'",
    "kept": "kind = 'maturity_followup' and note = '承接'",
    "lost": "kind = 'maturity_followup' and note = '流失'",
    "receptions": "kind = 'reception'",
    "outreaches": "kind = 'outreach'",
    "trainings": "kind = 'training'",
    "morning_meetings": "kind = 'morning_meeting'",
    "evening_meetings": "kind = 'evening_meeting'",
    "list_reviews": "kind = 'follow_up'",
}
EVENT_SUMS = {
    "sales_amount": "kind = 'sale'",
    "maturity_amount": "kind = 'maturity_followup'",
    "kept_amount": "kind = 'maturity_followup' and note = '承接'",
    "lost_amount": "kind = 'maturity_followup' and note = '流失'",
}
INTERACTION_COUNTS = {
    "tried": TRIED,
    "reached": f"{TRIED} and outcome <> 'no_answer'",
    "accepted": f"{TRIED} and outcome = 'accepted'",
    "considering": f"{TRIED} and outcome = 'considering'",
    "refused": f"{TRIED} and outcome = 'refused'",
    "phone_tried": f"{TRIED} and channel = 'phone'",
    "phone_reached": f"{TRIED} and channel = 'phone' and outcome <> 'no_answer'",
}
ASSETS = "product_type not in ('loan', 'credit_card')"


class Query:
    """The stored tables, asked in SQL for one subject."""

    def __init__(self, database: sqlite3.Connection, holdings: Path, owner: str) -> None:
        self.database, self.holdings, self.owner = database, holdings, owner
        self.branch = owner.startswith("BR")
        people = "select staff_id from staff where branch_id = ?" if self.branch else "select ?"
        column = "branch_id" if self.branch else "manager_id"
        self.people = people
        self.customers = f"select customer_id from customers where {column} = ?"

    def one(self, sql: str, *values: Any) -> Any:
        return self.database.execute(sql, values).fetchone()[0]

    def rows(self, table: str, what: str, where: str, window: Window) -> Any:
        return self.one(
            f"select {what} from {table} where staff_id in ({self.people}) and {where}"
            " and date(at) between ? and ?",
            self.owner, window.first.isoformat(), window.last.isoformat(),
        )  # fmt: skip

    def referrals(self, window: Window, until: date, where: str = "1 = 1") -> int:
        days = [window.first, window.last, *([until] * where.count("?"))]
        found = self.one(
            f"select count(*) from referrals where (from_staff in ({self.people})"
            f" or to_staff in ({self.people})) and date(at) between ? and ? and {where}",
            *(self.owner, self.owner, *(day.isoformat() for day in days)),
        )
        return int(found)

    def held(self, day: date | None, where: str = ASSETS) -> int | None:
        if day is None:
            return None
        import duckdb

        ids = [row[0] for row in self.database.execute(self.customers, [self.owner])]
        found = duckdb.execute(
            f"select sum(amount) from read_parquet(?) where as_of = ? and {where}"
            " and list_contains(?, customer_id)",
            [str(self.holdings), day, ids],
        ).fetchone()
        return int(found[0] or 0) if found else 0

    def snapshots(self) -> list[date]:
        import duckdb

        found = duckdb.execute(
            "select distinct as_of from read_parquet(?) order by 1", [str(self.holdings)]
        ).fetchall()
        return [row[0] for row in found]


@pytest.fixture(scope="module")
def opened(sample_home: Path) -> Iterator[tuple[Workbench, sqlite3.Connection]]:
    from copilot.settings import load_settings

    bench = Workbench.open(load_settings(data_dir=sample_home))
    database = sqlite3.connect(sample_home / "copilot.db")
    yield bench, database
    database.close()
    bench.close()


def measured(bench: Workbench, owner: str, kind: SummaryPeriod, day: date) -> Work:
    repository = bench.store.staff(bench.principal)
    if owner.startswith("BR") or owner == "HQ":
        subject = Subject(repository.branch(owner))
    else:
        person = repository.get(owner)
        subject = Subject(repository.branch(person.branch_id), person)
    policy = bench.settings.policy
    return measure_work(bench.store, bench.principal, subject, kind, day, policy)


def expected(ask: Query, window: Window, until: date, work: Work) -> dict[str, Any]:
    """Every figure of a window, by its own query."""
    values: dict[str, Any] = {
        name: ask.rows("events", "count(*)", where, window) for name, where in EVENT_COUNTS.items()
    }
    for name, where in EVENT_SUMS.items():
        values[name] = ask.rows("events", "coalesce(sum(amount), 0)", where, window)
    for name, where in INTERACTION_COUNTS.items():
        values[name] = ask.rows("interactions", "count(*)", where, window)
    values["contacted_customers"] = ask.rows(
        "events", "count(distinct customer_id)", CONTACTS, window
    )
    values["connect_rate"] = ask.rows(
        "interactions", "avg(outcome <> 'no_answer')", f"channel = 'phone' and {TRIED}", window
    )
    due = values["maturity_amount"]
    values["retention"] = values["kept_amount"] / due if due else None
    for kind in (name.split(".")[1] for name in work.figures if name.startswith("sales.")):
        where = (
            "kind = 'sale' and product_code in"
            f" (select product_code from products where type = '{kind}')"
        )
        values[f"sales.{kind}"] = ask.rows("events", "count(*)", where, window)
        values[f"sales_amount.{kind}"] = ask.rows(
            "events", "coalesce(sum(amount), 0)", where, window
        )
    values |= _expected_service(ask, window, until)
    return values


def _expected_service(ask: Query, window: Window, until: date) -> dict[str, Any]:
    taken = "date(accepted_at) <= ?"
    count = ask.referrals(window, until)
    won = ask.referrals(window, until, f"{taken} and result = 'success'")
    branch = ask.owner if ask.branch else f"BR0{ask.owner[1]}"
    first, last = window.first.isoformat(), window.last.isoformat()
    mine = f"from complaints where customer_id in ({ask.customers})"
    within = "and date(at) between ? and ?"
    return {
        "referrals": count,
        "referrals_accepted": ask.referrals(window, until, taken),
        "referrals_won": won,
        "referral_rate": won / count if count else None,
        "visits": ask.one(
            "select count(*) from visits where branch_id = ? and date(at) between ? and ?",
            branch, first, last,
        ),
        "complaints": ask.one(f"select count(*) {mine} {within}", ask.owner, first, last),
        "complaints_closed": ask.one(
            f"select count(*) {mine} {within} and status = 'closed'", ask.owner, first, last
        ),
        "complaints_open": ask.one(
            f"select count(*) {mine} and date(at) <= ? and status <> 'closed'", ask.owner, last
        ),
    }  # fmt: skip


def expected_balances(ask: Query, work: Work) -> dict[str, Any]:
    """Balances and their changes between snapshots, by their own query."""
    window, days = work.period.window, ask.snapshots()
    opening = [d for d in days if window.first - timedelta(days=3) <= d < window.first]
    closing = [d for d in days if window.first <= d <= window.last]
    newest = [d for d in days if d <= window.last][-1]
    ends = (opening[-1], closing[-1]) if opening and closing else None

    def change(where: str) -> int | None:
        if ends is None:
            return None
        return (ask.held(ends[1], where) or 0) - (ask.held(ends[0], where) or 0)

    values: dict[str, Any] = {
        "aum": ask.held(newest),
        "deposits": ask.held(newest, "product_type in ('deposit', 'large_cd')"),
        "funds": ask.held(newest, "product_type in ('fund', 'private_fund')"),
        "aum_change": change(ASSETS),
    }
    for name in work.figures:
        if name.startswith("held_change."):
            values[name] = change(f"product_type = '{name.split('.')[1]}'")
    return values


@pytest.mark.parametrize("kind", list(SummaryPeriod))
@pytest.mark.parametrize("branch", BRANCHES)
def test_every_figure_equals_a_query_of_its_own(
    opened: tuple[Workbench, sqlite3.Connection], branch: str, kind: SummaryPeriod
) -> None:
    bench, database = opened
    holdings = bench.generation.parquet("holdings")
    compared = 0
    for owner in [branch, *(s for s in STAFF if s[1] == branch[-1])]:
        work = measured(bench, owner, kind, bench.as_of)
        ask = Query(database, holdings, owner)
        period = work.period
        now = expected(ask, period.window, period.last, work)
        before = expected(ask, period.previous, period.last, work)
        if any(figure.table == "holdings" for figure in work.figures.values()):
            now |= expected_balances(ask, work)
        for name, figure in work.figures.items():
            if "@" in name:
                continue
            assert figure.value == pytest.approx(now[name]), (owner, name)
            assert figure.value is not None or figure.missing or name in (
                "connect_rate", "retention", "referral_rate",
            ), (owner, name)  # fmt: skip
            if figure.table != "holdings":
                assert figure.previous == pytest.approx(before[name]), (owner, name)
            compared += 1
        assert set(now) - set(work.figures) <= {"visits"}
    assert compared > 200


def test_what_a_branch_tells_of_each_member_is_what_the_member_is_told(
    opened: tuple[Workbench, sqlite3.Connection],
) -> None:
    bench, _ = opened
    whole = measured(bench, "BR02", SummaryPeriod.MONTH, bench.as_of)
    for staff_id in ("S2001", "S2002", "S2003", "S2004"):
        own = measured(bench, staff_id, SummaryPeriod.MONTH, bench.as_of)
        for name in ("contacts", "sales", "sales_amount", "retention", "referrals"):
            assert whole.figures[f"{name}@{staff_id}"].value == own.figures[name].value
            assert whole.figures[f"{name}@{staff_id}"].rows == own.figures[name].rows
    members = [whole.count(f"contacts@S200{number}") for number in (1, 2, 3, 4)]
    assert sum(members) == whole.count("contacts") > 0


def test_the_whole_bank_is_the_sum_of_its_branches(
    opened: tuple[Workbench, sqlite3.Connection],
) -> None:
    bench, _ = opened
    bank = measured(bench, "HQ", SummaryPeriod.MONTH, bench.as_of)
    branches = [measured(bench, b, SummaryPeriod.MONTH, bench.as_of) for b in BRANCHES]
    for name in ("entries", "sales", "sales_amount", "kept_amount", "visits", "aum", "complaints"):
        assert bank.count(name) == sum(branch.count(name) for branch in branches) > 0, name
    for branch_id, branch in zip(BRANCHES, branches, strict=True):
        assert bank.count(f"sales_amount@{branch_id}") == branch.count("sales_amount")
    wanted = {target.kpi: target.target for target in bank.targets}
    given = [{target.kpi: target.target for target in branch.targets} for branch in branches]
    assert wanted["aum_net"] == sum(targets["aum_net"] for targets in given)
    assert wanted["maturity_retention"] == given[0]["maturity_retention"] == 0.82


def test_open_items_are_those_of_queries_of_their_own(
    opened: tuple[Workbench, sqlite3.Connection],
) -> None:
    bench, database = opened
    work = measured(bench, "S1003", SummaryPeriod.MONTH, bench.as_of)

    def ids(sql: str) -> set[str]:
        return {row[0] for row in database.execute(sql)}

    lost = ids(
        "select id from events where staff_id = 'S1003' and kind = 'maturity_followup'"
        " and note = '流失' and at >= '2026-11-01'"
    )
    mine = "from referrals where to_staff = 'S1003' and at >= '2026-11-01'"
    settling = ids(f"select id {mine} and accepted_at is not null and result = 'pending'")
    unmatched = ids(
        f"select id {mine} and result = 'success' and not exists (select 1 from events e"
        " where e.staff_id = 'S1003' and e.kind = 'sale'"
        " and e.customer_id = referrals.customer_id and date(e.at) >= date(referrals.at))"
    )
    for kind, expected_ids in (
        (OpenKind.LOST, lost), (OpenKind.SETTLING, settling), (OpenKind.UNMATCHED, unmatched),
    ):  # fmt: skip
        rows = {row for item in work.open(kind) for row in item.rows}
        assert rows
        assert rows <= expected_ids, kind
    assert {r for item in work.open(OpenKind.UNMATCHED) for r in item.rows} == unmatched


def test_the_rows_behind_a_figure_are_rows_of_its_table(
    opened: tuple[Workbench, sqlite3.Connection],
) -> None:
    bench, database = opened
    work = measured(bench, "BR01", SummaryPeriod.WEEK, bench.as_of)
    for table in ("events", "interactions", "referrals", "visits", "complaints"):
        known = {row[0] for row in database.execute(f"select id from {table}")}
        figures = [figure for figure in work.figures.values() if figure.table == table]
        assert figures
        for figure in figures:
            assert known.issuperset(figure.rows), figure.name
            if figure.unit == "count" and figure.name != "contacted_customers":
                assert len(figure.rows) == figure.value, figure.name


def test_targets_of_the_month_are_those_of_the_owner_and_say_what_cannot_be_told(
    opened: tuple[Workbench, sqlite3.Connection],
) -> None:
    bench, database = opened
    work = measured(bench, "S1002", SummaryPeriod.WEEK, bench.as_of)
    given = dict(
        database.execute(
            "select kpi, value from targets where owner_id = 'S1002' and period = '2026-11'"
        ).fetchall()
    )
    assert {target.kpi: target.target for target in work.targets} == given
    month = measured(bench, "S1002", SummaryPeriod.MONTH, bench.as_of)
    reached = {target.kpi: target for target in work.targets}
    assert reached["maturity_retention"].done is not None
    assert reached["maturity_retention"].done.value == month.figures["retention"].value
    for target in work.targets:
        assert (target.done is None) == bool(target.missing), target.kpi
        if target.kind is TargetKind.FLOW and target.done and target.done.value is not None:
            assert target.on_track == (target.done.value >= target.target * 15 / 21)
    assert reached["intermediary_income"].missing == "数据中没有中间业务收入"


def test_the_evaluation_finds_every_figure_and_notices_a_false_one(
    opened: tuple[Workbench, sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _ = opened
    week = [SummaryRequest(SummaryPeriod.WEEK, staff_id=staff_id) for staff_id in STAFF]
    week += [SummaryRequest(SummaryPeriod.WEEK, branch_id=branch) for branch in (*BRANCHES, "HQ")]
    report = evaluate_summaries(bench, lambda step, done, total: None, week)
    assert report.metrics["figures_recomputed_equal"].value == 1.0
    assert report.metrics["figures_recomputed_equal"].den > 500
    assert report.metrics["texts_that_pass"].value == 1.0

    monkeypatch.setattr(work_measures, "customers", len)
    one = [SummaryRequest(SummaryPeriod.MONTH, staff_id="S1002")]
    report = evaluate_summaries(bench, lambda step, done, total: None, one)
    assert {miss["figure"] for miss in report.misses} == {"contacted_customers"}


def test_a_maturity_told_of_since_the_load_is_on_the_list(
    opened: tuple[Workbench, sqlite3.Connection],
) -> None:
    bench, database = opened
    (customer,) = database.execute(
        "select customer_id from customers where manager_id = 'S1002' order by 1 limit 1"
    ).fetchone()
    row = {
        "holding_id": "H-NEW", "customer_id": customer, "product_type": "deposit",
        "amount": 12_0000_00, "matures_on": date(2026, 11, 24), "currency": None,
    }  # fmt: skip
    live = LiveRows(1, {"holdings": (row,)})
    period = work_period(SummaryPeriod.DAY, bench.as_of)
    customers = frozenset({customer})
    before = read_snapshots(bench.generation, customers, period)[1][bench.as_of]
    after = read_snapshots(replace(bench.generation, live=live), customers, period)[1][bench.as_of]
    assert {holding.holding_id for holding in after} == {h.holding_id for h in before} | {"H-NEW"}
    assert sum(h.amount for h in after) - sum(h.amount for h in before) == 12_0000_00
