"""Talking points from a configured model, which writes words around figures that code fills in.

draft ──▶ fill placeholders ──▶ check ──▶ at most two guided rewrites ──▶ else no draft

The model sees a pseudonym, bands, placeholders and fenced passages. It supplies no figure: a
digit of its own is a finding like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from copilot.drafting.brief import WritingBrief
from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled, MissingSlot, fill
from copilot.drafting.limits import LONGEST_TALK
from copilot.drafting.literal import is_chinese, own_contacts, own_figures, repeats
from copilot.drafting.model_brief import (
    advice,
    customer_in_bands,
    placeholder,
    placeholders,
    plain_reasons,
)
from copilot.drafting.moves import MAIN_MOVES, MOVE_TITLES, script_moves
from copilot.drafting.product_lines import paths_in, record_facts, risk_reminder
from copilot.drafting.slots import Slot, parse
from copilot.drafting.writer import draft_of, unspoken
from copilot.errors import InputError, ModelUnavailable
from copilot.llm.prompts import Prompt, load_prompt
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.untrusted import without_orders
from copilot.llm.wire import Wire
from copilot.records.codes import label
from copilot.records.draft import AI_LABEL, INTERNAL_NOTICE, Draft
from copilot.records.template import Move, Script
from copilot.records.usage import Usage

MOST_REWRITES = 2
REPLY_TOKENS = 1600
LONGEST_POINTS = 400  # characters, where the points are read and not spoken


class Objection(BaseModel):
    """A likely objection and the answer to it."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, description="客户可能说的话")
    answer: str = Field(min_length=1, description="员工怎么回应")


class PitchSections(BaseModel):
    """What the model returns: the moves of a conversation, figures as placeholders."""

    model_config = ConfigDict(extra="forbid")

    opening: str = Field(min_length=1, description="开场：来意，一两句")
    need: str = Field(min_length=1, description="需求：只问一个问题")
    product: str = Field(min_length=1, description="产品：讲清一个事实")
    risk: str = Field(min_length=1, description="风险：用平常话说明白")
    close: str = Field(min_length=1, description="收口：一个下一步")
    objections: list[Objection] = Field(max_length=3, description="最可能的异议，至多三个")


@dataclass(frozen=True, slots=True)
class Objected:
    """What is wrong with a draft, for the next rewrite: the words, why, and what to do."""

    text: str
    message: str
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class ModelDraft:
    """A draft that passed, with the evidence of how it came about (no identity in it)."""

    draft: Draft
    evidence: Mapping[str, Any]
    usage: Usage


#: What the checker objects to in a filled draft; empty when it may be used internally.
Check = Callable[[Draft], Sequence[Objected]]


class ModelWriter:
    """Writes through one endpoint for one request.

    Args:
        wire: the endpoint.
        pseudonyms: the people of the request; also the guard of every outgoing body.
        prompts_dir: where ``pitch.md`` and ``pitch_rewrite.md`` are.
    """

    def __init__(self, wire: Wire, pseudonyms: Pseudonyms, prompts_dir: Path) -> None:
        from copilot.llm.chat_model import ChatModel

        self._model = ChatModel(wire, pseudonyms.guard, max_tokens=REPLY_TOKENS)
        self._people = pseudonyms
        self._prompts_dir = prompts_dir

    def talking_points(
        self, brief: WritingBrief, scripts: Sequence[Script], check: Check
    ) -> ModelDraft:
        """Internal talking points that passed ``check``.

        Raises:
            ModelUnavailable: the endpoint failed, or the draft still does not pass after
                `MOST_REWRITES` rewrites; nothing of it may be used.
        """
        from copilot.llm.structured import shaped_chain

        raw: list[str] = []
        prompts: list[str] = []
        values = self._first_values(brief, scripts)
        prompt = load_prompt(self._prompts_dir, "pitch")
        rejected: list[list[str]] = []
        for _ in range(1 + MOST_REWRITES):
            chain = shaped_chain(self._model, prompt, PitchSections, self._prompts_dir)
            reply = chain.invoke(values)
            raw += reply.raw
            prompts.append(reply.prompt)
            draft, objections = self._judged(reply.value, brief, prompt, check)
            if draft is not None and not objections:
                evidence = {
                    "model": reply.model,
                    "mode": reply.rung,
                    "prompts": prompts,
                    "raw": raw,
                    "rejected": rejected,
                }
                return ModelDraft(replace(draft, writer=reply.model), evidence, self._model.usage)
            rejected.append([objection.message for objection in objections])
            prompt = load_prompt(self._prompts_dir, "pitch_rewrite")
            values = self._rewrite_values(brief, reply.value, objections)
        raise ModelUnavailable(
            f"模型的稿子改了{MOST_REWRITES}次仍未通过检查，已弃用。", next="将使用内置模板引擎。"
        )

    def _first_values(self, brief: WritingBrief, scripts: Sequence[Script]) -> dict[str, Any]:
        hide = self._shown
        moves = [
            {"title": MOVE_TITLES[move], "text": script.text}
            for move in MOVE_TITLES
            for script, _ in script_moves(move, brief, scripts)[:2]
        ]
        return {
            "bank": brief.bank_name,
            "channel": label(brief.channel),
            "limit": _limit(brief),
            "product_name": hide(brief.product.name),
            "product_type": label(brief.product.type),
            "fields": placeholders(brief),
            "advice": advice(brief),
            "customer": hide(customer_in_bands(brief)),
            "reasons": [hide(reason) for reason in plain_reasons(brief)],
            "moves": moves,
            "passages": [{"id": p.passage_id, "text": hide(p.text)} for p in brief.passages],
        }

    def _shown(self, text: str) -> str:
        """A text that others wrote, as the model may read it."""
        return without_orders(self._people.hide(text))

    def _rewrite_values(
        self, brief: WritingBrief, sections: PitchSections, objections: Sequence[Objected]
    ) -> dict[str, Any]:
        hide = self._people.hide
        return {
            "bank": brief.bank_name,
            "limit": _limit(brief),
            "fields": placeholders(brief),
            "draft": hide(sections.model_dump_json()),
            "findings": [
                {"text": hide(o.text), "message": hide(o.message), "suggestion": o.suggestion}
                for o in objections
            ],
        }

    def _judged(
        self, sections: PitchSections, brief: WritingBrief, prompt: Prompt, check: Check
    ) -> tuple[Draft | None, list[Objected]]:
        written = _texts(sections)
        objections = [o for text in written for o in _own_objections(text, brief)]
        objections += _echoes(written, prompt)
        if objections:
            return None, objections
        excess = sum(map(len, written)) - _limit(brief)
        if excess > 0:
            return None, [Objected("全文", f"超了{excess}个字。", "只留最要紧的话。")]
        draft = self._assembled(sections, brief)
        return draft, list(check(draft))

    def _assembled(self, sections: PitchSections, brief: WritingBrief) -> Draft:
        values = brief.slot_values

        def filled(text: str) -> Filled:
            return fill(self._people.restore(text.strip()), values)

        told = paths_in(_texts(sections))
        composer = Composer().add(INTERNAL_NOTICE)
        for move in MAIN_MOVES:
            composer.line(f"【{MOVE_TITLES[move]}】", filled(getattr(sections, move.value)))
            if move is Move.PRODUCT:
                composer.add(record_facts(brief.product, values, told | unspoken(brief.channel)))
            if move is Move.RISK:
                composer.add(risk_reminder(brief.product, told))
        for objection in sections.objections:
            question, answer = filled(objection.question), filled(objection.answer)
            heading = f"【{MOVE_TITLES[Move.OBJECTION]}】客户说“"
            composer.line(heading, question, "”，可以答：", answer)
        composer.line(AI_LABEL)
        return draft_of(brief, composer.filled)


def _limit(brief: WritingBrief) -> int:
    """Characters that the model may write: a call's worth where people speak."""
    return LONGEST_TALK if brief.channel.spoken else LONGEST_POINTS


def _texts(sections: PitchSections) -> list[str]:
    objections = (t for o in sections.objections for t in (o.question, o.answer))
    fixed = (sections.opening, sections.need, sections.product, sections.risk, sections.close)
    return [*fixed, *objections]


def _own_objections(text: str, brief: WritingBrief) -> list[Objected]:
    """What is wrong with one section before it is filled: figures, placeholders, language."""
    allowed = {field["placeholder"] for field in placeholders(brief)}
    try:
        parts = parse(text)
        fill(parts, brief.slot_values)
    except MissingSlot as error:
        return [Objected(error.path, "这个变量在记录里没有值。", "去掉它。")]
    except InputError as error:
        return [Objected(text[:40], error.message, "变量要从“可用变量”里原样抄写。")]
    found = []
    for part in parts:
        if isinstance(part, Slot):
            if placeholder(part.path, part.filter) not in allowed:
                found.append(Objected(part.path, "这个变量不在可用变量里。", "去掉它。"))
            continue
        found += [
            Objected(figure, "数字不能自己写。", "换成可用变量，没有合适的就不说数字。")
            for figure in own_figures(part)
        ]
        found += [Objected(told, "不能写联系方式或链接。") for told in own_contacts(part)]
    if not is_chinese("".join(p for p in parts if isinstance(p, str))):
        found.append(Objected(text[:40], "不是中文。", "只用简体中文。"))
    return found


def _echoes(written: Sequence[str], prompt: Prompt) -> list[Objected]:
    """Objections to text that repeats the instructions."""
    if any(repeats(text, prompt.system) for text in written):
        return [Objected("", "复述了写作说明。", "只写沟通要点。")]
    return []
