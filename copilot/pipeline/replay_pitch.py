"""A pitch once more: the template filled, the model's replies parsed, the scripts joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from copilot.drafting.brief import WritingBrief
from copilot.drafting.fill import Filled, fill
from copilot.drafting.writer import approaches, draft_of, own_words, talking_points
from copilot.errors import CopilotError
from copilot.pipeline.replay_part import Again, Part
from copilot.pipeline.writing import RECORD_ONLY, Drafting, objections
from copilot.records.knowledge import Passage
from copilot.records.profile import Profile
from copilot.records.template import Template, content_hash


@dataclass(frozen=True, slots=True)
class PitchAgain(Again):
    """A stored pitch with its brief as it was."""

    needs = frozenset({"brief", "product", "profile", "passages", "scripts", "model"})

    @property
    def brief(self) -> WritingBrief:
        """What it was written from."""
        return brief_of(self.proof, self.passages)

    @property
    def template(self) -> Template | None:
        """The template version that was filled, if it is still kept."""
        wanted = self.document["versions"]["template"]
        named = (t for t in self.then.templates if f"{t.template_id}@{t.version}" == wanted)
        return next(named, None)

    def parts(self) -> Iterator[Part]:
        """Text, talking points, the other approaches, and the checker's answer."""
        brief = self.brief
        internal = self.document.get("talking_points", self.document)["text"]
        if "talking_points" in self.document:
            yield Part("text", self.document["text"], self._filled(brief))
        yield Part("talking_points", internal, self._points(brief))
        stored = [variant["text"] for variant in self.document["variants"]]
        offered = [draft.text for draft in approaches(brief, self.then.scripts)]
        yield Part("variants", stored, [text for text in offered if text in stored])
        yield Part("verdict", self.document["verdict"], self._verdict(brief))

    def _filled(self, brief: WritingBrief) -> str | None:
        template = self.template
        return None if template is None else fill(template.text, brief.slot_values).text

    def _points(self, brief: WritingBrief) -> str | None:
        if self.proof["model"] is not None:
            return self._recited(brief)
        scripts = () if RECORD_ONLY in self.document["notes"] else self.then.scripts
        return talking_points(brief, scripts).text

    def _recited(self, brief: WritingBrief) -> str | None:
        """The model's talking points from its recorded replies, parsed and checked as they were."""
        from copilot.drafting.model_writer import ModelWriter
        from copilot.llm.pseudonyms import Pseudonyms

        if self.then.wire is None:
            return None
        people = [(brief.customer, ())] if brief.customer is not None else []
        drafting = Drafting.of(self.then, brief)
        prompts = self.then.settings.prompts_dir
        writer = ModelWriter(self.then.wire, Pseudonyms.of(people), prompts)
        try:
            return writer.talking_points(
                brief, self.then.scripts, lambda draft: objections(drafting, draft)
            ).draft.text
        except CopilotError:
            return None

    def _verdict(self, brief: WritingBrief) -> str:
        """What the checker of today says to the stored text."""
        whole = "talking_points" in self.document
        draft = draft_of(brief, Filled(self.document["text"], ()))
        text = draft.text if whole or self.proof["model"] else own_words(draft.text)
        return Drafting.of(self.then, brief).check(draft, whole=whole, text=text).verdict.value

    def changes(self) -> Iterator[str]:
        """Product, template, scripts, versions and passages that are others now."""
        yield from self.products_changed([self.proof["product"]])
        yield from self._template_changed()
        yield from self.versions_changed(self.document["versions"])
        then, now = self.proof["scripts"], self.then.scripts_digest
        if then != now:
            yield f"内部话术：{then} → {now}"
        yield from self.passages_changed()

    def _template_changed(self) -> Iterator[str]:
        approval = self.proof["approval"]
        if approval is None:
            return
        named = f"模板 {approval['template_id']} 第{approval['version']}版"
        template = self.template
        if template is None:
            yield f"{named}：已不在库中"
        elif content_hash(template) != approval["content_hash"]:
            yield f"{named}：内容与批准时不一致"


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
