"""Marketing plans: the goal as understood, whom it reaches, and everything that was computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import CheckResult, Usable
from copilot.records.matching import RefusalReason
from copilot.records.metric import Metric
from copilot.records.product import Product
from copilot.records.report import Report, Task


class GoalMeasure(StrEnum):
    """What a goal is counted in."""

    AMOUNT = "amount"
    CUSTOMERS = "customers"


@dataclass(frozen=True, slots=True)
class PlanWindow:
    """The days in which the goal is to be reached, both included."""

    first: date
    last: date
    label: str

    @property
    def days(self) -> int:
        """How many days that is."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal in plain words as it was understood.

    ``value`` is fen or a number of customers, ``share`` a growth (0.1 is 10 %); both ``None``
    where the goal gives no number; ``counter`` is the measure word of a count. ``level`` marks a
    number that is to be reached, not added, ``retention`` a share of what matures that is to be
    kept. ``audiences`` are ids of the catalogue that the words name, ``due_types`` the products
    whose maturities count (all without any). ``potential`` marks a goal that is held against the
    money of its customers that falls due or lies idle. ``assumed`` and ``ignored`` are sentences
    and words for the reader.
    """

    text: str
    kind: str
    title: str
    product_types: tuple[ProductType, ...]
    measure: GoalMeasure
    kpi: str
    window: PlanWindow
    audiences: tuple[str, ...]
    named_audience: bool
    value: int | None = None
    share: float | None = None
    counter: str = "位"
    level: bool = False
    retention: bool = False
    potential: bool = False
    due_types: tuple[ProductType, ...] = ()
    assumed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """The forecast that the goal is held against; without a product, what people accept."""
        if not self.product_types:
            return "forecast.accepted"
        if self.measure is GoalMeasure.AMOUNT and self.potential:
            return "due.kept" if self.retention else "potential.total"
        return "forecast.amount" if self.measure is GoalMeasure.AMOUNT else "forecast.sales"


@dataclass(frozen=True, slots=True)
class AudienceGroup:
    """Customers with one definition; a customer belongs to the first group that fits."""

    audience_id: str
    name: str
    meaning: tuple[str, ...]
    query: str
    customers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a plan is about: the groups, and how many customers the scope holds.

    ``refused`` are customers of the scope who refused profiling; they are in no group.
    """

    branches: tuple[str, ...]
    scope: int
    refused: int
    groups: tuple[AudienceGroup, ...]

    @property
    def customers(self) -> tuple[str, ...]:
        """Every customer of every group, in order."""
        return tuple(sorted(c for group in self.groups for c in group.customers))


@dataclass(frozen=True, slots=True)
class Assigned:
    """A customer who may be approached: on one channel, about some products, by one person.

    ``funded`` are those of the products whose minimum the customer's assets cover.
    """

    customer_id: str
    channel: Channel
    products: tuple[str, ...]
    staff_id: str | None
    funded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OffSale:
    """A product of the goal that cannot be bought while customers are approached, and why."""

    product: Product
    why: str


@dataclass(frozen=True, slots=True)
class Reach:
    """What the gate lets through: the customers to approach, and those held out to compare with.

    ``excluded`` counts customers who may not be approached, by the rules that forbid every
    product on every channel.
    """

    products: tuple[Product, ...]
    channels: tuple[Channel, ...]
    assigned: tuple[Assigned, ...]
    excluded: Mapping[str, int]
    excluded_customers: int
    unchecked: tuple[str, ...] = ()
    off_sale: tuple[OffSale, ...] = ()
    held_out: tuple[str, ...] = ()

    @property
    def passed(self) -> int:
        """How many customers may be approached at all."""
        return len(self.assigned) + len(self.held_out)


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """A template that may be used on a channel, with its approval.

    ``audience`` says whom it is for, ``products`` are the codes of the plan that it may state.
    """

    template_id: str
    title: str
    channel: Channel
    number: str
    valid_to: date
    audience: str = ""
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One line of the compliance checklist."""

    rule_id: str
    demand: str
    articles: str


@dataclass(frozen=True, slots=True)
class PlanBasis:
    """Everything that a plan's words may state: records, metrics, dates; nothing else.

    ``managers`` maps a member of staff to the customers assigned to them, ``remedies`` say what to
    do first for those who may not be approached, ``cautions`` what the forecast cannot tell.
    """

    goal: Goal
    as_of: date
    touch: PlanWindow
    bank_name: str
    scope_name: str
    audience: Audience
    reach: Reach
    metrics: Mapping[str, Metric]
    calendar: tuple[Task, ...]
    templates: tuple[ApprovedTemplate, ...]
    checklist: tuple[CheckItem, ...]
    managers: Mapping[str, int]
    budget: int | None = None
    missing: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    staff_names: Mapping[str, str] = field(default_factory=dict)

    def metric(self, name: str) -> Metric:
        """One metric (KeyError when it was not computed)."""
        return self.metrics[name]


@dataclass(frozen=True, slots=True)
class PlanRefusal:
    """A goal that is not planned for, with the rules that forbid it."""

    goal: str
    as_of: date
    reasons: tuple[RefusalReason, ...]
    draft_id: str = ""

    def as_json(self) -> dict[str, Any]:
        """The refusal document of ``copilot plan --format json``."""
        return {
            "refused": True,
            "draft_id": self.draft_id,
            "goal": self.goal,
            "as_of": self.as_of.isoformat(),
            "reasons": [reason.as_json() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class CheckedPlan:
    """A plan that the checker has read; internal, because nobody has reviewed it."""

    report: Report
    basis: PlanBasis
    result: CheckResult
    versions: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    writer: str = "embedded"

    @property
    def usable(self) -> Usable:
        """``internal``, or ``no`` when something blocks."""
        return self.result.usable_inside

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot plan --format json``."""
        basis, plain = self.basis, self.report.plain
        usable = self.usable is not Usable.NO  # blocked words go nowhere
        return {
            "draft_id": self.report.report_id,
            "kind": self.report.kind.value,
            "goal": _goal_json(basis.goal),
            "report": self.report.as_json() if usable else None,
            "text": plain.text if usable else "",
            "figures": [figure.as_json() for figure in plain.figures if usable],
            "metrics": [metric.as_json() for metric in basis.metrics.values()],
            "groups": [
                {
                    "audience": group.audience_id,
                    "name": group.name,
                    "conditions": list(group.meaning),
                    "customers": len(group.customers),
                }
                for group in basis.audience.groups
            ],
            **_reach_json(basis.reach),
            "checklist": [
                {"rule_id": item.rule_id, "demand": item.demand, "articles": item.articles}
                for item in basis.checklist
            ],
            "missing": list(basis.missing),
            "verdict": self.result.verdict.value,
            "usable": self.usable.value,
            "findings": [finding.as_json() for finding in self.result.findings],
            "versions": dict(self.versions),
            "writer": self.writer,
            "notes": list(self.notes),
        }


def _goal_json(goal: Goal) -> dict[str, Any]:
    return {
        "text": goal.text,
        "kind": goal.kind,
        "value": goal.value,
        "share": goal.share,
        "measure": goal.measure.value,
        "counter": goal.counter,
        "level": goal.level,
        "retention": goal.retention,
        "product_types": [kind.value for kind in goal.product_types],
        "audiences": list(goal.audiences),
        "from": goal.window.first.isoformat(),
        "to": goal.window.last.isoformat(),
        "assumed": list(goal.assumed),
        "not_understood": list(goal.ignored),
    }


def _reach_json(reach: Reach) -> dict[str, Any]:
    return {
        "assigned": [
            {
                "customer_id": one.customer_id,
                "channel": one.channel.value,
                "products": list(one.products),
                "staff_id": one.staff_id,
            }
            for one in reach.assigned
        ],
        "held_out": list(reach.held_out),
        "excluded": dict(reach.excluded),
        "off_sale": [
            {"product_code": off.product.product_code, "why": off.why} for off in reach.off_sale
        ],
    }
