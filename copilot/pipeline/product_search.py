"""Search that knows the shelf: a question for a figure of named products finds their records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from copilot.knowledge.search import SearchResult, fused, search
from copilot.pipeline.product_questions import FIGURES, ProductQuestion, read_question
from copilot.pipeline.product_words import Property, question_words
from copilot.records.codes import PassageKind
from copilot.records.knowledge import Hit, SearchQuery

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.records.product import Product
    from copilot.settings import Settings

#: A question for more products than this is for a kind of product.
MOST_NAMED, MOST_OF_A_KIND = 4, 2
#: What the facts of a sheet tell.
_TOLD = FIGURES | {Property.WITHDRAWAL}
#: Passages of one product's sheet that are put forward.
OF_A_SHEET = 2
WHOLE_SHEET = 20


def search_with_records(query: SearchQuery, bench: Workbench, settings: Settings) -> SearchResult:
    """The passages that may answer, those of the products meant put forward.

    Words alone do not find 「年利率：1.15%」 by 「一年期挂多少」; who reads the question for its
    products does. What may be found is decided by `copilot.knowledge.search` in either case.
    """
    result = search(query, bench.store, settings, bench.principal)
    if query.kind not in (None, PassageKind.PRODUCT) or query.product_code is not None:
        return result
    asked = _asked(query, bench)
    most = MOST_NAMED if asked.named else MOST_OF_A_KIND
    if not 1 <= len(asked.products) <= most or not _TOLD & set(asked.properties):
        return result
    forward = [hit for p in asked.products for hit in _sheet(query, bench, settings, p)]
    hits = {hit.passage.passage_id: hit for hit in (*result.hits, *forward)}
    ranked = fused(
        [(hit.passage.passage_id, hit.score) for hit in result.hits],
        [hit.passage.passage_id for hit in forward],
    )
    joined = (replace(hits[passage_id], score=score) for passage_id, score in ranked[: query.k])
    return replace(result, hits=tuple(joined))


def _asked(query: SearchQuery, bench: Workbench) -> ProductQuestion:
    shelf = bench.store.products(bench.principal).valid(query.as_of)
    words = question_words(bench.settings.knowledge_dir)
    return read_question(query.text, shelf, query.as_of, words)


def _sheet(
    query: SearchQuery, bench: Workbench, settings: Settings, product: Product
) -> tuple[Hit, ...]:
    """The passages of a product's sheet that state its facts first, then by likeness."""
    code = product.product_code
    only = replace(query, product_code=code, kind=PassageKind.PRODUCT, k=WHOLE_SHEET)
    hits = search(only, bench.store, settings, bench.principal).hits
    return tuple(sorted(hits, key=_is_prose)[:OF_A_SHEET])


def _is_prose(hit: Hit) -> bool:
    from copilot.knowledge.stated import FACTS

    return not hit.passage.heading.endswith(FACTS)
