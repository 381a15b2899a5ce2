"""Embeddings over the OpenAI protocol, kept in a small file so that no text is sent twice.

The cache is disposable and keyed by model and text; another model never sees its vectors. A
question is sent with long numbers taken out (`copilot.llm.pseudonyms`), since people paste phone
and card numbers into search boxes.
"""

from __future__ import annotations

import array
import contextlib
import hashlib
import math
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import ModelUnavailable
from copilot.llm.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    import httpx

    from copilot.settings import Settings

    Vector = array.array[float]

BATCH = 64
CONNECT_TIMEOUT_S = 3.0
QUESTION_TIMEOUT_S = 3.0
"""A person waits for a search; without an answer by then it goes on without vectors."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 20.0
CHECK_ENDPOINT = (
    "请检查 COPILOT_EMBEDDING_BASE_URL、COPILOT_EMBEDDING_MODEL、COPILOT_EMBEDDING_API_KEY。"
)


class EmbeddingsUnavailable(ModelUnavailable):
    """The embedding endpoint gave no usable vectors."""


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

    def question(self, text: str) -> Vector:
        """The vector of a question.

        Raises:
            EmbeddingsUnavailable: no usable vector.
        """
        hidden = Pseudonyms.of(()).hide(text)
        (vector,) = Embedder(self.endpoint.hurried(), self._cache, self._pause).texts([hidden])
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
        vectors = self._retrying(lambda: _vectors(self._post(client, texts), len(texts)))
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
        try:
            response = client.post("embeddings", json=body)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise EmbeddingsUnavailable("向量服务地址无效。", next=CHECK_ENDPOINT) from None
        except httpx.TimeoutException:
            raise _Passing("超时") from None
        except httpx.TransportError:
            raise _Passing("连接不上或连接中断") from None
        status = response.status_code
        if status in (408, 409, 429) or status >= 500:
            raise _Passing(f"服务返回 {status}", _seconds(response.headers.get("Retry-After")))
        if status != 200:
            raise EmbeddingsUnavailable(f"向量服务返回 {status}。", next=CHECK_ENDPOINT)
        try:
            return response.json()
        except ValueError:
            raise _Passing("回复不完整或不是 OpenAI 格式") from None

    def _retrying(self, once: Callable[[], list[Vector]]) -> list[Vector]:
        for attempt in range(self.endpoint.retries + 1):
            try:
                return once()
            except _Passing as failure:
                wait = failure.pause
                if wait is None:
                    wait = random.uniform(0, FIRST_PAUSE_S * 2 ** (attempt + 1))
                if attempt == self.endpoint.retries or wait > LONGEST_PAUSE_S:
                    raise EmbeddingsUnavailable(
                        f"向量服务没有给出可用的回复：{failure}（已尝试 {attempt + 1} 次）。",
                        next=CHECK_ENDPOINT,
                    ) from None
                self._pause(wait)
        raise AssertionError("unreachable")

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


class _Passing(Exception):
    """A failure worth another try; ``pause`` is what the endpoint asked for, in seconds."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


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
        raise _Passing("回复不完整或不是 OpenAI 格式") from None
    if indexes != list(range(expected)) or not all(vectors):
        raise _Passing(f"要 {expected} 个向量，得到 {len(vectors)} 个")
    if not all(math.isfinite(value) for vector in vectors for value in vector):
        raise _Passing("向量中有非数值")
    return vectors


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None


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
