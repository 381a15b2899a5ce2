"""How a frequent question is laid out in its passage, and how it is taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from copilot.records.knowledge import Passage

_ALSO_ASKED = "\n其他问法："
_ASK = "\n可咨询："
_BETWEEN = "；"


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
