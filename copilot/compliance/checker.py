"""The checker: one pass over a text, in the context in which it would be used."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from copilot.compliance.expressions import Expression
from copilot.compliance.grounding import ungrounded
from copilot.compliance.language import MAIN, Language
from copilot.compliance.pack import Pack, current_pack_path
from copilot.compliance.quantities import FigureInText
from copilot.compliance.rules import CORE, Claim, PatternMatcher, RequiredElement, Rule
from copilot.compliance.scan import Scan
from copilot.compliance.spans import Span, joined
from copilot.compliance.vocabulary import Vocabulary
from copilot.records.compliance import (
    CheckContext,
    CheckResult,
    Finding,
    LookupRule,
    RuleCitation,
    Usable,
    Verdict,
)

_ROUTES_KEPT = 512
_CONTEXTS_KEPT = 64
_CITATIONS_KEPT = 4_096
_COMPARE = {
    "<": float.__lt__,
    "<=": float.__le__,
    ">": float.__gt__,
    ">=": float.__ge__,
    "==": float.__eq__,
    "!=": float.__ne__,
}
Route = tuple[Vocabulary, frozenset[int], frozenset[int]]


class Checker:
    """Judges texts by one pack.

    >>> from copilot.paths import shipped
    >>> from copilot.records.codes import ProductType
    >>> checker = load_checker(None, shipped("knowledge"))
    >>> context = CheckContext(product=ProductType.WMP, whole=False)
    >>> checker.check("这款理财保 本保息", context).verdict.value
    'block'
    >>> checker.check("本产品不保证本金和收益", context).verdict.value
    'pass'
    """

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._rules = pack.rules
        self._vocabularies: dict[str, Vocabulary] = {}
        self._expressions: dict[str, Expression] = {}
        self._cited: dict[tuple[str, date], tuple[RuleCitation, ...]] = {}
        self._known: dict[int, tuple[CheckContext, tuple[Route, ...]]] = {}
        self._routes: dict[tuple[object, ...], tuple[Route, ...]] = {}

    @property
    def pack_version(self) -> str:
        """The hash of the rules in use."""
        return self.pack.version

    def check(
        self, text: str, context: CheckContext | None = None, *, unfinished: bool = False
    ) -> CheckResult:
        """The verdict on a text; on an ``unfinished`` one, whatever text may follow.

        A pass is no approval, so ``usable`` is never ``send`` here: staff may send only what the
        bank has reviewed.
        """
        context = context or CheckContext()
        findings: list[Finding] = []
        for vocabulary, active, standing in self._route(context):
            folded = vocabulary.language.normaliser.fold(text)
            scan = Scan(vocabulary, folded, active, unfinished=unfinished)
            matched: dict[int, list[Span]] = {}
            for number, windows in scan.likely():
                rule, matcher = vocabulary.patterns[number]
                spans = self._pattern_spans(matcher, windows, scan)
                if spans:
                    matched.setdefault(rule, []).extend(spans)
            unconditional = standing if context.whole or context.facts is not None else ()
            for index in {*unconditional, *scan.woken, *matched}:
                spans = matched.get(index, [])
                findings.extend(self._objections(index, spans, scan, text, context))
        findings.sort(key=lambda finding: finding.order)
        verdict = Verdict.worst(finding.verdict for finding in findings)
        usable = Usable.NO if verdict is Verdict.BLOCK else Usable.INTERNAL
        return CheckResult(verdict, tuple(findings), self.pack.version, usable)

    def languages(self, context: CheckContext) -> tuple[Language, ...]:
        """The languages of the rules that a text is judged by."""
        return tuple(route[0].language for route in self._route(context))

    def lookup_rules(self, as_of: date) -> tuple[LookupRule, ...]:
        """The rules in force that records decide, for the gate."""
        return tuple(
            rule.as_lookup() for rule in self._rules if rule.lookup and rule.active_on(as_of)
        )

    def _route(self, context: CheckContext) -> tuple[Route, ...]:
        """By language: the rules in force, and those of them that every text wakes."""
        known = self._known.get(id(context))
        if known is not None and known[0] is context:
            return known[1]
        day = context.day
        jurisdictions = context.jurisdictions
        key = (context.product, context.channel, context.kind, context.audience, day, jurisdictions)
        found = self._routes.get(key)
        if found is None:
            if len(self._routes) >= _ROUTES_KEPT:
                self._routes.clear()
            found = self._routes[key] = tuple(self._new_routes(context, day))
        if context.as_of is not None:  # else tomorrow's rules are others
            if len(self._known) >= _CONTEXTS_KEPT:
                self._known.clear()
            self._known[id(context)] = context, found
        return found

    def _new_routes(self, context: CheckContext, day: date) -> Iterator[Route]:
        active = [
            (index, rule)
            for index, rule in enumerate(self._rules)
            if rule.active_on(day) and rule.routes(context)
        ]
        spoken = dict.fromkeys(rule.language for _, rule in active if rule.jurisdiction != CORE)
        core_in = next(iter(spoken), MAIN)  # rules that hold everywhere are asked once
        for language in spoken or (MAIN,):
            kept = [
                (index, rule)
                for index, rule in active
                if (core_in if rule.jurisdiction == CORE else rule.language) == language
            ]
            yield (
                self._vocabulary(language),
                frozenset(index for index, _ in kept),
                frozenset(index for index, rule in kept if rule.standing),
            )

    def _vocabulary(self, language: str) -> Vocabulary:
        vocabulary = self._vocabularies.get(language)
        if vocabulary is None:
            vocabulary = self._vocabularies[language] = Vocabulary(self.pack, language)
        return vocabulary

    def _objections(
        self, index: int, spans: list[Span], scan: Scan, text: str, context: CheckContext
    ) -> Iterator[Finding]:
        """What one rule objects to; ``spans`` are where its patterns match."""
        rule, woken = self._rules[index], scan.woken.get(index, {})
        for (part, number), found in woken.items():
            if part == "terms":
                excuses = rule.terms[number].excuses
                spans += [s for s in found if not scan.excused(s, excuses, self._compiled)]
            elif part == "claims":
                spans += self._claims(rule.claims[number], sorted(found), scan, context)
        if rule.grounding and context.facts is not None:
            spans += [(f.start, f.end) for f in self._ungrounded(scan, context)]
        for start, end in joined(spans):
            yield self._finding(rule, context, text, scan.folded.span(start, end))
        if context.whole:
            for number, element in enumerate(rule.requires):
                if self._missing(element, woken.get(("requires", number), ()), scan):
                    yield self._finding(rule, context, text, (len(text), len(text)))

    def _finding(self, rule: Rule, context: CheckContext, text: str, span: Span) -> Finding:
        start, end = span
        found, key = text[start:end], (rule.id, context.day)
        if key not in self._cited:
            if len(self._cited) >= _CITATIONS_KEPT:
                self._cited.clear()
            self._cited[key] = rule.citations_on(key[1])
        return Finding(
            rule_id=rule.id,
            severity=rule.severity,
            verdict=rule.verdict,
            start=start,
            end=end,
            text=found,
            message=rule.message.replace("{text}", found),
            citations=self._cited[key],
            suggestion=rule.suggestion,
        )

    @staticmethod
    def _ungrounded(scan: Scan, context: CheckContext) -> Iterable[FigureInText]:
        spoken = scan.language
        return ungrounded(scan.text, context, spoken.roles, scan.figures, spoken.ordinary_figures)

    def _pattern_spans(
        self, matcher: PatternMatcher, windows: Sequence[Span], scan: Scan
    ) -> list[Span]:
        """Where a pattern matches in some parts of the text without an excuse."""
        expression = self._compiled(matcher.regex)
        spans = [
            (low + start, low + end)
            for low, high in windows
            for start, end in expression.spans(scan.window(low, high))
            if start < end
        ]
        return [s for s in spans if not scan.excused(s, matcher.excuses, self._compiled)]

    def _claims(
        self, claim: Claim, near: Sequence[Span], scan: Scan, context: CheckContext
    ) -> Iterator[Span]:
        for figure in scan.figures:
            if figure.kind != claim.figure or not _holds(claim, figure, context):
                continue
            clause = scan.structure.clause(figure.start)
            low = max(figure.start - claim.within, clause[0])
            high = min(figure.end + claim.within, clause[1])
            first = bisect_left(near, (low, low))
            span = figure.start, figure.end
            if (
                first < len(near)
                and near[first][1] <= high
                and not scan.excused(span, claim.excuses, self._compiled)
            ):
                yield span

    def _missing(self, element: RequiredElement, words: Sequence[Span], scan: Scan) -> bool:
        if not element.when:
            return not scan.matches(element.present, self._compiled)
        triggers = self._triggers(element, words, scan)
        if element.near is None:
            called_for = any(True for _ in triggers)
            return called_for and not scan.matches(element.present, self._compiled)
        present = self._compiled(element.present)
        return any(
            not present.matches(
                scan.text[max(0, start - element.near) : end + element.near].encode()
            )
            for start, end in triggers
        )

    def _triggers(
        self, element: RequiredElement, words: Sequence[Span], scan: Scan
    ) -> Iterator[Span]:
        """What calls for the element: its words, or its patterns around them."""
        spans: Iterable[Span] = words
        if element.when_patterns:
            spans = (
                (low + start, low + end)
                for low, high in scan.windows(words)
                for regex in element.when_patterns
                for start, end in self._compiled(regex).spans(scan.text[low:high].encode())
            )
        for span in spans:
            if not scan.excused(span, element.excuses, self._compiled):
                yield span

    def _compiled(self, regex: str) -> Expression:
        expression = self._expressions.get(regex)
        if expression is None:
            expression = self._expressions[regex] = Expression(regex)
        return expression


def load_checker(data_dir: Path | None, knowledge_dir: Path) -> Checker:
    """The checker for a data directory: its activated pack, else the shipped one.

    Raises:
        StateError: the pack is absent, unreadable or was changed after it was compiled.
    """
    return Checker(Pack.read(current_pack_path(data_dir, knowledge_dir)))


def _holds(claim: Claim, figure: FigureInText, context: CheckContext) -> bool:
    if isinstance(figure.value, str):
        return False
    stated = float(figure.value)
    if claim.value is not None:
        return bool(_COMPARE[claim.operator](stated, claim.value))
    known = [float(f.value) for f in context.facts or () if f.role == claim.fact]
    return bool(known) and all(_COMPARE[claim.operator](stated, value) for value in known)
