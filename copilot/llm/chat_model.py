"""The langchain chat model of this house: thin, OpenAI protocol only, reasoning taken out.

Imports langchain; reach it through `copilot.llm.door.open_wire`, which is cheap until used.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from copilot.errors import ModelUnavailable
from copilot.llm.budget import Call, Meter
from copilot.llm.reasoning import shows_reasoning, without_reasoning
from copilot.llm.wire import Guard, Wire
from copilot.records.usage import Usage

_ROLES = {"system": "system", "human": "user", "ai": "assistant"}
_TAG = len("</reasoning>")


class ChatModel(BaseChatModel):
    """A chat model over one `Wire`; keyword arguments of a call go into the request body.

    Make one for each request, with the guard for that request's people; ``usage`` sums its calls,
    which the wire's limits bound together.
    """

    temperature: float = 0.3
    max_tokens: int | None = None
    _wire: Wire = PrivateAttr()
    _meter: Meter = PrivateAttr()
    _guard: Guard = PrivateAttr()

    def __init__(self, wire: Wire, guard: Guard, **fields: Any) -> None:
        super().__init__(cache=False, **fields)
        self._wire = wire
        self._guard = guard
        self._meter = Meter(wire.limits, wire.ledger)

    @property
    def _llm_type(self) -> str:
        return "bank-copilot-openai-protocol"

    @property
    def model_name(self) -> str:
        """The configured model's name."""
        return self._wire.endpoint.model

    @property
    def usage(self) -> Usage:
        """Tokens, time and money used so far."""
        return self._meter.usage

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
        body = self._body(messages, stop, kwargs)
        asked = _characters(messages)
        with self._meter.call(asked, body.get("max_tokens")) as call:
            started = time.monotonic()
            reply = self._wire.complete(body, self._guard, call.seconds)
            choice = reply["choices"][0]
            raw = str(choice["message"].get("content") or "")
            usage = self._count(call, reply.get("usage"), (asked, len(raw)), started)
        self._wire.mixes_reasoning = bool(self._wire.mixes_reasoning) or shows_reasoning(raw)
        message = AIMessage(
            content=without_reasoning(raw),
            usage_metadata=usage,
            response_metadata=self._metadata(reply, choice),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        # One path for both: the wire's own threads, as many as requests may be under way. The
        # event loop's default pool has a handful and would queue the rest.
        call = partial(self._generate, messages, stop, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._wire.workers, call)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        body = self._body(messages, stop, kwargs)
        asked = _characters(messages)
        # A reply whose reasoning lacks its opening tag is known only at its end, so text flows
        # at once only from an endpoint that has answered cleanly before.
        flowing = self._wire.mixes_reasoning is False
        raw, shown, reported = "", 0, None
        with self._meter.call(asked, body.get("max_tokens")) as call:
            started = time.monotonic()
            for chunk in self._wire.stream(body, self._guard, call.seconds):
                reported = chunk.get("usage") or reported
                raw += _delta(chunk)
                # Whoever stops reading here has used this much all the same.
                call.used = self._meter.priced(asked, len(raw), time.monotonic() - started)
                safe = self._clean_up_to(raw, shown) if flowing else shown
                if safe > shown:
                    yield ChatGenerationChunk(message=AIMessageChunk(content=raw[shown:safe]))
                    shown = safe
            usage = self._count(call, reported, (asked, len(raw)), started)
        self._wire.mixes_reasoning = bool(self._wire.mixes_reasoning) or shows_reasoning(raw)
        rest = raw[shown:] if flowing else without_reasoning(raw)
        yield ChatGenerationChunk(message=AIMessageChunk(content=rest, usage_metadata=usage))

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

    def _count(
        self, call: Call, reported: Any, characters: tuple[int, int], started: float
    ) -> UsageMetadata:
        """Books what a call used; in characters what the endpoint does not report."""
        reported = reported if isinstance(reported, dict) else {}
        prompt = int(reported.get("prompt_tokens") or characters[0])
        completion = int(reported.get("completion_tokens") or characters[1])
        call.used = self._meter.priced(prompt, completion, time.monotonic() - started)
        return UsageMetadata(
            input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion
        )


def _characters(messages: list[BaseMessage]) -> int:
    return sum(len(message.text) for message in messages)


def _delta(chunk: dict[str, Any]) -> str:
    return "".join(
        str((choice.get("delta") or {}).get("content") or "")
        for choice in chunk.get("choices") or ()
    )
