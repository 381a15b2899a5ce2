"""The records behind a check: facts for its figures, the gate's answer, words for a rewrite."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from copilot.pipeline import facts
from copilot.pipeline.seller import choose_seller
from copilot.records.codes import Channel
from copilot.records.compliance import CheckResult, Finding, Severity, Usable, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from copilot.pipeline.workbench import Workbench
    from copilot.records.compliance import CheckContext, Fact
    from copilot.records.matching import RefusalReason

#: An unknown channel counts as online, and as one on which the bank starts the contact.
_UNKNOWN_CHANNEL = Channel.WECOM
_REFUSED = "不向该客户介绍这个产品；可以介绍的产品请用 `copilot match` 查看。"
_DUTY = "办理时按该规则履行相应义务。"


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


def with_gate(
    bench: Workbench,
    result: CheckResult,
    text: str,
    *,
    product_code: str,
    customer_id: str,
    channel: Channel | None,
) -> CheckResult:
    """The checker's answer with what the gate says of this customer and product.

    A refusal blocks, a duty asks for review; both stand at the end of the text. Without a
    channel the gate is asked for one that is online and where the bank starts the contact.
    """
    product, file = bench.product(product_code), bench.customer_file(customer_id)
    _, decision = choose_seller(bench, product, file, channel or _UNKNOWN_CHANNEL)
    said = [
        *_findings(decision.refusals, len(text), Severity.BLOCK, Verdict.BLOCK, _REFUSED),
        *_findings(decision.cautions, len(text), Severity.WARN, Verdict.REVIEW, _DUTY),
    ]
    findings = (*result.findings, *said)
    verdict = Verdict.worst(finding.verdict for finding in findings)
    usable = Usable.NO if verdict is Verdict.BLOCK else result.usable
    return replace(result, verdict=verdict, findings=findings, usable=usable)


def wording_for(bench: Workbench, product_code: str | None) -> Callable[[str], str | None]:
    """Fills the slots of a rule's standard wording from the records; ``None``: one is absent."""
    from copilot.drafting.fill import MissingSlot, fill, product_values

    values: dict[str, object] = {"bank.name": bench.settings.policy.bank_name, "today": bench.as_of}
    if product_code is not None:
        values |= product_values(bench.product(product_code))

    def filled(text: str) -> str | None:
        try:
            return fill(text, values).text
        except MissingSlot:
            return None

    return filled


def _findings(
    reasons: tuple[RefusalReason, ...],
    end: int,
    severity: Severity,
    verdict: Verdict,
    suggestion: str,
) -> Iterator[Finding]:
    for reason in reasons:
        yield Finding(
            rule_id=reason.rule_id,
            severity=severity,
            verdict=verdict,
            start=end,
            end=end,
            text="",
            message=reason.message,
            citations=reason.citations,
            suggestion=suggestion,
        )
