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
from typing import Any, NamedTuple

from copilot.compliance.checker import Checker
from copilot.compliance.compiler import CASE_DAY, RuleFile, assemble, read_rules
from copilot.compliance.language import MAIN
from copilot.compliance.literals import always_holds
from copilot.compliance.pack import Pack
from copilot.compliance.rules import Rule
from copilot.errors import NotFound
from copilot.records.compliance import CheckContext

Entry = dict[str, Any]
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


class Change(NamedTuple):
    """One change of a compiled rule.

    ``word`` is the word that the change drops, if that is all it does: a text without it cannot
    notice. ``equivalent`` is the proof that no text can, if there is one.
    """

    group: str
    what: str
    entry: Entry
    word: str = ""
    equivalent: str = ""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to one rule, and whether the rule's cases noticed.

    ``by_verdict`` is the stricter reading: some case is hit where it was not, or the reverse.
    ``equivalent`` says why no case can notice; such a mutant counts neither way.
    """

    rule_id: str
    group: str
    change: str
    killed: bool
    by_verdict: bool
    equivalent: str = ""

    def as_json(self) -> dict[str, Any]:
        """The mutant as `copilot rules mutate` lists it."""
        body = {"rule_id": self.rule_id, "group": self.group, "change": self.change}
        return {**body, "reason": self.equivalent} if self.equivalent else body


@dataclass(frozen=True, slots=True)
class MutationReport:
    """What `copilot rules mutate` found; ``equivalent`` are the changes that change nothing."""

    mutants: tuple[Mutant, ...]
    equivalent: tuple[Mutant, ...] = ()

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
        return {
            "mutants": len(self.mutants),
            "killed": self.killed,
            "killed_by_verdict": sum(mutant.by_verdict for mutant in self.mutants),
            "share": round(self.killed / len(self.mutants), 4) if self.mutants else None,
            "groups": self._counted(lambda mutant: mutant.group),
            "topics": self._counted(lambda mutant: mutant.rule_id.rpartition(".")[0]),
            "equivalent": len(self.equivalent),
            "equivalent_mutants": [mutant.as_json() for mutant in self.equivalent],
            "survivors": [mutant.as_json() for mutant in self.survivors],
        }

    def _counted(self, key: Callable[[Mutant], str]) -> dict[str, dict[str, int]]:
        total = Counter(map(key, self.mutants))
        dead = Counter(key(mutant) for mutant in self.mutants if mutant.killed)
        return {name: {"mutants": n, "killed": dead[name]} for name, n in sorted(total.items())}


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
        and file.model.decided_by_words
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
    every = [mutant for mutants in judged for mutant in mutants]
    return MutationReport(
        tuple(mutant for mutant in every if not mutant.equivalent),
        tuple(mutant for mutant in every if mutant.equivalent),
    )


def changes(source: Mapping[str, Any]) -> Iterator[Change]:
    """Every mutant of a compiled rule."""
    yield from _dates(source)
    for part in _PARTS:
        for index, matcher in enumerate(source.get(part, ())):
            place = f"{part}[{index}]"
            edit = _editor(source, part, index)
            if matcher.get("when") != []:  # what every text must have knows no excuse
                yield from _excuses(matcher, place, edit, source["language"])
            yield from _BY_PART[part](matcher, place, edit, source["language"])


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
            entry = {**source, name: other.isoformat()}
            yield Change(DATE, f"{name} {change}", entry)


def _excuses(
    matcher: Entry, place: str, edit: Callable[..., Entry], language: str
) -> Iterator[Change]:
    stances = matcher["unless"]
    for stance in ("negated", "warned", "question", "condition"):
        if stance in stances:
            kept = [other for other in stances if other != stance]
            yield Change(NEGATION, f"{place}.unless 去掉 {stance}", edit(unless=kept))
        elif stance in ("negated", "warned"):
            more = [*stances, stance]
            yield Change(NEGATION, f"{place}.unless 加上 {stance}", edit(unless=more))
    for name in ("lawful", "lawful_patterns", "only_with", "not_with"):
        for item, kept in _without_each(matcher[name]):
            word = "" if name == "lawful_patterns" else item
            proof = _proof(matcher, name, item, kept, language)
            change = f"{place}.{name} 去掉 {item}"
            yield Change(EXCUSE, change, edit(**{name: kept}), word, proof)


def _terms(
    matcher: Entry, place: str, edit: Callable[..., Entry], _language: str
) -> Iterator[Change]:
    for word, kept in _without_each(matcher["words"]):
        yield Change(TERM, f"{place}.words 去掉 {word}", edit(words=kept), word)


def _patterns(
    matcher: Entry, place: str, edit: Callable[..., Entry], language: str
) -> Iterator[Change]:
    regex = matcher["regex"]
    yield Change(PATTERN, f"{place} 去掉", edit(anchors=[]))
    wider = _GAP.sub(lambda gap: f"{{0,{int(gap[1]) * _WIDER + _WIDER}}}", regex)
    wider = wider.replace("[^。;,", "[^。;")
    if wider != regex:
        yield Change(PATTERN, f"{place} 放宽间隔", edit(regex=wider))
    for word, kept in _without_each(matcher["anchors"]):
        proof = _proof(matcher, "anchors", word, kept, language)
        yield Change(PATTERN, f"{place}.anchors 去掉 {word}", edit(anchors=kept), word, proof)


def _elements(
    matcher: Entry, place: str, edit: Callable[..., Entry], _language: str
) -> Iterator[Change]:
    for name in ("present", "when", "when_patterns"):
        for item, kept in _without_each(matcher[name]):
            if kept or name == "present":
                edited = edit(**{name: kept or ["\ufffd"]})
                word = item if name == "when" else ""
                yield Change(ELEMENT, f"{place}.{name} 去掉 {item}", edited, word)
    if matcher["near"] is not None:
        yield Change(ELEMENT, f"{place}.near 放宽", edit(near=matcher["near"] * _WIDER))


def _claims(
    matcher: Entry, place: str, edit: Callable[..., Entry], _language: str
) -> Iterator[Change]:
    opposite = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
    flipped = opposite[matcher["operator"]]
    yield Change(CLAIM, f"{place}.operator 取反", edit(operator=flipped))
    yield Change(CLAIM, f"{place} 去掉", edit(near=[]))
    for word, kept in _without_each(matcher["near"]):
        yield Change(CLAIM, f"{place}.near 去掉 {word}", edit(near=kept), word)


_BY_PART = {"terms": _terms, "patterns": _patterns, "requires": _elements, "claims": _claims}


def _without_each(items: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for item in items:
        yield item, [other for other in items if other != item]


def _proof(matcher: Entry, name: str, item: str, kept: Sequence[str], language: str) -> str:
    """Why a list without one of its words decides nothing differently; empty: it may.

    Holds for every sentence that is no longer than a pattern is looked for around its anchor.
    """
    if name not in ("anchors", "only_with", "not_with"):
        return ""
    if language == MAIN:  # other languages look for whole words
        part = next((word for word in kept if word in item), None)
        if part is not None:
            return f"“{item}”里已有同列的“{part}”"
        if name != "not_with" and "regex" in matcher and always_holds(matcher["regex"], kept):
            return "凡匹配的文字必有同列的其他词"
    return ""


def cases_of(file: RuleFile) -> Iterator[Case]:
    """Every wording case of a rule file, its edges included."""
    return ((case.text, case.context) for case in file.word_cases())


def _judged(pack: Pack, task: tuple[str, list[Case]], groups: frozenset[str]) -> list[Mutant]:
    rule_id, cases = task
    rule = pack.rule(rule_id)
    expected = outcomes(Checker(pack.only(rule)), rule, cases)
    fold = pack.languages[rule.language].normaliser.fold
    known = [
        (case, fold(case[0]).text, outcome) for case, outcome in zip(cases, expected, strict=True)
    ]
    mutants = []
    for change in changes(rule.source):
        if groups and change.group not in groups:
            continue
        word = change.word.removesuffix("*")
        telling = [(case, outcome) for case, text, outcome in known if word in text]
        killed, by_verdict = (
            (False, False) if change.equivalent else _noticed(pack, change.entry, telling)
        )
        mutants.append(
            Mutant(rule_id, change.group, change.what, killed, by_verdict, change.equivalent)
        )
    return mutants


def _noticed(
    pack: Pack, entry: Entry, expected: Sequence[tuple[Case, Outcome]]
) -> tuple[bool, bool]:
    """Whether some case comes out differently, and whether it is hit or not as against before."""
    mutant = Rule.from_json(entry)
    checker = Checker(pack.only(mutant))
    noticed = False
    for case, before in expected:
        (now,) = outcomes(checker, mutant, [case])
        noticed = noticed or now != before
        if bool(now) != bool(before):
            return True, True
    return noticed, False


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
