"""Giving and taking access to a document; in force from the next search of any process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from copilot.errors import Forbidden, InputError
from copilot.records.access import ANY, Grant, administers_knowledge
from copilot.records.codes import Audience, PassageKind, Role
from copilot.records.staff import HEAD_OFFICE
from copilot.store.grants import drop_grants, grants_of, put_grants

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from copilot.records.knowledge import Document, Passage
    from copilot.records.staff import Principal
    from copilot.store import Store


@dataclass(frozen=True, slots=True)
class Readers:
    """Whom a grant or a revocation is about; ``None`` means every branch, role or audience."""

    branch: str | None = None
    role: Role | None = None
    audience: Audience | None = None

    def grant(self, document_id: str, *, allowed: bool) -> Grant:
        """The line of a document's grants for these readers."""
        return Grant(
            document_id,
            self.branch or ANY,
            self.role.value if self.role else ANY,
            self.audience.value if self.audience else ANY,
            allowed,
        )


def grant(
    document_id: str, readers: Readers, store: Store, principal: Principal
) -> tuple[Grant, ...]:
    """Lets readers see a document and lifts a revocation of exactly these; returns all its lines.

    With an audience only the revocation is lifted: whether a document may be shown to customers at
    all is said in the document.

    Raises:
        NotFound: no such document.
        InputError: no such branch, or the document is not for customers.
        Forbidden: the principal does not administer the knowledge.
    """
    document = _checked(document_id, readers, store, principal)
    passages = store.knowledge(principal).passages_of(document)
    if readers.audience is Audience.CUSTOMER and not any(map(_for_customers, passages)):
        raise InputError(
            f"{document_id} 是仅供行内使用的资料，不能授权给客户使用",
            field="audience",
            next="确需对客使用，请修改资料本身的读者范围并经审核后重新入库。",
        )
    line = readers.grant(document_id, allowed=True)
    with store.transaction() as connection:
        drop_grants(connection, replace(line, allowed=False))
        if readers.audience is None:
            put_grants(connection, line)
        return _recorded(connection, store, "knowledge.grant", line, principal)


def revoke(
    document_id: str, readers: Readers, store: Store, principal: Principal
) -> tuple[Grant, ...]:
    """Takes a document from readers, however they came to see it; returns all its lines.

    Raises:
        NotFound: no such document.
        InputError: no such branch, or an audience that cannot be taken away alone.
        Forbidden: the principal does not administer the knowledge.
    """
    _checked(document_id, readers, store, principal)
    if readers.audience is Audience.INTERNAL:
        raise InputError(
            "不能只对行内撤回、对客户保留",
            field="audience",
            next="去掉 --audience 则对行内与客户一并撤回。",
        )
    line = readers.grant(document_id, allowed=False)
    with store.transaction() as connection:
        put_grants(connection, line)
        return _recorded(connection, store, "knowledge.revoke", line, principal)


def _checked(document_id: str, readers: Readers, store: Store, principal: Principal) -> Document:
    if not administers_knowledge(principal):
        raise Forbidden(
            f"{principal.user_id} 不能改动资料的查看权限", next="请由总行营销运营人员办理。"
        )
    document = store.knowledge(principal).versions(document_id)[0]
    branches = {branch.branch_id for branch in store.staff(principal).branches()}
    known = not branches or readers.branch in {None, HEAD_OFFICE, *branches}
    if not known:
        raise InputError(
            f"没有这个网点：{readers.branch}",
            field="branch",
            next=f"可用的网点：{'、'.join(sorted(branches)[:12])}。",
        )
    return document


def _for_customers(passage: Passage) -> bool:
    return passage.audience is Audience.CUSTOMER and passage.kind is not PassageKind.SCRIPT


def _recorded(
    connection: Connection, store: Store, kind: str, line: Grant, principal: Principal
) -> tuple[Grant, ...]:
    about = {"branch": line.branch, "role": line.role, "audience": line.audience}
    store.audit.append(connection, kind, line.document_id, about, actor=principal.user_id)
    return tuple(sorted(grants_of(connection, line.document_id)))
