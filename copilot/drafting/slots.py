"""The slot language of templates and scripts: ``{{ path | filter }}`` and nothing else.

Jinja2's lexer splits the text, so quoting and line counting are as editors expect; a token outside
this grammar is an error, and nothing is ever rendered by Jinja2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypedDict

from copilot.errors import InputError


class SlotKind(StrEnum):
    """What a path holds, hence how it may be shown."""

    TEXT = "text"
    SALUTATION = "salutation"
    RATE = "rate"
    AMOUNT = "amount"
    TERM = "term"
    DATE = "date"


#: The filters for each kind; an empty name is a slot without a filter.
FILTERS: dict[SlotKind, tuple[str, ...]] = {
    SlotKind.TEXT: ("",),
    SlotKind.SALUTATION: ("greeting", ""),
    SlotKind.RATE: ("percent",),
    SlotKind.AMOUNT: ("amount",),
    SlotKind.TERM: ("term",),
    SlotKind.DATE: ("date", "full_date"),
}

#: Every path a slot may name: fields that are allowed outside the bank.
PATHS: dict[str, SlotKind] = {
    "customer.salutation": SlotKind.SALUTATION,
    "staff.name": SlotKind.TEXT,
    "staff.number": SlotKind.TEXT,
    "branch.name": SlotKind.TEXT,
    "bank.name": SlotKind.TEXT,
    "today": SlotKind.DATE,
    "maturity.date": SlotKind.DATE,
    "maturity.day": SlotKind.TEXT,
    "maturity.product": SlotKind.TEXT,
    "product.name": SlotKind.TEXT,
    "product.issuer": SlotKind.TEXT,
    "product.risk_rating": SlotKind.TEXT,
    "product.min_amount": SlotKind.AMOUNT,
    "product.term_days": SlotKind.TERM,
    "product.rate_bp": SlotKind.RATE,
    "product.benchmark_low_bp": SlotKind.RATE,
    "product.benchmark_high_bp": SlotKind.RATE,
    "product.benchmark_basis": SlotKind.TEXT,
    "product.benchmark_statement": SlotKind.TEXT,
    "product.apr_bp": SlotKind.RATE,
    "product.apr_high_bp": SlotKind.RATE,
    "product.cooling_off_days": SlotKind.TERM,
    "product.liquidity": SlotKind.TEXT,
    "product.risk_statement": SlotKind.TEXT,
    "product.valid_from": SlotKind.DATE,
    "product.sale_to": SlotKind.DATE,
}

#: Paths that speak of one customer.
MATURITY_PATHS = frozenset({"maturity.date", "maturity.day", "maturity.product"})
PERSONAL_PATHS = MATURITY_PATHS | {"customer.salutation"}


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot; ``filter`` is empty for text."""

    path: str
    filter: str
    line: int


Part = str | Slot


class _Where(TypedDict):
    file: str | None
    row: int


@lru_cache(maxsize=2048)  # a pitch fills some thirty texts, the same ones every time
def parse(text: str, *, file: str | None = None, first_line: int = 1) -> tuple[Part, ...]:
    """A template text as literal pieces and slots, in order.

    Args:
        text: the template text.
        file, first_line: where the text stands, for error messages.

    Raises:
        InputError: a statement, comment, call, unknown path or filter; names file, line and what
            is allowed.

    >>> parse("利率{{ product.rate_bp | percent }}。")
    ('利率', Slot(path='product.rate_bp', filter='percent', line=1), '。')
    """
    from jinja2 import Environment, TemplateSyntaxError

    environment = Environment(keep_trailing_newline=True)
    parts: list[Part] = []
    inside: list[str] | None = None
    try:
        for line, token, value in environment.lex(text):
            where = _Where(file=file, row=first_line + line - 1)
            if token == "data" and inside is None and not set(value) & {"{", "}"}:
                parts.append(value)
            elif token == "variable_begin" and value == "{{":
                inside = []
            elif token == "variable_end" and value == "}}" and inside is not None:
                parts.append(_slot("".join(inside), line, where))
                inside = None
            elif token == "whitespace":
                continue
            elif inside is not None and _continues(inside, token, value):
                inside.append(value)
            else:
                raise _outside_grammar(value, where)
    except TemplateSyntaxError as error:
        where = _Where(file=file, row=first_line + error.lineno - 1)
        raise _outside_grammar(error.message or "", where) from None
    if inside is not None:
        raise _outside_grammar("{{ 没有配对的 }}", _Where(file=file, row=first_line + line - 1))
    return tuple(parts)


def _continues(inside: list[str], token: str, value: str) -> bool:
    """Whether a token may follow: names and the separators ``.`` and ``|``, in turn."""
    if token == "name":
        return not inside or inside[-1] in (".", "|")
    return value in (".", "|") and bool(inside) and inside[-1] not in (".", "|")


def _slot(expression: str, line: int, where: _Where) -> Slot:
    path, _, filter = expression.partition("|")
    kind = PATHS.get(path)
    if kind is None:
        raise InputError(
            f"变量 {path or '（空）'} 不在允许的范围内。",
            next=f"可用的变量：{'、'.join(PATHS)}。",
            field="text",
            **where,
        )
    if filter not in FILTERS[kind]:
        shown = "、".join(name or "（不加格式）" for name in FILTERS[kind])
        raise InputError(
            f"变量 {path} 不能用格式 {filter or '（不加格式）'}。",
            next=f"可用的格式：{shown}。",
            field="text",
            **where,
        )
    return Slot(path, filter, line)


def _outside_grammar(found: str, where: _Where) -> InputError:
    return InputError(
        f"模板中只能写 {{{{ 变量 | 格式 }}}}，不能有语句、注释、调用或运算：{found.strip()}。",
        next="请改成单个变量；需要不同内容时另写一个模板。",
        field="text",
        **where,
    )
