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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("增存5千万", 5000_0000_00),
        ("存款增加3千5百万", 3500_0000_00),
        ("今年存款净增两亿五", 2_5000_0000_00),
        ("增存半个亿", 5000_0000_00),
        ("增存1.2个亿", 1_2000_0000_00),
        ("增存5000w", 5000_0000_00),
        ("存款增加一亿半", 1_5000_0000_00),
        ("增存两千零五万元", 2005_0000_00),
        ("信用卡分期200万", 200_0000_00),
        ("DEP-3Y增存100万", 100_0000_00),
        ("三年期国债卖300万", 300_0000_00),
        ("一户一策，增存100万", 100_0000_00),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, value: int) -> None:
    found = goal(text)

    assert (found.value, found.measure) == (value, GoalMeasure.AMOUNT)
    assert not any("没有写明数量" in line for line in found.assumed)


@pytest.mark.parametrize(
    ("text", "value", "counter"),
    [("信用卡分期新增100笔", 100, "笔"), ("养老金开户1千2百户", 1200, "户"),
     ("基金定投新增80位", 80, "位"), ("保险新增30单", 30, "单")],
)  # fmt: skip
def test_a_count_keeps_its_measure_word(text: str, value: int, counter: str) -> None:
    found = goal(text)

    assert (found.value, found.counter) == (value, counter)
    assert found.measure is GoalMeasure.CUSTOMERS


@pytest.mark.parametrize(
    "text",
    ["增存5000", "增存几千万", "增存5000多万", "增存2亿5000", "增存三千五万", "增存3000到5000万",
     "增存上亿元", "增存0元", "存款增长0%"],
)  # fmt: skip
def test_a_number_that_is_not_understood_is_never_dropped(text: str) -> None:
    with pytest.raises(InputError, match="目标里的数量"):
        goal(text)


def test_a_level_to_reach_is_told_from_what_is_to_be_added() -> None:
    assert goal("存款余额达到1.2亿").level
    assert not goal("增存达到5000万").level


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("开门红增存5000万", date(2027, 1, 1), date(2027, 3, 31)),
        ("明年开门红增存5000万", date(2027, 1, 1), date(2027, 3, 31)),
        ("年底前开门红增存5000万", date(2026, 11, 21), date(2026, 12, 31)),
        ("下个月增存500万", date(2026, 12, 1), date(2026, 12, 31)),
        ("下周增存50万", date(2026, 11, 23), date(2026, 11, 29)),
        ("下周五前增存50万", date(2026, 11, 21), date(2026, 11, 27)),
        ("三天内增存50万", date(2026, 11, 21), date(2026, 11, 23)),
        ("春节前增存500万", date(2026, 11, 21), date(2027, 2, 5)),
        ("十二月增存500万", date(2026, 12, 1), date(2026, 12, 31)),
        ("12月15日前增存500万", date(2026, 11, 21), date(2026, 12, 15)),
        ("明年1-2月增存500万", date(2027, 1, 1), date(2027, 2, 28)),
        ("明年上半年增存500万", date(2027, 1, 1), date(2027, 6, 30)),
        ("下季度增存500万", date(2027, 1, 1), date(2027, 3, 31)),
        ("半年内增存500万", date(2026, 11, 21), date(2027, 5, 21)),
    ],
)
def test_words_of_time_that_branches_use_are_understood(text: str, first: date, last: date) -> None:
    found = goal(text)

    assert (found.window.first, found.window.last) == (first, last)
    assert found.value


@pytest.mark.parametrize(
    "text",
    ["2025年一季度增存5000万", "昨天增存500万", "上个月增存500万", "今年一季度增存500万",
     "去年增存500万", "今天增存500万", "2026年春节前增存500万"],
)  # fmt: skip
def test_a_time_gone_by_is_refused_with_its_days(text: str) -> None:
    with pytest.raises(InputError, match="期间已经过去（20"):
        goal(text)


@pytest.mark.parametrize("text", ["尽快增存500万", "每月增存100万", "旺季增存500万"])
def test_words_of_time_that_are_not_understood_are_named(text: str) -> None:
    with pytest.raises(InputError, match=f"时间看不懂：“{text[:2]}”"):
        goal(text)


def test_words_of_time_left_over_are_named_beside_the_one_taken() -> None:
    assert goal("一季度增存500万，每周复盘").ignored == ("每周复盘",)
    assert goal("一季度存款较年初增长8%").ignored == ("较年初",)


def test_several_goals_in_one_sentence_are_listed() -> None:
    with pytest.raises(InputError, match="一句里有三个目标，请分开写") as error:
        goal("一季度增存5000万，同时发展代发100户，保险期交50万")

    for part in ("“一季度增存5000万”", "“发展代发100户”", "“保险期交50万”"):
        assert part in str(error.value)


@pytest.mark.parametrize("text", ["一季度增存，同时做好到期承接", "存款增长500万和保险期交50万"])
def test_two_goals_are_two(text: str) -> None:
    with pytest.raises(InputError, match="一句里有两个目标"):
        goal(text)


@pytest.mark.parametrize(
    ("text", "audiences"),
    [
        ("年底前给退休客户推国债，300万", ("life_stage.retired",)),
        ("退休职工增存500万", ("life_stage.retired",)),
        ("退休客户到期承接", ("maturing", "life_stage.retired")),
        ("60岁以上客户增存200万", ("age.60_",)),
        ("三十到四十五岁客户基金100万", ("age.30_45",)),
        ("资产50万以上的客户增存300万", ("assets.500000_",)),
        ("私行客户增存500万", ("private",)),
        ("老客户增存500万", ("maturing", "idle")),
    ],
)
def test_customers_that_are_named_are_the_audience(text: str, audiences: tuple[str, ...]) -> None:
    assert goal(text).audiences == audiences


@pytest.mark.parametrize(
    ("text", "words"),
    [("小微企业主增存500万", "小微企业主"), ("给优质客户推理财500万", "优质客户"),
     ("学校教师代发50户", "学校教师"), ("女性客户保险100万", "女性")],
)  # fmt: skip
def test_customers_that_are_not_understood_stop_the_plan(text: str, words: str) -> None:
    with pytest.raises(InputError, match=f"客群看不懂：“{words}”"):
        goal(text)
    assert goal(text, segment="tier.wealth").value


def test_a_share_of_what_matures_is_no_growth_of_the_balance() -> None:
    kept = goal("大额存单到期承接率从70%提升到85%")
    grown = goal("存款日均提升8%")

    assert (kept.kind, kept.retention, kept.share) == ("maturity", True, 0.85)
    assert [kind.value for kind in kept.due_types] == ["large_cd"]
    assert not grown.retention
    assert "没有日均余额数据，按时点余额计算" in grown.assumed
    assert grown.kpi == "deposit_daily_avg"


def test_a_rise_of_a_share_is_told_from_its_level() -> None:
    risen = goal("到期承接率提高5个百分点")

    assert (risen.retention, risen.share, risen.level) == (True, 0.05, False)


def test_an_amount_for_a_goal_of_people_is_an_error() -> None:
    with pytest.raises(InputError, match="按客户数计"):
        goal("手机银行活跃增加500万")


def test_the_goal_is_kept_as_it_was_written() -> None:
    assert goal(" １２月新增养老金２００户 ").text == "１２月新增养老金２００户"


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
