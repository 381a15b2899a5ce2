"""How often questions are answered rightly, and refused where nothing answers them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from copilot.pipeline.answer_parts import AnswerParts
from copilot.pipeline.ask import found
from copilot.pipeline.ask_knowledge import EVIDENCE
from copilot.records.yaml_file import YamlFile

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

LEVELS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8)
_Z95 = 1.96
THEN = "→"  # between the turns of a conversation


class FirstLook(BaseModel):
    """What was counted when a set was asked for the first time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    right: int
    wrong: int
    refused: int
    answered: int
    unanswerable: int

    @property
    def answerable(self) -> int:
        """How many questions had an answer then."""
        return self.right + self.wrong + self.refused


class QuestionSet(BaseModel):
    """Questions with the entry or record that answers them, and questions that nothing answers.

    An answer is the id of a frequent question, or a product's code with words that must stand in
    the answer; ``=`` comes before words alone and ``|`` parts alternatives. ``→`` parts the turns
    of a conversation, of which the last is judged.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_look: FirstLook | None = None
    answerable: tuple[tuple[str, str], ...]
    unanswerable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question: what came of it, and how sure it was (1 where a rule decides)."""

    question: str
    wanted: str
    right: bool
    answered: bool
    sure: float

    def answered_at(self, least: float) -> bool:
        """Whether it is answered where this much sureness is asked for."""
        return self.answered and self.sure >= least


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval (Wilson)."""

    count: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest plausible share."""
        if not self.total:
            return 0.0, 1.0
        share, spread = self.count / self.total, _Z95 * _Z95 / self.total
        middle = share + spread / 2
        half = _Z95 * math.sqrt(share * (1 - share) / self.total + spread / self.total / 4)
        return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))

    def __str__(self) -> str:
        low, high = self.interval
        share = self.count / self.total if self.total else 0.0
        return f"{self.count}/{self.total}（{share:.1%}，95% 区间 {low:.1%}–{high:.1%}）"


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """The outcomes of all sets together, with the first looks."""

    answerable: tuple[Outcome, ...]
    unanswerable: tuple[Outcome, ...]
    first_looks: dict[str, FirstLook]

    def at(self, least: float) -> dict[str, Share]:
        """The shares where this much sureness is asked for."""
        told = [o for o in self.answerable if o.answered_at(least)]
        total = len(self.answerable)
        return {
            "right": Share(sum(o.right for o in told), total),
            "wrong": Share(sum(not o.right for o in told), total),
            "over_refused": Share(total - len(told), total),
            "refused": Share(
                sum(not o.answered_at(least) for o in self.unanswerable), len(self.unanswerable)
            ),
        }

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot eval questions --format json``."""
        return {
            "shipped": EVIDENCE,
            "curve": [{"least": least, **_plain(self.at(least))} for least in LEVELS],
            "wrong": [
                o.question for o in self.answerable if o.answered_at(EVIDENCE) and not o.right
            ],
            "over_refused": [o.question for o in self.answerable if not o.answered_at(EVIDENCE)],
            "answered": [o.question for o in self.unanswerable if o.answered_at(EVIDENCE)],
            "first_looks": {name: look.model_dump() for name, look in self.first_looks.items()},
        }


def read_set(path: Path) -> QuestionSet:
    """A set of questions.

    Raises:
        InputError: the file breaks the schema; names the field.
    """
    return YamlFile.read(path).validated(QuestionSet)


def evaluate_questions(
    bench: Workbench, paths: Sequence[Path], step: Callable[[int, int], None]
) -> QuestionReport:
    """Ask every question of the sets; nothing is kept of it."""
    sets = {path.stem: read_set(path) for path in paths}
    total = sum(len(s.answerable) + len(s.unanswerable) for s in sets.values())
    answerable: list[Outcome] = []
    unanswerable: list[Outcome] = []
    for asked in sets.values():
        for question, wanted in asked.answerable:
            answerable.append(_outcome(bench, question, wanted))
            step(len(answerable) + len(unanswerable), total)
        for question in asked.unanswerable:
            unanswerable.append(_outcome(bench, question, ""))
            step(len(answerable) + len(unanswerable), total)
    looks = {name: s.first_look for name, s in sets.items() if s.first_look is not None}
    return QuestionReport(tuple(answerable), tuple(unanswerable), looks)


def _outcome(bench: Workbench, question: str, wanted: str) -> Outcome:
    turns = [turn.strip() for turn in question.split(THEN)]
    parts = found(bench, turns, LEVELS[0])
    if parts is None or parts.refused:
        return Outcome(question, wanted, False, False, 0.0)
    sure = parts.fit or 1.0
    return Outcome(question, wanted, _is_right(parts, wanted.split("|")), True, sure)


def _is_right(parts: AnswerParts, wanted: Iterable[str]) -> bool:
    sources = {citation.source for citation in parts.citations}
    for one in wanted:
        if one.startswith("="):
            if one[1:] in parts.text:
                return True
            continue
        name, _, words = one.partition(" ")
        if name[:1].isupper():
            codes = [p.product_code for p in parts.products]
            if words in parts.text and any(code.startswith(name) for code in codes):
                return True
        elif any(f" {name}（" in f" {source}" for source in sources):
            return True
    return False


def _plain(shares: dict[str, Share]) -> dict[str, Any]:
    return {
        name: {"count": s.count, "total": s.total, "interval": [round(x, 4) for x in s.interval]}
        for name, s in shares.items()
    }


def write_questions_page(path: Path, report: QuestionReport) -> None:
    """The page of an evaluation, as Markdown."""
    shipped = report.at(EVIDENCE)
    lines = [
        "# 问答：答对、答错、拒答",
        "",
        "本页由 `copilot eval questions --page` 生成，不手改。题目在 `tests/ask_questions/`，",
        "一半拒答题是近似题：产品对、资料里没有这一项；问法对、那一天没有记录。",
        "",
        f"## 出厂设置（把握不低于 {EVIDENCE}）",
        "",
        f"- 有答案的题，答对：{shipped['right']}",
        f"- 有答案的题，答错：{shipped['wrong']}",
        f"- 有答案的题，误拒：{shipped['over_refused']}",
        f"- 没有答案的题，拒答：{shipped['refused']}",
        "",
        "多数题后来并进了问法样例（`knowledge/examples/`），阈值也是看着它们定的，所以这组数偏好看；",
        "如实的估计看下面每套题第一次量的结果。",
        "",
        "## 第一次量的结果",
        "",
        "| 题集 | 答对 | 答错 | 误拒 | 拒答（没有答案的题） |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {look.right}/{look.answerable} | {look.wrong}/{look.answerable} "
            f"| {look.refused}/{look.answerable} "
            f"| {look.unanswerable - look.answered}/{look.unanswerable} |"
            for name, look in report.first_looks.items()
        ),
        "",
        "## 阈值曲线",
        "",
        "| 把握不低于 | 答对 | 答错 | 误拒 | 拒答（没有答案的题） |",
        "|---|---|---|---|---|",
    ]
    for least in LEVELS:
        at = report.at(least)
        shown = (f"{s.count}/{s.total}" for s in at.values())
        lines.append(
            f"| {least:g}{'（出厂）' if least == EVIDENCE else ''} | {' | '.join(shown)} |"
        )
    path.write_text("\n".join(lines) + "\n", "utf-8")
