"""Today's maturities in answer to 「今天谁到期，谁接」: from the call list, without amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot.errors import StateError
from copilot.pipeline import facts
from copilot.pipeline.answer_parts import AnswerParts
from copilot.pipeline.product_words import QuestionWords
from copilot.records import figures
from copilot.records.draft import Figure

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

MOST_CALLS = 200
MOST_LINES = 10
_MATURES_TODAY = "maturity_today"
_NO_LIST = "到期名单用 copilot today 查，要先载入数据并建好画像。"


def today(bench: Workbench, question: str, words: QuestionWords) -> AnswerParts | None:
    """The customers with something maturing today and who takes them; ``None`` if not asked.

    Customers are named by their number and sums are left out: the answer may be seen in a lobby.
    """
    if not any(pattern.search(question) for pattern in words.maturities_today):
        return None
    from copilot.pipeline.today import call_today

    try:
        listed = call_today(bench, limit=MOST_CALLS)
    except StateError:
        return AnswerParts(_NO_LIST, refused=True, ask_whom="营业主管")
    day = figures.full_date(bench.as_of)
    due = [call for call in listed.calls if call.reason_code == _MATURES_TODAY]
    where = listed.branch_id or "全行"
    head = f"截至{day}，联系名单上{where}今天到期的客户有{len(due)}位："
    lines = [f"{c.customer_id}，承接人{c.manager_id or '未登记'}" for c in due[:MOST_LINES]]
    text = "\n".join(
        [
            head if due else f"截至{day}，联系名单上{where}今天没有到期的客户。",
            *lines,
            "先办客户来办的事，再由承接人接；承接人不在，交给当班理财经理。"
            "完整名单用 copilot today 查；没有营销同意、近期联系过的客户不在名单上。",
        ]
    )
    return AnswerParts(
        text,
        figures=(Figure(day, 2, 2 + len(day), "as_of"),),
        known=(facts.day_fact(bench.as_of), *facts.figures_of(text, "call_list")),
        proof={"call_list": [call.customer_id for call in due]},
    )
