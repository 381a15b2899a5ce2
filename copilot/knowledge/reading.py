"""Our side of the reading process: started for the first document, replaced when it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from copilot.errors import DependencyError, InputError
from copilot.knowledge.blocks import Block, Extract
from copilot.knowledge.limits import SECONDS

_PACKAGE_HOME = Path(__file__).resolve().parents[2]


class DocumentReader:
    """Reads documents in a process of their own; a context manager that ends it.

    ``seconds`` is how long one document may take.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def extract(self, raw: bytes, format: str) -> Extract:
        """The blocks of a document.

        Raises:
            InputError: damaged, encrypted, hostile, too large or too slow; the caller names it.
            DependencyError: the process cannot be started.
        """
        answer = self._ask(raw, format)
        if "blocks" not in answer:
            raise InputError(answer["message"], next=answer["next"])
        blocks = tuple(
            Block(text, level, record, place, tuple((header, value) for header, value in cells))
            for text, level, record, place, cells in answer["blocks"]
        )
        return Extract(blocks, tuple(answer["notes"]))

    def close(self) -> None:
        """Ends the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _ask(self, raw: bytes, format: str) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.seconds, end)
        timer.start()
        line = b""
        try:
            head = json.dumps({"format": format, "bytes": len(raw)})
            process.stdin.write(head.encode() + b"\n" + raw)
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            pass  # it died; the empty line below says so
        finally:
            timer.cancel()
        if line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            if answer.get("exhausted"):
                self.close()
            return answer
        self.close()
        if late.is_set():
            raise InputError(
                f"解析超过 {self.seconds:g} 秒，已停止。",
                next="请拆分后重试；来源不明的文件请勿使用。",
            )
        raise InputError("解析时程序异常退出，文件可能已损坏。", next="请核对文件后重试。")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        home = str(_PACKAGE_HOME)
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-B", "-P", "-m", "copilot.knowledge.reader"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            )
        except OSError as error:
            raise DependencyError(
                f"文档解析进程无法启动：{error.strerror}。", next="请检查系统资源后重试。"
            ) from None
        return self._process
