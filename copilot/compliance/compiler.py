"""From rule files to a pack: validated, folded, capped by their evidence, proven by their cases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from copilot.compliance.checker import Checker
from copilot.compliance.language import MAIN, Folds
from copilot.compliance.language_files import (
    checked_regex,
    fold_pattern,
    folding,
    read_languages,
    sounds_of,
)
from copilot.compliance.lexicon import Lexicon, read_lexicon
from copilot.compliance.pack import Pack
from copilot.compliance.rules import CORE, UNKNOWN
from copilot.compliance.schema import (
    ContextModel,
    ExcusesModel,
    LookupCase,
    RuleModel,
    TextCase,
)
from copilot.errors import InputError
from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import CheckContext, Fact, Severity, Verdict
from copilot.records.yaml_file import YamlFile

#: Cases without a date are judged on this day, so that a pack does not age in its tests.
CASE_DAY = date(2026, 11, 20)


Confirmed = frozenset[tuple[str, str, str]]
"""Rule id, regulation and article of each confirmed citation."""


@dataclass(frozen=True, slots=True)
class CaseFailure:
    """A case that did not come out as its file says."""

    rule_id: str
    kind: str  # fail | pass
    number: int  # counts from 1
    text: str
    file: str
    row: int | None

    @property
    def message(self) -> str:
        """The failure in words."""
        what = "应命中而未命中" if self.kind == "fail" else "不应命中而命中"
        return f"规则 {self.rule_id} 的 {self.kind} 用例第 {self.number} 条{what}：{self.text}"


@dataclass(frozen=True, slots=True)
class PackReport:
    """What `copilot rules test` found."""

    pack: Pack
    cases: int
    lookup_cases: int
    judge_cases: int
    failures: tuple[CaseFailure, ...]
    dead_terms: tuple[tuple[str, str], ...]  # (rule id, term or pattern no fail case exercises)

    def as_json(self) -> dict[str, Any]:
        """The report as one document."""
        return {
            "pack_version": self.pack.version,
            "rules": len(self.pack.rules),
            "cases": self.cases,
            "lookup_cases": self.lookup_cases,
            "judge_cases": self.judge_cases,
            "failures": [
                {
                    "rule_id": f.rule_id,
                    "kind": f.kind,
                    "number": f.number,
                    "text": f.text,
                    "file": f.file,
                    "row": f.row,
                }
                for f in self.failures
            ],
            "dead_terms": [{"rule_id": r, "term": t} for r, t in self.dead_terms],
        }


@dataclass(frozen=True, slots=True)
class WordCase:
    """A text with what a rule must make of it, and where it stands in the rule's file."""

    part: str  # cases | edges
    kind: str  # fail | pass
    number: int  # counts from 1
    text: str
    context: CheckContext


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A validated rule with the file it stands in."""

    model: RuleModel
    file: YamlFile

    def word_cases(self) -> Iterator[WordCase]:
        """Its cases of words, then its edges; those that records decide are left out."""
        cases, edges = self.model.cases, self.model.edges
        groups: tuple[tuple[str, str, Sequence[str | TextCase | LookupCase]], ...] = (
            ("cases", "fail", cases.fail),
            ("cases", "pass", cases.pass_),
            ("edges", "fail", edges.fail),
            ("edges", "pass", edges.pass_),
        )
        for part, kind, listed in groups:
            for number, case in enumerate(listed, 1):
                if not isinstance(case, LookupCase):
                    yield WordCase(part, kind, number, *case_context(self.model, case))


def compile_rules(rules_dir: Path, confirmed: Confirmed = frozenset()) -> Pack:
    """The pack of a folder of rule files.

    Args:
        rules_dir: the folder.
        confirmed: citations read only in summaries that a named person has confirmed.

    Raises:
        InputError: a file breaks the schema, or a rule fails one of its own cases.
    """
    report = run_rule_cases(rules_dir, confirmed)
    if report.failures:
        first = report.failures[0]
        raise InputError(
            first.message,
            next="请修改规则或用例，再运行 `copilot rules test`。",
            file=first.file,
            row=first.row,
            field=f"cases.{first.kind}",
        )
    return report.pack


def run_rule_cases(rules_dir: Path, confirmed: Confirmed = frozenset()) -> PackReport:
    """Compile every rule file and run the cases; failures are reported, not raised.

    Raises:
        InputError: a file breaks the schema.
    """
    files = read_rules(rules_dir)
    pack = assemble(rules_dir, files, confirmed)
    checker = Checker(pack)
    failures = [f for file in files for f in case_failures(file, checker)]
    dead = [pair for file in files for pair in _dead_terms(file, checker)]
    of_lookups = _count_cases(file for file in files if file.model.lookup)
    of_judges = _count_cases(file for file in files if file.model.judge)
    run = _count_cases(files) - of_lookups - of_judges
    return PackReport(pack, run, of_lookups, of_judges, tuple(failures), tuple(dead))


def _count_cases(files: Iterable[RuleFile]) -> int:
    return sum(len(f.model.cases.fail) + len(f.model.cases.pass_) for f in files)


def assemble(
    rules_dir: Path, files: Sequence[RuleFile], confirmed: Confirmed = frozenset()
) -> Pack:
    """The pack of validated rule files and the folder's language data; no case is run.

    Raises:
        InputError: the language data or an expression is wrong.
    """
    languages = read_languages(rules_dir)
    lexicon = read_lexicon(rules_dir)
    folders = {
        name: _Folder(folding(name, data), lexicon, confirmed) for name, data in languages.items()
    }
    rules = [_folder_of(file, folders).rule(file) for file in files]
    main = languages[MAIN]
    main["guarded"] = sorted({*main["guarded"], *_guardable(rules)})
    main["sounds"] = sounds_of(main["guarded"], main["sounds"])
    return Pack.of({"language": languages, "rules": rules})


def read_rules(rules_dir: Path) -> list[RuleFile]:
    """Every rule file under ``<jurisdiction>/<topic>/``, in order of id.

    Raises:
        InputError: none is there, one breaks the schema, or two share an id.
    """
    files: dict[str, RuleFile] = {}
    for path in sorted(rules_dir.glob("*/*/*.yaml")):
        file = YamlFile.read(path)
        model = file.validated(RuleModel)
        jurisdiction = path.parent.parent.name
        if not (model.id.startswith(f"{jurisdiction}.") and model.id.endswith(f".{path.stem}")):
            place = path.relative_to(rules_dir)
            raise file.error(
                f"规则 id {model.id} 与文件位置 {place} 不符。",
                ("id",),
                next=f"id 以 {jurisdiction}. 开头，以 .{path.stem} 结尾。",
            )
        if model.id in files:
            raise file.error(f"规则 id {model.id} 已在 {files[model.id].file.path} 使用。", ("id",))
        files[model.id] = RuleFile(model, file)
    if not files:
        raise InputError(
            f"{rules_dir} 下没有规则文件。", next="规则文件位于 <辖区>/<主题>/<规则>.yaml。"
        )
    return [files[rule_id] for rule_id in sorted(files)]


def _folder_of(file: RuleFile, folders: dict[str, _Folder]) -> _Folder:
    try:
        return folders[file.model.language]
    except KeyError:
        raise file.file.error(
            f"没有语言 {file.model.language} 的数据。",
            ("language",),
            next=f"可用的语言：{'、'.join(folders)}。",
        ) from None


def _guardable(rules: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Terms long enough that a homophone of them is no accident."""
    for rule in rules:
        if rule["severity"] == Severity.BLOCK.value and rule["language"] == MAIN:
            for matcher in rule.get("terms", ()):
                yield from (w for w in matcher["words"] if 3 <= len(w) <= 8 and _is_han(w))


def _is_han(word: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in word)


class _Folder:
    """Turns a validated rule into its entry of the pack."""

    def __init__(self, normaliser: Folds, lexicon: Lexicon, confirmed: Confirmed) -> None:
        self._fold = normaliser.fold_word
        self._lexicon = lexicon
        self._confirmed = confirmed

    def rule(self, file: RuleFile) -> dict[str, Any]:
        model = file.model
        severity, verdict = _capped(model, self._confirmed)
        entry: dict[str, Any] = model.model_dump(
            mode="json",
            exclude={
                *("terms", "patterns", "requires", "claims", "lookup", "judge", "grounding"),
                *("rewrite", "cases", "edges"),
            },
        )
        entry |= {"severity": severity.value, "verdict": verdict.value}
        for name in ("terms", "patterns", "requires", "claims"):
            matchers = [
                self._matcher(file, matcher, (name, index))
                for index, matcher in enumerate(getattr(model, name))
            ]
            if matchers:
                entry[name] = matchers
        if model.lookup:
            entry["lookup"] = model.lookup.model_dump(mode="json")
        if model.judge:
            entry["judge"] = model.judge.question
        if model.grounding:
            entry["grounding"] = True
        if model.rewrite:
            entry["rewrite"] = rewrite = model.rewrite.model_dump(mode="json")
            for swap in rewrite["swaps"]:
                swap["words"] = [self._fold(word) for word in swap["words"]]
        return entry

    def _matcher(
        self, file: RuleFile, matcher: ExcusesModel, location: tuple[str | int, ...]
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {}
        for name, value in matcher.model_dump(mode="json").items():
            if name in {"words", "anchors", "when", "near", "lawful", "only_with", "not_with"} and (
                isinstance(value, list)
            ):
                words = self._lexicon.words(file, value, (*location, name))
                entry[name] = list(dict.fromkeys(map(self._fold, words)))
            elif name in {"present", "when_patterns", "lawful_patterns"}:
                entry[name] = [self._regex(file, regex, (*location, name)) for regex in value]
            elif name == "regex":
                entry[name] = self._regex(file, value, (*location, name))
            else:
                entry[name] = value
        return entry

    def _regex(self, file: RuleFile, regex: str, location: tuple[str | int, ...]) -> str:
        folded = fold_pattern(self._lexicon.regex(file, regex, location), self._fold)
        if re.search(r"(?<!\\)[A-Z]", folded):
            raise file.file.error(f"表达式 {regex} 含大写字母，原文已转为小写。", location)
        checked_regex(file.file, folded, location)
        return folded


def _capped(model: RuleModel, confirmed: Confirmed) -> tuple[Severity, Verdict]:
    """What the evidence allows: a rule read only in summaries can warn, until it is confirmed."""
    if model.grounding or any(
        c.evidence.may_block or (model.id, c.regulation, c.article) in confirmed
        for c in model.citations
    ):
        return model.severity, model.verdict
    if model.severity is Severity.BLOCK or not model.verdict.allows_use:
        return Severity.WARN, Verdict.REVIEW
    return model.severity, model.verdict


def case_failures(file: RuleFile, checker: Checker) -> Iterator[CaseFailure]:
    """The cases of one rule that do not come out as its file says."""
    if not file.model.decided_by_words or file.model.status == "draft":
        return
    rule_id, path = file.model.id, str(file.file.path)
    for case in file.word_cases():
        findings = checker.check(case.text, case.context).findings
        hit = any(finding.rule_id == rule_id for finding in findings)
        if hit != (case.kind == "fail"):
            row = file.file.line_of((case.part, case.kind, case.number - 1))
            yield CaseFailure(rule_id, case.kind, case.number, case.text, path, row)


def case_context(model: RuleModel, case: str | TextCase) -> tuple[str, CheckContext]:
    """A case's text and its context; what the case leaves open comes from its rule."""
    if isinstance(case, str):
        case = TextCase(text=case)
    given: ContextModel = case.context
    product = given.product
    if product is None and "product" not in given.model_fields_set:
        known = [p for p in model.products if p != UNKNOWN]
        product = ProductType(known[0]) if known and UNKNOWN not in model.products else None
    channel = given.channel
    if channel is None and "channel" not in given.model_fields_set:
        channel = _first_channel(model)
    place = model.id.partition(".")[0]
    facts = None
    if given.facts is not None:
        facts = tuple(Fact(f.source, f.role, f.kind, f.value) for f in given.facts)
    return case.text, CheckContext(
        product=product,
        channel=channel,
        kind=given.kind or (model.kinds[0] if model.kinds else None),
        audience=given.audience if "audience" in given.model_fields_set else model.audience[0],
        as_of=given.as_of or CASE_DAY,
        whole=given.whole if given.whole is not None else bool(model.requires),
        facts=facts,
        jurisdictions=("cn",) if place == CORE else (place,),
    )


def _first_channel(model: RuleModel) -> Channel | None:
    for name in model.channels:
        if name == "offline":
            return Channel.COUNTER
        if name != "online":
            return Channel(name)
    return None


def _dead_terms(file: RuleFile, checker: Checker) -> Iterator[tuple[str, str]]:
    """Terms and patterns that stand in no text of the rule's own fail cases."""
    rule = checker.pack.rule(file.model.id)
    fold = checker.pack.languages[rule.language].normaliser.fold
    texts = [
        fold(case.text).text
        for case in file.word_cases()
        if (case.part, case.kind) == ("cases", "fail")
    ]
    import re2

    for terms in rule.terms:
        for word in terms.words:
            if not any(word.removesuffix("*") in text for text in texts):
                yield rule.id, word
    for pattern in rule.patterns:
        compiled = re2.compile(pattern.regex)
        if not any(compiled.search(text) for text in texts):
            yield rule.id, pattern.regex
