"""A local OpenAI-compatible server: scripted chat answers, deterministic embeddings.

It speaks real HTTP on 127.0.0.1, so the product's own client, timeouts and retries are what the
tests exercise. Use it as a context manager::

    with FakeOpenAI() as server:
        server.script(Reply.text("您好"), Reply.rate_limited(retry_after=0.1))
        ...  # point COPILOT_LLM_BASE_URL at server.base_url
        assert server.chat_bodies[0]["model"] == "scripted"

Replies are used in order; after the last one, `FakeOpenAI.default` answers (it is a function of
the request body, so a liar or an obeyer is a function too).
"""

from __future__ import annotations

import hashlib
import json
import math
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from types import TracebackType
from typing import Any

Body = dict[str, Any]
REFUSAL = {
    "json_schema": "This response_format type is unavailable now",
    "json_object": "response_format.type json_object is not supported",
    "tool_choice": "tool_choice is not supported in thinking mode",
}


@dataclass(frozen=True)
class Reply:
    """One scripted answer. Build it with the named constructors; `after` delays any of them."""

    content: str = ""
    reasoning: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    chunk_delay_s: float = 0.0
    cut_after: int | None = None
    error: str = ""
    dimension: int | None = None
    raw: bytes | None = None

    @classmethod
    def text(cls, content: str) -> Reply:
        """A good answer, or a non-compliant one: the text decides."""
        return cls(content)

    @classmethod
    def json(cls, document: Any) -> Reply:
        """An answer whose content is a JSON document."""
        return cls(json.dumps(document, ensure_ascii=False))

    @classmethod
    def malformed_json(cls, content: str = '{"text": "三年期定存", "citations": [') -> Reply:
        """An answer whose content starts as JSON and does not parse."""
        return cls(content)

    @classmethod
    def thinking(cls, content: str, thoughts: str, *, tagged: bool = True) -> Reply:
        """Reasoning before the answer: inside <think> tags, or as ``reasoning_content``."""
        return cls(f"<think>{thoughts}</think>{content}") if tagged else cls(content, thoughts)

    @classmethod
    def rate_limited(cls, retry_after: float) -> Reply:
        """429 with a Retry-After header (seconds)."""
        return cls(status=429, headers={"Retry-After": str(retry_after)}, error="rate limited")

    @classmethod
    def failure(cls, status: int = 500, message: str = "internal error") -> Reply:
        """An error response."""
        return cls(status=status, error=message)

    @classmethod
    def cut(cls, content: str, after: int) -> Reply:
        """A connection that closes early: after ``after`` characters (stream) or bytes (plain).

        A cut stream has neither ``[DONE]`` nor a finish reason, and its end looks orderly.
        """
        return cls(content, cut_after=after)

    @classmethod
    def garbage(cls, raw: bytes = b"<html>bad gateway</html>") -> Reply:
        """A 200 response that is not the protocol at all."""
        return cls(raw=raw)

    @classmethod
    def wrong_dimension(cls, dimension: int) -> Reply:
        """Embeddings of another length than the server's usual one."""
        return cls(dimension=dimension)

    def slow(self, seconds: float, per_chunk: float = 0.0) -> Reply:
        """The same reply after a pause, and a pause before each streamed piece."""
        return replace(self, delay_s=seconds, chunk_delay_s=per_chunk)


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: Body


def embedding(text: str, dimension: int) -> list[float]:
    """A deterministic unit vector: hashed character bigrams, so similar texts are near."""
    vector = [0.0] * dimension
    padded = f" {text} "
    for first, second in pairwise(padded):
        digest = hashlib.blake2b((first + second).encode(), digest_size=8).digest()
        vector[int.from_bytes(digest[:4], "big") % dimension] += 1.0 if digest[4] % 2 else -1.0
    norm = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / norm for value in vector]


class FakeOpenAI:
    """The server. ``rejects`` names request features that get a 400, as some vendors do:
    ``json_schema``, ``json_object``, ``tool_choice``."""

    def __init__(self, *, dimension: int = 64, rejects: tuple[str, ...] = ()) -> None:
        self.dimension = dimension
        self.rejects = rejects
        self.default: Callable[[Body], Reply] = lambda _body: Reply.text("好的。")
        self.requests: list[Recorded] = []
        self._chat: deque[Reply] = deque()
        self._embeddings: deque[Reply] = deque()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def base_url(self) -> str:
        """What a client is configured with, ending in ``/v1``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def chat_bodies(self) -> list[Body]:
        """The bodies of the chat requests so far."""
        return [r.body for r in self.requests if r.path.endswith("/chat/completions")]

    @property
    def embedding_bodies(self) -> list[Body]:
        """The bodies of the embedding requests so far."""
        return [r.body for r in self.requests if r.path.endswith("/embeddings")]

    def script(self, *replies: Reply) -> None:
        """Queue chat answers."""
        self._chat.extend(replies)

    def script_embeddings(self, *replies: Reply) -> None:
        """Queue embedding answers; a plain ``Reply()`` is a good one."""
        self._embeddings.extend(replies)

    def reply_to(self, request: Recorded) -> Reply:
        """Record a request and choose its reply."""
        with self._lock:
            self.requests.append(request)
            if request.path.endswith("/embeddings"):
                return self._embeddings.popleft() if self._embeddings else Reply()
            rejected = self._rejected(request.body)
            if rejected:
                return Reply.failure(400, REFUSAL[rejected])
            return self._chat.popleft() if self._chat else self.default(request.body)

    def _rejected(self, body: Body) -> str:
        wanted = (body.get("response_format") or {}).get("type")
        choice = body.get("tool_choice")
        if wanted in self.rejects:
            return str(wanted)
        forced = choice is not None and choice not in ("auto", "none")
        return "tool_choice" if forced and "tool_choice" in self.rejects else ""

    def close(self) -> None:
        """Stop serving; the port answers no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def __enter__(self) -> FakeOpenAI:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # the usual five would refuse callers that come at once
    fake: FakeOpenAI

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silence: clients that give up on a reply are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: requests are recorded instead."""

    def do_GET(self) -> None:
        self._send(200, json.dumps({"object": "list", "data": [{"id": "scripted"}]}).encode())

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body: Body = json.loads(self.rfile.read(size) or b"{}")
        reply = self.server.fake.reply_to(Recorded(self.path, dict(self.headers), body))
        if reply.delay_s:
            time.sleep(reply.delay_s)
        try:
            self._answer(reply, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, reply: Reply, body: Body) -> None:
        if reply.status != 200:
            error = {"error": {"message": reply.error, "type": "error", "code": reply.status}}
            self._send(reply.status, json.dumps(error).encode(), reply.headers)
        elif reply.raw is not None:
            self._send(200, reply.raw, {"Content-Type": "text/html"})
        elif self.path.endswith("/embeddings"):
            self._plain(reply, _embedding_document(body, reply, self.server.fake.dimension))
        elif body.get("stream"):
            self._stream(reply, body)
        else:
            self._plain(reply, _chat_document(body, reply))

    def _plain(self, reply: Reply, document: Body) -> None:
        payload = json.dumps(document, ensure_ascii=False).encode()
        if reply.cut_after is None:
            self._send(200, payload, reply.headers)
            return
        self._head(200, len(payload), reply.headers)
        self.wfile.write(payload[: reply.cut_after])
        self._hang_up()

    def _stream(self, reply: Reply, body: Body) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        sent = 0
        for delta in _deltas(reply):
            sent += len(delta.get("content") or "")
            if reply.cut_after is not None and sent > reply.cut_after:
                self._hang_up()
                return
            if reply.chunk_delay_s:
                time.sleep(reply.chunk_delay_s)
            self._event(_chunk(body, delta))
        self._event(_chunk(body, {}, "stop"))
        if (body.get("stream_options") or {}).get("include_usage"):
            self._event({**_chunk(body, {}), "choices": [], "usage": _usage(body, reply)})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, document: Body) -> None:
        self.wfile.write(f"data: {json.dumps(document, ensure_ascii=False)}\n\n".encode())
        self.wfile.flush()

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _head(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _send(self, status: int, payload: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._head(status, len(payload), headers or {})
        self.wfile.write(payload)


def _deltas(reply: Reply) -> Iterator[Body]:
    yield {"role": "assistant", "content": ""}
    for piece in _pieces(reply.reasoning):
        yield {"reasoning_content": piece}
    for piece in _pieces(reply.content):
        yield {"content": piece}


def _pieces(text: str, size: int = 3) -> Iterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


def _chunk(body: Body, delta: Body, finish: str | None = None) -> Body:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": body.get("model", "scripted"),
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def _usage(body: Body, reply: Reply) -> Body:
    prompt = sum(len(str(m.get("content") or "")) for m in body.get("messages", []))
    completion = len(reply.content) + len(reply.reasoning)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _chat_document(body: Body, reply: Reply) -> Body:
    message: Body = {"role": "assistant", "content": reply.content}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model", "scripted"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(body, reply),
    }


def _embedding_document(body: Body, reply: Reply, usual: int) -> Body:
    given = body.get("input", [])
    texts = [given] if isinstance(given, str) else given
    dimension = reply.dimension or usual
    return {
        "object": "list",
        "model": body.get("model", "scripted"),
        # Reversed on purpose: clients must order by `index`, as the protocol says.
        "data": [
            {"object": "embedding", "index": i, "embedding": embedding(text, dimension)}
            for i, text in reversed(list(enumerate(texts)))
        ],
        "usage": {"prompt_tokens": sum(map(len, texts)), "total_tokens": sum(map(len, texts))},
    }
