"""A bank's own documents of any format: titled sections, articles, records.

What a document does not declare it does not get: without a declared audience it is for staff.
"""

from __future__ import annotations

from copilot.knowledge.articles import RuleFacts, Section, rule_facts, sections_of
from copilot.knowledge.limits import MOST_PASSAGES
from copilot.knowledge.parsed import ParsedDocument, ParsedPassage, pieces
from copilot.knowledge.source import Source, line_blocks
from copilot.records.codes import Audience, PassageKind

_FEWEST_ARTICLES = 2
"""Articles that make a document a rule, with a name, a number and dates of its own."""


def parse_plain(source: Source, start: int = 0) -> ParsedDocument:
    """The sections of a document that has no schema of its own, from ``start`` on.

    Raises:
        InputError: no words below its titles, or more passages than one document may have.
    """
    found = sections_of(source.blocks or line_blocks(source, start))
    declared = source.declared
    kind = declared.kind or PassageKind.REGULATION
    rule = _rule(source, found, start) if kind is PassageKind.REGULATION else RuleFacts()
    title = declared.title or rule.title or _own_title(source) or source.path.stem
    passages = [
        ParsedPassage(
            heading=_heading(kind, title, section),
            text=source.text[begin:end],
            start=begin,
            end=end,
            citation=_citation(title, declared.number or rule.number, section),
            product_types=declared.product_types,
        )
        for section in found
        for begin, end in pieces(source.text, section.start, section.end)
    ]
    if not passages:
        raise source.error("文件只有标题，没有正文。", next="请补充正文后重试。")
    if len(passages) > MOST_PASSAGES:
        raise source.error(
            f"内容有 {len(passages)} 段，超过上限 {MOST_PASSAGES} 段。", next="请拆分后重试。"
        )
    return ParsedDocument(
        document_id=f"file/{declared.id or source.path.name}",
        kind=kind,
        title=title,
        passages=tuple(passages),
        audience=declared.audience or Audience.INTERNAL,
        branches=declared.branches,
        product_code=declared.product_code,
        valid_from=declared.valid_from or rule.effective_from,
        valid_to=declared.valid_to or rule.effective_to,
        notes=(*source.notes, *_date_notes(source, rule)),
    )


def _rule(source: Source, found: list[Section], start: int) -> RuleFacts:
    articles = sum(1 for section in found if section.article)
    return rule_facts(source.text[start:]) if articles >= _FEWEST_ARTICLES else RuleFacts()


def _own_title(source: Source) -> str:
    """The outermost heading of a document that opens with it and has no other of its rank.

    A workbook has none: its outermost headings are the names of its sheets.
    """
    if not source.blocks or any(placed.block.record for placed in source.blocks):
        return ""
    first = source.blocks[0].block
    ranks = [placed.block.level for placed in source.blocks if placed.block.level]
    alone = bool(ranks) and ranks.count(min(ranks)) == 1
    return first.text if alone and first.level == min(ranks) else ""


def _heading(kind: PassageKind, title: str, section: Section) -> str:
    if kind is PassageKind.FAQ and section.titles:
        return section.titles[-1]
    return " / ".join((title, *_below(title, section)))


def _citation(title: str, number: str, section: Section) -> str:
    numbered = f"（{number}）" if number else ""
    if section.article:
        return f"《{title}》{numbered}{section.article}"
    return f"《{title}》{numbered}{' '.join((*_below(title, section), section.place))}".rstrip()


def _below(title: str, section: Section) -> tuple[str, ...]:
    """The titles of a section without the document's own."""
    own = section.titles[:1] == (title,)
    return section.titles[1:] if own else section.titles


def _date_notes(source: Source, rule: RuleFacts) -> list[str]:
    declared = source.declared
    notes = []
    for name, stated, given in (
        ("施行日期", rule.effective_from, declared.valid_from),
        ("失效日期", rule.effective_to, declared.valid_to),
    ):
        if stated and not given:
            notes.append(f"{name}按正文识别为 {stated.isoformat()}。")
        elif stated and given and stated != given:
            notes.append(
                f"声明的{name} {given.isoformat()} 与正文的 {stated.isoformat()} 不一致，"
                "按声明的算。"
            )
    return notes
