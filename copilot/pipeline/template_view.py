"""One template version with everything on record about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from copilot.pipeline.template_check import TemplateCheck
from copilot.pipeline.template_list import TemplateLine, line_of
from copilot.pipeline.template_proposals import check_now, find
from copilot.records.template import content_hash

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench


@dataclass(frozen=True, slots=True)
class TemplateView:
    """One template version with everything on record about it.

    ``writer`` is the model or engine that worded the proposal, empty where a person did.
    """

    line: TemplateLine
    check: TemplateCheck
    others: tuple[int, ...]
    history: tuple[dict[str, Any], ...]
    writer: str = ""

    @property
    def model(self) -> str:
        """The model that worded the proposal; empty where none did."""
        from copilot.drafting.template_writer import EMBEDDED

        return "" if self.writer == EMBEDDED else self.writer

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot template show --format json``."""
        template, review = self.line.template, self.line.review
        return {
            **self.line.as_json(),
            "text": template.text,
            "writer": self.writer or "person",
            "tone": template.tone,
            "product_codes": list(template.product_codes),
            "conditions": {c.feature: f"{c.comparison} {c.value:g}" for c in template.conditions},
            "segments": list(template.segments),
            "required": list(template.required),
            "template_valid": [template.valid_from.isoformat(), template.valid_to.isoformat()],
            "content_hash": content_hash(template),
            "versions": list(self.others),
            "stages": [stage.value for stage in review.stages] if review else [],
            "taken": review.taken if review else "",
            "decisions": [each.as_json() for each in review.decisions] if review else [],
            "overrides_on_record": [each.as_json() for each in review.overrides] if review else [],
            "check": self.check.as_json(),
            "history": list(self.history),
        }


def show(bench: Workbench, template_id: str, version: int | None = None) -> TemplateView:
    """One template version.

    Raises:
        NotFound: there is none.
    """
    template = find(bench, template_id, version)
    with bench.store.read() as connection:
        repository = bench.store.approvals(connection)
        reviews = repository.reviews_of(template_id)
        others = tuple(each.version for each in repository.versions(template_id))
    entries = list(bench.store.audit.entries(f"{template_id}@{template.version}", limit=None))
    worded: list[dict[str, Any]] = [
        entry.payload.get("evidence", {}) for entry in entries if entry.kind == "template.propose"
    ]
    return TemplateView(
        line=line_of(bench, template, reviews),
        check=check_now(bench, template),
        others=others,
        history=tuple(
            {"seq": e.seq, "at": e.at, "actor": e.actor, "kind": e.kind, "hash": e.hash}
            for e in entries
        ),
        writer=worded[0].get("writer", "") if worded else "",
    )
