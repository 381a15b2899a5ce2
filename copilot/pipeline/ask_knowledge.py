"""Answers from knowledge: literal sentences of the best passage, or a model's, each verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from copilot.drafting.citations import sentences
from copilot.errors import ModelUnavailable
from copilot.pipeline import evidence, facts
from copilot.pipeline.answer_parts import NO_EVIDENCE, AnswerParts
from copilot.pipeline.ask_articles import article_named, articles_about
from copilot.pipeline.ask_candidates import Candidate, candidates
from copilot.records.codes import Audience, PassageKind
from copilot.records.draft import AI_LABEL, WRITER_NOTICE, Figure
from copilot.records.knowledge import Citation, Passage

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

FOR_THE_MODEL = 4
MOST_SENTENCES = 8
SHORTEST_PIECE = 6  # characters
#: How sure a frequent question must be to answer, and to be shown to a model whose quotes are
#: verified; and the share of a question that an article must carry, for nobody wrote it as an
#: answer. `copilot eval questions` shows the curve that they are read from.
EVIDENCE, FOR_A_MODEL, ARTICLE_EVIDENCE = 0.4, 0.2, 0.6
#: The share of a question's words from which no article need be looked for, and by how much an
#: article must have more of them to answer in an entry's place.
CLOSE_WORDS, MORE_WORDS = 0.5, 0.3
#: Two entries nearer than this, neither of them sure, are both named.
TOO_CLOSE, SURE = 0.02, 0.6


def from_passages(bench: Workbench, question: str, least: float = EVIDENCE) -> AnswerParts | None:
    """An answer in the words of the knowledge base; ``None`` when the evidence is too thin.

    Frequent questions come first, then articles. Product sheets are left out: what they state is
    a record's business.
    """
    frequent = candidates(bench, question)
    usable = [c for c in frequent if c.sure >= FOR_A_MODEL]
    certain = bool(usable) and usable[0].sure >= SURE and usable[0].said >= CLOSE_WORDS
    articles = [] if certain else articles_about(bench, question)
    usable += [c for c in articles if c.sure >= ARTICLE_EVIDENCE]
    written = _from_model(bench, question, usable)
    if written is not None:
        return written
    for candidate in frequent[:1]:
        if candidate.sure >= least and not _says_more(articles, candidate):
            close = _too_close(frequent)
            return _either(close) if close else _literal(bench, candidate)
    for candidate in articles[:1]:
        if candidate.sure >= ARTICLE_EVIDENCE:
            return _literal(bench, candidate)
    return None


def from_article(bench: Workbench, question: str) -> AnswerParts | None:
    """The article whose number a question asks for, in its own words after its number."""
    found = article_named(bench, question)
    told = _literal(bench, found) if found else None
    if found is None or told is None:
        return None
    cited = found.passage.citation
    lead = AnswerParts(f"依据：{cited}。", known=tuple(facts.figures_of(cited, "citation")))
    return lead.followed_by(told)


def _says_more(articles: Sequence[Candidate], frequent: Candidate) -> bool:
    """Whether an article has far more of the question's own words than a frequent question.

    「晨会几点开始」 is like 「几点开门」, but only the bank's rule on that meeting speaks of it.
    """
    best = max((c.sure for c in articles), default=0.0)
    return best >= ARTICLE_EVIDENCE and best - frequent.said > MORE_WORDS


def _too_close(frequent: Sequence[Candidate]) -> Sequence[Candidate]:
    """The two best entries where neither is sure and nothing tells them apart."""
    first, *rest = frequent
    if first.sure >= SURE or not rest or first.sure - rest[0].sure > TOO_CLOSE:
        return ()
    return frequent[:2]


def _either(close: Sequence[Candidate]) -> AnswerParts:
    titles = "、".join(f"“{candidate.passage.heading}”" for candidate in close)
    return AnswerParts(
        f"{NO_EVIDENCE}：问法不够明确，相近的问题有{titles}。请照其中一个再问一次。",
        ask_whom="当班主管",
        refused=True,
        known=tuple(facts.passage_facts(c.passage for c in close))
        + tuple(facts.figures_of(titles, "faq")),
    )


def _literal(bench: Workbench, candidate: Candidate) -> AnswerParts | None:
    """The passage's own sentences, each its own quote."""
    passage = candidate.passage
    body, whom = passage.text, ""
    if passage.kind is PassageKind.FAQ:
        from copilot.knowledge import faq_parts

        parts = faq_parts(passage)
        body, whom = parts.answer, parts.ask_whom
    said = _pieces(body)[:MOST_SENTENCES]
    cited = [Citation(s, passage.passage_id, s, passage.citation) for s in said]
    kept = _verified(bench, cited)
    if not kept or len(kept) < len(said):
        return None  # half an answer may say the opposite of the whole
    found = _parts(kept, (passage,), candidate.sure, whom, (WRITER_NOTICE,))
    return replace(
        found, asked=candidate.phrasings, heading=passage.heading, types=passage.product_types
    )


def _pieces(body: str) -> list[str]:
    """The sentences of a passage; a very short one (「不能。」) stays with the next.

    It could not be quoted alone, and an answer must not lose it. What is left of the last
    (a bracket that closes) stays with the one before.
    """
    found: list[str] = []
    start = 0
    for offset, sentence in sentences(body):
        end = offset + len(sentence)
        if len(body[start:end].strip()) >= SHORTEST_PIECE:
            found.append(body[start:end].strip())
            start = end
    rest = body[start:].strip()
    if rest and found:
        found[-1] = body[body.rindex(found[-1]) :].strip()
    elif rest:
        found.append(rest)
    return found


def _from_model(bench: Workbench, question: str, usable: Sequence[Candidate]) -> AnswerParts | None:
    """A model's sentences that stand on literal quotes; ``None`` when none does."""
    if bench.wire is None or not usable:
        return None
    from copilot.llm.answers import sourced_answer

    passages = [candidate.passage for candidate in usable[:FOR_THE_MODEL]]
    try:
        reply = sourced_answer(
            bench.wire,
            bench.settings.prompts_dir,
            bench.settings.policy.bank_name,
            question,
            passages,
        )
    except ModelUnavailable:
        return None
    names = {passage.passage_id: passage.citation for passage in passages}
    cited = [
        Citation(s.sentence, s.passage_id, s.quote, names[s.passage_id])
        for s in reply.value.sentences
        if s.passage_id in names
    ]
    kept = _verified(bench, cited)
    if not kept:
        return None
    notes = (f"{AI_LABEL}（{reply.model}），每句话的引文已由程序核对",)
    parts = _parts(kept, passages, usable[0].sure, "", notes)
    model = {"model": reply.model, "mode": reply.rung, "prompts": [reply.prompt], "raw": reply.raw}
    return replace(parts, proof={**parts.proof, "model": model})


def _verified(bench: Workbench, cited: Sequence[Citation]) -> tuple[Citation, ...]:
    from copilot.knowledge.quotes import verify

    kept, _ = verify(
        cited,
        bench.store.knowledge(bench.principal),
        as_of=bench.as_of,
        audience=Audience.INTERNAL,
        product_names=[product.name for product in bench.shelf],
    )
    return kept


def _parts(
    kept: Sequence[Citation],
    passages: Sequence[Passage],
    fit: float,
    whom: str,
    notes: tuple[str, ...],
) -> AnswerParts:
    return AnswerParts(
        text="".join(citation.sentence for citation in kept),
        figures=tuple(_figures(kept)),
        citations=tuple(kept),
        known=tuple(facts.passage_facts(passages)),
        ask_whom=whom,
        notes=notes,
        fit=fit,
        proof={"passages": evidence.passage_snapshot(passages)},
    )


def _figures(kept: Sequence[Citation]) -> Iterator[Figure]:
    """The figures of an answer, each traced to the passage that its sentence quotes."""
    from copilot.compliance.quantities import figures

    position = 0
    for citation in kept:
        for found in figures(citation.sentence.lower()):
            text = citation.sentence[found.start : found.end]
            if any(character.isdigit() for character in text):
                start, end = position + found.start, position + found.end
                yield Figure(text, start, end, f"passage:{citation.passage_id}")
        position += len(citation.sentence)
