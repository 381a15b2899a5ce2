"""Embeddings over the OpenAI protocol, kept in a small file so that no text is sent twice.

The cache is disposable and keyed by model and text; another model never sees its vectors. A
question is sent with long numbers taken out (`copilot.llm.pseudonyms`), since people paste phone
and card numbers into search boxes; an endpoint that did not answer one is left alone for a while.
Vectors are not charged to the budgets of `copilot.llm.budget`, whose prices are a language model's:
what bounds them is that a text is sent once, and the time of a request.
"""

from __future__ import annotations

import array
import contextlib
import hashlib
import json
import math
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import ModelUnavailable
from copilot.llm.circuit import Outage, circuit_of
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.retrying import Passing, Retrying, bounded, passing_of, raise_if_passing

if TYPE_CHECKING:
    import httpx

    from copilot.settings import Settings

    Vector = array.array[float]

BATCH = 64
LARGEST_REPLY = 32 * 1024 * 1024  # bytes; a batch of long vectors is written out as figures
CONNECT_TIMEOUT_S = 3.0
QUESTION_TIMEOUT_S = 3.0
"""A person waits for a search; without an answer by then it goes on without vectors."""
REST_S = 30.0
"""After a failure the endpoint is left alone for so long, so that a batch does not wait on it."""
CHECK_ENDPOINT = (
    "请检查 COPILOT_EMBEDDING_BASE_URL、COPILOT_EMBEDDING_MODEL、COPILOT_EMBEDDING_API_KEY。"
)


class EmbeddingsUnavailable(ModelUnavailable):
    """The embedding endpoint gave no usable vectors."""


class _GivenUp(EmbeddingsUnavailable, Outage):
    """It gave none after every try, which is what a circuit counts."""


@dataclass(frozen=True, slots=True)
class EmbeddingEndpoint:
    """Where vectors come from; ``timeout_s`` bounds one request, ``retries`` the further tries."""

    base_url: str
    model: str
    api_key: str = field(repr=False, default="")
    timeout_s: float = 30.0
    retries: int = 2

    @classmethod
    def of(cls, settings: Settings) -> EmbeddingEndpoint:
        """The configured endpoint; ``settings.embeddings_configured`` must hold."""
        key = settings.embedding_api_key
        return cls(
            settings.embedding_base_url or "",
            settings.embedding_model or "",
            key.get_secret_value() if key else "",
            settings.llm_timeout_s,
            settings.llm_retries,
        )

    def hurried(self) -> EmbeddingEndpoint:
        """The same endpoint for a person's question: one short try."""
        return replace(self, timeout_s=min(self.timeout_s, QUESTION_TIMEOUT_S), retries=0)


class Embedder:
    """Turns texts into vectors, asking the endpoint only for those not in the cache.

    Args:
        endpoint: where to send.
        cache: the cache file; made when it is not there.
        pause: waits between tries, in seconds.
    """

    def __init__(
        self,
        endpoint: EmbeddingEndpoint,
        cache: Path,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = endpoint
        self._cache = cache
        self._pause = pause
        self._try = Retrying(endpoint.retries, pause, _given_up)

    def question(self, text: str) -> Vector:
        """The vector of a question.

        Raises:
            EmbeddingsUnavailable: no usable vector.
            CircuitOpen: the question before got none; the endpoint is not asked for now.
        """
        hidden = Pseudonyms.of(()).hide(text)
        hurried = Embedder(self.endpoint.hurried(), self._cache, self._pause)
        with circuit_of(self.endpoint.base_url, self.endpoint.model, 1, REST_S).call():
            (vector,) = hurried.texts([hidden])
        return vector

    def texts(
        self, texts: Sequence[str], progress: Callable[[int, int], None] = lambda _d, _t: None
    ) -> list[Vector]:
        """The vectors of texts, all of one length, in order.

        Raises:
            EmbeddingsUnavailable: the endpoint failed, or its vectors are not of one length.
        """
        keys = [_key(text) for text in texts]
        with self._opened() as cache:
            known = _cached(cache, self.endpoint.model, keys)
            wanted = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
            dimension = len(next(iter(known.values()))) if known else None
            with self._client() as client:
                for batch in _batches(list(wanted.items())):
                    vectors = self._embedded(client, [text for _, text in batch], dimension)
                    dimension = len(vectors[0])
                    fresh = dict(zip([key for key, _ in batch], vectors, strict=True))
                    _keep(cache, self.endpoint.model, fresh)
                    known |= fresh
                    progress(len(known), len(set(keys)))
        return [known[key] for key in keys]

    def _embedded(
        self, client: httpx.Client, texts: list[str], dimension: int | None
    ) -> list[Vector]:
        vectors = self._try(lambda: _vectors(self._post(client, texts), len(texts)))
        lengths = {len(vector) for vector in vectors} | ({dimension} if dimension else set())
        if len(lengths) != 1:
            shown = "、".join(map(str, sorted(lengths)))
            raise EmbeddingsUnavailable(
                f"向量服务返回的向量长度不一致（{shown}）。",
                next="服务端可能换了模型：请换一个模型名称，或删除 index/vectors.db。",
            )
        return vectors

    def _post(self, client: httpx.Client, texts: list[str]) -> Any:
        import httpx

        body = {"model": self.endpoint.model, "input": texts, "encoding_format": "float"}
        deadline = time.monotonic() + self.endpoint.timeout_s
        try:
            with client.stream("POST", "embeddings", json=body) as response:
                raise_if_passing(response)
                if response.status_code != 200:
                    raise EmbeddingsUnavailable(
                        f"向量服务返回 {response.status_code}。", next=CHECK_ENDPOINT
                    )
                whole = b"".join(_bounded(response, deadline))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise EmbeddingsUnavailable("向量服务地址无效。", next=CHECK_ENDPOINT) from None
        except httpx.TransportError as error:
            raise passing_of(error) from None
        try:
            return json.loads(whole)
        except ValueError:
            raise Passing("回复不完整或不是 OpenAI 格式") from None

    @contextlib.contextmanager
    def _client(self) -> Iterator[httpx.Client]:
        import httpx

        headers = {"User-Agent": "bank-marketing-copilot"}
        if self.endpoint.api_key:
            headers["Authorization"] = f"Bearer {self.endpoint.api_key}"
        timeout = httpx.Timeout(
            self.endpoint.timeout_s, connect=min(CONNECT_TIMEOUT_S, self.endpoint.timeout_s)
        )
        base_url = self.endpoint.base_url.rstrip("/") + "/"
        try:
            client = httpx.Client(base_url=base_url, timeout=timeout, headers=headers)
        except (httpx.InvalidURL, ValueError):
            raise EmbeddingsUnavailable("向量服务地址无效。", next=CHECK_ENDPOINT) from None
        with client:
            yield client

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            cache = _open_cache(self._cache)
        except (sqlite3.Error, OSError):
            # Damaged or not writable: the vectors can be had again, so do without it.
            cache = _open_cache(None)
        with contextlib.closing(cache):
            yield cache


def _given_up(reason: str, tries: int) -> _GivenUp:
    return _GivenUp(
        f"向量服务没有给出可用的回复：{reason}（已尝试 {tries} 次）。", next=CHECK_ENDPOINT
    )


def _bounded(response: httpx.Response, deadline: float) -> Iterator[bytes]:
    too_large = EmbeddingsUnavailable("向量服务的回复过大。", next=CHECK_ENDPOINT)
    return bounded(response.iter_bytes(), deadline, LARGEST_REPLY, too_large)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _batches(items: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _vectors(reply: Any, expected: int) -> list[Vector]:
    """The vectors of a reply in the order of the texts, whatever order they came in."""
    try:
        rows = sorted(reply["data"], key=lambda row: row["index"])
        vectors = [array.array("f", row["embedding"]) for row in rows]
        indexes = [row["index"] for row in rows]
    except (KeyError, TypeError, ValueError):
        raise Passing("回复不完整或不是 OpenAI 格式") from None
    if indexes != list(range(expected)) or not all(vectors):
        raise Passing(f"要 {expected} 个向量，得到 {len(vectors)} 个")
    if not all(math.isfinite(value) for vector in vectors for value in vector):
        raise Passing("向量中有非数值")
    return vectors


def _open_cache(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path or ":memory:", timeout=5.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS vector (model TEXT, text_hash TEXT, value BLOB NOT NULL, "
            "PRIMARY KEY (model, text_hash)) WITHOUT ROWID"
        )
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _cached(cache: sqlite3.Connection, model: str, keys: Sequence[str]) -> dict[str, Vector]:
    found: dict[str, Vector] = {}
    query = "SELECT value FROM vector WHERE model = ? AND text_hash = ?"
    with contextlib.suppress(sqlite3.DatabaseError):  # a damaged page is a text not yet known
        for key in keys:
            row = cache.execute(query, (model, key)).fetchone()
            if row:
                found[key] = array.array("f", row[0])
    return found


def _keep(cache: sqlite3.Connection, model: str, vectors: dict[str, Vector]) -> None:
    rows = [(model, key, vector.tobytes()) for key, vector in vectors.items()]
    with contextlib.suppress(sqlite3.Error), cache:  # a full disk costs the cache, not the answer
        cache.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?, ?)", rows)
