"""An answer once more: the same question by the same person on the same day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from copilot.pipeline.ask import answered
from copilot.pipeline.ask_conversation import Subject
from copilot.pipeline.product_words import Property
from copilot.pipeline.replay_part import Again, Part


@dataclass(frozen=True, slots=True)
class AnswerAgain(Again):
    """A stored answer with its question and what the conversation was about."""

    needs = frozenset({"question", "knowledge", "as_of"})

    def parts(self) -> Iterator[Part]:
        """The answer found again in the records and the knowledge of its day."""
        again = answered(
            self.then, self.proof["question"], self.proof["customer_id"], self._carried()
        ).answer
        yield Part("text", self.document["answer"], again.answer)
        citations = [citation.as_json() for citation in again.citations]
        yield Part("citations", self.document["citations"], citations)
        yield Part("verdict", self.document["verdict"], again.verdict.value)

    def _carried(self) -> Subject | None:
        kept = self.proof.get("carried")
        if kept is None:
            return None
        properties = tuple(Property(name) for name in kept["properties"])
        return Subject(tuple(kept["codes"]), properties, kept["heading"])

    def changes(self) -> Iterator[str]:
        """Products, versions, passages and the knowledge as a whole."""
        yield from self.products_changed(self.proof.get("products", ()))
        yield from self.versions_changed(self.proof)
        yield from self.passages_changed()
        then = self.proof["knowledge"]
        now = self.bench.store.knowledge(self.bench.principal).revision()
        if then != now:
            yield f"知识库：第{then}次改动 → 第{now}次改动"
