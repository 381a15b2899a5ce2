"""The profile and match commands as scripts use them: JSON on stdout, exit codes, clear errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from profiles_golden import golden_rows, open_bank, yuan


def run(data_dir: Path, *words: str) -> tuple[int, Any, str]:
    done = subprocess.run(
        [sys.executable, "-c", "from copilot.cli.main import main; main()", *words,
         "--data-dir", str(data_dir), "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("银行 数据")
    rows = golden_rows()
    rows["products"] = [
        {"product_code": "DEP-1Y", "valid_from": "2026-01-01", "name": "一年期整存整取",
         "type": "deposit", "issuer": "示例银行", "origin": "own", "term_days": 365},
        {"product_code": "FUND-MIX", "valid_from": "2026-01-01", "name": "示例混合基金",
         "type": "fund", "issuer": "示例银行", "origin": "own", "risk_rating": "R4"},
    ]  # fmt: skip
    from datetime import date

    for row in rows["products"]:
        row["valid_from"] = date.fromisoformat(row["valid_from"])
    store, _ = open_bank(directory, rows)
    store.close()
    return directory


def test_profile_before_a_build_fails_with_the_next_step(data_dir: Path, tmp_path: Path) -> None:
    store, _ = open_bank(tmp_path, golden_rows())
    store.close()
    code, document, _ = run(tmp_path, "profile", "show", "C01")
    assert code == 2
    assert "copilot profile build" in document["error"]["next"]


def test_build_show_explain_export_and_match_follow_each_other(
    data_dir: Path, tmp_path: Path
) -> None:
    code, built, progress = run(data_dir, "profile", "build")
    assert (code, built["customers"], built["as_of"]) == (0, 12, "2026-11-20")
    assert "活期余额" in progress

    code, shown, _ = run(data_dir, "profile", "show", "C05")
    assert code == 0
    assert set(shown) == {
        "customer_id", "as_of", "card", "features", "segments", "scores", "reasons",
    }  # fmt: skip
    assert shown["features"]["idle_amount"] == {
        "value": yuan(283_412), "unit": "fen", "window": "银行设定天数",
    }  # fmt: skip
    assert shown["features"]["salary_month"]["null_reason"]
    assert shown["segments"]["tier"] == "potential"

    code, explained, _ = run(data_dir, "profile", "explain", "C01", "bonus_30")
    assert code == 0
    assert explained["value"] == explained["recomputed"] == yuan(160_000)
    assert [row["txn_id"] for row in explained["rows"]] == ["T000024", "T000025"]

    out = tmp_path / "特征.parquet"
    code, exported, _ = run(data_dir, "profile", "export", "--out", str(out))
    assert (code, exported["customers"]) == (0, 12)
    assert out.is_file()

    code, matched, _ = run(data_dir, "match", "C01", "--channel", "phone")
    assert code == 0
    assert [entry["product_code"] for entry in matched["allowed"]] == ["DEP-1Y"]
    assert "cn.gate.risk-above-tolerance" in matched["refused"][0]["rule_ids"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("profile", "explain", "C01", "bonus_31"), "bonus_31"),
        (("match", "C99"), "C99"),
        (("match", "C01", "--as", "S0"), "S0"),
    ],
)
def test_wrong_names_are_exit_code_two_and_name_the_value(
    data_dir: Path, words: tuple[str, ...], message: str
) -> None:
    code, document, _ = run(data_dir, *words)
    assert code == 2
    assert message in document["error"]["message"]
    assert document["error"]["next"]
