"""Taking the AI label off a text: possible, never silently.

The label stands in every text that a model wrote a part of (标识办法). Whoever hands the text on
without it answers for that: the text is given out only with a reason, and the log keeps both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot.errors import InputError
from copilot.records.draft import AI_LABEL

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

UNLABELLED = "draft.label_removed"


def without_ai_label(bench: Workbench, draft_id: str, reason: str) -> str:
    """The model's text of a draft without its label, entered in the log with the reason.

    Raises:
        NotFound: no such draft.
        InputError: the draft carries no label, or there is no reason.
    """
    document = bench.store.drafts(bench.principal).get(draft_id)["draft"]
    texts = [document.get("text", ""), document.get("talking_points", {}).get("text", "")]
    labelled = next((text for text in texts if AI_LABEL in text), None)
    if labelled is None:
        raise InputError(
            f"草稿 {draft_id} 里没有AI标识。", field="draft", next="没有使用大模型的文字不带标识。"
        )
    if not reason.strip():
        raise InputError(
            "去掉AI标识要写明理由。", field="reason", next="例：--reason 已由本人逐字改写。"
        )
    with bench.store.transaction() as connection:
        bench.store.audit.append(
            connection, UNLABELLED, draft_id, {"reason": reason}, actor=bench.principal.user_id
        )
    return "\n".join(line for line in labelled.splitlines() if line != AI_LABEL)
