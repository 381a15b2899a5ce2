"""Templates proposed by a configured model: words of its own around slots of the bank's.

draft ──▶ slot language ──▶ check over sample fills ──▶ at most two guided rewrites ──▶ else none

The model sees the cell, approved moves and the slots it may copy; no customer is involved at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from copilot.drafting.limits import LONGEST
from copilot.drafting.literal import is_chinese, own_contacts, own_figures
from copilot.drafting.model_brief import placeholder
from copilot.drafting.model_writer import MOST_REWRITES
from copilot.drafting.phrases import Phrases
from copilot.drafting.slots import Slot, parse
from copilot.drafting.template_files import template_of
from copilot.drafting.template_writer import (
    Cell,
    entries_of,
    mandated_wording,
    usable_placeholders,
)
from copilot.errors import InputError, ModelUnavailable
from copilot.llm.prompts import load_prompt
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.wire import Wire
from copilot.records.codes import label
from copilot.records.draft import AI_MARK
from copilot.records.product import Product
from copilot.records.template import Script, Template

REPLY_TOKENS = 800
LONGEST_MESSAGE = 200  # characters, on channels without a length of their own
_MATERIAL = 8
_PROMPT = "template"

#: What keeps a template from being submitted; empty when nothing does.
Objections = Callable[[Template], Sequence[str]]


class TemplateWords(BaseModel):
    """What the model returns: one text, figures and names as slots."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=40, description="给审核人看的短标题")
    text: str = Field(min_length=1, description="发给客户的正文，数字和名称用变量")


@dataclass(frozen=True, slots=True)
class ModelProposal:
    """A proposed template with the evidence of how it came about."""

    template: Template
    evidence: Mapping[str, Any]


class TemplateModelWriter:
    """Proposes templates through one endpoint.

    Args:
        wire: the endpoint.
        prompts_dir: where ``template.md`` is.
        bank_name: the bank it writes for.
    """

    def __init__(self, wire: Wire, prompts_dir: Path, bank_name: str, phrases: Phrases) -> None:
        from copilot.llm.chat_model import ChatModel

        self._model = ChatModel(wire, Pseudonyms.of(()).guard, max_tokens=REPLY_TOKENS)
        self._prompts_dir = prompts_dir
        self._bank_name = bank_name
        self._phrases = phrases

    def propose(
        self,
        cell: Cell,
        scripts: Sequence[Script],
        products: Sequence[Product],
        objections: Objections,
        *,
        author: str,
        as_of: date,
        version: int = 1,
    ) -> ModelProposal:
        """A template for the cell that nothing keeps from being submitted.

        Raises:
            ModelUnavailable: the endpoint failed, or the text still does not pass after
                `MOST_REWRITES` rewrites.
        """
        from copilot.llm.structured import shaped_chain

        prompt = load_prompt(self._prompts_dir, _PROMPT)
        chain = shaped_chain(self._model, prompt, TemplateWords, self._prompts_dir)
        values = self._values(cell, scripts, products, as_of)
        raw: list[str] = []
        rejected: list[list[str]] = []
        for _ in range(1 + MOST_REWRITES):
            reply = chain.invoke(values)
            raw += reply.raw
            words: TemplateWords = reply.value
            given = entries_of(
                [cell],
                _labelled(words.text.strip(), cell),
                author=author,
                as_of=as_of,
                version=version,
                title=words.title,
                drafted_by=reply.model,
            )
            template, found = _template(given, cell, products)
            found = found or list(objections(template)) if template else found
            if template is not None and not found:
                evidence = {
                    "writer": reply.model,
                    "mode": reply.rung,
                    "prompt": reply.prompt,
                    "raw": raw,
                    "rejected": rejected,
                }
                return ModelProposal(template, evidence)
            rejected.append(found)
            values = values | {"draft": words.text, "findings": found}
        raise ModelUnavailable(
            f"模型为{cell.title}拟的稿改了{MOST_REWRITES}次仍未通过检查，已弃用。",
            next="将使用内置模板引擎。",
        )

    def _values(
        self, cell: Cell, scripts: Sequence[Script], products: Sequence[Product], as_of: date
    ) -> dict[str, Any]:
        moves = [
            script.text
            for script in scripts
            if cell.product_type in script.product_types and script.valid_on(as_of)
        ]
        audience = [label(cell.life_stage)] if cell.life_stage else []
        audience += [f"客群“{cell.segment}”"] if cell.segment else []
        return {
            "bank": self._bank_name,
            "channel": label(cell.channel),
            "limit": LONGEST.get(cell.channel, LONGEST_MESSAGE) - len(_labelled("", cell)),
            "product_type": label(cell.product_type),
            "audience": "、".join(audience) or "不限",
            "tone": cell.tone,
            "fields": usable_placeholders(cell, products),
            "moves": moves[:_MATERIAL],
            "required": mandated_wording(cell, self._phrases),
            "draft": "",
            "findings": [],
        }


def _labelled(text: str, cell: Cell) -> str:
    """A model's words with the label that readers are owed; what is spoken has it on the screen."""
    return text if cell.channel.spoken else f"{text}{AI_MARK}"


def _template(
    given: Mapping[str, Any], cell: Cell, products: Sequence[Product]
) -> tuple[Template | None, list[str]]:
    """The template, or what is wrong with its words before anything is filled."""
    try:
        parts = parse(str(given["text"]))
        template = template_of(given)
    except InputError as error:
        return None, [f"{error.message}{error.next}"]
    literal = "".join(part for part in parts if isinstance(part, str))
    allowed = set(usable_placeholders(cell, products))
    found = [f"数字不能自己写：{figure}" for figure in own_figures(literal)]
    found += [f"不能写联系方式或链接：{contact}" for contact in own_contacts(literal)]
    found += [] if is_chinese(literal) else ["不是中文，只用简体中文。"]
    found += [
        f"变量 {part.path} 不在可用变量里。"
        for part in parts
        if isinstance(part, Slot) and placeholder(part.path, part.filter) not in allowed
    ]
    return template, found
