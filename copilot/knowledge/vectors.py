"""Vectors beside the lexical index: a generation of them is built, and asked for what is near.

The database is the truth; a generation is a disposable copy of one revision of it. Whatever fails
here, search goes on without vectors and says so.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from copilot.errors import IndexUnavailable
from copilot.knowledge import chroma
from copilot.knowledge.generations import Generations, VectorGeneration, generations_of
from copilot.knowledge.lexical import LexicalIndex, Scope
from copilot.llm.circuit import CircuitOpen, circuit_of
from copilot.llm.embeddings import REST_S, Embedder, EmbeddingEndpoint, EmbeddingsUnavailable
from copilot.records.progress import Progress, silent
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from copilot.llm.embeddings import Vector
    from copilot.settings import Settings
    from copilot.store import Store

CANDIDATES = 100
MOST_PROPOSED = 10_000
"""How far down the nearest are looked through for a reader who may see few of them."""

_BUILD = "运行 copilot knowledge index 可以建立。"


def build_generation(
    store: Store,
    settings: Settings,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Brings the vectors up to the knowledge as it is now; notes say what failed."""
    try:
        make_generation(store, settings, progress)
    except (EmbeddingsUnavailable, IndexUnavailable, OSError) as error:
        return (f"向量索引没有更新，新内容暂时只按字面检索：{error}",)
    return ()


def make_generation(
    store: Store,
    settings: Settings,
    progress: Progress = silent,
    *,
    anew: bool = False,
) -> VectorGeneration | None:
    """Builds and publishes a generation of the knowledge; returns the current one afterwards.

    One of this revision (or a later one) and model is kept as it is, unless ``anew``.

    Raises:
        EmbeddingsUnavailable: the endpoint failed; what it gave is kept for the next try.
        IndexUnavailable, OSError: the generation could not be built; the one before stays.
    """
    knowledge = store.knowledge(Principal.operator())
    endpoint = EmbeddingEndpoint.of(settings)
    shelf = generations_of(store, settings)
    revision = knowledge.revision()
    before = shelf.current()
    if not anew and before and (before.revision, before.model) == (revision, endpoint.model):
        return before
    passages = list(knowledge.all_passages())
    if not passages:
        return None
    vectors = _embedder(store, endpoint).texts(
        [f"{passage.heading}\n{passage.text}" for passage in passages],
        lambda done, total: progress("计算向量", done, total),
    )
    with shelf.one_builder():
        latest = shelf.current()
        if latest and latest != before and _serves(latest, revision, endpoint.model):
            return latest  # another process was faster
        progress("建立向量索引", 0, len(passages))
        name, client, collection = shelf.begin()
        try:
            chroma.fill(client, collection, passages, vectors)
        finally:
            client.close()
        shelf.publish(
            VectorGeneration(name, endpoint.model, len(vectors[0]), revision, len(passages))
        )
        progress("建立向量索引", len(passages), len(passages))
    return shelf.current()


def generation_usable(store: Store, settings: Settings) -> bool:
    """Whether the current generation opens and is whole."""
    shelf = generations_of(store, settings)
    current = shelf.current()
    try:
        return current is not None and chroma.count(shelf.collection(current)) == current.count
    except IndexUnavailable:
        return False


def nearest(
    text: str, scope: Scope, store: Store, settings: Settings, index: LexicalIndex
) -> tuple[list[str], tuple[str, ...]]:
    """The passage ids nearest to a question, best first, and a note when there can be none."""
    endpoint = EmbeddingEndpoint.of(settings)
    shelf = generations_of(store, settings)
    generation = shelf.current()
    if generation is None:
        return [], (f"还没有向量索引，本次按字面检索。{_BUILD}",)
    if generation.model != endpoint.model:
        return [], (
            f"向量索引由模型 {generation.model} 建立，与现在的 {endpoint.model} 不同，"
            "本次按字面检索。请重新运行 copilot knowledge index。",
        )
    try:
        vector = _embedder(store, endpoint).question(text)
        if len(vector) != generation.dimension:
            raise EmbeddingsUnavailable(
                f"向量长度 {len(vector)} 与索引的 {generation.dimension} 不同。",
                next="请核对模型后运行 copilot knowledge index --rebuild。",
            )
        with _at_chroma(settings.chroma_url):
            return _in_scope(shelf, generation, vector, scope, index), ()
    except CircuitOpen:
        return [], ("向量服务刚才没有应答，暂按字面检索。",)
    except EmbeddingsUnavailable as error:
        return [], (f"本次按字面检索：{error}",)
    except IndexUnavailable as error:
        chroma.server_collection.cache_clear()
        return [], (f"本次按字面检索：{error}",)


def _in_scope(
    shelf: Generations,
    generation: VectorGeneration,
    vector: Vector,
    scope: Scope,
    index: LexicalIndex,
) -> list[str]:
    """The nearest that the reader may see; Chroma is asked for more while too few of them are."""
    collection = shelf.collection(generation)
    limit = CANDIDATES
    while True:
        found = chroma.proposed(collection, vector, scope, limit)
        allowed = index.allowed(found, scope)
        near = [passage_id for passage_id in found if passage_id in allowed]
        if len(near) >= CANDIDATES or len(found) < limit or limit >= MOST_PROPOSED:
            return near[:CANDIDATES]
        limit = min(limit * 10, MOST_PROPOSED)


def _serves(generation: VectorGeneration, revision: int, model: str) -> bool:
    return generation.revision >= revision and generation.model == model


def _at_chroma(url: str | None) -> AbstractContextManager[None]:
    """A call to the Chroma server, which rests after a failure; a folder needs no rest."""
    if url is None:
        return nullcontext()
    return circuit_of(url, "", 1, REST_S, IndexUnavailable).call()


def _embedder(store: Store, endpoint: EmbeddingEndpoint) -> Embedder:
    return Embedder(endpoint, store.data_dir / "index" / "vectors.db")
