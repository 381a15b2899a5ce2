"""Cases that would notice what a rule's own cases miss, for a person to read and take over.

A proposal records what the rule does today: whoever takes it over says that this is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from copilot.compliance.checker import Checker
from copilot.compliance.compiler import RuleFile, assemble, case_context, read_rules
from copilot.compliance.mutation import DATE, Case, Change, Outcome, cases_of, changes, outcomes
from copilot.compliance.pack import Pack
from copilot.compliance.rules import Rule
from copilot.compliance.samples import Sampler
from copilot.compliance.schema import RuleModel
from copilot.files import write_whole
from copilot.records.compliance import CheckContext

_DRAWS = 80
_MERGED = 8  # sentences of one proposed text
_STANCES = {
    "zh": (
        "不{}",
        "不得{}",
        "不承诺{}",
        "谨防{}",
        "警惕“{}”",
        "“{}”是骗局",
        "如果有人说{}，请报警",
        "{}吗？",
    ),
    "en": ("not {}", "no {}", "never {}", "beware of {}", 'do not believe "{}"', "{}?"),
}
_TOPIC = {"zh": "说到{}，{}", "en": "As for {}, {}"}
_ASIDE = {"zh": "，其实，", "en": ", in fact, "}
_STAMMER = re.compile(r"(.)\1|某")  # what a sampler writes and nobody says


@dataclass(frozen=True, slots=True)
class Proposal:
    """A case for a rule; ``kind`` is ``fail`` or ``pass``, ``as_of`` set where the date counts."""

    rule_id: str
    kind: str
    text: str
    as_of: date | None = None

    def as_case(self) -> Any:
        """The case as it stands in a rule file."""
        if self.as_of is None:
            return self.text
        return {"text": self.text, "context": {"as_of": self.as_of}}

    def as_json(self) -> dict[str, Any]:
        """The proposal as `copilot rules mutate --propose` lists it."""
        body: dict[str, Any] = {"rule_id": self.rule_id, "kind": self.kind, "text": self.text}
        return body if self.as_of is None else {**body, "as_of": self.as_of.isoformat()}


def propose(
    rules_dir: Path, *, rule_id: str | None = None, processes: int = 1
) -> Iterator[Proposal]:
    """Cases for the mutants that no case kills, rule by rule.

    Raises:
        InputError: a file breaks the schema.
    """
    from concurrent.futures import ProcessPoolExecutor

    ids = [
        file.model.id
        for file in read_rules(rules_dir)
        if file.model.decided_by_words
        and file.model.status == "active"
        and rule_id in (None, file.model.id)
    ]
    if processes <= 1 or len(ids) < processes:
        _begin(rules_dir)
        for one in ids:
            yield from _proposed(one)
        return
    with ProcessPoolExecutor(processes, initializer=_begin, initargs=(rules_dir,)) as pool:
        for proposals in pool.map(_proposed, ids):
            yield from proposals


def take_over(rules_dir: Path, proposals: Sequence[Proposal]) -> list[Path]:
    """Adds proposals to their rule files as edges, at the end of each file."""
    import yaml

    by_rule: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        by_rule.setdefault(proposal.rule_id, []).append(proposal)
    written = []
    for file in read_rules(rules_dir):
        taken = by_rule.get(file.model.id)
        if not taken:
            continue
        edges = file.file.data.get("edges") or {}
        known = {kind: list(edges.get(kind, ())) for kind in ("fail", "pass")}
        for proposal in taken:
            known[proposal.kind].append(proposal.as_case())
        text = file.file.path.read_text("utf-8").partition("\nedges:\n")[0].rstrip("\n")
        body = yaml.safe_dump({"edges": known}, allow_unicode=True, sort_keys=False, width=1000)
        write_whole(file.file.path, f"{text}\n{body}")
        written.append(file.file.path)
    return written


_shared: dict[str, Any] = {}


def _begin(rules_dir: Path) -> None:
    files = read_rules(rules_dir)
    _shared["pack"] = assemble(rules_dir, files)
    _shared["files"] = {file.model.id: file for file in files}


def _proposed(rule_id: str) -> list[Proposal]:
    return list(_Proposer(_shared["pack"], _shared["files"][rule_id]).proposals())


class _Proposer:
    """Finds cases for one rule."""

    def __init__(self, pack: Pack, file: RuleFile) -> None:
        self._pack = pack
        self._model: RuleModel = file.model
        self._rule = pack.rule(file.model.id)
        self._cases = list(cases_of(file))
        self._fails = self._cases[: len(file.model.cases.fail)]
        self._original = Checker(pack.only(self._rule))

    def proposals(self) -> Iterator[Proposal]:
        known = outcomes(self._original, self._rule, self._cases)
        open_changes = [
            change
            for change in changes(self._rule.source)
            if not change.equivalent
            and outcomes(self._mutant(change), self._rule, self._cases) == known
        ]
        yield from self._days([c for c in open_changes if c.group == DATE])
        found: dict[str, list[tuple[str, Change]]] = {"fail": [], "pass": []}
        for change in open_changes:
            if change.group != DATE and not self._noticed_already(change, found):
                text = self._telling_text(change)
                if text is not None:
                    found["fail" if self._hits(text) else "pass"].append((text, change))
        for kind, pairs in found.items():
            yield from (Proposal(self._rule.id, kind, t) for t in self._merged(kind, pairs))

    def _mutant(self, change: Change) -> Checker:
        return Checker(self._pack.only(Rule.from_json(change.entry)))

    def _context(self) -> CheckContext:
        return case_context(self._model, "…")[1]

    def _outcome(self, checker: Checker, text: str) -> Outcome:
        (outcome,) = outcomes(checker, self._rule, [(text, self._context())])
        return outcome

    def _hits(self, text: str) -> bool:
        return bool(self._outcome(self._original, text))

    def _differs(self, change: Change, text: str) -> bool:
        return self._outcome(self._mutant(change), text) != self._outcome(self._original, text)

    def _noticed_already(
        self, change: Change, found: Mapping[str, Sequence[tuple[str, Change]]]
    ) -> bool:
        mutant = self._mutant(change)
        return any(
            self._outcome(mutant, text) != self._outcome(self._original, text)
            for pairs in found.values()
            for text, _ in pairs
        )

    def _telling_text(self, change: Change) -> str | None:
        mutant = self._mutant(change)
        for text in dict.fromkeys(self._candidates(change)):
            if text and self._outcome(mutant, text) != self._outcome(self._original, text):
                return text
        return None

    def _merged(self, kind: str, pairs: Sequence[tuple[str, Change]]) -> Iterator[str]:
        """The texts, several sentences in one where each is still noticed."""
        if any(part in self._rule.source for part in ("requires",)):
            yield from dict.fromkeys(text for text, _ in pairs)
            return
        mark = "。" if self._rule.language == "zh" else ". "
        group: list[tuple[str, Change]] = []
        for pair in pairs:
            grown = [*group, pair]
            text = mark.join(t for t, _ in grown)
            fits = len(grown) <= _MERGED and self._hits(text) == (kind == "fail")
            if fits and all(self._differs(change, text) for _, change in grown):
                group = grown
                continue
            if group:
                yield mark.join(t for t, _ in group)
            group = [pair]
        if group:
            yield mark.join(t for t, _ in group)

    def _days(self, dated: Sequence[Change]) -> Iterator[Proposal]:
        """A fail case on the first and last day, a pass case just outside."""
        if not dated or not self._fails:
            return
        text, context = self._fails[0]
        for day in (self._model.effective_from, self._model.effective_to):
            for edge in () if day is None else (day - _DAY, day, day + _DAY):
                case: Case = (text, replace(context, as_of=edge))
                (now,) = outcomes(self._original, self._rule, [case])
                if any(outcomes(self._mutant(c), self._rule, [case]) != [now] for c in dated):
                    yield Proposal(self._rule.id, "fail" if now else "pass", text, edge)

    def _candidates(self, change: Change) -> Iterator[str]:
        """Texts that may tell a mutant from the rule."""
        what = change.what
        part, _, rest = what.partition("[")
        index = int(rest.partition("]")[0])
        matcher = self._rule.source[part][index]
        item = what.partition(" 去掉 ")[2]
        base = list(self._base(part, matcher))
        if item:
            yield item
            yield from (text for text in base if item in text)
            drawn = list(_draws(item)) if _is_regex(what) else [item]
            for other in drawn:
                yield other
                topic = _TOPIC[self._rule.language]
                for text in base:
                    yield topic.format(other, text)
                    yield from (f"{text}，{other}", f"{text}{other}", f"{other}{text}")
        for text in base:
            for pattern in _STANCES[self._rule.language]:
                yield pattern.format(text)
        if part == "patterns":
            aside = _ASIDE[self._rule.language]
            yield from (f"{t[:at]}{aside}{t[at:]}" for t in base for at in range(1, len(t)))
        yield from base

    def _base(self, part: str, matcher: Mapping[str, Any]) -> Iterator[str]:
        """Texts that a matcher hits, or nearly does."""
        texts = [text for text, _ in self._fails]
        if part == "terms":
            yield from matcher["words"]
        elif part == "patterns":
            helpers = [*matcher["only_with"], *matcher["anchors"]] or [""]
            for text in _draws(matcher["regex"]):
                yield text
                yield from (f"{text}{word}" for word in helpers[:3])
        else:
            yield from matcher.get("when", matcher.get("near", ()))
            for regex in matcher.get("when_patterns", ()):
                yield from _draws(regex)
        yield from texts


_DAY = timedelta(days=1)


def _is_regex(what: str) -> bool:
    return any(name in what for name in (".lawful_patterns ", ".present ", ".when_patterns "))


def _draws(regex: str) -> Iterator[str]:
    """Texts of an expression, without those that nobody would say."""
    drawn = dict.fromkeys(Sampler(seed).text(regex) for seed in range(_DRAWS))
    yield from (text for text in drawn if _STAMMER.search(text) is None)
