"""How a frequent question is laid out in its passage, and how it is taken apart again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from copilot.knowledge.blocks import Block
from copilot.records.knowledge import Passage

CITED = "常见问题"
_CITED = re.compile(rf"{CITED} ([^（]+)")
_ALSO_ASKED = "\n其他问法："
_ASK = "\n可咨询："
_BETWEEN = "；"

QUESTION_LEVEL = 9
"""The heading level of a question: below every heading around it."""


@dataclass(frozen=True, slots=True)
class FaqParts:
    """A frequent question's passage, taken apart."""

    question: str
    answer: str
    variants: tuple[str, ...] = ()
    ask_whom: str = ""


def faq_text(answer: str, variants: Sequence[str], ask_whom: str | None) -> str:
    """The passage text of an entry; its question is the heading."""
    also = f"{_ALSO_ASKED}{_BETWEEN.join(variants)}" if variants else ""
    return f"{answer.strip()}{also}" + (f"{_ASK}{ask_whom}" if ask_whom else "")


def faq_parts(passage: Passage) -> FaqParts:
    """The question, its answer, other phrasings and whom to ask, of a passage of kind ``faq``."""
    body, _, ask_whom = passage.text.partition(_ASK)
    answer, _, also = body.partition(_ALSO_ASKED)
    return FaqParts(passage.heading, answer, tuple(also.split(_BETWEEN)) if also else (), ask_whom)


def entry_id(passage: Passage) -> str:
    """What the bank calls an entry: its id in a YAML list, else its question."""
    named = _CITED.match(passage.citation)
    return named[1] if named else passage.heading


_QUESTION_HEADERS = ("问题", "标准问题", "标准问", "客户问题", "问", "question")
_ANSWER_HEADERS = ("答案", "标准答案", "回答", "答复", "答", "answer")
_VARIANT_HEADERS = ("其他问法", "相似问", "相似问题", "扩展问", "扩展问法", "variants")
_ASK_HEADERS = ("可咨询", "咨询部门", "咨询对象", "归口部门", "ask_whom")


def with_questions(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The blocks of a question list in a workbook: each row's question becomes its heading.

    Rows without a question or an answer stay the records they are.
    """
    found: list[Block] = []
    for block in blocks:
        question = _column(block, _QUESTION_HEADERS)
        answer = _column(block, _ANSWER_HEADERS)
        if not (block.record and question and answer):
            found.append(block)
            continue
        variants = _column(block, _VARIANT_HEADERS).replace(";", _BETWEEN).split(_BETWEEN)
        asked = [variant.strip() for variant in variants if variant.strip()]
        text = faq_text(answer, asked, _column(block, _ASK_HEADERS))
        found += [Block(question, level=QUESTION_LEVEL), replace(block, text=text)]
    return tuple(found)


def _column(block: Block, headers: Sequence[str]) -> str:
    return next((value for header, value in block.cells if header.lower() in headers), "")
