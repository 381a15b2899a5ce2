"""Who may read a document: grants by branch and role, and what they withhold from a reader.

A document without grants is open to everybody within the branches that its file names. The first
grant closes it to all but those who are granted. A revocation always wins over a grant, so taking
away never depends on finding every grant that gave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from copilot.records.codes import Audience, Role
from copilot.records.staff import HEAD_OFFICE, Principal

ANY = "*"
_HELD = 64
"""Positions whose withheld documents are remembered; a bank has few, each costs a set."""


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One line of a document's grants; ``ANY`` stands for every branch, role or audience.

    ``allowed`` false is a revocation. ``audience`` is ``ANY``, or ``customer`` in a revocation that
    takes the document out of customers' texts and leaves it to staff.
    """

    document_id: str
    branch: str = ANY
    role: str = ANY
    audience: str = ANY
    allowed: bool = True

    def as_json(self) -> dict[str, str]:
        """The line as commands print it; ``*`` is every branch, role or audience."""
        return {
            "branch": self.branch,
            "role": self.role,
            "audience": self.audience,
            "effect": "grant" if self.allowed else "revoke",
        }


@dataclass(frozen=True, slots=True)
class Position:
    """A place that a reader holds: one role at one branch.

    ``branch`` ``None`` is head office, which every branch's grants reach; an empty one is nowhere.
    """

    branch: str | None
    role: str
    administers: bool = False

    def within(self, branches: Collection[str]) -> bool:
        """Whether a document limited to these branches (empty: none) is in reach."""
        return not branches or self.branch is None or self.branch in branches


def positions(principal: Principal) -> tuple[Position, ...]:
    """Every position of a reader.

    Whoever operates the copilot for the whole bank also gives the grants, and so sees everything.
    """
    administers = administers_knowledge(principal)
    roles = sorted(role.value for role in principal.roles) or [""]
    branches = [None] if principal.branches is None else sorted(principal.branches) or [""]
    return tuple(Position(b, r, administers) for b in branches for r in roles)


def administers_knowledge(principal: Principal) -> bool:
    """Whether a reader gives and takes grants."""
    return principal.branches is None and Role.OPERATOR in principal.roles


class Access:
    """The grants of every document, asked for one reader at a time."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        self._restricted: set[str] = set()
        self._granted: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._revoked: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._held: dict[tuple[Position, Audience], frozenset[str]] = {}
        for grant in grants:
            if grant.allowed:
                self._restricted.add(grant.document_id)
                self._granted[grant.branch, grant.role].add(grant.document_id)
            else:
                self._revoked[grant.branch, grant.role, grant.audience].add(grant.document_id)

    def withheld(self, principal: Principal, audience: Audience) -> frozenset[str]:
        """The documents that no position of the reader reaches for this audience."""
        if not self._restricted and not self._revoked:
            return frozenset()
        return frozenset.intersection(
            *(self._withheld_from(position, audience) for position in positions(principal))
        )

    def permits(
        self,
        principal: Principal,
        audience: Audience,
        document_id: str,
        branches: Collection[str] = (),
    ) -> bool:
        """Whether one position of the reader has both the file's branches and the grants."""
        return any(
            position.within(branches) and document_id not in self._withheld_from(position, audience)
            for position in positions(principal)
        )

    def _withheld_from(self, position: Position, audience: Audience) -> frozenset[str]:
        held = self._held.get((position, audience))
        if held is None:
            held = frozenset(self._lacking_grant(position) | self._taken(position, audience))
            if len(self._held) >= _HELD:
                self._held = {}
            self._held[position, audience] = held
        return held

    def _lacking_grant(self, position: Position) -> set[str]:
        if position.administers:
            return set()
        if position.branch is None:
            reaching: Iterator[set[str]] = (
                documents
                for (_, role), documents in self._granted.items()
                if role in (ANY, position.role)
            )
        else:
            reaching = (
                self._granted.get((branch, role), set())
                for branch in (ANY, position.branch)
                for role in (ANY, position.role)
            )
        return self._restricted.difference(*reaching)

    def _taken(self, position: Position, audience: Audience) -> set[str]:
        audiences = [] if position.administers else [ANY]
        if audience is Audience.CUSTOMER:
            audiences.append(Audience.CUSTOMER.value)
        own = HEAD_OFFICE if position.branch is None else position.branch
        return set().union(
            *(
                self._revoked.get((branch, role, whom), set())
                for branch in (ANY, own)
                for role in (ANY, position.role)
                for whom in audiences
            )
        )
