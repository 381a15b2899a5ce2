"""The store: one database, one data directory, and repositories that always ask who is asking."""

from copilot.store.store import Store

__all__ = ["Store"]
