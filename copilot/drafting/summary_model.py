"""A work summary in a configured model's words: one sentence for one, the figures untouched.

The model sees sentences with placeholders: no figure, no customer, no name. What it may change is
how a sentence reads; what a sentence says is compared with the original, word class by word class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from copilot.drafting.literal import is_chinese, own_contacts, own_figures, repeats
from copilot.drafting.summary_lines import Line, Material
from copilot.drafting.summary_values import SLOT, slot, slots_in
from copilot.errors import ModelUnavailable
from copilot.llm.prompts import Prompt, load_prompt
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.wire import Wire
from copilot.records.usage import Usage
from copilot.records.work import SummaryPeriod

MOST_REWRITES = 2
REPLY_TOKENS = 4000
MOST_TIMES = 2.0
SPARE = 16  # characters that a short sentence may grow by
NAMES = {
    SummaryPeriod.DAY: "工作日报",
    SummaryPeriod.WEEK: "工作周报",
    SummaryPeriod.MONTH: "工作总结",
}
#: Words that turn a statement round or weigh it: a reworded sentence has those of the original.
WEIGHTY = re.compile(
    "增|减|升|降|涨|跌|超|高|低|最|均|仅|未|没|不|无|尚|还差|为负|持平|破零|下滑|落后|领先|达标|达到"
    "|完成|流失|承接|成交|接受|婉拒|考虑|办结|投诉|显著|大幅|圆满|优异|突出|良好|满意|全面|成功|出色"
    "|保证|承诺"
)
_CLAUSE = re.compile(r"[，。；：、（）]")


class Reworded(BaseModel):
    """One sentence in other words."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, description="句子编号，原样抄回")
    text: str = Field(min_length=1, description="改写后的句子，变量原样保留")


class SummaryWords(BaseModel):
    """What the model returns."""

    model_config = ConfigDict(extra="forbid")

    sentences: list[Reworded] = Field(min_length=1, description="与给出的句子一一对应")


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """Sentences that passed, with the evidence of how they came about."""

    lines: tuple[Line, ...]
    model: str
    evidence: Mapping[str, Any]
    usage: Usage


#: What the checker objects to once the sentences are filled.
Check = Callable[[Sequence[Line]], Sequence[str]]


class SummaryWriter:
    """Rewords summaries through one endpoint.

    Args:
        wire: the endpoint.
        prompts_dir: where ``summary.md`` is.
    """

    def __init__(self, wire: Wire, prompts_dir: Path) -> None:
        from copilot.llm.chat_model import ChatModel

        # Nobody is named in what goes out; the guard still looks for numbers that name somebody.
        self._model = ChatModel(wire, Pseudonyms.of(()).guard, max_tokens=REPLY_TOKENS)
        self._prompts_dir = prompts_dir

    def reworded(
        self, lines: Sequence[Line], material: Material, check: Check, bank: str = ""
    ) -> ModelSummary:
        """The sentences in the model's words.

        Raises:
            ModelUnavailable: the endpoint failed, or its sentences still do not pass after
                `MOST_REWRITES` rewrites; nothing of them may be used.
        """
        from copilot.llm.structured import shaped_chain

        prompt = load_prompt(self._prompts_dir, "summary")
        chain = shaped_chain(self._model, prompt, SummaryWords, self._prompts_dir)
        values: dict[str, Any] = {
            "bank": bank,
            "period": NAMES[material.work.period.kind],
            "sentences": [
                {"id": f"s{number}", "text": line.text} for number, line in enumerate(lines, 1)
            ],
            "findings": [],
        }
        raw: list[str] = []
        rejected: list[list[str]] = []
        for _ in range(1 + MOST_REWRITES):
            reply = chain.invoke(values)
            raw += reply.raw
            written, objections = _judged(lines, reply.value, prompt)
            if not objections:
                objections = list(check(written))
            if not objections:
                evidence = {
                    "model": reply.model,
                    "mode": reply.rung,
                    "prompts": [reply.prompt],
                    "raw": raw,
                    "rejected": rejected,
                }
                return ModelSummary(tuple(written), reply.model, evidence, self._model.usage)
            rejected.append(objections)
            values["findings"] = objections[:20]
        raise ModelUnavailable(
            f"模型的总结改了{MOST_REWRITES}次仍未通过检查，已弃用。", next="将使用内置模板引擎。"
        )


def _judged(
    lines: Sequence[Line], words: SummaryWords, prompt: Prompt
) -> tuple[list[Line], list[str]]:
    texts = {sentence.id: sentence.text.strip() for sentence in words.sentences}
    ids = [f"s{number}" for number in range(1, len(lines) + 1)]
    if sorted(texts) != sorted(ids) or len(texts) != len(words.sentences):
        return [], ["句子要与给出的一一对应，编号原样抄回。"]
    found = []
    for number, line in zip(ids, lines, strict=True):
        found += [f"{number}：{fault}" for fault in faults(line.text, texts[number])]
        if repeats(texts[number], prompt.system):
            found.append(f"{number}：复述了写作说明。")
    written = [
        replace(line, text=_normal(texts[number])) for number, line in zip(ids, lines, strict=True)
    ]
    return written, found


def faults(original: str, text: str) -> list[str]:
    """Why a reworded sentence does not say what the original says.

    >>> faults("外呼{{ calls }}。", "本周外呼{{ calls }}。")
    []
    >>> faults("面谈{{ meetings }}，没有成交。", "面谈{{ meetings }}，成交理想。")
    ['这些词要与原句一致：没。']
    """
    found = []
    if slots_in(text) != slots_in(original):
        found.append("变量要与原句相同，先后次序不变。")
    literal, source = SLOT.sub("", text), SLOT.sub("", original)
    if "{{" in literal or "}}" in literal:
        found.append("变量写法不对。")
    if own_figures(literal) and own_figures(literal) != own_figures(source):
        found.append("数字不能自己写，换成原句的变量。")
    if own_contacts(literal):
        found.append("不能写联系方式或链接。")
    if not is_chinese(literal):
        found.append("只用简体中文。")
    changed = sorted(set(WEIGHTY.findall(literal)) ^ set(WEIGHTY.findall(source)))
    if changed:
        found.append(f"这些词要与原句一致：{'、'.join(changed)}。")
    if len(literal) > len(source) * MOST_TIMES + SPARE:
        found.append("写得太长，不要添加内容。")
    if not found and not _about_the_same(original, text):
        found.append("变量要跟在原来说的那件事后面。")
    return found


def _about_the_same(original: str, text: str) -> bool:
    """Whether each placeholder still stands behind words of its own clause."""
    return all(
        not before or _pairs(before) & _pairs(after) or before in after
        for before, after in zip(_leads(original), _leads(text), strict=True)
    )


def _leads(text: str) -> list[str]:
    """For each placeholder the words of its clause that stand before it."""
    parts = SLOT.split(text)[0::2][:-1]
    return [_CLAUSE.split(part)[-1] for part in parts]


def _pairs(text: str) -> set[str]:
    return {text[start : start + 2] for start in range(len(text) - 1)}


def _normal(text: str) -> str:
    """Placeholders in the one spelling that the document fills."""
    return SLOT.sub(lambda match: slot(match.group(1)), text)
