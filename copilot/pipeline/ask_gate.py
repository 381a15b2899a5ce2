"""Whether products may be introduced to one customer: the gate's answer, grouped by reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from copilot.pipeline import facts
from copilot.pipeline.answer_parts import AnswerParts
from copilot.pipeline.ask_authority import referral
from copilot.pipeline.product_questions import ProductQuestion
from copilot.pipeline.seller import bars_seller, choose_seller
from copilot.records.codes import Channel, ProductType
from copilot.records.knowledge import Citation, Document
from copilot.records.matching import GateDecision, RefusalReason
from copilot.records.product import Product
from copilot.records.tables import label_of

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

MOST_PRODUCTS = 12
MOST_NAMED = 3
_ASK_LICENSED = "当班持证理财经理"

Decided = Sequence[tuple[Product, GateDecision]]


def from_gate(bench: Workbench, asked: ProductQuestion, customer_id: str) -> AnswerParts:
    """What the gate says of the customer and the products meant, reason by reason."""
    file = bench.customer_file(customer_id)
    decided = [
        (product, choose_seller(bench, product, file, Channel.COUNTER)[1])
        for product in asked.products[:MOST_PRODUCTS]
    ]
    barred = [d for _, d in decided if bars_seller(d)]
    lines = [
        *_allowed(decided),
        *_refused(decided),
        *_duties(decided),
        *([f"可以对客户说：{referral(bench)}"] if barred else []),
    ]
    text = "\n".join(lines)
    profile = tuple(facts.profile_facts(file.profile)) if file.profile else ()
    products = tuple(product for product, _ in decided)
    refused = all(not decision.allowed for _, decision in decided)
    return AnswerParts(
        text,
        citations=_citations(bench, decided, lines),
        known=(
            *(fact for product in products for fact in facts.product_facts(product)),
            *profile,
            *facts.figures_of(text, "gate"),
        ),
        products=products,
        ask_whom=_ASK_LICENSED if refused else "",
        refused=refused,
        proof={
            "gate": {
                product.product_code: [reason.rule_id for reason in decision.refusals]
                for product, decision in decided
            }
        },
    )


def _allowed(decided: Decided) -> Iterable[str]:
    may = [product for product, decision in decided if decision.allowed]
    for product in may:
        yield f"{product.name}（{product.product_code}）：可以介绍。"
    unchecked = sorted({name for _, decision in decided for name in decision.unchecked})
    if unchecked:
        yield f"缺少数据、未能核验：{'、'.join(map(label_of, unchecked))}。"


def _refused(decided: Decided) -> Iterable[str]:
    """The products refused, then each reason once with the products that it concerns."""
    refused = [product for product, decision in decided if not decision.allowed]
    if not refused:
        return
    named = "、".join(_shown(product) for product in refused[:MOST_NAMED])
    more = f"等{len(refused)}款" if len(refused) > MOST_NAMED else ""
    yield f"{named}{more}：不可以介绍。"
    for reason, products in _grouped(decided, refusals=True):
        whole = len(products) == len(refused)
        about = "" if whole else f"（{'、'.join(p.product_code for p in products)}）"
        yield f"· {reason.message.rstrip('。')}{about}{_cited(reason)}"


def _duties(decided: Decided) -> Iterable[str]:
    duties = _grouped(decided, refusals=False)
    if duties:
        yield "另外，介绍时须遵守："
    for reason, _ in duties:
        yield f"· {reason.message.rstrip('。')}{_cited(reason)}"


def _shown(product: Product) -> str:
    if product.type is ProductType.PRIVATE_FUND:
        return "私募产品"  # not even its name is for those who may not introduce it
    return f"{product.name}（{product.product_code}）"


def _grouped(decided: Decided, *, refusals: bool) -> list[tuple[RefusalReason, list[Product]]]:
    groups: dict[str, tuple[RefusalReason, list[Product]]] = {}
    for product, decision in decided:
        for reason in decision.refusals if refusals else decision.cautions:
            groups.setdefault(reason.rule_id, (reason, []))[1].append(product)
    return list(groups.values())


def _cited(reason: RefusalReason) -> str:
    cited = "、".join(f"《{c.regulation}》{c.article}" for c in reason.citations[-1:])
    return f"（依据：{cited}）" if cited else ""


def _citations(bench: Workbench, decided: Decided, lines: Sequence[str]) -> tuple[Citation, ...]:
    """The articles behind the refusals that the knowledge base holds, with their first words."""
    knowledge = bench.store.knowledge(bench.principal)
    documents = {d.title: d for d in knowledge.documents(bench.as_of)}
    found: list[Citation] = []
    for reason, _ in _grouped(decided, refusals=True):
        line = next((text for text in lines if reason.message.rstrip("。") in text), "")
        for rule in reason.citations:
            document = documents.get(rule.regulation)
            quote = _article(bench, document, rule.article) if document else None
            if quote is not None:
                found.append(
                    Citation(line, quote[0], quote[1], f"《{rule.regulation}》{rule.article}")
                )
                break
    return tuple(found)


def _article(bench: Workbench, document: Document, article: str) -> tuple[str, str] | None:
    from copilot.drafting.citations import sentences

    number = article.split("条")[0] + "条"
    for passage in bench.store.knowledge(bench.principal).passages_of(document):
        if f"{number} " in f"{passage.heading} " or passage.citation.endswith(number):
            first = next((text for _, text in sentences(passage.text)), "")
            return passage.passage_id, first.strip()
    return None
