"""The records behind a check: what a product code and a customer add to the context."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from copilot.pipeline import facts

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.records.compliance import CheckContext, Fact


def context_for(
    bench: Workbench,
    context: CheckContext,
    *,
    product_code: str | None = None,
    customer_id: str | None = None,
) -> CheckContext:
    """The context with the product's type and with the facts that figures may state.

    Raises:
        NotFound: no such product version on the date, or no such customer.
    """
    known: list[Fact] = [facts.day_fact(bench.as_of)]
    if product_code is not None:
        product = bench.product(product_code)
        context = replace(context, product=product.type, product_code=product.product_code)
        known += facts.product_facts(product)
    if customer_id is not None:
        profile = bench.customer_file(customer_id).profile
        known += facts.profile_facts(profile) if profile else ()
    return replace(context, as_of=bench.as_of, facts=tuple(known))
