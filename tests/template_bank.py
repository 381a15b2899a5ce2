"""A copy of the sample bank whose templates tests may propose, decide and stop."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from copilot.drafting.template_files import template_of
from copilot.pipeline import template_desk as desk
from copilot.pipeline.template_desk import Opinion
from copilot.pipeline.template_proposals import propose
from copilot.pipeline.workbench import Workbench
from copilot.records.template import Review, ReviewOpinion, Template
from copilot.settings import load_settings

AUTHOR = "S9004"
#: One reviewer for each stage, in order.
REVIEWERS = ("S1001", "S9001", "S9002", "S9003")
APPROVE = Opinion(ReviewOpinion.APPROVE)
TEXT = (
    "{{ customer.salutation | greeting }}，{{ product.name }}今天年利率"
    "{{ product.rate_bp | percent }}（{{ today | date }}），提前支取的部分按活期计息。"
)
ENTRIES: Mapping[str, Any] = {
    "version": 1,
    "title": "定期利率答复",
    "kind": "message",
    "product_types": ["deposit"],
    "product_codes": ["DEP-3Y"],
    "channels": ["wecom"],
    "tone": "plain",
    "valid_from": date(2026, 11, 1),
    "valid_to": date(2027, 11, 1),
    "author": AUTHOR,
    "text": TEXT,
}


def opened(home: Path, **settings: Any) -> Workbench:
    """The bank at its own console."""
    return Workbench.open(load_settings(data_dir=home, **settings))


def template(template_id: str, **given: Any) -> Template:
    """A template about the three-year deposit, with other entries where given."""
    return template_of({"id": template_id, **ENTRIES, **given})


def submitted(bench: Workbench, template_id: str, **given: Any) -> Review:
    """A template on its way through the stages."""
    propose(bench, template(template_id, **given), given.get("author", AUTHOR))
    with suppress(KeyError):
        given.pop("taken")
    return desk.submit(bench, template_id, given.get("author", AUTHOR))


def decided(bench: Workbench, template_id: str, stages: int) -> Review:
    """The review after the first ``stages`` have agreed."""
    (review,) = [
        desk.decide(bench, [template_id], reviewer, APPROVE) for reviewer in REVIEWERS[:stages]
    ][-1]
    return review


def approved(bench: Workbench, template_id: str, **given: Any) -> Review:
    """A template that every stage has approved."""
    submitted(bench, template_id, **given)
    return decided(bench, template_id, len(REVIEWERS))
