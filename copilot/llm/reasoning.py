"""Take a model's reasoning out of its reply: it reaches no person and no later call."""

from __future__ import annotations

import re

_BLOCK = re.compile(r"<(think|thinking|reasoning)\b[^>]*>.*?</\1\s*>", re.S | re.I)
_CLOSING = re.compile(r"</(?:think|thinking|reasoning)\s*>", re.I)
_OPENING = re.compile(r"<(?:think|thinking|reasoning)\b", re.I)


def without_reasoning(text: str) -> str:
    """The reply proper.

    A closing tag without an opening one ends reasoning that began with the reply; an opening tag
    without a closing one starts reasoning that never ended.

    >>> without_reasoning("<think>先算一下</think>您好"), without_reasoning("先算一下</think>您好")
    ('您好', '您好')
    >>> without_reasoning("您好<think>还没想完")
    '您好'
    """
    text = _BLOCK.sub("", text)
    *_, text = _CLOSING.split(text)
    opening = _OPENING.search(text)
    return text[: opening.start()].strip() if opening else text.strip()


def shows_reasoning(text: str) -> bool:
    """Whether a raw reply mixes reasoning into its text."""
    return bool(_OPENING.search(text) or _CLOSING.search(text))
