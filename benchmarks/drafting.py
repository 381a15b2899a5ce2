"""What the copilot adds to a model call, beside a bare ``openai`` client in the same run.

    python benchmarks/drafting.py [--calls 640] [--rounds 5] [--write docs/benchmarks-drafting.md]

The model is a process of its own on this machine: it answers after 200 ms, or streams. It stamps
each reply with when the request was there and when the first piece left; both clocks are the
system's monotonic one, so what lies before and behind the model is told apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from copilot.drafting.brief import WritingBrief
from copilot.drafting.model_writer import ModelWriter
from copilot.drafting.template_files import load_scripts
from copilot.llm.chat_model import ChatModel
from copilot.llm.pseudonyms import Pseudonyms
from copilot.llm.scripted import good
from copilot.llm.wire import Endpoint, Wire
from copilot.paths import shipped
from copilot.records.codes import Channel, ProductType
from copilot.records.customer import Customer
from copilot.records.product import Product

DELAY_S = 0.2
CONCURRENT = 64
MOST_BEFORE_MS = 30.0
LEAST_RATIO = 0.95
PIECES = 40
MESSAGES = [{"role": "user", "content": "请写一句三年期整存整取的介绍。" * 40}]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection of the model: HTTP/1.1, kept alive."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            there = time.monotonic()
            lines = head.decode().lower().split("\r\n")
            size = next(int(x.split(":")[1]) for x in lines if x.startswith("content-length"))
            body = json.loads(await reader.readexactly(size))
            await (stream if body.get("stream") else whole)(writer, body, there)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def whole(writer: asyncio.StreamWriter, body: dict[str, Any], there: float) -> None:
    await asyncio.sleep(DELAY_S)
    text = good(body, 0).content
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    document = {
        "id": str(there),
        "object": "chat.completion",
        "created": 0,
        "model": "bench",
        "choices": [choice | {"finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200},
    }
    payload = json.dumps(document, ensure_ascii=False).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}"
    writer.write(head.encode() + b"\r\n\r\n" + payload)
    await writer.drain()


async def stream(writer: asyncio.StreamWriter, body: dict[str, Any], there: float) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
    writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
    await asyncio.sleep(DELAY_S)
    for number in range(PIECES + 1):
        finish = "stop" if number == PIECES else None
        delta = {"index": 0, "delta": {"content": f"{time.monotonic():.6f} "}}
        event = {"id": str(there), "object": "chat.completion.chunk", "created": 0}
        event |= {"model": "bench", "choices": [delta | {"finish_reason": finish}]}
        write_chunk(writer, f"data: {json.dumps(event)}\n\n".encode())
        await writer.drain()
        await asyncio.sleep(0.005)
    write_chunk(writer, b"data: [DONE]\n\n")
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def write_chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def model_process(pipe: Connection) -> None:
    """The model: serves until it is ended."""

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=256)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def throughput(call: Callable[[], Awaitable[Any]], calls: int) -> float:
    """Calls a second, 64 at a time."""
    places = asyncio.Semaphore(CONCURRENT)

    async def one() -> None:
        async with places:
            await call()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(calls)))
    return calls / (time.perf_counter() - started)


async def rates(base_url: str, calls: int, rounds: int) -> dict[str, list[float]]:
    """Both clients in turn, so that a busy minute hits both."""
    import openai
    from langchain_core.messages import HumanMessage

    bare = openai.AsyncOpenAI(base_url=base_url, api_key="-", max_retries=0)
    wire = Wire(Endpoint(base_url, "bench"))
    people = Pseudonyms.of([(Customer("C000123", "王建国", "M"), ("10012345678",))])
    prompt = [HumanMessage(MESSAGES[0]["content"])]

    async def bare_call() -> None:
        await bare.chat.completions.create(model="bench", messages=MESSAGES)  # type: ignore[arg-type]

    async def our_call() -> None:
        await ChatModel(wire, people.guard).ainvoke(prompt)

    measured: dict[str, list[float]] = {"bare": [], "ours": []}
    for turn in range(rounds + 1):
        order = [("bare", bare_call), ("ours", our_call)]
        for name, call in order if turn % 2 else order[::-1]:
            rate = await throughput(call, calls if turn else CONCURRENT)
            if turn:  # the first turn opens the connections
                measured[name].append(rate)
    wire.close()
    await bare.close()
    return measured


@dataclass(frozen=True)
class Waits:
    """Milliseconds before the request is at the model, and from its first piece to the reader."""

    before: list[float]
    after: list[float]

    @property
    def together(self) -> float:
        return statistics.median(self.before) + statistics.median(self.after)


def our_waits(base_url: str, times: int) -> Waits:
    """From a brief to the request, with prompt, pseudonyms and guard; and through the stream."""
    from langchain_core.messages import HumanMessage

    wire = Wire(Endpoint(base_url, "bench"))
    scripts = load_scripts(shipped("knowledge") / "scripts")
    brief = example()
    people = Pseudonyms.of([(brief.customer, ("10012345678",))] if brief.customer else [])
    before, after = [], []
    for _ in range(times):
        arrivals: list[float] = []
        counting = Arriving(wire, arrivals)
        started = time.monotonic()
        ModelWriter(counting, people, shipped("prompts")).talking_points(
            brief, scripts, lambda draft: ()
        )
        before.append(1000 * (arrivals[0] - started))
        for chunk in ChatModel(wire, people.guard).stream([HumanMessage(MESSAGES[0]["content"])]):
            if chunk.text:
                after.append(1000 * (time.monotonic() - float(chunk.text.split()[0])))
                break
    wire.close()
    return Waits(before[2:], after[2:])


class Arriving(Wire):
    """A wire that notes when the model says that the request was there."""

    def __init__(self, wire: Wire, arrivals: list[float]) -> None:
        super().__init__(wire.endpoint)
        self._wire = wire
        self._arrivals = arrivals

    def complete(self, body: Any, guard: Any, seconds: float | None = None) -> dict[str, Any]:
        reply = self._wire.complete(body, guard, seconds)
        self._wire.mixes_reasoning = False
        self._arrivals.append(float(reply["id"]))
        return reply


def bare_waits(base_url: str, times: int) -> Waits:
    """The same two waits of the ``openai`` client with a finished prompt."""
    import openai

    client = openai.OpenAI(base_url=base_url, api_key="-", max_retries=0)
    before, after = [], []
    for _ in range(times):
        started = time.monotonic()
        reply = client.chat.completions.create(model="bench", messages=MESSAGES)  # type: ignore[arg-type]
        before.append(1000 * (float(reply.id) - started))
        for chunk in client.chat.completions.create(
            model="bench",
            messages=MESSAGES,  # type: ignore[arg-type]
            stream=True,
        ):
            if chunk.choices[0].delta.content:
                sent = float(chunk.choices[0].delta.content.split()[0])
                after.append(1000 * (time.monotonic() - sent))
                break
    return Waits(before[2:], after[2:])


def example() -> WritingBrief:
    product = Product(
        "DEP-3Y",
        date(2026, 10, 15),
        "三年期整存整取",
        ProductType.DEPOSIT,
        "示例银行",
        min_amount=50_00,
        term_days=1095,
        rate_bp=145,
        liquidity="提前支取的部分按支取日活期利率计息。",
    )
    return WritingBrief(
        product=product,
        channel=Channel.COUNTER,
        as_of=date(2026, 11, 20),
        bank_name="示例银行",
        customer=Customer("C000123", "王建国", "M", birth_date=date(1979, 3, 2)),
    )


def report(rates_by: dict[str, list[float]], ours: Waits, bare: Waits, calls: int) -> str:
    ratio = statistics.median(
        our / bare for our, bare in zip(rates_by["ours"], rates_by["bare"], strict=True)
    )
    added = ours.together - bare.together
    load = os.getloadavg()[0]
    rows = [
        ("request at the model", ours.before, bare.before),
        ("first piece to the reader", ours.after, bare.after),
    ]
    lines = [
        "# Drafting: what the copilot adds to a model call",
        "",
        f"Generated on {date.today()} by `python {' '.join(sys.argv)}`; {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}; load {load:.1f} at the end.",
        f"The model is scripted, on this machine, and answers after {DELAY_S * 1000:.0f} ms.",
        "",
        f"| {CONCURRENT} at a time, {calls} calls a round | calls/s, median | rounds |",
        "|---|---:|---|",
    ]
    for name, title in (("bare", "bare `openai` AsyncClient"), ("ours", "**our chat model**")):
        shown = ", ".join(f"{rate:.0f}" for rate in rates_by[name])
        lines.append(f"| {title} | {statistics.median(rates_by[name]):.0f} | {shown} |")
    met = "met" if ratio >= LEAST_RATIO else "missed"
    lines += [
        "",
        f"Ratio, median of the rounds: **{ratio:.3f}** (floor {LEAST_RATIO}, {met}).",
        "",
        "| ms, median (p95) | ours: from a brief | bare: from a finished prompt |",
        "|---|---:|---:|",
    ]
    for title, our, other in rows:
        lines.append(f"| {title} | {spread(our)} | {spread(other)} |")
    met = "met" if added <= MOST_BEFORE_MS else "missed"
    lines += [
        "",
        f"Added before the first token: **{added:.1f} ms** (at most {MOST_BEFORE_MS:.0f}, {met}), "
        "with the prompt, the pseudonyms and the reading of the outgoing bytes.",
    ]
    return "\n".join(lines) + "\n"


def spread(values: Sequence[float]) -> str:
    p95 = sorted(values)[int(len(values) * 0.95)]
    return f"{statistics.median(values):.1f} ({p95:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    ours_end, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=model_process, args=(theirs,))
    process.start()
    base_url = f"http://127.0.0.1:{ours_end.recv()}/v1"
    try:
        rates_by = asyncio.run(rates(base_url, given.calls, given.rounds))
        page = report(rates_by, our_waits(base_url, 40), bare_waits(base_url, 40), given.calls)
    finally:
        process.terminate()
        process.join()
    print(page)
    if given.write:
        given.write.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
