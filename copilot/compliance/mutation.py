"""Whether a rule's own cases would notice if the rule were wrong.

Each mutant is a compiled rule with one thing changed: a term dropped, a pattern widened, a
negation flipped, a date shifted … It is killed when one of the rule's own cases comes out
differently: hit where it was not, not hit where it was, or hit in another place.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from copilot.compliance.checker import Checker
from copilot.compliance.compiler import CASE_DAY, RuleFile, assemble, case_context, read_rules
from copilot.compliance.pack import Pack
from copilot.compliance.rules import Rule
from copilot.compliance.schema import LookupCase
from copilot.errors import NotFound
from copilot.records.compliance import CheckContext

Entry = dict[str, Any]
Change = tuple[str, str, Entry]  # group, what was changed, the changed entry
Case = tuple[str, CheckContext]
Outcome = tuple[tuple[int, int], ...]

TERM, PATTERN, EXCUSE, NEGATION, DATE, ELEMENT, CLAIM = (
    "term",
    "pattern",
    "excuse",
    "negation",
    "date",
    "element",
    "claim",
)
#: What a rule leaves open by design: when it does not object, and what it asks for.
BRANCHES = (EXCUSE, NEGATION, ELEMENT, CLAIM)
_PARTS = ("terms", "patterns", "requires", "claims")
_GAP = re.compile(r"\{0,(\d+)\}")
_WIDER = 3
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to one rule, and whether the rule's cases noticed.

    ``by_verdict`` is the stricter reading: some case is hit where it was not, or the reverse.
    """

    rule_id: str
    group: str
    change: str
    killed: bool
    by_verdict: bool

    def as_json(self) -> dict[str, Any]:
        """The mutant as `copilot rules mutate` lists it."""
        return {"rule_id": self.rule_id, "group": self.group, "change": self.change}


@dataclass(frozen=True, slots=True)
class MutationReport:
    """What `copilot rules mutate` found."""

    mutants: tuple[Mutant, ...]

    @property
    def killed(self) -> int:
        """How many mutants the cases noticed."""
        return sum(mutant.killed for mutant in self.mutants)

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """The mutants that no case noticed."""
        return tuple(mutant for mutant in self.mutants if not mutant.killed)

    def as_json(self) -> dict[str, Any]:
        """The report as one document."""
        total = Counter(mutant.group for mutant in self.mutants)
        dead = Counter(mutant.group for mutant in self.mutants if mutant.killed)
        return {
            "mutants": len(self.mutants),
            "killed": self.killed,
            "killed_by_verdict": sum(mutant.by_verdict for mutant in self.mutants),
            "share": round(self.killed / len(self.mutants), 4) if self.mutants else None,
            "groups": {g: {"mutants": n, "killed": dead[g]} for g, n in sorted(total.items())},
            "survivors": [mutant.as_json() for mutant in self.survivors],
        }


def mutate_rules(
    rules_dir: Path, *, rule_id: str | None = None, groups: Iterable[str] = (), processes: int = 1
) -> MutationReport:
    """Changes every wording rule in every way and runs its cases.

    Args:
        rules_dir: the folder of rule files.
        rule_id: only this rule.
        groups: only these groups of changes; empty: all.
        processes: how many processes share the work.

    Raises:
        InputError: a file breaks the schema.
        NotFound: no such rule.
    """
    files = read_rules(rules_dir)
    pack = assemble(rules_dir, files)
    tasks = [
        (file.model.id, list(cases_of(file)))
        for file in files
        if rule_id in (None, file.model.id)
        and file.model.lookup is None
        and file.model.status == "active"
    ]
    if rule_id is not None and not tasks:
        raise NotFound(
            f"没有可变异的文字规则 {rule_id}。", next="全部规则请用 `copilot rules list` 查看。"
        )
    wanted = frozenset(groups)
    if processes <= 1 or len(tasks) < processes:
        judged = [_judged(pack, task, wanted) for task in tasks]
    else:
        judged = _in_parallel(pack, tasks, wanted, processes)
    return MutationReport(tuple(mutant for mutants in judged for mutant in mutants))


def changes(source: Mapping[str, Any]) -> Iterator[Change]:
    """Every mutant of a compiled rule."""
    yield from _dates(source)
    for part in _PARTS:
        for index, matcher in enumerate(source.get(part, ())):
            place = f"{part}[{index}]"
            edit = _editor(source, part, index)
            if matcher.get("when") != []:  # what every text must have knows no excuse
                yield from _excuses(matcher, place, edit)
            yield from _BY_PART[part](matcher, place, edit)


def _editor(source: Mapping[str, Any], part: str, index: int) -> Callable[..., Entry]:
    def edited(**values: Any) -> Entry:
        entry = copy.deepcopy(dict(source))
        entry[part][index].update(values)
        return entry

    return edited


def _dates(source: Mapping[str, Any]) -> Iterator[Change]:
    """The rule a day late, a day early, not yet in force, and no longer."""
    for name in ("effective_from", "effective_to"):
        if not source[name]:
            continue
        day = date.fromisoformat(source[name])
        for change, other in (
            ("晚一天", day + _ONE_DAY),
            ("早一天", day - _ONE_DAY),
            ("改到用例日之后", CASE_DAY + _ONE_DAY),
            ("改到用例日之前", CASE_DAY - _ONE_DAY),
        ):
            if (name == "effective_from") == ("之前" in change):
                continue
            yield DATE, f"{name} {change}", {**source, name: other.isoformat()}


def _excuses(matcher: Entry, place: str, edit: Callable[..., Entry]) -> Iterator[Change]:
    stances = matcher["unless"]
    for stance in ("negated", "warned", "question", "condition"):
        if stance in stances:
            kept = [other for other in stances if other != stance]
            yield NEGATION, f"{place}.unless 去掉 {stance}", edit(unless=kept)
        elif stance in ("negated", "warned"):
            yield NEGATION, f"{place}.unless 加上 {stance}", edit(unless=[*stances, stance])
    for name in ("lawful", "lawful_patterns", "only_with", "not_with"):
        for item, kept in _without_each(matcher[name]):
            yield EXCUSE, f"{place}.{name} 去掉 {item}", edit(**{name: kept})


def _terms(matcher: Entry, place: str, edit: Callable[..., Entry]) -> Iterator[Change]:
    for word, kept in _without_each(matcher["words"]):
        yield TERM, f"{place}.words 去掉 {word}", edit(words=kept)


def _patterns(matcher: Entry, place: str, edit: Callable[..., Entry]) -> Iterator[Change]:
    regex = matcher["regex"]
    yield PATTERN, f"{place} 去掉", edit(anchors=[])
    wider = _GAP.sub(lambda gap: f"{{0,{int(gap[1]) * _WIDER + _WIDER}}}", regex)
    wider = wider.replace("[^。;,", "[^。;")
    if wider != regex:
        yield PATTERN, f"{place} 放宽间隔", edit(regex=wider)
    for word, kept in _without_each(matcher["anchors"]):
        yield PATTERN, f"{place}.anchors 去掉 {word}", edit(anchors=kept)


def _elements(matcher: Entry, place: str, edit: Callable[..., Entry]) -> Iterator[Change]:
    for name in ("present", "when", "when_patterns"):
        for item, kept in _without_each(matcher[name]):
            if kept or name == "present":
                yield ELEMENT, f"{place}.{name} 去掉 {item}", edit(**{name: kept or ["\ufffd"]})
    if matcher["near"] is not None:
        yield ELEMENT, f"{place}.near 放宽", edit(near=matcher["near"] * _WIDER)


def _claims(matcher: Entry, place: str, edit: Callable[..., Entry]) -> Iterator[Change]:
    opposite = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
    yield CLAIM, f"{place}.operator 取反", edit(operator=opposite[matcher["operator"]])
    yield CLAIM, f"{place} 去掉", edit(near=[])
    for word, kept in _without_each(matcher["near"]):
        yield CLAIM, f"{place}.near 去掉 {word}", edit(near=kept)


_BY_PART = {"terms": _terms, "patterns": _patterns, "requires": _elements, "claims": _claims}


def _without_each(items: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for item in items:
        yield item, [other for other in items if other != item]


def cases_of(file: RuleFile) -> Iterator[Case]:
    """Every wording case of a rule file, its edges included."""
    model = file.model
    own = (*model.cases.fail, *model.cases.pass_, *model.edges.fail, *model.edges.pass_)
    for case in own:
        if not isinstance(case, LookupCase):
            yield case_context(model, case)


def _judged(pack: Pack, task: tuple[str, list[Case]], groups: frozenset[str]) -> list[Mutant]:
    rule_id, cases = task
    rule = pack.rule(rule_id)
    expected = outcomes(Checker(pack.only(rule)), rule, cases)
    mutants = []
    for group, change, entry in changes(rule.source):
        if not groups or group in groups:
            killed, by_verdict = _noticed(pack, Rule.from_json(entry), cases, expected)
            mutants.append(Mutant(rule_id, group, change, killed, by_verdict))
    return mutants


def _noticed(
    pack: Pack, mutant: Rule, cases: Sequence[Case], expected: Sequence[Outcome]
) -> tuple[bool, bool]:
    found = outcomes(Checker(pack.only(mutant)), mutant, cases)
    by_verdict = any(bool(a) != bool(b) for a, b in zip(found, expected, strict=True))
    return found != expected, by_verdict


def outcomes(checker: Checker, rule: Rule, cases: Sequence[Case]) -> list[Outcome]:
    """Where a rule hits in each case."""
    results = [checker.check(text, context).findings for text, context in cases]
    return [tuple((f.start, f.end) for f in found if f.rule_id == rule.id) for found in results]


_shared: dict[str, Any] = {}


def _in_parallel(
    pack: Pack, tasks: Sequence[tuple[str, list[Case]]], groups: frozenset[str], processes: int
) -> list[list[Mutant]]:
    from concurrent.futures import ProcessPoolExecutor

    content = {"language": pack.language, "rules": [dict(rule.source) for rule in pack.rules]}
    with ProcessPoolExecutor(processes, initializer=_begin, initargs=(content, groups)) as pool:
        return list(pool.map(_judged_there, tasks, chunksize=4))


def _begin(content: dict[str, Any], groups: frozenset[str]) -> None:
    _shared["pack"] = Pack.of(content)
    _shared["groups"] = groups


def _judged_there(task: tuple[str, list[Case]]) -> list[Mutant]:
    return _judged(_shared["pack"], task, _shared["groups"])
