"""The process that opens files from outside: one request at a time, and little it can do.

A damaged or hostile document may make a parser loop, swallow memory or crash. That happens here,
in a process without the store, with bounded memory and no right to write files. It is given bytes
and answers with blocks; it opens no path of its own.

    request   {"format": "pdf", "bytes": 12345}\\n  followed by the bytes
    answer    {"blocks": [...], "notes": [...]}\\n  or  {"message": …, "next": …}\\n

An answer that says ``exhausted`` comes from a process that ran out of memory: it is to be ended.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from copilot.errors import InputError
from copilot.knowledge.blocks import Extract
from copilot.knowledge.limits import MEMORY

_DAMAGED = {
    "message": "文件已损坏，或者内容与扩展名不符，读不出来。",
    "next": "请核对文件后重试。",
}
_TOO_MUCH = {
    "exhausted": True,
    "message": "解析所需的内存超过上限。",
    "next": "请拆分后重试；来源不明的文件请勿使用。",
}


def _pdf(raw: bytes) -> Extract:
    from copilot.knowledge.pdf import read_pdf

    return read_pdf(raw)


def _word(raw: bytes) -> Extract:
    from copilot.knowledge.word import read_word

    return read_word(raw)


def _sheets(raw: bytes) -> Extract:
    from copilot.knowledge.sheet import read_sheets

    return read_sheets(raw)


def _web_page(raw: bytes) -> Extract:
    from copilot.knowledge.web_page import read_web_page

    return read_web_page(raw)


READERS: dict[str, Callable[[bytes], Extract]] = {
    "pdf": _pdf,
    "word": _word,
    "sheets": _sheets,
    "web_page": _web_page,
}


def main() -> None:
    """Answers requests until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a library prints must not be taken for an answer.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _give_up_rights()
    while head := requests.readline():
        request = json.loads(head)
        answer = _answer(request["format"], requests, request["bytes"])
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _answer(format: str, requests: BinaryIO, length: int) -> dict[str, Any]:
    try:
        extract = READERS[format](requests.read(length))
        return {
            "blocks": [[b.text, b.level, b.record, b.place, b.cells] for b in extract.blocks],
            "notes": extract.notes,
        }
    except InputError as error:
        return {"message": error.message, "next": error.next}
    except Exception as error:
        # Parsers raise anything at all on files that are made to break them.
        return _TOO_MUCH if _ran_out_of_memory(error) else _DAMAGED


def _ran_out_of_memory(error: BaseException | None) -> bool:
    """Whether memory was the cause, under whatever a library made of it."""
    while error is not None and not isinstance(error, MemoryError):
        error = error.__cause__ or error.__context__
    return error is not None


def _give_up_rights() -> None:
    try:
        import resource
    except ImportError:  # not on Windows; the time limit holds everywhere
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
