"""The store: one database, one data directory, and repositories that always ask who is asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copilot.store.store import Store

__all__ = ["Store"]


def __getattr__(name: str) -> Any:
    # Not imported for who only looks at the file (`copilot.store.sqlite_file`): it is slow.
    if name == "Store":
        from copilot.store.store import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
