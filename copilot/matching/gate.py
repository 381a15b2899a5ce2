"""The gate: every rule that applies to a case, decided from records before anything is drafted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from copilot.errors import InputError, StateError
from copilot.matching import access, circumstances, contact, seller, suitability
from copilot.matching.case import CHECKS, Case, Check, Objection, Parameters, Unchecked
from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import LookupRule, Severity
from copilot.records.matching import CustomerFile, GateDecision, RefusalReason
from copilot.records.product import Product
from copilot.records.staff import Seller
from copilot.settings import BankPolicy

# Each of these modules registers its checks when it is imported.
_CHECK_MODULES = (seller, access, suitability, circumstances, contact)


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule with its check, and where it applies: read once, for many cases."""

    check: Check
    rule: LookupRule
    parameters: Parameters
    channels: frozenset[Channel]
    types: frozenset[ProductType]

    @classmethod
    def of(cls, rule: LookupRule) -> BoundRule:
        """The rule bound to the check that it names.

        Raises:
            InputError: there is no such check, or a parameter is unknown or of the wrong kind.
        """
        check, parameters = _check_of(rule), Parameters(rule)
        channels = parameters.channels("channels", check.channels)
        types = parameters.types("product_types", check.product_types)
        return cls(check, rule, parameters, channels, types)

    def applies_to(self, case: Case) -> bool:
        """Whether the rule is about this channel and this type of product."""
        if case.channel not in self.channels:
            return False
        return self.check.reads_types or case.product.type in self.types


def decide(
    product: Product,
    file: CustomerFile,
    seller: Seller,
    channel: Channel,
    rules: Sequence[LookupRule],
    *,
    policy: BankPolicy | None = None,
) -> GateDecision:
    """Whether a text about a product may be drafted for a customer, as of ``file.as_of``.

    A rule of blocking severity refuses, a milder one cautions. What a missing table leaves
    unchecked is named; missing consents and assessments count as a no.

    Raises:
        InputError: a rule names an unknown check or parameter.
        StateError: a core check has no rule, so nothing may pass.
    """
    return decide_case(
        Case(file, seller, product, channel, policy or BankPolicy()), checked_rules(rules)
    )


def checked_rules(rules: Sequence[LookupRule]) -> tuple[BoundRule, ...]:
    """Each rule with its check, after the rule set as a whole was found usable."""
    bound = tuple(map(BoundRule.of, rules))
    lacking = sorted(
        {check.name for check in CHECKS.values() if check.core} - {b.check.name for b in bound}
    )
    if lacking:
        raise StateError(
            f"规则包缺少门禁检查的规则：{'、'.join(lacking)}",
            next="请补上这些规则并重新启用规则包；copilot rules list 可以查看现有规则。",
        )
    return bound


def decide_case(case: Case, rules: Iterable[BoundRule]) -> GateDecision:
    """The decision for one case under rules from `checked_rules`."""
    refusals: list[RefusalReason] = []
    cautions: list[RefusalReason] = []
    unchecked: set[str] = set()
    for bound in rules:
        if not bound.applies_to(case):
            continue
        match bound.check.run(case, bound.parameters):
            case Objection() as objection:
                refuses = bound.rule.severity is Severity.BLOCK and not objection.duty
                (refusals if refuses else cautions).append(_reason(bound, objection))
            case Unchecked(what):
                unchecked.add(what)
    return GateDecision(
        case.product.product_code,
        case.product.type,
        tuple(refusals),
        tuple(cautions),
        tuple(sorted(unchecked)),
        case.product.name,
    )


def _check_of(rule: LookupRule) -> Check:
    check = CHECKS.get(rule.check)
    if check is None:
        raise InputError(
            f"规则 {rule.rule_id} 用了未知的检查 {rule.check}",
            field="lookup.check",
            next=f"可用的检查：{'、'.join(sorted(CHECKS))}。",
        )
    unknown = sorted(set(rule.parameters) - check.parameters)
    if unknown:
        raise InputError(
            f"规则 {rule.rule_id} 的检查 {rule.check} 没有参数 {'、'.join(unknown)}",
            field="lookup.parameters",
            next=f"可用的参数：{'、'.join(sorted(check.parameters))}。",
        )
    return check


def _reason(bound: BoundRule, objection: Objection) -> RefusalReason:
    rule = bound.rule
    message = objection.words or rule.message.strip()
    if objection.detail:
        message = f"{message.rstrip('。')}（{objection.detail}）"
    return RefusalReason(
        rule.rule_id, message, rule.citations, bound.check.subject, rule.suggestion.strip()
    )
