"""What waits for a decision: near-identical texts together, and who may decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from copilot.pipeline.templates import review_policy
from copilot.records.template import ReviewStage, Template

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.review.clusters import Difference


@dataclass(frozen=True, slots=True)
class Queued:
    """A text that waits for a decision: at which stage, and who may take it."""

    template: Template
    stage: ReviewStage
    since: datetime
    deciders: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """One item of a cluster of ``copilot template queue --format json``."""
        return {
            "template_id": self.template.template_id,
            "version": self.template.version,
            "title": self.template.title,
            "author": self.template.author,
            "stage": self.stage.value,
            "since": self.since.isoformat(),
            "deciders": list(self.deciders),
        }


@dataclass(frozen=True, slots=True)
class Cluster:
    """Near-identical texts: the oldest in full, the others by what differs."""

    items: tuple[Queued, ...]
    differences: tuple[tuple[Sequence[Difference], Sequence[str]], ...]

    def as_json(self) -> dict[str, Any]:
        """One cluster of ``copilot template queue --format json``."""
        return {
            "text": self.items[0].template.text,
            "items": [item.as_json() for item in self.items],
            "differences": [
                {"templates": list(those), "changes": [change.as_json() for change in changes]}
                for changes, those in self.differences
            ],
        }


def queue(bench: Workbench, *, decider: str | None = None) -> list[Cluster]:
    """What waits for a decision, near-identical texts together, the longest waiting first.

    ``decider`` keeps what this member of staff may decide.
    """
    from copilot.review.authority import deciders
    from copilot.review.clusters import clusters, grouped_differences

    policy = review_policy(bench.settings)
    templates = {(t.template_id, t.version): t for t in bench.templates}
    waiting = [review for review in bench.reviews if review.next_stage is not None]
    staff = bench.store.staff(bench.principal).everyone()
    everyone = [person for person in staff if person.active_on(bench.as_of)]
    items: dict[str, Queued] = {}
    for review in sorted(waiting, key=lambda r: (r.submitted_at, r.template_id)):
        template = templates.get((review.template_id, review.version))
        if template is None or review.next_stage is None:
            continue
        who = tuple(person.staff_id for person in deciders(review, everyone, policy))
        if decider is not None and decider not in who:
            continue
        items[review.subject] = Queued(template, review.next_stage, review.last_event, who)
    texts = {subject: item.template.text for subject, item in items.items()}
    return [
        Cluster(
            tuple(items[subject] for subject in group),
            tuple(grouped_differences(texts, group)),
        )
        for group in clusters(texts, policy.alike)
    ]
