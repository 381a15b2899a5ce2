"""What a change of rules would do: to the rules' own cases, and to texts that exist already."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from copilot.compliance.checker import Checker
from copilot.compliance.compiler import RuleFile, assemble, read_rules
from copilot.compliance.pack import Pack
from copilot.compliance.schema import RuleModel
from copilot.errors import InputError
from copilot.records.compliance import CheckContext, CheckResult, Verdict
from copilot.records.yaml_file import YamlFile

EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class StoredText:
    """A text with the context it is judged in; ``name`` is its id."""

    name: str
    text: str
    context: CheckContext


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A pack, with the files it was made from if they are at hand (a compiled pack has none)."""

    pack: Pack
    files: tuple[RuleFile, ...] = ()

    @classmethod
    def read(cls, path: Path) -> RuleSet:
        """A compiled pack, a folder of rule files, or a knowledge folder that has one.

        Raises:
            InputError: it is neither, or a rule file is wrong.
        """
        if path.is_file():
            return cls(Pack.read(path))
        folder = path / "rules" if (path / "rules").is_dir() else path
        if not folder.is_dir():
            raise InputError(
                "没有这个规则包或规则目录。", file=str(path), next="请给出 pack.json 或规则目录。"
            )
        files = read_rules(folder)
        return cls(assemble(folder, files), tuple(files))


@dataclass(frozen=True, slots=True)
class Shift:
    """A text that two packs judge differently."""

    name: str
    before: Verdict
    after: Verdict
    rules: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shift as `copilot rules diff` lists it."""
        return {
            "id": self.name,
            "before": self.before.value,
            "after": self.after.value,
            "rules": list(self.rules),
        }


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that was added, removed or changed, with the fields that differ."""

    rule_id: str
    change: str  # added | removed | changed
    fields: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The change as `copilot rules diff` lists it."""
        return {"rule_id": self.rule_id, "change": self.change, "fields": list(self.fields)}


def changed_rules(old: Pack, new: Pack) -> Iterator[RuleChange]:
    """Which rules differ, and in what."""
    before = {rule.id: dict(rule.source) for rule in old.rules}
    after = {rule.id: dict(rule.source) for rule in new.rules}
    for rule_id in sorted(before.keys() | after.keys()):
        if rule_id not in before:
            yield RuleChange(rule_id, "added")
        elif rule_id not in after:
            yield RuleChange(rule_id, "removed")
        elif before[rule_id] != after[rule_id]:
            one, two = before[rule_id], after[rule_id]
            names = sorted(n for n in one.keys() | two.keys() if one.get(n) != two.get(n))
            yield RuleChange(rule_id, "changed", tuple(names))


def case_texts(*sets: RuleSet) -> Iterator[StoredText]:
    """The texts of every wording case, each once; the id names rule, kind and number."""
    seen: set[tuple[str, CheckContext]] = set()
    for file in itertools.chain.from_iterable(ruleset.files for ruleset in sets):
        for case in file.word_cases():
            if case.part == "cases" and (case.text, case.context) not in seen:
                seen.add((case.text, case.context))
                name = f"{file.model.id} {case.kind} {case.number}"
                yield StoredText(name, case.text, case.context)


def shifts(old: Checker, new: Checker, texts: Iterable[StoredText]) -> Iterator[Shift]:
    """The texts whose verdict differs between two packs."""
    for stored in texts:
        before, after = (checker.check(stored.text, stored.context) for checker in (old, new))
        if before.verdict is not after.verdict:
            rules = sorted(_rule_ids(before) ^ _rule_ids(after))
            yield Shift(stored.name, before.verdict, after.verdict, tuple(rules))


@dataclass(slots=True)
class ImpactReport:
    """What a candidate rule finds in existing texts.

    ``newly`` counts texts that it hits and the rule in force under its id does not, ``no_longer``
    the reverse; ``worse`` counts texts whose verdict would become worse than it is today.
    """

    rule_id: str
    texts: int = 0
    hit: int = 0
    newly: int = 0
    no_longer: int = 0
    worse: int = 0
    found: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as one document."""
        return {
            "rule_id": self.rule_id,
            "texts": self.texts,
            "hit": self.hit,
            "share": round(self.hit / self.texts, 6) if self.texts else None,
            "newly": self.newly,
            "no_longer": self.no_longer,
            "worse": self.worse,
            "found": dict(self.found.most_common(EXAMPLES)),
            "examples": self.examples,
        }


def candidate(rule_file: Path, rules_dir: Path) -> tuple[RuleFile, Pack]:
    """A rule file with the pack of this one rule, in the language data of a rules folder.

    Raises:
        InputError: the file breaks the schema.
    """
    if not rule_file.is_file():
        raise InputError("没有这个规则文件。", file=str(rule_file), next="请检查路径。")
    file = YamlFile.read(rule_file)
    proposed = RuleFile(file.validated(RuleModel), file)
    if not proposed.model.decided_by_words:
        raise InputError(
            f"规则 {proposed.model.id} 由记录或大模型判断，程序不看它的文字。",
            file=str(rule_file),
            next="文字影响只适用于 terms、patterns、requires、claims 规则。",
        )
    others = [other for other in read_rules(rules_dir) if other.model.id != proposed.model.id]
    pack = assemble(rules_dir, [*others, proposed])
    return proposed, pack.only(pack.rule(proposed.model.id))


def impact(proposed: Pack, current: Checker, texts: Iterable[StoredText]) -> ImpactReport:
    """What the one rule of ``proposed`` finds in texts; memory does not grow with their number."""
    (rule,) = proposed.rules
    checker = Checker(proposed)
    report = ImpactReport(rule.id)
    known = frozenset(known.id for known in current.pack.rules)
    for stored in texts:
        report.texts += 1
        findings = checker.check(stored.text, stored.context).findings
        today = current.check(stored.text, stored.context) if findings or rule.id in known else None
        was = today is not None and rule.id in _rule_ids(today)
        report.no_longer += was and not findings
        if not findings:
            continue
        report.hit += 1
        report.newly += not was
        worst = max(f.verdict.rank for f in findings)
        report.worse += today is not None and worst > today.verdict.rank
        for finding in findings:
            _count(report.found, finding.text or "（缺少要素）")
        if len(report.examples) < EXAMPLES:
            spans = [[f.start, f.end] for f in findings]
            report.examples.append({"id": stored.name, "spans": spans, "new": not was})
    return report


def _rule_ids(result: CheckResult) -> frozenset[str]:
    return frozenset(finding.rule_id for finding in result.findings)


def _count(found: Counter[str], text: str, kept: int = 1000) -> None:
    """Counts a found text; rare ones are forgotten when there are too many kinds."""
    found[text[:40]] += 1
    if len(found) > 2 * kept:
        for rare, _ in found.most_common()[kept:]:
            del found[rare]
