"""Where the knowledge disagrees with the records or with itself.

What is compared is literal: a figure in its place against the field of the record, a sentence
against its twin. What is reported is for a person to settle; nothing is changed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, Any

from copilot.knowledge.faq import faq_parts
from copilot.knowledge.stated import FACTS, differing_facts, unknown_figures
from copilot.knowledge.terms import arabic, fold
from copilot.knowledge.twins import near_twins
from copilot.records.codes import PassageKind
from copilot.records.knowledge import Document, Passage
from copilot.records.labelled import Labelled

if TYPE_CHECKING:
    from copilot.records.product import Product
    from copilot.records.staff import Principal
    from copilot.store import Store

SHORTEST_SENTENCE = 12
"""Characters, figures apart; shorter sentences agree by chance."""
LONGEST_REPORTED = 40

_SENTENCE = re.compile(r"[^。！？!?；\n]+")
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百千]+(?=万|亿|元|天|日|月|个|次|笔|倍|岁|小时)")
_SPACE = re.compile(r"[\s，。；：、“”（）()《》]+")
#: Words that say that a figure is not today's.
_PAST = re.compile(r"此前|原来|原先|调整前|以前|曾|历史|当时|下调前|上调前|\d{4}年")


class Kind(Labelled):
    """What is wrong; every kind but ``duplicate`` is a contradiction."""

    RECORD = "record", "产品资料与产品记录不一致"
    MENTION = "mention", "提到产品的数字与产品记录不一致"
    FIGURE = "figure", "同一句话，数字不同"
    OVERLAP = "overlap", "同一产品的两份资料有效期重叠"
    QUESTION = "question", "同一个问题，两个答案"
    DUPLICATE = "duplicate", "内容重复"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One disagreement with the passages (or documents) that take part in it."""

    kind: Kind
    message: str
    documents: tuple[str, ...]
    passages: tuple[str, ...] = ()

    @property
    def contradicts(self) -> bool:
        """Whether somebody would be told two things."""
        return self.kind is not Kind.DUPLICATE

    def as_json(self) -> dict[str, Any]:
        """One finding of ``copilot knowledge doctor``."""
        return {
            "kind": self.kind.value,
            "message": self.message,
            "documents": list(self.documents),
            "passages": list(self.passages),
        }


def conflicts(store: Store, principal: Principal, as_of: date) -> list[Conflict]:
    """Every disagreement among what is in the knowledge, whatever its dates; worst kind first."""
    knowledge = store.knowledge(principal)
    documents = knowledge.documents()
    passages = list(knowledge.current_passages())
    records = _Records(store, principal, as_of)
    found = [
        *_against_records(passages, records),
        *_mentions(passages, records),
        *_twins_with_other_figures(passages),
        *_overlaps(documents),
        *_questions(passages),
        *_duplicates(passages),
    ]
    order = list(Kind)
    return sorted(found, key=lambda c: (order.index(c.kind), c.documents, c.message))


class _Records:
    """Product versions by code and day, read once."""

    def __init__(self, store: Store, principal: Principal, as_of: date) -> None:
        products = store.products(principal)
        self.as_of = as_of
        self.versions: Mapping[str, Sequence[Product]] = {
            code: products.versions(code) for code in products.codes()
        }

    def on(self, code: str, day: date) -> Product | None:
        """The version of a product on a day."""
        return next((p for p in self.versions.get(code, ()) if p.valid_on(day)), None)

    def today(self) -> list[Product]:
        """Each product's version on the day that is asked about."""
        found = (self.on(code, self.as_of) for code in self.versions)
        return [product for product in found if product is not None]


def _against_records(passages: Iterable[Passage], records: _Records) -> Iterator[Conflict]:
    """Sheets against the record of the time that they describe."""
    for passage in passages:
        if passage.kind is not PassageKind.PRODUCT or passage.product_code is None:
            continue
        product = records.on(passage.product_code, passage.valid_from or records.as_of)
        if product is None:
            continue  # reported as unsold; there is nothing to compare with
        if passage.heading.endswith(FACTS):
            wrong = differing_facts(passage.text, product)
        else:
            wrong = [
                f"“{_short(sentence)}”写 {'、'.join(figures)}，产品记录没有这个数"
                for sentence in _sentences(passage.text)
                if not _PAST.search(sentence)
                for figures in [unknown_figures(sentence, product)]
                if figures
            ]
        for message in wrong:
            yield _conflict(Kind.RECORD, f"{product.product_code} {message}", passage)


def _mentions(passages: Iterable[Passage], records: _Records) -> Iterator[Conflict]:
    """Questions, articles and scripts that name one product, against its record now."""
    shelf = sorted(records.today(), key=lambda product: -len(product.name))
    for passage in passages:
        if passage.kind is PassageKind.PRODUCT or not passage.valid_on(records.as_of):
            continue
        for sentence in _sentences(passage.text):
            product = _only_product(sentence, shelf)
            if product is None or _PAST.search(sentence):
                continue
            figures = unknown_figures(sentence, product)
            if figures:
                message = (
                    f"“{_short(sentence)}”写 {'、'.join(figures)}，"
                    f"{product.product_code} 的产品记录没有这个数"
                )
                yield _conflict(Kind.MENTION, message, passage)


def _only_product(sentence: str, shelf: Sequence[Product]) -> Product | None:
    """The one product that a sentence names; the longest name wins where one holds another."""
    named, rest = [], sentence
    for product in shelf:
        for words in (product.name, product.product_code):
            if words in rest:
                named.append(product)
                rest = rest.replace(words, "")
    return named[0] if len({product.product_code for product in named}) == 1 else None


def _twins_with_other_figures(passages: Iterable[Passage]) -> Iterator[Conflict]:
    """Sentences that agree in every word and in all figures but one."""
    groups: defaultdict[str, list[tuple[tuple[str, ...], str, Passage]]] = defaultdict(list)
    for passage in passages:
        for sentence in _sentences(passage.text):
            folded = _NUMERAL.sub(lambda m: arabic(m[0]), _SPACE.sub("", fold(sentence)))
            words, figures = _FIGURE.sub("#", folded), tuple(_FIGURE.findall(folded))
            if figures and len(words.replace("#", "")) >= SHORTEST_SENTENCE:
                groups[words].append((figures, sentence, passage))
    for twins in groups.values():
        for (first, said, one), (second, other, two) in combinations(twins, 2):
            different = sum(a != b for a, b in zip(first, second, strict=True))
            if different == 1 and _same_subject(one, two) and _meet(one, two):
                message = f"“{_short(said)}”与“{_short(other)}”"
                yield _conflict(Kind.FIGURE, message, one, two)


def _overlaps(documents: Iterable[Document]) -> Iterator[Conflict]:
    by_code: defaultdict[str, list[Document]] = defaultdict(list)
    for document in documents:
        if document.kind is PassageKind.PRODUCT and document.product_code:
            by_code[document.product_code].append(document)
    for code, sheets in by_code.items():
        for one, two in combinations(sheets, 2):
            if _meet(one, two):
                message = f"{code}：{_span(one)} 与 {_span(two)}"
                yield Conflict(Kind.OVERLAP, message, (one.document_id, two.document_id))


def _questions(passages: Iterable[Passage]) -> Iterator[Conflict]:
    """One question that two entries answer differently."""
    asked: defaultdict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        if passage.kind is PassageKind.FAQ:
            parts = faq_parts(passage)
            for words in dict.fromkeys(map(_plain, (parts.question, *parts.variants))):
                asked[words].append(passage)
    seen: set[tuple[str, str]] = set()
    for entries in asked.values():
        for one, two in combinations(entries, 2):
            pair = (one.passage_id, two.passage_id)
            same = _plain(faq_parts(one).answer) == _plain(faq_parts(two).answer)
            if pair not in seen and not same and _meet(one, two) and _same_readers(one, two):
                seen.add(pair)
                yield _conflict(Kind.QUESTION, f"“{_short(one.heading)}”", one, two)


def _duplicates(passages: Sequence[Passage]) -> Iterator[Conflict]:
    for one, two in near_twins(passages):
        if one.kind is two.kind and _same_subject(one, two) and _meet(one, two):
            message = f"“{_short(one.heading)}”与“{_short(two.heading)}”"
            yield _conflict(Kind.DUPLICATE, message, one, two)


def _conflict(kind: Kind, message: str, *passages: Passage) -> Conflict:
    documents = tuple(dict.fromkeys(passage.document_id for passage in passages))
    return Conflict(kind, message, documents, tuple(p.passage_id for p in passages))


def _same_subject(one: Passage, two: Passage) -> bool:
    """Sheets of two products are meant to be alike; a text for one branch may differ."""
    types = set(one.product_types) & set(two.product_types)
    shared = bool(types) or not one.product_types or not two.product_types
    return one.product_code == two.product_code and shared and _same_readers(one, two)


def _same_readers(one: Passage, two: Passage) -> bool:
    return not one.branches or not two.branches or bool(set(one.branches) & set(two.branches))


def _meet(one: Passage | Document, two: Passage | Document) -> bool:
    """Whether both are in force on some day."""
    start = max(filter(None, (one.valid_from, two.valid_from)), default=date.min)
    end = min(filter(None, (one.valid_to, two.valid_to)), default=date.max)
    return start < end


def _span(document: Document) -> str:
    since = document.valid_from.isoformat() if document.valid_from else "起初"
    until = document.valid_to.isoformat() if document.valid_to else "今"
    return f"{document.document_id}（{since}～{until}）"


def _sentences(text: str) -> list[str]:
    return [found.strip() for found in _SENTENCE.findall(text) if found.strip()]


def _plain(text: str) -> str:
    return _SPACE.sub("", fold(text)).rstrip("?？")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_REPORTED else text[:LONGEST_REPORTED] + "…"
