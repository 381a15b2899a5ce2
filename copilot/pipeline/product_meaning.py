"""What learned meaning adds to a question about products that its words alone do not tell.

Words come first: a product that is named, or a property whose word stands in the question, is
meant. Where no word tells, the examples do, as far as they are sure enough; and where they say
that the question is for something that no record holds, no property is told in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from copilot.pipeline.ask_examples import NO_KIND, Form, Group
from copilot.pipeline.ask_meaning import NOTHING, Meaning
from copilot.pipeline.product_questions import ProductQuestion, narrowed
from copilot.pipeline.product_words import Property
from copilot.records.codes import ProductType, label
from copilot.records.product import Product

#: Scores from which a kind of product is taken for meant: where no word names one, and where a
#: product was guessed from a term alone, or the conversation is about another.
KIND, OTHER_KIND, ANOTHER = -0.45, 0.0, 0.5
#: Scores from which a property is asked for: where no word says so, and beside one that does.
ASKED, ASKED_TOO = -0.6, -0.45
#: By how much what no record holds must be likelier than what one does.
CLEARLY = 0.2
#: A score that outweighs words for an order of return, and tells in a conversation what is asked.
PLAINLY = -0.3
#: A score, and a lead on what no record holds, that outweigh a word for the latter.
SURELY, SURELY_MORE = -0.6, 0.25
#: Scores from which a second kind is compared with the first.
COMPARED = -0.6


def with_meaning(
    asked: ProductQuestion, meaning: Meaning, shelf: Sequence[Product], *, carried: bool = False
) -> ProductQuestion:
    """The question with the products and properties that the examples tell of.

    Args:
        asked: the question as its words tell it.
        meaning: its learned scores.
        shelf: the products valid today.
        carried: the conversation is about a product already.
    """
    if carried and asked.guessed:
        return asked  # 「一年的呢」: a term of what the conversation is about
    wanted, score = meaning.best(Group.RECORD)
    asked = _with_products(asked, meaning, shelf, wanted, carried=carried)
    missing, missing_score = meaning.best(Group.ABSENT)
    answered = max(score, meaning.best(Group.ENTRY)[1])
    if score >= SURELY and score >= missing_score + SURELY_MORE:
        asked = replace(asked, absent=(), absent_words=())
    if asked.absent and asked.by_word:
        return asked  # the words tell which part is on record
    if missing_score >= max(ASKED, answered + CLEARLY):
        known = asked.absent or (missing,)
        return replace(asked, absent=known, properties=(), interest=False, changed=False)
    if asked.ranked and wanted != Form.RANKING and score >= PLAINLY:
        asked = replace(asked, ranked=False)
    if score < (PLAINLY if carried else ASKED) or asked.absent:
        return asked
    return (
        _with_form(asked, Form(wanted))
        if wanted in set(Form)
        else _with_property(asked, Property(wanted), score)
    )


def _with_property(asked: ProductQuestion, wanted: Property, score: float) -> ProductQuestion:
    if wanted in asked.properties or (asked.properties and score < ASKED_TOO):
        return asked
    found = {*asked.properties, wanted}
    return replace(asked, properties=tuple(sorted(found, key=list(Property).index)))


def _with_form(asked: ProductQuestion, form: Form) -> ProductQuestion:
    match form:
        case Form.COMPARING:
            return replace(asked, compared=True)
        case Form.LISTING:
            return asked if asked.properties else replace(asked, listed=True)
        case Form.RANKING:
            return replace(asked, ranked=not (asked.named and len(asked.products) == 1))
        case Form.INTEREST if asked.sums:
            return replace(_with_property(asked, Property.RATE, 0.0), interest=True)
        case Form.PAST_RATE:
            told = _with_property(asked, Property.RATE, 0.0)
            return told if asked.period.words else replace(told, changed=True)
    return asked


def _with_products(
    asked: ProductQuestion,
    meaning: Meaning,
    shelf: Sequence[Product],
    wanted: str,
    *,
    carried: bool,
) -> ProductQuestion:
    kind, score = _kind(meaning)
    least = ANOTHER if carried else OTHER_KIND if asked.guessed else KIND
    known = asked.products and not asked.guessed
    if known or asked.no_such or asked.other_bank or score < least:
        return asked
    kinds = [kind]
    if wanted == Form.COMPARING:
        kinds = [k for k, s in meaning.kinds.items() if s >= COMPARED and k != NO_KIND]
    found: dict[str, Product] = {}
    by_term = False
    for one in kinds:
        of_kind = _of_kind(one, shelf)
        chosen, used = narrowed(of_kind, asked.terms, wanted == Property.WITHDRAWAL)
        by_term = by_term or used
        found |= {product.product_code: product for product in chosen}
    if not found:
        named = label(ProductType(kind.split()[0]))
        return replace(asked, products=(), named=True, no_such=f"这种{named}")
    products = tuple(found[code] for code in sorted(found))
    return replace(asked, products=products, named=by_term or len(products) == 1, guessed=False)


def _kind(meaning: Meaning) -> tuple[str, float]:
    """The kind of product that a question means, with its score."""
    kinds = ((kind, score) for kind, score in meaning.kinds.items() if kind != NO_KIND)
    return max(kinds, key=lambda found: (found[1], found[0]), default=(NO_KIND, NOTHING))


def _of_kind(kind: str, shelf: Sequence[Product]) -> list[Product]:
    """The products of a kind: its type, and what must stand in their names."""
    of_type, _, part = kind.partition(" ")
    return [p for p in shelf if p.type.value == of_type and part in p.name]
