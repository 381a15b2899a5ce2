"""Vector generations in Chroma: built aside, verified, swapped by a pointer, never edited.

    chroma/CURRENT          the name of the generation in use
    chroma/gen-7/           one finished generation; ``generation.json`` is written last

A Chroma directory that is written while it serves does not survive a kill, so a finished one is
only ever read. Two are kept. Whatever fails here, search goes on without vectors and says so.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import IndexUnavailable
from copilot.knowledge.lexical import LexicalIndex, Scope
from copilot.llm.embeddings import Embedder, EmbeddingEndpoint, EmbeddingsUnavailable
from copilot.records.codes import Audience
from copilot.records.knowledge import Passage
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from copilot.llm.embeddings import Vector
    from copilot.settings import Settings
    from copilot.store import Store

CANDIDATES = 100
KEPT = 2
SELF_QUERIES = 20
REST_S = 30.0
"""After a failure the endpoint is left alone for so long, so that a batch does not wait on it."""

_COLLECTION = "passages"
_STATE = "generation.json"
_OPEN_END = 99991231

_resting: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class VectorGeneration:
    """A finished generation: the model, length and number of its vectors, and their revision."""

    name: str
    model: str
    dimension: int
    revision: int
    count: int


class VectorFolder:
    """The generations of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "chroma"
        self._pointer = self.folder / "CURRENT"

    def current(self) -> VectorGeneration | None:
        """The generation in use, or ``None``."""
        try:
            return self._state(self._pointer.read_text().strip())
        except (OSError, ValueError, TypeError):
            return None

    def publish(self, generation: VectorGeneration) -> None:
        """Seals a generation on disk and makes it the current one; older ones go."""
        home = self.folder / generation.name
        (home / _STATE).write_text(json.dumps(asdict(generation)))
        for path in sorted(home.rglob("*")):
            _sync(path)
        _sync(home)
        aside = self._pointer.with_suffix(".tmp")
        aside.write_text(generation.name)
        _sync(aside)
        os.replace(aside, self._pointer)
        _sync(self.folder)
        self.tidy()

    def tidy(self) -> None:
        """Removes unfinished generations and old ones; the current one always stays."""
        finished = [path for path in self._homes() if (path / _STATE).is_file()]
        current = self.current()
        kept = {path.name for path in finished[-KEPT:]} | {current.name if current else ""}
        for path in self._homes():
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def next_name(self) -> str:
        """The name of the generation to build."""
        homes = self._homes()
        return f"gen-{_number(homes[-1]) + 1 if homes else 1}"

    def _homes(self) -> list[Path]:
        return sorted(self.folder.glob("gen-[0-9]*"), key=_number)

    def _state(self, name: str) -> VectorGeneration:
        return VectorGeneration(**json.loads((self.folder / name / _STATE).read_text()))


def build_generation(
    store: Store,
    settings: Settings,
    progress: Callable[[str, int, int], None] = lambda _step, _done, _total: None,
) -> tuple[str, ...]:
    """Builds and publishes the vectors of the knowledge as it is now; notes say what failed.

    Does nothing when the current generation is already of this revision and model.
    """
    knowledge = store.knowledge(Principal.operator())
    revision = knowledge.revision()
    folder = VectorFolder(store.data_dir)
    current = folder.current()
    endpoint = EmbeddingEndpoint.of(settings)
    if current and (current.revision, current.model) == (revision, endpoint.model):
        return ()
    passages = list(knowledge.all_passages())
    if not passages:
        return ()
    try:
        vectors = _embedder(store, endpoint).texts(
            [f"{passage.heading}\n{passage.text}" for passage in passages],
            lambda done, total: progress("计算向量", done, total),
        )
        with _one_builder(folder.folder):
            folder.tidy()
            name = folder.next_name()
            _fill(folder.folder / name, passages, vectors)
            folder.publish(
                VectorGeneration(name, endpoint.model, len(vectors[0]), revision, len(passages))
            )
    except (EmbeddingsUnavailable, IndexUnavailable, OSError) as error:
        return (f"向量索引没有更新，新内容暂时只按字面检索：{error}",)
    return ()


def nearest(
    text: str, scope: Scope, store: Store, settings: Settings, index: LexicalIndex
) -> tuple[list[str], tuple[str, ...]]:
    """The passage ids nearest to a question, best first, and a note when there can be none."""
    endpoint = EmbeddingEndpoint.of(settings)
    generation = VectorFolder(store.data_dir).current()
    if generation is None:
        return [], ("还没有向量索引，本次按字面检索。运行 copilot knowledge ingest 可以建立。",)
    if generation.model != endpoint.model:
        return [], (
            f"向量索引由模型 {generation.model} 建立，与现在的 {endpoint.model} 不同，"
            "本次按字面检索。请重新运行 copilot knowledge ingest。",
        )
    if _resting.get(endpoint.base_url, 0.0) > time.monotonic():
        return [], ("向量服务刚才没有应答，暂按字面检索。",)
    try:
        vector = _embedder(store, endpoint).question(text)
        if len(vector) != generation.dimension:
            raise EmbeddingsUnavailable(
                f"向量长度 {len(vector)} 与索引的 {generation.dimension} 不同。",
                next="请核对模型后重新运行 copilot knowledge ingest。",
            )
        found = _query(store.data_dir / "chroma" / generation.name, vector, scope)
    except EmbeddingsUnavailable as error:
        _resting[endpoint.base_url] = time.monotonic() + REST_S
        return [], (f"本次按字面检索：{error}",)
    except IndexUnavailable as error:
        return [], (f"本次按字面检索：{error}",)
    allowed = index.allowed(found, scope)
    return [passage_id for passage_id in found if passage_id in allowed], ()


def _embedder(store: Store, endpoint: EmbeddingEndpoint) -> Embedder:
    return Embedder(endpoint, store.data_dir / "index" / "vectors.db")


def _fill(home: Path, passages: Sequence[Passage], vectors: Sequence[Vector]) -> None:
    with _chroma_errors():
        client = _client(home)
        try:
            collection = client.create_collection(
                _COLLECTION,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine"}},
            )
            step = min(1000, client.get_max_batch_size())
            for start in range(0, len(passages), step):
                part = slice(start, start + step)
                collection.add(
                    ids=[passage.passage_id for passage in passages[part]],
                    embeddings=[list(vector) for vector in vectors[part]],
                    metadatas=[_metadata(passage) for passage in passages[part]],
                )
            _verify(collection, passages, vectors)
        finally:
            client.close()


def _verify(collection: Any, passages: Sequence[Passage], vectors: Sequence[Vector]) -> None:
    """Asks the finished index for things it must know before anybody relies on it."""
    if collection.count() != len(passages):
        raise _unusable("新建的向量索引数目不符")
    stride = max(1, len(passages) // SELF_QUERIES)
    for passage, vector in list(zip(passages, vectors, strict=True))[::stride]:
        found = collection.query(query_embeddings=[list(vector)], n_results=1)
        # Two passages may have one text, so the distance decides, not the id.
        if found["distances"][0][0] > 1e-3:
            raise _unusable(f"新建的向量索引查不到段落 {passage.passage_id}")


def _query(home: Path, vector: Vector, scope: Scope) -> list[str]:
    with _chroma_errors():
        collection = _open_collection(home)
        found = collection.query(
            query_embeddings=[list(vector)],
            n_results=CANDIDATES,
            where={"$and": _where(scope)},
            include=[],
        )
        return list(found["ids"][0])


def _metadata(passage: Passage) -> dict[str, str | int]:
    return {
        "kind": passage.kind.value,
        "audience": passage.audience.value,
        "product_code": passage.product_code or "",
        "valid_from": int(f"{passage.valid_from:%Y%m%d}") if passage.valid_from else 0,
        "valid_to": int(f"{passage.valid_to:%Y%m%d}") if passage.valid_to else _OPEN_END,
    }


def _where(scope: Scope) -> list[dict[str, Any]]:
    day = int(f"{scope.as_of:%Y%m%d}")
    conditions: list[dict[str, Any]] = [
        {"valid_from": {"$lte": day}},
        {"valid_to": {"$gt": day}},
    ]
    if scope.audience is Audience.CUSTOMER:
        conditions.append({"audience": Audience.CUSTOMER.value})
    if scope.kind is not None:
        conditions.append({"kind": scope.kind.value})
    if scope.product_code is not None:
        conditions.append({"product_code": scope.product_code})
    return conditions


@lru_cache(maxsize=KEPT)
def _open_collection(home: Path) -> Any:
    return _client(home).get_collection(_COLLECTION, embedding_function=None)


def _client(home: Path) -> Any:
    os.environ["ANONYMIZED_TELEMETRY"] = "False"
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    return chromadb.PersistentClient(str(home), settings=ChromaSettings(anonymized_telemetry=False))


@contextmanager
def _chroma_errors() -> Iterator[None]:
    # Chroma and the Rust core under it raise whatever they like, panics (no `Exception`) included.
    try:
        yield
    except (IndexUnavailable, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise _unusable(f"向量索引打不开（{type(error).__name__}）") from None


def _unusable(message: str) -> IndexUnavailable:
    return IndexUnavailable(f"{message}。", next="请重新运行 copilot knowledge ingest。")


@contextmanager
def _one_builder(folder: Path) -> Iterator[None]:
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".build.lock"):
        yield


def _number(home: Path) -> int:
    digits = home.name.removeprefix("gen-")
    return int(digits) if digits.isdigit() else 0


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
