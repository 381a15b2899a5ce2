"""From rule files to a pack: validated, folded, capped by their evidence, proven by their cases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from copilot.compliance.checker import Checker
from copilot.compliance.normalise import Normaliser
from copilot.compliance.pack import Pack
from copilot.compliance.rules import UNKNOWN
from copilot.compliance.schema import (
    ContextModel,
    ExcusesModel,
    LanguageModel,
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
_LANGUAGE_FILE, _SOUNDS_FILE = "zh.yaml", "zh-sounds.txt"


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
    failures: tuple[CaseFailure, ...]
    dead_terms: tuple[tuple[str, str], ...]  # (rule id, term or pattern no fail case exercises)

    def as_json(self) -> dict[str, Any]:
        """The report as one document."""
        return {
            "pack_version": self.pack.version,
            "rules": len(self.pack.rules),
            "cases": self.cases,
            "lookup_cases": self.lookup_cases,
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
class RuleFile:
    """A validated rule with the file it stands in."""

    model: RuleModel
    file: YamlFile


def compile_rules(rules_dir: Path) -> Pack:
    """The pack of a folder of rule files.

    Raises:
        InputError: a file breaks the schema, or a rule fails one of its own cases.
    """
    report = run_rule_cases(rules_dir)
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


def run_rule_cases(rules_dir: Path) -> PackReport:
    """Compile every rule file and run the cases; failures are reported, not raised.

    Raises:
        InputError: a file breaks the schema.
    """
    language = read_language(rules_dir)
    files = read_rules(rules_dir)
    normaliser = _normaliser(language, ())
    rules = [_Folder(normaliser).rule(file) for file in files]
    language["guarded"] = sorted({*language["guarded"], *_guardable(rules)})
    language["sounds"] = _sounds_of(language["guarded"], language["sounds"])
    pack = Pack.of({"language": language, "rules": rules})
    checker = Checker(pack)
    failures = [f for file in files for f in _failures(file, checker)]
    dead = [pair for file in files for pair in _dead_terms(file, checker)]
    lookups = [file for file in files if file.model.lookup]
    count = sum(len(f.model.cases.fail) + len(f.model.cases.pass_) for f in files)
    of_lookups = sum(len(f.model.cases.fail) + len(f.model.cases.pass_) for f in lookups)
    return PackReport(pack, count - of_lookups, of_lookups, tuple(failures), tuple(dead))


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


def read_language(rules_dir: Path) -> dict[str, Any]:
    """The shared language data, with traditional characters and sounds filled in.

    Raises:
        InputError: a file is absent or breaks the schema.
    """
    folder = rules_dir / "language"
    path = folder / _LANGUAGE_FILE
    if not path.is_file():
        raise InputError("缺少语言数据文件。", next=f"请恢复 {_LANGUAGE_FILE}。", file=str(path))
    data = YamlFile.read(path).validated(LanguageModel).model_dump()
    alike = {**_traditional(), **data["alike"]}
    data["alike"] = ["".join(alike), "".join(alike.values())]
    data["sounds"] = {}
    for line in (folder / _SOUNDS_FILE).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            syllable, characters = line.split(" ", 1)
            data["sounds"][syllable] = characters
    fold = _normaliser(data, ()).fold_word
    data["cues"] = {name: sorted({fold(w) for w in words}) for name, words in data["cues"].items()}
    data["roles"] = {
        position: {_fold_pattern(words, fold): roles for words, roles in table.items()}
        for position, table in data["roles"].items()
    }
    return data


def _traditional() -> dict[str, str]:
    """Traditional → simplified, character by character, for the common CJK block."""
    from opencc import OpenCC

    convert = OpenCC("t2s").convert
    pairs = ((c, convert(c)) for c in map(chr, range(0x4E00, 0xA000)))
    return {c: s for c, s in pairs if s != c and len(s) == 1}


def _normaliser(language: dict[str, Any], guarded: Sequence[str]) -> Normaliser:
    return Normaliser(
        alike=dict(zip(*language["alike"], strict=True)),
        split=language["split"],
        sounds={},
        guarded=guarded,
    )


def _guardable(rules: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Terms long enough that a homophone of them is no accident."""
    for rule in rules:
        if rule["severity"] == Severity.BLOCK.value:
            for matcher in rule.get("terms", ()):
                yield from (w for w in matcher["words"] if 3 <= len(w) <= 8 and _is_han(w))


def _is_han(word: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in word)


def _sounds_of(words: Sequence[str], sounds: dict[str, str]) -> dict[str, str]:
    """Only the syllables that some guarded word has."""
    needed = set("".join(words))
    return {s: characters for s, characters in sounds.items() if needed & set(characters)}


def _fold_pattern(regex: str, fold: Any) -> str:
    """A pattern's literal characters in folded form; its ASCII syntax untouched."""
    return re.sub(r"[^\x00-\x7f]+", lambda match: str(fold(match.group())), regex)


class _Folder:
    """Turns a validated rule into its entry of the pack."""

    def __init__(self, normaliser: Normaliser) -> None:
        self._fold = normaliser.fold_word

    def rule(self, file: RuleFile) -> dict[str, Any]:
        model = file.model
        severity, verdict = _capped(model)
        entry: dict[str, Any] = model.model_dump(
            mode="json",
            exclude={"terms", "patterns", "requires", "claims", "lookup", "grounding", "cases"},
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
        if model.grounding:
            entry["grounding"] = True
        return entry

    def _matcher(
        self, file: RuleFile, matcher: ExcusesModel, location: tuple[str | int, ...]
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {}
        for name, value in matcher.model_dump(mode="json").items():
            if name in {"words", "anchors", "when", "near", "lawful", "only_with", "not_with"} and (
                isinstance(value, list)
            ):
                entry[name] = list(dict.fromkeys(self._fold(word) for word in value))
            elif name in {"present", "when_patterns", "lawful_patterns"}:
                entry[name] = [self._regex(file, regex, (*location, name)) for regex in value]
            elif name == "regex":
                entry[name] = self._regex(file, value, (*location, name))
            else:
                entry[name] = value
        return entry

    def _regex(self, file: RuleFile, regex: str, location: tuple[str | int, ...]) -> str:
        import re2

        options = re2.Options()
        options.log_errors = False
        folded = _fold_pattern(regex, self._fold)
        if re.search(r"(?<!\\)[A-Z]", folded):
            raise file.file.error(f"表达式 {regex} 含大写字母，原文已转为小写。", location)
        try:
            re2.compile(folded, options)
        except re2.error as error:
            raise file.file.error(
                f"表达式 {regex} 不是合法的 RE2 表达式：{error}。",
                location,
                next="RE2 不支持回溯引用和环视，请改写。",
            ) from None
        return folded


def _capped(model: RuleModel) -> tuple[Severity, Verdict]:
    """What the evidence allows: a rule read only in summaries can warn, never more."""
    if model.grounding or any(c.evidence.may_block for c in model.citations):
        return model.severity, model.verdict
    if model.severity is Severity.BLOCK or model.verdict.rank > Verdict.REVIEW.rank:
        return Severity.WARN, Verdict.REVIEW
    return model.severity, model.verdict


def _failures(file: RuleFile, checker: Checker) -> Iterator[CaseFailure]:
    if file.model.lookup or file.model.status == "draft":
        return
    groups = (("fail", file.model.cases.fail), ("pass", file.model.cases.pass_))
    for kind, cases in groups:
        for number, case in enumerate(cases, 1):
            if isinstance(case, LookupCase):
                continue
            text, context = case_context(file.model, case)
            findings = checker.check(text, context).findings
            hit = any(finding.rule_id == file.model.id for finding in findings)
            if hit != (kind == "fail"):
                row = file.file.line_of(("cases", kind, number - 1))
                yield CaseFailure(file.model.id, kind, number, text, str(file.file.path), row)


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
    texts = [
        checker.pack.normaliser.fold(case_context(file.model, case)[0]).text
        for case in file.model.cases.fail
        if not isinstance(case, LookupCase)
    ]
    import re2

    for terms in rule.terms:
        for word in terms.words:
            if not any(word in text for text in texts):
                yield rule.id, word
    for pattern in rule.patterns:
        compiled = re2.compile(pattern.regex)
        if not any(compiled.search(text) for text in texts):
            yield rule.id, pattern.regex
