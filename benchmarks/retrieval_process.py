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


class Peers:
    """Answers requests in the peers' environment; without one, everything is not installed."""

    def __init__(self, python: Path | None) -> None:
        self._process = (
            subprocess.Popen(
                [str(python), str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            if python
            else None
        )

    def __enter__(self) -> Peers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to one request; a dead process is told like a missing library."""
        if self._process is None:
            return {"missing": "not installed"}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            reply = self._process.stdout.readline()
        except BrokenPipeError:
            reply = ""
        return dict(json.loads(reply)) if reply else {"missing": "the process ended"}


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
