"""JSON Lines of texts with their contexts, as ``check --jsonl`` and ``rules impact`` read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from copilot.cli.common import parse_day
from copilot.errors import InputError
from copilot.records.codes import Audience, Channel, DraftKind, ProductType
from copilot.records.compliance import CheckContext

_CONTEXTS_KEPT = 1_000  # contexts that lines share are read once
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_KEYS = ("id", "text", "context")
_LABEL_KEYS = ("label", "kind", "category", "hard_negative")  # an evaluation set is texts too
_KNOWN_KEYS = frozenset(_LINE_KEYS + _LABEL_KEYS)
_CONTEXT_KEYS = (
    "product",
    "product_code",
    "channel",
    "kind",
    "audience",
    "as_of",
    "whole",
    "jurisdiction",
)

Code = TypeVar("Code", bound=StrEnum)


class Line(NamedTuple):
    """One text of a file; ``row`` counts from 1."""

    row: int
    name: str | int
    text: str
    context: CheckContext


def read_lines(source: Path, day: date, known: Sequence[str]) -> Iterator[Line]:
    """The lines of a file, one in memory at a time.

    Args:
        source: the file.
        day: the date of lines without one.
        known: the jurisdictions that there are rules for.

    Raises:
        InputError: no such file, or a line is not as design §4 has it; names the row.
    """
    if not source.is_file():
        raise InputError("没有这个文件。", file=str(source), next="请检查 --jsonl 的路径。")
    contexts: dict[str, CheckContext] = {}
    with source.open("rb") as lines:
        for row, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                item = _item(line)
                given = item.get("context", {})
                key = repr(given)
                context = contexts.get(key)
                if context is None:
                    context = _context(given, day, known)
                    if len(contexts) < _CONTEXTS_KEPT:
                        contexts[key] = context
            except InputError as error:
                error.file, error.row = str(source), row
                raise
            yield Line(row, item["id"], item["text"], context)


def jurisdictions_of(given: str, known: Sequence[str]) -> tuple[str, ...]:
    """Jurisdictions by their codes, separated by commas.

    Raises:
        InputError: the rules in use have no such jurisdiction; names those they have.
    """
    wanted = tuple(dict.fromkeys(part.strip() for part in str(given).split(",")))
    for code in wanted:
        if code not in known:
            raise InputError(
                f"jurisdiction 的值 {code} 不在允许范围内。",
                field="jurisdiction",
                next=f"可用的值：{'、'.join(known)}。",
            )
    return wanted


def one_of(codes: type[Code], value: str | None, field: str) -> Code | None:
    """A code by its value.

    Raises:
        InputError: it is not in the list; names the allowed values.
    """
    if value is None:
        return None
    try:
        return codes(value)
    except ValueError:
        raise InputError(
            f"{field} 的值 {value} 不在允许范围内。",
            field=field,
            next=f"可用的值：{'、'.join(code.value for code in codes)}。",
        ) from None


def _item(line: bytes) -> dict[str, Any]:
    try:
        item = json.loads(line.removeprefix(_BYTE_ORDER_MARK).decode())
    except (UnicodeDecodeError, ValueError):
        raise InputError("这一行不是 UTF-8 的 JSON。", next="每行写一个 JSON 对象。") from None
    if not isinstance(item, dict):
        raise InputError("这一行不是 JSON 对象。", next="每行写一个 JSON 对象。")
    if unknown := item.keys() - _KNOWN_KEYS:
        raise InputError(
            f"有不认识的键：{'、'.join(sorted(unknown))}。",
            next=f"可用的键：{'、'.join(_LINE_KEYS)}。",
        )
    for key, types in (("id", (str, int)), ("text", str)):
        if not isinstance(item.get(key), types):
            raise InputError(f"缺少 {key}，或类型不对。", field=key)
    return item


def _context(given: Any, day: date, known: Sequence[str]) -> CheckContext:
    """The context of one line; unknown keys and values are errors."""
    if not isinstance(given, dict) or set(given) - set(_CONTEXT_KEYS):
        raise InputError(
            "context 的键不对。",
            field="context",
            next=f"可用的键：{'、'.join(_CONTEXT_KEYS)}。",
        )
    if not isinstance(given.get("whole", True), bool):
        raise InputError("whole 应为 true 或 false。", field="whole")
    as_of = given.get("as_of")
    return CheckContext(
        product=one_of(ProductType, given.get("product"), "product"),
        product_code=given.get("product_code"),
        channel=one_of(Channel, given.get("channel"), "channel"),
        kind=one_of(DraftKind, given.get("kind"), "kind"),
        audience=one_of(Audience, given.get("audience"), "audience") or Audience.CUSTOMER,
        as_of=parse_day(str(as_of)) if as_of is not None else day,
        whole=given.get("whole", True),
        jurisdictions=jurisdictions_of(given.get("jurisdiction", "cn"), known),
    )
