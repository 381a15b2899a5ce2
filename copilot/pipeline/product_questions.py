"""What a question asks of the product records: which products, which properties, which day.

Nothing is guessed: a product is meant when the question holds its code, a good part of its name,
or words for its kind (with a term, when one is named); a property is asked for when one of its
words stands in the question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from copilot.pipeline.product_words import (
    FUTURE,
    KINDS,
    NEVER_ON_RECORD,
    NOT_SOLD,
    PAST,
    PROPERTY_WORDS,
    Property,
)
from copilot.records.codes import ProductType
from copilot.records.product import Product

SHORTEST_NAME_PART = 4  # characters of a name in a row that tell which product is meant
_TERM_SLACK = 2  # days: three months are 90 or 91


#: What may stand beside a product in a question that asks for nothing but 「多少」.
_FILLER = re.compile(
    r"现在|今天|目前|今年|的|是|有|都|存|买|办|你们|我们|咱们|本行|年期|期|[呢啊吗了呀]"
)

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)年?(?:(\d{1,2})月)?(?:(\d{1,2})[日号])?")
_BARE_MONTH = re.compile(r"(?<![\d年])(\d{1,2})月(?:(\d{1,2})[日号]|份)")
_TERM_WORDS = re.compile(r"[0-9一二两三四五六七八九十半]+(?:年|个月|天|日)")
_QUANTITY = ("多少", "几", "哪天", "什么时候", "多久", "比例", "率")


@dataclass(frozen=True, slots=True)
class Period:
    """The days a question is about, both included; ``words`` are those of the question."""

    start: date
    end: date
    words: str = ""


@dataclass(frozen=True, slots=True)
class ProductQuestion:
    """A question about product records.

    ``products`` are the current versions of those meant, by code; ``no_such`` names a kind and
    term that the shelf does not have; ``absent`` names what is asked and no record holds;
    ``wants_figure`` tells a question for a quantity from one for advice.
    """

    products: tuple[Product, ...]
    properties: tuple[Property, ...]
    absent: tuple[str, ...]
    period: Period
    named: bool
    wants_figure: bool
    no_such: str = ""


def read_question(question: str, shelf: Sequence[Product], as_of: date) -> ProductQuestion:
    """What a question asks of the records.

    Args:
        question: as the employee typed it.
        shelf: the products valid on ``as_of``.
        as_of: today, as far as the question is concerned.
    """
    text = folded(question)
    products, named, kind_word = _products_meant(text, shelf)
    return ProductQuestion(
        products=products,
        properties=_properties(text, products),
        absent=tuple(n for n, words in NEVER_ON_RECORD.items() if _any(words, text)),
        period=_period(text, as_of),
        named=named,
        wants_figure=_any(_QUANTITY, text),
        no_such=_not_sold(text) or (f"这个期限的{kind_word}" if named and not products else ""),
    )


def folded(question: str) -> str:
    """A question in half-width lower case without spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", question)).lower()


def _properties(text: str, products: Sequence[Product]) -> tuple[Property, ...]:
    found = {p for p, words in PROPERTY_WORDS.items() if _any(words, text)}
    if not found and _asks_how_much(text, products):
        found.add(Property.RATE)
    if _any((*NEVER_ON_RECORD[PAST], *NEVER_ON_RECORD[FUTURE]), text):
        found.discard(Property.RATE)  # 「历史收益」 is another thing than the benchmark
    if Property.WITHDRAWAL in found and "利率" not in text:
        found.discard(Property.RATE)  # 「提前支取利息怎么算」 asks about withdrawal
    if "赎回费" in text:
        found.discard(Property.WITHDRAWAL)
    return tuple(sorted(found, key=list(Property).index))


def _asks_how_much(text: str, products: Sequence[Product]) -> bool:
    """Whether a part of the question is a product and 「多少」 and nothing else."""
    if not products:
        return False
    for part in re.split(r"[,，。?？、;；!！]", text):
        if "多少" not in part:
            continue
        rest = part.replace("多少", "", 1).replace(products[0].product_code.lower(), "")
        rest = rest.replace(_shared(part, products[0].name) or "多少", "")
        for word, _, _ in sorted(KINDS, key=lambda kind: -len(kind[0])):
            rest = rest.replace(word, "")
        if not _FILLER.sub("", _TERM_WORDS.sub("", rest)):
            return True
    return False


def _not_sold(text: str) -> str:
    """A word of the question for what no retail shelf of this bank holds, or an empty string."""
    return next((word for word in NOT_SOLD if word in text), "")


def _products_meant(text: str, shelf: Sequence[Product]) -> tuple[tuple[Product, ...], bool, str]:
    """The products meant, whether they are named more closely than by kind, and the kind's word."""
    by_code = [p for p in shelf if p.product_code.lower() in text]
    if by_code:
        longest = max(len(p.product_code) for p in by_code)
        return tuple(p for p in by_code if len(p.product_code) == longest), True, ""
    kinds = _kinds_in(text)
    terms = _terms(text)
    named = _named(text, shelf)
    words = "、".join(word for word, _, _ in kinds)
    holding = _any(PROPERTY_WORDS[Property.WITHDRAWAL], text)
    if named and all(len(_shared(text, named[0].name)) > len(word) for word, _, _ in kinds):
        return _narrowed(named, terms, holding)[0], True, words or named[0].name
    found: dict[str, Product] = {}
    asked_terms = False
    for _, product_type, part in kinds:
        of_kind = [p for p in shelf if p.type is product_type and part in p.name]
        narrowed, by_term = _narrowed(of_kind, terms, holding)
        asked_terms = asked_terms or by_term
        found |= {product.product_code: product for product in narrowed}
    return tuple(found[code] for code in sorted(found)), asked_terms, words


def _narrowed(
    products: Sequence[Product], terms: set[int], holding: bool
) -> tuple[tuple[Product, ...], bool]:
    """The products of the terms named, and whether a term was used to choose.

    A term is the product's only where such products have terms, and not when it is how long
    somebody has held one (「买了半年能取吗」).
    """
    fitting = tuple(_of_term(products, terms))
    by_term = bool(terms) and any(p.term_days is not None for p in products)
    if not by_term or (holding and not fitting):
        return tuple(products), False
    return fitting, True


def _kinds_in(text: str) -> list[tuple[str, ProductType, str]]:
    """The words for kinds of products in a text, longest first, none inside another."""
    kinds = []
    for kind in sorted(KINDS, key=lambda kind: -len(kind[0])):
        if kind[0] in text:
            kinds.append(kind)
            text = text.replace(kind[0], "□")
    return kinds


def _named(text: str, shelf: Sequence[Product]) -> list[Product]:
    """The products that share the longest run with the text, and of those the most in all."""
    scores = {p.product_code: _likeness(text, p.name) for p in shelf}
    best = max(scores.values(), default=(0, 0))
    return [p for p in shelf if best[0] and scores[p.product_code] == best]


def _likeness(text: str, name: str) -> tuple[int, int]:
    longest = _shared(text, name)
    if not longest:
        return 0, 0
    total, rest = len(longest), folded(name).replace(longest, "", 1)
    while part := _shared(text, rest):
        total, rest = total + len(part), rest.replace(part, "", 1)
    return len(longest), total


def _shared(text: str, name: str) -> str:
    """The longest run of a name's characters that stands in the text."""
    name = folded(name).removeprefix("示例")
    for length in range(len(name), SHORTEST_NAME_PART - 1, -1):
        for start in range(len(name) - length + 1):
            if name[start : start + length] in text:
                return name[start : start + length]
    return ""


def _terms(text: str) -> set[int]:
    """The terms in days that a question names: 「三年」, 「90天」, 「半年」."""
    from copilot.compliance.quantities import figures

    years = _YEAR.sub("", text)
    return {int(f.value) for f in figures(years) if f.kind == "term" and int(f.value) > 0}


def _of_term(products: Iterable[Product], terms: set[int]) -> list[Product]:
    return [
        p
        for p in products
        if p.term_days is not None and any(abs(p.term_days - t) <= _TERM_SLACK for t in terms)
    ]


def _period(text: str, today: date) -> Period:
    match = _YEAR.search(text)
    if match:
        year, month, day = (int(part) if part else None for part in match.groups())
        return _span(year or today.year, month, day, match.group(), today)
    relative = {
        "前年": (date(today.year - 2, 1, 1), date(today.year - 2, 12, 31)),
        "去年": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        "明年": (date(today.year + 1, 1, 1), date(today.year + 1, 12, 31)),
        "上个月": _month_before(today),
        "上月": _month_before(today),
        "昨天": (today - timedelta(days=1), today - timedelta(days=1)),
        "明天": (today + timedelta(days=1), today + timedelta(days=1)),
        "下个月": _month_after(today),
        "下月": _month_after(today),
    }
    for words, (start, end) in relative.items():
        if words in text:
            return Period(start, end, words)
    match = _BARE_MONTH.search(text)
    if match and "到期" not in text:
        month, day = int(match[1]), int(match[2]) if match[2] else None
        return _span(today.year, month, day, match.group(), today)
    return Period(today, today)


def _span(year: int, month: int | None, day: int | None, words: str, today: date) -> Period:
    try:
        if month is None:
            return Period(date(year, 1, 1), date(year, 12, 31), words)
        if day is not None:
            return Period(date(year, month, day), date(year, month, day), words)
        start = date(year, month, 1)
        return Period(start, _month_after(start)[0] - timedelta(days=1), words)
    except ValueError:  # 2月30日: no such day, so the question is taken to be about today
        return Period(today, today)


def _month_before(day: date) -> tuple[date, date]:
    end = day.replace(day=1) - timedelta(days=1)
    return end.replace(day=1), end


def _month_after(day: date) -> tuple[date, date]:
    start = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start, (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _any(words: Iterable[str], text: str) -> bool:
    return any(word in text for word in words)
