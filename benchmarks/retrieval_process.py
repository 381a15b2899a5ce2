"""The peers' process at the other end of a pipe, and processor time."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

WORKER = Path(__file__).with_name("retrieval_peers.py")


SHARED = frozenset({"LangChain Chroma LSA-512", "LangChain Ensemble"})
"""The second asks the first, so they live in one process; every other system has its own, so that
one that runs out of memory or time takes no other with it."""

MEMORY = 8 * 2**30
"""Bytes of address space that a peer's process may take."""
PROCESSOR = 420
"""Seconds of processor time that a peer's process may use, building and answering together."""
CLOCK = 1800
"""Seconds by the clock after which a peer that does not answer is given up."""


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
        process = self._process("shared" if name in SHARED else name, self._python)
        assert process.stdin is not None
        assert process.stdout is not None
        reply = ""
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            if late := _too_late(process):
                process.kill()
                return {"missing": late}
            reply = process.stdout.readline()
        except BrokenPipeError:
            pass
        return dict(json.loads(reply)) if reply else {"missing": _why(process.wait())}

    def _process(self, name: str, python: Path) -> subprocess.Popen[str]:
        if name not in self._processes:
            self._processes[name] = subprocess.Popen(
                [str(python), str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                preexec_fn=_limited,
            )
        return self._processes[name]


def _limited() -> None:
    # The processor time is watched from outside: RLIMIT_CPU makes a process's own clock coarse.
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _too_late(process: subprocess.Popen[str]) -> str:
    """Waits for an answer; why there is none to wait for any longer, else nothing."""
    started = time.monotonic()
    while not select.select([process.stdout], [], [], 5)[0]:
        if _processor_so_far(process.pid) > PROCESSOR:
            return f"not done within {PROCESSOR} s of processor time"
        if time.monotonic() - started > CLOCK:
            return f"no answer within {CLOCK} s"
    return ""


def _processor_so_far(pid: int) -> float:
    """Seconds of processor time that a running process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _why(code: int) -> str:
    """Why a process is gone, from its exit code."""
    if code < 0:
        return f"ended by {signal.Signals(-code).name} (memory is limited to {MEMORY >> 30} GiB)"
    return f"ended with code {code}"


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
