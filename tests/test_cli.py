"""The command line as scripts see it: exit codes, JSON, help, and errors without tracebacks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from copilot.cli.today import present as present_calls
from copilot.pipeline.today import call_today
from copilot.pipeline.workbench import Workbench
from tests.shell import Shell

COMMANDS = [
    ["init"],
    ["demo"],
    ["today"],
    ["match"],
    ["pitch"],
    ["plan"],
    ["summary"],
    ["ask"],
    ["check"],
    ["search"],
    ["doctor"],
    ["tables", "check"],
    ["tables", "codes"],
    ["profile", "build"],
    ["profile", "show"],
    ["profile", "explain"],
    ["knowledge", "ingest"],
    ["knowledge", "list"],
    ["rules", "list"],
    ["rules", "show"],
    ["rules", "test"],
    ["audit", "verify"],
    ["audit", "show"],
]


def copilot(*words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command line as a script would."""
    return subprocess.run(
        [sys.executable, "-m", "copilot", *words],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=120,
        check=False,
    )


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON document on standard output."""
    body: dict[str, Any] = json.loads(done.stdout)
    return body


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(words: list[str]) -> None:
    done = copilot(*words, "--help")
    assert done.returncode == 0
    assert f"copilot {' '.join(words)}" in done.stdout.replace("\n", " ")
    assert "例：" in done.stdout
    assert "--format" in done.stdout or words == ["demo"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["pitch", "C999999", "--product", "DEP-3Y", "--channel", "counter"], "C999999"),
        (["profile", "show", "C999999"], "C999999"),
        (["search", "定存", "--as-of", "明天"], "明天"),
        (["search", "定存", "--kind", "novel"], "novel"),
        (["today", "--branch", "BR99"], "BR99"),
        (["today", "--as", "S0000"], "S0000"),
        (["audit", "show", "P-none"], "P-none"),
        (["knowledge", "ingest", "没有这个目录"], "没有这个目录"),
        (["pitch", "C000001", "--product", "DEP-3Y", "--channel", "mars"], "counter、phone"),
        (["pitch", "C000001", "--channel", "sms"], "缺少选项 --product"),
        (["today", "--limit", "0"], "--limit"),
        (["today", "--nope"], "没有这个选项：--nope"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_message_that_names_the_value(
    sample_home: Path, words: list[str], named: str
) -> None:
    done = copilot(*words, "--data-dir", str(sample_home))
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    as_json = copilot(*words, "--data-dir", str(sample_home), "--format", "json")
    assert as_json.returncode == 2
    error = document(as_json)["error"]
    assert named in json.dumps(error, ensure_ascii=False)
    assert error["next"]


def test_an_unknown_product_suggests_codes_that_exist(
    bench_customer: str, sample_home: Path
) -> None:
    done = copilot(
        "pitch",
        bench_customer,
        "--product",
        "DEP-3X",
        "--channel",
        "counter",
        "--data-dir",
        str(sample_home),
        "--format",
        "json",
    )
    assert done.returncode == 2
    assert "DEP-3Y" in document(done)["error"]["next"]


def test_commands_before_init_say_how_to_begin(tmp_path: Path) -> None:
    for words in (["today"], ["search", "定存"], ["audit", "verify"], ["knowledge", "list"]):
        done = copilot(*words, "--data-dir", str(tmp_path / "empty"))
        assert done.returncode == 2
        assert "copilot init" in done.stderr
    assert not (tmp_path / "empty").exists()


def test_init_wants_one_source(tmp_path: Path) -> None:
    assert copilot("init", "--data-dir", str(tmp_path)).returncode == 2
    missing = copilot("init", "--sources", str(tmp_path / "无.yaml"), "--format", "json")
    assert missing.returncode == 2
    assert document(missing)["error"]["file"].endswith("无.yaml")


def test_a_broken_config_file_is_named(tmp_path: Path, sample_home: Path) -> None:
    config = tmp_path / "copilot.yaml"
    config.write_text("llm_modle: qwen\n", encoding="utf-8")
    done = copilot("today", "--data-dir", str(sample_home), "--config", str(config))
    assert done.returncode == 2
    assert "llm_modle" in done.stderr
    assert "llm_model" in done.stderr
    config.write_text("llm_api_key: sk-1\n", encoding="utf-8")
    done = copilot("today", "--data-dir", str(sample_home), "--config", str(config))
    assert done.returncode == 2
    assert "COPILOT_LLM_API_KEY" in done.stderr
    assert "sk-1" not in done.stderr
    config.write_text("policy: [\n", encoding="utf-8")
    done = copilot("today", "--data-dir", str(sample_home), "--config", str(config))
    assert "不是可读的 YAML" in done.stderr
    done = copilot("today", "--config", str(tmp_path / "无.yaml"))
    assert done.returncode == 2
    assert "没有这个配置文件" in done.stderr


def test_doctor_reports_a_whole_installation_and_a_missing_one(
    sample_home: Path, tmp_path: Path
) -> None:
    done = copilot("doctor", "--data-dir", str(sample_home), "--format", "json")
    assert done.returncode == 0, done.stdout
    names = {check["name"] for check in document(done)["checks"]}
    assert {"数据", "画像", "知识库", "规则包", "留痕"} <= names
    assert copilot("doctor", "--data-dir", str(tmp_path / "none")).returncode == 1


def test_audit_verify_answers_yes_and_counts(sample_home: Path) -> None:
    done = copilot("audit", "verify", "--data-dir", str(sample_home), "--format", "json")
    assert done.returncode == 0
    assert document(done)["ok"] is True
    assert document(done)["entries"] > 0


def test_a_pitch_can_be_traced_back_to_its_evidence(bench_customer: str, sample_home: Path) -> None:
    home = ["--data-dir", str(sample_home), "--format", "json"]
    done = copilot("pitch", bench_customer, "--product", "DEP-3Y", "--channel", "counter", *home)
    assert done.returncode == 0, done.stdout
    pitch = document(done)
    for figure in pitch["figures"]:
        assert pitch["text"][figure["start"] : figure["end"]] == figure["text"]
    shown = document(copilot("audit", "show", pitch["draft_id"], *home))
    assert shown["draft"]["text"] == pitch["text"]
    assert shown["evidence"]["product"]["product_code"] == "DEP-3Y"
    # Another test of this bank may have drafted the same before.
    assert shown["audit"][0]["kind"] in {"draft.pitch", "draft.pitch.again"}


@pytest.fixture
def bench_customer(sample_home: Path) -> str:
    """A customer of the sample bank who may hear about a time deposit at the counter."""
    from copilot.pipeline.workbench import Workbench
    from copilot.settings import load_settings

    bench = Workbench.open(load_settings(data_dir=sample_home))
    try:
        for customer_id in bench.store.customers(bench.principal).ids("BR01"):
            file = bench.customer_file(customer_id)
            age = file.customer.age_on(bench.as_of) if file.customer else None
            if age and 30 <= age <= 60 and not file.complaints:
                return customer_id
    finally:
        bench.close()
    raise AssertionError("the sample bank has nobody to talk to")


def test_the_columns_that_a_table_takes_are_listed(shell: Shell) -> None:
    code, document = shell.json("tables", "columns", "consents")
    columns = {column["column"]: column for column in document["tables"]["consents"]}
    _, out, _ = shell("tables", "columns", "customers")

    assert code == 0
    assert columns["granted"]["required"]
    assert "marketing" in columns["purpose"]["codes"]
    assert "★customer_id" in out
    assert shell("tables", "columns", "clients")[0] == 2


def test_a_file_name_is_no_template(shell: Shell, sample_home: Path) -> None:
    words = ("template", "submit", "新稿.yaml", "--as", "S9004", "--data-dir", sample_home)
    code, _, err = shell(*words)

    assert code == 2
    assert "template propose --file 新稿.yaml" in err


def test_a_shelf_names_every_product_and_says_each_reason_once(
    shell: Shell, sample_home: Path
) -> None:
    words = ("match", "C000001", "--data-dir", sample_home)
    _, document = shell.json(*words)
    _, out, _ = shell(*words)

    refused = {entry["product_code"]: entry["name"] for entry in document["refused"]}
    assert refused["GB-5Y"] == "储蓄国债五年期"
    assert "私募证券" not in out
    told = [line for line in out.splitlines() if line.startswith("理由：")]
    assert told
    assert len(told) == len(set(told))


def test_a_bank_without_consents_is_told_why_nobody_is_called(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("copilot.profiles.call_list", lambda *given: [])
    bench.generation.rows.pop("consents")

    calls = call_today(bench)

    assert "同意记录表 consents" in present_calls(calls)
