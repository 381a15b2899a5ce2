"""Sentences in a configured model's words: one for one, the figures untouched.

The model sees sentences with placeholders: no figure, no customer, no name. What it may change is
how a sentence reads; what a sentence says is compared with the original, word class by word class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from copilot.drafting.literal import is_chinese, own_contacts, own_figures, repeats
from copilot.drafting.summary_said import SLOT, slot, slots_in
from copilot.errors import ModelUnavailable
from copilot.llm.prompts import Prompt, load_prompt
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.wire import Wire
from copilot.records.usage import Usage

MOST_REWRITES = 2
MOST_TIMES = 2.0
SPARE = 16  # characters that a short sentence may grow by
#: Words that turn a statement round or weigh it: a reworded sentence has those of the original.
WEIGHTY = re.compile(
    "增|减|升|降|涨|跌|超|高|低|最|均|仅|未|没|不|无|尚|还差|为负|持平|破零|下滑|落后|领先|达标|达到"
    "|完成|流失|承接|成交|接受|婉拒|考虑|办结|投诉|显著|大幅|圆满|优异|突出|良好|满意|全面|成功|出色"
    "|保证|承诺"
)
_CLAUSE = re.compile(r"[，。；：、（）]")


#: What speaks against reworded sentences once their document is whole; nothing when they may stay.
Objections = Callable[[Sequence[str]], Sequence[str]]


class Sentence(BaseModel):
    """One sentence in other words."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, description="句子编号，原样抄回")
    text: str = Field(min_length=1, description="改写后的句子，变量原样保留")


class Sentences(BaseModel):
    """What the model returns."""

    model_config = ConfigDict(extra="forbid")

    sentences: list[Sentence] = Field(min_length=1, description="与给出的句子一一对应")


@dataclass(frozen=True, slots=True)
class Reworded:
    """Sentences that passed, with the evidence of how they came about."""

    texts: tuple[str, ...]
    model: str
    evidence: Mapping[str, Any]
    usage: Usage


class Reworder:
    """Rewords sentences through one endpoint.

    Args:
        wire: the endpoint.
        prompts_dir: where the prompts are.
        prompt: the prompt's name; its inputs are ``sentences``, ``findings`` and what the caller
            gives.
        what: what is reworded, in the words of the error.
        max_tokens: the longest reply.
    """

    def __init__(
        self, wire: Wire, prompts_dir: Path, *, prompt: str, what: str, max_tokens: int
    ) -> None:
        from copilot.llm.chat_model import ChatModel

        # Nobody is named in what goes out; the guard still looks for numbers that name somebody.
        self._model = ChatModel(wire, Pseudonyms.of(()).guard, max_tokens=max_tokens)
        self._prompts_dir = prompts_dir
        self._prompt = prompt
        self._what = what

    def reworded(
        self, originals: Sequence[str], values: Mapping[str, Any], objections: Objections
    ) -> Reworded:
        """The sentences in the model's words, their placeholders in the spelling of `slot`.

        Raises:
            ModelUnavailable: the endpoint failed, or its sentences still do not pass after
                `MOST_REWRITES` rewrites; nothing of them may be used.
        """
        from copilot.llm.structured import shaped_chain

        prompt = load_prompt(self._prompts_dir, self._prompt)
        chain = shaped_chain(self._model, prompt, Sentences, self._prompts_dir)
        ids = [f"s{number}" for number in range(1, len(originals) + 1)]
        asked: dict[str, Any] = {
            **values,
            "sentences": [
                {"id": number, "text": text} for number, text in zip(ids, originals, strict=True)
            ],
            "findings": [],
        }
        raw: list[str] = []
        rejected: list[list[str]] = []
        for _ in range(1 + MOST_REWRITES):
            reply = chain.invoke(asked)
            raw += reply.raw
            texts, found = _judged(dict(zip(ids, originals, strict=True)), reply.value, prompt)
            found = found or list(objections(texts))
            if not found:
                evidence = {
                    "model": reply.model,
                    "mode": reply.rung,
                    "prompts": [reply.prompt],
                    "raw": raw,
                    "rejected": rejected,
                }
                return Reworded(tuple(texts), reply.model, evidence, self._model.usage)
            rejected.append(found)
            asked["findings"] = found[:20]
        raise ModelUnavailable(
            f"模型的{self._what}改了{MOST_REWRITES}次仍未通过检查，已弃用。",
            next="将使用内置模板引擎。",
        )


def _judged(
    originals: Mapping[str, str], reply: Sentences, prompt: Prompt
) -> tuple[list[str], list[str]]:
    """The reply's sentences in the order of the originals, and what is wrong with them."""
    texts = {sentence.id: sentence.text.strip() for sentence in reply.sentences}
    if texts.keys() != originals.keys() or len(texts) != len(reply.sentences):
        return [], ["句子要与给出的一一对应，编号原样抄回。"]
    found: list[str] = []
    for number, original in originals.items():
        found += [f"{number}：{fault}" for fault in faults(original, texts[number])]
        if repeats(texts[number], prompt.system):
            found.append(f"{number}：复述了写作说明。")
    return [_normal(texts[number]) for number in originals], found


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
