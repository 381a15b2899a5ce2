"""A pitch once more, from what was kept of it: equal letter for letter, or what differs is named.

stored evidence ─▶ the same brief ─▶ template filled, model's reply parsed, scripts joined
                                        └─▶ compared with the stored text
records of today ─▶ what has changed since (product, template, rules, prompts, knowledge)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from copilot.drafting.brief import WritingBrief
from copilot.drafting.fill import fill
from copilot.drafting.writer import approaches, talking_points
from copilot.errors import CopilotError, InputError, NotFound
from copilot.pipeline import evidence
from copilot.pipeline.writing import RECORD_ONLY, Desk, objections
from copilot.records.knowledge import Passage
from copilot.records.profile import Profile
from copilot.records.template import Template, content_hash
from copilot.store.audit import canonical_json

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

REPLAYED = "draft.pitch"


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a replay.

    ``parts`` tells of each part of the draft whether it was recomputed equal; ``changed`` names
    what is different today from what the draft was written with.
    """

    draft_id: str
    parts: Mapping[str, bool]
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
            "changed": list(self.changed),
        }


def replay(bench: Workbench, draft_id: str) -> Replay:
    """Recomputes a stored pitch from its evidence; a model is not asked, its reply is at hand.

    Raises:
        NotFound: no such draft.
        InputError: the record is no pitch, or was kept before replay was possible.
    """
    record = bench.store.drafts(bench.principal).get(draft_id)
    if record["kind"] != REPLAYED or "brief" not in record["evidence"]:
        raise InputError(
            f"记录 {draft_id} 不是可以重放的话术（{record['kind']}）。",
            field="draft",
            next=f"查看它的依据请用 copilot audit show {draft_id}。",
        )
    case = _Case.of(bench, record["draft"], record["evidence"])
    return Replay(draft_id, dict(case.parts()), tuple(case.changes()))


@dataclass(frozen=True, slots=True)
class _Case:
    """A stored pitch with its brief as it was."""

    bench: Workbench
    document: Mapping[str, Any]
    proof: Mapping[str, Any]
    brief: WritingBrief
    template: Template | None

    @classmethod
    def of(cls, bench: Workbench, document: Mapping[str, Any], proof: Mapping[str, Any]) -> _Case:
        wanted = document["versions"]["template"]
        named = (t for t in bench.templates if f"{t.template_id}@{t.version}" == wanted)
        brief = brief_of(proof, tuple(_passages(bench, proof)))
        return cls(bench, document, proof, brief, next(named, None))

    def parts(self) -> Iterator[tuple[str, bool]]:
        """Each part of the draft, and whether it came out equal."""
        internal = self.document.get("talking_points", self.document)["text"]
        if "talking_points" in self.document:
            yield "text", self._filled() == self.document["text"]
        yield "talking_points", self._points() == internal
        stored = [variant["text"] for variant in self.document["variants"]]
        offered = [draft.text for draft in approaches(self.brief, self.bench.scripts)]
        yield "variants", all(text in offered for text in stored)
        yield "verdict", self._verdict() == self.document["verdict"]

    def _filled(self) -> str | None:
        if self.template is None:
            return None
        return fill(self.template.text, self.brief.slot_values).text

    def _points(self) -> str | None:
        if self.proof["model"] is not None:
            return _recited(self.bench, self.brief, self.proof["model"])
        scripts = () if RECORD_ONLY in self.document["notes"] else self.bench.scripts
        return talking_points(self.brief, scripts).text

    def _verdict(self) -> str:
        """What the checker of today says to the stored text."""
        from copilot.drafting.fill import Filled
        from copilot.drafting.writer import draft_of, own_words

        whole = "talking_points" in self.document
        draft = draft_of(self.brief, Filled(self.document["text"], ()))
        text = draft.text if whole or self.proof["model"] else own_words(draft.text)
        return Desk.of(self.bench, self.brief).check(draft, whole=whole, text=text).verdict.value

    def changes(self) -> Iterator[str]:
        """What is different today."""
        versions = self.document["versions"]
        yield from self._product_changes()
        yield from self._template_changes()
        yield from self._prompt_changes()
        for name, then, now in (
            ("规则包", versions["rule_pack"], self.bench.checker.pack_version),
            ("内部话术", self.proof["scripts"], self.bench.scripts_digest),
            ("数据", versions["data_generation"], self.bench.generation.generation_id),
        ):
            if then != now:
                yield f"{name}：{then} → {now}"
        for passage in self.proof["passages"]:
            if passage not in evidence.passage_snapshot(self.brief.passages):
                yield f"资料 {passage['passage_id']}：已改动或已撤下"

    def _product_changes(self) -> Iterator[str]:
        then = self.proof["product"]
        code = then["product_code"]
        try:
            now = _plain(evidence.product_snapshot(self.bench.product(code)))
        except NotFound:
            yield f"产品 {code}：没有现行版本"
            return
        for name in sorted({*then, *now}):
            if then.get(name) != now.get(name):
                yield f"产品 {code} 的 {name}：{then.get(name)} → {now.get(name)}"

    def _template_changes(self) -> Iterator[str]:
        approval = self.proof["approval"]
        if approval is None:
            return
        named = f"模板 {approval['template_id']} 第{approval['version']}版"
        if self.template is None:
            yield f"{named}：已不在库中"
        elif content_hash(self.template) != approval["content_hash"]:
            yield f"{named}：内容与批准时不一致"

    def _prompt_changes(self) -> Iterator[str]:
        from copilot.llm.prompts import load_prompt

        for reference in dict.fromkeys(self.document["versions"]["prompts"]):
            prompt_id = reference.partition("@")[0]
            now = load_prompt(self.bench.settings.prompts_dir, prompt_id).reference
            if now != reference:
                yield f"提示词：{reference} → {now}"


def brief_of(proof: Mapping[str, Any], passages: tuple[Passage, ...]) -> WritingBrief:
    """The brief that evidence was kept of."""
    from pydantic import TypeAdapter

    profile = None if proof["profile"] is None else _profile_of(proof["profile"])
    whole = {**proof["brief"], "product": proof["product"], "passages": passages}
    return TypeAdapter(WritingBrief).validate_python({**whole, "profile": profile})


def _profile_of(kept: Mapping[str, Any]) -> Profile:
    """A profile from JSON, where a date has become text."""
    from pydantic import TypeAdapter

    features = {
        name: {**feature, "value": date.fromisoformat(feature["value"])}
        if feature["unit"] == "date" and feature["value"] is not None
        else feature
        for name, feature in kept["features"].items()
    }
    return TypeAdapter(Profile).validate_python({**kept, "features": features})


def _recited(
    bench: Workbench, brief: WritingBrief, model_evidence: Mapping[str, Any]
) -> str | None:
    """The model's talking points from its recorded replies, parsed and checked as they were."""
    from copilot.drafting.model_writer import ModelWriter
    from copilot.llm.pseudonyms import Pseudonyms
    from copilot.llm.recited import RecitedWire

    people = [(brief.customer, ())] if brief.customer is not None else []
    wire = RecitedWire(model_evidence["model"], model_evidence["mode"], model_evidence["raw"])
    desk = Desk.of(bench, brief)
    writer = ModelWriter(wire, Pseudonyms.of(people), bench.settings.prompts_dir)
    try:
        return writer.talking_points(
            brief, bench.scripts, lambda draft: objections(desk, draft)
        ).draft.text
    except CopilotError:
        return None


def _passages(bench: Workbench, proof: Mapping[str, Any]) -> Iterator[Passage]:
    knowledge = bench.store.knowledge(bench.principal)
    for kept in proof["passages"]:
        try:
            yield knowledge.passage(kept["passage_id"])
        except NotFound:
            continue


def _plain(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    import json

    plain: dict[str, Any] = json.loads(canonical_json(snapshot))
    return plain
