"""Which parser a file gets, and which files of a folder are knowledge."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from copilot.errors import InputError
from copilot.knowledge.declared import SIDECAR_END, Declared
from copilot.knowledge.entries import parse_entries
from copilot.knowledge.parsed import ParsedDocument
from copilot.knowledge.plain import parse_plain
from copilot.knowledge.planted import PLANTED_FILE
from copilot.knowledge.product_sheet import parse_product_sheet
from copilot.knowledge.regulation import parse_regulation
from copilot.knowledge.source import YAML, Source
from copilot.knowledge.synonyms import SYNONYMS_FILE
from copilot.records.front_matter import FrontMatter

#: Folders of the knowledge directory that other stages own.
OTHER_STAGES = frozenset({"templates", "rules", "feedback", "examples"})

#: Files beside those folders that are word lists of the program, not knowledge.
WORD_LISTS = frozenset({SYNONYMS_FILE, PLANTED_FILE, "questions.yaml", "concepts.yaml"})

OWN_DECLARATION = "该文件有自己的固定格式，另外声明的种类、读者、日期和网点没有采用。"


def parse(source: Source) -> ParsedDocument:
    """The document in a file: its content, not its folder, tells the format.

    Raises:
        InputError: the file breaks its format; names file and line.
    """
    if source.suffix in YAML:
        return _by_schema(parse_entries(source), source)
    front = source.front_matter()
    if front is None:
        return parse_plain(source)
    if "type" in front.values or ("product_code" in front.values and "kind" not in front.values):
        return _by_schema(parse_product_sheet(source, front), source)
    if "effective_from" in front.values:
        return _by_schema(parse_regulation(source, front), source)
    if front.values.keys() & Declared.model_fields.keys():
        return parse_plain(_declaring(source, front), front.body_start)
    raise front.yaml.error(
        "文件头既不是产品记录，也不是法规信息。",
        next="产品资料要有 product_code；法规摘要要有 effective_from；"
        "普通文档写 kind、audience 等声明，或去掉文件头。",
    )


def _by_schema(parsed: ParsedDocument, source: Source) -> ParsedDocument:
    if not source.declared.fingerprint:
        return parsed
    return replace(parsed, notes=(*parsed.notes, OWN_DECLARATION))


def _declaring(source: Source, front: FrontMatter) -> Source:
    own = front.yaml.validated(Declared)
    try:
        return replace(source, declared=own.over(source.declared))
    except ValueError:
        raise front.yaml.error("文件头与另外的声明合在一起不成立。") from None


def knowledge_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files to read under the given files and folders, in a stable order, each once.

    A folder that cannot be read is given as a path of its own, so that reading it refuses it by
    name. Links to folders are not followed; a link to a file counts as long as the file lies
    below the folder that was given.

    Raises:
        InputError: a path does not exist.
    """
    seen: set[str] = set()
    for path in paths:
        if not path.exists():
            raise InputError(
                f"没有这个文件或目录：{path}", file=str(path), next="请检查路径后重试。"
            )
        for file in sorted(_below(path)) if path.is_dir() else [path]:
            if (resolved := os.path.realpath(file)) not in seen:
                seen.add(resolved)
                yield file


def leaves(file: Path, roots: Iterable[Path]) -> bool:
    """Whether a file is a link out of the folder in which it was found."""
    if not file.is_symlink():
        return False
    target = Path(os.path.realpath(file))
    around = [Path(os.path.realpath(root)) for root in roots if root in file.parents]
    return bool(around) and not any(root in target.parents for root in around)


def _below(folder: Path) -> Iterator[Path]:
    folders = [folder]
    while folders:
        current = folders.pop()
        try:
            entries = list(current.iterdir())
        except OSError:
            yield current
            continue
        names = {entry.name for entry in entries}
        for entry in entries:
            if entry.name.startswith((".", "~$")):
                continue
            if entry.is_dir():
                if entry.name not in OTHER_STAGES and not entry.is_symlink():
                    folders.append(entry)
            elif _is_knowledge(entry, names):
                yield entry


def _is_knowledge(entry: Path, beside: set[str]) -> bool:
    if entry.name.endswith(SIDECAR_END):
        return entry.name.removesuffix(SIDECAR_END) not in beside
    if entry.name in WORD_LISTS and (beside & OTHER_STAGES or entry.name == SYNONYMS_FILE):
        return False
    return entry.stem.upper() != "README"
