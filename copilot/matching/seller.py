"""May this person speak about this product? Role, licence, and the products of the branch."""

from __future__ import annotations

from copilot.matching.case import (
    RATED_TYPES,
    Case,
    Objection,
    Outcome,
    Parameters,
    Unchecked,
    check,
)
from copilot.records.codes import LicenceKind, ProductType, Role, label

#: What each licence lets a person speak about, unless the licence record lists its own types.
LICENSED_TYPES = {
    LicenceKind.WEALTH_SALES.value: frozenset({ProductType.WMP, ProductType.STRUCTURED_DEPOSIT}),
    LicenceKind.FUND_SALES.value: frozenset({ProductType.FUND, ProductType.PRIVATE_FUND}),
    LicenceKind.INSURANCE_SALES.value: frozenset({ProductType.INSURANCE}),
}
#: Roles that receive and refer customers but do not speak about these products.
REFERRING_ROLES = frozenset({Role.LOBBY, Role.TELLER})
_REFERRED_TYPES = RATED_TYPES | {ProductType.PENSION}
#: Roles that speak to customers at all.
SPEAKING_ROLES = REFERRING_ROLES | {Role.WEALTH, Role.MANAGER}


@check("seller_licence", "seller", parameters=tuple(LICENSED_TYPES), core=True)
def seller_licence(case: Case, parameters: Parameters) -> Outcome:
    """The seller holds a licence for the product type that is valid on the date."""
    needed = {
        licence
        for licence, usual in LICENSED_TYPES.items()
        if case.product.type in parameters.types(licence, usual)
    }
    if not needed:
        return None
    staff = case.seller.staff
    if staff is None:
        return (
            Unchecked("staff")
            if case.lacks("staff")
            else Objection("没有指明讲解人员，请加 --as 工号")
        )
    if case.lacks("licences"):
        return Unchecked("licences")
    held = [licence for licence in case.seller.licences if licence.licence.value in needed]
    usable = [
        licence
        for licence in held
        if licence.staff_id == staff.staff_id
        and licence.valid_on(case.as_of)
        and (not licence.product_types or case.product.type in licence.product_types)
    ]
    if usable:
        return None
    name = "、".join(label(LicenceKind(code)) for code in sorted(needed))
    return Objection(f"工号{staff.staff_id}{'的' + name + '已失效' if held else '没有' + name}")


@check("seller_role", "seller", parameters=("roles", "speaking"), core=True, reads_types=True)
def seller_role(case: Case, parameters: Parameters) -> Outcome:
    """The seller works here on the date, in a role that may speak about the product type."""
    staff = case.seller.staff
    if staff is None:
        return Unchecked("staff") if case.lacks("staff") else None
    if not staff.active_on(case.as_of):
        return Objection(f"工号{staff.staff_id}已离岗")
    if staff.role not in parameters.roles("speaking", SPEAKING_ROLES):
        return Objection(f"{label(staff.role)}岗位不面向客户介绍产品")
    if staff.role not in parameters.roles("roles", REFERRING_ROLES):
        return None
    if case.product.type in parameters.types("product_types", _REFERRED_TYPES):
        return Objection(f"{label(staff.role)}不讲解{label(case.product.type)}")
    return None
