"""Plans of the sample bank: every figure recomputed apart from the code that gave it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from copilot.pipeline.plan import PlanRequest, draft_plan
from copilot.pipeline.seller import choose_seller
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel
from copilot.records.draft import AI_LABEL, INTERNAL_NOTICE
from copilot.records.plan import CheckedPlan
from copilot.settings import load_settings

CASES = [
    ("一季度增存5000万", None, "BR01"),
    ("代发客户基金定投", None, "BR02"),
    ("手机银行活跃提升10%", None, "BR03"),
    ("年底前开门红存款余额净增3亿", "tier.wealth", None),
    ("养老金开户200户", None, "BR02"),
    ("信用卡分期", None, None),
]


def plan(bench: Workbench, goal: str, **request: Any) -> CheckedPlan:
    found = draft_plan(bench, PlanRequest(goal, **request))
    assert isinstance(found, CheckedPlan), found
    return found


@pytest.fixture(scope="module")
def bank(sample_home: Path) -> Iterator[Workbench]:
    """The sample bank, opened once: plans only add records of themselves."""
    bench = Workbench.open(load_settings(data_dir=sample_home))
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def plans(bank: Workbench) -> dict[int, CheckedPlan]:
    return {
        number: plan(bank, goal, segment=segment, branch_id=branch, budget=5_0000_00)
        for number, (goal, segment, branch) in enumerate(CASES)
    }


def frame(path: Path) -> pd.DataFrame:
    return duckdb.read_parquet(str(path)).df()


@pytest.fixture(scope="module")
def tables(bank: Workbench) -> dict[str, pd.DataFrame]:
    names = ("customers", "interactions", "events", "holdings", "products", "targets",
             "transactions")  # fmt: skip
    found = {name: frame(bank.generation.parquet(name)) for name in names}
    build = bank.store.facts.feature_build(bank.generation.generation_id, bank.as_of)
    assert build is not None
    features = frame(build.directory / "features.parquet")
    branches = found["customers"][["customer_id", "branch_id"]]
    found["features"] = features.merge(branches, on="customer_id")
    found["reasons"] = frame(build.directory / "reasons.parquet")
    return found


def value(plan: CheckedPlan, name: str) -> Any:
    return plan.basis.metric(name).value


def scope_of(tables: dict[str, pd.DataFrame], branch: str | None) -> set[str]:
    customers = tables["customers"]
    chosen = customers if branch is None else customers[customers.branch_id == branch]
    return set(chosen.customer_id)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_plan_passes_the_checker_with_every_figure_grounded(
    plans: dict[int, CheckedPlan], number: int
) -> None:
    found = plans[number]

    assert found.result.verdict.allows_use, found.result.findings
    assert found.usable.value == "internal"
    assert AI_LABEL in found.report.label
    assert INTERNAL_NOTICE in found.report.label
    text = found.report.plain
    assert all(text.text[f.start : f.end] == f.text for f in text.figures)
    known = {f"metric.{name}" for name in found.basis.metrics}
    assert {f.source for f in text.figures if f.source.startswith("metric.")} <= known


@pytest.mark.parametrize("number", range(len(CASES)))
def test_sizes_of_groups_are_those_of_a_query_of_ones_own(
    plans: dict[int, CheckedPlan], tables: dict[str, pd.DataFrame], bank: Workbench, number: int
) -> None:
    _goal, _segment, branch = CASES[number]
    found, features = plans[number], tables["features"]
    mine = features[features.customer_id.isin(scope_of(tables, branch))]
    free = mine[~mine.profiling_refused.fillna(False).astype(bool)]
    reasons = tables["reasons"]

    def reason(code: str) -> set[str]:
        return set(reasons[reasons.code == code].customer_id) & set(free.customer_id)

    payday = pd.Timestamp(bank.as_of - timedelta(45))
    payroll = set(free[pd.to_datetime(free.salary_last_on) >= payday].customer_id)
    window = found.basis.goal.window
    held = tables["holdings"]
    due = pd.to_datetime(held.matures_on).between(
        pd.Timestamp(window.first), pd.Timestamp(window.last)
    )
    held = held[due & (held.as_of == held.as_of.max())]
    held = held[~held.product_type.isin(["loan", "credit_card"])]
    maturing = set(held.customer_id) & set(free.customer_id)
    few = free[(free.freq_90 > 0) & (free.sh_mobile.fillna(0) < 0.2)]
    wanted = {
        0: [maturing, reason("idle_demand") - maturing],
        1: [payroll],
        2: [set(few.customer_id)],
        3: [set(free[free.tier == "wealth"].customer_id)],
        4: [reason("no_pension")],
        5: [set(free[free.debt_card > 0].customer_id)],
    }[number]

    assert [set(g.customers) for g in found.basis.audience.groups] == wanted
    assert value(found, "audience.customers") == len(set().union(*wanted))
    assert value(found, "scope.customers") == len(mine)
    assert value(found, "scope.profiling_refused") == len(mine) - len(free)
    for group in found.basis.audience.groups:
        held = free[free.customer_id.isin(group.customers)].aum_total.sum()
        assert value(found, f"group.{group.audience_id}.assets") == held


@pytest.mark.parametrize("number", [0, 1, 5])
def test_the_bulk_gate_decides_like_the_gate_of_a_pitch(
    plans: dict[int, CheckedPlan], bank: Workbench, number: int
) -> None:
    reach = plans[number].basis.reach
    assigned = {one.customer_id: one for one in reach.assigned}
    customers = plans[number].basis.audience.customers

    assert len(assigned) + len(reach.held_out) + reach.excluded_customers == len(customers)
    compared = [who for who in customers if who not in set(reach.held_out)]
    for customer_id in compared[:: max(1, len(compared) // 5)]:
        file = bank.customer_file(customer_id)
        for channel in reach.channels:
            allowed = [
                product.product_code
                for product in reach.products
                if choose_seller(bank, product, file, channel)[1].allowed
            ]
            one = assigned.get(customer_id)
            if one is None:
                assert not allowed
            elif one.channel is channel:
                assert list(one.products) == allowed


def test_everybody_left_out_is_counted_under_the_rules_that_keep_them_out(
    bank: Workbench,
) -> None:
    found = plan(bank, "信用卡分期", branch_id="BR01")
    reach = found.basis.reach
    reached = {a.customer_id for a in reach.assigned} | set(reach.held_out)
    left_out = set(found.basis.audience.customers) - reached
    counted: Counter[str] = Counter()
    for customer_id in left_out:
        file = bank.customer_file(customer_id)
        refused = [
            {r.rule_id for r in choose_seller(bank, product, file, channel)[1].refusals}
            for product in reach.products
            for channel in reach.channels
        ]
        assert all(refused)
        counted.update(set.intersection(*refused))

    assert left_out
    assert reach.excluded == dict(counted)
    for rule, count in counted.items():
        assert value(found, f"excluded.{rule}") == count


@pytest.mark.parametrize("number", range(len(CASES)))
def test_past_conversion_and_forecast_are_those_of_a_query_of_ones_own(
    plans: dict[int, CheckedPlan], tables: dict[str, pd.DataFrame], bank: Workbench, number: int
) -> None:
    found, (_, _, branch) = plans[number], CASES[number]
    rows = tables["interactions"]
    day = pd.Timestamp(bank.as_of)
    rows = rows[
        rows["kind"].eq("marketing")
        & rows.outcome.notna()
        & (rows["at"] >= day - pd.Timedelta(days=365))
        & (rows["at"] < day + pd.Timedelta(days=1))
    ]
    own = rows[rows.customer_id.isin(scope_of(tables, branch))]
    total = 0.0
    for channel in found.basis.reach.channels:
        contacts = own[own.channel == channel.value]
        if len(contacts) < 30:
            contacts = rows[rows.channel == channel.value]
        accepted = (contacts.outcome == "accepted").sum()
        assert value(found, f"past.{channel.value}.contacts") == len(contacts)
        heads = sum(one.channel is channel for one in found.basis.reach.assigned)
        assert value(found, f"assigned.{channel.value}") == heads
        if channel is Channel.SMS:
            assert value(found, "past.sms.accepted") is None  # nobody answers a text message
            continue
        assert value(found, f"past.{channel.value}.accepted") == accepted / len(contacts)
        total += heads * accepted / len(contacts)
    assert value(found, "forecast.accepted") == round(total)
    low, high = value(found, "forecast.accepted_low"), value(found, "forecast.accepted_high")
    assert low <= round(total) <= high


@pytest.mark.parametrize("number", range(len(CASES)))
def test_standing_target_and_gap_are_recomputed(
    plans: dict[int, CheckedPlan], tables: dict[str, pd.DataFrame], bank: Workbench, number: int
) -> None:
    found, (_, _, branch) = plans[number], CASES[number]
    goal, scope = found.basis.goal, scope_of(tables, branch)
    if goal.kind == "mobile":
        moves = tables["transactions"]
        since = pd.Timestamp(bank.as_of - timedelta(30))
        recent = moves[(moves.channel == "mobile") & (pd.to_datetime(moves.txn_date) > since)]
        standing = recent[recent.customer_id.isin(scope)].customer_id.nunique()
    else:
        held = tables["holdings"]
        held = held[(held.as_of == held.as_of.max()) & held.customer_id.isin(scope)]
        held = held[held.product_type.isin([kind.value for kind in goal.product_types])]
        money = goal.measure.value == "amount"
        standing = held.amount.sum() if money else held.customer_id.nunique()
    assert value(found, "base.standing") == standing
    wanted = goal.value or (round(standing * goal.share) if goal.share else None)
    assert value(found, "goal.value") == wanted
    outcome = value(found, goal.outcome)
    if wanted is not None and outcome is not None:
        assert value(found, "goal.gap") == max(0, wanted - outcome)
    if goal.product_types:
        sold, ticket = value(found, "forecast.sales"), value(found, "past.ticket")
        if sold is not None and ticket is not None:
            assert value(found, "forecast.amount") == sold * ticket


def test_head_offices_target_is_taken_as_it_is_given(
    plans: dict[int, CheckedPlan], tables: dict[str, pd.DataFrame]
) -> None:
    given = tables["targets"]
    given = given[(given.period == "2026Q4") & (given.kpi == "deposit_point")]

    assert value(plans[3], "target.head_office") == given[given.owner_id.str.len() == 4].value.sum()
    gap = value(plans[3], "target.head_office") - value(plans[3], "base.standing")
    assert value(plans[3], "target.gap") == max(0, gap)
    assert "这一期间没有下达该项指标" in plans[0].basis.metric("target.head_office").missing


def test_the_trial_can_see_what_it_says_and_no_less(plans: dict[int, CheckedPlan]) -> None:
    from statsmodels.stats.power import NormalIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    for found in plans.values():
        treated, held = value(found, "trial.treated"), value(found, "trial.held_out")
        assert treated + held == value(found, "reach.assigned")
        base, mde = value(found, "trial.base"), value(found, "trial.mde")
        if mde is None:
            assert found.basis.metric("trial.mde").missing
            continue
        power = NormalIndPower().power(
            proportion_effectsize(base + mde, base), treated, 0.05, ratio=held / treated
        )
        assert power == pytest.approx(0.8, abs=1e-4)


def test_a_group_too_small_for_a_trial_says_so(bank: Workbench) -> None:
    found = plan(bank, "高净值客户流失挽回", branch_id="BR03")

    assert value(found, "reach.assigned") < 10
    assert "人数" in "\n".join(p for p in found.report.plain.text.split("\n") if "差别" in p)


def test_staffing_and_budget_add_up(plans: dict[int, CheckedPlan]) -> None:
    for found in plans.values():
        by_hand = [
            one for one in found.basis.reach.assigned
            if one.channel in (Channel.PHONE, Channel.WECOM)
        ]  # fmt: skip
        assert value(found, "effort.by_hand") == len(by_hand)
        assert sum(found.basis.managers.values()) == len([o for o in by_hand if o.staff_id])
        assert value(found, "budget.per_head") == 5_0000_00 // len(found.basis.reach.assigned)


def test_the_calendar_keeps_to_working_days_and_says_which_holidays_are_not_known(
    plans: dict[int, CheckedPlan],
) -> None:
    found = plans[0]

    assert all(task.start <= task.end for task in found.basis.calendar)
    assert all(task.start.weekday() < 5 for task in found.basis.calendar)
    assert not [t for t in found.basis.calendar if (t.start.month, t.start.day) == (1, 1)]
    assert any("2027年的放假安排不在数据中" in note for note in found.basis.notes)
    assert not any("放假" in note for note in plans[3].basis.notes)


def test_texts_for_customers_are_approved_and_numbered(plans: dict[int, CheckedPlan]) -> None:
    found = plans[0]

    assert {t.channel for t in found.basis.templates} >= {Channel.PHONE, Channel.SMS}
    assert all("示例行消审〔2026〕" in t.number for t in found.basis.templates)
    assert all(t.valid_to > found.basis.as_of for t in found.basis.templates)
    rules = [item.rule_id for item in found.basis.checklist]
    assert {"cn.gate.consent-marketing", "cn.deposit.gift"} <= set(rules)
    assert all(item.articles for item in found.basis.checklist)
