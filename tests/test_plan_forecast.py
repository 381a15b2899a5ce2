"""What a plan expects: purchases, the money on the list, the goal; each recomputed apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from copilot.pipeline.plan import PlanRequest, draft_plan
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel
from copilot.records.plan import CheckedPlan
from copilot.records.report import Paragraph
from copilot.settings import load_settings

QUARTER, BOND, KEPT = "一季度增存5000万", "年底前给退休客户推国债，300万", "12月到期承接率做到85%"


def value(plan: CheckedPlan, name: str) -> Any:
    return plan.basis.metric(name).value


@pytest.fixture(scope="module")
def bank(sample_home: Path) -> Iterator[Workbench]:
    bench = Workbench.open(load_settings(data_dir=sample_home))
    yield bench
    bench.close()


def plan(bench: Workbench, goal: str) -> CheckedPlan:
    found = draft_plan(bench, PlanRequest(goal, branch_id="BR01"))
    assert isinstance(found, CheckedPlan), found
    assert found.result.verdict.allows_use, found.result.findings
    return found


@pytest.fixture(scope="module")
def quarter(bank: Workbench) -> CheckedPlan:
    return plan(bank, QUARTER)


@pytest.fixture(scope="module")
def kept(bank: Workbench) -> CheckedPlan:
    return plan(bank, KEPT)


@pytest.fixture(scope="module")
def tables(bank: Workbench) -> dict[str, pd.DataFrame]:
    names = ("customers", "interactions", "events", "holdings", "targets")
    found = {n: duckdb.read_parquet(str(bank.generation.parquet(n))).df() for n in names}
    build = bank.store.facts.feature_build(bank.generation.generation_id, bank.as_of)
    assert build is not None
    for name in ("features", "reasons"):
        found[name] = duckdb.read_parquet(str(build.directory / f"{name}.parquet")).df()
    return found


def openings(tables: dict[str, pd.DataFrame], types: tuple[str, ...]) -> pd.DataFrame:
    """Each holding of the types once, with the day on which it began."""
    held = tables["holdings"].sort_values("as_of")
    first = held[held.opened_on.notna()].drop_duplicates("holding_id")
    return first[first.product_type.isin(types)].assign(opened=pd.to_datetime(first.opened_on))


def due(tables: dict[str, pd.DataFrame], first: date, last: date) -> pd.DataFrame:
    held = tables["holdings"]
    held = held[held.as_of == held.as_of.max()]
    held = held[~held.product_type.isin(["loan", "credit_card"])]
    days = pd.to_datetime(held.matures_on)
    return held[days.between(pd.Timestamp(first), pd.Timestamp(last))].assign(day=days)


def branch(tables: dict[str, pd.DataFrame]) -> set[str]:
    customers = tables["customers"]
    return set(customers[customers.branch_id == "BR01"].customer_id)


def test_nobody_of_the_control_group_is_on_a_list(quarter: CheckedPlan) -> None:
    reach = quarter.basis.reach
    treated = [one.customer_id for one in reach.assigned]
    channels = Counter(one.channel for one in reach.assigned)

    assert reach.held_out
    assert not set(treated) & set(reach.held_out)
    assert value(quarter, "reach.assigned") == len(treated) + len(reach.held_out)
    assert value(quarter, "trial.treated") == len(treated)
    for channel in reach.channels:
        assert value(quarter, f"assigned.{channel.value}") == channels[channel]
    by_hand = channels[Channel.PHONE] + channels[Channel.WECOM]
    assert sum(quarter.basis.managers.values()) == value(quarter, "effort.by_hand") == by_hand


def test_purchases_are_what_comes_by_itself_and_what_contacts_add(
    quarter: CheckedPlan, tables: dict[str, pd.DataFrame], bank: Workbench
) -> None:
    day, reach = pd.Timestamp(bank.as_of), quarter.basis.reach
    opened = openings(tables, ("deposit", "large_cd"))
    passed = {one.customer_id for one in reach.assigned} | set(reach.held_out)
    recent = opened[(opened.opened > day - pd.Timedelta(days=90)) & (opened.opened <= day)]
    natural = len(set(recent.customer_id) & passed) / len(passed)
    contacts = tables["interactions"]
    since, known = day - pd.Timedelta(days=365), day - pd.Timedelta(days=29)
    contacts = contacts[
        contacts["kind"].eq("marketing")
        & contacts.outcome.notna()
        & contacts["at"].between(since, known, inclusive="left")
        & contacts.customer_id.isin(branch(tables))
    ]
    pairs = contacts.reset_index().merge(opened, on="customer_id")
    days = (pairs.opened - pairs["at"].dt.normalize()).dt.days
    bought = contacts.reset_index()["index"].isin(set(pairs[days.between(0, 29)]["index"]))
    outcomes = contacts.reset_index().outcome
    yes, silent = outcomes.eq("accepted"), outcomes.eq("no_answer")
    lift = bought[yes].mean() - bought[silent].mean()

    assert value(quarter, "trial.base") == pytest.approx(natural)
    assert value(quarter, "past.sale_after_accept") == pytest.approx(bought[yes].mean())
    assert value(quarter, "past.lift") == pytest.approx(lift)
    added = round(value(quarter, "forecast.accepted") * max(0.0, lift))
    assert value(quarter, "forecast.natural") == round(len(reach.assigned) * natural)
    assert value(quarter, "forecast.uplift") == added
    assert value(quarter, "forecast.sales") == value(quarter, "forecast.natural") + added
    text = quarter.report.plain.text
    assert "预计成交＝自然成交＋触达增量" in text


def test_the_audience_and_its_money_are_of_the_days_of_the_campaign(
    quarter: CheckedPlan, tables: dict[str, pd.DataFrame]
) -> None:
    treated = {one.customer_id: one.staff_id for one in quarter.basis.reach.assigned}
    falling = due(tables, date(2027, 1, 1), date(2027, 3, 31))
    mine = falling[falling.customer_id.isin(treated)]
    idle = set(tables["reasons"][tables["reasons"].code == "idle_demand"].customer_id)
    features = tables["features"]
    lying = features[features.customer_id.isin(idle & set(treated))].idle_amount.sum()

    assert value(quarter, "potential.due") == mine.amount.sum()
    assert value(quarter, "potential.idle") == lying
    early = mine[mine.day < pd.Timestamp(quarter.basis.touch.first)]
    assert value(quarter, "potential.due_early") == early.amount.sum()
    stays = round(mine.amount.sum() * value(quarter, "past.retention"))
    moves = round(lying * value(quarter, "forecast.sales") / len(treated))
    assert value(quarter, "potential.total") == stays + moves
    split = mine.groupby([mine.customer_id.map(treated), mine.day.dt.strftime("%Y-%m")])
    for (staff_id, month), amount in split.amount.sum().items():
        assert value(quarter, f"due.{staff_id}.{month}") == amount


def test_a_goal_out_of_reach_comes_with_one_that_is_not(quarter: CheckedPlan) -> None:
    total = value(quarter, "potential.total")

    assert value(quarter, "goal.gap") == 5000_0000_00 - total
    assert value(quarter, "goal.feasible") == total // 10_0000_00 * 10_0000_00
    shown = quarter.basis.metric("goal.feasible").shown
    assert f"按现有名单做不到，建议目标{shown}" in quarter.report.plain.text


def test_the_same_goal_in_other_words_gives_the_same_figures(
    bank: Workbench, quarter: CheckedPlan
) -> None:
    again = plan(bank, "开门红存款净增半个亿")

    assert again.basis.metrics == quarter.basis.metrics
    assert again.basis.reach == quarter.basis.reach


def test_a_goal_of_retention_is_measured_against_what_matures(
    kept: CheckedPlan, tables: dict[str, pd.DataFrame]
) -> None:
    falling = due(tables, date(2026, 12, 1), date(2026, 12, 31))
    amount = falling[falling.customer_id.isin(branch(tables))].amount.sum()
    log = tables["events"]
    log = log[(log["kind"] == "maturity_followup") & log.note.isin(["承接", "流失"])]
    log = log[log.customer_id.isin(branch(tables))]
    rate = log[log.note == "承接"].amount.sum() / log.amount.sum()

    assert value(kept, "due.all") == amount
    assert value(kept, "past.retention") == pytest.approx(rate)
    assert value(kept, "goal.value") == round(amount * 0.85)
    assert value(kept, "goal.gap") == round(amount * 0.85) - round(amount * rate)


@pytest.mark.parametrize("goal", [QUARTER, BOND, "年底前理财500万", "12月结构性存款200万"])
def test_every_product_can_be_bought_while_customers_are_approached(
    bank: Workbench, goal: str
) -> None:
    basis = plan(bank, goal).basis

    for product in basis.reach.products:
        assert product.sale_to is None or product.sale_to >= basis.touch.first
        assert product.sale_from is None or product.sale_from <= basis.touch.last
    late = [off for off in basis.reach.off_sale if off.product.sale_to]
    assert late
    assert all(off.why for off in late)


def test_a_plan_whose_product_is_off_sale_says_so_first(bank: Workbench) -> None:
    found = plan(bank, BOND)
    blocks = found.report.sections[0].blocks
    opening = "\n".join(block.text for block in blocks if isinstance(block, Paragraph))

    assert not found.basis.reach.assigned
    assert (
        "11月27日停售，赶不上触达期（12月1日起）；须提前到11月27日前触达，或等下一期公告" in opening
    )


def test_head_offices_target_is_named_and_of_the_same_time(
    kept: CheckedPlan, bank: Workbench, tables: dict[str, pd.DataFrame]
) -> None:
    given = tables["targets"]
    given = given[(given.owner_id == "BR01") & (given.kpi == "deposit_point")]
    month = plan(bank, "12月增存500万")

    assert "总行2026年12月“到期承接率”指标：82.0%（照录，未作改动）" in kept.report.plain.text
    assert value(month, "target.head_office") == given[given.period == "2026-12"].value.iloc[0]
    assert "总行2026年12月“储蓄时点”指标：1.15亿元" in month.report.plain.text


def test_every_product_has_a_text_for_each_channel_or_is_said_to_have_none(
    quarter: CheckedPlan,
) -> None:
    basis = quarter.basis
    used = {one.channel for one in basis.reach.assigned}

    for channel in used:
        stated = {c for t in basis.templates if t.channel is channel for c in t.products}
        assert stated == {product.product_code for product in basis.reach.products}
    assert {t.audience for t in basis.templates} == {"到期客户", "不限"}


def test_texts_for_the_named_customers_come_first(bank: Workbench) -> None:
    found = plan(bank, "退休客户增存500万")

    assert "退休客户" in {t.audience for t in found.basis.templates}
    assert found.basis.audience.groups[0].audience_id == "life_stage.retired"


def test_the_document_reads_like_a_banks(quarter: CheckedPlan) -> None:
    text = quarter.report.plain.text

    assert f"目标原文：{QUARTER}" in text
    assert "至少间隔30天" in text
    for word in ("门禁", "条号", "cn.gate", "没有看懂", "隔够"):
        assert word not in text


def test_the_overview_says_on_what_the_forecast_rests(bank: Workbench) -> None:
    daily = plan(bank, "12月储蓄日均提升8%").report
    fund = plan(bank, "年底前基金定投新增30户").report
    opening = [
        "".join(block.text for block in report.sections[0].blocks if isinstance(block, Paragraph))
        for report in (daily, fund)
    ]

    assert "没有日均余额数据，按时点余额计算。" in opening[0]
    assert "总行2026年12月“储蓄日均”指标" in daily.plain.text
    assert "转化率不分产品，公募基金没有单独记录，仅供参考。" in opening[1]


def test_a_goal_already_reached_has_no_gap(bank: Workbench) -> None:
    found = plan(bank, "年底前存款余额达到1亿")

    assert value(found, "goal.value") == 0
    assert "现状已达到目标写明的水平" in found.report.plain.text
