"""An installation whose embeddings come from the scripted endpoint."""

from __future__ import annotations

import knowledge_files as files
from fake_openai import FakeOpenAI

from copilot.knowledge import SearchResult, search
from copilot.records.knowledge import SearchQuery
from copilot.settings import Settings
from copilot.store import Store

QUESTION = "卡被限额了怎么解除"


def configured(settings: Settings, server: FakeOpenAI, **changes: object) -> Settings:
    """The settings with the endpoint in them, tried once and always used, but for changes."""
    update = {
        "embedding_base_url": server.base_url,
        "embedding_model": "m1",
        "llm_retries": 0,
        "dense": "on",
    }
    return settings.model_copy(update=update | changes)


def ask(store: Store, settings: Settings, text: str = QUESTION) -> SearchResult:
    """What a search finds for the console's reader."""
    return search(SearchQuery(text, files.TODAY), store, settings, files.EVERYONE)
