"""Questions that a rule answers: other banks' figures, somebody's own data, which earns most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot.pipeline import facts
from copilot.pipeline.answer_parts import NO_EVIDENCE, AnswerParts
from copilot.pipeline.ask_records import sold_here
from copilot.pipeline.product_questions import ProductQuestion
from copilot.pipeline.product_words import QuestionWords
from copilot.records.codes import PassageKind, ProductType
from copilot.records.knowledge import Citation

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

MOST_PRODUCTS = 12
_PLAIN = frozenset({ProductType.DEPOSIT, ProductType.LARGE_CD, ProductType.GOV_BOND})
_NO_RANKING = "不按收益高低排序"
_NO_COMPARISON = "不与同业比较高低"


def other_bank(asked: ProductQuestion, question: str, words: QuestionWords) -> AnswerParts | None:
    """The refusal to a question for another bank's figures; ``None`` when none is asked for."""
    if not asked.other_bank or any(word in question for word in words.reply_words):
        return None
    if not (asked.properties or asked.wants_figure):
        return None
    return AnswerParts(
        f"{NO_EVIDENCE}：没有其他银行的利率和产品资料，不能回答，也{_NO_COMPARISON}。"
        "请不要用本行的数字代替，也不要凭印象答复客户。",
        ask_whom="请客户直接向那家银行查询；怎么答复客户可以问理财经理",
        refused=True,
    )


def personal(question: str, words: QuestionWords) -> AnswerParts | None:
    """The refusal to look up or tell somebody's own data; ``None`` when nobody wants it."""
    if not words.asks_personal(question):
        return None
    return AnswerParts(
        f"{NO_EVIDENCE}：余额、卡号、电话这类个人资料不在问答里查，也不显示。"
        "客户本人可以在手机银行里看，或者带身份证到柜台，核实身份以后查。",
        ask_whom="柜台柜员",
        refused=True,
    )


def ranking(bench: Workbench, asked: ProductQuestion) -> AnswerParts | None:
    """Why products are not put in order of return, with those on sale here by code.

    ``None`` where no order is asked for, or only among deposits, whose rates are posted.
    """
    invested = [p for p in asked.products if p.type not in _PLAIN]
    if not asked.ranked or not invested:
        return None
    cited = _article(bench)
    line = cited[0].sentence if cited else f"产品{_NO_RANKING}。"
    on_sale = [p for p in invested if p.on_sale(bench.as_of) and sold_here(bench, p)]
    lines = [f"不能按收益高低比较或者推荐产品，先看客户的风险评估、期限和用钱安排。依据：{line}"]
    if on_sale:
        lines.append("目前在售、本支行可以介绍的（按产品代码排列）：")
    for product in on_sale[:MOST_PRODUCTS]:
        rating = f"，风险等级{product.risk_rating}" if product.risk_rating else ""
        lines.append(f"{product.name}（{product.product_code}）{rating}")
    text = "\n".join(lines)
    return AnswerParts(
        text,
        citations=cited,
        known=(
            *(fact for product in on_sale for fact in facts.product_facts(product)),
            *facts.figures_of(text, "product.name"),
        ),
        products=tuple(on_sale),
        ask_whom="理财经理",
    )


def _article(bench: Workbench) -> tuple[Citation, ...]:
    """The bank's own rule against ranking, in its words."""
    from copilot.drafting.citations import sentences
    from copilot.records.codes import Audience
    from copilot.records.knowledge import SearchQuery

    query = SearchQuery(
        text=_NO_RANKING,
        as_of=bench.as_of,
        kind=PassageKind.REGULATION,
        audience=Audience.INTERNAL,
    )
    for hit in bench.search(query).hits:
        for _, sentence in sentences(hit.passage.text):
            if _NO_RANKING in sentence:
                said, passage = sentence.strip(), hit.passage
                return (Citation(said, passage.passage_id, said, passage.citation),)
    return ()
