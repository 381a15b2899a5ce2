"""Work summaries as a banker reads them: right words, the point hit, nothing trivial or divided."""

from __future__ import annotations

import re
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from copilot.drafting.summary_values import summary_values
from copilot.metrics.work_period import work_period
from copilot.pipeline.summary import Summary
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import SummaryPeriod
from copilot.records.metric import Unit
from copilot.records.report import Table
from copilot.records.staff import Branch
from copilot.records.work import Measured, OpenKind, Subject, Window, Work
from tests.work_log import DAY, MONTH, WEEK, sentences, summary


def told(written: Summary, name: str) -> str:
    return str(sentences(written)[name]["text"])


def target_rows(written: Summary) -> dict[str, tuple[str, ...]]:
    """The lines of the table of targets by what is measured, as texts."""
    tables = [block for block in written.report.blocks if isinstance(block, Table)]
    table = next(table for table in tables if "目标进度" in table.title)
    rows = [tuple(c if isinstance(c, str) else c.text for c in row) for row in table.rows]
    return {row[0]: row[1:] for row in rows}


def test_one_sale_is_not_called_all_of_them(sample_home: Path) -> None:
    written = summary(sample_home, "S1002", WEEK, as_of=date(2026, 11, 18))
    assert told(written, "二 products") == "产品成交：1笔，为存款。"
    assert told(summary(sample_home, "S1002", WEEK), "二 products") == "产品成交：2笔均为存款。"


def test_what_there_was_none_of_is_named(bench: Workbench) -> None:
    assert told(summary(bench, "S1002", DAY), "一 contacts").endswith("上一工作日没有联系客户。")


def test_complaints_over_their_ceiling_do_not_read_as_praise(bench: Workbench) -> None:
    over = target_rows(summary(bench, "BR01", WEEK))["投诉（控制数）"]
    assert over == ("不超过0件", "3件", "—", "未达目标（超出控制数）")
    assert target_rows(summary(bench, "S3003", WEEK))["投诉（控制数）"][-1] == "控制数内"


@pytest.mark.parametrize("owner", ["BR01", "BR02", "BR03", "HQ", "S1002", "S2003"])
def test_rates_of_targets_can_be_computed_again_from_the_page(bench: Workbench, owner: str) -> None:
    recomputed = 0
    for label, (target, done, rate, _) in target_rows(summary(bench, owner, MONTH)).items():
        if target.endswith("万元") and done.endswith("万元"):
            share = float(done[:-2]) / float(target[:-2])
            assert float(rate[:-1]) == pytest.approx(share * 100, abs=0.06), label
            recomputed += 1
    assert recomputed >= 2


def test_small_changes_beside_large_ones_are_not_named(bench: Workbench) -> None:
    text = told(summary(bench, "S1003", MONTH), "二 balance")
    assert text.endswith("变动较大的是存款减少64.61万元。")


def test_a_referral_marked_as_sold_without_a_sale_in_the_log_is_to_be_checked(
    copied: Path, log: sqlite3.Connection
) -> None:
    before = summary(copied, "S1002", DAY)
    assert "今日没有成交" in told(before, "一 sales")
    assert told(before, "二 referrals").endswith("（工作记录中没有对应的成交，待核对）。")
    assert told(summary(copied, "S1002", WEEK), "四 unmatched").endswith("：C001600。")

    log.execute(
        "insert into events (id, staff_id, at, kind, customer_id, product_code, amount) values"
        " ('E9', 'S1002', '2026-11-20 16:00:00.000000', 'sale', 'C001600', 'DEP-1Y', 100)"
    )
    after = summary(copied, "S1002", DAY)
    assert "核对" not in after.report.plain.text


@pytest.mark.parametrize("owner", ["S1002", "BR02", "HQ"])
@pytest.mark.parametrize("period", [DAY, WEEK, MONTH])
def test_every_target_that_lags_is_among_the_problems(
    bench: Workbench, owner: str, period: Any
) -> None:
    written = summary(bench, owner, period)
    problems = "".join(
        sentence["text"] for name, sentence in sentences(written).items() if name[0] == "三"
    )
    lagging = [target.label for target in written.work.targets if target.on_track is False]
    assert lagging
    assert not [label for label in lagging if label not in problems]


def test_money_that_left_is_a_problem_with_names_and_a_day(
    copied: Path, log: sqlite3.Connection
) -> None:
    before = summary(copied, "BR01", MONTH)
    problem = told(before, "三 lost")
    assert "4笔、226万元" in problem
    assert "承接率最低的是周海峰（33.5%）" in problem
    assert "到期承接率54%（应承接491.4万元、承接265.4万元），目标82%" in told(
        before, "三 target.share"
    )
    step = sentences(before)["四 lost"]
    assert "11月27日前" in step["text"]
    assert "周海峰回访C001526" in step["text"]

    lost = step["rows"]["events"]
    log.executemany("delete from events where id = ?", [[event] for event in lost])
    after = summary(copied, "BR01", MONTH)
    assert "四 lost" not in sentences(after)
    assert "1笔" in told(after, "三 lost"), "the one that nobody may call stays a problem"


def test_the_step_for_a_target_says_whom_to_call_until_when(bench: Workbench) -> None:
    written = summary(bench, "S1002", WEEK)
    step = sentences(written)["四 gap.aum_net"]
    assert "按现有进度月末约81.29万元，难以完成" in step["text"]
    assert "11月27日前联系C" in step["text"]
    assert step["rows"]
    settled = told(written, "四 gap")
    assert "期交保费（还差25万元）、养老金缴存户（还差8户）" in settled
    assert "难以完成" in settled
    assert "日均需" not in written.report.plain.text


def test_prospects_may_be_contacted_and_are_the_managers_own(bench: Workbench) -> None:
    from copilot.profiles import read_profile

    work = summary(bench, "S1003", MONTH).work
    prospects = [item for item in work.open_items if item.kind is OpenKind.PROSPECT]
    assert {item.kpi for item in prospects} >= {"aum_net", "insurance_premium"}
    for item in prospects:
        customer = bench.store.customers(bench.principal).get(item.customer_id)
        assert customer.manager_id == "S1003"
        profile = read_profile(bench.store, bench.principal, item.customer_id)
        assert profile.features["contact_ok"].value is True


def test_a_day_without_profiles_names_nobody(sample_home: Path) -> None:
    work = summary(sample_home, "S1002", WEEK, as_of=date(2026, 11, 13)).work
    assert not [item for item in work.open_items if item.kind is OpenKind.PROSPECT]


def test_a_share_that_is_praised_stands_with_its_parts_and_rests_on_enough(
    bench: Workbench,
) -> None:
    praised = told(summary(bench, "BR01", MONTH), "二 best_target")
    assert "本月接通率80%（外呼20次、接通16次）" in praised
    assert "接通率" not in told(summary(bench, "S1002", WEEK), "二 best_target")


def test_periods_of_more_workdays_are_compared_by_the_day(bench: Workbench) -> None:
    written = summary(bench, "BR01", MONTH)
    assert told(written, "一 referrals") == "转介42笔，日均2.8笔，低于上月同期的3笔。"
    assert "本月15个工作日，上月同期10个工作日" in told(written, "一 workdays")
    assert not re.search("增长[0-9]", written.report.plain.text)


def test_a_branch_manager_reads_of_the_branchs_targets(bench: Workbench) -> None:
    written = summary(bench, "S1001", WEEK)
    text = written.report.plain.text
    assert "支行本月目标17项" in text
    assert "没有发现" not in text
    assert "李晓雯处理C001694" in told(written, "四 complaint")
    branch = summary(bench, "BR01", WEEK)
    assert target_rows(written) == target_rows(branch)


def test_head_office_sums_up_the_whole_bank(bench: Workbench) -> None:
    written = summary(bench, "HQ", WEEK)
    assert written.report.title.startswith("示例银行总行（全行）工作周报")
    table = next(block for block in written.report.blocks if isinstance(block, Table))
    assert [row[0] for row in table.rows] == [
        "城东支行（BR01）", "滨江支行（BR02）", "高新支行（BR03）",
    ]  # fmt: skip
    assert "城东支行" in told(written, "四 complaint")


def test_early_in_the_month_nothing_that_adds_up_lags(sample_home: Path) -> None:
    text = summary(sample_home, "S1002", WEEK, as_of=date(2026, 11, 3)).report.plain.text
    assert "破零" not in text
    assert "进度落后" not in text


def test_a_finished_month_is_judged_as_a_whole(sample_home: Path) -> None:
    written = summary(sample_home, "BR02", MONTH, as_of=date(2026, 10, 31))
    assert told(written, "三 target.flow").startswith("全月未完成：AUM净增完成561.18万元")
    assert not [name for name in sentences(written) if name.startswith("四 gap")]


@pytest.mark.parametrize(
    ("kind", "day", "first", "previous", "complete"),
    [
        ("day", "2026-11-16", "2026-11-16", ("2026-11-13", "2026-11-13"), True),
        ("day", "2026-10-08", "2026-10-08", ("2026-09-30", "2026-09-30"), True),
        ("week", "2026-11-20", "2026-11-16", ("2026-11-09", "2026-11-13"), False),
        ("week", "2026-11-15", "2026-11-09", ("2026-11-02", "2026-11-08"), True),
        ("month", "2026-11-20", "2026-11-01", ("2026-10-01", "2026-10-20"), False),
        ("month", "2026-03-31", "2026-03-01", ("2026-02-01", "2026-02-28"), True),
        ("month", "2026-03-30", "2026-03-01", ("2026-02-01", "2026-02-28"), False),
        ("month", "2026-01-05", "2026-01-01", ("2025-12-01", "2025-12-05"), False),
    ],
)
def test_a_period_is_compared_with_an_equal_one(
    kind: str, day: str, first: str, previous: tuple[str, str], complete: bool
) -> None:
    period = work_period(SummaryPeriod(kind), date.fromisoformat(day))
    assert period.window == Window(date.fromisoformat(first), date.fromisoformat(day))
    assert period.previous == Window(*map(date.fromisoformat, previous))
    assert period.complete is complete


COMPARISONS = [
    (12, 12, Unit.COUNT, "与上周同期持平"),
    (12, 10, Unit.COUNT, "比上周同期增加2次，增长20%"),
    (6, 9, Unit.COUNT, "比上周同期减少3次，下降33.3%"),
    (3, 1, Unit.COUNT, "比上周同期增加2次"),
    (0, 9, Unit.COUNT, "比上周同期减少9次，下降100%"),
    (3, 0, Unit.COUNT, "上周同期没有"),
    (0, 0, Unit.COUNT, "与上周同期持平"),
    (50_0000_00, 5_0000_00, Unit.FEN, "比上周同期增加45万元"),
    (5_0000_00, 8_1234_56, Unit.FEN, "比上周同期减少3.12万元，下降38.4%"),
    (5_0000_01, 5_0000_00, Unit.FEN, "与上周同期持平"),
    (0.85, 0.78, Unit.RATIO, "比上周同期上升7个百分点"),
    (0.78, 0.85, Unit.RATIO, "比上周同期下降7个百分点"),
]


@pytest.mark.parametrize(("value", "previous", "unit", "words"), COMPARISONS)
def test_comparisons_read_as_people_write_them(
    value: float, previous: float, unit: Unit, words: str
) -> None:
    assert _values(value, previous, unit)["figure.versus"].text == words


def test_without_a_period_before_there_is_no_comparison() -> None:
    assert "figure.versus" not in _values(3, None, Unit.COUNT)


def _values(value: float, previous: float | None, unit: Unit) -> dict[str, Any]:
    period = work_period(WEEK, date(2026, 11, 20))
    counter = "次" if unit is Unit.COUNT else ""
    figure = Measured("figure", "外呼", value, unit, counter, "", "events", period.window, (),
                      previous)  # fmt: skip
    work = Work(Subject(Branch("BR01", "城东支行")), period, {"figure": figure})
    return summary_values(work)
