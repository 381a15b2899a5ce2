"""A model's recorded replies in the place of the model: what was said is said again, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from copilot.errors import ModelUnavailable
from copilot.llm.structured import RUNGS
from copilot.llm.wire import Endpoint, Guard, Wire


class RecitedWire(Wire):
    """Answers with recorded texts, whatever is asked; nothing leaves.

    Args:
        model: the model that said them.
        mode: the structured-output mode they came in.
        texts: the replies in order.
    """

    def __init__(self, model: str, mode: str, texts: Sequence[str]) -> None:
        super().__init__(Endpoint("", model))
        self.rung = RUNGS.index(mode)
        self._texts = iter(texts)

    def complete(
        self, body: Mapping[str, Any], guard: Guard, seconds: float | None = None
    ) -> dict[str, Any]:
        """The next recorded reply.

        Raises:
            ModelUnavailable: more is asked than was said.
        """
        text = next(self._texts, None)
        if text is None:
            raise ModelUnavailable("记录的模型回复已用完，与当时的过程不一致。")
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"model": self.endpoint.model, "choices": [choice]}
