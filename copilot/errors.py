"""Every error the copilot raises on purpose, in one tree.

    CopilotError
     ├─ InputError            exit 2   a file, row, field or argument is wrong
     │   ├─ NotFound          exit 2   the named thing is not in the store
     │   └─ Forbidden         exit 2   the principal's scope does not reach it
     ├─ StateError            exit 2   the store is not ready for this step
     │   └─ Busy              exit 3   another process holds the data directory
     └─ DependencyError       exit 3   disk, database or model endpoint failed
         ├─ ModelUnavailable  exit 3   the model did not answer usefully
         └─ IndexUnavailable  exit 3   the knowledge index cannot be opened

A *refusal* (a pitch that may not be made, a question without evidence) is a result, not an
error: see `copilot.records.matching.Refusal`. Messages name the value, the reason and the next
step, and never contain a customer's name, identifier, phone or text.
"""

from __future__ import annotations

from typing import Any, ClassVar


class CopilotError(Exception):
    """Base of all deliberate errors.

    Args:
        message: what is wrong, naming the value.
        next: the next step that the reader can take.
        file, row, field: where it is wrong, if it is in a file (``row`` counts from 1).
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        message: str,
        *,
        next: str = "",
        file: str | None = None,
        row: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next = next
        self.file = file
        self.row = row
        self.field = field

    def as_json(self) -> dict[str, Any]:
        """``{"error": {"code", "message", "file"?, "row"?, "field"?, "next"}}``."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        for name in ("file", "row", "field"):
            value = getattr(self, name)
            if value is not None:
                body[name] = value
        body["next"] = self.next
        return {"error": body}

    def __str__(self) -> str:
        where = "，".join(
            shown.format(value)
            for shown, value in (
                ("文件 {}", self.file),
                ("第 {} 行", self.row),
                ("字段 {}", self.field),
            )
            if value is not None
        )
        parts = [self.message]
        if where:
            parts.append(f"（{where}）")
        if self.next:
            parts.append(self.next)
        return " ".join(parts)


class InputError(CopilotError):
    """A file, row, field or argument is wrong."""

    code = "input"


class NotFound(InputError):
    """The named customer, product, rule, draft … does not exist."""

    code = "not_found"


class Forbidden(InputError):
    """The principal's scope does not reach the thing asked for."""

    code = "forbidden"


class StateError(CopilotError):
    """The store is not ready, or the step is not allowed in this state."""

    code = "state"


class Busy(StateError):
    """Another process is writing to the same data directory."""

    code = "busy"
    exit_code = 3


class DependencyError(CopilotError):
    """Something the copilot relies on failed."""

    code = "dependency"
    exit_code = 3


class ModelUnavailable(DependencyError):
    """The configured model endpoint did not give a usable answer."""

    code = "model_unavailable"


class IndexUnavailable(DependencyError):
    """The knowledge index cannot be opened."""

    code = "index_unavailable"
