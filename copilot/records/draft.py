"""Drafts and their states. A step that must not be skipped is a type.

Draft ──check──▶ CheckedDraft ──approved template fill, passed──▶ usable: send
                      └── everything else stays internal reference
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from copilot.records.codes import Channel, DraftKind
from copilot.records.compliance import UNAPPROVED, CheckResult, Usable, Verdict
from copilot.records.knowledge import Citation

INTERNAL_NOTICE = f"内部参考，{UNAPPROVED}"
WRITER_NOTICE = "内置模板引擎，未使用大模型"
AI_LABEL = "本内容由AI辅助生成"
AI_MARK = f"（{AI_LABEL}）"
"""How the label closes a message that a customer reads."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in a text and the field it equals; the span is in code points."""

    text: str
    start: int
    end: int
    source: str

    def as_json(self) -> dict[str, Any]:
        """The figure, its place in the text in code points, and the field it comes from."""
        return {"text": self.text, "start": self.start, "end": self.end, "source": self.source}


@dataclass(frozen=True, slots=True)
class Versions:
    """Everything a draft depended on, so that it can be replayed."""

    as_of: date
    data_generation: str
    product_valid_from: date | None
    rule_pack: str
    template: str | None = None
    prompts: tuple[str, ...] = ()
    model: str | None = None
    knowledge_generation: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The ``versions`` object of a draft."""
        return {
            "as_of": self.as_of.isoformat(),
            "data_generation": self.data_generation,
            "product_valid_from": self.product_valid_from and self.product_valid_from.isoformat(),
            "rule_pack": self.rule_pack,
            "template": self.template,
            "prompts": list(self.prompts),
            "model": self.model,
            "knowledge_generation": self.knowledge_generation,
        }


@dataclass(frozen=True, slots=True)
class Draft:
    """A text as it was written, before any check.

    ``text`` is what would leave (a filled approved template) or internal talking points;
    ``template_id`` is set only for a whole, unchanged template fill.
    """

    kind: DraftKind
    channel: Channel
    product_code: str
    text: str
    figures: tuple[Figure, ...]
    citations: tuple[Citation, ...] = ()
    staff_card: tuple[str, ...] = ()
    template_id: str | None = None
    approval_number: str | None = None
    writer: str = "embedded"
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedDraft:
    """A draft with the checker's answer and the evidence to replay it.

    ``variants`` are other ways to lead the same conversation, internal like the talking points.
    """

    draft_id: str
    draft: Draft
    result: CheckResult
    versions: Versions
    talking_points: Draft | None = None
    variants: tuple[Draft, ...] = ()
    notes: tuple[str, ...] = ()
    cautions: tuple[dict[str, Any], ...] = field(default=())

    @property
    def usable(self) -> Usable:
        """``send`` only for an approved fill that passes; a pass alone is internal."""
        if self.result.verdict is Verdict.BLOCK:
            return Usable.NO
        if self.draft.approval_number and self.result.verdict.allows_use:
            return Usable.SEND
        return Usable.INTERNAL

    @property
    def status(self) -> str:
        """``approved_fill``: an approved template, only filled; else ``draft``."""
        return "approved_fill" if self.draft.approval_number else "draft"

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot pitch --format json``."""
        body: dict[str, Any] = {
            "draft_id": self.draft_id,
            "kind": self.draft.kind.value,
            "customer_id": self.draft.customer_id,
            "product_code": self.draft.product_code,
            "channel": self.draft.channel.value,
            "status": self.status,
            "text": self.draft.text,
            "staff_card": list(self.draft.staff_card),
            "citations": [c.as_json() for c in self.draft.citations],
            "figures": [f.as_json() for f in self.draft.figures],
            "verdict": self.result.verdict.value,
            "usable": self.usable.value,
            "findings": [f.as_json() for f in self.result.findings],
            "template_id": self.draft.template_id,
            "versions": self.versions.as_json(),
            "approval_number": self.draft.approval_number,
            "writer": self.draft.writer,
            "cautions": list(self.cautions),
            "notes": list(self.notes),
        }
        if self.talking_points is not None:
            body["talking_points"] = _internal(self.talking_points)
        body["variants"] = [_internal(variant) for variant in self.variants]
        return body


def _internal(points: Draft) -> dict[str, Any]:
    """Talking points as a pitch prints them beside its text."""
    return {
        "text": points.text,
        "usable": Usable.INTERNAL.value,
        "figures": [figure.as_json() for figure in points.figures],
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a question, or a refusal that says whom to ask."""

    answer: str
    citations: tuple[Citation, ...]
    refused: bool
    verdict: Verdict
    figures: tuple[Figure, ...] = ()
    ask_whom: str = ""
    draft_id: str = ""
    notes: tuple[str, ...] = ()
    table: Mapping[str, Any] = field(default_factory=dict)
    understood: str = ""

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot ask --format json``."""
        body: dict[str, Any] = {
            "answer": self.answer,
            "citations": [citation.as_json() for citation in self.citations],
            "figures": [figure.as_json() for figure in self.figures],
            "refused": self.refused,
            "verdict": self.verdict.value,
            "draft_id": self.draft_id,
        }
        if self.ask_whom:
            body["ask_whom"] = self.ask_whom
        if self.notes:
            body["notes"] = list(self.notes)
        if self.table:
            body["table"] = dict(self.table)
        if self.understood:
            body["understood"] = self.understood
        return body
