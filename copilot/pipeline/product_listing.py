"""Which products there are: those on sale here of a kind, term and rating, by code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled
from copilot.pipeline import evidence, facts
from copilot.pipeline.answer_parts import AnswerParts
from copilot.pipeline.ask_authority import seller_bars
from copilot.pipeline.ask_interest import PAYING
from copilot.pipeline.ask_records import beyond_records, sold_here
from copilot.pipeline.product_answers import traced
from copilot.pipeline.product_questions import ProductQuestion, with_terms
from copilot.records import figures
from copilot.records.codes import ProductType, label
from copilot.records.product import Product

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

MOST_LISTED = 12
BY_CODE = "按产品代码排列，不按收益高低排序，不作推荐。"
MORE = "产品较多，没有全部列出；请加上种类、期限或者风险等级再问。"
_ANY = "产品"
_RATING = re.compile(r"r[1-5]")


def listing(bench: Workbench, asked: ProductQuestion, question: str) -> AnswerParts | None:
    """The products on sale here that are asked for; ``None`` where no list is.

    A question for products at large means the whole shelf; one of saving, what pays interest.
    """
    about_more = asked.ranked or asked.no_such or asked.properties
    if not asked.listed or about_more or beyond_records(bench):
        return None
    found = [p for p in _meant(bench, asked, question) if _offered(bench, p)]
    if not found:
        return None
    composer = Composer().add("截至").add(traced(figures.full_date(bench.as_of), "as_of"))
    composer.add("，目前在售、本支行可以介绍的：")
    shown = found[:MOST_LISTED]
    for product in shown:
        composer.line(_line(product))
    if len(found) > MOST_LISTED:
        composer.line(MORE)
    composer.line(BY_CODE)
    return AnswerParts(
        composer.filled.text,
        composer.filled.figures,
        known=(
            facts.day_fact(bench.as_of),
            *(fact for product in shown for fact in facts.product_facts(product)),
        ),
        products=tuple(shown),
        ask_whom="理财经理",
        proof={"products": [evidence.product_snapshot(product) for product in shown]},
    )


def _meant(bench: Workbench, asked: ProductQuestion, question: str) -> Sequence[Product]:
    meant: Sequence[Product] = asked.products or _of_words(bench, question)
    if asked.terms:
        meant = with_terms(meant, asked.terms)
    ratings = {rating.upper() for rating in _RATING.findall(question)}
    fitting = (p for p in meant if not ratings or p.risk_rating in ratings)
    return sorted(fitting, key=lambda product: product.product_code)


def _of_words(bench: Workbench, question: str) -> list[Product]:
    """What a question without a product's own name speaks of; nothing where that is unknown."""
    types = {t for t in ProductType if label(t) in question}
    if not types and "存" in question:
        types = set(PAYING)
    if not types and _ANY in question:
        types = set(ProductType)
    return [p for p in bench.shelf if p.type in types and not seller_bars(bench, p)]


def _offered(bench: Workbench, product: Product) -> bool:
    return product.on_sale(bench.as_of) and sold_here(bench, product)


def _line(product: Product) -> Filled:
    code = product.product_code
    composer = Composer().add(traced(product.name, f"product.name@{code}")).add(f"（{code}）")
    if product.term_days is not None:
        term = figures.term(product.term_days)
        composer.add("，期限").add(traced(term, f"product.term_days@{code}"))
    if product.min_amount is not None:
        least = figures.amount(product.min_amount)
        composer.add("，").add(traced(least, f"product.min_amount@{code}")).add("起")
    if product.risk_rating:
        rating = traced(product.risk_rating, f"product.risk_rating@{code}")
        composer.add("，风险等级").add(rating)
    return composer.filled
