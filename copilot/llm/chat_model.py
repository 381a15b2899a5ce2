"""The langchain chat model of this house: thin, OpenAI protocol only, reasoning taken out.

Imports langchain; reach it through `copilot.llm.door.open_model`, which is cheap until used.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from copilot.errors import ModelUnavailable
from copilot.llm.reasoning import shows_reasoning, without_reasoning
from copilot.llm.usage import Usage
from copilot.llm.wire import Guard, Wire

_ROLES = {"system": "system", "human": "user", "ai": "assistant"}
_TAG = len("</reasoning>")


class ChatModel(BaseChatModel):
    """A chat model over one `Wire`; keyword arguments of a call go into the request body.

    Make one for each request, with the guard for that request's people; ``usage`` sums its calls.
    """

    temperature: float = 0.3
    max_tokens: int | None = None
    _wire: Wire = PrivateAttr()
    _usage: Usage = PrivateAttr(default=Usage())
    _guard: Guard = PrivateAttr()

    def __init__(self, wire: Wire, guard: Guard, **fields: Any) -> None:
        super().__init__(cache=False, **fields)
        self._wire = wire
        self._guard = guard

    @property
    def _llm_type(self) -> str:
        return "bank-copilot-openai-protocol"

    @property
    def model_name(self) -> str:
        """The configured model's name."""
        return self._wire.endpoint.model

    @property
    def usage(self) -> Usage:
        """Tokens and time used so far."""
        return self._usage

    @property
    def wire(self) -> Wire:
        """The endpoint's connections."""
        return self._wire

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        started = time.monotonic()
        reply = self._wire.complete(self._body(messages, stop, kwargs), self._guard)
        choice = reply["choices"][0]
        raw = str(choice["message"].get("content") or "")
        self._wire.mixes_reasoning = bool(self._wire.mixes_reasoning) or shows_reasoning(raw)
        usage = self._count(reply.get("usage"), started)
        message = AIMessage(
            content=without_reasoning(raw),
            usage_metadata=usage,
            response_metadata=self._metadata(reply, choice),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        started = time.monotonic()
        # A reply whose reasoning lacks its opening tag is known only at its end, so text flows
        # at once only from an endpoint that has answered cleanly before.
        flowing = self._wire.mixes_reasoning is False
        raw, shown = "", 0
        for chunk in self._wire.stream(self._body(messages, stop, kwargs), self._guard):
            if chunk.get("usage"):
                usage = self._count(chunk["usage"], started)
                yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))
            raw += _delta(chunk)
            if flowing:
                safe = self._clean_up_to(raw, shown)
                if safe > shown:
                    yield ChatGenerationChunk(message=AIMessageChunk(content=raw[shown:safe]))
                    shown = safe
        self._wire.mixes_reasoning = bool(self._wire.mixes_reasoning) or shows_reasoning(raw)
        rest = raw[shown:] if flowing else without_reasoning(raw)
        yield ChatGenerationChunk(message=AIMessageChunk(content=rest))

    def _clean_up_to(self, raw: str, shown: int) -> int:
        """How far a flowing reply may be passed on; a tag that has only begun is held back."""
        held = raw[shown:]
        if shows_reasoning(held):
            self._wire.mixes_reasoning = True
            raise ModelUnavailable(
                "模型把推理过程混进了正文，这次回复作废。", next="请重试，将改为整段接收。"
            )
        opening = held.rfind("<")
        return shown + opening if opening >= 0 and len(held) - opening < _TAG else len(raw)

    def _body(
        self, messages: list[BaseMessage], stop: list[str] | None, extra: dict[str, Any]
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "messages": [
                {"role": _ROLES[message.type], "content": message.text} for message in messages
            ],
            "temperature": self.temperature,
            **({"max_tokens": self.max_tokens} if self.max_tokens else {}),
            **extra,
        }
        if stop:
            body["stop"] = stop
        return body

    def _metadata(self, reply: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
        return {
            "model_name": str(reply.get("model") or self.model_name),
            "finish_reason": choice.get("finish_reason"),
        }

    def _count(self, reported: Any, started: float) -> UsageMetadata:
        reported = reported if isinstance(reported, dict) else {}
        prompt = int(reported.get("prompt_tokens") or 0)
        completion = int(reported.get("completion_tokens") or 0)
        self._usage += Usage(1, prompt, completion, time.monotonic() - started)
        return UsageMetadata(
            input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion
        )


def _delta(chunk: dict[str, Any]) -> str:
    return "".join(
        str((choice.get("delta") or {}).get("content") or "")
        for choice in chunk.get("choices") or ()
    )
