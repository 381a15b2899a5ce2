"""A rule that is malformed, unproven or stronger than its evidence does not become a pack."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from copilot.compliance import Checker, Pack, load_checker
from copilot.compliance.compiler import compile_rules, run_rule_cases
from copilot.errors import InputError, NotFound, StateError
from copilot.matching.case import CHECKS
from copilot.paths import shipped
from copilot.records.codes import ProductType
from copilot.records.compliance import CheckContext, Severity, Verdict
from copilot.records.gate_check import GateCheck

KNOWLEDGE = shipped("knowledge")

RULE = """\
id: cn.sample.lucky-number
title: 不得用吉利数字招徕
severity: block
verdict: block
citations:
  - regulation: 示例办法
    article: 第一条
    evidence: text
why: 吉利数字与产品无关。
message: “{text}”是吉利数字。
suggestion: 删去。
terms:
  - words: [八八发财, 六六大顺]
cases:
  fail: [八八发财理财, 六六大顺存单, 祝您八八发财]
  pass: [不写八八发财, 谨防“六六大顺”骗局, 年利率请看公示]
"""


@pytest.fixture
def rules_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    shutil.copytree(KNOWLEDGE / "rules" / "language", folder / "language")
    (folder / "cn" / "sample").mkdir(parents=True)
    (folder / "cn" / "sample" / "lucky-number.yaml").write_text(RULE, "utf-8")
    return folder


@pytest.fixture
def rewrite(rules_dir: Path) -> Callable[[str, str], Path]:
    path = rules_dir / "cn" / "sample" / "lucky-number.yaml"

    def replaced(old: str, new: str) -> Path:
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        return rules_dir

    return replaced


def test_the_shipped_pack_equals_a_fresh_compile_of_the_rule_files() -> None:
    fresh = compile_rules(KNOWLEDGE / "rules")
    shipped_pack = (KNOWLEDGE / "rules" / "pack.json").read_text("utf-8")
    assert fresh.as_text() == shipped_pack, "run `copilot rules compile` and commit pack.json"


def test_every_rule_is_exercised_by_its_own_cases() -> None:
    report = run_rule_cases(KNOWLEDGE / "rules")
    assert report.failures == ()
    assert report.dead_terms == ()
    text_rules = [rule for rule in report.pack.rules if rule.lookup is None]
    assert len(text_rules) >= 45
    assert report.cases >= 6 * len(text_rules)


def test_rules_read_only_in_summaries_never_block() -> None:
    pack = Pack.read(KNOWLEDGE / "rules" / "pack.json")
    for rule in pack.rules:
        if not any(citation.evidence.may_block for citation in rule.citations):
            assert rule.severity is not Severity.BLOCK, rule.id
            assert rule.verdict.rank <= Verdict.REVIEW.rank, rule.id


def test_the_gate_finds_a_rule_for_every_check() -> None:
    rules = load_checker(None, KNOWLEDGE).lookup_rules(date(2026, 11, 20))
    assert {rule.check for rule in rules} == set(GateCheck) == set(CHECKS)
    parameters = {rule.check: rule.parameters for rule in rules}
    assert parameters["risk_assessment_valid"]["max_age_months"] == 12
    assert parameters["elder_high_risk"]["age"] == 65
    assert parameters["insurance_elder_recording"]["age"] == 60
    assert parameters["minor"]["age"] == 18
    assert parameters["contact_interval"]["days"] == 30
    assert parameters["contact_refusal"]["days"] == 180
    assert all(rule.citations and rule.message for rule in rules)
    warnings = {rule.check for rule in rules if rule.severity is Severity.WARN}
    assert warnings == {"elder_care", "insurance_elder_recording"}


def test_a_rule_compiles_and_works_without_python(rules_dir: Path) -> None:
    checker = Checker(compile_rules(rules_dir))
    context = CheckContext(product=ProductType.DEPOSIT, as_of=date(2026, 11, 20))
    (finding,) = checker.check("祝您六 六 大 顺", context).findings
    assert finding.message == "“六 六 大 顺”是吉利数字。"


@pytest.mark.parametrize(
    ("change", "field", "allowed"),
    [
        ("products: [savings]", "products", "'unknown', 'deposit'"),
        ("channels: [fax]", "channels", "'online', 'offline', 'counter'"),
    ],
)
def test_a_product_or_channel_that_there_is_not_is_named_with_those_that_there_are(
    rewrite: Callable[[str, str], Path], change: str, field: str, allowed: str
) -> None:
    with pytest.raises(InputError, match="不在允许范围内") as refused:
        compile_rules(rewrite("severity: block", f"{change}\nseverity: block"))
    assert str(refused.value.field).startswith(field)
    assert allowed in refused.value.next


def test_evidence_from_memory_turns_a_block_into_a_warning(
    rewrite: Callable[[str, str], Path],
) -> None:
    pack = compile_rules(rewrite("evidence: text", "evidence: recall"))
    assert (pack.rules[0].severity, pack.rules[0].verdict) == (Severity.WARN, Verdict.REVIEW)


@pytest.mark.parametrize(
    ("old", "new", "row", "expected"),
    [
        ("severity: block", "severity: fatal", 3, "block"),
        ("why:", "reason: 无\nwhy:", 9, "可用的键"),
        ("evidence: text", "evidence: rumour", 8, "recall"),
        ("title: 不得用吉利数字招徕\n", "", 1, "title"),
        ("  - words: [八八发财", "  - word: [八八发财", 13, "words"),
        ("verdict: block", "verdict: block\nproducts: [savings]", 5, "deposit"),
        ("verdict: block", "verdict: block\neffective_from: 2026-13-01", 5, "日期"),
        (
            "verdict: block",
            "verdict: block\neffective_from: 2026-02-01\neffective_to: 2026-01-01",
            1,
            "早于",
        ),
        ("verdict: block", "verdict: pass", 1, "矛盾"),
        (
            "  fail: [八八发财理财, 六六大顺存单, 祝您八八发财]",
            "  fail: [八八发财理财]",
            15,
            "fail",
        ),
        ("id: cn.sample.lucky-number", "id: cn.sample.other", 1, "lucky-number"),
        (
            "terms:\n  - words: [八八发财, 六六大顺]",
            "patterns:\n  - regex: '(a'\n    anchors: [发]",
            13,
            "RE2",
        ),
        (
            "terms:\n  - words: [八八发财, 六六大顺]",
            "patterns:\n  - regex: '(.)\\1'\n    anchors: [发]",
            13,
            "RE2",
        ),
        ("terms:\n  - words: [八八发财, 六六大顺]\n", "", 1, "terms"),
        ("why:", "why: 'x'\nwhy:", 10, "why"),
        ("why: 吉利", "why: [吉利", 10, "YAML"),
    ],
)
def test_a_broken_rule_names_file_line_and_what_is_allowed(
    rewrite: Callable[[str, str], Path], old: str, new: str, row: int | None, expected: str
) -> None:
    folder = rewrite(old, new)
    with pytest.raises(InputError) as caught:
        compile_rules(folder)
    error = caught.value
    assert error.file is not None
    assert error.file.endswith("lucky-number.yaml")
    assert error.row == row
    assert expected in str(error)


def test_a_rule_that_fails_its_own_case_does_not_compile(
    rewrite: Callable[[str, str], Path],
) -> None:
    folder = rewrite("年利率请看公示]", "八八发财大放送]")
    with pytest.raises(InputError) as caught:
        compile_rules(folder)
    assert caught.value.row == 16
    assert "pass 用例第 3 条" in caught.value.message


def test_a_term_without_a_case_is_reported_dead(rewrite: Callable[[str, str], Path]) -> None:
    report = run_rule_cases(rewrite("六六大顺]\n", "六六大顺, 九九归一]\n"))
    assert report.dead_terms == (("cn.sample.lucky-number", "九九归一"),)


def test_a_draft_rule_is_inert(rewrite: Callable[[str, str], Path]) -> None:
    pack = compile_rules(rewrite("verdict: block", "verdict: block\nstatus: draft"))
    assert Checker(pack).check("八八发财", CheckContext()).verdict is Verdict.PASS


def test_rules_in_yaml_cannot_run_code(rewrite: Callable[[str, str], Path]) -> None:
    folder = rewrite("why: 吉利数字与产品无关。", "why: !!python/object/apply:os.getcwd []")
    with pytest.raises(InputError):
        compile_rules(folder)


def test_an_edited_pack_is_refused(tmp_path: Path) -> None:
    text = (KNOWLEDGE / "rules" / "pack.json").read_text("utf-8")
    path = tmp_path / "pack.json"
    path.write_text(text.replace("零风险", "零件险", 1), "utf-8")
    with pytest.raises(StateError, match="不符"):
        Pack.read(path)
    path.write_text(text[:-200], "utf-8")
    with pytest.raises(StateError, match="无法读取"):
        Pack.read(path)
    with pytest.raises(StateError, match="没有可用的规则包"):
        Pack.read(tmp_path / "absent.json")


def test_an_activated_pack_of_the_data_directory_is_used(rules_dir: Path, tmp_path: Path) -> None:
    pack = compile_rules(rules_dir)
    packs = tmp_path / "data" / "packs"
    pack.write(packs / f"{pack.version}.json")
    (packs / "CURRENT").write_text(f"{pack.version}\n", "utf-8")
    assert load_checker(tmp_path / "data", KNOWLEDGE).pack_version == pack.version
    assert load_checker(tmp_path / "nothing", KNOWLEDGE).pack_version != pack.version


def test_a_written_pack_reads_back_the_same(rules_dir: Path, tmp_path: Path) -> None:
    pack = compile_rules(rules_dir)
    pack.write(tmp_path / "pack.json")
    assert Pack.read(tmp_path / "pack.json").as_text() == pack.as_text()
    assert json.loads(pack.as_text())["version"] == pack.version


def test_an_unknown_rule_names_its_neighbours() -> None:
    pack = Pack.read(KNOWLEDGE / "rules" / "pack.json")
    with pytest.raises(NotFound, match=r"cn\.guarantee\.no-risk"):
        pack.rule("cn.guarantee.no-risks")


def test_rule_files_keep_one_rule_each_under_their_topic() -> None:
    for path in (KNOWLEDGE / "rules").glob("*/*/*.yaml"):
        data = yaml.safe_load(path.read_text("utf-8"))
        assert data["id"].split(".")[-1] == path.stem
