"""Open the configured endpoint, or say that there is none."""

from __future__ import annotations

from copilot.errors import StateError
from copilot.llm.budget import Ledger
from copilot.llm.tape import Tape
from copilot.llm.wire import Endpoint, Wire
from copilot.settings import Settings


def open_wire(settings: Settings, ledger: Ledger | None = None) -> Wire | None:
    """The connections to the configured endpoint, or ``None`` when none is set.

    Open one for a process; make a `copilot.llm.chat_model.ChatModel` on it for each request.
    ``ledger`` books what the days use; it is asked only where a day is limited.
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
        ),
        limits=settings.llm_limits,
        ledger=ledger if settings.llm_limits.by_day else None,
        tape=Tape(settings.llm_record_dir, settings.llm_replay_dir),
    )


def required(wire: Wire | None) -> Wire:
    """The connections, for what cannot be done without a model.

    Raises:
        StateError: no model is configured.
    """
    if wire is None:
        raise StateError(
            "没有配置大模型", next="请设置 llm_base_url 与 llm_model，或去掉请大模型做的选项。"
        )
    return wire
