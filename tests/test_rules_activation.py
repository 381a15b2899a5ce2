"""Two people activate a pack; running processes take it up; a damaged one changes nothing."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from lucky_rule import KNOWLEDGE, RULE, replace_in, rule_file

from copilot.compliance import Pack, load_checker
from copilot.compliance.activation import Activation, read_schedule, schedule_pack
from copilot.compliance.compiler import compile_rules
from copilot.compliance.live import LiveChecker
from copilot.errors import StateError
from copilot.pipeline.workbench import Workbench
from copilot.records.compliance import CheckContext, Verdict
from copilot.settings import load_settings
from tests.shell import Shell

DAY = date(2026, 11, 20)
CONTEXT = CheckContext(as_of=DAY, whole=False)


def activate(
    shell: Shell, home: Path, knowledge: Path, *more: str
) -> tuple[int, dict[str, object]]:
    arguments = ("rules", "activate", "--knowledge", knowledge, "--data-dir", home)
    return shell.json(*arguments, *(more or ("--author", "S9004", "--approver", "S9002")))


def test_activation_takes_two_people(shell: Shell, home: Path, knowledge: Path) -> None:
    same = activate(shell, home, knowledge, "--author", "S9002", "--approver", "S9002")
    assert same[0] == 2
    wrong = activate(shell, home, knowledge, "--author", "S9002", "--approver", "S9005")
    assert (wrong[0], wrong[1]["error"]["code"]) == (2, "forbidden")
    assert read_schedule(home) == ()
    code, done = activate(shell, home, knowledge)
    assert (code, done["rules"], done["previous"]) == (0, 1, None)
    assert load_checker(home, KNOWLEDGE).pack_version == done["pack_version"]
    assert shell.json("audit", "verify", "--data-dir", home)[1]["ok"]


def test_a_broken_rule_leaves_the_last_good_pack_in_force(
    shell: Shell, home: Path, knowledge: Path
) -> None:
    _, good = activate(shell, home, knowledge)
    replace_in(rule_file(knowledge), "severity: block", "severity: fatal")
    code, refused = activate(shell, home, knowledge)
    assert (code, refused["error"]["row"]) == (2, 3)
    replace_in(rule_file(knowledge), "severity: fatal", "severity: block")
    replace_in(rule_file(knowledge), "年利率请看公示]", "八八发财大放送]")
    assert activate(shell, home, knowledge)[0] == 2
    assert load_checker(home, KNOWLEDGE).pack_version == good["pack_version"]


def test_a_later_pack_waits_for_its_time(shell: Shell, home: Path, knowledge: Path) -> None:
    people = ("--author", "S9004", "--approver", "S9003")
    _, first = activate(shell, home, knowledge, *people)
    replace_in(rule_file(knowledge), "title: 不得", "title: 严禁")
    code, later = activate(shell, home, knowledge, *people, "--from", "2999-01-01T09:00")
    assert (code, later["effective_from"]) == (0, "2999-01-01T09:00:00+08:00")
    assert load_checker(home, KNOWLEDGE).pack_version == first["pack_version"]
    listed = shell.json("rules", "list", "--data-dir", home)[1]
    assert [w["pack_version"] for w in listed["scheduled"]] == [later["pack_version"]]
    past = activate(shell, home, knowledge, *people, "--from", "2020-01-01T09:00")
    assert past[0] == 2


def test_a_confirmed_summary_may_block_after_the_next_activation(
    shell: Shell, home: Path, knowledge: Path
) -> None:
    rule_file(knowledge).write_text(RULE.format(evidence="summary"), "utf-8")
    activate(shell, home, knowledge)
    assert load_checker(home, KNOWLEDGE).check("八八发财", CONTEXT).verdict is Verdict.REVIEW
    confirm = ("rules", "confirm", "cn.sample.lucky-number", "--knowledge", knowledge)
    code, refused = shell.json(*confirm, "--as", "S9005", "--data-dir", home)
    assert (code, refused["error"]["code"]) == (2, "forbidden")
    code, done = shell.json(*confirm, "--as", "S9002", "--note", "核对公报", "--data-dir", home)
    assert (code, done["confirmed_by"], len(done["citations"])) == (0, "S9002", 1)
    assert load_checker(home, KNOWLEDGE).check("八八发财", CONTEXT).verdict is Verdict.REVIEW
    code, pack = activate(shell, home, knowledge)
    assert (code, pack["confirmed_citations"]) == (0, 1)
    assert load_checker(home, KNOWLEDGE).check("八八发财", CONTEXT).verdict is Verdict.BLOCK
    replace_in(rule_file(knowledge), "article: 第一条", "article: 第二条")
    activate(shell, home, knowledge)
    assert load_checker(home, KNOWLEDGE).check("八八发财", CONTEXT).verdict is Verdict.REVIEW


def test_confirming_what_was_read_in_full_is_refused(
    shell: Shell, home: Path, knowledge: Path
) -> None:
    confirm = ("rules", "confirm", "cn.sample.lucky-number", "--knowledge", knowledge)
    code, document = shell.json(*confirm, "--as", "S9002", "--data-dir", home)
    assert (code, document["error"]["code"]) == (2, "input")


def put(data_dir: Path, pack: Pack, effective: datetime) -> None:
    pack.write(data_dir / "packs" / f"{pack.version}.json")
    schedule_pack(data_dir, Activation(effective, pack.version), datetime.now(UTC))


def test_a_running_process_takes_up_a_pack_without_restart(knowledge: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    live = LiveChecker(data_dir, knowledge)
    before = live.current()
    assert live.current() is before
    replace_in(rule_file(knowledge), "title: 不得", "title: 严禁")
    pack = compile_rules(knowledge / "rules")
    put(data_dir, pack, datetime.now(UTC))
    assert live.current().pack_version == pack.version != before.pack_version
    replace_in(rule_file(knowledge), "title: 严禁", "title: 一律不得")
    waiting = compile_rules(knowledge / "rules")
    put(data_dir, waiting, datetime.now(UTC) + timedelta(milliseconds=300))
    assert live.current().pack_version == pack.version
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while live.current().pack_version != waiting.version:
        assert datetime.now(UTC) < deadline


def test_a_damaged_pack_leaves_the_last_good_one_running(knowledge: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    live = LiveChecker(data_dir, knowledge)
    good = live.current()
    pointer = data_dir / "packs" / "CURRENT"
    pointer.parent.mkdir(parents=True)
    pointer.write_text("2020-01-01T00:00:00+00:00 feedfacefeedface\n", "utf-8")
    assert live.current() is good
    assert live.fault is not None
    pointer.write_text("不是启用记录 ？\n", "utf-8")
    os.utime(pointer, (1, 1))
    assert live.current() is good
    with pytest.raises(StateError, match="启用记录"):
        load_checker(data_dir, knowledge)
    pointer.unlink()
    assert live.current().pack_version == good.pack_version
    assert live.fault is None


def test_a_workbench_in_use_sees_the_new_pack(shell: Shell, home: Path, knowledge: Path) -> None:
    bench = Workbench.open(load_settings(data_dir=home))
    before = bench.checker.pack_version
    _, done = activate(shell, home, knowledge)
    assert bench.checker.pack_version == done["pack_version"] != before
    bench.close()
