"""Which parser a file gets, and which files of a folder are knowledge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from copilot.errors import InputError
from copilot.knowledge.entries import parse_entries
from copilot.knowledge.parsed import ParsedDocument
from copilot.knowledge.plain import parse_plain
from copilot.knowledge.product_sheet import parse_product_sheet
from copilot.knowledge.regulation import parse_regulation
from copilot.knowledge.source import MARKDOWN, YAML, Source, front_matter
from copilot.knowledge.synonyms import SYNONYMS_FILE

#: Folders of the knowledge directory that other stages own.
OTHER_STAGES = frozenset({"templates", "rules"})


def parse(source: Source) -> ParsedDocument:
    """The document in a file: its content, not its folder, tells the format.

    Raises:
        InputError: the file breaks its format; names file and line.
    """
    if source.suffix in YAML:
        return parse_entries(source)
    front = front_matter(source) if source.suffix in MARKDOWN else None
    if front is None:
        return parse_plain(source)
    if "product_code" in front.values:
        return parse_product_sheet(source, front)
    if "effective_from" in front.values:
        return parse_regulation(source, front)
    raise front.yaml.error(
        "文件头既不是产品记录，也不是法规信息。",
        next="产品资料要有 product_code；法规摘要要有 effective_from；普通文档请去掉文件头。",
    )


def knowledge_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files to read under the given files and folders, in a stable order, each once.

    Raises:
        InputError: a path does not exist.
    """
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise InputError(
                f"没有这个文件或目录：{path}", file=str(path), next="请检查路径后重试。"
            )
        for file in sorted(_below(path)) if path.is_dir() else [path]:
            if (resolved := file.resolve()) not in seen:
                seen.add(resolved)
                yield file


def _below(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name.startswith((".", "~$")):
            continue
        if entry.is_dir():
            if entry.name not in OTHER_STAGES and not entry.is_symlink():
                yield from _below(entry)
        elif entry.name != SYNONYMS_FILE and entry.stem.upper() != "README":
            yield entry
