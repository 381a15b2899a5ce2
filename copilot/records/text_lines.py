"""Texts with the contexts that they are judged in, as JSON Lines.

``check --jsonl``, ``rules impact --jsonl`` and the sets of ``eval compliance`` are in this format:
``{"id", "text", "context": {…}}``. A set says of each text what it is besides; whoever reads a
format names the keys that it has, and only ``context`` is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from copilot.errors import InputError
from copilot.records.codes import Audience, Channel, DraftKind, ProductType
from copilot.records.compliance import CheckContext
from copilot.records.json_lines import json_lines, told_with
from copilot.records.values import one_of, parse_day

_CONTEXTS_KEPT = 1_000  # contexts that lines share are read once
_TEXT_KEYS = ("id", "text", "context")
_LABEL_KEYS = ("label", "kind", "category", "hard_negative")  # an evaluation set is texts too
KNOWN_KEYS = frozenset(_TEXT_KEYS + _LABEL_KEYS)
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


class Line(NamedTuple):
    """One text of a file; ``row`` counts from 1, ``given`` is all that the line says."""

    row: int
    name: str | int
    text: str
    context: CheckContext
    given: Mapping[str, Any]


def read_lines(
    source: Path, day: date, known: Sequence[str], keys: frozenset[str] | None = KNOWN_KEYS
) -> Iterator[Line]:
    """The lines of a file, one in memory at a time.

    Args:
        source: the file.
        day: the date of lines without one.
        known: the jurisdictions that there are rules for.
        keys: those that a line may have; ``None``: it may say anything more of its text.

    Raises:
        InputError: no such file, or a line is not of the format; names the row.
    """
    contexts: dict[str, CheckContext] = {}
    for row, item in json_lines(source):
        with told_with(source, row):
            _refuse_malformed(item, keys)
            given = item.get("context", {})
            key = repr(given)
            context = contexts.get(key)
            if context is None:
                context = _context(given, day, known)
                if len(contexts) < _CONTEXTS_KEPT:
                    contexts[key] = context
        yield Line(row, item["id"], item["text"], context, item)


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


def _refuse_malformed(item: Mapping[str, Any], keys: frozenset[str] | None) -> None:
    if keys is not None and (unknown := item.keys() - keys):
        raise InputError(
            f"有不认识的键：{'、'.join(sorted(unknown))}。",
            next=f"可用的键：{'、'.join(_TEXT_KEYS)}。",
        )
    for key, types in (("id", (str, int)), ("text", str)):
        if not isinstance(item.get(key), types):
            raise InputError(f"缺少 {key}，或类型不对。", field=key)


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
    code = given.get("product_code")
    if not isinstance(code, str | None):
        raise InputError("product_code 应为文字。", field="product_code")
    as_of = given.get("as_of")
    return CheckContext(
        product=one_of(ProductType, given.get("product"), "product"),
        product_code=code,
        channel=one_of(Channel, given.get("channel"), "channel"),
        kind=one_of(DraftKind, given.get("kind"), "kind"),
        audience=one_of(Audience, given.get("audience"), "audience") or Audience.CUSTOMER,
        as_of=parse_day(str(as_of), "as_of") if as_of is not None else day,
        whole=given.get("whole", True),
        jurisdictions=jurisdictions_of(given.get("jurisdiction", "cn"), known),
    )
