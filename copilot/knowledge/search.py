"""Search: what may be found is decided first, then it is ranked, and every hit is read again.

    revision ─▶ lexical index of that revision (rebuilt when it is not)
    scope: valid on the date · audience · branches · kind · product · on sale
    BM25 top 100  [+ vectors top 100, joined by reciprocal rank]  ─▶ passages as the database has
    them now ─▶ coverage floor ─▶ snippets

*Coverage* is the share of a question's weight that a passage carries: below `NOISE` a
hit shares only everyday characters with the question and is dropped; more would drop answers in
other words. *Evidence* (`evidence_of`) also asks how much that weight is. It orders questions that
the knowledge answers before others and does not part them (docs/retrieval.md has the curve), so a
hit with much of it is a candidate for an answer, not a proof: what is answered is decided in
`copilot.pipeline.ask_knowledge`. Shape and floor were set on the `dev` half of the shipped set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.knowledge.dense import dense_enabled
from copilot.knowledge.faq import faq_parts
from copilot.knowledge.lexical import IndexFolder, LexicalIndex, Scope, Weights
from copilot.knowledge.snippets import snippet
from copilot.knowledge.synonyms import SYNONYMS_FILE, QueryTerms, query_terms, read_synonyms
from copilot.records.codes import PassageKind
from copilot.records.knowledge import Hit, Passage, SearchQuery
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from copilot.settings import Settings
    from copilot.store import Store

CANDIDATES = 100
FUSION_K = 60
TRIES = 4
"""An ingest may replace what was just found; then the new text is looked for."""
NEAREST = 10
"""Hits this near by vector are kept though they share few words with the question."""
NOISE = 0.05
HALF = 4.0
"""Evidence is a half where as much is matched as this many words weigh that no passage has; for a
word or two, where half of the question is."""

NOTHING_FOUND = "没有找到足够相关的资料。请换个说法，或咨询对应条线；不要凭印象回答客户。"
IN_MEMORY = "索引目录不可写，本次在内存中检索，结果不受影响。请检查磁盘空间与权限。"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What was found, best first; ``notes`` say what the reader should know of how.

    ``generation`` names the state of the knowledge that was searched.
    """

    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()
    generation: str = ""


def search(
    query: SearchQuery, store: Store, settings: Settings, principal: Principal
) -> SearchResult:
    """The passages that may answer a question, for this reader on this date.

    Raises:
        InputError: the bank's synonyms file is wrong.
    """
    for _ in range(TRIES):
        lost: list[str] = []
        result = _searched(query, store, settings, principal, lost)
        if not lost:
            break
    return result


def _searched(
    query: SearchQuery, store: Store, settings: Settings, principal: Principal, lost: list[str]
) -> SearchResult:
    """One search; ``lost`` gets the passages that were replaced or withdrawn in its course."""
    index, notes = current_index(store)
    synonyms = read_synonyms(settings.knowledge_dir / SYNONYMS_FILE)
    wanted = query_terms(query.text, synonyms)
    scope = scope_of(query, store, principal)
    ranked = index.ranked(wanted.weighted(), scope, CANDIDATES)
    by_words = dict(ranked)
    near: list[str] = []
    if dense_enabled(store, settings):
        from copilot.knowledge.vectors import nearest

        near, vector_notes = nearest(query.text, scope, store, settings, index)
        ranked = fused(ranked, near) if near else ranked
        notes += vector_notes
    found = _hits(
        _read_again(ranked, store, principal, query, lost),
        wanted,
        index.weights(wanted.own),
        by_words,
        frozenset(near[:NEAREST]),
    )
    hits = tuple(islice(found, query.k))
    if not hits:
        notes += (NOTHING_FOUND,)
    return SearchResult(hits, notes, generation_name(index.revision))


def evidence_of(score: float, coverage: float, weights: Weights) -> float:
    """How much there is to answer from, 0 to 1; ``score`` is that of BM25.

    A passage may cover a question by everyday words alone, so what counts is how much was matched,
    less what the passage leaves uncovered. It is counted in words as telling as one that no passage
    has, which makes it independent of the size of the knowledge.
    """
    matched = score / weights.rarest * coverage**0.5
    half = min(HALF, weights.whole / weights.rarest / 2)
    return matched / (matched + half) if matched else 0.0


def generation_name(revision: int) -> str:
    """What drafts record of the knowledge they used.

    >>> generation_name(12)
    'kb-12'
    """
    return f"kb-{revision}"


def scope_of(query: SearchQuery, store: Store, principal: Principal) -> Scope:
    """What the query and the reader together allow to be found."""
    branches = principal.branches
    if query.branches is not None:
        branches = query.branches if branches is None else branches & query.branches
    return Scope(
        as_of=query.as_of,
        audience=query.audience,
        kind=query.kind,
        branches=branches,
        product_code=query.product_code,
        on_sale=_on_sale(query, store, principal),
        withheld=store.knowledge(principal).withheld(query.audience),
    )


def _on_sale(query: SearchQuery, store: Store, principal: Principal) -> frozenset[str] | None:
    products = store.products(principal)
    shelf = products.valid(query.as_of)
    if not shelf and not products.codes():
        return None  # no product table was loaded, so nothing is known of what is on sale
    return frozenset(p.product_code for p in shelf if p.on_sale(query.as_of))


def current_index(store: Store) -> tuple[LexicalIndex, tuple[str, ...]]:
    """The index of the knowledge as it is now, brought up to date when it is not."""
    knowledge = store.knowledge(Principal.operator())
    revision = knowledge.revision()
    folder = index_folder(store.data_dir.absolute())
    index = folder.open()
    if index is not None and index.revision == revision:
        return index, ()
    for anew in (False, True):
        try:
            folder.build(revision, knowledge.all_passages(), anew=anew)
        except OSError:
            continue
        index = folder.open()
        if index is not None:
            return index, ()
    return folder.in_memory(revision, knowledge.all_passages()), (IN_MEMORY,)


@lru_cache(maxsize=64)
def index_folder(data_dir: Path) -> IndexFolder:
    """The one `IndexFolder` of a data directory in this process."""
    return IndexFolder(data_dir)


def fused(lexical: Sequence[tuple[str, float]], dense: Sequence[str]) -> list[tuple[str, float]]:
    """Two rankings joined by reciprocal rank; equal scores keep the lexical order.

    >>> [passage for passage, _ in fused([("a", 9.0), ("b", 1.0)], ["b", "c"])]
    ['b', 'a', 'c']
    """
    scores: dict[str, float] = {}
    for ranking in ([passage_id for passage_id, _ in lexical], dense):
        for rank, passage_id in enumerate(ranking, start=1):
            scores[passage_id] = scores.get(passage_id, 0.0) + 1 / (FUSION_K + rank)
    return sorted(scores.items(), key=lambda scored: -scored[1])


def _read_again(
    ranked: Sequence[tuple[str, float]],
    store: Store,
    principal: Principal,
    query: SearchQuery,
    lost: list[str],
) -> Iterator[tuple[Passage, float]]:
    """The passages that the database shows now; the index only proposed them.

    They are read in parts, because most searches need no more than the first.
    """
    knowledge = store.knowledge(principal)
    step = 2 * query.k
    for start in range(0, len(ranked), step):
        part = ranked[start : start + step]
        passages = knowledge.visible([passage_id for passage_id, _ in part], query.audience)
        for passage_id, score in part:
            if passage_id in passages:
                yield passages[passage_id], score
            else:
                lost.append(passage_id)


def _hits(
    ranked: Iterable[tuple[Passage, float]],
    wanted: QueryTerms,
    weights: Weights,
    by_words: Mapping[str, float],
    near: frozenset[str],
) -> Iterator[Hit]:
    for passage, score in ranked:
        coverage = weights.share(wanted.found_in(f"{passage.heading}\n{passage.text}"))
        if coverage >= NOISE or passage.passage_id in near:
            extract = snippet(_answering_text(passage), wanted, weights)
            words = by_words.get(passage.passage_id, 0.0)  # not the joined score of two rankings
            evidence = evidence_of(words, coverage, weights)
            yield Hit(passage, passage.heading, score, extract, coverage, evidence)


def _answering_text(passage: Passage) -> str:
    return faq_parts(passage).answer if passage.kind is PassageKind.FAQ else passage.text
