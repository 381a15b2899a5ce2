"""Ask a model for an answer whose every sentence names its passage and quotes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from copilot.llm.prompts import load_prompt
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.untrusted import without_orders
from copilot.llm.wire import Wire
from copilot.records.knowledge import Passage

if TYPE_CHECKING:
    from copilot.llm.structured import StructuredReply

REPLY_TOKENS = 1200


class SourcedSentence(BaseModel):
    """A sentence with what it rests on."""

    model_config = ConfigDict(extra="forbid")

    sentence: str = Field(min_length=1, description="回答里的一句话")
    passage_id: str = Field(description="依据的资料编号")
    quote: str = Field(min_length=1, description="资料里的原文，逐字照抄")


class SourcedAnswer(BaseModel):
    """The sentences of an answer; none when the passages do not answer the question."""

    model_config = ConfigDict(extra="forbid")

    sentences: list[SourcedSentence] = Field(max_length=6)


def sourced_answer(
    wire: Wire, prompts_dir: Path, bank: str, question: str, passages: Sequence[Passage]
) -> StructuredReply[SourcedAnswer]:
    """The model's answer from passages. Nothing in it is verified yet.

    Long numbers are taken out of the question before it leaves.

    Raises:
        ModelUnavailable: the endpoint failed or its reply has not the shape.
    """
    from copilot.llm.chat_model import ChatModel
    from copilot.llm.structured import shaped_chain

    nobody = Pseudonyms.of(())
    model = ChatModel(wire, nobody.guard, max_tokens=REPLY_TOKENS)
    chain = shaped_chain(model, load_prompt(prompts_dir, "answer"), SourcedAnswer, prompts_dir)
    return chain.invoke(
        {
            "bank": bank,
            "question": nobody.hide(question),
            "passages": [
                {"id": p.passage_id, "text": without_orders(nobody.hide(p.text))} for p in passages
            ],
        }
    )
