"""The simple interest of a sum that a question names: an estimate by code, labelled as one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled
from copilot.pipeline.product_answers import traced
from copilot.records import figures
from copilot.records.codes import ProductType
from copilot.records.compliance import Fact
from copilot.records.product import Product

#: Products whose interest is their rate times their time. A benchmark is no rate, and what a loan
#: costs depends on how it is paid back.
PAYING = frozenset(
    {ProductType.DEPOSIT, ProductType.LARGE_CD, ProductType.GOV_BOND, ProductType.FX}
)
#: More lines than this are a price list.
MOST_ESTIMATED = 6
_BP = 10_000
_DAYS_PER_YEAR = 365
_MONTHS_PER_YEAR = 12
_SHORTEST_TERM = 28  # days; below it a term is a period of notice
_BY_LETTER = (
    (re.compile(r"(?<=\d)w(?![a-z])"), "万元"),
    (re.compile(r"(?<=\d)k(?![a-z])"), "千元"),
    (re.compile(r"万(?=[一两]年)"), "万元"),
    (re.compile(r"(?<!\d)(\d{2,8})(?=[存放])"), r"\1元"),
    (re.compile(r"美金|刀(?=[存放一])"), "美元"),
)
_TRACED = "metric.simple_interest(question, product.rate_bp, product.term_days)"


@dataclass(frozen=True, slots=True)
class Interest:
    """The statement and the facts that it may state; ``products`` are those it is about."""

    said: Filled
    known: tuple[Fact, ...]
    products: tuple[Product, ...]


def simple_interest(
    named: Sequence[int], terms: Iterable[int], products: Sequence[Product]
) -> Interest | None:
    """Principal × yearly rate × years for products that pay interest, by code, never by return.

    Args:
        named: the sums (fen) of the question; two sums have no one answer.
        terms: the terms (days) of the question, for a deposit that has none of its own.
        products: the products meant; one below whose minimum the sum lies earns nothing.
    """
    asked = tuple(terms)
    reckoned = [(p, _months(p, asked)) for p in products if p.type in PAYING and p.rate_bp]
    if len(named) != 1 or not 1 <= len(reckoned) <= MOST_ESTIMATED:
        return None
    principal, known = named[0], [Fact("question", "quoted", "amount", named[0])]
    known += [Fact("question", "quoted", "term", days) for days in asked]
    composer, earned = Composer(), []
    for product, months in sorted(reckoned, key=lambda pair: pair[0].product_code):
        if principal < (product.min_amount or 0):
            composer.line(_too_little(product, principal))
        elif months:
            interest = _interest(principal, product, months)
            composer.line(_estimate(product, principal, interest, months))
            whole = Fact("metric.simple_interest", "quoted", "amount", principal + interest)
            known += [Fact("metric.simple_interest", "quoted", "amount", interest), whole]
            earned.append((product, interest))
    if len(earned) == 2:
        difference = abs(earned[0][1] - earned[1][1])
        known.append(Fact("metric.simple_interest", "quoted", "amount", difference))
        composer.line("两笔利息相差").add(_exactly(difference, "元", "metric.difference")).add(
            "；期限不一样，看这笔钱什么时候用。" if _differ(earned) else "。"
        )
    if not composer.filled.text:
        return None
    if earned:
        composer.line("以上按单利估算（本金×年利率×存期），实际利息以系统计算为准。")
    return Interest(composer.filled, tuple(known), tuple(p for p, _ in reckoned))


def sums(question: str) -> tuple[int, ...]:
    """The sums of money (fen, or hundredths of a dollar) that a question names.

    >>> sums("存五万一年多少利息"), sums("10w放三年"), sums("三年定存利率")
    ((5000000,), (10000000,), ())
    """
    from copilot.compliance.quantities import figures as figures_in
    from copilot.knowledge.terms import simplified

    text = re.sub(r"\s+", "", simplified(question))
    for pattern, spelled in _BY_LETTER:
        text = pattern.sub(spelled, text)
    found = (f.value for f in figures_in(text) if f.kind == "amount")
    return tuple(dict.fromkeys(int(value) for value in found))


def _months(product: Product, asked: Sequence[int]) -> int | None:
    """How many months the sum lies: the product's term, or the question's where it has none."""
    days = product.term_days
    if days is None or days < _SHORTEST_TERM:
        others = [term for term in asked if term != days]
        days = others[0] if len(others) == 1 else None
    return None if days is None else round(days * _MONTHS_PER_YEAR / _DAYS_PER_YEAR)


def _interest(principal: int, product: Product, months: int) -> int:
    return round(principal * (product.rate_bp or 0) * months / (_BP * _MONTHS_PER_YEAR))


def _estimate(product: Product, principal: int, interest: int, months: int) -> Filled:
    unit = "美元" if product.type is ProductType.FX else "元"
    composer = Composer().add(_name(product)).add("：本金")
    composer.add(_sum(principal, unit, "question")).add("存")
    days = product.term_days
    own = days is not None and days >= _SHORTEST_TERM
    length = figures.term(days) if own and days else _spelled(months)
    source = "product.term_days" if own else "question"
    composer.add("满").add(traced(length, source)).add(
        "、不提前支取，利息约为" if own else "，利息约为"
    )
    composer.add(_exactly(interest, unit, _TRACED)).add("，本息合计约")
    return composer.add(_exactly(principal + interest, unit, _TRACED)).add("。").filled


def _too_little(product: Product, principal: int) -> Filled:
    composer = Composer().add(_name(product)).add("：").add(_sum(principal, "元", "question"))
    composer.add("不到起点金额").add(_sum(product.min_amount or 0, "元", "product.min_amount"))
    return composer.add("，不能办这一款，不作估算。").filled


def _differ(earned: Sequence[tuple[Product, int]]) -> bool:
    return len({product.term_days for product, _ in earned}) > 1


def _name(product: Product) -> Filled:
    return traced(f"{product.name}（{product.product_code}）", "product.name")


def _spelled(months: int) -> str:
    years, rest = divmod(months, _MONTHS_PER_YEAR)
    return f"{months}个月" if rest or not years else f"{years}年"


def _exactly(hundredths: int, unit: str, source: str) -> Filled:
    """A sum as it is counted out: 「14,400元」, not in 万元."""
    whole, rest = divmod(hundredths, 100)
    return traced(f"{whole:,}{f'.{rest:02d}' if rest else ''}{unit}", source)


def _sum(hundredths: int, unit: str, source: str) -> Filled:
    return traced(figures.amount(hundredths).removesuffix("元") + unit, source)
