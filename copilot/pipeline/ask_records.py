"""Answers about products: from the records valid on the day asked about, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from copilot.drafting.citations import cite
from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled
from copilot.pipeline import evidence, facts
from copilot.pipeline.answer_parts import NO_EVIDENCE, AnswerParts
from copilot.pipeline.ask_interest import simple_interest
from copilot.pipeline.product_answers import state
from copilot.pipeline.product_changes import changes, rate_steps
from copilot.pipeline.product_questions import MAIN, ProductQuestion
from copilot.pipeline.product_words import Property
from copilot.records.codes import ProductType
from copilot.records.knowledge import Citation, Document, Passage
from copilot.records.product import Product

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

MOST_LINES = 12
#: What the properties of a product are called.
NAMES = {
    Property.RATE: "利率或业绩比较基准",
    Property.MIN_AMOUNT: "起点金额",
    Property.TERM: "期限",
    Property.RATING: "风险等级",
    Property.FEES: "费用",
    Property.WITHDRAWAL: "支取与赎回规则",
    Property.SALE: "发售日期",
    Property.BRANCHES: "办理网点",
    Property.CHANNELS: "介绍渠道",
    Property.AUDIENCE: "适用客户",
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
#: Their cost is an annual rate by rule, never a fee per period.
_COSTED_BY_RATE = frozenset({ProductType.LOAN, ProductType.CREDIT_CARD})
#: What may be asked of a product whether or not it can be bought today.
_ABOUT_SALE = frozenset({Property.SALE, Property.BRANCHES})


def from_records(bench: Workbench, asked: ProductQuestion) -> AnswerParts | None:
    """The records' statements about every property asked for; ``None`` if there are none.

    Several products are listed by code, never by return; a kind of product means those that this
    branch sells today.
    """
    if beyond_records(bench):
        return None
    products = asked.products if asked.named else available(bench, asked)
    versions = [v for p in products for v in _versions(bench, p, asked)]
    several = len({v.product_code for v in versions}) > 1
    composer = Composer()
    used: dict[Product, None] = {}
    cited: list[Citation] = []
    silent: list[str] = []
    sheets = _Sheets(bench)
    for wanted in asked.properties:
        said = list(_statements(bench, versions, wanted, asked))[:MOST_LINES]
        for product, statement in said:
            composer.line(_named(statement, product) if several else statement)
            cited += cite(statement.text, statement.figures, sheets.of(product))
            used[product] = None
        if not said and asked.properties != MAIN:
            silent.append(NAMES[wanted])
    if not used:
        return None
    stated = tuple(used)
    if asked.changed and Property.RATE in asked.properties:
        silent += [f"{name}更早的利率" for name in changes(composer, stated)]
    current = tuple({p.product_code: p for p in stated}.values())
    interest = simple_interest(asked.sums, asked.terms, current) if asked.interest else None
    if interest is not None:
        composer.line(interest.said)
    uncounted = interest is None and asked.interest and bool(asked.sums)
    missing = (*asked.absent, *silent, *(("利息金额",) if uncounted else ()))
    return AnswerParts(
        composer.filled.text,
        composer.filled.figures,
        tuple(cited),
        known=(
            *(f for p in stated for f in facts.product_facts(p)),
            *(facts.day_fact(day) for day in {bench.as_of, _day(bench, asked)}),
            *(interest.known if interest else ()),
            *rate_steps(stated),
        ),
        products=stated,
        ask_whom=ask_whom(asked) if missing else "",
        notes=(f"{'、'.join(missing)}：{NO_EVIDENCE}",) if missing else (),
        proof={"products": [evidence.product_snapshot(product) for product in stated]},
    )


def ask_whom(asked: ProductQuestion) -> str:
    """Who knows more about the products meant."""
    return next((_ASK_WHOM[p.type] for p in asked.products if p.type in _ASK_WHOM), ASK_ANYONE)


def beyond_records(bench: Workbench) -> bool:
    """Whether the day asked for lies after the data: nobody has a record of the future."""
    return bench.as_of > bench.generation.business_date


def available(bench: Workbench, asked: ProductQuestion) -> tuple[Product, ...]:
    """The products meant that this branch sells today; all of them if none is or sale is asked."""
    if _ABOUT_SALE & set(asked.properties):
        return asked.products
    on_sale = tuple(p for p in asked.products if p.on_sale(bench.as_of) and sold_here(bench, p))
    return on_sale or asked.products


def sold_here(bench: Workbench, product: Product) -> bool:
    """Whether a branch of the principal may sell the product."""
    mine = bench.principal.branches
    return not product.branches or mine is None or bool(mine & set(product.branches))


def _day(bench: Workbench, asked: ProductQuestion) -> date:
    return min(asked.period.end, bench.as_of)


def _versions(bench: Workbench, product: Product, asked: ProductQuestion) -> Iterator[Product]:
    """The versions of a product that held on the days asked about, oldest first."""
    period = asked.period
    if period.start > bench.as_of:
        return  # nobody has a record of the future
    if period.start == period.end == bench.as_of and not asked.changed:
        yield product
        return
    for version in bench.store.products(bench.principal).versions(product.product_code):
        ends_after = version.valid_to is None or version.valid_to > period.start
        before = asked.changed or ends_after
        if version.valid_from <= min(period.end, bench.as_of) and before:
            yield version


def _statements(
    bench: Workbench, versions: list[Product], wanted: Property, asked: ProductQuestion
) -> Iterator[tuple[Product, Filled]]:
    for version in versions:
        by_rate = wanted is Property.FEES and version.type in _COSTED_BY_RATE and not version.fees
        told = Property.RATE if by_rate else wanted
        said = state(_by_branch_name(bench, version), told, bench.as_of, _day(bench, asked))
        if said is not None:
            yield version, said


def _by_branch_name(bench: Workbench, product: Product) -> Product:
    """The product with its branches called as staff call them: 「滨江支行（BR02）」."""
    if not product.branches or not bench.generation.has("branches"):
        return product
    names = {b.branch_id: b.name for b in bench.store.staff(bench.principal).branches()}
    called = (f"{names[b]}（{b}）" if b in names else b for b in product.branches)
    return replace(product, branches=tuple(called))


def _named(statement: Filled, product: Product) -> Filled:
    """A statement whose figures name their product, for answers about several."""
    return Filled(
        statement.text,
        tuple(
            replace(figure, source=f"{figure.source}@{product.product_code}")
            for figure in statement.figures
        ),
    )


class _Sheets:
    """The passages of product sheets, by product version."""

    def __init__(self, bench: Workbench) -> None:
        self._knowledge = bench.store.knowledge(bench.principal)
        self._documents: list[Document] | None = None

    def of(self, product: Product) -> list[Passage]:
        """The passages of the sheet that held when the version did."""
        if self._documents is None:
            self._documents = [d for d in self._knowledge.documents() if d.product_code]
        return [
            passage
            for document in self._documents
            if document.product_code == product.product_code
            and document.valid_from == product.valid_from
            for passage in self._knowledge.passages_of(document)
        ]
