"""Search as a langchain retriever, so that it composes into chains."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from copilot.knowledge.search import search
from copilot.records.knowledge import Hit, SearchQuery
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    from copilot.settings import Settings
    from copilot.store import Store


def as_retriever(
    template: SearchQuery, store: Store, settings: Settings, principal: Principal
) -> BaseRetriever:
    """A retriever that asks ``template`` with the chain's question as its text.

    Each document is a passage: its text, and the fields of a search result as metadata.
    """
    from langchain_core.retrievers import BaseRetriever

    class KnowledgeRetriever(BaseRetriever):
        """Passages that are valid, permitted and relevant."""

        def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
            result = search(replace(template, text=query), store, settings, principal)
            return [_as_document(hit) for hit in result.hits]

    return KnowledgeRetriever()


def _as_document(hit: Hit) -> Document:
    from langchain_core.documents import Document

    fields = hit.as_json()
    return Document(page_content=fields.pop("text"), metadata=fields, id=hit.passage.passage_id)
