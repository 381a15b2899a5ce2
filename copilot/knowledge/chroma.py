"""Chroma at arm's length: offline, without its telemetry, every failure an `IndexUnavailable`.

A finished collection is only read. What it finds is a proposal: the caller filters it by the
reader's scope and reads each passage again from the database.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from copilot.errors import IndexUnavailable
from copilot.knowledge.lexical import Scope
from copilot.records.codes import Audience, PassageKind
from copilot.records.knowledge import Passage

if TYPE_CHECKING:
    from copilot.llm.embeddings import Vector

SELF_QUERIES = 20
SERVER_CONNECT_S = 2.0
SERVER_ANSWER_S = 10.0
_REBUILD = "运行 copilot knowledge index --rebuild 可以重建。"
_CHECK_SERVER = "请检查 COPILOT_CHROMA_URL 与 Chroma 服务是否在运行。"
_ADD_AT_ONCE = 1000
_OPEN_END = 99991231


def local_client(home: Path) -> Any:
    """A client of the generation in a folder of this machine."""
    with chroma_errors():
        chromadb, settings = _chromadb()
        return chromadb.PersistentClient(str(home), settings=settings)


def server_client(url: str) -> Any:
    """A client of the bank's Chroma server, with the time limits that Chroma's own lacks."""
    import httpx

    with chroma_errors(_CHECK_SERVER):
        limits = httpx.Timeout(SERVER_ANSWER_S, connect=SERVER_CONNECT_S)
        httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=limits).raise_for_status()
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        chromadb, settings = _chromadb()
        client = chromadb.HttpClient(
            host=parts.hostname or "",
            port=parts.port or (443 if secure else 80),
            ssl=secure,
            settings=settings,
        )
        client._server._session.timeout = limits
        return client


@lru_cache(maxsize=2)
def local_collection(home: Path, name: str) -> Any:
    """A finished collection of this machine, opened once a process."""
    with chroma_errors():
        return local_client(home).get_collection(name, embedding_function=None)


@lru_cache(maxsize=2)
def server_collection(url: str, name: str) -> Any:
    """A finished collection of the server, looked up once a process."""
    with chroma_errors():
        return server_client(url).get_collection(name, embedding_function=None)


def fill(client: Any, name: str, passages: Sequence[Passage], vectors: Sequence[Vector]) -> None:
    """Makes a collection of these passages and asks it for things it must know.

    Raises:
        IndexUnavailable: Chroma failed, or does not find what was put in.
    """
    with chroma_errors():
        collection = client.create_collection(
            name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        step = min(_ADD_AT_ONCE, client.get_max_batch_size())
        for start in range(0, len(passages), step):
            part = slice(start, start + step)
            collection.add(
                ids=[passage.passage_id for passage in passages[part]],
                embeddings=[list(vector) for vector in vectors[part]],
                metadatas=[_metadata(passage) for passage in passages[part]],
            )
        _verify(collection, passages, vectors)


def proposed(collection: Any, vector: Vector, scope: Scope, limit: int) -> list[str]:
    """The nearest passage ids by Chroma's own filter, best first; grants are not known to it."""
    with chroma_errors():
        found = collection.query(
            query_embeddings=[list(vector)],
            n_results=limit,
            where={"$and": _where(scope)},
            include=[],
        )
        return list(found["ids"][0])


def count(collection: Any) -> int:
    """How many vectors a collection holds."""
    with chroma_errors():
        return int(collection.count())


@contextmanager
def chroma_errors(next: str = _REBUILD) -> Iterator[None]:
    """Whatever Chroma and the Rust core under it raise, panics (no `Exception`) included."""
    try:
        yield
    except (IndexUnavailable, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        message = f"向量索引打不开（{type(error).__name__}）。"
        raise IndexUnavailable(message, next=next) from None


def _verify(collection: Any, passages: Sequence[Passage], vectors: Sequence[Vector]) -> None:
    if collection.count() != len(passages):
        raise IndexUnavailable("新建的向量索引数目不符。", next=_REBUILD)
    stride = max(1, len(passages) // SELF_QUERIES)
    for passage, vector in list(zip(passages, vectors, strict=True))[::stride]:
        found = collection.query(query_embeddings=[list(vector)], n_results=1)
        # Two passages may have one text, so the distance decides, not the id.
        if found["distances"][0][0] > 1e-3:
            raise IndexUnavailable(
                f"新建的向量索引查不到段落 {passage.passage_id}。", next=_REBUILD
            )


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
        conditions.append({"kind": {"$ne": PassageKind.SCRIPT.value}})
    if scope.kind is not None:
        conditions.append({"kind": scope.kind.value})
    if scope.product_code is not None:
        conditions.append({"product_code": scope.product_code})
    return conditions


def _chromadb() -> tuple[Any, Any]:
    os.environ["ANONYMIZED_TELEMETRY"] = "False"
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    return chromadb, ChromaSettings(anonymized_telemetry=False)
