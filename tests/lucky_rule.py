"""A knowledge folder whose only rule forbids lucky numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

from copilot.compliance.compiler import compile_rules
from copilot.paths import shipped

KNOWLEDGE = shipped("knowledge")
RULE = """\
id: cn.sample.lucky-number
title: 不得用吉利数字招徕
severity: block
verdict: block
effective_from: 2020-01-01
citations:
  - regulation: 示例办法
    article: 第一条
    evidence: {evidence}
why: 吉利数字与产品无关。
message: “{{text}}”是吉利数字。
terms:
  - words: [八八发财, 六六大顺]
cases:
  fail: [八八发财理财, 六六大顺存单, 祝您八八发财]
  pass: [不写八八发财, 谨防“六六大顺”骗局, 年利率请看公示]
"""


def knowledge_with_one_rule(folder: Path) -> Path:
    """A knowledge folder with one rule."""
    rules = folder / "rules"
    shutil.copytree(KNOWLEDGE / "rules" / "language", rules / "language")
    (rules / "cn" / "sample").mkdir(parents=True)
    rule_file(folder).write_text(RULE.format(evidence="text"), "utf-8")
    compile_rules(rules).write(rules / "pack.json")
    return folder


def rule_file(knowledge: Path) -> Path:
    return knowledge / "rules" / "cn" / "sample" / "lucky-number.yaml"


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
