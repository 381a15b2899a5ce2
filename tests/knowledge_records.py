"""The product records of the small knowledge shelf, and single entries to put beside it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import knowledge_files as files

from copilot.records.codes import Audience, PassageKind
from copilot.records.generation import Generation
from copilot.records.knowledge import Document, Passage
from copilot.records.staff import Principal
from copilot.store import Store

EVERYONE = Principal.operator()


def load_records(store: Store, **changes: Any) -> None:
    """The product records that the sheets of the shelf describe; ``changes`` to today's deposit."""
    folder = store.data_dir / "facts" / "g1"
    folder.mkdir(parents=True, exist_ok=True)
    generation = Generation(
        "g1", folder, files.TODAY, {}, frozenset(), "hash", datetime(2026, 11, 20, 8)
    )
    deposit: dict[str, Any] = {
        "product_code": "DEP-3Y",
        "valid_from": date(2026, 10, 15),
        "name": "三年期整存整取",
        "type": "deposit",
        "issuer": "示例银行",
        "min_amount": 50_00,
        "term_days": 1095,
        "rate_bp": 145.0,
    }
    old = deposit | {
        "valid_from": date(2026, 3, 1),
        "valid_to": date(2026, 10, 15),
        "rate_bp": 155.0,
    }
    fund = {
        "product_code": "PRIV-01",
        "valid_from": date(2026, 9, 1),
        "name": "远山一号私募基金",
        "type": "private_fund",
        "issuer": "示例私募基金管理有限公司",
    }
    rows = (deposit | changes, old, fund)
    keys = dict.fromkeys(key for row in rows for key in row)
    products = [{key: row.get(key) for key in keys} for row in rows]
    with store.transaction() as connection:
        store.facts.activate(connection, generation, {"products": products})


def say(store: Store, document_id: str, text: str, **changes: Any) -> None:
    """An entry with this text, taken in beside the shelf as the next version of its document."""
    kind = changes.pop("kind", PassageKind.FAQ)
    heading = changes.pop("heading", document_id)
    knowledge = store.knowledge(EVERYONE)
    with store.transaction() as connection:
        latest = knowledge.latest_version(connection, document_id)
        version = latest.version + 1 if latest else 1
        document = Document(document_id, version, kind, document_id, "s", "h", Audience.CUSTOMER)
        name = f"{document_id}:v{version}:1"
        passage = Passage(
            name, document_id, version, kind, heading, text, 0, len(text), "c", **changes
        )
        knowledge.replace_document(connection, document, [passage])
