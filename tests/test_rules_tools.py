"""The compliance officer's tools: nothing takes effect unproven, unapproved or unrecorded."""

from __future__ import annotations

import json
import re
import shutil
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from lucky_rule import KNOWLEDGE, RULE, replace_in, rule_file

from copilot.compliance import Checker, Pack, load_checker
from copilot.compliance.compiler import assemble, compile_rules, read_rules
from copilot.compliance.contradictions import contradictions
from copilot.compliance.impact import StoredText, candidate, impact
from copilot.compliance.mutation import mutate_rules
from copilot.compliance.samples import Sampler
from copilot.records.compliance import CheckContext
from copilot.records.staff import Principal
from copilot.settings import load_settings
from copilot.store import Store
from tests.conftest import REPOSITORY
from tests.shell import Shell

DAY = date(2026, 11, 20)
CONTEXT = CheckContext(as_of=DAY, whole=False)


NEW = (
    *("rules", "new", "--id", "cn.sample.red-envelope", "--title", "不得以红包招徕"),
    *("--term", "开户红包", "--regulation", "示例办法", "--article", "第二条"),
    *("--evidence", "text", "--why", "诱导开户。", "--suggestion", "删去。"),
)


def test_a_guided_rule_is_written_with_its_cases(shell: Shell, knowledge: Path) -> None:
    fails = ("--fail", "领开户红包", "--fail", "开户红包等您", "--fail", "送开 户红包")
    passes = (
        "--pass",
        "本行没有开户红包",
        "--pass",
        "谨防“开户红包”骗局",
        "--pass",
        "开户请带证件",
    )
    code, document = shell.json(*NEW, *fails, *passes, "--knowledge", knowledge)
    assert code == 0
    path = Path(document["file"])
    assert path == knowledge / "rules" / "cn" / "sample" / "red-envelope.yaml"
    pack = compile_rules(knowledge / "rules")
    result = Checker(pack).check("领开户红包", CONTEXT)
    assert [f.rule_id for f in result.findings] == ["cn.sample.red-envelope"]


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (("--fail", "领开户红包"), "fail 用例只有 1 个"),
        (("--fail", "a", "--fail", "b", "--fail", "c"), "pass 用例只有 0 个"),
    ],
)
def test_a_rule_without_both_kinds_of_cases_is_refused(
    shell: Shell, knowledge: Path, extra: tuple[str, ...], reason: str
) -> None:
    code, document = shell.json(*NEW, *extra, "--knowledge", knowledge)
    assert code == 2
    assert reason in document["error"]["message"]
    assert not (knowledge / "rules" / "cn" / "sample" / "red-envelope.yaml").exists()


def test_a_rule_that_its_own_cases_contradict_is_not_written(shell: Shell, knowledge: Path) -> None:
    fails = ("--fail", "领开户红包", "--fail", "开户红包等您", "--fail", "没有这个词")
    passes = ("--pass", "a", "--pass", "b", "--pass", "c")
    code, document = shell.json(*NEW, *fails, *passes, "--knowledge", knowledge)
    assert code == 2
    assert "fail 用例第 3 条" in document["error"]["message"]
    assert not (knowledge / "rules" / "cn" / "sample" / "red-envelope.yaml").exists()


def test_a_missing_answer_is_named_where_nobody_can_be_asked(shell: Shell) -> None:
    code, document = shell.json("rules", "new", "--id", "cn.sample.x")
    assert (code, document["error"]["field"]) == (2, "title")


def test_a_wrong_answer_is_refused_at_once_and_asked_again(
    shell: Shell, knowledge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["坏的号", "cn.sample.red-envelope", "hearsay", "text"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    given = [each for each in NEW if each not in ("--id", NEW[3], "--evidence", "text")]
    fails = ("--fail", "领开户红包", "--fail", "开户红包等您", "--fail", "送开 户红包")
    passes = ("--pass", "本行没有开户红包", "--pass", "谨防“开户红包”", "--pass", "请带证件")
    code, out, refusals = shell(*given, *fails, *passes, "--knowledge", knowledge)
    assert code == 0
    assert "red-envelope.yaml" in out
    assert "不是 辖区.主题.名称 三段" in refusals
    assert "没有“hearsay”这一级依据" in refusals
    assert not list(answers)


def test_a_misspelt_key_is_named_rather_than_what_is_missing(shell: Shell, knowledge: Path) -> None:
    replace_in(rule_file(knowledge), "words:", "wrods:")
    code, document = shell.json("rules", "test", "--knowledge", knowledge)
    assert code == 2
    assert "wrods" in document["error"]["message"]


def test_rules_that_cannot_both_be_kept_are_reported(shell: Shell, knowledge: Path) -> None:
    (knowledge / "rules" / "cn" / "sample" / "must-say.yaml").write_text(
        RULE.format(evidence="text")
        .replace("lucky-number", "must-say")
        .replace(
            "terms:\n  - words: [八八发财, 六六大顺]",
            "requires:\n  - element: wish\n    present: [八八发财]",
        )
        .replace("[八八发财理财, 六六大顺存单, 祝您八八发财]", "[定期, 存单, 理财]")
        .replace(
            "[不写八八发财, 谨防“六六大顺”骗局, 年利率请看公示]",
            "[祝您八八发财, 八八发财, 八八发财哦]",
        ),
        "utf-8",
    )
    code, document = shell.json("rules", "test", "--knowledge", knowledge)
    assert code == 1
    (clash,) = document["contradictions"]
    assert clash["required_by"] == "cn.sample.must-say"
    assert clash["forbidden_by"] == ["cn.sample.lucky-number"]


def test_the_shipped_rules_do_not_contradict_each_other() -> None:
    pack = Pack.read(KNOWLEDGE / "rules" / "pack.json")
    assert list(contradictions(pack)) == []


def test_untested_branches_are_listed(shell: Shell, knowledge: Path) -> None:
    replace_in(rule_file(knowledge), "六六大顺]\n", "六六大顺]\n    lawful: [八八发财年年有余]\n")
    code, document = shell.json("rules", "test", "--branches", "--knowledge", knowledge)
    assert code == 0
    changed = {u["change"] for u in document["untested_branches"]}
    assert "terms[0].lawful 去掉 八八发财年年有余" in changed
    assert "terms[0].unless 去掉 negated" not in changed


def test_a_diff_names_rules_cases_and_their_verdicts(
    shell: Shell, knowledge: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.json"
    shutil.copy(knowledge / "rules" / "pack.json", old)
    replace_in(rule_file(knowledge), "words: [八八发财, 六六大顺]", "words: [八八发财]")
    replace_in(rule_file(knowledge), "六六大顺存单,", "八八发财存单,")
    code, document = shell.json("rules", "diff", old, knowledge)
    assert code == 1
    assert document["rules"] == [
        {"rule_id": "cn.sample.lucky-number", "change": "changed", "fields": ["terms"]}
    ]
    assert document["cases"] == []
    code, document = shell.json("rules", "diff", knowledge, KNOWLEDGE / "rules" / "pack.json")
    assert "removed" in {rule["change"] for rule in document["rules"]}
    hit = [case for case in document["cases"] if case["id"].startswith("cn.sample")]
    assert {case["before"] for case in hit} == {"block"}
    assert shell.json("rules", "diff", knowledge, knowledge)[0] == 0


def test_a_candidate_rule_is_tried_on_existing_texts(
    shell: Shell, knowledge: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "旧文案.jsonl"
    lawful = {"text": "年利率请看公示", "label": "clean"}  # a labelled set will do as it is
    rows = [{"id": i} | ({"text": "八八发财"} if i % 4 == 0 else lawful) for i in range(40)]
    texts.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    arguments = ("rules", "impact", rule_file(knowledge), "--jsonl", texts)
    code, document = shell.json(*arguments, "--knowledge", knowledge)
    assert code == 0
    counts = (document["texts"], document["hit"], document["newly"], document["worse"])
    assert counts == (40, 10, 10, 10)
    assert document["found"] == {"八八发财": 10}
    assert document["examples"][0] == {"id": "0", "spans": [[0, 4]], "new": True}


def test_the_memory_of_an_impact_does_not_grow_with_the_texts(knowledge: Path) -> None:
    _, proposed = candidate(rule_file(knowledge), knowledge / "rules")
    current = load_checker(None, knowledge)

    def texts(count: int) -> Iterator[StoredText]:
        for number in range(count):
            yield StoredText(str(number), f"{number}号八八发财", CONTEXT)

    def peak(count: int) -> int:
        tracemalloc.start()
        report = impact(proposed, current, texts(count))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.hit == count
        return used

    peak(50)
    assert peak(1200) < peak(300) + 100_000


def test_a_dropped_term_is_killed_by_the_case_that_has_it(knowledge: Path) -> None:
    report = mutate_rules(knowledge / "rules")
    killed = {m.change for m in report.mutants if m.killed}
    assert {"terms[0].words 去掉 六六大顺", "terms[0].unless 去掉 warned"} <= killed
    survivors = {m.change for m in report.survivors}
    assert "effective_from 晚一天" in survivors  # no case stands on the day


def test_a_case_on_the_day_kills_the_shifted_date(knowledge: Path) -> None:
    replace_in(
        rule_file(knowledge),
        "祝您八八发财]",
        "祝您八八发财, {text: 八八发财, context: {as_of: 2020-01-01}}]",
    )
    survivors = {m.change for m in mutate_rules(knowledge / "rules").survivors}
    assert "effective_from 晚一天" not in survivors


def test_mutating_in_two_processes_finds_the_same(knowledge: Path, shell: Shell) -> None:
    other = rule_file(knowledge).with_name("other.yaml")
    other.write_text(RULE.format(evidence="text").replace("lucky-number", "other"), "utf-8")
    one, two = (mutate_rules(knowledge / "rules", processes=n) for n in (1, 2))
    assert one == two
    arguments = ("rules", "mutate", "--knowledge", knowledge, "--rule", "cn.sample.other")
    assert shell.json(*arguments, "--at-least", "1.0")[0] == 1
    assert shell.json(*arguments, "--at-least", "0.2")[0] == 0


def test_the_reference_of_the_rules_is_fresh(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "rules.md"
    code, _, _ = shell("rules", "reference", "--out", out)
    assert code == 0
    committed = (REPOSITORY / "docs" / "rules.md").read_text("utf-8")
    assert out.read_text("utf-8") == committed, "run `copilot rules reference --out docs/rules.md`"


def test_stored_drafts_are_compared(shell: Shell, home: Path, knowledge: Path) -> None:
    store = Store.open(load_settings(data_dir=home))
    with store.transaction() as connection:
        store.drafts(Principal.operator()).save(
            connection,
            draft_id="P-1",
            kind="draft.pitch",
            customer_id=None,
            branch_id="HQ",
            document={"text": "祝您八八发财", "kind": "pitch", "channel": "counter"},
            evidence={},
        )
    store.close()
    arguments = ("rules", "impact", rule_file(knowledge), "--knowledge", knowledge)
    code, document = shell.json(*arguments, "--data-dir", home)
    assert (code, document["hit"]) == (0, 1)
    assert document["examples"] == [{"id": "P-1", "spans": [[2, 6]], "new": True}]
    silent = knowledge / "silent.json"
    shutil.copy(knowledge / "rules" / "pack.json", silent)
    replace_in(rule_file(knowledge), "verdict: block", "verdict: block\nstatus: draft")
    arguments = ("rules", "diff", silent, knowledge, "--drafts", "--data-dir", home)
    code, document = shell.json(*arguments)
    assert code == 1
    shift = {"id": "P-1", "before": "block", "after": "pass", "rules": ["cn.sample.lucky-number"]}
    assert document["drafts"] == [shift]


def test_one_rule_shares_the_languages_of_its_pack(knowledge: Path) -> None:
    pack = assemble(knowledge / "rules", read_rules(knowledge / "rules"))
    assert pack.only(pack.rules[0]).languages is pack.languages


def test_proposed_cases_kill_what_survived_and_hold_for_the_rule(
    shell: Shell, knowledge: Path
) -> None:
    folder = knowledge / "rules"
    replace_in(rule_file(knowledge), "六六大顺]\n", "六六大顺, 发发发]\n    lawful: [发发发商店]\n")
    before = mutate_rules(folder)
    code, document = shell.json("rules", "mutate", "--propose", "--knowledge", knowledge)
    assert (code, document["files"]) == (0, [])
    assert {"发发发", "发发发商店"} <= {p["text"] for p in document["proposals"]}
    arguments = ("rules", "mutate", "--write", "--knowledge", knowledge)
    assert shell.json(*arguments)[1]["files"] == [str(rule_file(knowledge))]
    compile_rules(folder)
    after = mutate_rules(folder)
    assert len(after.survivors) < len(before.survivors)
    assert after.killed >= 0.95 * len(after.mutants)
    assert shell.json(*arguments)[1]["files"] == []


@pytest.mark.parametrize(
    "regex",
    ["(保证|承诺)[^。;,]{0,4}(收益|本金)", "[0-9.]+(%|个点)", r"r[1-5]|\d{4}年", "a?(b|c)+x{2,3}"],
)
def test_drawn_texts_match_the_expression_they_are_drawn_from(regex: str) -> None:
    drawn = {Sampler(seed).text(regex) for seed in range(30)}
    assert all(re.search(regex, text) for text in drawn)
    assert len(drawn) >= 2
