"""Filled templates whose figures were changed: every change is caught, no fill is disturbed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import islice

import pytest
from shipped_templates import MATURITY, TODAY, Fill, fills

from copilot.compliance import Checker, load_checker
from copilot.paths import shipped
from copilot.pipeline.facts import day_fact, product_facts
from copilot.records.compliance import CheckContext, Fact, Verdict
from copilot.records.product import Product

RULE = "core.ungrounded-figure"
DIGITS = "零一二三四五六七八九"
Change = Callable[[str], str | None]


def _replaced(pattern: str, with_: Callable[[re.Match[str]], str]) -> Change:
    """Changes the first match; ``None`` where there is none."""

    def change(text: str) -> str | None:
        changed, count = re.subn(pattern, with_, text, count=1)
        return changed if count and changed != text else None

    return change


def _spelled(value: str) -> str:
    whole, _, decimals = value.partition(".")
    return DIGITS[int(whole) % 10] + "点" + "".join(DIGITS[int(d)] for d in decimals or "0")


def _other_day(match: re.Match[str], days: int) -> str:
    day = date(2026, int(match[1]), int(match[2])) + timedelta(days=days)
    return f"{day.month}月{day.day}日"


RATE = r"(\d{1,2}\.\d{2})%"
CHANGES: dict[str, Change] = {
    "rate up": _replaced(RATE, lambda m: f"{float(m[1]) + 0.37:.2f}%"),
    "rate down": _replaced(RATE, lambda m: f"{max(float(m[1]) - 0.21, 0.01):.2f}%"),
    "rate spelled, 三点五": _replaced(
        RATE, lambda m: f"百分之{_spelled(f'{float(m[1]) + 1.13:.2f}')}"
    ),
    "rate in 个点": _replaced(RATE, lambda m: f"{float(m[1]) + 0.5:.2f}个点"),
    "rate in bp": _replaced(RATE, lambda m: f"{round(float(m[1]) * 100) + 7}bp"),
    "decimal point moved": _replaced(RATE, lambda m: f"{float(m[1]) * 10:.1f}%"),
    "年化 as 七日年化": _replaced(r"年利率|年化利率|年化", lambda m: f"七日{m[0]}"),
    "元 as 万元": _replaced(r"(?<=\d)元", lambda m: "万元"),
    "万 as 亿": _replaced(r"(?<=\d)万元", lambda m: "亿元"),
    "amount up": _replaced(r"(\d{1,3})万元", lambda m: f"{int(m[1]) + 3}万元"),
    "day moved": _replaced(r"(\d{1,2})月(\d{1,2})日", lambda m: _other_day(m, 4)),
    "month moved": _replaced(r"(\d{1,2})月(\d{1,2})日", lambda m: _other_day(m, 45)),
    "term in days": _replaced(r"(?<!\d)(\d{2,3})天", lambda m: f"{int(m[1]) + 8}天"),
    "term in years": _replaced(
        r"([一二三五])年期", lambda m: f"{DIGITS[DIGITS.index(m[1]) + 3]}年期"
    ),
    "rating": _replaced(r"R([1-5])", lambda m: f"R{int(m[1]) % 5 + 1}"),
}


@pytest.fixture(scope="module")
def checker() -> Checker:
    return load_checker(None, shipped("knowledge"))


def _facts(product: Product) -> tuple[Fact, ...]:
    maturity = Fact("maturity.date", "date", "date", MATURITY.isoformat())
    return (*product_facts(product), day_fact(TODAY), maturity)


def _context(each: Fill, product: Product) -> CheckContext:
    return CheckContext(
        product=each.product.type,
        product_code=product.product_code,
        channel=each.channel,
        kind=each.template.kind,
        as_of=TODAY,
        facts=_facts(product),
    )


def _mutants() -> Iterator[tuple[str, str, Fill]]:
    for each in fills():
        for name, change in CHANGES.items():
            changed = change(each.filled.text)
            if changed is not None:
                yield name, changed, each


def _ungrounded(checker: Checker, text: str, context: CheckContext) -> bool:
    return any(f.rule_id == RULE for f in checker.check(text, context).findings)


def test_every_way_of_changing_a_figure_applies_to_some_fill() -> None:
    assert {name for name, _, _ in _mutants()} == CHANGES.keys()


def test_changed_figures_are_caught_in_two_thousand_drafts(checker: Checker) -> None:
    mutants = list(islice(_mutants(), 2000))
    escaped = [
        (name, text)
        for name, text, each in mutants
        if checker.check(text, _context(each, each.product)).verdict.rank <= Verdict.REVIEW.rank
    ]
    assert len(escaped) <= len(mutants) * 0.005, escaped[:5]


def test_unchanged_fills_raise_no_figure(checker: Checker) -> None:
    alarms = [
        (each.template.template_id, each.product.product_code)
        for each in fills()
        if _ungrounded(checker, each.filled.text, _context(each, each.product))
    ]
    assert len(alarms) <= len(fills()) * 0.01, alarms[:5]


def test_a_draft_about_another_product_of_the_same_kind_is_caught(checker: Checker) -> None:
    swapped = [
        (each, other.product)
        for each in fills()
        for other in fills()[:: max(1, len(fills()) // 60)]
        if other.product.type is each.product.type
        and other.product.product_code != each.product.product_code
        and _stated(each) != _stated(other)
        and _stated(each) - _values(other.product)
    ]
    escaped = [
        (each.template.template_id, product.product_code)
        for each, product in swapped
        if not _ungrounded(checker, each.filled.text, _context(each, product))
    ]
    assert swapped
    assert len(escaped) <= len(swapped) * 0.005, escaped[:5]


def _stated(each: Fill) -> set[str]:
    return set(re.findall(RATE, each.filled.text))


def _values(product: Product) -> set[str]:
    return {f"{float(f.value) / 100:.2f}" for f in _facts(product) if f.kind == "rate"}
