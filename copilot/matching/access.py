"""Is this product on the shelf here, for this channel, branch and customer tier?"""

from __future__ import annotations

from copilot.matching.case import Case, Objection, Outcome, Parameters, Unchecked, check
from copilot.records.codes import LABELS, Channel, Origin, ProductType, Tier, label
from copilot.records.staff import HEAD_OFFICE

#: Private products are shown nowhere but in a talk at the bank with a qualified investor.
PUBLIC_CHANNELS = frozenset(Channel) - {Channel.COUNTER}
_PRIVATE = frozenset({ProductType.PRIVATE_FUND})


@check("product_on_sale", "product", core=True)
def product_on_sale(case: Case, parameters: Parameters) -> Outcome:
    """The product version is valid and within its sales period."""
    product = case.product
    if product.on_sale(case.as_of):
        return None
    if product.sale_to is not None and case.as_of > product.sale_to:
        return Objection(f"{product.sale_to.isoformat()}已停售")
    if product.sale_from is not None and case.as_of < product.sale_from:
        return Objection(f"{product.sale_from.isoformat()}起售")
    return Objection("产品版本不在有效期内")


@check("product_channel", "product")
def product_channel(case: Case, parameters: Parameters) -> Outcome:
    """The product is admitted on the channel; an empty list admits all."""
    if not case.product.channels or case.channel in case.product.channels:
        return None
    return Objection(f"未准入{label(case.channel)}")


@check("product_branch", "product")
def product_branch(case: Case, parameters: Parameters) -> Outcome:
    """The product is admitted at the branch; an empty list admits all."""
    if not case.product.branches:
        return None
    branch_id = case.seller.staff.branch_id if case.seller.staff else None
    if branch_id in (None, HEAD_OFFICE):
        branch_id = case.customer.branch_id if case.customer else None
    if branch_id is None:
        return Unchecked("branches")
    return None if branch_id in case.product.branches else Objection(f"网点{branch_id}未准入")


@check("product_tier", "product")
def product_tier(case: Case, parameters: Parameters) -> Outcome:
    """The customer belongs to a tier that the product is for; an unknown tier does not."""
    if not case.product.tiers:
        return None
    if case.lacks("holdings"):
        return Unchecked("holdings")
    tier = case.file.profile.value("tier") if case.file.profile else None
    if tier in case.product.tiers:
        return None
    name = LABELS[Tier].get(str(tier), "未知")
    return Objection(f"客户层级{name}")


@check("agency_authorised", "product")
def agency_authorised(case: Case, parameters: Parameters) -> Outcome:
    """An agency product carries the partner's authorisation for its material."""
    reference = (case.product.partner_approval_ref or "").strip()
    if case.product.origin is Origin.AGENCY and not reference:
        return Objection(f"{case.product.issuer}未授权")
    return None


@check(
    "private_public",
    "product",
    parameters=("public_channels",),
    product_types=_PRIVATE,
    core=True,
)
def private_public(case: Case, parameters: Parameters) -> Outcome:
    """Private products are not promoted in public."""
    public = parameters.channels("public_channels", PUBLIC_CHANNELS)
    return Objection(label(case.channel)) if case.channel in public else None


@check("qualified_investor", "customer", product_types=_PRIVATE, core=True)
def qualified_investor(case: Case, parameters: Parameters) -> Outcome:
    """Private products are for customers recorded as qualified investors only."""
    if case.customer is not None and case.customer.qualified_investor is True:
        return None
    return Objection("没有合格投资者认定记录")
