"""How well the checker judges, on sentences written for this project and on a public sample."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from copilot.cli.eval import app
from copilot.compliance import Checker, load_checker
from copilot.errors import InputError
from copilot.paths import shipped
from copilot.pipeline.compliance_evaluation import (
    PINNED_DAY,
    ComplianceReport,
    evaluate_compliance,
    read_labelled,
)

TEXTS = Path(__file__).parent / "compliance_texts"
PUBLIC = Path(__file__).parents[2] / "shared" / "data" / "compliance_dev.jsonl"


@pytest.fixture(scope="module")
def checker() -> Checker:
    return load_checker(None, shipped("knowledge"))


def _report(checker: Checker, path: Path) -> ComplianceReport:
    return evaluate_compliance(checker, read_labelled(path, PINNED_DAY, ("cn",)))


@pytest.mark.parametrize("path", sorted(TEXTS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_violations_are_caught_and_lawful_texts_left_alone(checker: Checker, path: Path) -> None:
    metrics = _report(checker, path).metrics()
    assert metrics["violation_recall"].value >= 0.97
    assert metrics["false_block_rate"].num <= max(1, 0.016 * metrics["false_block_rate"].den)
    assert metrics["hard_negative_false_block_rate"].num <= 2
    assert metrics["lawful_not_pass_rate"].value <= 0.03


def test_disguises_of_our_own_violations_are_caught(checker: Checker) -> None:
    reports = [_report(checker, TEXTS / f"{name}.jsonl") for name in ("posters", "spoken")]
    caught = [report.metrics()["evasion_recall"] for report in reports]
    assert sum(m.num for m in caught) >= 0.9 * sum(m.den for m in caught)


def test_the_public_sample_is_judged_within_the_aims(checker: Checker) -> None:
    if not PUBLIC.is_file():
        pytest.skip(f"no public sample at {PUBLIC}")
    metrics = _report(checker, PUBLIC).metrics()
    assert metrics["violation_recall"].value >= 0.95
    assert metrics["evasion_recall"].value >= 0.97
    assert metrics["false_block_rate"].value <= 0.01
    assert metrics["fix_rate"].value >= 0.9
    assert metrics["fix_figure_changed_rate"].num == 0


def test_the_report_counts_and_lists_every_miss(tmp_path: Path) -> None:
    rows = [
        {
            "id": "a",
            "text": "这款理财保本保息",
            "label": "violation",
            "context": {"product": "wmp", "whole": False},
        },
        {"id": "b", "text": "请携带身份证", "label": "violation", "context": {"whole": False}},
        {"id": "c", "text": "网点九点营业", "label": "clean", "context": {"whole": False}},
    ]
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    result = CliRunner().invoke(app, ["compliance", "--set", str(file), "--format", "json"])
    document = json.loads(result.stdout)
    assert document["n"] == 3
    assert document["metrics"]["violation_recall"]["num"] == 1
    assert document["metrics"]["violation_recall"]["den"] == 2
    assert [miss["id"] for miss in document["misses"]] == ["b"]
    assert document["metrics"]["fix_rate"]["num"] == document["metrics"]["fix_rate"]["den"] == 1


def test_a_row_with_an_unknown_label_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text('{"id": "a", "text": "好", "label": "maybe"}\n', "utf-8")
    with pytest.raises(InputError) as refused:
        list(read_labelled(file, PINNED_DAY, ("cn",)))
    assert refused.value.row == 1
    assert "violation" in str(refused.value)


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"as_of": "昨天"}, "昨天"),
        ([1], "context"),
        ({"prodct": "wmp"}, "context"),
        ({"jurisdiction": "xx"}, "jurisdiction"),
        ({"product": ["wmp"]}, "product"),
        ({"whole": "no"}, "whole"),
    ],
)
def test_a_set_is_read_as_strictly_as_texts_to_check(
    tmp_path: Path, context: object, said: str
) -> None:
    rows = [{"id": "a", "text": "好", "label": "clean", "source": "网点"}]
    rows += [{"id": "b", "text": "好", "label": "clean", "context": context}]
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    with pytest.raises(InputError, match=said) as refused:
        list(read_labelled(file, PINNED_DAY, ("cn",)))
    assert (refused.value.file, refused.value.row) == (str(file), 2)


def test_a_set_is_judged_by_the_rules_of_the_place_it_names(tmp_path: Path) -> None:
    text = "This fund guarantees a return of 8% with no risk."
    rows = [
        {"id": place, "text": text, "label": "violation", "context": {"jurisdiction": place}}
        for place in ("cn", "us")
    ]
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    arguments = ["compliance", "--set", str(file), "--format", "json"]
    document = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert document["metrics"]["violation_recall"]["num"] >= 1
    places = [row.context.jurisdictions for row in read_labelled(file, PINNED_DAY, ("cn", "us"))]
    assert places == [("cn",), ("us",)]


def test_the_page_names_rows_that_no_text_decides(tmp_path: Path) -> None:
    page = tmp_path / "compliance.md"
    arguments = ["compliance", "--set", str(TEXTS / "dev.jsonl"), "--page", str(page)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert "cn.iad.popup-one-click" in page.read_text("utf-8")
