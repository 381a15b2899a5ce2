"""Figures are read in the units of the records, whatever way they are written."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.compliance.quantities import figures, number
from copilot.records import figures as formats


def _one(text: str) -> tuple[str, float | int | str]:
    found = list(figures(text))
    assert len(found) == 1, found
    return found[0].kind, found[0].value


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1.75%", "rate", 175.0),
        ("百分之三点五", "rate", 350.0),
        ("三点五个点", "rate", 350.0),
        ("0.2个百分点", "rate", 20.0),
        ("20bp", "rate", 20.0),
        ("万分之二", "rate", 2.0),
        ("5万元", "amount", 5_000_000),
        ("1,000元", "amount", 100_000),
        ("五十万", "amount", 50_000_000),
        ("3亿元", "amount", 30_000_000_000),
        ("3年", "term", 1095),
        ("三年", "term", 1095),
        ("半年", "term", 182),
        ("6个月", "term", 182),
        ("18个月", "term", 547),
        ("90天", "term", 90),
        ("15日", "term", 15),
        ("2026-12-08", "date", "2026-12-08"),
        ("2026年12月8日", "date", "2026-12-08"),
        ("12月8号", "date", "--12-08"),
        ("2025年", "year", 2025),
        ("r2", "rating", "R2"),
        ("12期", "periods", 12.0),
        ("24小时", "time", 24.0),
    ],
)
def test_each_way_of_writing_has_one_value(text: str, kind: str, value: float | str) -> None:
    assert _one(text) == (kind, value)


def test_both_ends_of_a_range_take_the_unit_of_the_second() -> None:
    assert [f.value for f in figures("2.2-2.8%")] == [220.0, 280.0]
    assert [f.value for f in figures("5至20万元")] == [5_000_000, 20_000_000]


@settings(deadline=None)
@given(st.integers(0, 999_999))
def test_a_rate_is_read_back_from_its_display_format(bp: int) -> None:
    assert _one(formats.percent(bp)) == ("rate", float(bp))


@settings(deadline=None)
@given(st.integers(1, 10**13))
def test_an_amount_is_read_back_from_its_display_format(fen: int) -> None:
    assert _one(formats.amount(fen)) == ("amount", fen)


@settings(deadline=None)
@given(st.integers(1, 4000))
def test_a_term_is_read_back_from_its_display_format(days: int) -> None:
    assert _one(formats.term(days)) == ("term", days)


@settings(deadline=None)
@given(st.dates())
def test_a_date_is_read_back_from_its_display_formats(day: object) -> None:
    assert isinstance(day, date)
    assert _one(formats.month_day(day)) == ("date", f"--{day:%m-%d}")
    if 1900 <= day.year <= 2099:
        assert _one(formats.full_date(day)) == ("date", day.isoformat())


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    for figure in figures(text):
        assert 0 <= figure.start < figure.end <= len(text)


def test_a_number_of_a_million_digits_is_no_figure() -> None:
    assert list(figures("1" * 1_000_000)) == []


def test_words_that_spell_no_number_are_none() -> None:
    assert number("一二十") is None
