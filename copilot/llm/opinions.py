"""Ask a model for its opinion of a text: yes or no to some questions, each yes with a quote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from copilot.llm.prompts import load_prompt
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.untrusted import without_orders
from copilot.llm.wire import Wire

if TYPE_CHECKING:
    from copilot.llm.structured import StructuredReply

REPLY_TOKENS = 800


class Opinion(BaseModel):
    """The answer to one question; ``quote`` is where the text says so."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="问题编号")
    yes: bool
    quote: str = Field(default="", max_length=500, description="文字里的原话，逐字照抄")


class Opinions(BaseModel):
    """The answers to the questions that were put."""

    model_config = ConfigDict(extra="forbid")

    answers: list[Opinion] = Field(max_length=60)


def opinions_of(
    wire: Wire,
    prompts_dir: Path,
    text: str,
    questions: Mapping[str, str],
    people: Pseudonyms,
) -> StructuredReply[Opinions]:
    """The model's answers to ``questions`` (by id) about a text. Nothing in them is verified yet.

    ``people`` and long numbers are taken out of the text before it leaves.

    Raises:
        ModelUnavailable: the endpoint failed or its reply has not the shape.
    """
    from copilot.llm.chat_model import ChatModel
    from copilot.llm.structured import shaped_chain

    model = ChatModel(wire, people.guard, max_tokens=REPLY_TOKENS)
    chain = shaped_chain(model, load_prompt(prompts_dir, "judge"), Opinions, prompts_dir)
    asked = [{"id": id, "text": question} for id, question in questions.items()]
    return chain.invoke({"questions": asked, "text": without_orders(people.hide(text))})
