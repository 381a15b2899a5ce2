"""A new rule from plain answers: written as a rule file that is valid and proven, or not at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from copilot.compliance.checker import Checker
from copilot.compliance.compiler import RuleFile, assemble, case_failures, read_rules
from copilot.compliance.schema import MIN_CASES, RuleModel
from copilot.errors import InputError
from copilot.records.compliance import Evidence
from copilot.records.yaml_file import YamlFile

_ID = re.compile(r"[a-z]+\.[a-z0-9]+(?:-[a-z0-9]+)*\.[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class NewRule:
    """What a compliance officer says of a new rule; ``rule_id`` is 辖区.主题.名称."""

    rule_id: str
    title: str
    terms: Sequence[str]
    regulation: str
    article: str
    evidence: str
    why: str
    message: str
    suggestion: str
    fail: Sequence[str]
    passing: Sequence[str]
    severity: str = "block"
    products: Sequence[str] = ()
    channels: Sequence[str] = ()
    effective_from: date | None = None

    def as_yaml(self) -> str:
        """The rule file's content.

        Raises:
            InputError: too few cases of either kind.
        """
        import yaml

        for name, cases in (("fail", self.fail), ("pass", self.passing)):
            if len(cases) < MIN_CASES:
                raise InputError(
                    f"{name} 用例只有 {len(cases)} 个，至少要 {MIN_CASES} 个。",
                    field=name,
                    next="应命中的（fail）和不应命中的（pass）用例缺一不可。",
                )
        citation = {"regulation": self.regulation, "article": self.article}
        body: dict[str, Any] = {
            "id": self.rule_id,
            "title": self.title,
            "severity": self.severity,
            "verdict": "block" if self.severity == "block" else "review",
            "products": list(self.products),
            "channels": list(self.channels),
            "effective_from": self.effective_from,
            "citations": [{**citation, "evidence": self.evidence}],
            "why": self.why,
            "message": self.message,
            "suggestion": self.suggestion,
            "terms": [{"words": list(self.terms)}],
            "cases": {"fail": list(self.fail), "pass": list(self.passing)},
        }
        kept = {key: value for key, value in body.items() if value not in (None, [], "")}
        text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=100)
        return str(text)


def rule_file(rule_id: str, rules_dir: Path) -> Path:
    """Where a new rule's file goes.

    Raises:
        InputError: the id is taken or malformed.
    """
    if _ID.fullmatch(rule_id) is None:
        raise InputError(
            f"规则 id {rule_id} 不是 辖区.主题.名称 三段。",
            field="id",
            next="例如 cn.advertising.lucky-number，只用小写字母、数字和连字符。",
        )
    place, topic, name = rule_id.split(".")
    path = rules_dir / place / topic / f"{name}.yaml"
    if path.exists():
        raise InputError(f"规则 {rule_id} 已存在。", file=str(path), next="请换一个 id。")
    return path


def known_evidence(given: str) -> None:
    """Refuses an evidence level that there is not.

    Raises:
        InputError: the level is none of the four.
    """
    levels = [level.value for level in Evidence]
    if given not in levels:
        raise InputError(
            f"没有“{given}”这一级依据。", field="evidence", next=f"可用的值：{'、'.join(levels)}。"
        )


def write_rule(rule: NewRule, rules_dir: Path) -> Path:
    """Writes a rule file once it is valid and its cases come out; returns its path.

    Raises:
        InputError: the id is taken or malformed, an answer breaks the schema, or a case fails.
    """
    path = rule_file(rule.rule_id, rules_dir)
    known_evidence(rule.evidence)
    text = rule.as_yaml()
    file = YamlFile.parse(text, path)
    proposed = RuleFile(file.validated(RuleModel), file)
    pack = assemble(rules_dir, [*read_rules(rules_dir), proposed])
    failure = next(case_failures(proposed, Checker(pack)), None)
    if failure is not None:
        raise InputError(
            f"{failure.message}。没有写入文件。",
            field=f"cases.{failure.kind}",
            next="请调整词语或用例后重试。",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
