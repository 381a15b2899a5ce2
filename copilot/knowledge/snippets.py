"""The sentence of a passage that answers best, marked inside a short extract."""

from __future__ import annotations

import re

from copilot.knowledge.lexical import Weights
from copilot.knowledge.synonyms import QueryTerms

OPEN, CLOSE = "«", "»"
AROUND = 40
"""Characters of context kept on each side of the marked sentence."""

_SENTENCE = re.compile(r"[^。！？!?；\n]+[。！？!?；]?")


def telling_sentence(text: str, query: QueryTerms, weights: Weights) -> tuple[int, int]:
    """Where the most telling sentence stands; the first of equally telling ones.

    A text without sentences is taken whole.
    """
    spans = [match.span() for match in _SENTENCE.finditer(text) if match.group().strip()]
    if not spans:
        return 0, len(text)
    return max(
        spans, key=lambda span: (weights.share(query.found_in(text[slice(*span)])), -span[0])
    )


def snippet(text: str, query: QueryTerms, weights: Weights) -> str:
    """An extract of ``text`` with its most telling sentence between « and »."""
    start, end = telling_sentence(text, query, weights)
    if (start, end) == (0, len(text)) and not _SENTENCE.search(text):
        return text
    before = text[max(0, start - AROUND) : start]
    after = text[end : end + AROUND]
    opening = "…" if start > AROUND else ""
    closing = "…" if end + AROUND < len(text) else ""
    marked = f"{opening}{before}{OPEN}{text[start:end].strip()}{CLOSE}{after}{closing}"
    return " ".join(marked.split())
