"""Answers from knowledge: literal sentences of the best passage, or a model's, each verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from copilot.drafting.citations import sentences
from copilot.errors import ModelUnavailable
from copilot.pipeline import evidence, facts
from copilot.pipeline.answer_parts import NO_EVIDENCE, AnswerParts
from copilot.pipeline.ask_likeness import conflict, coverage, likeness, phrase
from copilot.pipeline.product_words import question_words
from copilot.records.codes import Audience, PassageKind
from copilot.records.draft import AI_LABEL, WRITER_NOTICE, Figure
from copilot.records.knowledge import Citation, Hit, Passage, SearchQuery

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench

CANDIDATES = 20
FOR_THE_MODEL = 4
MOST_SENTENCES = 8
SHORTEST_PIECE = 6  # characters
#: Fits from which a frequent question answers, and from which a passage is shown to a model whose
#: quotes are verified; and the share of a question that an article must carry, for nobody wrote it
#: as an answer. Set on paraphrases of the shipped questions against questions that none answers.
EVIDENCE, FOR_A_MODEL, ARTICLE_EVIDENCE = 0.4, 0.3, 0.6
#: Two entries whose fits are nearer than this, neither of them sure, are both named.
TOO_CLOSE, SURE = 0.02, 0.6
#: How much likeness to a phrasing counts against coverage by the whole entry.
LIKENESS = 0.6


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A passage with how well it fits the question.

    ``covered`` is the share of the question's weight that the passage carries, ``alike`` how far
    the question and the passage's own question say the same (0 to 1).
    """

    hit: Hit
    covered: float
    alike: float

    @property
    def fit(self) -> float:
        """One figure for both (0 to 1)."""
        return LIKENESS * self.alike + (1 - LIKENESS) * self.covered


def from_passages(bench: Workbench, question: str) -> AnswerParts | None:
    """An answer in the words of the knowledge base; ``None`` when the evidence is too thin.

    Frequent questions come first, then articles. Product sheets are left out: what they state is
    a record's business.
    """
    frequent = _candidates(bench, question, PassageKind.FAQ)
    articles = _candidates(bench, question, PassageKind.REGULATION)
    usable = [c for c in (*frequent, *articles) if c.fit >= FOR_A_MODEL]
    written = _from_model(bench, question, usable)
    if written is not None:
        return written
    for candidate in frequent[:1]:
        if candidate.fit >= EVIDENCE:
            close = _too_close(frequent)
            return _either(close) if close else _literal(bench, candidate)
    for candidate in articles[:1]:
        if candidate.covered >= ARTICLE_EVIDENCE:
            return _literal(bench, candidate)
    return None


def _candidates(bench: Workbench, question: str, kind: PassageKind) -> list[_Candidate]:
    """Passages of a kind that do not contradict the question, those that fit it best first."""
    from copilot.knowledge.search import current_index

    words = question_words(bench.settings.knowledge_dir)
    asked = phrase(question, words)
    text = f"{question} {' '.join(sorted(asked.terms))}"
    query = SearchQuery(
        text=text, as_of=bench.as_of, k=CANDIDATES, kind=kind, audience=Audience.INTERNAL
    )
    hits = bench.search(query).hits
    asked_of = [[phrase(said, words) for said in _questions(hit.passage)] for hit in hits]
    told = [phrase(hit.passage.text, words) for hit in hits]
    every = asked.terms.union(*(p.terms for phrasings in asked_of for p in phrasings))
    idf = current_index(bench.store)[0].weights(every).idf
    found = []
    for hit, phrasings, whole in zip(hits, asked_of, told, strict=True):
        alike, best = max((likeness(asked, p, idf), p.text) for p in phrasings)
        texts = [p.text for p in phrasings]
        if not conflict(asked.text, best, texts, whole.text, words):
            found.append(_Candidate(hit, coverage(asked, [*phrasings, whole], idf), alike))
    return sorted(found, key=lambda c: -c.fit)


def _questions(passage: Passage) -> tuple[str, ...]:
    if passage.kind is not PassageKind.FAQ:
        return (passage.heading,)
    from copilot.knowledge import faq_parts

    parts = faq_parts(passage)
    return (parts.question, *parts.variants)


def _too_close(frequent: Sequence[_Candidate]) -> Sequence[_Candidate]:
    """The two best entries where neither is sure and nothing tells them apart."""
    first, *rest = frequent
    if first.fit >= SURE or not rest or first.fit - rest[0].fit > TOO_CLOSE:
        return ()
    return frequent[:2]


def _either(close: Sequence[_Candidate]) -> AnswerParts:
    titles = "、".join(f"“{candidate.hit.passage.heading}”" for candidate in close)
    return AnswerParts(
        f"{NO_EVIDENCE}：问法不够明确，相近的问题有{titles}。请照其中一个再问一次。",
        ask_whom="当班主管",
        refused=True,
        known=tuple(facts.passage_facts(c.hit.passage for c in close))
        + tuple(facts.figures_of(titles, "faq")),
    )


def _literal(bench: Workbench, candidate: _Candidate) -> AnswerParts | None:
    """The passage's own sentences, each its own quote."""
    passage = candidate.hit.passage
    body, whom = passage.text, ""
    if passage.kind is PassageKind.FAQ:
        from copilot.knowledge import faq_parts

        parts = faq_parts(passage)
        body, whom = parts.answer, parts.ask_whom
    said = list(_pieces(body))[:MOST_SENTENCES]
    cited = [Citation(s, passage.passage_id, s, passage.citation) for s in said]
    kept = _verified(bench, cited)
    if not kept or len(kept) < len(said):
        return None  # half an answer may say the opposite of the whole
    return _parts(kept, (passage,), candidate.fit, whom, (WRITER_NOTICE,))


def _pieces(body: str) -> Iterator[str]:
    """The sentences of a passage; a very short one (「不能。」) stays with the next.

    It could not be quoted alone, and an answer must not lose it.
    """
    start = 0
    for offset, sentence in sentences(body):
        end = offset + len(sentence)
        if len(body[start:end].strip()) >= SHORTEST_PIECE:
            yield body[start:end].strip()
            start = end
    if body[start:].strip():
        yield body[start:].strip()


def _from_model(
    bench: Workbench, question: str, candidates: Sequence[_Candidate]
) -> AnswerParts | None:
    """A model's sentences that stand on literal quotes; ``None`` when none does."""
    if bench.wire is None or not candidates:
        return None
    from copilot.llm.answers import sourced_answer

    passages = [candidate.hit.passage for candidate in candidates[:FOR_THE_MODEL]]
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
    parts = _parts(kept, passages, candidates[0].fit, "", notes)
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
