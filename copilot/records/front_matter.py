"""The YAML record between two lines of ``---`` that opens a Markdown file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copilot.errors import InputError
from copilot.records.yaml_file import YamlFile

_FENCE = "---\n"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The record and where it stands in the text; ``body_start`` is where the prose begins."""

    yaml: YamlFile
    start: int
    end: int
    body_start: int

    @property
    def values(self) -> Mapping[str, Any]:
        """The record; empty when the YAML is not a mapping."""
        return self.yaml.data if isinstance(self.yaml.data, dict) else {}


def front_matter(text: str, path: Path) -> FrontMatter | None:
    """The record that opens a file's text, or ``None`` when it opens with none.

    Raises:
        InputError: the opening ``---`` is never closed, or the YAML is wrong; names file and line.
    """
    if not text.startswith(_FENCE):
        return None
    end = text.find("\n---\n", len(_FENCE) - 1)
    if end < 0:
        raise InputError(
            "文件头的 --- 没有结束。",
            next="请在文件头末尾另起一行写 ---。",
            file=str(path),
            row=1,
        )
    parsed = YamlFile.parse(text[len(_FENCE) : end + 1], path, first_line=2)
    return FrontMatter(parsed, len(_FENCE), end, end + len("\n---\n"))


def required_front_matter(text: str, path: Path) -> FrontMatter:
    """The record that opens a file's text.

    Raises:
        InputError: as `front_matter`, or there is none.
    """
    found = front_matter(text, path)
    if found is None:
        raise InputError(
            "文件缺少开头以 --- 包围的记录。",
            next="请在文件开头补上 YAML 记录，前后各一行 ---。",
            file=str(path),
            row=1,
        )
    return found
