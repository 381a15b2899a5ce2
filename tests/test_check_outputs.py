"""The outputs of ``copilot check`` that people and their tools read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from copilot.pipeline.workbench import Workbench
from tests.sarif_shape import SARIF
from tests.shell import Shell

POSTER = "😀这款理财零风险，\n保 本保息，欢迎咨询"
DAY = ("--as-of", "2026-11-20")


@pytest.fixture
def poster(tmp_path: Path) -> Path:
    path = tmp_path / "海报 一.txt"
    path.write_text(POSTER, "utf-8")
    return path


@pytest.fixture
def customer(bench: Workbench) -> str:
    """A customer of the sample bank."""
    return bench.store.customers(bench.principal).ids()[0]


def region_text(text: str, region: dict[str, int]) -> str:
    """What a SARIF viewer shows for a region whose columns count code points."""
    lines = text.splitlines(keepends=True)
    assert region["startLine"] == region["endLine"]
    return lines[region["startLine"] - 1][region["startColumn"] - 1 : region["endColumn"] - 1]


def test_sarif_fits_the_standard_and_points_at_the_very_characters(
    shell: Shell, poster: Path
) -> None:
    code, out, _ = shell("check", "海报 一.txt", "--product", "wmp", *DAY, "--format", "sarif")
    log = json.loads(out)
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    assert code == 1
    assert run["columnKind"] == "unicodeCodePoints"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    texts = set()
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "%E6%B5%B7%E6%8A%A5%20%E4%B8%80.txt"
        region = place["region"]
        found = POSTER[region["charOffset"] : region["charOffset"] + region["charLength"]]
        if found:
            assert region_text(POSTER, region) == found == region["snippet"]["text"]
            texts.add(found)
    assert {"零风险", "保 本保息"} <= texts


def test_a_clean_text_is_an_empty_sarif_run(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("三年定期50元起存", "utf-8")
    arguments = ("check", "a.txt", "--product", "deposit", "--channel", "counter", *DAY)
    code, out, _ = shell(*arguments, "--format", "sarif")
    log = json.loads(out)
    jsonschema.validate(log, SARIF)
    assert (code, log["runs"][0]["results"]) == (0, [])


def test_the_shape_refuses_what_the_standard_refuses() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": "2.1.0", "runs": [{"results": []}]}, SARIF)


def test_github_annotations_name_line_and_column(shell: Shell, poster: Path) -> None:
    arguments = ("check", "海报 一.txt", "--product", "wmp", "--fragment", *DAY)
    code, out, _ = shell(*arguments, "--format", "github")
    lines = out.splitlines()
    assert code == 1
    assert all(re.match(r"::(error|warning|notice) file=[^,:]+,line=\d+,", line) for line in lines)
    risk = next(line for line in lines if "cn.guarantee.no-risk" in line)
    assert risk.startswith("::error file=海报 一.txt,line=1,endLine=1,col=6,endColumn=9,title=")
    assert "%0A建议：" in risk
    promise = next(line for line in lines if "cn.guarantee.principal-or-return" in line)
    assert "line=2,endLine=2,col=1,endColumn=6" in promise


def test_github_says_nothing_about_a_clean_text(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("三年定期50元起存", "utf-8")
    arguments = ("check", "a.txt", "--product", "deposit", "--channel", "counter", *DAY)
    assert shell(*arguments, "--format", "github")[:2] == (0, "")


@pytest.mark.parametrize(
    ("text", "before", "marks"),
    [
        ("这款理财零风险", 8, 6),
        ("ABC零风险", 3, 6),
        ("ＡＢ零风险", 4, 6),
        ("好零\u200b风\u0301险呢", 2, 8),
    ],
)
def test_the_underline_stands_under_the_words_whatever_their_width(
    shell: Shell, tmp_path: Path, text: str, before: int, marks: int
) -> None:
    (tmp_path / "a.txt").write_text(text, "utf-8")
    _, out, _ = shell("check", "a.txt", "--product", "wmp", "--fragment", "--channel", "counter")
    lines = out.splitlines()
    row = next(i for i, line in enumerate(lines) if "第1行" in line)
    margin = 3 + len("第1行") + 2 + 2  # two of its characters are wide, two blanks follow
    assert lines[row + 1] == " " * (margin + before) + "~" * marks


def test_a_fix_is_shown_as_a_difference_and_decides_the_exit_code(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("期限180天。保本保息。", "utf-8")
    arguments = ("check", "a.txt", "--product", "wmp", "--fragment", "--fix", *DAY)
    code, document = shell.json(*arguments)
    assert (code, document["verdict"]) == (0, "block")
    fixed = document["fixed"]
    assert fixed["text"] == "期限180天。本产品不保证本金和收益，可能发生亏损。"
    assert fixed["verdict"] == "pass"
    assert "-保本保息。" in fixed["diff"].splitlines()
    assert "+本产品不保证本金和收益，可能发生亏损。" in fixed["diff"].splitlines()
    code, out, _ = shell(*arguments)
    assert code == 0
    assert "   -保本保息。" in out.splitlines()


def test_no_lawful_text_exits_one_and_says_why(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("股市内参", "utf-8")
    code, document = shell.json("check", "a.txt", "--fragment", "--fix", *DAY)
    assert (code, document["fixed"]["text"]) == (1, None)
    assert document["fixed"]["reasons"]
    assert "改写：没有得到可用的文字" in shell("check", "a.txt", "--fragment", "--fix", *DAY)[1]


def test_a_fix_with_a_product_code_speaks_in_the_words_of_the_record(
    shell: Shell, tmp_path: Path, sample_home: Path
) -> None:
    (tmp_path / "a.txt").write_text("消费贷款可以线上申请。", "utf-8")
    arguments = ("check", "a.txt", "--product", "LOAN-CONS", "--channel", "app", "--fix")
    arguments += ("--kind", "poster", "--data-dir", str(sample_home))
    code, document = shell.json(*arguments)
    assert (code, document["verdict"]) == (0, "needs_element")
    assert re.search(r"年化利率（单利）\d\.\d+%", document["fixed"]["text"])


def test_what_the_gate_refuses_is_a_finding_at_the_end(
    shell: Shell, tmp_path: Path, sample_home: Path, customer: str
) -> None:
    shelf = shell.json("match", customer, "--channel", "phone", "--data-dir", sample_home)[1]
    refused = {d["product_code"]: set(d["rule_ids"]) for d in shelf["refused"]}
    code_of_product, rule_ids = next(item for item in refused.items() if item[1])
    text = "您好，请到网点了解。"
    (tmp_path / "a.txt").write_text(text, "utf-8")
    arguments = ("check", "a.txt", "--customer", customer, "--product", code_of_product)
    arguments += ("--channel", "phone", "--data-dir", str(sample_home), "--fragment")
    code, document = shell.json(*arguments)
    gate = [f for f in document["findings"] if f["rule_id"] in rule_ids]
    assert (code, document["verdict"], document["usable"]) == (1, "block", "no")
    assert {f["rule_id"] for f in gate} == rule_ids
    assert {(f["start"], f["end"]) for f in gate} == {(len(text), len(text))}
    assert all(f["citations"] and f["message"] for f in gate)
    assert shell.json(*arguments, "--fix")[0] == 1


def test_what_the_gate_allows_adds_no_block(
    shell: Shell, tmp_path: Path, sample_home: Path, customer: str
) -> None:
    shelf = shell.json("match", customer, "--channel", "counter", "--data-dir", sample_home)[1]
    (tmp_path / "a.txt").write_text("您好，请到网点了解。", "utf-8")
    arguments = ("check", "a.txt", "--customer", customer, "--fragment", "--channel", "counter")
    arguments += ("--product", shelf["allowed"][0]["product_code"], "--data-dir", str(sample_home))
    code, document = shell.json(*arguments)
    assert code == 0
    assert all(f["verdict"] != "block" for f in document["findings"])
