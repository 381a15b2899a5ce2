"""Who may be told what of a product: the seller's part of the gate, before any fact is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from copilot.pipeline.answer_parts import AnswerParts
from copilot.pipeline.product_questions import ProductQuestion
from copilot.pipeline.seller import BARS_SELLER, NOBODY, gate
from copilot.records.codes import Channel, ProductType
from copilot.records.matching import CustomerFile, RefusalReason
from copilot.records.product import Product
from copilot.records.template import Move

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

REFERRAL = "这项业务由有资格的理财经理为您介绍，我请同事过来，您看方便吗？"
PRIVATE = "私募产品只由有资格的人员向经过合格投资者认定的客户单独说明，名称和内容都不显示。"
_ASK_LICENSED = "当班持证理财经理"
_ASK_PRIVATE = "总行私人银行部"


def without_barred(
    bench: Workbench, asked: ProductQuestion
) -> tuple[ProductQuestion, AnswerParts | None]:
    """The question about those products that the asker may speak of, and what is said of the rest.

    At the bank's own console nobody is a seller, so only private products are held back there.
    """
    barred = {p: reasons for p in asked.products if (reasons := seller_bars(bench, p))}
    if not barred:
        return asked, None
    left = tuple(p for p in asked.products if p not in barred)
    if any(p.type is ProductType.PRIVATE_FUND for p in barred):
        text, whom = f"不能回答。{PRIVATE}", _ASK_PRIVATE
    else:
        messages = dict.fromkeys(r.message for reasons in barred.values() for r in reasons)
        text = f"您不得讲解这类产品：{'；'.join(m.rstrip('。') for m in messages)}。"
        text += f"\n可以对客户说：{referral(bench)}"
        whom = _ASK_LICENSED
    refusal = AnswerParts(
        text,
        ask_whom=whom,
        refused=True,
        proof={"barred": {p.product_code: [r.rule_id for r in barred[p]] for p in barred}},
    )
    return replace(asked, products=left), refusal


def seller_bars(bench: Workbench, product: Product) -> tuple[RefusalReason, ...]:
    """Why the asker may not speak of a product at all; empty when they may."""
    private = product.type is ProductType.PRIVATE_FUND
    if not private and (bench.staff_id is None or not bench.generation.has("staff")):
        return ()
    seller = bench.seller(bench.staff_id) if bench.staff_id is not None else NOBODY
    nobody = CustomerFile(None, bench.as_of)
    decision = gate(bench, product, nobody, seller, Channel.COUNTER)
    return tuple(reason for reason in decision.refusals if reason.subject == BARS_SELLER)


def referral(bench: Workbench) -> str:
    """The sentence that hands a customer over, in the bank's approved words."""
    lines = (s.text for s in bench.scripts if s.move is Move.REFERRAL and "{" not in s.text)
    return next(lines, REFERRAL)


def names_private(products: Sequence[Product]) -> bool:
    """Whether a private product is among them."""
    return any(p.type is ProductType.PRIVATE_FUND for p in products)
