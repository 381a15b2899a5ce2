"""Products side by side: the same properties of each, by code, never by what they earn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled
from copilot.pipeline import evidence, facts
from copilot.pipeline.answer_parts import AnswerParts
from copilot.pipeline.ask_interest import Interest, simple_interest
from copilot.pipeline.ask_records import NAMES, ask_whom, available, beyond_records
from copilot.pipeline.product_answers import value
from copilot.pipeline.product_questions import ProductQuestion
from copilot.pipeline.product_words import Property
from copilot.records import figures
from copilot.records.codes import label
from copilot.records.draft import Figure
from copilot.records.product import Product

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

#: More than this many cannot be read side by side.
MOST_COMPARED = 4
NOTHING = "—"
CAVEAT = (
    "按产品代码排列，不按收益高低排序，不作推荐。先看这笔钱什么时候用、能不能提前取、"
    "客户的风险评估够不够，再由客户自己选。"
)
_ROWS = (
    Property.ISSUER,
    Property.TERM,
    Property.MIN_AMOUNT,
    Property.RATE,
    Property.RATING,
    Property.WITHDRAWAL,
    Property.FEES,
    Property.PAY_TERMS,
    Property.COOLING_OFF,
    Property.SALE,
    Property.INSURED,
)


def comparison(bench: Workbench, asked: ProductQuestion) -> AnswerParts | None:
    """The products of a question side by side; ``None`` unless it asks how they differ.

    Two to four products are compared, as their records stand today; a question for one property
    of them is answered with that property alone.
    """
    if not asked.compared or beyond_records(bench) or asked.period.words:
        return None
    products = sorted(available(bench, asked), key=lambda product: product.product_code)
    if not 2 <= len(products) <= MOST_COMPARED:
        return None
    wanted = tuple(p for p in _ROWS if p in asked.properties) if asked.properties else _ROWS
    rows = {
        row: found
        for row in wanted
        if any(found := [value(product, row, bench.as_of) for product in products])
    }
    if not rows:
        return None
    interest = simple_interest(asked.sums, asked.terms, products) if asked.interest else None
    filled = _text(bench, products, rows, interest)
    return AnswerParts(
        filled.text,
        filled.figures,
        known=(
            *(fact for product in products for fact in facts.product_facts(product)),
            facts.day_fact(bench.as_of),
            *(interest.known if interest else ()),
        ),
        products=tuple(products),
        ask_whom=ask_whom(asked),
        proof={"products": [evidence.product_snapshot(product) for product in products]},
        table={
            "as_of": bench.as_of.isoformat(),
            "columns": [{"product_code": p.product_code, "name": p.name} for p in products],
            "rows": [
                {"name": NAMES[row], "values": [v.text if v else NOTHING for v in found]}
                for row, found in rows.items()
            ],
            "caveat": CAVEAT,
        },
    )


def _text(
    bench: Workbench,
    products: list[Product],
    rows: dict[Property, list[Filled | None]],
    interest: Interest | None,
) -> Filled:
    day = figures.full_date(bench.as_of)
    composer = Composer().add("截至").add(Filled(day, (Figure(day, 0, len(day), "as_of"),)))
    composer.add("的产品资料对照：")
    for product in products:
        composer.line(f"{product.product_code}：")
        name = product.name
        holds_figure = any(character.isdigit() for character in name)
        source = f"product.name@{product.product_code}"
        traced = (Figure(name, 0, len(name), source),) if holds_figure else ()
        composer.add(Filled(name, traced)).add(f"（{label(product.type)}）")
    for row, found in rows.items():
        composer.line(f"{NAMES[row]}：")
        for number, (product, said) in enumerate(zip(products, found, strict=True)):
            composer.add("；" if number else "").add(f"{product.product_code} ")
            composer.add(_of(said, product) if said else NOTHING)
        composer.add("。")
    if interest is not None:
        composer.line(interest.said)
    return composer.line(CAVEAT).filled


def _of(said: Filled, product: Product) -> Filled:
    """A value whose figures name their product."""
    named = (replace(f, source=f"{f.source}@{product.product_code}") for f in said.figures)
    return Filled(said.text, tuple(named))
