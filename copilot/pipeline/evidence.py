"""What a draft, refusal or answer leaves behind, so that it can be shown and replayed.

The id is a digest of the document and its evidence: the same inputs and versions give the same
id, and a second run finds its own record instead of writing another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, TypeVar

from copilot.drafting.brief import WritingBrief
from copilot.records.customer import Customer
from copilot.records.knowledge import Passage
from copilot.records.product import Product
from copilot.records.profile import Profile
from copilot.records.staff import Seller

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

Record = TypeVar("Record")

_ID_LENGTH = 16
_BRIEF_FIELDS = (
    "channel",
    "as_of",
    "bank_name",
    "life_stage",
    "manners",
    "occasion",
    "asked_for",
)


def draft_id(prefix: str, document: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:
    """The id of a document with its evidence.

    >>> draft_id("P", {"text": "您好"}, {}) == draft_id("P", {"text": "您好"}, {})
    True
    """
    canonical = json.dumps([document, evidence], ensure_ascii=False, sort_keys=True, default=str)
    return f"{prefix}{hashlib.sha256(canonical.encode()).hexdigest()[:_ID_LENGTH]}"


def asked_by(bench: Workbench, customer_id: str | None) -> dict[str, Any]:
    """Who asked and about whom: part of every evidence, so that two people leave two records."""
    return {"asked_by": bench.principal.user_id, "about": customer_id}


def save(
    bench: Workbench,
    kind: str,
    document: Mapping[str, Any],
    evidence: Mapping[str, Any],
    *,
    customer_id: str | None = None,
    branch_id: str | None = None,
) -> None:
    """Keep a document with its evidence; the repository seals both in the audit log."""
    with bench.store.transaction() as connection:
        bench.store.drafts(bench.principal).save(
            connection,
            draft_id=document["draft_id"],
            kind=kind,
            customer_id=customer_id,
            branch_id=branch_id,
            document=document,
            evidence=evidence,
        )


def kept_whole(record: object) -> str:
    """A record as one text that gives it back, the order of its mappings included."""
    from pydantic import TypeAdapter

    return TypeAdapter(type(record)).dump_json(record).decode()


def given_back(shape: type[Record], text: str) -> Record:
    """The record that `kept_whole` made the text of."""
    from pydantic import TypeAdapter

    return TypeAdapter(shape).validate_json(text)


def product_snapshot(product: Product) -> dict[str, Any]:
    """The product version that a text was written from."""
    return {name: value for name, value in asdict(product).items() if value not in (None, (), [])}


def profile_snapshot(profile: Profile) -> dict[str, Any]:
    """The profile that a text was written from, scores aside."""
    return asdict(replace(profile, scores={}))


def brief_snapshot(brief: WritingBrief) -> dict[str, Any]:
    """What a text was written from besides product and profile; of the customer, the salutation."""
    customer = brief.customer and _addressed(brief.customer)
    rest = {name: getattr(brief, name) for name in _BRIEF_FIELDS}
    people = {"customer": customer, "seller": brief.seller, "branch": brief.branch}
    return rest | {name: value and asdict(value) for name, value in people.items()}


def _addressed(customer: Customer) -> Customer:
    """As much of a customer as it takes to address them."""
    known = customer.salutation != "您"
    surname = customer.salutation[:-2] if known else None
    return Customer(customer.customer_id, surname, customer.gender, birth_year=_born(customer))


def _born(customer: Customer) -> int | None:
    return customer.birth_date.year if customer.birth_date else customer.birth_year


def passage_snapshot(passages: Sequence[Passage]) -> list[dict[str, Any]]:
    """The passages that a text may rest on, by id and content."""
    return [
        {
            "passage_id": passage.passage_id,
            "version": passage.version,
            "sha256": hashlib.sha256(passage.text.encode()).hexdigest(),
        }
        for passage in passages
    ]


def seller_snapshot(seller: Seller) -> dict[str, Any] | None:
    """Who would speak, and the licences on record."""
    if seller.staff is None:
        return None
    return {
        "staff_id": seller.staff.staff_id,
        "role": seller.staff.role.value,
        "branch_id": seller.staff.branch_id,
        "licences": [
            {
                "licence": licence.licence.value,
                "valid_from": licence.valid_from.isoformat(),
                "valid_to": licence.valid_to and licence.valid_to.isoformat(),
            }
            for licence in seller.licences
        ],
    }
