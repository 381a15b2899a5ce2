"""What a plan goes out with: approved texts for its products and channels, and the checklist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from copilot.records.codes import LABELS, Channel, DraftKind, LifeStage, ProductType
from copilot.records.codes import Audience as ReadBy
from copilot.records.compliance import CheckContext, Severity
from copilot.records.plan import ApprovedTemplate, CheckItem, Goal, Reach

if TYPE_CHECKING:
    from copilot.metrics.plan_rows import PlanCase
    from copilot.pipeline.workbench import Workbench
    from copilot.records.compliance import RuleCitation
    from copilot.records.product import Product
    from copilot.records.template import Approval, Template

MOST_TEXT_RULES = 12
_DUE = "maturing"  # conditions on these features make a text one about money that falls due
#: An article whose number nobody has read is not cited by number.
_UNREAD = re.compile(r"[（(]条号(?:凭记忆|未见)[)）]")

_Need = tuple[str, Callable[["Template"], bool]]


def approved_texts(bench: Workbench, case: PlanCase, reach: Reach) -> tuple[ApprovedTemplate, ...]:
    """Approved texts for every matched product and kind of customer, on every channel in use."""
    used = {one.channel for one in reach.assigned}
    approvals = _Approvals(bench)
    found: list[ApprovedTemplate] = []
    for channel in (channel for channel in reach.channels if channel in used):
        usable = [t for t in bench.templates if channel in t.channels and _lasts(t, case)]
        usable.sort(key=lambda template: template.template_id)
        for need in _needs(case.goal):
            found += _texts(approvals, reach.products, channel, need, usable)
    return tuple(found)


def _texts(
    approvals: _Approvals,
    products: Sequence[Product],
    channel: Channel,
    need: _Need,
    usable: Sequence[Template],
) -> Iterator[ApprovedTemplate]:
    """For one kind of customer as few texts as state every product that has one."""
    name, meant = need
    chosen: dict[str, ApprovedTemplate] = {}
    candidates = [template for template in usable if meant(template)]
    for product in products:
        fitting = [t for t in candidates if t.fits(product, channel)]
        fitting.sort(key=lambda template: template.template_id not in chosen)
        for template in fitting:
            approval = approvals.of(template, product)
            if approval is None:
                continue
            before = chosen.get(template.template_id)
            chosen[template.template_id] = (
                replace(before, products=(*before.products, product.product_code))
                if before
                else ApprovedTemplate(
                    template.template_id,
                    template.title,
                    channel,
                    approval.number,
                    approval.valid_to,
                    name,
                    (product.product_code,),
                )
            )
            break
    yield from chosen.values()


def _needs(goal: Goal) -> Iterator[_Need]:
    """The kinds of customers of a goal that texts are written for, and the texts for anybody."""
    stages = {a.partition(".")[2] for a in goal.audiences if a.startswith("life_stage.")}
    for stage in sorted(stages):
        yield f"{LABELS[LifeStage][stage]}客户", partial(_for_stage, LifeStage(stage))
    if "maturing" in goal.audiences:
        yield "到期客户", lambda template: not template.life_stages and _about_due(template)
    yield "不限", lambda template: not (template.life_stages or template.conditions)


def _for_stage(stage: LifeStage, template: Template) -> bool:
    return stage in template.life_stages


def _about_due(template: Template) -> bool:
    return any(condition.feature.startswith(_DUE) for condition in template.conditions)


def _lasts(template: Template, case: PlanCase) -> bool:
    """Whether a text may be used today and when customers are first approached."""
    return template.valid_on(case.as_of) and template.valid_on(case.touch.first)


class _Approvals:
    """The approvals that hold today under the rules in force, each looked up once."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._known: dict[tuple[str, str], Approval | None] = {}

    def of(self, template: Template, product: Product) -> Approval | None:
        """The approval of a text for a product."""
        key = (template.template_id, product.product_code)
        if key not in self._known:
            self._known[key] = _approval(self._bench, template, [product])
        return self._known[key]


def _approval(bench: Workbench, template: Template, products: Sequence[Product]) -> Approval | None:
    """The approval that holds today under the rules in force, for the first of the products."""
    from copilot.pipeline.template_check import check_template
    from copilot.review.standing import Present, standing_of

    checker = bench.checker
    verdict = check_template(
        template, checker, products, bench.as_of, bench.settings.policy.bank_name
    ).verdict
    own = [review for review in bench.reviews if review.template_id == template.template_id]
    present = Present(bench.as_of, checker.pack_version, verdict, products[0])
    return standing_of(template, own, present).approval


def checklist(bench: Workbench, goal: Goal, reach: Reach) -> Iterator[CheckItem]:
    """The gate's rules for these products, then the wording rules that block for them."""
    from copilot.matching.gate import checked_rules

    types = {*goal.product_types} or {ProductType.DEPOSIT}
    for bound in checked_rules(bench.lookup_rules):
        if bound.check.reads_types or bound.types & types:
            yield CheckItem(bound.rule.rule_id, bound.rule.title, _articles(bound.rule.citations))
    channels = {one.channel for one in reach.assigned}
    contexts = [
        CheckContext(kind, None, channel, DraftKind.MESSAGE, ReadBy.CUSTOMER, bench.as_of)
        for kind in goal.product_types
        for channel in sorted(channels)
    ]
    wording = [
        rule
        for rule in bench.checker.pack.rules
        if rule.lookup is None
        and not rule.grounding
        and rule.severity is Severity.BLOCK
        and rule.jurisdiction == "cn"
        and rule.active_on(bench.as_of)
        and (rule.requires or rule.products)
        and any(rule.routes(context) for context in contexts)
    ]
    wording.sort(key=lambda rule: (not rule.requires, rule.id))
    for stated in wording[:MOST_TEXT_RULES]:
        yield CheckItem(stated.id, stated.title, _articles(stated.citations_on(bench.as_of)))


def _articles(citations: Iterable[RuleCitation]) -> str:
    """The first two articles; a regulation whose article was not read stands by its name."""
    cited = [(f"《{c.regulation}》", _article(c.article)) for c in citations]
    numbered = {name for name, article in cited if article}
    kept = [name + article for name, article in cited if article or name not in numbered]
    return "；".join(list(dict.fromkeys(kept))[:2])


def _article(words: str) -> str:
    """An article as a document cites it: by number, else by what it is about.

    >>> _article("第五条"), _article("人员管理条"), _article("第十八条（条号凭记忆）")
    ('第五条', '有关人员管理的规定', '')
    """
    if _UNREAD.search(words) or words == "倡议":
        return ""
    return words if words.startswith("第") else f"有关{words.removesuffix('条')}的规定"
