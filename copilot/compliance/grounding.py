"""Every figure of a draft must state a fact: same value, same role, in a declared format."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from copilot.compliance.quantities import FigureInText, figures
from copilot.records.compliance import CheckContext, Fact
from copilot.records.figures import amount_rounded

_ROLE_REACH = 12


@cache
def _ordinary() -> re.Pattern[str]:
    """Figures that state nothing about a product, a customer or a result."""
    return re.compile(_ORDINARY)


_ORDINARY = (
    r"第[0-9零〇一二两三四五六七八九十百千]+[条章节款项步点期届个名位]?"
    r"|(?:热线|电话|客服|致电|拨打|详询|编号|工号|证号|代码|文号|序号|邮编|房间|窗口)"
    r"[:是为]?[a-z0-9\-]{1,40}(?![.%])"
    r"|[〔\[(]\d{4}[〕\])]\d{0,10}号?|\d{1,10}号(?:令|文|窗口|柜台)"
    r"|回复?[a-z0-9]{1,8}|[0-9一]对[0-9一]|7[×x*]24(?:小时)?|24小时|t[+-]\d+"
    r"|(?<![a-z])[a-z]{2,16}-?[a-z]{0,16}\d{1,16}[a-z0-9]*|\d{1,3}g(?![a-z])"
    r"|(?:^|\n|[。;:])\s{0,8}[(]?\d{1,2}[).、](?!\d)|[(]\d{1,2}[)]"
    r"|百分之百|一百分|十分(?!之|钟)|万一|千万(?!元|级)|百年|千家万户|一年一度"
    r"|每[一]?[天日周月年]|一天内?就|一[生日]|[这那上下每本首同当任前后]一?期"
    r"|[一二三四五六七八九十两几半]?[一二两三几]"
    r"(?:个(?!月|点|百|季|工|交|自)|下|起|位|些|种|步|点|般|样|同|定|直|旦|致|切|并|次|句|笔|张|家"
    r"|项|份|类|方面)"
)
_QUESTION = re.compile(r"[吗呢么?]")


@dataclass(frozen=True, slots=True)
class Roles:
    """Words near a figure that say what it is, each with the fact roles it may state.

    ``before`` words stand before the figure, ``after`` words directly behind it.
    """

    before: tuple[tuple[re.Pattern[str], frozenset[str]], ...]
    after: tuple[tuple[re.Pattern[str], frozenset[str]], ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, Sequence[str]]]) -> Roles:
        """Roles from a compiled pack: position → words joined by ``|`` → roles."""

        def compiled(
            table: Mapping[str, Sequence[str]], end: str
        ) -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
            return tuple((re.compile(f"(?:{w}){end}"), frozenset(r)) for w, r in table.items())

        return cls(compiled(data["before"], ""), compiled(data["after"], ""))

    def of(self, text: str, figure: FigureInText, previous_end: int) -> frozenset[str] | None:
        """The fact roles that the words around a figure allow; ``None``: any.

        Dates and ratings say by themselves what they are.
        """
        if figure.kind in ("date", "year", "rating"):
            return None
        for pattern, roles in self.after:
            if pattern.match(text, figure.end):
                return roles
        low = max(previous_end, figure.start - _ROLE_REACH)
        window = text[low : figure.start]
        window = window[max(window.rfind(c) for c in ",;。!?\n") + 1 :]
        best: tuple[int, frozenset[str]] | None = None
        for pattern, roles in self.before:
            for match in pattern.finditer(window):
                if best is None or match.end() > best[0]:
                    best = (match.end(), roles)
        return best[1] if best else None


def ungrounded(
    text: str,
    context: CheckContext,
    roles: Roles,
    stated: Iterable[FigureInText],
    harmless: Any = None,
) -> Iterable[FigureInText]:
    """The figures of a folded text that state none of ``context.facts``.

    ``harmless`` is the pattern of figures that state nothing; ``None``: the Chinese one.
    """
    facts = context.facts or ()
    ordinary = [match.span() for match in (harmless or _ordinary()).finditer(text)]
    starts = [start for start, _ in ordinary]
    previous_end, previous_roles = 0, None
    for figure in stated:
        index = bisect_right(starts, figure.start) - 1
        if index >= 0 and figure.end <= ordinary[index][1]:
            continue
        if figure.kind == "time" or _asks_for_a_horizon(text, figure):
            continue
        allowed = roles.of(text, figure, previous_end)
        if allowed is None and text[previous_end : figure.start] in {"-", "~", "至", "到", "—"}:
            allowed = previous_roles  # the second end of a range has the role of the first
        previous_end, previous_roles = figure.end, allowed
        if not any(_states(figure, fact, allowed) for fact in facts):
            yield figure


def _asks_for_a_horizon(text: str, figure: FigureInText) -> bool:
    """「这笔钱一年内要用吗？」 asks; it states no term of a product, as 「五年期」 does."""
    if figure.kind != "term" or "期" in text[figure.start : figure.end + 1]:
        return False
    rest = re.split(r"[。!;\n]", text[figure.end : figure.end + 24], maxsplit=1)[0]
    return bool(_QUESTION.search(rest))


def _states(figure: FigureInText, fact: Fact, allowed: frozenset[str] | None) -> bool:
    if not _same_role(fact, allowed):
        return False
    if figure.kind == "rate":
        return fact.kind == "rate" and abs(float(fact.value) - float(figure.value)) < 1e-6
    if figure.kind == "amount":
        return fact.kind == "amount" and _same_amount(int(figure.value), fact)
    if figure.kind == "term":
        return fact.kind == "term" and int(fact.value) == figure.value
    if figure.kind in ("date", "year"):
        return fact.kind == "date" and _same_date(str(figure.value), str(fact.value))
    if figure.kind == "rating":
        return str(fact.value).upper() == figure.value
    return fact.kind == "count" and float(fact.value) == figure.value


def _same_role(fact: Fact, allowed: frozenset[str] | None) -> bool:
    if allowed is None or fact.role in allowed:
        return True
    if fact.role == "quoted":
        return fact.kind != "amount"  # an amount from prose is no minimum
    return any(fact.role.startswith(f"{role}_") for role in allowed)


def _same_amount(stated: int, fact: Fact) -> bool:
    value = int(fact.value)
    if stated == value:
        return True
    if fact.source.startswith("product."):
        return False  # a product's amounts are stated exactly
    return any(f.value == stated for f in figures(amount_rounded(value)))


def _same_date(stated: str, fact: str) -> bool:
    if stated.startswith("--"):
        return fact[5:] == stated[2:]
    return fact.startswith(stated)
