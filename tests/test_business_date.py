"""Which day a text is judged on when nobody names one: settings, then the data, then today."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from copilot.cli.place import place_of
from copilot.errors import InputError
from tests.shell import Shell

BEFORE_THE_BAN = "2026-09-29"
LOW_RISK = {"id": "a", "text": "低门槛", "context": {"product": "fund", "whole": False}}


def judged(shell: Shell, folder: Path, *options: object) -> str:
    """The verdict of a wording that an online rule forbids from 30 September 2026 on."""
    source, target = folder / "文案.jsonl", folder / "结果.jsonl"
    source.write_text(json.dumps(LOW_RISK, ensure_ascii=False), "utf-8")
    assert shell("check", "--jsonl", source, "--out", target, *options)[0] == 0
    return str(json.loads(target.read_text("utf-8"))["verdict"])


def test_the_data_say_the_day_when_nothing_else_does(sample_home: Path, tmp_path: Path) -> None:
    assert place_of(sample_home, None).day(None) == date(2026, 11, 20)
    assert place_of(tmp_path, None).day(None) == date.today()


def test_a_database_that_cannot_be_read_leaves_the_day_of_today(tmp_path: Path) -> None:
    (tmp_path / "copilot.db").write_bytes(b"not a database at all" * 500)
    assert place_of(tmp_path, None).day(None) == date.today()


def test_a_configured_day_goes_before_that_of_the_data_and_an_option_before_both(
    shell: Shell, sample_home: Path, tmp_path: Path
) -> None:
    config = tmp_path / "copilot.yaml"
    config.write_text(f"business_date: {BEFORE_THE_BAN}\n", "utf-8")
    places = ("--data-dir", sample_home)
    assert judged(shell, tmp_path, *places) == "block"
    assert judged(shell, tmp_path, *places, "--config", config) == "pass"
    assert judged(shell, tmp_path, *places, "--config", config, "--as-of", "2026-11-20") == "block"


def test_the_environment_says_the_day(
    shell: Shell, sample_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_BUSINESS_DATE", BEFORE_THE_BAN)
    assert judged(shell, tmp_path, "--data-dir", sample_home) == "pass"
    monkeypatch.setenv("COPILOT_BUSINESS_DATE", "昨天")
    with pytest.raises(InputError, match="昨天") as error:
        place_of(sample_home, None)
    assert error.value.field == "COPILOT_BUSINESS_DATE"
