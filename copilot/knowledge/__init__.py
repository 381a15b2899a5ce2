"""Knowledge: documents become passages, passages are found, quotes are verified.

    ingest   files → documents and passages in the store
    search   a question → passages that are valid, permitted and relevant
    quotes   a sentence with its quote → kept, or the reasons why not

The lexical index and the vector generations are disposable: both are built from the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from copilot.knowledge.faq import FaqParts, faq_parts
from copilot.knowledge.search import SearchResult, search

if TYPE_CHECKING:
    from copilot.knowledge.intake import ingest, remove

__all__ = ["FaqParts", "SearchResult", "faq_parts", "ingest", "remove", "search"]


def __getattr__(name: str) -> Any:
    # Parsers cost a cold search 20 ms, so they are loaded when something is taken in.
    if name in ("ingest", "remove"):
        from copilot.knowledge import intake

        return getattr(intake, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
