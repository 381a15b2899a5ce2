"""Citations are verified, never filled in: a sentence stands on a literal quote or it goes.

A quote proves that its passage says these words; whether the sentence draws the right conclusion
from them remains for a person. What can be decided by code is decided here, without similarity.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from copilot.knowledge.terms import arabic, fold
from copilot.records.codes import Audience
from copilot.records.knowledge import Citation, Passage

if TYPE_CHECKING:
    from copilot.store.knowledge import KnowledgeRepository

SHORTEST_QUOTE = 4
"""Characters; a shorter run stands in any text and proves nothing."""

_UNIT = (
    "%|‰|个百分点|个基点|bp|亿元|万元|美元|元|亿|万|个工作日|个自然日|工作日|个月|年|月|日|天|"
    "周岁|岁|次|倍|笔|人|小时|分钟|条|号"
)
_NUMBER = re.compile(rf"[a-z]?\d+(?:\.\d+)?(?:{_UNIT})?")
_HUNDREDTHS = re.compile(
    r"百分之(\d+|[零〇一二两三四五六七八九十]+)(?:[点.](\d+|[零〇一二三四五六七八九]+))?"
)
_NUMERAL = re.compile(rf"[零〇一二两三四五六七八九十百千]+(?={_UNIT})")


@dataclass(frozen=True, slots=True)
class DroppedCitation:
    """A citation that may not be shown, and every reason why."""

    citation: Citation
    problems: tuple[str, ...]


def verify(
    citations: Iterable[Citation],
    knowledge: KnowledgeRepository,
    *,
    as_of: date,
    audience: Audience,
    facts: Collection[str] = (),
    product_names: Collection[str] = (),
) -> tuple[tuple[Citation, ...], tuple[DroppedCitation, ...]]:
    """Which citations hold for this reader on this date, and which do not.

    ``facts`` are display forms of record fields (``1.45%``, ``3年``, a product's name) that a
    sentence may use without quoting them; ``product_names`` are the names to watch for.
    """
    given = tuple(citations)
    ids = [citation.passage_id for citation in given]
    passages = knowledge.visible(ids)
    permitted = passages if audience is Audience.INTERNAL else knowledge.visible(ids, audience)
    kept, dropped = [], []
    for citation in given:
        passage = passages.get(citation.passage_id)
        if passage is None:
            found: tuple[str, ...] = ("资料不存在、已撤下、已有新版本，或不在可见范围内",)
        else:
            found = problems(
                citation,
                passage,
                as_of=as_of,
                audience=audience,
                facts=facts,
                product_names=product_names,
            )
            if not found and citation.passage_id not in permitted:
                found = ("资料已不得用于客户",)
        if found:
            dropped.append(DroppedCitation(citation, found))
        else:
            kept.append(citation)
    return tuple(kept), tuple(dropped)


def problems(
    citation: Citation,
    passage: Passage,
    *,
    as_of: date,
    audience: Audience,
    facts: Collection[str] = (),
    product_names: Collection[str] = (),
) -> tuple[str, ...]:
    """Why a citation of this very passage version does not hold; empty when it does."""
    found = []
    if len(citation.quote.strip()) < SHORTEST_QUOTE:
        found.append(f"引文不足 {SHORTEST_QUOTE} 个字")
    elif citation.quote not in passage.text:
        found.append("引文不是原文中的原话")
    if not passage.valid_on(as_of):
        found.append(f"资料在 {as_of.isoformat()} 无效")
    if audience is Audience.CUSTOMER and passage.audience is not Audience.CUSTOMER:
        found.append("资料仅供行内使用")
    loose = numbers(citation.sentence) - numbers(citation.quote)
    for fact in facts:
        loose -= numbers(fact)
    if loose:
        found.append(f"引文和产品记录中没有这些数字：{'、'.join(sorted(loose))}")
    sources = (citation.quote, passage.heading, *facts)
    for name in product_names:
        if name in citation.sentence and not any(name in source for source in sources):
            found.append(f"引文和产品记录中没有这个产品：{name}")
    return tuple(found)


def numbers(text: str) -> set[str]:
    """The numbers of a text with their units, in one spelling.

    >>> sorted(numbers("三年期年利率１.４５％，5万元起，R2"))
    ['1.45%', '3年', '5万元', 'r2']
    >>> sorted(numbers("自评估之日起十二个月内，最多百分之三"))
    ['12个月', '3%']
    """
    folded = _HUNDREDTHS.sub(_as_percent, fold(text))
    folded = _NUMERAL.sub(lambda match: arabic(match[0]), folded)
    return set(_NUMBER.findall(folded))


def _as_percent(match: re.Match[str]) -> str:
    parts = [part if part.isdecimal() else arabic(part) for part in match.groups() if part]
    return ".".join(parts) + "%"
