"""The simple interest of a sum that a question names: an estimate by code, labelled as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled
from copilot.records import figures
from copilot.records.codes import ProductType
from copilot.records.compliance import Fact
from copilot.records.draft import Figure
from copilot.records.product import Product

_FIXED = frozenset({ProductType.DEPOSIT, ProductType.LARGE_CD, ProductType.GOV_BOND})
_BP = 10_000
_DAYS_PER_YEAR = 365
_MONTHS_PER_YEAR = 12


@dataclass(frozen=True, slots=True)
class Interest:
    """The statement and the facts that it may state."""

    said: Filled
    known: tuple[Fact, ...]


def simple_interest(question: str, products: Sequence[Product]) -> Interest | None:
    """Principal × yearly rate × years for one fixed deposit; ``None`` where that is not asked.

    A sum below the product's minimum earns nothing that could be stated.
    """
    named = sums(question)
    if "利息" not in question or len(named) != 1 or len(products) != 1:
        return None
    product, principal = products[0], named[0]
    if product.type not in _FIXED or product.rate_bp is None or not product.term_days:
        return None
    if principal < (product.min_amount or 0):
        return None
    months = round(product.term_days * _MONTHS_PER_YEAR / _DAYS_PER_YEAR)
    interest = round(principal * product.rate_bp * months / (_BP * _MONTHS_PER_YEAR))
    composer = Composer().add("按单利估算：本金").add(_traced(principal, "question"))
    composer.add("存满一个存期、不提前支取，利息约为").add(
        _traced(interest, "metric.simple_interest(question, product.rate_bp, product.term_days)")
    )
    composer.add("（本金×年利率×存期），实际利息以系统计算为准。")
    known = (
        Fact("question", "quoted", "amount", principal),
        Fact("metric.simple_interest", "quoted", "amount", interest),
    )
    return Interest(composer.filled, known)


def sums(question: str) -> list[int]:
    """The sums of money (fen) that a question names."""
    from copilot.compliance.quantities import figures as figures_in

    return [int(f.value) for f in figures_in(question.lower()) if f.kind == "amount"]


def _traced(fen: int, source: str) -> Filled:
    text = figures.amount(fen)
    return Filled(text, (Figure(text, 0, len(text), source),))
