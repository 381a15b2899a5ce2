"""What a question asks of the product records: which products, which properties, which day.

Nothing is guessed: a product is meant when the question holds its code, a good part of its name,
or words for its kind (with a term, when one is named); a property is asked for when one of its
words stands in the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import takewhile

from copilot.pipeline.product_period import Period, period, without_dates
from copilot.pipeline.product_words import Property, QuestionWords
from copilot.records.codes import Origin, ProductType
from copilot.records.product import Product

SHORTEST_NAME_PART = 4  # characters of a name in a row that tell which product is meant
#: A number that follows a series' name: 「启航365」.
_AFTER_SERIES = re.compile(r"(?<=[\u3400-\u9fff])(\d{1,4})(?![\d.%年月个元万])")
_DEPOSIT_NAME = "整存整取"  # what 「存一年」 means when no product is named
SERIES_NAME = 2  # characters after the issuer's name by which a series is called: 「周享」
_TERM_SLACK = 2  # days: three months are 90 or 91


#: What may stand beside a product in a question that asks for nothing but 「多少」.
_FILLER = re.compile(
    r"现在|今天|目前|今年|的|是|有|都|存|买|办|你们|我们|咱们|本行|年期|期|[呢啊吗了呀]"
)

#: Numerals that name a month, a day or a quarter.
_NUMERAL = re.compile(r"[零〇一二三四五六七八九十]+(?=[月日号季])")
_CLAUSE = re.compile(r"[,，。?？、;；!！]|还有没有|和|以及|，还")
_TERM_WORDS = re.compile(r"[0-9一二两三四五六七八九十半]+(?:年|个月|天|日)")
_QUANTITY = ("多少", "几", "哪天", "什么时候", "多久", "比例", "率")


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
    absent_words: tuple[str, ...]
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
        absent_words=tuple(words.never_on_record_in(text)),
        period=period(_digits(question), as_of),
        named=named,
        wants_figure=_any(_QUANTITY, text),
        no_such=_first(words.not_sold, text)
        or (f"这种{kind_word}" if kind_word and named and not products else ""),
        other_bank=_first(words.other_banks, text),
        ranked=any(pattern.search(text) for pattern in words.ranking),
    )


def folded(question: str) -> str:
    """A question in half-width lower case and simplified characters, without spaces."""
    from copilot.knowledge.terms import simplified

    return re.sub(r"\s+", "", simplified(question))


def _digits(question: str) -> str:
    """A folded question with numerals before units of time in digits, in simplified characters."""
    from copilot.knowledge.terms import arabic, fold

    return _NUMERAL.sub(lambda match: arabic(match[0]), folded(fold(question)))


def _properties(
    text: str, products: Sequence[Product], words: QuestionWords
) -> tuple[Property, ...]:
    clauses = [c for c in _CLAUSE.split(text) if not any(words.never_on_record_in(c))]
    found = {p for p, said in words.properties.items() if any(_any(said, c) for c in clauses)}
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
    terms = terms_in(text)
    holding = _any(words.properties[Property.WITHDRAWAL], text)
    series = [p for p in shelf if _series(p) and _series(p) in text]
    if series:
        terms |= {int(n) for n in _AFTER_SERIES.findall(text)}
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
    return (
        tuple(found[c] for c in sorted(found)),
        asked_terms or bool(kinds and not found),
        kind_words,
    )


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


def terms_in(question: str) -> set[int]:
    """The terms in days that a question names: 「三年」, 「90天」, 「半年」."""
    return _terms(_digits(question))


def with_terms(products: Iterable[Product], terms: set[int]) -> tuple[Product, ...]:
    """The products of one of the terms, give or take two days."""
    return tuple(_of_term(products, terms))


def _terms(text: str) -> set[int]:
    from copilot.compliance.quantities import figures

    return {
        int(f.value) for f in figures(without_dates(text)) if f.kind == "term" and int(f.value) > 0
    }


def _of_term(products: Iterable[Product], terms: set[int]) -> list[Product]:
    return [
        p
        for p in products
        if p.term_days is not None and any(abs(p.term_days - t) <= _TERM_SLACK for t in terms)
    ]


def _any(words: Iterable[str], text: str) -> bool:
    return any(word in text for word in words)
