"""Where the copies of a template went: the recall list of a text that was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench


def copies(bench: Workbench, template_id: str, version: int) -> list[dict[str, Any]]:
    """Every stored draft that was filled from a template version, the oldest first.

    Only drafts in the principal's scope; each by its own and the customer's id.
    """
    reference = f"{template_id}@{version}"
    return [
        {
            "draft_id": draft_id,
            "customer_id": document.get("customer_id"),
            "product_code": document.get("product_code"),
            "channel": document.get("channel"),
        }
        for draft_id, document in bench.store.drafts(bench.principal).each()
        if (document.get("versions") or {}).get("template") == reference
    ]
