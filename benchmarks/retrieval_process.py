"""The peers' process at the other end of a pipe, and processor time."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

WORKER = Path(__file__).with_name("retrieval_peers.py")


SHARED = frozenset({"LangChain BM25", "LangChain Chroma LSA-512", "LangChain Ensemble"})
"""These are made of each other's parts and live in one process; every other has its own, so that
one that runs out of memory takes no other with it."""


class Peers:
    """Answers requests in the peers' environment; without one, everything is not installed."""

    def __init__(self, python: Path | None) -> None:
        self._python = python
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Peers:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.communicate()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to one request; a dead process is told like a missing library."""
        if self._python is None:
            return {"missing": "not installed"}
        name = str(request.get("build") or request.get("ask") or "")
        process = self._process("" if name in SHARED else name, self._python)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            reply = process.stdout.readline()
        except BrokenPipeError:
            reply = ""
        return dict(json.loads(reply)) if reply else {"missing": "the process ended"}

    def _process(self, name: str, python: Path) -> subprocess.Popen[str]:
        if name not in self._processes:
            self._processes[name] = subprocess.Popen(
                [str(python), str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        return self._processes[name]


def processor_seconds(work: Callable[[], object]) -> float:
    """The processor time that a piece of work takes in this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def cold_seconds(command: Sequence[str], times: int = 5) -> tuple[float, float]:
    """A fresh process by the clock (best of some) and by processor time (best of some)."""
    clocks, processors = [], []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        clocks.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processors.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(clocks), min(processors)
