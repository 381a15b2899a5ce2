"""What a question asks of the product records: which products, which properties, which day.

Nothing is guessed: a product is meant when the question holds its code, a good part of its name,
or words for its kind (with a term, when one is named); a property is asked for when one of its
words stands in the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from itertools import takewhile

from copilot.pipeline.ask_interest import PAYING, sums
from copilot.pipeline.product_period import Period, period, without_dates
from copilot.pipeline.product_words import Property, QuestionWords
from copilot.records.codes import Origin, ProductType
from copilot.records.product import Product

#: What is told of a product when nothing but its name is typed, and of how many at once.
MAIN = (
    Property.RATE,
    Property.MIN_AMOUNT,
    Property.TERM,
    Property.RATING,
    Property.WITHDRAWAL,
)
MOST_AT_LARGE = 2
SHORTEST_NAME_PART = 4  # characters of a name in a row that tell which product is meant
#: Properties that are figures of the record: never left to prose.
FIGURES = frozenset(
    {
        Property.RATE,
        Property.MIN_AMOUNT,
        Property.TERM,
        Property.RATING,
        Property.FEES,
        Property.COOLING_OFF,
        Property.PAY_TERMS,
    }
)
#: A number that follows a series' name: 「启航365」.
_AFTER_SERIES = re.compile(r"(?<=[\u3400-\u9fff])(\d{1,4})(?![\d.%年月个元万])")
_DEPOSIT_NAME = "整存整取"  # what 「存一年」 means when no product is named
_INVESTED = frozenset(
    {
        ProductType.WMP,
        ProductType.FUND,
        ProductType.PRIVATE_FUND,
        ProductType.INSURANCE,
        ProductType.GOLD,
    }
)
#: Their term is the longest there is, not what one of them is called by.
_LENT = frozenset({ProductType.LOAN, ProductType.CREDIT_CARD, ProductType.INSURANCE})
_GUESSED = "期限的存款"  # of what nothing but the term is said
_GAIN = "到期能拿到的金额"
SERIES_NAME = 2  # characters after the issuer's name by which a series is called: 「周享」
_TERM_SLACK = 2  # days: three months are 90 or 91


#: What may stand beside a product in a question that asks for nothing but 「多少」.
_FILLER = re.compile(
    r"现在|今天|目前|今年|以前|之前|原来|原先|上次|最近|的|是|有|都|存|买|办|你们|我们|咱们|本行|年期|期|[呢啊吗了呀]"
)

_AND = re.compile(r"[和跟与同、]|还是|比")
_AND_NOW = re.compile(r"[,，。?？;；].{0,4}(?:现在|如今|眼下|目前|今天)")
#: Whether a sum suffices: 「一块能买吗」.
_ENOUGH = re.compile(r"(?:能|可以|够|够不够)(?:买|存|办|投)?吗|够不够")
#: Numerals that name a month, a day or a quarter.
_NUMERAL = re.compile(r"[零〇一二三四五六七八九十]+(?=[月日号季])")
_ORDINAL = re.compile(r"第(?:\d+|[一二三四五六七八九十])(?:天|日|年|个?月)")  # no term
_TERM_NAME = re.compile(r"(?:[\d一二两三四五六七八九十]+(?:年|个?月)|半年)期")
_CLAUSE = re.compile(r"[,，。?？、;；!！]|还有没有|和|以及|，还")
#: A term as it is spoken: 「三年」, 「90天」.
TERM_WORDS = re.compile(r"[0-9一二两三四五六七八九十半]+(?:年|个月|天|日)")
_QUANTITY = ("多少", "几", "哪天", "什么时候", "多久", "比例", "率")


#: A word for a kind of product, its type, and what must stand in its name.
Kind = tuple[str, ProductType, str]


@dataclass(frozen=True, slots=True)
class ProductQuestion:
    """A question about product records.

    ``products`` are the current versions of those meant, by code; ``no_such`` names a kind and
    term that the shelf does not have; ``absent`` names what is asked and no record holds;
    ``wants_figure`` tells a question for a quantity from one for advice; ``other_bank`` is the
    question's word for a bank that is not ours; ``ranked`` that products are to be put in order
    of return, ``listed`` that they are to be named, ``compared`` that they are to be set side by
    side; ``guessed`` that a term alone tells of them, ``by_word`` that words name the properties;
    ``interest`` that the interest of ``sums`` (fen) over ``terms`` (days) is asked for;
    ``changed`` that what held before is.
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
    listed: bool = False
    interest: bool = False
    changed: bool = False
    compared: bool = False
    guessed: bool = False
    by_word: bool = False
    sums: tuple[int, ...] = ()
    terms: frozenset[int] = frozenset()


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
    text, sum_named = folded(question), sums(question)
    products, named, kind_word = _products_meant(text, shelf, words)
    days = period(_digits(question), as_of)
    changed = _matches(words.changes, text)
    if days.words and days.end < as_of and _AND_NOW.search(text):
        days, changed = Period(as_of, as_of), True  # 「五月份看是1.7，现在呢」
    absent = [name for name, said in words.never_on_record.items() if _any(said, text)]
    if _gain_on_a_sum(text, products, sum_named, words):
        absent.append(_GAIN)
    properties = _properties(text, products, sum_named, words)
    return ProductQuestion(
        products=products,
        properties=properties,
        by_word=bool(properties),
        absent=tuple(absent),
        absent_words=tuple(words.never_on_record_in(text)),
        period=days,
        named=named,
        wants_figure=_any(_QUANTITY, text),
        no_such=_first(words.not_sold, text)
        or (f"这种{kind_word}" if kind_word and named and not products else ""),
        other_bank=_first(words.other_banks, text),
        ranked=_matches(words.ranking, text) and not (named and len(products) == 1),
        listed=_matches(words.listing, text),
        compared=_matches(words.comparing, text),
        guessed=kind_word == _GUESSED and bool(products),
        interest=_matches(words.interest, text),
        changed=changed,
        sums=sum_named,
        terms=frozenset(terms_in(question)),
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
    text: str, products: Sequence[Product], named: Sequence[int], words: QuestionWords
) -> tuple[Property, ...]:
    clauses = [c for c in _CLAUSE.split(text) if not any(words.never_on_record_in(c))]
    found = {p for p, said in words.properties.items() if any(_any(said, c) for c in clauses)}
    if not found and (_asks_how_much(text, products, words) or _matches(words.changes, text)):
        found.add(Property.RATE)
    if named and _matches(words.interest, text) and any(p.type in PAYING for p in products):
        found.add(Property.RATE)
    if _gain_on_a_sum(text, products, named, words):
        found.discard(Property.RATE)  # a benchmark times a sum is no promise, so it is not told
    if named and _ENOUGH.search(text):
        found.add(Property.MIN_AMOUNT)
    if words.other_returns_in(text):
        found.discard(Property.RATE)  # 「历史收益」 is another thing than the benchmark
    if Property.WITHDRAWAL in found and "利率" not in text:
        found.discard(Property.RATE)  # 「提前支取利息怎么算」 asks about withdrawal
    if "赎回费" in text:
        found.discard(Property.WITHDRAWAL)
    return tuple(sorted(found, key=list(Property).index))


def _gain_on_a_sum(
    text: str, products: Sequence[Product], named: Sequence[int], words: QuestionWords
) -> bool:
    """Whether a question wants to know what an investment will pay on a sum."""
    invested = bool(products) and all(p.type in _INVESTED for p in products)
    return invested and bool(named) and _matches(words.interest, text)


def _asks_how_much(text: str, products: Sequence[Product], words: QuestionWords) -> bool:
    """Whether a part of the question is a product and 「多少」 and nothing else."""
    parts = [part for part in re.split(r"[,，。?？、;；!！]", text) if "多少" in part]
    return bool(products) and any(
        not _beside(part.replace("多少", "", 1), products, words) for part in parts
    )


def _beside(text: str, products: Sequence[Product], words: QuestionWords) -> str:
    """What a text says beside products, terms and days."""
    rest = without_dates(text).replace(products[0].product_code.lower(), "")
    for name in (_shared(text, products[0].name), _series(products[0])):
        rest = rest.replace(name, "") if name else rest
    for word, _, _ in sorted(words.kinds, key=lambda kind: -len(kind[0])):
        rest = rest.replace(word, "")
    return _FILLER.sub("", TERM_WORDS.sub("", rest))


def at_large(asked: ProductQuestion, question: str, words: QuestionWords) -> ProductQuestion:
    """A question that is a product's name and nothing else asks for its main facts."""
    few = 1 <= len(asked.products) <= MOST_AT_LARGE
    if asked.properties or not few or _beside(folded(question), asked.products, words):
        return asked
    return replace(asked, properties=MAIN)


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
        beside = _beside_series(text, shelf, kinds, series) if _AND.search(text) else ()
        of_term = narrowed(series, terms, holding)[0]
        own = of_term or (tuple(series) if beside else ())  # the term is the other product's
        return (*own, *beside), True, _series(series[0])
    named = _named(text, shelf)
    kind_words = "、".join(word for word, _, _ in kinds)
    if named and all(len(_shared(text, named[0].name)) > len(word) for word, _, _ in kinds):
        return narrowed(named, terms, holding)[0], True, kind_words or named[0].name
    found: dict[str, Product] = {}
    asked_terms = False
    for _, product_type, part in kinds:
        of_kind = [p for p in shelf if p.type is product_type and part in p.name]
        fitting, by_term = narrowed(of_kind, terms, holding)
        asked_terms = asked_terms or by_term
        found |= {product.product_code: product for product in fitting}
    if not kinds and not named and terms and _of_saving(text, words):
        deposits = [p for p in shelf if p.type is ProductType.DEPOSIT and _DEPOSIT_NAME in p.name]
        return tuple(_of_term(deposits, terms)), True, _GUESSED
    return (
        tuple(found[c] for c in sorted(found)),
        asked_terms or bool(kinds and not found),
        kind_words,
    )


def _beside_series(
    text: str, shelf: Sequence[Product], kinds: Sequence[Kind], series: Sequence[Product]
) -> tuple[Product, ...]:
    """The products of another type that a question names beside a series' name."""
    types = {product.type for product in series}
    return tuple(
        product
        for _, kind, part in kinds
        if kind not in types
        for product in narrowed(
            [p for p in shelf if p.type is kind and part in p.name], terms_in(text), False
        )[0]
    )


def _of_saving(text: str, words: QuestionWords) -> bool:
    """Whether a question that names no product asks what a deposit of some term pays."""
    saving = "存" in text or bool(sums(text)) or _TERM_NAME.search(text) is not None
    pays = _any(words.properties[Property.RATE], text) or _matches(words.interest, text)
    return saving and pays and not any(words.never_on_record_in(text))


def narrowed(
    products: Sequence[Product], terms: Set[int], holding: bool
) -> tuple[tuple[Product, ...], bool]:
    """The products of the terms named, and whether a term was used to choose.

    A term is the product's only where such products have terms, and not when it is how long
    somebody has held one (「买了半年能取吗」).
    """
    fitting = tuple(_of_term(products, terms))
    by_term = bool(terms) and any(p.term_days is not None for p in products)
    lent = all(p.type in _LENT for p in products)
    if not by_term or ((holding or lent) and not fitting):
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


def _kinds_in(text: str, words: QuestionWords) -> list[Kind]:
    """The words for kinds of products in a text, longest first, none inside another."""
    kinds = []
    for kind in sorted(words.kinds, key=lambda kind: -len(kind[0])):
        if kind[0] in text:
            kinds.append(kind)
            text = text.replace(kind[0], "□")
    foreign = [kind for kind in kinds if kind[1] is ProductType.FX]
    return foreign or kinds  # 「美元三年期定存」 is none of our own currency


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


def with_terms(products: Iterable[Product], terms: Set[int]) -> tuple[Product, ...]:
    """The products of one of the terms, give or take two days."""
    return tuple(_of_term(products, terms))


def _terms(text: str) -> set[int]:
    from copilot.compliance.quantities import figures

    plain = _ORDINAL.sub("", without_dates(text))
    return {int(f.value) for f in figures(plain) if f.kind == "term" and int(f.value) > 0}


def _of_term(products: Iterable[Product], terms: Set[int]) -> list[Product]:
    return [
        p
        for p in products
        if p.term_days is not None and any(abs(p.term_days - t) <= _TERM_SLACK for t in terms)
    ]


def _matches(patterns: Iterable[re.Pattern[str]], text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)


def _any(words: Iterable[str], text: str) -> bool:
    return any(word in text for word in words)
