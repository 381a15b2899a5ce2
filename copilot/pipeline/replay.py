"""A draft once more, from what was kept of it: equal letter for letter, or what differs is named.

what was asked and found, kept ─▶ the same writers, the model's replies from their record
                                    └─▶ compared with the stored text, part by part
records of today ─▶ what has changed since (products, texts, rules, prompts, knowledge, figures)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from copilot.errors import InputError, NotFound
from copilot.pipeline.replay_answer import AnswerAgain
from copilot.pipeline.replay_part import Again, Part
from copilot.pipeline.replay_pitch import PitchAgain
from copilot.pipeline.replay_report import PlanAgain, SummaryAgain
from copilot.records.staff import Principal
from copilot.store.audit import canonical_json

if TYPE_CHECKING:
    from copilot.llm.wire import Wire
    from copilot.pipeline.workbench import Workbench

#: What each kind of record is written again by.
KINDS: Mapping[str, type[Again]] = {
    "draft.pitch": PitchAgain,
    "draft.plan": PlanAgain,
    "draft.summary": SummaryAgain,
    "draft.answer": AnswerAgain,
}
NOTHING_NAMED = "记录里没有找到原因：程序或词表与当时不同"
_SHOWN = 60  # characters of a line that differs


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a replay.

    ``parts`` tells of each part of the draft whether it was recomputed equal, ``differences``
    shows where one was not; ``changed`` names what is different today from what the draft was
    written with.
    """

    draft_id: str
    parts: Mapping[str, bool]
    differences: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every part came out equal."""
        return all(self.parts.values())

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot audit replay``."""
        return {
            "draft_id": self.draft_id,
            "same": self.same,
            "parts": dict(self.parts),
            "differences": list(self.differences),
            "changed": list(self.changed),
        }


def replay(bench: Workbench, draft_id: str) -> Replay:
    """Writes a stored draft again; a model is not asked, its replies are at hand.

    Raises:
        NotFound: no such draft.
        InputError: the record is of no kind that is written again, or was kept before it could be.
    """
    record = bench.store.drafts(bench.principal).get(draft_id)
    kind = KINDS.get(record["kind"])
    if kind is None or not kind.needs <= record["evidence"].keys():
        raise InputError(
            f"记录 {draft_id} 不是可以重放的草稿（{record['kind']}）。",
            field="draft",
            next=f"查看它的依据请用 copilot audit show {draft_id}。",
        )
    gone: list[str] = []
    then = _as_it_was(bench, record, gone)
    again = kind(bench, then, record["draft"], record["evidence"])
    parts = [(p.name, _plain(p.kept), _plain(p.again)) for p in again.parts()]
    changed = [*gone, *again.changes()]
    differences = [line for part in parts for line in _difference(*part)]
    if differences and not changed:
        changed.append(NOTHING_NAMED)
    equal = {name: kept == now for name, kept, now in parts}
    return Replay(draft_id, equal, tuple(differences), tuple(changed))


def _as_it_was(bench: Workbench, record: Mapping[str, Any], gone: list[str]) -> Workbench:
    """The workbench of the one who asked, on the day of the draft, the recording as the model."""
    proof = record["evidence"]
    day = proof.get("as_of") or record["draft"]["versions"]["as_of"]
    principal, staff_id = bench.principal, bench.staff_id
    asker = proof.get("asked_by", principal.user_id)
    operator = Principal.operator()
    if asker == operator.user_id:
        principal, staff_id = operator, None
    elif asker != principal.user_id:
        try:
            principal, staff_id = Principal.of(bench.store.staff(operator).get(asker)), asker
        except NotFound:
            gone.append(f"提问人 {asker}：已不在员工表中，按现在的查看人核对")
    return bench.seen_by(principal, staff_id, date.fromisoformat(day), _recording(proof))


def _recording(proof: Mapping[str, Any]) -> Wire | None:
    """The model's replies as they were kept; ``None`` when no model spoke."""
    if not proof.get("model"):
        return None
    from copilot.llm.recited import RecitedWire

    told = proof["model"]
    return RecitedWire(told["model"], told["mode"], told["raw"])


def _plain(value: Any) -> Any:
    """A value as the store gives it back."""
    import json

    return json.loads(canonical_json(value))


def _difference(name: str, kept: Any, now: Any) -> Iterator[str]:
    """The first line that differs."""
    if kept == now:
        return
    if not (isinstance(kept, str) and isinstance(now, str)):
        yield f"{Part.called(name)}：与留存的不同"
        return
    for number, (old, new) in enumerate(zip_longest(kept.split("\n"), now.split("\n")), start=1):
        if old != new:
            yield f"{Part.called(name)}第{number}行：{_line(old)} → {_line(new)}"
            return


def _line(words: str | None) -> str:
    if words is None:
        return "（没有这一行）"
    return f"“{words[:_SHOWN]}{'…' if len(words) > _SHOWN else ''}”"
