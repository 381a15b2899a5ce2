"""The list for today: why, whether what falls due renews, what to do, and who is only served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from copilot.cli.today import present
from copilot.pipeline.today import CallList, call_today
from copilot.pipeline.workbench import Workbench
from copilot.settings import load_settings
from tests.shell import Shell


@pytest.fixture
def listed(bench: Workbench) -> CallList:
    return call_today(bench, "BR01", 10)


def test_who_may_not_be_offered_anything_is_still_told_of_a_maturity(listed: CallList) -> None:
    served = {call.customer_id: call for call in listed.service}
    assert "C001453" in served
    assert "C001453" not in {call.customer_id for call in listed.calls}
    assert served["C001453"].service_only == "22天前婉拒过"
    assert served["C001453"].product_type == "gov_bond"
    assert "由客户决定" in served["C001453"].action


def test_everybody_whose_money_falls_due_today_is_among_those_due(
    bench: Workbench, listed: CallList
) -> None:
    import duckdb

    holdings = str(bench.generation.parquet("holdings"))
    found = duckdb.execute(
        "select distinct customer_id from read_parquet(?) where as_of = ? and matures_on = ?"
        " and product_type not in ('loan', 'credit_card')",
        [holdings, bench.as_of, bench.as_of],
    ).fetchall()
    branch = set(bench.store.customers(bench.principal).ids("BR01"))
    due = {call.customer_id for call in listed.due_today}
    assert due == {customer_id for (customer_id,) in found} & branch
    assert due & {call.customer_id for call in listed.calls}
    assert due & {call.customer_id for call in listed.service}


def test_a_line_names_what_falls_due_whether_it_renews_and_what_to_do(
    listed: CallList, shell: Shell, sample_home: Path
) -> None:
    assert all(call.action for call in (*listed.calls, *listed.service))
    maturing = [call for call in listed.calls if call.reason_code.startswith("maturity")]
    assert {call.product_type for call in maturing} >= {"deposit"}
    deposits = [call for call in maturing if call.product_type == "deposit"]
    assert all(call.renews is not None for call in deposits)
    _, out, _ = shell("today", "--branch", "BR01", "--data-dir", sample_home)
    assert "今天有一笔15万元定期到期（未约定自动转存）\n    → 问清用途" in out
    assert "到期服务（只告知到期和办理办法，不作营销）" in out
    assert re.search(r"C001453）  管户 S1002  22天前婉拒过\n    今天有一笔1万元储蓄国债到期", out)


def test_the_lobby_reads_no_amounts_of_those_who_are_served(sample_home: Path) -> None:
    bench = Workbench.open(load_settings(data_dir=sample_home), staff_id="S1004")
    shown = present(call_today(bench))
    bench.close()
    assert "不作营销" in shown
    assert not re.search(r"\d[\d.,]*万?元", shown)


def test_what_is_nearly_a_threshold_is_not_rounded_to_it(bench: Workbench) -> None:
    lines = [call.reason for call in call_today(bench, "BR02", 40).calls if "降档" in call.reason]
    assert "月均资产达到潜力客户标准，目前4.82万元，低于5万元，可能降档" in lines
