"""A template held against the checker: in every product and channel it is for, filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from copilot.pipeline import facts
from copilot.records.codes import Channel, Role
from copilot.records.compliance import CheckContext, CheckResult, Fact, Verdict
from copilot.records.customer import Customer
from copilot.records.figures import month_day
from copilot.records.product import Product
from copilot.records.profile import MATURING
from copilot.records.staff import Branch, Staff
from copilot.records.template import Template

if TYPE_CHECKING:
    from copilot.compliance import Checker

#: Who the sample fills are for: nobody real, with the forms of address that differ in length.
_CUSTOMERS: tuple[Customer | None, ...] = (
    Customer("样例一", name="欧阳某某", gender="F"),
    Customer("样例二", name="王某", gender="M"),
    None,
)
_SELLER = Staff("S0000", "样例员工", Role.WEALTH, "BR00")
_BRANCH = Branch("BR00", "样例支行")
_MATURES_IN = timedelta(days=18)


@dataclass(frozen=True, slots=True)
class SampleFill:
    """A template filled for one product and channel, with the checker's answer."""

    product_code: str
    channel: Channel
    text: str
    result: CheckResult
    excess: int = 0

    def as_json(self) -> dict[str, Any]:
        """The fill as ``template propose`` lists it; ``excess`` counts characters over length."""
        return {
            "product_code": self.product_code,
            "channel": self.channel.value,
            "text": self.text,
            "excess": self.excess,
            **self.result.as_json(),
        }


@dataclass(frozen=True, slots=True)
class TemplateCheck:
    """How a template stands with the rules in force.

    ``problems`` holds one fill for each kind of finding; ``by_product`` the worst verdict for each
    product that can be filled; ``unfillable`` the products whose record lacks a slot.
    """

    verdict: Verdict
    by_product: Mapping[str, Verdict]
    fills: int
    sample: str
    problems: tuple[SampleFill, ...] = ()
    unfillable: tuple[str, ...] = ()

    @property
    def too_long(self) -> tuple[SampleFill, ...]:
        """The problem fills that exceed their channel's length."""
        return tuple(fill for fill in self.problems if fill.excess)

    @property
    def submittable(self) -> bool:
        """Whether the template may be handed in for review."""
        return self.verdict.allows_use and not self.too_long

    def as_json(self) -> dict[str, Any]:
        """The ``check`` object of ``template propose`` and ``template show``."""
        return {
            "verdict": self.verdict.value,
            "submittable": self.submittable,
            "fills": self.fills,
            "products": sorted(self.by_product),
            "unfillable": list(self.unfillable),
            "sample": self.sample,
            "problems": [fill.as_json() for fill in self.problems],
        }


def check_template(
    template: Template, checker: Checker, shelf: Sequence[Product], as_of: date, bank_name: str
) -> TemplateCheck:
    """Checks a template over its fills for every product and channel it fits.

    A template that no product on the shelf can fill has nothing to show: `needs_evidence`.
    """
    tally = _Tally()
    for fill in _fills(template, checker, shelf, as_of, bank_name, tally.unfillable):
        tally.take(fill)
    verdicts = tally.by_product
    return TemplateCheck(
        verdict=Verdict.worst(verdicts.values()) if verdicts else Verdict.NEEDS_EVIDENCE,
        by_product=verdicts,
        fills=tally.fills,
        sample=tally.sample,
        problems=tuple(tally.problems.values()),
        unfillable=tuple(sorted(tally.unfillable - verdicts.keys())),
    )


@dataclass(slots=True)
class _Tally:
    """What the fills of one template have shown so far."""

    by_product: dict[str, Verdict] = field(default_factory=dict)
    problems: dict[object, SampleFill] = field(default_factory=dict)
    unfillable: set[str] = field(default_factory=set)
    fills: int = 0
    sample: str = ""

    def take(self, fill: SampleFill) -> None:
        self.fills += 1
        self.sample = self.sample or fill.text
        known = self.by_product.get(fill.product_code, Verdict.PASS)
        self.by_product[fill.product_code] = Verdict.worst((known, fill.result.verdict))
        if fill.result.findings or fill.excess:
            kind = (*sorted({(f.rule_id, f.text) for f in fill.result.findings}), fill.excess > 0)
            self.problems.setdefault(kind, fill)


def _fills(
    template: Template,
    checker: Checker,
    shelf: Sequence[Product],
    as_of: date,
    bank_name: str,
    unfillable: set[str],
) -> Iterator[SampleFill]:
    from copilot.drafting.limits import too_long

    for product, channel, text in _texts(template, shelf, as_of, bank_name, unfillable):
        context = CheckContext(
            product=product.type,
            product_code=product.product_code,
            channel=channel,
            kind=template.kind,
            as_of=as_of,
            facts=(*facts.product_facts(product), facts.day_fact(as_of), _maturity_fact(as_of)),
        )
        result = checker.check(text, context)
        yield SampleFill(product.product_code, channel, text, result, too_long(text, channel))


def _maturity_fact(as_of: date) -> Fact:
    return Fact("maturity.date", "date", "date", (as_of + _MATURES_IN).isoformat())


def _maturity(as_of: date) -> dict[str, object]:
    """What a fill about a maturity says of it."""
    matures = as_of + _MATURES_IN
    product = max(MATURING.values(), key=len)
    return {
        "maturity.date": matures,
        "maturity.day": month_day(matures),
        "maturity.product": product,
    }


def _texts(
    template: Template,
    shelf: Sequence[Product],
    as_of: date,
    bank_name: str,
    unfillable: set[str],
) -> Iterator[tuple[Product, Channel, str]]:
    """Every fill once: other forms of address differ only where the text greets."""
    from copilot.drafting.brief import WritingBrief
    from copilot.drafting.fill import MissingSlot, fill

    for channel in template.channels:
        customers = _CUSTOMERS
        for product in (each for each in shelf if template.fits(each, channel)):
            texts = set()
            for customer in customers:
                brief = WritingBrief(
                    product=product,
                    channel=channel,
                    as_of=as_of,
                    bank_name=bank_name,
                    customer=customer,
                    seller=_SELLER,
                    branch=_BRANCH,
                )
                values = brief.slot_values | _maturity(as_of)
                try:
                    texts.add(fill(template.text, values).text)
                except MissingSlot:
                    unfillable.add(product.product_code)
                    break
            yield from ((product, channel, text) for text in sorted(texts, key=len, reverse=True))
            customers = _CUSTOMERS[:1]
