"""Values as a person or a file gives them: a code out of a list, a day."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from copilot.errors import InputError

Code = TypeVar("Code", bound=StrEnum)


def one_of(codes: type[Code], value: Any, field: str) -> Code | None:
    """A code by its value; nothing given is no code.

    Raises:
        InputError: it is not in the list; names the allowed values.
    """
    if value is None:
        return None
    try:
        return codes(value)
    except ValueError:
        raise InputError(
            f"{field} 的值 {value} 不在允许范围内。",
            field=field,
            next=f"可用的值：{'、'.join(code.value for code in codes)}。",
        ) from None


def parse_day(value: str, field: str = "as-of") -> date:
    """A day in ISO form; ``field`` is the option or key that gives it.

    Raises:
        InputError: the value is no date.
    """
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InputError(
            f"日期无法识别：{value}", field=field, next="请写成 2026-11-20 这样的格式。"
        ) from None
