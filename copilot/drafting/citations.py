"""Which sentences of a draft rest on a passage, with the passage's own words as the quote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from copilot.records.draft import Figure
from copilot.records.knowledge import Citation, Passage

SHORTEST_SHARED = 8  # characters; shorter runs are common phrases
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]?")
_CLAUSE = re.compile(r"[^，。；：！？,;:!?\n]+")


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a text with their offsets.

    >>> list(sentences("您好。利率见公告"))
    [(0, '您好。'), (3, '利率见公告')]
    """
    for match in _SENTENCE.finditer(text):
        if match.group().strip():
            yield match.start(), match.group()


def cite(text: str, figures: Sequence[Figure], passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """Citations for the sentences that state what a passage states.

    A sentence rests on a passage when a clause of it stands there literally, when one of its
    rates does, or when a figure of it is listed there behind a label; everything else is left
    uncited rather than guessed.
    """
    found = []
    for start, sentence in sentences(text):
        inside = [f.text for f in figures if start <= f.start < start + len(sentence)]
        clauses = [c.strip() for c in _CLAUSE.findall(sentence)]
        telling = [clause for clause in clauses if len(clause) >= SHORTEST_SHARED]
        rates = [figure for figure in inside if figure.endswith("%")]
        listed = [f"：{figure}" for figure in inside]
        citation = _resting(sentence.strip(), telling + rates + listed, passages)
        if citation is not None:
            found.append(citation)
    return tuple(found)


def _resting(sentence: str, shared: list[str], passages: Sequence[Passage]) -> Citation | None:
    for words in shared:
        for passage in passages:
            for _, quote in sentences(passage.text):
                if words in quote:
                    return Citation(sentence, passage.passage_id, quote.strip(), passage.citation)
    return None
