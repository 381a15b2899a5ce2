"""The lawful text nearest to an unlawful one, where there is one.

What a rule objects to is swapped for the rule's lawful wording, else cut; what a rule misses is
added in the record's words. No figure is altered or invented: a figure outside the objected
claims stays, and one inside a claim goes only together with the claim.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from copilot.compliance.checker import Checker
from copilot.compliance.folded import Folded
from copilot.compliance.language import Language
from copilot.compliance.passages import (
    CHINESE,
    LATIN,
    Piece,
    Punctuation,
    outside,
    reach,
)
from copilot.compliance.rules import Rule
from copilot.compliance.spans import Span, joined
from copilot.records.codes import ProductType
from copilot.records.compliance import CheckContext, CheckResult, Finding, Verdict

PASSES = 3
#: Products whose rate is a price on record, not a claim about the future.
_PRICED = frozenset(
    {
        ProductType.DEPOSIT,
        ProductType.LARGE_CD,
        ProductType.GOV_BOND,
        ProductType.LOAN,
        ProductType.CREDIT_CARD,
    }
)
_CLAIMED = ("rate", "count", "time")
_SAYS_SOMETHING = re.compile(r"\w")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
NO_WORDING = "没有合规的替代说法，请人工改写。"
NO_RECORD = "缺少的要素要用产品记录来写，请用 --product 给出产品代码。"
FACTS_AT_STAKE = "要删去的一句里有需要保留的数字或产品名称，请人工改写。"

Wording = Callable[[str], str | None]
"""Fills the slots of a standard wording from the record; ``None``: the record lacks a value."""
Facts = Counter[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What came of it: ``text`` passes, or is ``None`` and ``reasons`` say why.

    ``struck`` are the clauses that went with a figure in them; ``added`` is wording that was put
    in.
    """

    original: str
    text: str | None
    result: CheckResult
    reasons: tuple[str, ...] = ()
    struck: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    punctuation: Punctuation = CHINESE

    @property
    def diff(self) -> str:
        """The change as a unified difference, a sentence a line."""
        if self.text is None:
            return ""
        marks = self.punctuation
        before, after = marks.sentences(self.original), marks.sentences(self.text)
        lines = difflib.unified_diff(before, after, "原文", "改后", lineterm="", n=1)
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The ``fixed`` object of ``copilot check --fix``."""
        return {
            "text": self.text,
            "diff": self.diff,
            "verdict": self.result.verdict.value,
            "struck": list(self.struck),
            "added": list(self.added),
            "reasons": list(self.reasons),
        }


def rewrite(
    checker: Checker,
    text: str,
    context: CheckContext,
    *,
    wording: Wording | None = None,
    names: Sequence[str] = (),
) -> Rewrite:
    """The text made lawful in at most three passes.

    Args:
        checker: the rules.
        text: the text as written.
        context: the circumstances in which it would be used.
        wording: fills slots from the product record; without it only wording without slots is
            used.
        names: product names that must stay as they are.
    """
    first = result = checker.check(text, context)
    attempt = _Attempt(checker, context, wording or _without_slots, names)
    draft = text
    for _ in range(PASSES):
        if not attempt.open(result):
            break
        draft = attempt.step(draft, result)
        if attempt.reasons:
            break
        result = checker.check(draft, context)
    if result.blocking or attempt.reasons or not _SAYS_SOMETHING.search(draft):
        reasons = tuple(dict.fromkeys(attempt.reasons)) or (NO_WORDING,)
        return Rewrite(text, None, result if result.blocking else first, reasons)
    added = tuple(attempt.added)
    return Rewrite(text, draft, result, (), tuple(attempt.struck), added, attempt.punctuation)


def missing_wording(
    checker: Checker, text: str, context: CheckContext, wording: Wording | None = None
) -> str:
    """What must stand behind a text so that it has every required element; empty: nothing can."""
    attempt = _Attempt(checker, context, wording or _without_slots, ())
    result = checker.check(text, context)
    behind = text
    for finding in sorted(result.findings, key=attempt.comes_last):
        if finding.start == finding.end and not attempt.comes_first(finding):
            supplied = attempt.supplied(finding)
            if supplied is not None:
                attempt.added.append(supplied)
                behind = attempt.punctuation.inserted(behind, supplied)
    return behind[len(text.rstrip()) :] if attempt.added else ""


@dataclass
class _Attempt:
    """One text on its way: what has been added and struck, and what stands in the way."""

    checker: Checker
    context: CheckContext
    wording: Wording
    names: Sequence[str]
    reasons: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    @cached_property
    def languages(self) -> tuple[Language, ...]:
        """The languages of the rules; the text is taken to be in the first."""
        return self.checker.languages(self.context)

    @cached_property
    def punctuation(self) -> Punctuation:
        """The marks of the text's script."""
        return LATIN if self.languages[0].whole_words else CHINESE

    def open(self, result: CheckResult) -> bool:
        """Whether there is something to do: an objection, or a mild one with a remedy."""
        return bool(result.blocking) or any(
            self.remedied(f) if f.start < f.end else self.supplied(f) is not None
            for f in result.findings
        )

    def remedied(self, finding: Finding) -> bool:
        """Whether a mild objection's rule says how to reword; what cannot be, stays."""
        return finding.verdict is Verdict.REVIEW and "rewrite" in self._rule(finding).source

    def step(self, text: str, result: CheckResult) -> str:
        """One pass: every objection answered once."""
        objected = [
            f for f in result.findings if f.start < f.end and (_blocks(f) or self.remedied(f))
        ]
        missing = [f for f in result.findings if f.start == f.end]
        if objected:
            return self._reworded(text, objected)
        for finding in sorted(missing, key=self.comes_last):
            text = self._supplemented(text, finding)
        return text

    def comes_last(self, finding: Finding) -> bool:
        """Whether the missing element belongs at the very end (拒收请回复R)."""
        return self._rule(finding).remedy.at == "last"

    def comes_first(self, finding: Finding) -> bool:
        """Whether the missing element belongs at the very start (【示例银行】)."""
        return self._rule(finding).remedy.at == "start"

    def supplied(self, finding: Finding) -> str | None:
        """The wording of a missing element that the record can fill and that is not there yet."""
        filled = (self.wording(text) for text in self._rule(finding).remedy.add)
        return next((text for text in filled if text and text not in self.added), None)

    def _rule(self, finding: Finding) -> Rule:
        return self.checker.pack.rule(finding.rule_id)

    def _reworded(self, text: str, objected: Sequence[Finding]) -> str:
        pieces = self.punctuation.pieces(text)
        kept: list[Piece] = []
        position = 0
        while position < len(pieces):
            last = reach(pieces, position, objected)
            first, final = pieces[position], pieces[last]
            limit = final.end + len(final.mark)
            inside = [f for f in objected if f.start < limit and first.start < f.end]
            if inside:
                self._replace(kept, text, (first.start, final.end), final.mark, inside)
            else:
                kept.append(first)
            position = last + 1
        return "".join(piece.text + piece.mark for piece in kept)

    def _replace(
        self, kept: list[Piece], text: str, span: Span, mark: str, inside: Sequence[Finding]
    ) -> None:
        """Puts the best lawful wording of one group of clauses behind what is kept."""
        passage, marks = text[span[0] : span[1]], self.punctuation
        spans = joined((max(f.start, span[0]), min(f.end, span[1])) for f in inside)
        facts = self._kept("｜".join(outside(text, span, spans)), inside)
        held = [name for name in self.names if name in passage]
        said = "".join(piece.text + piece.mark for piece in kept) + text[span[1] :]
        statements = self._statements(inside)
        told = any(self._repeats(statement, said) for statement in statements)
        for candidate in self._candidates(text, span, spans, inside, bool(facts) or not told):
            lost = facts - self._facts(candidate) or [n for n in held if n not in candidate]
            stated = candidate in statements
            if lost or (stated and self._repeats(candidate, said)) or not self._lawful(candidate):
                continue
            self.struck += self._struck(passage, candidate)
            if candidate:
                if stated:
                    mark = self._no_item(mark)
                    if kept:
                        kept[-1].mark = self._no_item(kept[-1].mark)
                kept.append(Piece(candidate, mark))
            elif (
                kept and kept[-1].mark.strip() in marks.weak and (not mark or mark[0] in marks.ends)
            ):
                kept[-1].mark = mark
            return
        if any(map(_blocks, inside)):
            self.reasons.append(FACTS_AT_STAKE if facts or held else NO_WORDING)
        kept.append(Piece(passage, mark))

    def _struck(self, passage: str, candidate: str) -> list[str]:
        """The clauses of a passage whose figures its new wording has not."""
        left = Counter(_DIGITS.findall(candidate))
        clauses = (piece.text for piece in self.punctuation.pieces(passage))
        return [each for each in clauses if Counter(_DIGITS.findall(each)) - left]

    def _candidates(
        self,
        text: str,
        span: Span,
        spans: Sequence[Span],
        inside: Sequence[Finding],
        swaps: bool,
    ) -> Iterator[str]:
        """Wordings for a group of clauses, the nearest to the original first.

        ``swaps`` is false where swapped words would only say again what is said.
        """
        remedies = [self._rule(f).remedy for f in inside]
        swapped = self._swapped(text, span, inside) if swaps else None
        if swapped is not None:
            yield swapped
        if all(remedy.cut == "word" for remedy in remedies):
            yield "".join(outside(text, span, spans))
        yield from self._statements(inside)
        yield ""

    def _statements(self, inside: Sequence[Finding]) -> list[str]:
        """The rules' own lawful sentences, those of the gravest objection first."""
        worst = sorted(inside, key=lambda finding: -finding.verdict.rank)
        said = (self._rule(finding).remedy.instead for finding in worst)
        return [each.rstrip(self.punctuation.stop) for each in said if each]

    def _repeats(self, statement: str, said: str) -> bool:
        """Whether a good part of a statement is said already (…以产品说明书为准)."""
        part = self.punctuation.telling
        last = max(len(statement) - part, 0)
        return any(statement[at : at + part] in said for at in range(last + 1))

    def _no_item(self, mark: str) -> str:
        """The mark beside a sentence, which is no item of a list."""
        return self.punctuation.pause if mark == self.punctuation.listing else mark

    def _swapped(self, text: str, span: Span, inside: Sequence[Finding]) -> str | None:
        """The group with every objected span in its lawful wording; ``None``: some has none."""
        done, pieces = span[0], []
        for finding in sorted(inside, key=lambda f: (f.start, -f.end)):
            if finding.start < done:
                continue
            swapped = self._swap(finding)
            if swapped is None:
                return None
            pieces += [text[done : finding.start], swapped]
            done = finding.end
        return "".join([*pieces, text[done : span[1]]])

    def _swap(self, finding: Finding) -> str | None:
        folded = self._fold(self._rule(finding), finding.text)
        options = [(w, s.to) for s in self._rule(finding).remedy.swaps for w in s.words]
        for word, to in sorted(options, key=lambda option: -len(option[0])):
            at = folded.text.find(word)
            if at >= 0:
                start, end = folded.span(at, at + len(word))
                return finding.text[:start] + to + finding.text[end:]
        return None

    def _fold(self, rule: Rule, text: str) -> Folded:
        return self.checker.pack.languages[rule.language].normaliser.fold(text)

    def _lawful(self, passage: str) -> bool:
        return not self.checker.check(passage, replace(self.context, whole=False)).blocking

    def _facts(self, text: str) -> Facts:
        return Counter(
            (figure.kind, figure.value)
            for language in self.languages
            for figure in language.figures(language.normaliser.fold(text).text)
        )

    def _kept(self, text: str, inside: Sequence[Finding]) -> Facts:
        """The facts around a claim. A rate beside the claim of an investment is part of it."""
        claimed = {kind for finding in inside for kind in self._rule(finding).remedy.claimed}
        if self.context.product not in _PRICED:
            claimed.update(_CLAIMED)
        facts = self._facts(text)
        return Counter({fact: n for fact, n in facts.items() if fact[0] not in claimed})

    def _supplemented(self, text: str, finding: Finding) -> str:
        rule, supplied = self._rule(finding), self.supplied(finding)
        if supplied is None:
            if not finding.verdict.allows_use:
                self.reasons.append(NO_RECORD if rule.remedy.add else NO_WORDING)
            return text
        self.added.append(supplied)
        if rule.remedy.at == "start":
            return supplied + self.punctuation.gap + text
        near = any(element.near is not None for element in rule.requires)
        return self.punctuation.inserted(
            text, supplied, self._trigger_end(text, rule) if near else None
        )

    def _trigger_end(self, text: str, rule: Rule) -> int | None:
        """The end of the sentence that calls for a rule's element."""
        folded = self._fold(rule, text)
        at = [
            folded.span(place, place + len(word))[1]
            for element in rule.requires
            for word in element.when
            if (place := folded.text.find(word)) >= 0
        ]
        if not at:
            return None
        ends = (m.end() for m in self.punctuation.sentence.finditer(text))
        return next((end for end in ends if end >= min(at)), len(text))


def _blocks(finding: Finding) -> bool:
    return not finding.verdict.allows_use


def _without_slots(text: str) -> str | None:
    return None if "{{" in text else text
