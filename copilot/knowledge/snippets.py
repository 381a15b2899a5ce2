"""The sentence of a passage that answers best, marked inside a short extract."""

from __future__ import annotations

import re

from copilot.knowledge.lexical import Weights
from copilot.knowledge.synonyms import QueryTerms

OPEN, CLOSE = "«", "»"
AROUND = 40
"""Characters of context kept on each side of the marked sentence."""

_SENTENCE = re.compile(r"[^。！？!?；\n]+[。！？!?；]?")


def snippet(text: str, query: QueryTerms, weights: Weights) -> str:
    """An extract of ``text`` with its most telling sentence between « and ».

    The first of equally telling sentences wins; a text without sentences is given as it is.
    """
    spans = [match.span() for match in _SENTENCE.finditer(text) if match.group().strip()]
    if not spans:
        return text
    start, end = max(
        spans, key=lambda span: (weights.share(query.found_in(text[slice(*span)])), -span[0])
    )
    before = text[max(0, start - AROUND) : start]
    after = text[end : end + AROUND]
    opening = "…" if start > AROUND else ""
    closing = "…" if end + AROUND < len(text) else ""
    marked = f"{opening}{before}{OPEN}{text[start:end].strip()}{CLOSE}{after}{closing}"
    return " ".join(marked.split())
