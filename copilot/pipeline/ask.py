"""Questions: product facts from records, everything else from the literal words of knowledge.

can I sell X to this customer ─▶ the gate
a property of a product       ─▶ the record valid on the day asked about
anything else                 ─▶ the best passage, sentence by sentence
no evidence                   ─▶ refused, with whom to ask
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from copilot.llm.pseudonyms import Pseudonyms
from copilot.pipeline import evidence, facts
from copilot.pipeline.answer_parts import NO_EVIDENCE, AnswerParts
from copilot.pipeline.ask_knowledge import from_passages
from copilot.pipeline.ask_records import ask_whom, from_records
from copilot.pipeline.product_questions import ProductQuestion, read_question
from copilot.pipeline.product_words import Property
from copilot.pipeline.seller import choose_seller
from copilot.records.codes import Audience, Channel, DraftKind
from copilot.records.compliance import CheckContext, Verdict
from copilot.records.draft import Answer
from copilot.records.matching import GateDecision
from copilot.records.product import Product

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

#: Fit from which a passage is about this very question.
STRONG = 0.6
MANY_PRODUCTS = 3
MOST_PRODUCTS = 12
_MAY_I = (
    "能卖",
    "能买",
    "可以买",
    "可以卖",
    "推荐",
    "能讲",
    "能介绍",
    "适合",
    "能办",
    "可以办",
    "能做",
)
#: Properties that are figures of the record: never left to prose.
_FIGURES = frozenset(
    {
        Property.RATE,
        Property.MIN_AMOUNT,
        Property.TERM,
        Property.RATING,
        Property.FEES,
        Property.COOLING_OFF,
        Property.PAY_TERMS,
    }
)


def answer(bench: Workbench, question: str, customer_id: str | None = None) -> Answer:
    """The answer to an employee's question, with its evidence, or a refusal.

    Args:
        bench: the opened installation.
        question: as typed.
        customer_id: the customer whom the question is about, if any.

    Raises:
        NotFound: no such customer.
        Forbidden: the customer is outside the principal's scope.
    """
    if customer_id is not None:
        bench.customer(customer_id)
    asked = read_question(question, bench.shelf, bench.as_of)
    parts = _parts(bench, question, asked, customer_id)
    result = _refusal(asked) if parts is None else _checked(bench, parts, asked)
    proof: dict[str, Any] = {
        **evidence.asked_by(bench, customer_id),
        "question": Pseudonyms.of(()).hide(question),
        "as_of": bench.as_of.isoformat(),
        "rule_pack": bench.checker.pack_version,
        "data_generation": bench.generation.generation_id,
        **(parts.proof if parts else {}),
    }
    result = replace(result, draft_id=evidence.draft_id("A", result.as_json(), proof))
    branches = bench.principal.branches
    evidence.save(
        bench,
        "draft.answer",
        result.as_json(),
        proof,
        customer_id=customer_id,
        branch_id=min(branches) if branches else None,
    )
    return result


def _parts(
    bench: Workbench, question: str, asked: ProductQuestion, customer_id: str | None
) -> AnswerParts | None:
    if customer_id is not None and asked.products and any(word in question for word in _MAY_I):
        return _from_gate(bench, asked, customer_id)
    stated = None if asked.no_such else from_records(bench, asked)
    prose = from_passages(bench, question)
    if stated is None:
        return prose if prose is not None and _about_this(asked, prose) else None
    if prose is None or prose.fit < STRONG:
        return stated
    if not _FIGURES & set(asked.properties) and len(stated.products) > MANY_PRODUCTS:
        return prose  # a rule that many records state is better said once
    return stated.followed_by(prose)


def _about_this(asked: ProductQuestion, prose: AnswerParts) -> bool:
    """Whether a passage may answer where the records are silent.

    A question for a property or figure of a named product is the records' business; only a
    passage about that very question may answer it instead.
    """
    about_product = bool(asked.products or asked.no_such)
    for_records = bool(asked.properties or asked.absent) or (asked.named and asked.wants_figure)
    return prose.fit >= STRONG or not (about_product and for_records)


def _from_gate(bench: Workbench, asked: ProductQuestion, customer_id: str) -> AnswerParts:
    """What the gate says of the customer and the products meant, by product code."""
    file = bench.customer_file(customer_id)
    products = asked.products[:MOST_PRODUCTS]
    decided = [
        (product, choose_seller(bench, product, file, Channel.COUNTER)[1]) for product in products
    ]
    text = "\n".join(_gate_line(product, decision) for product, decision in decided)
    profile = tuple(facts.profile_facts(file.profile)) if file.profile else ()
    return AnswerParts(
        text,
        known=(
            *(fact for product in products for fact in facts.product_facts(product)),
            *profile,
            *facts.figures_of(text, "gate"),
        ),
        products=products,
        proof={
            "gate": {
                product.product_code: [reason.rule_id for reason in decision.refusals]
                for product, decision in decided
            }
        },
    )


def _gate_line(product: Product, decision: GateDecision) -> str:
    verdict = "可以介绍" if decision.allowed else "不可以介绍"
    lines = [f"{product.name}（{product.product_code}）：{verdict}。"]
    for reason in (*decision.refusals, *decision.cautions):
        cited = "、".join(f"《{c.regulation}》{c.article}" for c in reason.citations)
        lines.append(f"　{reason.message}" + (f"（依据：{cited}）" if cited else ""))
    if decision.unchecked:
        lines.append(f"　缺少数据、未能核验：{'、'.join(decision.unchecked)}。")
    return "\n".join(lines)


def _checked(bench: Workbench, parts: AnswerParts, asked: ProductQuestion) -> Answer:
    product = parts.products[0] if len(parts.products) == 1 else None
    context = CheckContext(
        product=product.type if product else None,
        product_code=product.product_code if product else None,
        channel=Channel.COUNTER,
        kind=DraftKind.ANSWER,
        audience=Audience.INTERNAL,
        as_of=bench.as_of,
        whole=False,
        facts=parts.known,
    )
    result = bench.checker.check(parts.text, context)
    if result.verdict is Verdict.BLOCK:
        blocked = "、".join(sorted({finding.rule_id for finding in result.blocking}))
        return replace(_refusal(asked), notes=(f"找到的答案未通过检查（{blocked}），没有显示",))
    return Answer(
        answer=parts.text,
        citations=parts.citations,
        refused=False,
        verdict=result.verdict,
        figures=parts.figures,
        ask_whom=parts.ask_whom,
        notes=parts.notes,
    )


def _refusal(asked: ProductQuestion) -> Answer:
    words = asked.period.words
    lacking = [f"“{words}”的记录"] if words else []
    if asked.no_such:
        lacking.append(asked.no_such)
    about = "、".join([*lacking, *asked.absent])
    return Answer(
        answer=f"{NO_EVIDENCE}{f'（{about}）' if about else ''}，不能回答。请不要凭印象答复客户。",
        citations=(),
        refused=True,
        verdict=Verdict.PASS,
        ask_whom=ask_whom(asked),
    )
