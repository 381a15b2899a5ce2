"""Evaluation of the checker on labelled texts, and the page that reports it.

    set.jsonl {id, text, label, context …}  ─▶ verdicts ─▶ shares with their intervals, every miss

A violation or a disguise is caught by any verdict but ``pass``; lawful text is falsely blocked by
``block`` and disturbed by any verdict but ``pass``. What is blocked rightly is put through the
rewriter: is there a lawful text, and has it every figure that was not part of an objected claim?
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from copilot.errors import InputError
from copilot.knowledge.evaluation import Metric, share
from copilot.records.codes import Audience, Channel, DraftKind, ProductType
from copilot.records.compliance import CheckContext, CheckResult, Verdict

if TYPE_CHECKING:
    from enum import StrEnum

    from copilot.compliance import Checker
    from copilot.compliance.rewrite import Rewrite

    Code = TypeVar("Code", bound=StrEnum)

#: The rules change with their dates; a set that names none is judged on the sample bank's day.
PINNED_DAY = date(2026, 11, 20)
VIOLATION, CLEAN, EVASION = LABELS = ("violation", "clean", "evasion")
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_CODES: Mapping[str, type[StrEnum]] = {
    "product": ProductType,
    "channel": Channel,
    "kind": DraftKind,
    "audience": Audience,
}


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One row of a set. ``scored`` is false where the words alone may be lawful."""

    id: str
    text: str
    label: str
    category: str
    context: CheckContext
    hard_negative: bool
    scored: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled text with the checker's answer, and what ``--fix`` makes of a blocked offence."""

    given: LabelledText
    result: CheckResult
    fix: Rewrite | None = None

    @property
    def missed(self) -> bool:
        """Whether the answer is not what the label asks for."""
        passed = self.result.verdict is Verdict.PASS
        return passed is not (self.given.label == CLEAN)


@dataclass(frozen=True, slots=True)
class ComplianceReport:
    """What the checker did with a set."""

    pack_version: str
    judged: Sequence[Judged]

    def metrics(self) -> dict[str, Metric]:
        """Shares with 95 % intervals; a share over no texts is left out."""
        of = {label: [j for j in self.judged if j.given.label == label] for label in LABELS}
        hard = [j for j in of[CLEAN] if j.given.hard_negative]
        alone = [j for j in of[VIOLATION] if j.given.scored]
        counted: dict[str, tuple[Sequence[Judged], Callable[[Judged], bool]]] = {
            "violation_recall": (of[VIOLATION], _caught),
            "violation_recall_alone": (alone, _caught),
            "evasion_recall": (of[EVASION], _caught),
            "false_block_rate": (of[CLEAN], _blocked),
            "hard_negative_false_block_rate": (hard, _blocked),
            "lawful_not_pass_rate": (of[CLEAN], _caught),
        }
        shares = {
            name: share(sum(map(counts, among)), len(among))
            for name, (among, counts) in counted.items()
            if among
        }
        return shares | self._fixes()

    def _fixes(self) -> dict[str, Metric]:
        """Of the blocked offences: has a lawful text; of those texts: with another figure."""
        fixes = [judged.fix for judged in self.judged if judged.fix is not None]
        changed = [_figure_changed(fix, fix.text) for fix in fixes if fix.text is not None]
        shares = {"fix_rate": share(len(changed), len(fixes))} if fixes else {}
        return shares | (
            {"fix_figure_changed_rate": share(sum(changed), len(changed))} if changed else {}
        )

    def by_category(self) -> dict[str, tuple[int, int]]:
        """Category of violation → (caught, all)."""
        everything: Counter[str] = Counter()
        caught: Counter[str] = Counter()
        for judged in self.judged:
            if judged.given.label != CLEAN:
                everything[judged.given.category] += 1
                caught[judged.given.category] += _caught(judged)
        return {name: (caught[name], count) for name, count in sorted(everything.items())}

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot eval compliance``."""
        return {
            "suite": "compliance",
            "n": len(self.judged),
            "pack_version": self.pack_version,
            "metrics": {name: metric.as_json() for name, metric in self.metrics().items()},
            "by_category": {
                name: {"num": caught, "den": count}
                for name, (caught, count) in self.by_category().items()
            },
            "misses": [_miss(judged) for judged in self.judged if judged.missed],
        }


def evaluate_compliance(checker: Checker, rows: Iterable[LabelledText]) -> ComplianceReport:
    """Every row before the checker, and every blocked offence before the rewriter."""
    return ComplianceReport(checker.pack_version, [_judged(checker, row) for row in rows])


def read_labelled(path: Path, as_of: date) -> Iterator[LabelledText]:
    """The rows of a set; rows whose context names no date are judged on ``as_of``.

    Raises:
        InputError: no such file, or a row is not of the format; names the row.
    """
    if not path.is_file():
        raise InputError("没有这个样本集文件。", file=str(path), next="请检查 --set 的路径。")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield _row(line, as_of)
                except InputError as error:
                    error.file, error.row = str(path), number
                    raise


def _judged(checker: Checker, row: LabelledText) -> Judged:
    from copilot.compliance.rewrite import rewrite

    result = checker.check(row.text, row.context)
    if row.label == CLEAN or result.verdict is not Verdict.BLOCK:
        return Judged(row, result)
    return Judged(row, result, rewrite(checker, row.text, row.context))


def _caught(judged: Judged) -> bool:
    return judged.result.verdict is not Verdict.PASS


def _blocked(judged: Judged) -> bool:
    return judged.result.verdict is Verdict.BLOCK


def _figure_changed(fix: Rewrite, text: str) -> bool:
    """A figure that nobody wrote, or one gone that stood in no struck claim.

    Counted on the digits alone, not with the rewriter's own reading of figures.
    """
    before, after = _figures(fix.original), _figures(text)
    return bool(after - before - _figures(*fix.added) or before - after - _figures(*fix.struck))


def _figures(*texts: str) -> Counter[str]:
    return Counter(figure for text in texts for figure in _FIGURE.findall(text))


def _miss(judged: Judged) -> dict[str, Any]:
    given, result = judged.given, judged.result
    return {
        "id": given.id,
        "label": given.label,
        "category": given.category,
        "hard_negative": given.hard_negative,
        "scored": given.scored,
        "text": given.text,
        "verdict": result.verdict.value,
        "rules": sorted({finding.rule_id for finding in result.findings}),
    }


def _row(line: bytes, as_of: date) -> LabelledText:
    try:
        item = json.loads(line.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError):
        raise InputError("这一行不是 UTF-8 的 JSON。", next="每行写一个 JSON 对象。") from None
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        raise InputError("缺少 text，或类型不对。", field="text", next="每行写 id、text、label。")
    label = item["kind"] if item.get("kind") in LABELS else item.get("label")
    if label not in LABELS:
        raise InputError(
            f"label 的值 {label} 不在允许范围内。",
            field="label",
            next=f"可用的值：{'、'.join(LABELS)}。",
        )
    return LabelledText(
        id=str(item.get("id", "")),
        text=item["text"],
        label=label,
        category=str(item.get("category") or ""),
        context=_context(item.get("context") or {}, as_of),
        hard_negative=bool(item.get("hard_negative")),
        scored=not item.get("context_needed"),
    )


def _context(given: Mapping[str, Any], as_of: date) -> CheckContext:
    codes: dict[str, Any] = {}
    for name, kind in _CODES.items():
        if given.get(name) is None:
            continue
        try:
            codes[name] = kind(given[name])
        except ValueError:
            raise InputError(
                f"{name} 的值 {given[name]} 不在允许范围内。",
                field=name,
                next=f"可用的值：{'、'.join(code.value for code in kind)}。",
            ) from None
    day = date.fromisoformat(given["as_of"]) if given.get("as_of") else as_of
    return CheckContext(
        **codes,
        product_code=given.get("product_code"),
        as_of=day,
        whole=bool(given.get("whole", True)),
    )
