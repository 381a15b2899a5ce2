"""A figure must equal a fact, in its role and in a declared format; ordinary numbers are free."""

from __future__ import annotations

from datetime import date

import pytest

from copilot.compliance import Checker, load_checker
from copilot.paths import shipped
from copilot.records.codes import Audience, ProductType
from copilot.records.compliance import CheckContext, Fact

RULE = "core.ungrounded-figure"
DEPOSIT = (
    Fact("product.rate_bp", "rate", "rate", 175.0),
    Fact("product.term_days", "term", "term", 1095),
    Fact("product.min_amount", "min_amount", "amount", 5000),
    Fact("product.valid_from", "date", "date", "2026-09-01"),
)
WEALTH = (
    Fact("product.benchmark_low_bp", "benchmark_low", "rate", 220),
    Fact("product.benchmark_high_bp", "benchmark_high", "rate", 280),
    Fact("product.term_days", "term", "term", 180),
    Fact("product.min_amount", "min_amount", "amount", 100),
    Fact("product.risk_rating", "rating", "rating", "R2"),
    Fact("product.fees", "fee", "rate", 20),
    Fact("profile.aum", "amount", "amount", 283_412_00),
    Fact("profile.days_to_maturity", "maturity", "date", "2026-12-08"),
)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return load_checker(None, shipped("knowledge"))


def _ungrounded(checker: Checker, text: str, facts: tuple[Fact, ...] | None) -> list[str]:
    context = CheckContext(
        product=ProductType.DEPOSIT,
        audience=Audience.INTERNAL,
        as_of=date(2026, 11, 20),
        whole=False,
        facts=facts,
    )
    return [f.text for f in checker.check(text, context).findings if f.rule_id == RULE]


@pytest.mark.parametrize(
    "text",
    [
        "三年定期，年利率1.75%，50元起存",
        "存期三年，利率百分之一点七五",
        "存期3年，2026年9月1日起执行，利率1.75%",
        "我是城东支行的小李，工号1027，现在方便吗",
        "依据第十二条，第一步先测评，我们1对1说明，客服热线95000",
        "1.先取号 2.再办理，您有两个选择，一起看看",
        "拒收请回复R，24小时可以办理，T+1到账",
        "这笔钱一年内要用吗？",
        "产品代码DEP-3Y",
    ],
)
def test_grounded_figures_and_ordinary_numbers_pass(checker: Checker, text: str) -> None:
    assert _ungrounded(checker, text, DEPOSIT) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("三年定期，年利率1.85%", "1.85%"),
        ("三年定期，年利率三点五个点", "三点五个点"),
        ("五年定期，年利率1.75%", "五年"),
        ("50万元起存", "50万元"),
        ("5元起存", "5元"),
        ("2026年9月2日起执行", "2026年9月2日"),
        ("风险等级R3", "R3"),
        ("利率比别处高20bp", "20bp"),
        ("已有300人办理", "300"),
    ],
)
def test_a_figure_without_a_fact_is_found(checker: Checker, text: str, found: str) -> None:
    assert _ungrounded(checker, text, DEPOSIT) == [found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("管理费率2.20%", ["2.20%"]),
        ("业绩比较基准0.20%", ["0.20%"]),
        ("业绩比较基准2.2%-2.6%", ["2.6%"]),
        ("期限90天", ["90天"]),
        ("28万元起购", ["28万元"]),
    ],
)
def test_a_fact_of_another_role_does_not_ground_a_figure(
    checker: Checker, text: str, found: list[str]
) -> None:
    assert _ungrounded(checker, text, WEALTH) == found


def test_profile_amounts_may_be_rounded_but_product_amounts_may_not(checker: Checker) -> None:
    assert _ungrounded(checker, "资产约28万元", WEALTH) == []
    assert _ungrounded(checker, "资产约29万元", WEALTH) == ["29万元"]
    odd = (Fact("product.min_amount", "min_amount", "amount", 283_412_00),)
    assert _ungrounded(checker, "28万元起购", odd) == ["28万元"]


def test_ranges_and_dates_are_grounded_end_by_end(checker: Checker) -> None:
    assert (
        _ungrounded(checker, "业绩比较基准2.20%-2.80%，12月8日到期，R2，0.20%管理费", WEALTH) == []
    )
    assert _ungrounded(checker, "12月9日到期", WEALTH) == ["12月9日"]


def test_without_facts_figures_are_not_judged(checker: Checker) -> None:
    assert _ungrounded(checker, "年利率9.99%", None) == []
    assert _ungrounded(checker, "年利率9.99%", ()) == ["9.99%"]
