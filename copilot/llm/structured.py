"""Replies with a shape: the strongest mode the endpoint takes, validation, one repair.

The ladder is ``json_schema`` → ``json_object`` → prompt only; a rung that the endpoint refuses is
not tried again. Tools are never forced. Imports langchain, like `copilot.llm.chat_model`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import BaseModel, ValidationError

from copilot.errors import InputError, ModelUnavailable
from copilot.llm.chat_model import ChatModel
from copilot.llm.prompts import Prompt, load_prompt
from copilot.llm.wire import Rejected

Shape = TypeVar("Shape", bound=BaseModel)

RUNGS = ("json_schema", "json_object", "prompt")
_REFUSES_FORMAT = (400, 404, 415, 422, 501)


@dataclass(frozen=True, slots=True)
class StructuredReply(Generic[Shape]):
    """A validated reply with everything needed to replay it.

    ``raw`` holds the texts as received, the repaired one last; reasoning is already out.
    """

    value: Shape
    raw: tuple[str, ...]
    rung: str
    model: str
    prompt: str


def shaped_chain(
    model: ChatModel, prompt: Prompt, shape: type[Shape], prompts_dir: Path
) -> Runnable[dict[str, Any], StructuredReply[Shape]]:
    """The chain prompt → model → parser for a prompt whose reply has a shape.

    Invoke it with the prompt's inputs. It raises `ModelUnavailable` when the endpoint fails, or
    when the reply has not the shape even after one repair.

    Raises:
        InputError: the prompt says that its reply has another shape than the program reads.
    """
    if prompt.output != shape.__name__:
        raise InputError(
            f"提示词 {prompt.prompt_id} 的 output 是 {prompt.output}，程序读的是 {shape.__name__}",
            file=prompt.file,
            field="output",
            next=f"请写成 output: {shape.__name__}；回复的格式由程序规定，能改的是正文。",
        )
    schema = json.dumps(_schema(shape), ensure_ascii=False)
    repair = load_prompt(prompts_dir, "repair")

    def messages(values: dict[str, Any]) -> list[BaseMessage]:
        system, user = prompt.render(values, output_schema=schema)
        return [SystemMessage(system), HumanMessage(user)]

    def parse(sent: list[BaseMessage]) -> StructuredReply[Shape]:
        reply = call_shaped(model, sent, shape)
        try:
            return _reply(reply, shape, (reply.text,), prompt, model)
        except ValidationError as error:
            asked = [*sent, reply, HumanMessage(_repair_request(repair, error, schema))]
        second = call_shaped(model, asked, shape)
        try:
            return _reply(second, shape, (reply.text, second.text), prompt, model)
        except ValidationError:
            raise ModelUnavailable(
                "模型的回复不符合约定的格式，修复一次后仍不符合。",
                next="将使用内置模板引擎；请检查模型是否支持 JSON 输出。",
            ) from None

    return RunnableLambda(messages) | RunnableLambda(parse)


def call_shaped(
    model: ChatModel, messages: Sequence[BaseMessage], shape: type[BaseModel]
) -> AIMessage:
    """One call in the strongest mode that the endpoint takes; remembers a mode it refuses.

    Raises:
        ModelUnavailable: the endpoint failed or refuses even a plain request.
    """
    for rung in range(model.wire.rung, len(RUNGS)):
        try:
            reply = model.invoke(list(messages), **_response_format(RUNGS[rung], shape))
        except Rejected as error:
            if error.status not in _REFUSES_FORMAT or rung == len(RUNGS) - 1:
                raise
            continue
        model.wire.rung = rung
        return reply
    raise AssertionError("unreachable")


@lru_cache(maxsize=64)
def _schema(shape: type[BaseModel]) -> dict[str, Any]:
    return shape.model_json_schema()


def _response_format(rung: str, shape: type[BaseModel]) -> dict[str, Any]:
    if rung == "json_schema":
        schema = {"name": shape.__name__, "strict": True, "schema": _schema(shape)}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {"response_format": {"type": "json_object"}} if rung == "json_object" else {}


def _reply(
    message: AIMessage, shape: type[Shape], raw: tuple[str, ...], prompt: Prompt, model: ChatModel
) -> StructuredReply[Shape]:
    value = shape.model_validate_json(_json_part(message.text))
    name = str(message.response_metadata.get("model_name", model.model_name))
    return StructuredReply(value, raw, RUNGS[model.wire.rung], name, prompt.reference)


def _json_part(text: str) -> str:
    """The outermost JSON object of a reply that may be fenced or talked around."""
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


def _repair_request(repair: Prompt, error: ValidationError, schema: str) -> str:
    problems = [
        f"{'.'.join(map(str, item['loc'])) or '整体'}：{item['msg']}"
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    _, user = repair.render({"problems": problems[:10]}, output_schema=schema)
    return user
