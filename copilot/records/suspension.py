"""Stopping an approved text at once, and the two-person exception to a stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Suspension:
    """One person stopped a text; it stays stopped until a new version is approved."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Override:
    """A stopped text may be used through the day ``until``, once a second person has agreed."""

    asked_by: str
    asked_at: datetime
    reason: str
    until: date
    granted_by: str | None = None
    granted_at: datetime | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the exception may be relied on on ``day``."""
        return self.granted_at is not None and self.granted_at.date() <= day <= self.until

    def as_json(self) -> dict[str, Any]:
        """The exception as ``template show`` lists it."""
        return {
            "asked_by": self.asked_by,
            "asked_at": self.asked_at.isoformat(),
            "granted_by": self.granted_by,
            "granted_at": self.granted_at.isoformat() if self.granted_at else None,
            "until": self.until.isoformat(),
            "reason": self.reason,
        }
