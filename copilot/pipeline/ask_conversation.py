"""Questions that lean on the one before: 「那两年的呢」, 「起点多少」, 「换成大额存单呢」."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from copilot.errors import InputError
from copilot.pipeline import facts
from copilot.pipeline.answer_parts import AnswerParts
from copilot.pipeline.ask_concepts import read_concepts
from copilot.pipeline.ask_examples import Group
from copilot.pipeline.ask_meaning import NOTHING, Meaning
from copilot.pipeline.product_questions import (
    TERM_WORDS,
    ProductQuestion,
    folded,
    terms_in,
    with_terms,
)
from copilot.pipeline.product_words import Property, question_words
from copilot.records.product import Product

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

#: A conversation that rests longer than this is over.
LASTS = timedelta(minutes=30)
#: A question about this many products or fewer has one subject that can be carried on.
MOST_CARRIED = 3
MOST_NAMED = 6
LONGEST_FOLLOW_UP = 14  # characters
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_POINTS_BACK = re.compile(
    r"^(那|这|它|还有|换成|换|如果是|要是)|(呢|的呢)[?？]?$|它|这个|那个|这款|那款"
)

_POINTER = re.compile(r"那|这|它|还有|换成?|如果是?|要是|呢|个|款|期|存|现在|今天|今年|[?？,，。]")
#: This many characters beside the pointing ask for something of their own.
SHORTEST_MATTER = 2
#: The score from which a follow-up with another term asks for something of its own.
ANYTHING = -0.5


@dataclass(frozen=True, slots=True)
class Subject:
    """What a conversation is about: products and what was asked of them, or a frequent question."""

    codes: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    heading: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it is stored; no words of the asker are among it."""
        return {
            "codes": list(self.codes),
            "properties": [p.value for p in self.properties],
            "heading": self.heading,
        }


@dataclass(frozen=True, slots=True)
class Continued:
    """A question with what it takes from the conversation.

    ``question`` is the text to look up; ``understood`` says what was taken over, for the asker;
    ``unclear`` is set instead when nobody can tell which product is meant.
    """

    asked: ProductQuestion
    question: str
    understood: str = ""
    unclear: AnswerParts | None = None


def check_id(conversation_id: str) -> str:
    """The id of a conversation.

    Raises:
        InputError: it is not 1 to 64 letters, digits, ``_`` or ``-``.
    """
    if not _ID.fullmatch(conversation_id):
        raise InputError(
            f"对话编号“{conversation_id}”写得不对。",
            field="conversation",
            next="用1到64个英文字母、数字、下划线或短横线，例：--conversation lobby-1。",
        )
    return conversation_id


def recalled(bench: Workbench, conversation_id: str) -> Subject:
    """What the asker's own conversation is about; an empty subject when it is new or over."""
    kept = bench.store.conversations(bench.principal).subject(conversation_id, within=LASTS)
    if kept is None:
        return Subject()
    properties = tuple(Property(p) for p in kept["properties"])
    return Subject(tuple(kept["codes"]), properties, kept["heading"])


def continued(
    bench: Workbench, question: str, asked: ProductQuestion, subject: Subject, meaning: Meaning
) -> Continued:
    """The question, completed with the subject of the conversation where it leans on it."""
    products = [p for p in bench.shelf if p.product_code in subject.codes]
    if asked.products and (asked.properties or not subject.properties):
        return Continued(asked, question)
    if asked.products:
        return _other_products(question, asked, products, subject)
    ours = not (asked.no_such or asked.other_bank)
    of_record = bool(asked.properties) and meaning.lead(Group.RECORD, Group.ENTRY) >= 0
    if not (products and ours and of_record) and not _leans(bench, question, asked):
        return Continued(asked, question)
    if products:
        return _same_kind(bench, question, asked, products, subject, meaning)
    if subject.heading:
        return Continued(asked, f"{subject.heading} {question}", f"接着“{subject.heading}”")
    return Continued(asked, question, unclear=_which(()) if asked.properties else None)


def remember(bench: Workbench, conversation_id: str, subject: Subject) -> None:
    """Keeps what the asker's conversation is about now; everybody's old ones are forgotten."""
    conversations = bench.store.conversations(bench.principal)
    with bench.store.transaction() as connection:
        conversations.forget_expired(connection, within=LASTS)
        conversations.keep(connection, conversation_id, subject.as_json())


def subject_of(parts: AnswerParts, asked: ProductQuestion, before: Subject) -> Subject:
    """What the conversation is about after an answer."""
    if asked.products and parts.products:
        codes = tuple(p.product_code for p in asked.products[:MOST_NAMED])
        return Subject(codes, asked.properties or before.properties)
    return Subject(heading=parts.heading) if parts.heading else before


def _leans(bench: Workbench, question: str, asked: ProductQuestion) -> bool:
    """Whether a question without a product of its own can only be about the one before."""
    if len(question) > LONGEST_FOLLOW_UP or asked.no_such or asked.other_bank:
        return False
    if _POINTS_BACK.search(question):
        return True
    concepts = read_concepts(bench.settings.knowledge_dir)
    words = question_words(bench.settings.knowledge_dir)
    rest = question
    for name in sorted((n for p in asked.properties for n in words.properties[p]), key=len)[::-1]:
        rest = rest.replace(name, "")
    return not concepts.found_in(rest) & set(concepts.things)


def _only_points(bench: Workbench, question: str, asked: ProductQuestion) -> bool:
    """Whether a question says nothing but which product, term or day: 「那一年的呢」."""
    words = question_words(bench.settings.knowledge_dir)
    rest = _POINTER.sub("", folded(question).replace(asked.period.words, ""))
    rest = words.fillers.sub("", TERM_WORDS.sub("", rest))
    for word in sorted(words.asking, key=len, reverse=True):
        rest = rest.replace(word, "")
    return len(rest) < SHORTEST_MATTER


def _other_products(
    question: str, asked: ProductQuestion, products: Sequence[Product], subject: Subject
) -> Continued:
    """Another product, the same question: 「换成大额存单呢」."""
    terms = {p.term_days for p in products if p.term_days is not None}
    same_term = with_terms(asked.products, terms) if len(products) == 1 and not asked.named else ()
    chosen = same_term or asked.products
    whole = replace(asked, products=chosen, properties=subject.properties, named=True)
    return _carried_on(whole, question)


def _same_kind(
    bench: Workbench,
    question: str,
    asked: ProductQuestion,
    products: Sequence[Product],
    subject: Subject,
    meaning: Meaning,
) -> Continued:
    """The same product, or one of its kind with another term: 「那两年的呢」."""
    terms = terms_in(question)
    chosen: Sequence[Product] = products
    if terms:
        kinds = {(p.type, p.issuer) for p in products}
        chosen = with_terms([p for p in bench.shelf if (p.type, p.issuer) in kinds], terms)
        if not chosen:
            lacking = replace(asked, no_such="这个期限的同类产品", properties=subject.properties)
            return Continued(lacking, question)
    properties = asked.properties
    nothing_else = bool(terms) and max(meaning.scores.values(), default=NOTHING) < ANYTHING
    points = nothing_else or _only_points(bench, question, asked)
    if not properties and not asked.absent and points:
        properties = subject.properties
    if len(chosen) > MOST_CARRIED:
        return Continued(asked, question, unclear=_which(chosen))
    whole = replace(asked, products=tuple(chosen), properties=properties, named=True)
    return _carried_on(whole, question)


def _carried_on(asked: ProductQuestion, question: str) -> Continued:
    """The question with the products it is about, by name for the look-up of prose."""
    names = [product.name for product in asked.products]
    in_prose = len(names) == 1 and not asked.properties
    about = f"{names[0]}，{question}" if in_prose else question
    return Continued(asked, about, f"接着上一问，说的是{'、'.join(names)}")


def _which(products: Sequence[Product]) -> AnswerParts:
    """The question back to the asker."""
    named = "、".join(f"{p.name}（{p.product_code}）" for p in products[:MOST_NAMED])
    rest = f"上一问说到的有{named}。" if named else "这次对话还没有说到产品，或者已经过期。"
    text = f"您问的是哪一款？{rest}请带上产品名称或者期限再问一次。"
    known = tuple(facts.figures_of(text, "product.name"))
    return AnswerParts(text, refused=True, known=known)
