"""Care of the knowledge: one document with its versions, what changed, and what grows old."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from copilot.errors import NotFound
from copilot.records.codes import PassageKind
from copilot.records.knowledge import Document, Passage
from copilot.records.labelled import Labelled

if TYPE_CHECKING:
    from copilot.records.access import Grant
    from copilot.records.product import Product
    from copilot.records.staff import Principal
    from copilot.store import Store
    from copilot.store.knowledge import KnowledgeRepository


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One version of a document; ``current`` is the version in force, ``None`` when taken out."""

    document: Document
    passages: tuple[Passage, ...]
    versions: tuple[Document, ...]
    current: int | None
    grants: tuple[Grant, ...]

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot knowledge show``."""
        return {
            **self.document.as_json(),
            "current": self.current == self.document.version,
            "grants": [grant.as_json() for grant in self.grants],
            "versions": [version.as_json() for version in self.versions],
            "passages": [passage.as_json() for passage in self.passages],
        }


def view(
    document_id: str, store: Store, principal: Principal, version: int | None = None
) -> DocumentView:
    """A document with its passages, versions and grants; the newest version unless one is named.

    Raises:
        NotFound: no such document or version in the principal's scope.
    """
    knowledge = store.knowledge(principal)
    versions = knowledge.versions(document_id)
    document = versions[0] if version is None else _of_version(versions, version)
    return DocumentView(
        document,
        tuple(knowledge.passages_of(document)),
        tuple(versions),
        knowledge.current_versions().get(document_id),
        tuple(knowledge.grants(document_id)),
    )


@dataclass(frozen=True, slots=True)
class PassageChange:
    """A passage that one of two versions has alone (the other is ``None``), or has otherwise."""

    heading: str
    before: Passage | None
    after: Passage | None

    @property
    def kind(self) -> str:
        """``added``, ``removed`` or ``changed``."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    def as_json(self) -> dict[str, Any]:
        """One change of ``copilot knowledge diff``."""
        return {
            "heading": self.heading,
            "change": self.kind,
            "before": self.before and self.before.as_json(),
            "after": self.after and self.after.as_json(),
        }


@dataclass(frozen=True, slots=True)
class DocumentDiff:
    """What a newer version changed; ``unchanged`` counts the passages that stayed."""

    before: Document
    after: Document
    changes: tuple[PassageChange, ...]
    unchanged: int

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot knowledge diff``."""
        return {
            "document": self.after.document_id,
            "from": self.before.version,
            "to": self.after.version,
            "unchanged": self.unchanged,
            "changes": [change.as_json() for change in self.changes],
        }


def difference(
    document_id: str,
    store: Store,
    principal: Principal,
    since: int | None = None,
    until: int | None = None,
) -> DocumentDiff:
    """What changed between two versions: by default between the newest and the one before it.

    Raises:
        NotFound: no such document or version, or only one version.
    """
    knowledge = store.knowledge(principal)
    versions = knowledge.versions(document_id)
    after = versions[0] if until is None else _of_version(versions, until)
    if since is None:
        older = [document for document in versions if document.version < after.version]
        if not older:
            raise NotFound(
                f"{document_id} 只有第 {after.version} 版，没有更早的版本可比",
                next="copilot knowledge show 可以查看全文。",
            )
        before = older[0]
    else:
        before = _of_version(versions, since)
    changes, unchanged = _compared(knowledge, before, after)
    return DocumentDiff(before, after, changes, unchanged)


def _compared(
    knowledge: KnowledgeRepository, before: Document, after: Document
) -> tuple[tuple[PassageChange, ...], int]:
    old, new = _by_heading(knowledge.passages_of(before)), _by_heading(knowledge.passages_of(after))
    changes, unchanged = [], 0
    for key in dict.fromkeys([*new, *old]):
        first, second = old.get(key), new.get(key)
        if first and second and _content(first) == _content(second):
            unchanged += 1
        else:
            changes.append(PassageChange(key[0], first, second))
    return tuple(changes), unchanged


def _by_heading(passages: Iterable[Passage]) -> dict[tuple[str, int], Passage]:
    """Passages by heading, the pieces of one section told apart by their order."""
    seen: defaultdict[str, int] = defaultdict(int)
    found = {}
    for passage in passages:
        seen[passage.heading] += 1
        found[passage.heading, seen[passage.heading]] = passage
    return found


def _content(passage: Passage) -> tuple[object, ...]:
    return (passage.text, passage.audience, passage.branches, passage.valid_from, passage.valid_to)


def _of_version(versions: Sequence[Document], version: int) -> Document:
    for document in versions:
        if document.version == version:
            return document
    have = "、".join(str(document.version) for document in reversed(versions))
    raise NotFound(
        f"{versions[0].document_id} 没有第 {version} 版",
        field="version",
        next=f"已有版本：{have}。",
    )


class Age(Labelled):
    """How a document stands on a date.

    ``expired`` and ``unsold`` want somebody's hand; ``history`` is an expired sheet whose product
    has one that is in force.
    """

    EXPIRED = "expired", "已失效，仍在库"
    UNSOLD = "unsold", "产品不在售或没有产品记录"
    EXPIRING = "expiring", "即将失效"
    COMING = "coming", "尚未生效"
    HISTORY = "history", "历史版本"


@dataclass(frozen=True, slots=True)
class Aging:
    """A document, or one entry of it, that is not plainly in force.

    ``days`` to the day it changes (negative: since); ``successor`` is the sheet that takes over.
    """

    age: Age
    document_id: str
    title: str
    entry: str
    day: date | None
    days: int | None
    successor: str = ""

    def as_json(self) -> dict[str, Any]:
        """One item of ``copilot knowledge stale``."""
        return {
            "state": self.age.value,
            "document": self.document_id,
            "title": self.title,
            "entry": self.entry or None,
            "date": self.day and self.day.isoformat(),
            "days": self.days,
            "successor": self.successor or None,
        }


def aging(store: Store, principal: Principal, as_of: date, within: int = 30) -> list[Aging]:
    """What is out of force, or will be within so many days, the urgent first."""
    knowledge = store.knowledge(principal)
    documents = {document.document_id: document for document in knowledge.documents()}
    sheets = [d for d in documents.values() if d.kind is PassageKind.PRODUCT]
    found = list(_unsold(sheets, store, principal, as_of))
    seen: set[tuple[str, str, date | None, date | None]] = set()
    for passage in knowledge.current_passages():
        document = documents.get(passage.document_id)
        if document is None:
            continue
        dated = document.valid_from is not None or document.valid_to is not None
        entry = "" if dated else passage.citation
        key = (document.document_id, entry, passage.valid_from, passage.valid_to)
        if key not in seen:
            seen.add(key)
            found += _aged(document, entry, passage, sheets, as_of, within)
    order = list(Age)
    return sorted(found, key=lambda a: (order.index(a.age), a.days or 0, a.document_id, a.entry))


def _aged(
    document: Document,
    entry: str,
    passage: Passage,
    sheets: Sequence[Document],
    as_of: date,
    within: int,
) -> Iterator[Aging]:
    age, day = _age(passage, as_of, within)
    if age is None or day is None:
        return
    successor = ""
    if age in (Age.EXPIRED, Age.EXPIRING):
        successor = _successor(document, sheets, max(as_of, day))
        if successor and age is Age.EXPIRED:
            age = Age.HISTORY
    yield Aging(
        age, document.document_id, document.title, entry, day, (day - as_of).days, successor
    )


def _age(passage: Passage, as_of: date, within: int) -> tuple[Age | None, date | None]:
    if passage.valid_to is not None and passage.valid_to <= as_of:
        return Age.EXPIRED, passage.valid_to
    if passage.valid_from is not None and passage.valid_from > as_of:
        return Age.COMING, passage.valid_from
    if passage.valid_to is not None and passage.valid_to <= as_of + timedelta(days=within):
        return Age.EXPIRING, passage.valid_to
    return None, None


def _successor(document: Document, sheets: Sequence[Document], day: date) -> str:
    """The sheet of the same product that is in force on a day."""
    for sheet in sheets:
        same = sheet.product_code == document.product_code and sheet != document
        if same and sheet.valid_on(day):
            return sheet.document_id
    return ""


def _unsold(
    sheets: Sequence[Document], store: Store, principal: Principal, as_of: date
) -> Iterator[Aging]:
    """Sheets in force whose product nobody can buy: search leaves them out."""
    products = store.products(principal)
    shelf = {product.product_code: product for product in products.valid(as_of)}
    if not shelf and not products.codes():
        return
    for sheet in sheets:
        product = shelf.get(sheet.product_code or "")
        if sheet.valid_on(as_of) and (product is None or not product.on_sale(as_of)):
            age, day = _sale(product, as_of)
            days = (day - as_of).days if day else None
            yield Aging(age, sheet.document_id, sheet.title, "", day, days)


def _sale(product: Product | None, as_of: date) -> tuple[Age, date | None]:
    if product is None:
        return Age.UNSOLD, None
    if product.sale_from is not None and product.sale_from > as_of:
        return Age.COMING, product.sale_from
    return Age.UNSOLD, product.sale_to
