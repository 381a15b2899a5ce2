"""Evaluation of the checker on labelled texts, and the page that reports it.

    set.jsonl {id, text, label, context …}  ─▶ verdicts ─▶ shares with their intervals, every miss

A violation or a disguise is caught by any verdict but ``pass``; lawful text is falsely blocked by
``block`` and disturbed by any verdict but ``pass``. What is blocked rightly is put through the
rewriter: is there a lawful text, and has it every figure that was not part of an objected claim?
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import InputError
from copilot.knowledge.evaluation import Metric, share
from copilot.records.compliance import CheckContext, CheckResult, Verdict
from copilot.records.json_lines import told_with
from copilot.records.text_lines import Line, read_lines

if TYPE_CHECKING:
    from copilot.compliance import Checker
    from copilot.compliance.rewrite import Rewrite

#: The rules change with their dates; a set that names none is judged on the sample bank's day.
PINNED_DAY = date(2026, 11, 20)
VIOLATION, CLEAN, EVASION = LABELS = ("violation", "clean", "evasion")
_FIGURE = re.compile(r"\d+(?:\.\d+)?")


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


def read_labelled(path: Path, as_of: date, known: Sequence[str]) -> Iterator[LabelledText]:
    """The rows of a set; rows whose context names no date are judged on ``as_of``.

    Args:
        path: the set, in the format of ``check --jsonl`` with a label; what else a row says of its
            text is not read.
        as_of: the day of rows without one.
        known: the jurisdictions that there are rules for.

    Raises:
        InputError: no such file, or a row is not of the format; names the row.
    """
    for line in read_lines(path, as_of, known, keys=None):
        with told_with(path, line.row):
            yield _labelled(line)


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


def _labelled(line: Line) -> LabelledText:
    given = line.given
    label = given["kind"] if given.get("kind") in LABELS else given.get("label")
    if label not in LABELS:
        raise InputError(
            f"label 的值 {label} 不在允许范围内。",
            field="label",
            next=f"可用的值：{'、'.join(LABELS)}。",
        )
    return LabelledText(
        id=str(line.name),
        text=line.text,
        label=label,
        category=str(given.get("category") or ""),
        context=line.context,
        hard_negative=bool(given.get("hard_negative")),
        scored=not given.get("context_needed"),
    )
