"""Questions: product facts from records, everything else from the literal words of knowledge.

Words are read first, what they leave open by learned meaning; an answer must be sure enough.

the number of an article      ─▶ the article
another bank's figures        ─▶ refused
somebody's own data           ─▶ refused
who matures today             ─▶ the call list
can I sell X to this customer ─▶ the gate
which earns most              ─▶ the rule against ranking
which products there are      ─▶ those on sale here, by code
how do products differ        ─▶ their records side by side, by code
a property of a product       ─▶ the seller's licence, then the record valid on the day asked about
anything else                 ─▶ the best passage, sentence by sentence
no evidence                   ─▶ refused, with whom to ask
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from copilot.llm.pseudonyms import Pseudonyms
from copilot.pipeline import evidence
from copilot.pipeline.answer_parts import NO_EVIDENCE, AnswerParts
from copilot.pipeline.ask_authority import names_private, without_barred
from copilot.pipeline.ask_book import mended
from copilot.pipeline.ask_conversation import (
    Continued,
    Subject,
    check_id,
    continued,
    recalled,
    remember,
    subject_of,
)
from copilot.pipeline.ask_examples import Group
from copilot.pipeline.ask_gate import from_gate
from copilot.pipeline.ask_knowledge import EVIDENCE, from_article, from_passages
from copilot.pipeline.ask_meaning import Meaning, meaning_of
from copilot.pipeline.ask_policy import other_bank, personal, ranking
from copilot.pipeline.ask_reader import reader_of
from copilot.pipeline.ask_records import ask_whom, beyond_records, from_records
from copilot.pipeline.ask_today import today
from copilot.pipeline.product_comparison import comparison
from copilot.pipeline.product_listing import listing
from copilot.pipeline.product_meaning import with_meaning
from copilot.pipeline.product_questions import (
    FIGURES,
    MAIN,
    ProductQuestion,
    at_large,
    folded,
    read_question,
)
from copilot.pipeline.product_sureness import record_signs, record_sureness
from copilot.pipeline.product_words import QuestionWords, question_words
from copilot.records.codes import Audience, Channel, DraftKind
from copilot.records.compliance import CheckContext, Verdict
from copilot.records.draft import Answer

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

#: Fit from which a passage is about this very question.
STRONG = 0.5
#: Fit from which it is, even where the question names what no record holds.
SURE = 0.8
#: Fit from which it may be, where nothing else is meant rather.
LIKELY = 0.35
#: By how much a frequent question must be meant rather than a record to answer alone.
CLEARLY = 0.3
#: The score from which a question is taken for nobody's business.
ELSEWHERE = -0.6
MANY_PRODUCTS = 3


def answer(
    bench: Workbench,
    question: str,
    customer_id: str | None = None,
    conversation: str | None = None,
) -> Answer:
    """The answer to an employee's question, with its evidence, or a refusal.

    Args:
        bench: the opened installation.
        question: as typed.
        customer_id: the customer whom the question is about, if any.
        conversation: the asker's name for a conversation whose subject the question may carry on.

    Raises:
        NotFound: no such customer.
        Forbidden: the customer is outside the principal's scope.
        InputError: the conversation's name is not one.
    """
    if customer_id is not None:
        bench.customer(customer_id)
    before = None if conversation is None else recalled(bench, check_id(conversation))
    said = answered(bench, question, customer_id, before)
    result, parts = said.answer, said.parts
    proof = _proof(bench, question, customer_id, parts)
    if conversation is not None and before is not None:
        proof |= {"conversation": conversation, "carried": before.as_json()}
        if parts is not None:
            remember(bench, conversation, subject_of(parts, said.asked, before))
    result = replace(result, draft_id=evidence.draft_id("A", result.as_json(), proof))
    branches = bench.principal.branches
    evidence.save(
        bench,
        "draft.answer",
        result.as_json(),
        proof,
        customer_id=customer_id,
        branch_id=min(branches) if branches else None,
    )
    return result


@dataclass(frozen=True, slots=True)
class Answered:
    """A checked answer that is not kept, what it was made of, and the question as understood."""

    answer: Answer
    parts: AnswerParts | None
    asked: ProductQuestion


def answered(
    bench: Workbench,
    question: str,
    customer_id: str | None,
    before: Subject | None,
    least: float = EVIDENCE,
) -> Answered:
    """The answer to a question, in a conversation after ``before``; nothing is kept.

    ``least`` is the sureness of a passage that is enough.
    """
    words = question_words(bench.settings.knowledge_dir)
    question = mended(bench, question)
    asked = read_question(question, bench.shelf, bench.as_of, words)
    reader = reader_of(bench.store)
    meaning = meaning_of(question, reader)
    records = record_sureness(record_signs(question, asked, meaning, reader))
    asked = at_large(asked, question, words)
    about_products = before is not None and bool(before.codes)
    if asked.properties != MAIN:
        asked = with_meaning(asked, meaning, bench.shelf, carried=about_products)
    taken = Continued(asked, question)
    if before is not None:
        taken = continued(bench, question, asked, before, meaning)
    taken = replace(taken, asked=at_large(taken.asked, question, words))
    if taken.understood or taken.asked.properties == MAIN:
        records = 1.0  # what is asked for follows from the conversation, or is a product itself
    read = _Read(taken.question, taken.asked, customer_id, words, meaning, records, least)
    parts = taken.unclear or _parts(bench, read)
    if parts is None:
        result = _refusal(bench, taken.asked)
    else:
        result = _checked(bench, _with_unsaid(parts, question, words), taken.asked)
    return Answered(replace(result, understood=taken.understood), parts, taken.asked)


def found(bench: Workbench, turns: Sequence[str], least: float) -> AnswerParts | None:
    """What answers the last of a conversation's questions, if anything does; nothing is kept.

    Args:
        bench: the opened installation.
        turns: the questions in the order asked; mostly one.
        least: the sureness that is enough.
    """
    subject, said = Subject(), None
    for question in turns:
        said = answered(bench, question, None, subject if len(turns) > 1 else None, least)
        if said.parts is not None:
            subject = subject_of(said.parts, said.asked, subject)
    return None if said is None or said.answer.refused else said.parts


def _proof(
    bench: Workbench, question: str, customer_id: str | None, parts: AnswerParts | None
) -> dict[str, Any]:
    return {
        **evidence.asked_by(bench, customer_id),
        "question": Pseudonyms.of(()).hide(question),
        "asked_by": bench.principal.user_id,
        "customer_id": customer_id,
        "as_of": bench.as_of.isoformat(),
        "rule_pack": bench.checker.pack_version,
        "data_generation": bench.generation.generation_id,
        "knowledge": bench.store.knowledge(bench.principal).revision(),
        **(parts.proof if parts else {}),
    }


@dataclass(frozen=True, slots=True)
class _Read:
    """A question as it was read: what it asks, by words and by meaning.

    ``records`` is how sure it is that records answer it, ``least`` the sureness that is enough.
    """

    question: str
    asked: ProductQuestion
    customer_id: str | None
    words: QuestionWords
    meaning: Meaning
    records: float
    least: float


def _parts(bench: Workbench, read: _Read) -> AnswerParts | None:
    asked, words = read.asked, read.words
    text = folded(read.question)
    ours = read.meaning.lead(Group.ENTRY, Group.ELSEWHERE) >= CLEARLY
    settled = (
        from_article(bench, read.question)
        or (None if ours else other_bank(asked, text, words))
        or personal(text, words)
        or today(bench, text, words)
    )
    if settled is not None:
        return settled
    may_i = any(word in text for word in words.may_i)
    if read.customer_id is not None and asked.products and may_i:
        return from_gate(bench, asked, read.customer_id)
    asked_of = asked
    asked, barred = without_barred(bench, asked)
    if barred is not None and not asked.products:
        return _instead(asked_of, from_passages(bench, read.question, read.least), barred)
    prosaic = read.meaning.lead(Group.ENTRY, Group.RECORD) >= CLEARLY
    listed = ranking(bench, asked) or (None if prosaic else listing(bench, asked, text))
    if listed is not None:
        return listed
    compared = comparison(bench, asked)
    if compared is not None and asked.named:
        return compared
    unrecorded = asked.no_such or asked.other_bank or _elsewhere(asked, read.meaning)
    unsure = read.records < read.least
    stated = None if unrecorded or unsure else from_records(bench, asked)
    if stated is not None:
        stated = replace(stated, fit=read.records)
    prose = _of_type(asked, from_passages(bench, read.question, read.least))
    if compared is not None and not (prose is not None and _sure(prose)):
        return compared
    if stated is None and beyond_records(bench) and asked.by_word and asked.products:
        return None  # a rate is asked for of a day that nobody has a record of
    if stated is None:
        return prose if prose is not None and _about_this(asked, prose, read.meaning) else None
    return _both(asked, stated, prose, read.meaning)


def _both(
    asked: ProductQuestion, stated: AnswerParts, prose: AnswerParts | None, meaning: Meaning
) -> AnswerParts:
    """What records state, what a passage says, or both, by which the question is rather for."""
    whole = asked.properties == MAIN or (asked.interest and bool(asked.sums))
    if prose is None or prose.refused or whole:
        return stated
    lead = meaning.lead(Group.ENTRY, Group.RECORD)
    if lead >= CLEARLY and not asked.by_word:
        return prose
    if prose.fit < STRONG and lead < 0:
        return stated
    if not FIGURES & set(asked.properties) and len(stated.products) > MANY_PRODUCTS:
        return prose  # a rule that many records state is better said once
    return stated.followed_by(prose)


def _elsewhere(asked: ProductQuestion, meaning: Meaning) -> bool:
    """Whether a question that names no product is nobody's business here rather than a record's."""
    return not (asked.named and not asked.guessed) and (
        meaning.best(Group.ELSEWHERE)[1] >= ELSEWHERE
        and meaning.lead(Group.ELSEWHERE, Group.RECORD) >= 0
    )


def _of_type(asked: ProductQuestion, prose: AnswerParts | None) -> AnswerParts | None:
    """A passage, unless it is about other types of product than the question."""
    about_them = bool(asked.products) and (asked.named or bool(asked.properties))
    if prose is None or not about_them or not prose.types or prose.fit >= SURE:
        return prose
    return prose if any(p.type.value in prose.types for p in asked.products) else None


def _instead(asked: ProductQuestion, prose: AnswerParts | None, barred: AnswerParts) -> AnswerParts:
    """What a seller without the authority may read: frequent questions, never product facts."""
    asks_record = asked.properties or asked.absent or (asked.named and asked.wants_figure)
    if prose is None or prose.refused or asks_record or names_private(asked.products):
        return prose if prose is not None and _sure(prose) and not asks_record else barred
    return prose


def _sure(prose: AnswerParts) -> bool:
    return not prose.refused and prose.fit >= STRONG


def _with_unsaid(parts: AnswerParts, question: str, words: QuestionWords) -> AnswerParts:
    """The answer with a note on what was asked by name and is not spoken of."""
    unsaid = [w for w in words.must_be_said if w in question and w not in parts.text]
    if parts.refused or not unsaid:
        return parts
    return replace(parts, notes=(*parts.notes, f"{'、'.join(unsaid)}：{NO_EVIDENCE}"))


def _about_this(asked: ProductQuestion, prose: AnswerParts, meaning: Meaning) -> bool:
    """Whether a passage may answer where the records are silent.

    A question for a figure of a product, for another day, or for a product that is not there is
    the records' business, however alike a passage is; other properties of a named product may be
    answered by a passage about that very question.
    """
    about_product = bool(asked.products or asked.no_such)
    if not about_product:
        return True
    figures = asked.wants_figure or bool(FIGURES & set(asked.properties))
    if asked.no_such and (figures or asked.named):
        return False
    lacking = [*asked.absent_words, *filter(None, [asked.period.words])]
    on_record = asked.by_word and bool(asked.products)
    likely = prose.fit >= LIKELY and not (on_record or asked.period.words)
    if likely and meaning.lead(Group.ENTRY, Group.RECORD, Group.ABSENT) >= 0:
        return True
    told_anyway = all(any(word in said for said in prose.asked) for word in lacking)
    if not told_anyway and (figures or asked.named or prose.fit < SURE):
        return False
    for_records = bool(asked.properties or asked.absent) or (asked.named and asked.wants_figure)
    return prose.fit >= STRONG or not for_records


def _checked(bench: Workbench, parts: AnswerParts, asked: ProductQuestion) -> Answer:
    product = parts.products[0] if len(parts.products) == 1 else None
    context = CheckContext(
        product=product.type if product else None,
        product_code=product.product_code if product else None,
        channel=Channel.COUNTER,
        kind=DraftKind.ANSWER,
        audience=Audience.INTERNAL,
        as_of=bench.as_of,
        whole=False,
        facts=parts.known,
    )
    result = bench.checker.check(parts.text, context)
    if result.verdict is Verdict.BLOCK:
        blocked = "、".join(sorted({finding.rule_id for finding in result.blocking}))
        return replace(
            _refusal(bench, asked), notes=(f"找到的答案未通过检查（{blocked}），没有显示",)
        )
    return Answer(
        answer=parts.text,
        citations=parts.citations,
        refused=parts.refused,
        verdict=result.verdict,
        figures=parts.figures,
        ask_whom=parts.ask_whom,
        notes=parts.notes,
        table=parts.table,
    )


def _refusal(bench: Workbench, asked: ProductQuestion) -> Answer:
    words = asked.period.words
    lacking = [f"“{words}”的记录"] if words else []
    if beyond_records(bench):
        known = bench.generation.business_date.isoformat()
        lacking.append(f"资料截至{known}，没有{bench.as_of.isoformat()}的记录")
    if asked.no_such:
        lacking.append(asked.no_such)
    about = "、".join([*lacking, *asked.absent])
    return Answer(
        answer=f"{NO_EVIDENCE}{f'（{about}）' if about else ''}，不能回答。请不要凭印象答复客户。",
        citations=(),
        refused=True,
        verdict=Verdict.PASS,
        ask_whom=ask_whom(asked),
    )
