"""Claims about the declared display formats."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.records.figures import (
    amount,
    amount_rounded,
    full_date,
    month_day,
    percent,
    term,
)


@pytest.mark.parametrize(
    ("bp", "shown"),
    [
        (125, "1.25%"),
        (120, "1.20%"),
        (5, "0.05%"),
        (155.5, "1.555%"),
        (0, "0.00%"),
        (1560.0, "15.60%"),
        (0.1 + 0.2, "0.003%"),
    ],
)
def test_a_rate_is_shown_exactly_with_at_least_two_decimals(bp: float, shown: str) -> None:
    assert percent(bp) == shown


@pytest.mark.parametrize(
    ("fen", "shown"),
    [
        (50_00, "50元"),
        (1_000_00, "1,000元"),
        (1_234_56, "1,234.56元"),
        (9_999_99, "9,999.99元"),
        (1_0000_00, "1万元"),
        (1_2000_00, "1.2万元"),
        (20_0000_00, "20万元"),
        (283_412_00, "283,412元"),
        (1_0000_0000_00, "1亿元"),
        (0, "0元"),
    ],
)
def test_an_amount_is_shown_exactly(fen: int, shown: str) -> None:
    assert amount(fen) == shown


@pytest.mark.parametrize(
    ("fen", "shown"),
    [
        (283_412_00, "28万元"),
        (285_000_00, "29万元"),
        (10_000_00, "1万元"),
        (9_999_60, "1万元"),
        (8_412_30, "8,412元"),
        (9999_6000_00, "1亿元"),
    ],
)
def test_a_staff_card_amount_is_rounded_to_ten_thousands(fen: int, shown: str) -> None:
    assert amount_rounded(fen) == shown


@pytest.mark.parametrize(
    ("days", "shown"),
    [(365, "1年"), (1095, "3年"), (10950, "30年"), (90, "90天"), (180, "180天"), (7, "7天")],
)
def test_whole_years_are_years_and_product_terms_stay_in_days(days: int, shown: str) -> None:
    assert term(days) == shown


def test_twelfths_of_a_year_are_months() -> None:
    assert [term(days) for days in (91, 182, 273, 547)] == ["3个月", "6个月", "9个月", "18个月"]


def test_dates_have_no_leading_zeros() -> None:
    assert month_day(date(2026, 3, 8)) == "3月8日"
    assert full_date(date(2026, 12, 8)) == "2026年12月8日"


@given(st.integers(min_value=0, max_value=10**13))
def test_an_exact_amount_can_be_read_back(fen: int) -> None:
    shown = amount(fen)
    for unit, factor in (("亿元", 10**10), ("万元", 10**6), ("元", 100)):
        if shown.endswith(unit):
            digits = shown.removesuffix(unit).replace(",", "")
            assert Decimal(digits) * factor == fen
            return
    pytest.fail(shown)


@given(st.integers(min_value=0, max_value=100_000))
def test_a_rate_can_be_read_back(hundredths_of_bp: int) -> None:
    shown = percent(hundredths_of_bp / 100)
    assert Decimal(shown.removesuffix("%")) * 10_000 == hundredths_of_bp
