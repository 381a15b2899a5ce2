"""Open the configured endpoint, or say that there is none."""

from __future__ import annotations

from copilot.llm.wire import Endpoint, Wire
from copilot.settings import Settings


def open_wire(settings: Settings) -> Wire | None:
    """The connections to the configured endpoint, or ``None`` when none is set.

    Open one for a process; make a `copilot.llm.chat_model.ChatModel` on it for each request.
    """
    if not settings.model_configured:
        return None
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else ""
    return Wire(
        Endpoint(
            base_url=settings.llm_base_url or "",
            model=settings.llm_model or "",
            api_key=key,
            timeout_s=settings.llm_timeout_s,
            retries=settings.llm_retries,
        )
    )
