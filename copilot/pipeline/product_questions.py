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
from itertools import takewhile

from copilot.pipeline.product_words import Property, QuestionWords
from copilot.records.codes import Origin, ProductType
from copilot.records.product import Product

SHORTEST_NAME_PART = 4  # characters of a name in a row that tell which product is meant
_DEPOSIT_NAME = "整存整取"  # what 「存一年」 means when no product is named
SERIES_NAME = 2  # characters after the issuer's name by which a series is called: 「周享」
_TERM_SLACK = 2  # days: three months are 90 or 91


#: What may stand beside a product in a question that asks for nothing but 「多少」.
_FILLER = re.compile(
    r"现在|今天|目前|今年|的|是|有|都|存|买|办|你们|我们|咱们|本行|年期|期|[呢啊吗了呀]"
)

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)年?(?:(\d{1,2})月)?(?:(\d{1,2})[日号])?")
_BARE_MONTH = re.compile(r"(?<![\d年])(\d{1,2})月(?:(\d{1,2})[日号]|份)")
_AGO = re.compile(
    r"(\d+|[一二两三四五六七八九十]+)个?(天|周|星期|月|年)(?:以前|之前|前(?!支|赎|还))"
)
_DAYS_OF = {"天": 1, "周": 7, "星期": 7, "月": 30, "年": 365}
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
    ``wants_figure`` tells a question for a quantity from one for advice; ``other_bank`` is the
    question's word for a bank that is not ours; ``ranked`` that products are to be put in order
    of return.
    """

    products: tuple[Product, ...]
    properties: tuple[Property, ...]
    absent: tuple[str, ...]
    period: Period
    named: bool
    wants_figure: bool
    no_such: str = ""
    other_bank: str = ""
    ranked: bool = False


def read_question(
    question: str, shelf: Sequence[Product], as_of: date, words: QuestionWords
) -> ProductQuestion:
    """What a question asks of the records.

    Args:
        question: as the employee typed it.
        shelf: the products valid on ``as_of``.
        as_of: today, as far as the question is concerned.
        words: the words by which questions are understood.
    """
    text = folded(question)
    products, named, kind_word = _products_meant(text, shelf, words)
    return ProductQuestion(
        products=products,
        properties=_properties(text, products, words),
        absent=tuple(n for n, said in words.never_on_record.items() if _any(said, text)),
        period=_period(text, as_of),
        named=named,
        wants_figure=_any(_QUANTITY, text),
        no_such=_first(words.not_sold, text)
        or (f"这个期限的{kind_word}" if named and not products else ""),
        other_bank=_first(words.other_banks, text),
        ranked=any(pattern.search(text) for pattern in words.ranking),
    )


def folded(question: str) -> str:
    """A question in half-width lower case without spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", question)).lower()


def _properties(
    text: str, products: Sequence[Product], words: QuestionWords
) -> tuple[Property, ...]:
    found = {p for p, said in words.properties.items() if _any(said, text)}
    if not found and _asks_how_much(text, products, words):
        found.add(Property.RATE)
    if words.other_returns_in(text):
        found.discard(Property.RATE)  # 「历史收益」 is another thing than the benchmark
    if Property.WITHDRAWAL in found and "利率" not in text:
        found.discard(Property.RATE)  # 「提前支取利息怎么算」 asks about withdrawal
    if "赎回费" in text:
        found.discard(Property.WITHDRAWAL)
    return tuple(sorted(found, key=list(Property).index))


def _asks_how_much(text: str, products: Sequence[Product], words: QuestionWords) -> bool:
    """Whether a part of the question is a product and 「多少」 and nothing else."""
    if not products:
        return False
    for part in re.split(r"[,，。?？、;；!！]", text):
        if "多少" not in part:
            continue
        rest = part.replace("多少", "", 1).replace(products[0].product_code.lower(), "")
        rest = rest.replace(_shared(part, products[0].name) or "多少", "")
        for word, _, _ in sorted(words.kinds, key=lambda kind: -len(kind[0])):
            rest = rest.replace(word, "")
        if not _FILLER.sub("", _TERM_WORDS.sub("", rest)):
            return True
    return False


def _first(words: Iterable[str], text: str) -> str:
    """The first of the words that stands in the text, or an empty string."""
    return next((word for word in words if word in text), "")


def _products_meant(
    text: str, shelf: Sequence[Product], words: QuestionWords
) -> tuple[tuple[Product, ...], bool, str]:
    """The products meant, whether they are named more closely than by kind, and the kind's word."""
    by_code = [p for p in shelf if p.product_code.lower() in text]
    if by_code:
        longest = max(len(p.product_code) for p in by_code)
        return tuple(p for p in by_code if len(p.product_code) == longest), True, ""
    kinds = _kinds_in(text, words)
    terms = _terms(text)
    holding = _any(words.properties[Property.WITHDRAWAL], text)
    series = [p for p in shelf if _series(p) and _series(p) in text]
    if series:
        return _narrowed(series, terms, holding)[0], True, _series(series[0])
    named = _named(text, shelf)
    kind_words = "、".join(word for word, _, _ in kinds)
    if named and all(len(_shared(text, named[0].name)) > len(word) for word, _, _ in kinds):
        return _narrowed(named, terms, holding)[0], True, kind_words or named[0].name
    found: dict[str, Product] = {}
    asked_terms = False
    for _, product_type, part in kinds:
        of_kind = [p for p in shelf if p.type is product_type and part in p.name]
        narrowed, by_term = _narrowed(of_kind, terms, holding)
        asked_terms = asked_terms or by_term
        found |= {product.product_code: product for product in narrowed}
    if not kinds and not named and "存" in text and _any(words.properties[Property.RATE], text):
        fixed = _of_term((p for p in shelf if p.type is ProductType.DEPOSIT), terms)
        return tuple(p for p in fixed if _DEPOSIT_NAME in p.name), bool(fixed), ""
    return tuple(found[code] for code in sorted(found)), asked_terms, kind_words


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


def _series(product: Product) -> str:
    """What a partner calls a series: the characters after its own name in a product's name."""
    if product.origin is not Origin.AGENCY:
        return ""
    shared = takewhile(
        lambda pair: pair[0] == pair[1], zip(product.name, product.issuer, strict=False)
    )
    maker = len(list(shared))
    return product.name[maker : maker + SERIES_NAME] if maker >= SHORTEST_NAME_PART else ""


def _kinds_in(text: str, words: QuestionWords) -> list[tuple[str, ProductType, str]]:
    """The words for kinds of products in a text, longest first, none inside another."""
    kinds = []
    for kind in sorted(words.kinds, key=lambda kind: -len(kind[0])):
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
    from copilot.knowledge.terms import arabic

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
        "大前天": _days_off(today, -3),
        "前天": _days_off(today, -2),
        "昨天": _days_off(today, -1),
        "昨日": _days_off(today, -1),
        "明天": _days_off(today, 1),
        "明日": _days_off(today, 1),
        "后天": _days_off(today, 2),
        "上个星期": _week_off(today, -1),
        "上星期": _week_off(today, -1),
        "上周": _week_off(today, -1),
        "下个星期": _week_off(today, 1),
        "下星期": _week_off(today, 1),
        "下周": _week_off(today, 1),
        "今年年初": (date(today.year, 1, 1), date(today.year, 1, 31)),
        "年初": (date(today.year, 1, 1), date(today.year, 1, 31)),
        "下个月": _month_after(today),
        "下月": _month_after(today),
    }
    for words, (start, end) in relative.items():
        if words in text:
            return Period(start, end, words)
    match = _AGO.search(text)
    if match:
        ago = _DAYS_OF[match[2]] * int(arabic(match[1]))
        return Period(*_days_off(today, -ago), match.group())
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


def _days_off(today: date, days: int) -> tuple[date, date]:
    return today + timedelta(days=days), today + timedelta(days=days)


def _week_off(today: date, weeks: int) -> tuple[date, date]:
    start = today + timedelta(days=7 * weeks - today.weekday())
    return start, start + timedelta(days=6)


def _month_before(day: date) -> tuple[date, date]:
    end = day.replace(day=1) - timedelta(days=1)
    return end.replace(day=1), end


def _month_after(day: date) -> tuple[date, date]:
    start = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start, (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _any(words: Iterable[str], text: str) -> bool:
    return any(word in text for word in words)
