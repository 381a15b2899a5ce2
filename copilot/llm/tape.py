"""Replies of a model kept as files, and played back instead of asking it.

A file holds one request as it left (pseudonyms only) and what came back; its name is a digest of
the request's bytes, so the same request finds its own reply and no other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from copilot.errors import ModelUnavailable
from copilot.files import write_whole

Reply = list[dict[str, Any]]


class Tape:
    """A folder of recorded replies.

    Args:
        record: where replies are kept, if they are.
        replay: where they are played back from; nothing is sent then.
    """

    def __init__(self, record: Path | None, replay: Path | None) -> None:
        self._record = record
        self._replay = replay

    @property
    def plays(self) -> bool:
        """Whether replies come from files."""
        return self._replay is not None

    def played(self, content: bytes) -> Reply:
        """The recorded pieces of the reply to a request; one piece when it was not streamed.

        Raises:
            ModelUnavailable: this request was never recorded.
        """
        path = (self._replay or Path()) / _name(content)
        try:
            pieces: Reply = json.loads(path.read_text("utf-8"))["reply"]
        except (OSError, ValueError, LookupError):
            raise ModelUnavailable(
                f"没有录下对这次请求的回复（{path.name}）。",
                next="请先设 llm_record_dir 用真实模型录一遍；提示词改动后要重录。",
            ) from None
        return pieces

    def kept(self, content: bytes, pieces: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The pieces of a reply as they pass by; kept once the last of them has."""
        heard: Reply = []
        for piece in pieces:
            heard.append(piece)
            yield piece
        self.keep(content, heard)

    def keep(self, content: bytes, reply: Reply) -> None:
        """Keep a whole reply, if replies are kept at all."""
        if self._record is None:
            return
        document = {"request": json.loads(content), "reply": reply}
        text = json.dumps(document, ensure_ascii=False, indent=1)
        write_whole(self._record / _name(content), text)


def _name(content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()[:24]}.json"
