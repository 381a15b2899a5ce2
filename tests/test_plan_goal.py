"""Goals in plain words: what is understood, what is assumed, what is refused and by which rule."""

from __future__ import annotations

from datetime import date

import pytest

from copilot.errors import InputError
from copilot.metrics.plan_catalogue import load_catalogue
from copilot.pipeline.plan_goal import LONGEST_GOAL, parse_goal, without_work_ratios
from copilot.records.plan import Goal, GoalMeasure

TODAY = date(2026, 11, 20)


def goal(text: str, segment: str | None = None) -> Goal:
    return parse_goal(text, load_catalogue(), TODAY, segment)


@pytest.mark.parametrize(
    ("text", "kind", "value", "share", "measure"),
    [
        ("一季度增存5000万", "deposit", 5000_0000_00, None, GoalMeasure.AMOUNT),
        ("年底前开门红存款余额净增3亿", "deposit", 3_0000_0000_00, None, GoalMeasure.AMOUNT),
        ("明年3月底前增存1.5亿元", "deposit", 1_5000_0000_00, None, GoalMeasure.AMOUNT),
        ("代发客户基金定投", "fund", None, None, GoalMeasure.AMOUNT),
        ("高净值客户流失挽回", "retention", None, None, GoalMeasure.AMOUNT),
        ("手机银行活跃提升10%", "mobile", None, 0.1, GoalMeasure.CUSTOMERS),
        ("信用卡分期", "card_instalment", None, None, GoalMeasure.CUSTOMERS),
        ("１２月新增养老金２００户", "pension", 200, None, GoalMeasure.CUSTOMERS),
        ("保险期交500万", "insurance", 500_0000_00, None, GoalMeasure.AMOUNT),
        ("大额存单增加2000万", "large_cd", 2000_0000_00, None, GoalMeasure.AMOUNT),
    ],
)
def test_kind_and_number_of_a_goal_are_understood(
    text: str, kind: str, value: int | None, share: float | None, measure: GoalMeasure
) -> None:
    found = goal(text)

    assert (found.kind, found.value, found.share, found.measure) == (kind, value, share, measure)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("一季度增存5000万", date(2027, 1, 1), date(2027, 3, 31)),
        ("四季度增存5000万", date(2026, 11, 21), date(2026, 12, 31)),
        ("2027年二季度增存5000万", date(2027, 4, 1), date(2027, 6, 30)),
        ("年底前增存5000万", date(2026, 11, 21), date(2026, 12, 31)),
        ("12月增存5000万", date(2026, 12, 1), date(2026, 12, 31)),
        ("明年3月底前增存1亿", date(2026, 11, 21), date(2027, 3, 31)),
        ("月底前增存100万", date(2026, 11, 21), date(2026, 11, 30)),
        ("三个月内增存100万", date(2026, 11, 21), date(2027, 2, 18)),
        ("2周内增存100万", date(2026, 11, 21), date(2026, 12, 4)),
        ("增存100万", date(2026, 11, 21), date(2027, 1, 15)),
    ],
)
def test_the_time_of_a_goal_is_understood_from_the_business_date(
    text: str, first: date, last: date
) -> None:
    window = goal(text).window

    assert (window.first, window.last) == (first, last)


def test_words_for_customers_are_combined_and_everything_assumed_is_said() -> None:
    found = goal("高净值客户流失挽回")

    assert set(found.audiences) == {"declining", "high_value"}
    assert found.named_audience
    assert any("没有写明期限" in line for line in found.assumed)
    assert any("没有写明数量" in line for line in found.assumed)


def test_what_was_not_understood_is_said() -> None:
    assert goal("三个月内代发客户理财2000万，参考鼎盛模式").ignored == ("参考鼎盛模式",)
    assert goal("一季度增存5000万").ignored == ()


@pytest.mark.parametrize("text", ["", "   ", "今天天气不错", "qwerty", "增存" * LONGEST_GOAL])
def test_a_goal_that_says_nothing_is_an_error_with_a_way_on(text: str) -> None:
    with pytest.raises(InputError) as error:
        goal(text)

    assert error.value.field == "goal"
    assert error.value.next


@pytest.mark.parametrize("text", ["三月份卖出基金-500万", "存款增长负10%", "增存－3000万"])
def test_a_goal_below_zero_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="负数") as error:
        goal(text)

    assert "--goal" in error.value.next


@pytest.mark.parametrize("text", ["11-12月增存5000万", "2026-2027年增存1亿", "DEP-3Y增存100万"])
def test_a_hyphen_between_figures_or_in_a_code_is_no_minus(text: str) -> None:
    assert goal(text).kind == "deposit"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("年底前到期承接率做到90%", "年底前到期承接率"),
        ("转介成功率提高５个百分点", "转介成功率"),
        ("年底前客户满意率达到98.5%，增存3000万", "年底前客户满意率,增存3000万"),
        ("年底前理财收益率做到5%", "年底前理财收益率做到5%"),
        ("承接率高，保证收益5%", "承接率高,保证收益5%"),
    ],
)
def test_the_ratios_of_ones_own_work_are_no_returns(text: str, read: str) -> None:
    assert without_work_ratios(text) == read


def test_every_prohibition_names_a_rule_that_exists_and_catches_its_own_words() -> None:
    from copilot.compliance import load_checker
    from copilot.paths import shipped

    known = {rule.id for rule in load_checker(None, shipped("knowledge")).pack.rules}

    for prohibition in load_catalogue().prohibited:
        assert prohibition.rule in known
        assert prohibition.found_in("，".join(words[0] for words in prohibition.all_of))


@pytest.mark.parametrize(
    "text", ["一季度增存5000万开门红", "老年客户大额存单", "高净值客户私行理财", "贷款客户手机银行"]
)
def test_an_ordinary_goal_is_not_prohibited(text: str) -> None:
    assert not [p.rule for p in load_catalogue().prohibited if p.found_in(text)]


def test_winning_payroll_is_planned_among_customers_who_have_none() -> None:
    found = goal("拉新代发50户")

    assert (found.kind, found.value, found.audiences) == ("payroll_new", 50, ("no_payroll",))
    assert any("行外的单位和个人不在数据中" in line for line in found.assumed)
    assert goal("代发客户留存").audiences == ("payroll",)


def test_a_goal_about_people_who_are_no_customers_is_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match="行外客户") as refused:
        goal("三个月拉新500户")
    assert "拉新代发50户" in str(refused.value)
