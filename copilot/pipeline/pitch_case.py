"""One request for a pitch with the records that decide it.

customer id │ description ─▶ file, occasion ─▶ seller and gate's decision ─▶ brief
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from copilot.drafting.brief import WritingBrief, life_stage_of, manners_of
from copilot.drafting.description import (
    age_in_words,
    asks,
    compares,
    fraud_signs,
    life_stage_in_words,
    manners_in_words,
    perhaps_elder,
    says_anything,
    scripts_asked_for,
)
from copilot.errors import NotFound
from copilot.pipeline.feedback import feedback_of_description, refuses_profiling
from copilot.pipeline.product_conflicts import require_consistent
from copilot.pipeline.seller import choose_seller
from copilot.records.codes import Channel, Manner, Occasion
from copilot.records.knowledge import Passage
from copilot.records.matching import CustomerFile, GateDecision
from copilot.records.product import Product
from copilot.records.staff import Branch, Seller

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

#: How long ago a visit may be that a follow-up goes on from.
FOLLOW_UP_WITHIN = timedelta(days=90)
NO_VISIT = "没有到访记录，请核对；以下按首次联系来写"
NO_VISITS_KNOWN = "没有到访数据，无法核对客户来过；以下按首次联系来写"
NOTHING_READ = "没有从描述里读出年龄、来意或需要，请写清楚，例如“六十多岁阿姨，问三年定期”"
_OFFERED = 3


@dataclass(frozen=True, slots=True)
class PitchRequest:
    """What is asked for: a customer of the bank, or a description of a walk-in.

    ``description`` selects a tone and says whether to serve first; it is neither stored nor sent
    anywhere.
    """

    product_code: str
    channel: Channel
    customer_id: str | None = None
    description: str = ""
    occasion: Occasion = Occasion.FIRST


@dataclass(frozen=True, slots=True)
class PitchCase:
    """One request with the records that decide it; ``notes`` say what of it was not taken over."""

    request: PitchRequest
    product: Product
    file: CustomerFile
    seller: Seller
    decision: GateDecision
    notes: tuple[str, ...] = ()
    knowledge: str = ""

    @property
    def branch_id(self) -> str | None:
        """The branch that the record belongs to: the customer's, else the seller's."""
        if self.file.customer is not None:
            return self.file.customer.branch_id
        return self.seller.staff.branch_id if self.seller.staff else None


def open_case(bench: Workbench, request: PitchRequest) -> PitchCase:
    """The request with its product, customer, seller, and what the gate decides.

    Raises:
        NotFound: no such customer, product or member of staff.
        Forbidden: the customer is outside the principal's scope.
        ContradictoryProduct: the product's records contradict each other.
    """
    product = _product(bench, request.product_code)
    if request.customer_id is None:
        file = _described(bench, request.description)
    else:
        file = _without_refused_profile(bench.customer_file(request.customer_id))
    occasion, notes = _occasion(bench, request, file)
    request = replace(request, occasion=occasion)
    file = replace(file, asked=occasion is Occasion.ASKED)
    seller, decision = choose_seller(bench, product, file, request.channel)
    return PitchCase(request, product, file, seller, decision, notes)


def brief_of(bench: Workbench, case: PitchCase, passages: tuple[Passage, ...] = ()) -> WritingBrief:
    """What a writer may use for the case."""
    staff, profile, request = case.seller.staff, case.file.profile, case.request
    stage = life_stage_of(profile) if profile else life_stage_in_words(request.description)
    asked_for: tuple[str, ...] = ()
    if request.description:
        kind = case.product.type
        fitting = [s for s in bench.scripts if kind in s.product_types or not s.product_types]
        asked_for = scripts_asked_for(request.description, fitting)
    return WritingBrief(
        product=case.product,
        channel=request.channel,
        as_of=bench.as_of,
        bank_name=bench.settings.policy.bank_name,
        customer=case.file.customer,
        profile=profile,
        seller=staff,
        branch=_branch(bench, staff.branch_id) if staff else None,
        passages=passages,
        life_stage=stage,
        manners=_manners(bench, case),
        occasion=request.occasion,
        asked_for=asked_for,
    )


def _product(bench: Workbench, product_code: str) -> Product:
    """The version on the shelf.

    Raises:
        NotFound: there is none; names the nearest of the shelf.
        ContradictoryProduct: the product's records contradict each other.
    """
    valid = (product for product in bench.shelf if product.product_code == product_code)
    try:
        product = next(valid, None) or bench.product(product_code)
    except NotFound as error:
        near = _nearest(bench, product_code)
        if not near:
            raise
        named = "、".join(f"{product.name}（{product.product_code}）" for product in near)
        raise NotFound(error.message, next=f"是不是要：{named}？", field="product") from error
    versions = bench.store.products(bench.principal).versions(product.product_code)
    return require_consistent(product, versions, bench.as_of)


def _nearest(bench: Workbench, said: str) -> list[Product]:
    """The products of the shelf that somebody may mean who names none of its codes."""
    from difflib import get_close_matches

    from copilot.pipeline.product_questions import read_question
    from copilot.pipeline.product_words import question_words

    words = question_words(bench.settings.knowledge_dir)
    meant = read_question(said, bench.shelf, bench.as_of, words).products
    named = {name: p for p in bench.shelf for name in (p.name, p.product_code)}
    close = [named[name] for name in get_close_matches(said.upper(), named, n=_OFFERED)]
    return list({p.product_code: p for p in (*meant, *close)}.values())[:_OFFERED]


def _described(bench: Workbench, description: str) -> CustomerFile:
    """What a description says of a walk-in.

    Who may be falling for fraud, or compares us with another bank, is not called angry.
    """
    signs = fraud_signs(description)
    calm = bool(signs) or compares(description)
    return CustomerFile(
        None,
        bench.as_of,
        described_age=age_in_words(description),
        described_elder=perhaps_elder(description),
        fraud_signs=signs,
        feedback=None if calm else feedback_of_description(bench, description),
    )


def _occasion(
    bench: Workbench, request: PitchRequest, file: CustomerFile
) -> tuple[Occasion, tuple[str, ...]]:
    """The occasion as the records bear it out, and what the employee is told about it.

    A walk-in who is said to ask has asked; nothing goes on from a visit that nobody recorded.
    """
    if request.occasion is Occasion.FOLLOW_UP:
        if file.customer is None:
            return Occasion.FIRST, (NO_VISIT,)
        visited = _last_visit(bench, file)
        if visited is not None and visited > bench.as_of - FOLLOW_UP_WITHIN:
            return Occasion.FOLLOW_UP, ()
        return Occasion.FIRST, (NO_VISIT if bench.generation.has("visits") else NO_VISITS_KNOWN,)
    if request.occasion is Occasion.FIRST and asks(request.description):
        return Occasion.ASKED, ()
    read = file.customer is not None or says_anything(request.description)
    return request.occasion, () if read else (NOTHING_READ,)


def _last_visit(bench: Workbench, file: CustomerFile) -> date | None:
    """The last day on which the customer was at a branch, by queue ticket or by contact."""
    assert file.customer is not None
    met = [i.at.date() for i in file.interactions if i.channel == Channel.COUNTER]
    if bench.generation.has("visits"):
        repository = bench.store.customers(bench.principal)
        ticket = repository.last_visit(file.customer.customer_id, bench.as_of)
        met += [] if ticket is None else [ticket]
    return max(met, default=None)


def _manners(bench: Workbench, case: PitchCase) -> tuple[Manner, ...]:
    """How to speak to this customer; a walk-in's manner is in the description."""
    customer = case.file.customer
    if customer is None:
        return manners_in_words(case.request.description)
    age = bench.settings.policy.elder_age
    return manners_of(customer, case.file.profile, case.product, bench.as_of, age)


def _branch(bench: Workbench, branch_id: str) -> Branch | None:
    if not bench.generation.has("branches"):
        return None
    return bench.store.staff(bench.principal).branch(branch_id)


def _without_refused_profile(file: CustomerFile) -> CustomerFile:
    """The file without its profile when the customer has refused profiling."""
    return replace(file, profile=None) if refuses_profiling(file.consents, file.as_of) else file
