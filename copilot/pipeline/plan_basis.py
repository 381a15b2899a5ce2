"""Everything that a plan is written from: audience, gate, metrics, calendar, texts, checklist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from copilot.errors import NotFound
from copilot.metrics.plan_audience import (
    audience,
    audience_metrics,
    reason_metrics,
    segment_audience,
)
from copilot.metrics.plan_baseline import baseline_metrics, gap_metrics
from copilot.metrics.plan_catalogue import AudienceKind, load_catalogue
from copilot.metrics.plan_conversion import conversion_metrics, forecast_metrics
from copilot.metrics.plan_effort import BY_HAND, calendar, effort_metrics
from copilot.metrics.plan_rows import PlanRows
from copilot.metrics.plan_trial import trial_metrics
from copilot.metrics.workdays import unlisted_years
from copilot.pipeline.plan_reach import reach_of
from copilot.records.codes import LABELS, DraftKind, LifeStage, ProductType, Tier
from copilot.records.codes import Audience as ReadBy
from copilot.records.compliance import CheckContext, Severity
from copilot.records.metric import Metric, Unit
from copilot.records.plan import (
    ApprovedTemplate,
    Audience,
    AudienceGroup,
    CheckItem,
    Goal,
    PlanBasis,
    Reach,
)
from copilot.records.tables import TABLES

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.records.compliance import RuleCitation
    from copilot.records.product import Product
    from copilot.records.template import Approval, Template

MOST_TEMPLATES = 3
MOST_TEXT_RULES = 12
SOON_DAYS = 7
_INTERVAL_CHECK = "contact_interval"


def plan_basis(
    bench: Workbench,
    goal: Goal,
    *,
    segment: str | None,
    branch_id: str | None,
    budget: int | None,
) -> PlanBasis:
    """The basis of a plan for the branches in scope.

    Raises:
        NotFound: no such segment or branch.
        Forbidden: the branch is outside the principal's scope.
        StateError: profiles or segments have not been built.
    """
    from copilot.profiles.read import built, open_build

    branches, scope_name = _scope(bench, branch_id)
    build = built(bench.store, bench.as_of)
    open_build(build)  # refuses one that another version of the features made
    rows = PlanRows(bench.generation, build)
    try:
        return _computed(bench, rows, goal, segment, branches, scope_name, budget)
    finally:
        rows.close()


def _computed(
    bench: Workbench,
    rows: PlanRows,
    goal: Goal,
    segment: str | None,
    branches: tuple[str, ...],
    scope_name: str,
    budget: int | None,
) -> PlanBasis:
    policy = bench.settings.policy
    found = _audience(bench, rows, goal, segment, branches)
    reach = reach_of(bench, rows, goal, found.customers)
    metrics: dict[str, Metric] = {}

    def keep(more: Iterable[Metric]) -> None:
        metrics.update((metric.name, metric) for metric in more)

    owners = branches or _every_branch(bench)
    keep(baseline_metrics(rows, branches, owners, bench.as_of, goal))
    keep(audience_metrics(rows, found))
    keep(_reach_metrics(bench, reach))
    keep(reason_metrics(rows, [one.customer_id for one in reach.assigned], _reason_titles()))
    types = goal.product_types or (ProductType.DEPOSIT,)
    keep(
        conversion_metrics(rows, branches, bench.as_of, reach.channels, types, policy.service_kinds)
    )
    keep(forecast_metrics(metrics, reach.assigned, reach.channels))
    keep(gap_metrics(metrics, goal))
    keep(
        effort_metrics(
            rows,
            branches,
            bench.as_of,
            goal,
            reach.assigned,
            interval_days=_interval(bench),
            service_kinds=policy.service_kinds,
            budget=budget,
            expected=metrics["forecast.accepted"],
        )
    )
    by_hand = (one.staff_id for one in reach.assigned if one.channel in BY_HAND and one.staff_id)
    managers = dict(sorted(Counter(by_hand).items()))
    keep(
        Metric(f"staff.{who}", f"{who}的名单", heads, Unit.COUNT, "分给该员工的人工名单", "", "位")
        for who, heads in managers.items()
    )
    keep(trial_metrics(rows, bench.as_of, goal, reach, metrics))
    heads = Counter(one.channel for one in reach.assigned)
    return PlanBasis(
        goal=goal,
        as_of=bench.as_of,
        bank_name=policy.bank_name,
        scope_name=scope_name,
        audience=found,
        reach=reach,
        metrics=metrics,
        calendar=calendar(bench.as_of, goal, {c: heads[c] for c in reach.channels}),
        templates=tuple(_templates(bench, reach)),
        checklist=tuple(_checklist(bench, goal, reach)),
        managers=managers,
        budget=budget,
        missing=tuple(_missing(rows, metrics)),
        remedies=tuple(_remedies(bench, reach)),
        notes=tuple(_calendar_notes(goal, bench.as_of)),
        staff_names=_names(bench, managers),
    )


def _scope(bench: Workbench, branch_id: str | None) -> tuple[tuple[str, ...], str]:
    """The branch that the plan is for and its name; none stands for the whole bank."""
    staff = bench.store.staff(bench.principal)
    if branch_id is None and bench.principal.branches:
        branch_id = min(bench.principal.branches)
    if branch_id is not None:
        branch = staff.branch(branch_id)
        return (branch.branch_id,), branch.name or branch.branch_id
    return (), f"{bench.settings.policy.bank_name}全部网点"


def _names(bench: Workbench, staff_ids: Iterable[str]) -> dict[str, str]:
    """The members of staff by name, as far as the bank gave them."""
    if not bench.generation.has("staff"):
        return {}
    staff = bench.store.staff(bench.principal)
    return {staff_id: staff.get(staff_id).name or "" for staff_id in staff_ids}


def _every_branch(bench: Workbench) -> tuple[str, ...]:
    """The branches that have customers or targets of their own."""
    if not bench.generation.has("branches"):
        return ()
    held = bench.store.staff(bench.principal).branches()
    above = {branch.parent_id for branch in held}
    return tuple(sorted(b.branch_id for b in held if b.branch_id not in above))


def _audience(
    bench: Workbench, rows: PlanRows, goal: Goal, segment: str | None, branches: tuple[str, ...]
) -> Audience:
    catalogue = load_catalogue()
    ruled = None if segment is None else _ruled(segment)
    if segment is None or ruled or segment in {kind.id for kind in catalogue.audiences}:
        ids = goal.audiences if segment is None else (segment,)
        kinds = [ruled] if ruled else [catalogue.audience(name) for name in ids]
        together = segment is not None or goal.named_audience
        return audience(rows, branches, bench.as_of, kinds, together=together)
    from copilot.profiles.segments import members_of, segments_of

    try:
        found = segments_of(bench.store, bench.as_of).segment(segment)
    except NotFound as error:
        ids = tuple(kind.id for kind in catalogue.audiences)
        raise NotFound(
            error.message, field="segment", next=f"{error.next}也可以用：{'、'.join(ids)}。"
        ) from None
    members = tuple(members_of(bench.store, bench.principal, segment, bench.as_of))
    meaning = found.conditions or (f"客群 {segment} 的成员",)
    group = AudienceGroup(segment, found.name, meaning, "", members)
    return segment_audience(rows, branches, bench.as_of, group)


def _ruled(segment: str) -> AudienceKind | None:
    """A segment of the bank's rules, which are features: it needs no segments built."""
    from copilot.profiles.words import LIFECYCLES

    rules = {"tier": LABELS[Tier], "life_stage": LABELS[LifeStage], "lifecycle": LIFECYCLES}
    scheme, _, code = segment.partition(".")
    name = rules.get(scheme, {}).get(code)
    if name is None:
        return None
    words = {"tier": "客户层级", "life_stage": "生命阶段", "lifecycle": "生命周期"}[scheme]
    return AudienceKind(
        id=segment,
        name=f"{name}客户",
        words=(),
        condition=f"f.{scheme} = '{code}'",
        meaning=f"{words}为{name}",
    )


def _reach_metrics(bench: Workbench, reach: Reach) -> Iterator[Metric]:
    gate = "每位客户按其层级的渠道次序逐一过门禁，任一渠道有产品通过即可触达"
    yield Metric(
        "reach.assigned", "可触达客户", len(reach.assigned), Unit.COUNT, gate, counter="位"
    )
    yield Metric(
        "reach.excluded",
        "不可触达客户",
        reach.excluded_customers,
        Unit.COUNT,
        "目标客群中没有任何渠道和产品通过门禁的客户数",
        counter="位",
    )
    titles = {rule.rule_id: rule.title for rule in bench.lookup_rules}
    for rule, count in reach.excluded.items():
        yield Metric(
            f"excluded.{rule}",
            titles.get(rule, rule),
            count,
            Unit.COUNT,
            "不可触达客户中，每个渠道和产品都被该规则拒绝的人数；没有这样的规则时取拒绝次数最多的规则",
            counter="位",
        )
    for code, count in reach.by_product.items():
        yield Metric(
            f"suited.{code}",
            f"{code}可推介客户",
            count,
            Unit.COUNT,
            "可触达客户中，在分到的渠道上该产品通过门禁的人数",
            counter="位",
        )
        yield Metric(
            f"funded.{code}",
            f"{code}资产够起点",
            reach.within_reach[code],
            Unit.COUNT,
            "可推介客户中，资产合计不低于产品起点的人数；没有起点或资产不可知的都计入",
            counter="位",
        )


def _reason_titles() -> dict[str, str]:
    from copilot.profiles.reasons import load_reasons

    return {code: reason.title for code, reason in load_reasons().reasons.items()}


def _interval(bench: Workbench) -> int:
    """Days between two contacts: the rule's own number, else the bank's."""
    for rule in bench.lookup_rules:
        days = rule.parameters.get("days")
        if rule.check == _INTERVAL_CHECK and isinstance(days, int):
            return days
    return bench.settings.policy.contact_interval_days


def _templates(bench: Workbench, reach: Reach) -> Iterator[ApprovedTemplate]:
    """The approved texts for the products on each channel, a few of each, by id."""
    for channel in reach.channels:
        found: list[ApprovedTemplate] = []
        for template in sorted(bench.templates, key=lambda t: t.template_id):
            fitting = [p for p in reach.products if template.fits(p, channel)]
            if len(found) == MOST_TEMPLATES or not fitting or not template.valid_on(bench.as_of):
                continue
            approval = _approval(bench, template, fitting)
            if approval is not None:
                found.append(
                    ApprovedTemplate(
                        template.template_id,
                        template.title,
                        channel,
                        approval.number,
                        approval.valid_to,
                    )
                )
        yield from found


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


def _checklist(bench: Workbench, goal: Goal, reach: Reach) -> Iterator[CheckItem]:
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
    named = [f"《{c.regulation}》{c.article}" for c in citations]
    return "；".join(named[:2])


def _missing(rows: PlanRows, metrics: dict[str, Metric]) -> Iterator[str]:
    for table in rows.missing:
        yield f"没有{TABLES[table].label}数据。"
    reasons: dict[str, list[str]] = {}
    for metric in metrics.values():
        if not metric.known:
            reasons.setdefault(metric.missing, []).append(metric.label)
    for reason, labels in reasons.items():
        yield f"{reason}，因此没有：{'、'.join(labels)}。"


def _remedies(bench: Workbench, reach: Reach) -> Iterator[str]:
    kept_out = {r.check for r in bench.lookup_rules if r.rule_id in reach.excluded}
    for remedy in load_catalogue().remedies:
        if remedy.check in kept_out:
            yield remedy.words


def _calendar_notes(goal: Goal, as_of: date) -> Iterator[str]:
    years = unlisted_years(goal.window.first, goal.window.last)
    if years:
        names = "、".join(f"{year}年" for year in years)
        yield f"{names}的放假安排不在数据中，按周一至周五计，公布后须重排。"
    if goal.window.first > as_of + timedelta(SOON_DAYS):
        yield "客群与门禁按数据日期计算，期初须重新计算一次再启动。"
