"""Whatever stands in a rule file: no blow-up, no code, and the last good rules stay."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.compliance import Checker, Pack
from copilot.compliance.compiler import run_rule_cases
from copilot.errors import CopilotError, InputError
from copilot.paths import shipped
from copilot.records.compliance import CheckContext

KNOWLEDGE = shipped("knowledge")
DAY = date(2026, 11, 20)
EXAMPLES = int(os.environ.get("COPILOT_FUZZ_EXAMPLES", "40"))

RULE = """\
id: cn.sample.hostile
title: 示例
severity: warn
verdict: review
citations: [{regulation: 示例办法, evidence: text}]
why: 示例原因
message: 命中“{text}”
{matcher}
cases:
  fail: [吉祥如意一, 吉祥如意二, 吉祥如意三]
  pass: [平安, 顺利, 健康]
"""
TERM = "terms: [{words: [吉祥如意]}]"


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[[str], Pack]:
    folder = tmp_path / "rules"
    shutil.copytree(KNOWLEDGE / "rules" / "language", folder / "language")
    (folder / "cn" / "sample").mkdir(parents=True)

    def pack_of(text: str) -> Pack:
        (folder / "cn" / "sample" / "hostile.yaml").write_text(text, "utf-8")
        return run_rule_cases(folder).pack

    return pack_of


def _pattern(regex: str) -> str:
    return RULE.replace("{matcher}", f"patterns: [{{regex: '{regex}', anchors: [吉祥]}}]")


def test_the_sample_rule_itself_compiles(compiled: Callable[[str], Pack]) -> None:
    assert compiled(RULE.replace("{matcher}", TERM)).rule("cn.sample.hostile")


@pytest.mark.parametrize(
    "regex", ["(a+)+吉", "(吉|吉)*祥", "(吉*)*祥", "(.*)(.*)(.*)(.*)吉祥", "吉[^。]{0,200}祥"]
)
def test_an_expression_that_blows_up_elsewhere_runs_in_linear_time(
    compiled: Callable[[str], Pack], regex: str
) -> None:
    checker = Checker(compiled(_pattern(regex)))
    started = time.process_time()
    checker.check("吉祥" + "吉a" * 50_000, CheckContext(as_of=DAY))
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "regex",
    ["吉{1001}", "((吉{100}){100}){100}", r"(吉)\1", "吉(?=祥)", "吉(?!祥)", "吉(", "["],
)
def test_an_expression_that_re2_refuses_names_its_line(
    compiled: Callable[[str], Pack], regex: str
) -> None:
    with pytest.raises(InputError) as caught:
        compiled(_pattern(regex))
    assert caught.value.file is not None
    assert caught.value.row == 8
    assert "RE2" in caught.value.message


_BOMB = "a: &a [吉祥]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_BOMB, "别名"),
        ("a: &a [*a]\n", "别名"),
        ("id: !!python/object/apply:os.system ['true']\n", "YAML"),
        ("id: !!python/name:os.system\n", "YAML"),
        ("id: !include /etc/passwd\n", "YAML"),
        ("[" * 5_000, "YAML"),
        ("a: " * 3_000, "YAML"),
        ("- " * 3_000 + "a\n", "YAML"),
        ("? " * 3_000 + "a\n", "YAML"),
        ("id: a\nid: b\n", "两次"),
        ("? [a, b]\n: c\n", "键"),
        ("--- a\n--- b\n", "YAML"),
        ("\x00\x01", "YAML"),
        ("", "内容"),
        ("42\n", "内容"),
        ("- 1\n- 2\n", "内容"),
    ],
)
def test_a_hostile_yaml_file_is_refused_with_its_name(
    compiled: Callable[[str], Pack], text: str, said: str
) -> None:
    started = time.process_time()
    with pytest.raises(InputError) as caught:
        compiled(text)
    assert time.process_time() - started < 10
    assert str(caught.value.file).endswith("hostile.yaml")
    assert said in caught.value.message


@pytest.mark.parametrize(
    "message",
    ["{text.__class__.__mro__}", "{{ 7*7 }}", "%s %(x)s", "{0}", "$(id)", "{% for x in y %}"],
)
def test_a_message_is_text_and_never_a_template(
    compiled: Callable[[str], Pack], message: str
) -> None:
    text = RULE.replace("{matcher}", TERM).replace("命中“{text}”", f"'{message}'")
    checker = Checker(compiled(text))
    (finding,) = checker.check("吉祥如意", CheckContext(as_of=DAY)).findings
    assert finding.message == message


def test_what_was_found_is_never_read_as_part_of_the_message(
    compiled: Callable[[str], Pack],
) -> None:
    text = RULE.replace("{matcher}", "patterns: [{regex: '吉祥[^。]{0,20}', anchors: [吉祥]}]")
    checker = Checker(compiled(text))
    (finding,) = checker.check("吉祥{text}{0}", CheckContext(as_of=DAY)).findings
    assert finding.message == "命中“吉祥{text}{0}”"


@pytest.mark.parametrize(
    "matcher",
    [
        TERM.replace("吉祥如意", "吉" * 100_000),
        "terms: [{words: [" + ", ".join(f"吉{i}" for i in range(20_000)) + "]}]",
        "patterns: [{regex: '" + "|".join(f"吉{i}" for i in range(20_000)) + "', anchors: [吉祥]}]",
    ],
)
def test_an_absurdly_large_rule_is_refused(compiled: Callable[[str], Pack], matcher: str) -> None:
    with pytest.raises(InputError) as caught:
        compiled(RULE.replace("{matcher}", matcher))
    assert str(caught.value.file).endswith("hostile.yaml")
    assert caught.value.row == 8
    assert len(str(caught.value)) < 2_000


def test_an_absurdly_large_file_is_refused_before_it_is_parsed(
    compiled: Callable[[str], Pack],
) -> None:
    started = time.process_time()
    with pytest.raises(InputError, match="过大"):
        compiled(RULE.replace("{matcher}", TERM) + "# " + "x" * 5_000_000)
    assert time.process_time() - started < 5


@settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=max(8, EXAMPLES // 5)
)
@given(st.data())
def test_a_damaged_rule_file_compiles_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = RULE.replace("{matcher}", TERM)
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=4))
    cut = data.draw(st.integers(0, 6))
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "language").symlink_to(KNOWLEDGE / "rules" / "language")
    (folder / "cn" / "sample").mkdir(parents=True)
    path = folder / "cn" / "sample" / "hostile.yaml"
    path.write_text(text[:at] + put + text[at + cut :], "utf-8")
    refusal = _refusal(folder)
    assert refusal is None or str(refusal.file).endswith((".yaml", "rules"))


def _refusal(folder: Path) -> CopilotError | None:
    try:
        run_rule_cases(folder)
    except CopilotError as error:
        return error
    return None
