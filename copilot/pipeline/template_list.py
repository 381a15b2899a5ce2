"""Where the bank's templates stand on a date, over all the products that each is for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from copilot.pipeline.template_proposals import check_now
from copilot.records.codes import Channel, ProductType
from copilot.records.suspension import Override
from copilot.records.template import (
    ApprovalState,
    Review,
    Template,
)

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.review import Standing

OFF_SHELF = "没有现行版本，已停售或到期"


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """Where one template version stands on the date.

    ``stopped_products`` are products that it may not be filled for although they fit, with the
    reason; when they are all, the template itself is stopped.
    """

    template: Template
    state: ApprovalState
    reason: str
    review: Review | None
    stopped_products: Mapping[str, str]
    override: Override | None = None

    @property
    def overrides_granted(self) -> int:
        """How many two-person exceptions the version has had."""
        given = self.review.overrides if self.review else ()
        return sum(override.granted_at is not None for override in given)

    def as_json(self) -> dict[str, Any]:
        """One item of ``copilot template list --format json``."""
        approval = self.review.approval if self.review else None
        return {
            "template_id": self.template.template_id,
            "version": self.template.version,
            "title": self.template.title,
            "product_types": [each.value for each in self.template.product_types],
            "channels": [each.value for each in self.template.channels],
            "life_stages": [each.value for each in self.template.life_stages],
            "author": self.template.author,
            "state": self.state.value,
            "reason": self.reason,
            "number": approval.number if approval else None,
            "valid_to": approval.valid_to.isoformat() if approval else None,
            "stopped_products": dict(self.stopped_products),
            "overrides": self.overrides_granted,
            "override_until": self.override.until.isoformat() if self.override else None,
        }


def list_templates(
    bench: Workbench,
    *,
    state: ApprovalState | None = None,
    stopped: bool = False,
    product_type: ProductType | None = None,
    channel: Channel | None = None,
) -> list[TemplateLine]:
    """Where every template version stands on the date; what was replaced only when asked for.

    ``stopped`` keeps those that were approved once and may not be used now, wholly or for some
    of their products.
    """
    versions: dict[str, list[Review]] = {}
    for review in bench.reviews:
        versions.setdefault(review.template_id, []).append(review)
    lines = []
    for template in bench.templates:
        if product_type is not None and product_type not in template.product_types:
            continue
        if channel is not None and channel not in template.channels:
            continue
        line = line_of(bench, template, versions.get(template.template_id, ()))
        if stopped and not (line.state.stopped or line.stopped_products):
            continue
        if state is None and not stopped and line.state is ApprovalState.SUPERSEDED:
            continue
        if state in (None, line.state):
            lines.append(line)
    return lines


def line_of(bench: Workbench, template: Template, versions: Sequence[Review]) -> TemplateLine:
    """Where one version stands, over all the products it is for."""
    from copilot.review import Present
    from copilot.review.standing import standing_of

    pack = bench.checker.pack_version
    review = next((each for each in versions if each.version == template.version), None)
    if review is None or review.approval is None:
        here = standing_of(template, versions, Present(bench.as_of, pack))
        return TemplateLine(template, here.state, here.reason, review, {})
    check = check_now(bench, template)
    standings = {
        product.product_code: standing_of(
            template,
            versions,
            Present(bench.as_of, pack, check.by_product[product.product_code], product),
        )
        for product in bench.shelf
        if product.product_code in check.by_product
    }
    gone = {
        terms.product_code: OFF_SHELF
        for terms in review.product_terms
        if terms.product_code not in {product.product_code for product in bench.shelf}
    }
    if not standings:
        return TemplateLine(
            template, ApprovalState.LAPSED, f"适用的产品都{OFF_SHELF}", review, gone
        )
    return _over_products(template, review, standings, gone)


def _over_products(
    template: Template,
    review: Review,
    standings: Mapping[str, Standing],
    gone: Mapping[str, str],
) -> TemplateLine:
    usable = [each for each in standings.values() if each.state is ApprovalState.APPROVED]
    stopped = {code: each.reason for code, each in standings.items() if each not in usable}
    best = usable[0] if usable else next(iter(standings.values()))
    reasons = dict.fromkeys(each.reason for each in (usable[:1] or standings.values()))
    override = next((each.override for each in usable if each.override), None)
    return TemplateLine(
        template, best.state, "；".join(reasons), review, {**gone, **stopped}, override
    )


def counts(lines: Sequence[TemplateLine]) -> dict[str, int]:
    """How many templates stand in each state."""
    return dict(Counter(line.state.value for line in lines))
