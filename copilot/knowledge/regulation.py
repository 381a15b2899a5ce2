"""Regulation digests: one passage an article, prefixed with the law, valid while in force."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from copilot.knowledge.parsed import ParsedDocument, ParsedPassage, pieces, sections
from copilot.knowledge.source import Source
from copilot.records.codes import Audience, PassageKind
from copilot.records.front_matter import FrontMatter

_EVIDENCE_NOTES = {
    "text": "",
    "quote": "",
    "summary": "，依据转述，引用前请核对官方文本",
    "recall": "，凭记忆整理，引用前请核对官方文本",
}


class _Digest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    title: str = Field(min_length=1)
    number: str | None = None
    issuer: str = ""
    issued: date | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    status: Literal["in_force", "repealed"]
    evidence: Literal["text", "quote", "summary", "recall"]
    disclaimer: str = ""

    @model_validator(mode="after")
    def _ended(self) -> Self:
        """What is repealed would be quoted as valid if it did not say until when it was."""
        if self.status == "repealed" and self.effective_to is None:
            raise ValueError("status 为 repealed 时必须写 effective_to")
        return self


def parse_regulation(source: Source, front: FrontMatter) -> ParsedDocument:
    """The articles of a regulation digest; they are for staff.

    Raises:
        InputError: an unknown or missing key, or no article; names file and line.
    """
    digest = front.yaml.validated(_Digest)
    number = f"（{digest.number}）" if digest.number else ""
    found = []
    for section in sections(source.text, front.body_start):
        article = section.titles[-1].split()[0] if section.titles else ""
        found += [
            ParsedPassage(
                heading=" / ".join((digest.title, *section.titles)),
                text=source.text[start:end],
                start=start,
                end=end,
                citation=f"《{digest.title}》{number}{article}{_EVIDENCE_NOTES[digest.evidence]}",
            )
            for start, end in pieces(source.text, section.start, section.end)
        ]
    if not found:
        raise source.error("法规摘要没有条文。", next="请用“## 第X条 短标题”写条文。")
    return ParsedDocument(
        document_id=f"regulation/{digest.id}",
        kind=PassageKind.REGULATION,
        title=digest.title,
        passages=tuple(found),
        audience=Audience.INTERNAL,
        valid_from=digest.effective_from,
        valid_to=digest.effective_to,
    )
