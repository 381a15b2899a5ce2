"""The OpenAI protocol over HTTP: one request, one reply or stream, retries, no prompt in errors.

Failures that may pass are tried again (`copilot.llm.retrying`); a stream only before its first
piece. An endpoint that keeps failing rests (`copilot.llm.circuit`), and no more than the configured
number of requests are under way at once.
"""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from copilot.errors import ModelUnavailable
from copilot.llm.budget import Ledger
from copilot.llm.circuit import Outage, circuit_of
from copilot.llm.retrying import Passing, Retrying, bounded, passing_of, raise_if_passing
from copilot.llm.tape import Tape
from copilot.settings import ModelLimits

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT_S = 5.0
LARGEST_REPLY = 4 * 1024 * 1024  # bytes; a draft is a few kilobytes
CHECK_ENDPOINT = "请检查 COPILOT_LLM_BASE_URL、COPILOT_LLM_MODEL、COPILOT_LLM_API_KEY。"
TRY_LATER = "请稍后重试；在此期间使用内置模板引擎。"

NO_LIMITS = ModelLimits(request_tokens=None, request_seconds=None)

Guard = Callable[[bytes], None]


class Rejected(ModelUnavailable):
    """The endpoint understood the request and will not serve it (4xx other than 429)."""

    def __init__(self, status: int) -> None:
        reasons = {401: "密钥无效", 403: "没有权限", 404: "地址或模型不存在"}
        reason = reasons.get(status, "不接受这个请求")
        super().__init__(f"模型服务返回 {status}：{reason}。", next=CHECK_ENDPOINT)
        self.status = status


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is; ``timeout_s`` bounds one whole reply, ``retries`` the further tries."""

    base_url: str
    model: str
    api_key: str = field(repr=False, default="")
    timeout_s: float = 30.0
    retries: int = 2

    @property
    def url(self) -> str:
        """The chat completions address."""
        return f"{self.base_url.rstrip('/')}/chat/completions"


class Wire:
    """A connection pool to one endpoint, and what its replies have taught us about it.

    ``rung`` is the strongest structured-output mode not yet refused (`copilot.llm.structured`);
    ``mixes_reasoning`` is unknown until a first whole reply.

    Args:
        endpoint: where to send.
        pause: waits between tries, in seconds.
        limits: what may be used, and how many requests at once.
        ledger: what the days have used; without one only single requests are limited.
        tape: keeps replies, or plays them back.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        pause: Callable[[float], None] = time.sleep,
        *,
        limits: ModelLimits = NO_LIMITS,
        ledger: Ledger | None = None,
        tape: Tape | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.limits = limits
        self.ledger = ledger
        self.rung = 0
        self.mixes_reasoning: bool | None = None
        self._try = Retrying(endpoint.retries, pause, _unavailable)
        self._tape = tape or Tape(None, None)
        self._places = threading.BoundedSemaphore(limits.concurrent)
        self._client: httpx.Client | None = None
        self._opening = threading.Lock()

    def complete(
        self, body: Mapping[str, Any], guard: Guard, seconds: float | None = None
    ) -> dict[str, Any]:
        """The whole reply to a request; ``guard`` reads the bytes and raises to keep them home.

        ``seconds`` bounds all tries together.

        Raises:
            Rejected: the endpoint refuses the request.
            CircuitOpen: the endpoint is being left alone after repeated failures.
            ModelUnavailable: no usable reply after every try.
        """
        content = self._encoded(body, guard)
        if self._tape.plays:
            return self._tape.played(content)[-1]
        ends = _end(seconds)

        def once() -> dict[str, Any]:
            deadline = self._deadline(ends)
            with self._open(content, deadline) as response:
                whole = b"".join(_bounded(response, deadline))
            return _reply(whole)

        with self._place():
            reply = self._try(once, ends)
        self._tape.keep(content, [reply])
        return reply

    def stream(
        self, body: Mapping[str, Any], guard: Guard, seconds: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """The reply's chunks as they arrive, up to ``[DONE]``.

        Raises:
            Rejected: the endpoint refuses the request.
            CircuitOpen: the endpoint is being left alone after repeated failures.
            ModelUnavailable: no usable reply after every try, or the stream was cut after its
                first piece: what arrived must then be thrown away.
        """
        content = self._encoded({**body, "stream": True}, guard)
        if self._tape.plays:
            yield from self._tape.played(content)
            return
        with self._place():
            yield from self._tape.kept(content, self._streamed(content, _end(seconds)))

    def _streamed(self, content: bytes, ends: float) -> Iterator[dict[str, Any]]:
        def begin() -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
            chunks = self._chunks(content, ends)
            for first in chunks:
                return first, chunks
            raise Passing("回复是空的")

        first, rest = self._try(begin, ends)
        yield first
        try:
            yield from rest
        except Passing as failure:
            raise _unavailable(failure.reason, 1) from None

    @cached_property
    def workers(self) -> ThreadPoolExecutor:
        """Threads for callers that must not block, as many as requests may be under way."""
        return ThreadPoolExecutor(self.limits.concurrent, thread_name_prefix="model")

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        """One of the places for requests under way, at an endpoint that is not resting."""
        if not self._places.acquire(timeout=self.endpoint.timeout_s):
            raise ModelUnavailable(
                f"同时进行的模型请求已达上限（{self.limits.concurrent}）。", next=TRY_LATER
            )
        limits, endpoint = self.limits, self.endpoint
        circuit = circuit_of(endpoint.url, endpoint.model, limits.failures, limits.rest_s)
        try:
            with circuit.call():
                yield
        finally:
            self._places.release()

    def _deadline(self, ends: float) -> float:
        return min(ends, time.monotonic() + self.endpoint.timeout_s)

    def close(self) -> None:
        """Give the connections back."""
        workers = self.__dict__.pop("workers", None)
        if workers is not None:
            workers.shutdown(wait=False)
        if self._client is not None:
            self._client.close()
            self._client = None

    def _encoded(self, body: Mapping[str, Any], guard: Guard) -> bytes:
        # ensure_ascii off: the guard must read the same characters a person would.
        content = json.dumps({"model": self.endpoint.model, **body}, ensure_ascii=False).encode()
        guard(content)
        return content

    def _chunks(self, content: bytes, ends: float) -> Iterator[dict[str, Any]]:
        deadline = self._deadline(ends)
        finished = False
        with self._open(content, deadline) as response:
            for line in _lines(_bounded(response, deadline)):
                if not line.startswith("data:"):
                    continue
                data = line[5:].strip()
                if data == "[DONE]":
                    return
                chunk = _chunk(data)
                finished = finished or _finishes(chunk)
                yield chunk
        if not finished:
            raise Passing("回复中途断开")

    def _open(self, content: bytes, deadline: float) -> _Response:
        return _Response(self._http(), self.endpoint, content, deadline - time.monotonic())

    def _http(self) -> httpx.Client:
        with self._opening:
            if self._client is None:
                import httpx

                timeout = httpx.Timeout(self.endpoint.timeout_s, connect=CONNECT_TIMEOUT_S)
                places = self.limits.concurrent
                limits = httpx.Limits(max_connections=places, max_keepalive_connections=places)
                self._client = httpx.Client(timeout=timeout, limits=limits)
            return self._client


class _Response:
    """An open response whose status is good; transport failures become `Passing`."""

    def __init__(
        self, client: httpx.Client, endpoint: Endpoint, content: bytes, seconds: float
    ) -> None:
        import httpx

        headers = {"Content-Type": "application/json", "User-Agent": "bank-marketing-copilot"}
        if endpoint.api_key:
            headers["Authorization"] = f"Bearer {endpoint.api_key}"
        timeout = httpx.Timeout(
            max(seconds, 0.001), connect=min(CONNECT_TIMEOUT_S, max(seconds, 0.001))
        )
        self._stream = client.stream(
            "POST", endpoint.url, content=content, headers=headers, timeout=timeout
        )

    def __enter__(self) -> httpx.Response:
        import httpx

        try:
            response = self._stream.__enter__()
        except httpx.TransportError as error:
            raise _transport(error) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise ModelUnavailable("模型地址无效。", next=CHECK_ENDPOINT) from None
        if response.status_code == 200:
            return response
        self._stream.__exit__(None, None, None)
        raise_if_passing(response)
        raise Rejected(response.status_code)

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: Any) -> None:
        import httpx

        self._stream.__exit__(kind, error, trace)
        if isinstance(error, httpx.TransportError):
            raise _transport(error) from None


def _transport(error: httpx.TransportError) -> Exception:
    import httpx

    if isinstance(error, httpx.UnsupportedProtocol):
        return ModelUnavailable("模型地址无效。", next=CHECK_ENDPOINT)
    return passing_of(error)


def _end(seconds: float | None) -> float:
    return math.inf if seconds is None else time.monotonic() + seconds


def _unavailable(reason: str, tries: int) -> Outage:
    return Outage(f"模型没有给出可用的回复：{reason}（已尝试 {tries} 次）。", next=TRY_LATER)


def _bounded(response: httpx.Response, deadline: float) -> Iterator[bytes]:
    too_large = ModelUnavailable("模型的回复过大。", next=CHECK_ENDPOINT)
    return bounded(response.iter_bytes(), deadline, LARGEST_REPLY, too_large)


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")


def _reply(whole: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(whole)
        reply["choices"][0]["message"]
    except (ValueError, LookupError, TypeError):
        raise Passing("回复不完整或不是 OpenAI 格式") from None
    return dict(reply)


def _chunk(data: str) -> dict[str, Any]:
    try:
        chunk = json.loads(data)
    except ValueError:
        raise Passing("回复不是 OpenAI 格式") from None
    if not isinstance(chunk, dict) or "error" in chunk:
        raise Passing("回复中途出错")
    return chunk


def _finishes(chunk: dict[str, Any]) -> bool:
    return any(choice.get("finish_reason") for choice in chunk.get("choices") or ())
