"""The shipped rules' own cases notice when a rule is changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lucky_rule import knowledge_with_one_rule, replace_in, rule_file

from copilot.compliance.mutation import MutationReport, mutate_rules
from copilot.paths import shipped

FLOOR = 0.9  # over all rules it is higher: docs/rules-mutation.md
SAMPLE = ("cn/gold", "cn/fx", "cn/card", "cn/fund")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> MutationReport:
    rules, folder = shipped("knowledge") / "rules", tmp_path_factory.mktemp("rules")
    for topic in ("language", *SAMPLE):
        shutil.copytree(rules / topic, folder / topic)
    return mutate_rules(folder)


def test_the_cases_of_the_sampled_rules_notice_most_changes(sample: MutationReport) -> None:
    missed = [f"{m.rule_id}: {m.change}" for m in sample.survivors]
    assert sample.killed >= FLOOR * len(sample.mutants), missed


def test_every_topic_of_the_sample_is_counted(sample: MutationReport) -> None:
    topics = sample.as_json()["topics"]
    assert set(topics) == {topic.replace("/", ".") for topic in SAMPLE}
    assert sum(counts["mutants"] for counts in topics.values()) == len(sample.mutants)


@pytest.fixture
def mutated(tmp_path: Path) -> Callable[[str], MutationReport]:
    """The report on the one sample rule with some lines added to its terms."""

    def mutate(lines: str) -> MutationReport:
        knowledge = knowledge_with_one_rule(tmp_path / "knowledge")
        replace_in(rule_file(knowledge), "cases:\n", f"{lines}cases:\n")
        return mutate_rules(knowledge / "rules")

    return mutate


def test_a_word_within_which_another_stands_is_equivalent_with_its_reason(
    mutated: Callable[[str], MutationReport],
) -> None:
    report = mutated("    not_with: [商店, 便民商店]\n")
    (same,) = report.equivalent
    assert (same.change, same.equivalent) == (
        "terms[0].not_with 去掉 便民商店",
        "“便民商店”里已有同列的“商店”",
    )
    assert "terms[0].not_with 去掉 便民商店" not in {m.change for m in report.mutants}
    assert report.as_json()["equivalent"] == 1


def test_an_anchor_beside_one_that_every_match_has_is_equivalent(
    mutated: Callable[[str], MutationReport],
) -> None:
    report = mutated("patterns:\n  - regex: 必胜(六六|八八)\n    anchors: [必胜, 六六, 八八]\n")
    reasons = {m.change: m.equivalent for m in report.equivalent}
    assert set(reasons) == {f"patterns[0].anchors 去掉 {word}" for word in ("必胜", "六六", "八八")}
    assert set(reasons.values()) == {"凡匹配的文字必有同列的其他词"}
