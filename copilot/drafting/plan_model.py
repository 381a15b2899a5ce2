"""A plan's overview in a configured model's words; every figure stays where the code put it.

The model sees sentences with placeholders and returns them reworded, one for one. It can add no
figure, no fact and no promise: what a sentence says is compared with the original.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from copilot.drafting.literal import repeats
from copilot.drafting.summary_model import Reworded, faults
from copilot.drafting.summary_values import SLOT, slot
from copilot.errors import ModelUnavailable
from copilot.llm.prompts import Prompt, load_prompt
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.wire import Wire
from copilot.records.compliance import CheckResult, Verdict
from copilot.records.report import Paragraph, Piece, Stated, pieces_of
from copilot.records.usage import Usage

MOST_REWRITES = 2
REPLY_TOKENS = 2000
_LENIENT = (Verdict.PASS, Verdict.REVIEW)


class PlanWords(BaseModel):
    """What the model returns."""

    model_config = ConfigDict(extra="forbid")

    sentences: list[Reworded] = Field(min_length=1, description="与给出的句子一一对应")


@dataclass(frozen=True, slots=True)
class PlanProse:
    """Paragraphs that passed, with the evidence of how they came about."""

    paragraphs: tuple[Paragraph, ...]
    writer: str
    evidence: Mapping[str, Any]
    usage: Usage


Check = Callable[[str], CheckResult]


class PlanWriter:
    """Rewords overviews through one endpoint.

    Args:
        wire: the endpoint.
        prompts_dir: where ``plan.md`` is.
    """

    def __init__(self, wire: Wire, prompts_dir: Path) -> None:
        from copilot.llm.chat_model import ChatModel

        # Nobody is named in what goes out; the guard still looks for numbers that name somebody.
        self._model = ChatModel(wire, Pseudonyms.of(()).guard, max_tokens=REPLY_TOKENS)
        self._prompts_dir = prompts_dir

    def prose(
        self, paragraphs: Sequence[Paragraph], title: str, bank: str, check: Check
    ) -> PlanProse:
        """The paragraphs in the model's words.

        Raises:
            ModelUnavailable: the endpoint failed, or its words still do not pass after
                `MOST_REWRITES` rewrites; nothing of them may be used.
        """
        from copilot.llm.structured import shaped_chain

        prompt = load_prompt(self._prompts_dir, "plan")
        chain = shaped_chain(self._model, prompt, PlanWords, self._prompts_dir)
        originals = [_with_slots(paragraph) for paragraph in paragraphs]
        values: dict[str, Any] = {
            "bank": bank,
            "title": title,
            "sentences": [
                {"id": f"s{number}", "text": text} for number, text in enumerate(originals, 1)
            ],
            "findings": [],
        }
        raw: list[str] = []
        rejected: list[list[str]] = []
        for _ in range(1 + MOST_REWRITES):
            reply = chain.invoke(values)
            raw += reply.raw
            written, objections = _judged(paragraphs, originals, reply.value, prompt)
            if not objections:
                result = check("\n".join(paragraph.text for paragraph in written))
                objections = [f.message for f in result.findings if f.verdict not in _LENIENT]
            if not objections:
                evidence = {
                    "model": reply.model,
                    "mode": reply.rung,
                    "prompts": [reply.prompt],
                    "raw": raw,
                    "rejected": rejected,
                }
                return PlanProse(tuple(written), reply.model, evidence, self._model.usage)
            rejected.append(objections)
            values["findings"] = objections[:20]
        raise ModelUnavailable(
            f"模型写的概要改了{MOST_REWRITES}次仍未通过检查，已弃用。", next="将使用内置模板引擎。"
        )


def _with_slots(paragraph: Paragraph) -> str:
    """A paragraph with a placeholder for every figure."""
    return "".join(
        slot(piece.source.removeprefix("metric.")) if isinstance(piece, Stated) else piece
        for piece in pieces_of(paragraph)
    )


def _judged(
    paragraphs: Sequence[Paragraph], originals: Sequence[str], words: PlanWords, prompt: Prompt
) -> tuple[list[Paragraph], list[str]]:
    texts = {sentence.id: sentence.text.strip() for sentence in words.sentences}
    ids = [f"s{number}" for number in range(1, len(originals) + 1)]
    if sorted(texts) != sorted(ids) or len(texts) != len(words.sentences):
        return [], ["句子要与给出的一一对应，编号原样抄回。"]
    found: list[str] = []
    for number, original in zip(ids, originals, strict=True):
        found += [f"{number}：{fault}" for fault in faults(original, texts[number])]
        if repeats(texts[number], prompt.system):
            found.append(f"{number}：复述了写作说明。")
    if found:
        return [], found
    return [_filled(p, texts[n]) for n, p in zip(ids, paragraphs, strict=True)], []


def _filled(paragraph: Paragraph, text: str) -> Paragraph:
    """The reworded text with the figures of the original, in their order."""
    figures = iter(piece for piece in pieces_of(paragraph) if isinstance(piece, Stated))
    parts: list[Piece] = [
        next(figures) if number % 2 else part for number, part in enumerate(SLOT.split(text))
    ]
    return Paragraph.of(*parts, evidence=paragraph.evidence, style=paragraph.style)
