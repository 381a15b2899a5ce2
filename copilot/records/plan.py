"""Marketing plans: the goal as understood, whom it reaches, and everything that was computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import CheckResult, Usable, Verdict
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
    where the goal gives no number. ``audiences`` are ids of the catalogue that the words name.
    ``assumed`` and ``ignored`` are sentences and words for the reader.
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
    assumed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """The forecast that the goal is held against; without a product, what people accept."""
        if not self.product_types:
            return "forecast.accepted"
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
    """A customer who may be approached: on one channel, about some products, by one person."""

    customer_id: str
    channel: Channel
    products: tuple[str, ...]
    staff_id: str | None


@dataclass(frozen=True, slots=True)
class Reach:
    """What the gate lets through.

    ``excluded`` counts customers who may not be approached, by the rules that forbid every
    product on every channel; ``by_product`` counts the customers allowed on the assigned channel,
    ``within_reach`` those of them whose assets cover the product's minimum.
    """

    products: tuple[Product, ...]
    channels: tuple[Channel, ...]
    assigned: tuple[Assigned, ...]
    excluded: Mapping[str, int]
    excluded_customers: int
    by_product: Mapping[str, int]
    within_reach: Mapping[str, int]
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """A template that may be used on a channel, with its approval."""

    template_id: str
    title: str
    channel: Channel
    number: str
    valid_to: date


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
    do first for those who may not be approached.
    """

    goal: Goal
    as_of: date
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
        return Usable.NO if self.result.verdict is Verdict.BLOCK else Usable.INTERNAL

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot plan --format json``."""
        goal, plain = self.basis.goal, self.report.plain
        usable = self.usable is not Usable.NO  # blocked words go nowhere
        return {
            "draft_id": self.report.report_id,
            "kind": self.report.kind.value,
            "goal": {
                "text": goal.text,
                "kind": goal.kind,
                "value": goal.value,
                "share": goal.share,
                "measure": goal.measure.value,
                "product_types": [kind.value for kind in goal.product_types],
                "from": goal.window.first.isoformat(),
                "to": goal.window.last.isoformat(),
                "assumed": list(goal.assumed),
                "not_understood": list(goal.ignored),
            },
            "report": self.report.as_json() if usable else None,
            "text": plain.text if usable else "",
            "figures": [figure.as_json() for figure in plain.figures if usable],
            "metrics": [metric.as_json() for metric in self.basis.metrics.values()],
            "groups": [
                {
                    "audience": group.audience_id,
                    "name": group.name,
                    "conditions": list(group.meaning),
                    "customers": len(group.customers),
                }
                for group in self.basis.audience.groups
            ],
            "assigned": [
                {
                    "customer_id": one.customer_id,
                    "channel": one.channel.value,
                    "products": list(one.products),
                    "staff_id": one.staff_id,
                }
                for one in self.basis.reach.assigned
            ],
            "excluded": dict(self.basis.reach.excluded),
            "missing": list(self.basis.missing),
            "verdict": self.result.verdict.value,
            "usable": self.usable.value,
            "findings": [finding.as_json() for finding in self.result.findings],
            "versions": dict(self.versions),
            "writer": self.writer,
            "notes": list(self.notes),
        }
