"""Today's maturities in answer to 「今天谁到期，谁接」: from the call list, without amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot.errors import StateError
from copilot.pipeline import facts
from copilot.pipeline.answer_parts import AnswerParts
from copilot.pipeline.product_words import QuestionWords
from copilot.records import figures
from copilot.records.codes import ProductType, label
from copilot.records.draft import Figure

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.records.matching import CallToday

MOST_LINES = 10
_NO_LIST = "到期名单用 copilot today 查，要先载入数据并建好画像。"


def today(bench: Workbench, question: str, words: QuestionWords) -> AnswerParts | None:
    """The customers with something maturing today and who takes them; ``None`` if not asked.

    Customers are named by their number and sums are left out: the answer may be seen in a lobby.
    """
    if not any(pattern.search(question) for pattern in words.maturities_today):
        return None
    from copilot.pipeline.today import call_today

    try:
        listed = call_today(bench)
    except StateError:
        return AnswerParts(_NO_LIST, refused=True, ask_whom="营业主管")
    day = figures.full_date(bench.as_of)
    due = listed.due_today
    where = listed.branch_id or "全行"
    head = f"截至{day}，{where}今天到期的客户有{len(due)}位："
    lines = [_line(call) for call in due[:MOST_LINES]]
    text = "\n".join(
        [
            head if due else f"截至{day}，{where}今天没有到期的客户。",
            *lines,
            "先办客户来办的事，再由承接人接；承接人不在，交给当班理财经理。"
            "完整名单用 copilot today 查。",
        ]
    )
    return AnswerParts(
        text,
        figures=(Figure(day, 2, 2 + len(day), "as_of"),),
        known=(facts.day_fact(bench.as_of), *facts.figures_of(text, "call_list")),
        proof={"call_list": [call.customer_id for call in due]},
    )


def _line(call: CallToday) -> str:
    """Who, what falls due and what to do about it; no sum."""
    what = label(ProductType(call.product_type)) if call.product_type else "产品"
    renewed = "（已约定转存）" if call.renews else ""
    service = "，只告知到期、不作营销" if call.service_only else ""
    return f"{call.customer_id}：{what}到期{renewed}，承接人{call.manager_id or '未登记'}{service}"
