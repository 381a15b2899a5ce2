"""A bank with many readers and documents, and an oracle of who may read what.

The oracle replays the orders that were given, one reader and one document at a time; it shares no
code with the product.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date

from copilot.records.codes import Role
from copilot.records.staff import Principal, Staff
from copilot.store import Store, schema

PRODUCT = "三年期整存整取"
BRANCHES = [f"BR{number:02d}" for number in range(1, 21)]
ROLES = [role.value for role in Role]
KINDS = ("faq", "faq", "regulation", "script", "product")
TOPIC_SIZE = 20


@dataclass
class Paper:
    """A document as the oracle knows it: what its file says, and the orders given since."""

    name: str
    topic: str
    kind: str
    audience: str
    branches: tuple[str, ...]
    orders: list[tuple[str, str | None, str | None, str | None]] = field(default_factory=list)

    @property
    def passage_id(self) -> str:
        return f"{self.name}:v1:1"


def may_read(branch: str, role: str, paper: Paper, audience: str) -> bool:
    """Whether a person may have a document before them, for staff's eyes or a customer's."""
    whole_bank = branch == "HQ"
    if audience == "customer" and (paper.audience != "customer" or paper.kind == "script"):
        return False
    if paper.branches and not whole_bank and branch not in paper.branches:
        return False
    given: list[tuple[str | None, str | None]] = []
    taken: list[tuple[str | None, str | None, str | None]] = []
    for order, place, job, whom in paper.orders:
        if order == "revoke":
            taken.append((place, job, whom))
        else:
            taken = [line for line in taken if line != (place, job, whom)]
            given += [] if whom else [(place, job)]
    runs_it = whole_bank and role == "operator"
    if given and not runs_it:
        reached = any(
            (place is None or whole_bank or place == branch) and job in (None, role)
            for place, job in given
        )
        if not reached:
            return False
    return not any(
        place in (None, branch)
        and job in (None, role)
        and (whom == audience == "customer" or (whom is None and not runs_it))
        for place, job, whom in taken
    )


def random_readers(chance: random.Random, count: int) -> list[Staff]:
    """Staff all over the bank, a few of them at head office."""
    return [
        Staff(f"U{n:04d}", f"员工{n}", Role(chance.choice(ROLES)), chance.choice([*BRANCHES, "HQ"]))
        for n in range(count)
    ]


def random_order(chance: random.Random) -> tuple[str, str | None, str | None, str | None]:
    """A grant or a revocation for a branch, a role, both, everyone, or customers' texts."""
    order = chance.choice(["grant", "grant", "revoke"])
    place = chance.choice([*BRANCHES, None, None])
    job = chance.choice([*ROLES, None, None, None])
    whom = "customer" if order == "revoke" and chance.random() < 0.2 else None
    return order, place, job, whom


def random_papers(chance: random.Random, count: int) -> list[Paper]:
    """Documents in groups of one topic; six in ten have grants or revocations."""
    papers = []
    for number in range(count):
        topic = "".join(chr(0x3400 + number // TOPIC_SIZE * 4 + i) for i in range(4))
        kind = chance.choice(KINDS)
        internal = kind == "script" or chance.random() < 0.4
        branches = chance.sample(BRANCHES, 5) if chance.random() < 0.2 else []
        paper = Paper(
            f"{kind}/D{number:05d}",
            topic,
            kind,
            "internal" if internal else "customer",
            tuple(branches),
        )
        if chance.random() < 0.6:
            paper.orders = [random_order(chance) for _ in range(chance.randint(1, 4))]
        papers.append(paper)
    return papers


def put_in_bulk(store: Store, readers: list[Staff], papers: list[Paper]) -> None:
    """Writes readers, branches, documents and their grants as rows, not one by one."""
    dims = schema.dimensions
    with store.transaction() as connection:
        known = {row[0] for row in connection.execute(dims["branches"].select())}
        new = [{"branch_id": b, "name": f"{b}支行"} for b in BRANCHES if b not in known]
        connection.execute(dims["branches"].insert(), new)
        connection.execute(
            dims["staff"].insert(),
            [
                {"staff_id": r.staff_id, "name": r.name, "role": r.role, "branch_id": r.branch_id}
                for r in readers
            ],
        )
        connection.execute(schema.documents.insert(), [_document_row(p) for p in papers])
        connection.execute(schema.passages.insert(), [_passage_row(p) for p in papers])
        lines = [line for paper in papers for line in _grant_rows(paper)]
        connection.execute(schema.knowledge_grants.insert(), lines)
        knowledge = store.knowledge(Principal.operator())
        knowledge._bump(connection)


def _document_row(paper: Paper) -> dict[str, object]:
    return {
        "document_id": paper.name,
        "version": 1,
        "kind": paper.kind,
        "title": paper.topic,
        "source": "bulk",
        "content_hash": paper.name,
        "audience": paper.audience,
        "branches": list(paper.branches),
        "product_code": "DEP-3Y" if paper.kind == "product" else None,
        "current": True,
    }


def _passage_row(paper: Paper) -> dict[str, object]:
    text = f"{PRODUCT}的{paper.topic}事项，请到柜台登记后办理。"
    return {
        "passage_id": paper.passage_id,
        "document_id": paper.name,
        "version": 1,
        "ordinal": 0,
        "kind": paper.kind,
        "heading": f"{PRODUCT} {paper.topic}",
        "text": text,
        "start": 0,
        "end": len(text),
        "citation": paper.name,
        "audience": paper.audience,
        "branches": list(paper.branches),
        "product_code": "DEP-3Y" if paper.kind == "product" else None,
        "product_types": [],
        "valid_from": date(2026, 1, 1),
        "current": True,
    }


def _grant_rows(paper: Paper) -> list[dict[str, object]]:
    """The lines that the orders leave: a later grant lifts the same revocation."""
    lines: dict[tuple[str, str, str, bool], None] = {}
    for order, place, job, whom in paper.orders:
        line = (place or "*", job or "*", whom or "*")
        if order == "revoke":
            lines[(*line, False)] = None
        else:
            lines.pop((*line, False), None)
            lines[(*line, True)] = None
    names = ("branch", "role", "audience", "allowed")
    return [{"document_id": paper.name, **dict(zip(names, line, strict=True))} for line in lines]
