"""Answers about products: from the records valid on the day asked about, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from copilot.drafting.citations import cite
from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled
from copilot.pipeline import evidence, facts
from copilot.pipeline.answer_parts import NO_EVIDENCE, AnswerParts
from copilot.pipeline.product_answers import state
from copilot.pipeline.product_questions import ProductQuestion
from copilot.pipeline.product_words import Property
from copilot.records.codes import Audience, PassageKind, ProductType
from copilot.records.knowledge import Passage, SearchQuery
from copilot.records.product import Product

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

MOST_LINES = 12
CITED_PRODUCTS = 3
_PASSAGES = 8
_NAMES = {
    Property.RATE: "利率或业绩比较基准",
    Property.MIN_AMOUNT: "起点金额",
    Property.TERM: "期限",
    Property.RATING: "风险等级",
    Property.FEES: "费用",
    Property.WITHDRAWAL: "支取与赎回规则",
    Property.SALE: "发售日期",
    Property.COOLING_OFF: "犹豫期或冷静期",
    Property.PAY_TERMS: "缴费期",
    Property.ISSUER: "发行机构",
    Property.INSURED: "存款保险",
}
_ASK_WHOM = {
    ProductType.FUND: "有基金从业资格的理财经理",
    ProductType.PRIVATE_FUND: "总行私人银行部",
    ProductType.INSURANCE: "有保险执业登记的理财经理或承保公司客服",
    ProductType.LOAN: "个贷客户经理",
    ProductType.CREDIT_CARD: "信用卡客服或柜台",
}
ASK_ANYONE = "理财经理或总行业务条线"


def from_records(bench: Workbench, asked: ProductQuestion) -> AnswerParts | None:
    """The records' statements about every property asked for; ``None`` if there are none.

    Several products are listed by code, never by return.
    """
    versions = [v for p in asked.products for v in _versions(bench, p, asked)]
    several = len({v.product_code for v in versions}) > 1
    composer = Composer()
    used: dict[Product, None] = {}
    silent: list[str] = []
    for wanted in asked.properties:
        said = list(_statements(bench, versions, wanted))[:MOST_LINES]
        for product, statement in said:
            composer.line(_named(statement, product) if several else statement)
            used[product] = None
        if not said:
            silent.append(_NAMES[wanted])
    if not used:
        return None
    whole, products = composer.filled, tuple(used)
    missing = (*asked.absent, *silent)
    return AnswerParts(
        whole.text,
        whole.figures,
        cite(whole.text, whole.figures, _passages(bench, products)),
        known=(*(f for p in products for f in facts.product_facts(p)), facts.day_fact(bench.as_of)),
        products=products,
        ask_whom=ask_whom(asked) if missing else "",
        notes=(f"{'、'.join(missing)}：{NO_EVIDENCE}",) if missing else (),
        proof={"products": [evidence.product_snapshot(product) for product in products]},
    )


def ask_whom(asked: ProductQuestion) -> str:
    """Who knows more about the products meant."""
    return next((_ASK_WHOM[p.type] for p in asked.products if p.type in _ASK_WHOM), ASK_ANYONE)


def _versions(bench: Workbench, product: Product, asked: ProductQuestion) -> Iterator[Product]:
    """The versions of a product that held on the days asked about, oldest first."""
    period = asked.period
    if period.start > bench.as_of:
        return  # nobody has a record of the future
    if period.start == period.end == bench.as_of:
        yield product
        return
    for version in bench.store.products(bench.principal).versions(product.product_code):
        ends_after = version.valid_to is None or version.valid_to > period.start
        if version.valid_from <= min(period.end, bench.as_of) and ends_after:
            yield version


def _statements(
    bench: Workbench, versions: list[Product], wanted: Property
) -> Iterator[tuple[Product, Filled]]:
    for version in versions:
        said = state(version, wanted, bench.as_of)
        if said is not None:
            yield version, said


def _named(statement: Filled, product: Product) -> Filled:
    """A statement whose figures name their product, for answers about several."""
    return Filled(
        statement.text,
        tuple(
            replace(figure, source=f"{figure.source}@{product.product_code}")
            for figure in statement.figures
        ),
    )


def _passages(bench: Workbench, products: tuple[Product, ...]) -> list[Passage]:
    """The passages of the products' own sheets, for the citations."""
    found: list[Passage] = []
    for product in products[:CITED_PRODUCTS]:
        query = SearchQuery(
            text=product.name,
            as_of=bench.as_of,
            k=_PASSAGES,
            kind=PassageKind.PRODUCT,
            audience=Audience.INTERNAL,
            product_code=product.product_code,
        )
        found += [hit.passage for hit in bench.search(query).hits]
    return found
