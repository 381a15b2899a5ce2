"""Everything that a plan is written from: audience, gate, metrics, calendar, texts, checklist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from copilot.errors import NotFound
from copilot.metrics.plan_audience import (
    audience,
    audience_metrics,
    reason_metrics,
    segment_audience,
)
from copilot.metrics.plan_baseline import baseline_metrics, gap_metrics
from copilot.metrics.plan_calendar import calendar, hurried, touch_window
from copilot.metrics.plan_catalogue import load_catalogue
from copilot.metrics.plan_conversion import ANY_PRODUCT, conversion_metrics
from copilot.metrics.plan_effort import BY_HAND, budget_metrics, effort_metrics
from copilot.metrics.plan_forecast import forecast_metrics
from copilot.metrics.plan_potential import (
    ANY_MATURITY,
    due_metrics,
    potential_metrics,
    retention_metric,
)
from copilot.metrics.plan_rows import PlanCase, PlanRows
from copilot.metrics.plan_trial import trial
from copilot.metrics.workdays import unlisted_years
from copilot.pipeline.plan_goal import NO_DAILY
from copilot.pipeline.plan_papers import approved_texts, checklist
from copilot.pipeline.plan_people import audience_kind, ruled_audience
from copilot.pipeline.plan_reach import reach_of
from copilot.records.codes import label
from copilot.records.metric import Metric, Unit
from copilot.records.plan import Audience, AudienceGroup, Goal, PlanBasis, Reach
from copilot.records.tables import TABLES

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

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
    case = PlanCase(
        rows=rows,
        branches=branches,
        as_of=bench.as_of,
        goal=goal,
        touch=touch_window(bench.as_of, goal),
        service_kinds=bench.settings.policy.service_kinds,
        interval_days=_interval(bench),
    )
    try:
        return _computed(bench, case, segment, scope_name, budget)
    finally:
        rows.close()


def _computed(
    bench: Workbench,
    case: PlanCase,
    segment: str | None,
    scope_name: str,
    budget: int | None,
) -> PlanBasis:
    goal = case.goal
    found = _audience(bench, case, segment)
    reach, past = _parted(bench, case, reach_of(bench, case, found.customers))
    metrics = _metrics(bench, case, found, reach, past, budget)
    by_hand = (one.staff_id for one in reach.assigned if one.channel in BY_HAND and one.staff_id)
    managers = dict(sorted(Counter(by_hand).items()))
    metrics.update(
        (f"staff.{who}", _heads(f"staff.{who}", f"{who}的名单", heads, "分给该员工的人工名单"))
        for who, heads in managers.items()
    )
    owners = {one.staff_id for one in reach.assigned if one.staff_id}
    heads = Counter(one.channel for one in reach.assigned)
    return PlanBasis(
        goal=goal,
        as_of=bench.as_of,
        touch=case.touch,
        bank_name=bench.settings.policy.bank_name,
        scope_name=scope_name,
        audience=found,
        reach=reach,
        metrics=metrics,
        calendar=calendar(bench.as_of, goal, case.touch, {c: heads[c] for c in reach.channels}),
        templates=approved_texts(bench, case, reach),
        checklist=tuple(checklist(bench, goal, reach)),
        managers=managers,
        budget=budget,
        missing=tuple(_missing(case.rows, metrics)),
        remedies=tuple(_remedies(bench, reach)),
        cautions=tuple(_cautions(goal, metrics)),
        notes=tuple(_calendar_notes(case)),
        staff_names=_names(bench, sorted(owners)),
    )


def _parted(bench: Workbench, case: PlanCase, reach: Reach) -> tuple[Reach, dict[str, Metric]]:
    """The customers to approach without the control group; what the past and the draw say."""
    past = {metric.name: metric for metric in conversion_metrics(case, reach.channels)}
    drawn = trial(case, past, reach.assigned, reach.channels)
    past.update((metric.name, metric) for metric in drawn.metrics)
    return replace(reach, assigned=drawn.treated, held_out=drawn.held_out), past


def _metrics(
    bench: Workbench,
    case: PlanCase,
    found: Audience,
    reach: Reach,
    past: dict[str, Metric],
    budget: int | None,
) -> dict[str, Metric]:
    """Every figure of the plan by name, in the order in which they rest on each other."""
    metrics: dict[str, Metric] = {}

    def keep(more: Iterable[Metric]) -> None:
        metrics.update((metric.name, metric) for metric in more)

    keep(baseline_metrics(case, case.branches or _every_branch(bench)))
    keep(audience_metrics(case.rows, found))
    keep(_reach_metrics(bench, reach))
    keep(reason_metrics(case.rows, [one.customer_id for one in reach.assigned], _reason_titles()))
    keep(past.values())
    keep(forecast_metrics(metrics, reach.assigned, reach.channels))
    if case.goal.potential:
        keep((retention_metric(case),))
        keep(due_metrics(case, metrics["past.retention"]) if case.goal.retention else ())
        keep(potential_metrics(case, reach.assigned, metrics))
    keep(gap_metrics(metrics, case.goal))
    keep(effort_metrics(case, reach.assigned))
    keep(budget_metrics(budget, len(reach.assigned), metrics["forecast.accepted"]))
    return metrics


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


def _audience(bench: Workbench, case: PlanCase, segment: str | None) -> Audience:
    catalogue = load_catalogue()
    known = {kind.id for kind in catalogue.audiences}
    if segment is None or segment in known or ruled_audience(segment):
        ids = case.goal.audiences if segment is None else (segment,)
        kinds = [audience_kind(name, catalogue) for name in ids]
        together = segment is not None or case.goal.named_audience
        return audience(case, kinds, together=together)
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
    return segment_audience(case, group)


def _reach_metrics(bench: Workbench, reach: Reach) -> Iterator[Metric]:
    yield _heads(
        "reach.assigned",
        "可触达客户",
        reach.passed,
        "每位客户按其层级的渠道次序逐一核验适当性、同意和触达限制，任一渠道有产品通过即可触达",
    )
    yield _heads(
        "reach.excluded",
        "不可触达客户",
        reach.excluded_customers,
        "目标客群中没有任何渠道和产品通过核验的客户数",
    )
    titles = {rule.rule_id: rule.title for rule in bench.lookup_rules}
    for rule, count in reach.excluded.items():
        yield _heads(
            f"excluded.{rule}",
            titles.get(rule, rule),
            count,
            "不可触达客户中，每个渠道和产品都被该规则拒绝的人数；没有这样的规则时取拒绝次数最多的规则",
        )
    for product in reach.products:
        code = product.product_code
        yield _heads(
            f"suited.{code}",
            f"{code}可推介客户",
            sum(code in one.products for one in reach.assigned),
            "触达名单中，在分到的渠道上该产品通过核验的人数",
        )
        yield _heads(
            f"funded.{code}",
            f"{code}资产够起点",
            sum(code in one.funded for one in reach.assigned),
            "可推介客户中，资产合计不低于产品起点的人数；没有起点或资产不可知的都计入",
        )


def _heads(name: str, title: str, value: int, formula: str) -> Metric:
    return Metric(name, title, value, Unit.COUNT, formula, counter="位")


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


def _cautions(goal: Goal, metrics: dict[str, Metric]) -> Iterator[str]:
    """What a reader has to know before the forecast is believed."""
    if NO_DAILY in goal.assumed:
        yield f"{NO_DAILY}。"
    after = metrics.get("past.sale_after_accept")
    if after is not None and ANY_PRODUCT in after.formula:
        names = "、".join(map(label, goal.product_types))
        yield f"转化率不分产品，{names}没有单独记录，仅供参考。"
    kept = metrics.get("past.retention")
    if kept is not None and ANY_MATURITY in kept.formula:
        names = "、".join(map(label, goal.due_types))
        yield f"到期承接率不分产品，{names}{ANY_MATURITY}，仅供参考。"
    if goal.potential and not goal.retention:
        yield (
            "到期承接和活期转化先是稳住、盘活本行已有的钱；要算净增，还须看他行资金转入和其他产品到期转入，"
            "这两项不在数据中。"
        )


def _calendar_notes(case: PlanCase) -> Iterator[str]:
    window = case.goal.window
    if hurried(case.as_of, case.touch):
        yield "期限短，来不及先核对、培训再触达：边核对边做，只用已批准的话术。"
    if years := unlisted_years(window.first, window.last):
        names = "、".join(f"{year}年" for year in years)
        yield f"{names}的放假安排不在数据中，按周一至周五计，公布后须重排。"
    if window.first > case.as_of + timedelta(SOON_DAYS):
        yield "名单和核验结果按数据日期计算，期初须重新计算一次再启动。"
