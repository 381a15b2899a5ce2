"""Ask a model what a customer's words say: the same closed answers that the linear model gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from copilot.llm.prompts import load_prompt
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.untrusted import without_orders
from copilot.llm.wire import Wire
from copilot.records.codes import Intent, Mood, Topic

if TYPE_CHECKING:
    from copilot.llm.structured import StructuredReply

REPLY_TOKENS = 200


class ModelReading(BaseModel):
    """Topic, intent and mood of one text."""

    model_config = ConfigDict(extra="forbid")

    topic: Topic
    intent: Intent
    mood: Mood


def read_with_model(wire: Wire, prompts_dir: Path, text: str) -> StructuredReply[ModelReading]:
    """The model's reading of a text; long numbers are taken out before it leaves.

    Raises:
        ModelUnavailable: the endpoint failed or its reply has not the shape.
    """
    from copilot.llm.chat_model import ChatModel
    from copilot.llm.structured import shaped_chain

    nobody = Pseudonyms.of(())
    model = ChatModel(wire, nobody.guard, max_tokens=REPLY_TOKENS)
    chain = shaped_chain(model, load_prompt(prompts_dir, "feedback"), ModelReading, prompts_dir)
    return chain.invoke({"text": without_orders(nobody.hide(text))})
