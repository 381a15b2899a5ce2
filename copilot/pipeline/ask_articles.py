"""Articles of regulations that may answer a question, by the share of it that they carry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from copilot.pipeline.ask_candidates import Candidate
from copilot.pipeline.ask_concepts import Concepts, read_concepts
from copilot.pipeline.ask_likeness import Phrase, phrase, term_weight
from copilot.pipeline.product_words import QuestionWords, question_words
from copilot.records.codes import Audience, PassageKind
from copilot.records.knowledge import Hit, SearchQuery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from copilot.pipeline.workbench import Workbench

#: Articles that are looked at closely.
ARTICLES = 20
#: Characters in a row of a regulation's title that name it: 「广告法」.
SHORTEST_NAME = 3
_SORT = re.compile("规程|办法|条例|规定|指引|意见|通知|法(?=[（(]|$)")
_NUMBER_ASKED = re.compile(r"第几[条款]|哪一?条|几条来着|哪个条款|所在条款|条款号|指出.{0,4}条")


def articles_about(bench: Workbench, question: str) -> list[Candidate]:
    """Articles by the share of the question's weight that they carry, the most first."""
    asked, weights, hits = _searched(bench, question)
    found = []
    for hit in hits:
        whole = _whole(bench, hit)
        concepts = read_concepts(bench.settings.knowledge_dir)
        if all(word in whole.text for word in concepts.outside_in(asked.text)):
            carried = term_weight(asked.terms & whole.terms, weights)
            covered = carried / (term_weight(asked.terms, weights) or 1.0)
            found.append(Candidate(hit.passage, covered, said=covered))
    return sorted(found, key=lambda candidate: -candidate.sure)


def article_named(bench: Workbench, question: str) -> Candidate | None:
    """The article whose number a question asks for; ``None`` unless it names the regulation.

    The words that name the regulation tell nothing of the article, so they are not counted.
    """
    if not _NUMBER_ASKED.search(question):
        return None
    asked, weights, hits = _searched(bench, question)
    best: tuple[float, Hit] | None = None
    for hit in hits:
        title = hit.passage.citation.partition("》")[0]
        if not _names(asked.text, title):
            continue
        telling = asked.terms - phrase(title, *_vocabulary(bench)).terms
        carried = term_weight(telling & _whole(bench, hit).terms, weights)
        if carried > 0 and (best is None or carried > best[0]):
            best = carried, hit
    return None if best is None else Candidate(best[1].passage, 1.0, said=1.0)


def _names(text: str, title: str) -> bool:
    """Whether a text names a regulation: by part of its title, or 「营销规程」 for a longer one."""
    parts = (title[i : i + SHORTEST_NAME] for i in range(len(title) - SHORTEST_NAME + 1))
    if any(part in text for part in parts):
        return True
    sort = _SORT.search(title)
    pairs = (title[i : i + 2] for i in range(len(title) - 1))
    return sort is not None and any(f"{pair}{sort[0]}" in text for pair in pairs)


def _searched(bench: Workbench, question: str) -> tuple[Phrase, Mapping[str, float], list[Hit]]:
    """The question as it is compared, the weights of its terms, and the articles found."""
    from copilot.knowledge.search import current_index

    asked = phrase(question, *_vocabulary(bench))
    query = SearchQuery(
        text=f"{question} {' '.join(sorted(asked.terms))}",
        as_of=bench.as_of,
        k=ARTICLES,
        kind=PassageKind.REGULATION,
        audience=Audience.INTERNAL,
    )
    idf = current_index(bench.store)[0].weights(asked.terms).idf
    return asked, idf, list(bench.search(query).hits)


def _whole(bench: Workbench, hit: Hit) -> Phrase:
    return phrase(f"{hit.passage.heading}{hit.passage.text}", *_vocabulary(bench))


def _vocabulary(bench: Workbench) -> tuple[QuestionWords, Concepts]:
    knowledge = bench.settings.knowledge_dir
    return question_words(knowledge), read_concepts(knowledge)
