"""Pitches of the sample bank, for tests that ask for them in many ways."""

from __future__ import annotations

from typing import Any

from copilot.pipeline.pitch import PitchRequest, draft_pitch
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel, Role
from copilot.records.draft import CheckedDraft
from copilot.records.matching import Refusal

DEPOSIT = "DEP-3Y"


def customers(bench: Workbench, branch: str = "BR01") -> list[str]:
    return bench.store.customers(bench.principal).ids(branch)


def pitch(bench: Workbench, product: str = DEPOSIT, **request: Any) -> CheckedDraft | Refusal:
    given = {"channel": Channel.COUNTER, "customer_id": customers(bench)[0], **request}
    return draft_pitch(bench, PitchRequest(product_code=product, **given))


def drafted(result: CheckedDraft | Refusal) -> CheckedDraft:
    assert isinstance(result, CheckedDraft), result
    return result


def refused(result: CheckedDraft | Refusal) -> Refusal:
    assert isinstance(result, Refusal), result
    return result


def acting(bench: Workbench, role: Role) -> Workbench:
    """The same bank, opened by the first member of staff of BR01 with a role."""
    staff = bench.store.staff(bench.principal).at_branch("BR01", bench.as_of)
    seller = next(person for person in staff if person.role is role)
    return Workbench.open(bench.settings, staff_id=seller.staff_id)


def first_with(bench: Workbench, wanted: Any) -> str:
    """The first customer whose file satisfies a condition."""
    for customer_id in customers(bench):
        if wanted(bench.store.customers(bench.principal).file(customer_id, bench.as_of)):
            return customer_id
    raise AssertionError("the sample bank has no such customer")
