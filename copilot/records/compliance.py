"""What the checker says about a text: contexts, findings, verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from copilot.records.codes import Audience, Channel, DraftKind, ProductType
from copilot.records.labelled import Labelled


class Verdict(Labelled):
    """The outcome of a check, mildest first; the worst finding wins."""

    PASS = "pass", "通过"
    REVIEW = "review", "请复核"
    NEEDS_EVIDENCE = "needs_evidence", "需补证据"
    NEEDS_ELEMENT = "needs_element", "缺少必备要素"
    BLOCK = "block", "不得使用"

    @property
    def rank(self) -> int:
        """Order of badness: 0 is `PASS`."""
        return _RANKS[self]

    @property
    def allows_use(self) -> bool:
        """Whether a text may be used as it stands; `REVIEW` only asks a person to look at it."""
        return self in (Verdict.PASS, Verdict.REVIEW)

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """The worst of several; of none, `PASS`."""
        return max(verdicts, key=lambda verdict: verdict.rank, default=cls.PASS)


_RANKS = {verdict: rank for rank, verdict in enumerate(Verdict)}


class Severity(StrEnum):
    """How strongly a rule objects."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"


#: Said of every text that nobody has approved yet.
UNAPPROVED = "未经审核不得对外发送"


class Usable(Labelled):
    """What may be done with a text: send it, use it inside the bank, or neither."""

    SEND = "send", "可以发送"
    INTERNAL = "internal", "仅供内部参考"
    NO = "no", "不得使用"


class Evidence(Labelled):
    """How a cited article was read: its text, a quotation, a summary, or from memory."""

    TEXT = "text", "原文"
    QUOTE = "quote", "引文"
    SUMMARY = "summary", "转述"
    RECALL = "recall", "待核实"

    @property
    def may_block(self) -> bool:
        """Whether a citation with this evidence can carry a blocking rule."""
        return self in (Evidence.TEXT, Evidence.QUOTE)


@dataclass(frozen=True, slots=True)
class RuleCitation:
    """The article a rule rests on."""

    regulation: str
    article: str
    evidence: Evidence
    number: str = ""

    def as_json(self) -> dict[str, str]:
        """The citation without its document number, as every command prints it."""
        return {
            "regulation": self.regulation,
            "article": self.article,
            "evidence": self.evidence.value,
        }


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The circumstances in which a text would be used.

    An unknown product is judged as an investment product and an unknown channel as online: who
    leaves them out gets the stricter answer. ``whole`` false marks a fragment: required elements
    are not asked for.
    ``facts`` are the record values that figures in the text may state. ``jurisdictions`` are those
    whose rules apply (cn, us, uk, hk, sg).
    """

    product: ProductType | None = None
    product_code: str | None = None
    channel: Channel | None = None
    kind: DraftKind | None = None
    audience: Audience = Audience.CUSTOMER
    as_of: date | None = None
    whole: bool = True
    facts: tuple[Fact, ...] | None = None
    jurisdictions: tuple[str, ...] = ("cn",)

    @property
    def day(self) -> date:
        """The day that the text is judged for; today where none is named."""
        return self.as_of or date.today()

    @property
    def online(self) -> bool:
        """Whether online-marketing rules apply."""
        return self.channel is None or self.channel.online


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that a text may state, with the record field that it comes from.

    ``role`` says what the figure is (``rate``, ``benchmark_low``, ``min_amount``, ``term``,
    ``date``, ``rating`` …). ``kind`` is the unit family: ``rate`` in bp, ``amount`` in fen,
    ``term`` in days, ``date`` as ISO text, ``rating``/``text`` as text, ``count`` as a number.
    """

    source: str
    role: str
    kind: str
    value: float | int | str


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection: which rule, where, what was found, why, and what to write instead.

    ``start`` and ``end`` are code points of the original text; a finding about something absent
    has both equal to the text's length.
    """

    rule_id: str
    severity: Severity
    verdict: Verdict
    start: int
    end: int
    text: str
    message: str
    citations: tuple[RuleCitation, ...]
    suggestion: str = ""

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Findings are told by their place in the text, at one place the worst first."""
        return self.start, -self.verdict.rank, self.end, self.rule_id

    def as_json(self) -> dict[str, Any]:
        """The finding as ``check`` and every draft print it."""
        return {
            "rule_id": self.rule_id,
            "severity": self.severity.value,
            "verdict": self.verdict.value,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "message": self.message,
            "citations": [citation.as_json() for citation in self.citations],
            "suggestion": self.suggestion,
        }


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The checker's answer for one text."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    pack_version: str
    usable: Usable

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """Findings that keep the text from being used as it is."""
        return tuple(f for f in self.findings if not f.verdict.allows_use)

    @property
    def usable_inside(self) -> Usable:
        """For what stays inside the bank and nobody reviews: blocked, it may not be used at all."""
        return Usable.NO if self.verdict is Verdict.BLOCK else Usable.INTERNAL

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot check --format json``."""
        return {
            "verdict": self.verdict.value,
            "usable": self.usable.value,
            "findings": [finding.as_json() for finding in self.findings],
            "pack_version": self.pack_version,
        }


@dataclass(frozen=True, slots=True)
class LookupRule:
    """A rule that records decide (licence, suitability, consent …), not wording.

    Compliance publishes these from the rule pack; matching runs the named ``check`` and cites
    the rule. ``parameters`` are the rule's own thresholds; ``suggestion`` is what to do
    instead.
    """

    rule_id: str
    check: str
    title: str
    message: str
    citations: tuple[RuleCitation, ...]
    severity: Severity
    parameters: Mapping[str, Any] = field(default_factory=dict)
    suggestion: str = ""
