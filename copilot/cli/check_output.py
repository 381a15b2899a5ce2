"""How a check is shown: to people, as SARIF 2.1.0, and as GitHub annotations."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot import __version__
from copilot.records.compliance import (
    UNAPPROVED,
    CheckResult,
    Finding,
    RuleCitation,
    Severity,
    Usable,
)

if TYPE_CHECKING:
    from copilot.compliance.pack import Pack
    from copilot.compliance.rewrite import Rewrite
    from copilot.compliance.rules import Rule

_SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.BLOCK: "error", Severity.WARN: "warning", Severity.INFO: "note"}
_ANNOTATIONS = {Severity.BLOCK: "error", Severity.WARN: "warning", Severity.INFO: "notice"}
_AROUND = 24


class CheckFormat(StrEnum):
    """Output formats of ``copilot check``."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked text with all that an output may tell of it; ``file`` ``-`` is standard input.

    ``opinion`` says what came of asking a model, whose doubts are among the findings.
    """

    file: str
    text: str
    result: CheckResult
    pack: Pack
    fixed: Rewrite | None = None
    opinion: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The verdict and its findings, with the rewrite and the second opinion if asked for."""
        document = self.result.as_json()
        if self.fixed is not None:
            document["fixed"] = self.fixed.as_json()
        if self.opinion is not None:
            document["second_opinion"] = self.opinion
        return document


@dataclass(frozen=True, slots=True)
class Place:
    """A span by line and column, both counted from 1, columns in code points."""

    row: int
    column: int
    end_row: int
    end_column: int

    @classmethod
    def of(cls, text: str, start: int, end: int) -> Place:
        """The place of ``text[start:end]``."""
        return cls(*_row_and_column(text, start), *_row_and_column(text, end))


def render(checked: Checked, format: CheckFormat) -> str:
    """The whole output in one of the formats."""
    match format:
        case CheckFormat.JSON:
            return json.dumps(checked.as_json(), ensure_ascii=False, indent=2)
        case CheckFormat.SARIF:
            return json.dumps(sarif(checked), ensure_ascii=False, indent=2)
        case CheckFormat.GITHUB:
            return "\n".join(github_annotations(checked))
        case CheckFormat.TEXT:
            return "\n".join(_for_people(checked))


def sarif(checked: Checked) -> dict[str, Any]:
    """The result as one SARIF 2.1.0 log with one run."""
    rules = [checked.pack.rule(rule_id) for rule_id in _rule_ids(checked.result.findings)]
    driver = {
        "name": "copilot check",
        "semanticVersion": __version__,
        "properties": {"packVersion": checked.result.pack_version},
        "rules": [_sarif_rule(rule) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": {"uri": _uri(checked.file)}, "encoding": "utf-8"}],
        "results": [
            _sarif_result(checked, finding, [rule.id for rule in rules])
            for finding in checked.result.findings
        ],
        "properties": {
            "verdict": checked.result.verdict.value,
            "usable": checked.result.usable.value,
        },
    }
    return {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def github_annotations(checked: Checked) -> Iterator[str]:
    """Workflow commands that GitHub shows beside the lines of a file."""
    for finding in checked.result.findings:
        place = Place.of(checked.text, finding.start, finding.end)
        properties = {
            "file": checked.file,
            "line": place.row,
            "endLine": place.end_row,
            "col": place.column,
            "endColumn": max(place.end_column, place.column),
            "title": f"{finding.rule_id} {checked.pack.rule(finding.rule_id).title}",
        }
        listed = ",".join(f"{name}={_property(str(v))}" for name, v in properties.items())
        advice = f"\n建议：{finding.suggestion}" if finding.suggestion else ""
        yield f"::{_ANNOTATIONS[finding.severity]} {listed}::{_data(finding.message + advice)}"


def _for_people(checked: Checked) -> Iterator[str]:
    result = checked.result
    internal = result.usable is Usable.INTERNAL
    allowed = f"，{result.usable.shown}，{UNAPPROVED}" if internal else ""
    yield (
        f"结论：{result.verdict.shown}（{result.verdict}）{allowed}。规则包 {result.pack_version}"
    )
    told: dict[tuple[str, tuple[RuleCitation, ...]], int] = {}
    for number, finding in enumerate(result.findings, 1):
        before = told.setdefault((finding.rule_id, finding.citations), number)
        yield ""
        yield from _finding_for_people(checked, number, finding, before)
    if checked.opinion is not None:
        yield ""
        yield f"第二意见：{checked.opinion}"
    if checked.fixed is not None:
        yield ""
        yield from _rewrite_for_people(checked.fixed)


def _finding_for_people(
    checked: Checked, number: int, finding: Finding, before: int
) -> Iterator[str]:
    """A finding; the rule's reason and articles only where number ``before`` has not told them."""
    rule, text = checked.pack.rule(finding.rule_id), checked.text
    yield f"{number}. {rule.title}（{finding.rule_id}，{finding.verdict.shown}）"
    if finding.start < finding.end:
        row = text.count("\n", 0, finding.start) + 1
        begin = text.rfind("\n", 0, finding.start) + 1
        finish = text.find("\n", finding.start)
        line = text[begin : finish if finish >= 0 else len(text)]
        shown, underline = _underlined(line, finding.start - begin, finding.end - begin)
        yield f"   第{row}行  {shown}"
        yield f"   {' ' * _width(f'第{row}行  ')}{underline}"
    yield f"   问题：{finding.message}"
    if before < number:
        yield f"   原因、依据和建议：同第{before}条"
        return
    yield f"   原因：{rule.why}"
    for citation in finding.citations:
        number_of = f"（{citation.number}）" if citation.number else ""
        place = f"{citation.regulation}{number_of}{citation.article}"
        yield f"   依据：{place}［{citation.evidence.shown}］"
    if finding.suggestion:
        yield f"   建议：{finding.suggestion}"


def _rewrite_for_people(fixed: Rewrite) -> Iterator[str]:
    if fixed.text is None:
        yield "改写：没有得到可用的文字。"
        yield from (f"   {reason}" for reason in fixed.reasons)
        return
    if not fixed.diff:
        yield "改写：不需要。"
        return
    yield f"改写后：{fixed.result.verdict.shown}（{fixed.result.verdict}）；仍须经过审核。"
    yield from (f"   {line}" for line in fixed.diff.splitlines())
    if fixed.struck:
        yield f"   随说法一并删去的数字：{'；'.join(fixed.struck)}"


def _underlined(line: str, start: int, end: int) -> tuple[str, str]:
    """The part of a line around a span, and the marks under the span."""
    low, high = max(0, start - _AROUND), min(len(line), end + _AROUND)
    end = min(end, len(line))
    shown = "".join(c if _printable(c) else "·" for c in line[low:high])
    before, inside = shown[: start - low], shown[start - low : end - low]
    return shown, " " * _width(before) + "~" * max(1, _width(inside))


def _printable(character: str) -> bool:
    """Whether a terminal gives the character a cell of its own."""
    return character.isprintable() and not unicodedata.category(character).startswith("M")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _row_and_column(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _rule_ids(findings: Sequence[Finding]) -> list[str]:
    return sorted({finding.rule_id for finding in findings})


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    cited = "；".join(f"{c.regulation}{c.article}" for c in rule.citations)
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.suggestion or rule.why}\n依据：{cited}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _sarif_result(checked: Checked, finding: Finding, rule_ids: list[str]) -> dict[str, Any]:
    place = Place.of(checked.text, finding.start, finding.end)
    region: dict[str, Any] = {
        "startLine": place.row,
        "startColumn": place.column,
        "endLine": place.end_row,
        "endColumn": place.end_column,
        "charOffset": finding.start,
        "charLength": finding.end - finding.start,
    }
    if finding.text:
        region["snippet"] = {"text": finding.text}
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(checked.file), "index": 0},
            "region": region,
        }
    }
    return {
        "ruleId": finding.rule_id,
        "ruleIndex": rule_ids.index(finding.rule_id),
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [location],
        "properties": {
            "verdict": finding.verdict.value,
            "suggestion": finding.suggestion,
            "citations": [citation.as_json() for citation in finding.citations],
        },
    }


def _uri(file: str) -> str:
    """The file as a URI reference, relative where it was given so."""
    from urllib.parse import quote

    if file == "-":
        return "stdin"
    return Path(file).as_uri() if Path(file).is_absolute() else quote(Path(file).as_posix())


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
