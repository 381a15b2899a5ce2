"""``copilot score`` and ``copilot segment`` as scripts use them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import known_truth
import pytest

from copilot.cli.main import main

Run = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("评分 数据")
    tables, _ = known_truth.generate(450, acquire=False)
    store, _ = known_truth.open_tables_as_bank(directory, tables)
    store.close()
    return directory


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str, text: bool = False) -> tuple[int, Any]:
        form = [] if text else ["--format", "json"]
        monkeypatch.setattr(sys, "argv", ["copilot", *words, "--data-dir", str(home), *form])
        with pytest.raises(SystemExit) as ended:
            main()
        out = capsys.readouterr().out
        return int(ended.value.code or 0), out if text else json.loads(out)

    return command


def test_a_score_is_trained_shown_measured_and_used_for_the_next_offer(run: Run) -> None:
    code, trained = run("score", "train", "outflow_90")
    assert code == 0
    (score,) = trained["scores"]
    assert (score["status"], score["method"]) == ("trained", "logistic")
    assert trained["scored"]["outflow_90"] > 300

    code, card = run("score", "show", "outflow_90", "--customers", "3")
    assert code == 0
    assert len(card["customers"]) == 3
    assert card["cannot_say"]
    assert {"auc", "pr_auc", "ece", "lift_10"} <= set(card["measures"]["logistic"])

    code, found = run("score", "eval")
    figure = found["metrics"]["outflow_90.logistic.auc"]
    assert code == 0
    assert found["suite"] == "scores"
    assert 0 < figure["num"] < figure["den"] == found["n"]
    assert figure["low"] <= figure["value"] <= figure["high"]

    code, words = run("score", "show", "outflow_90", text=True)
    assert code == 0
    assert "不能说明：" in words
    assert "性别女" in words

    code, profile = run("profile", "show", card["customers"][0])
    assert code == 0
    assert profile["scores"]["outflow_90"]["band"] == "high"
    assert profile["scores"]["outflow_90"]["reasons"]

    code, offers = run("score", "next", card["customers"][0])
    assert code == 0
    assert all(offer["product_code"] == "DEP-1Y" for offer in offers["candidates"])


def test_segments_are_listed_and_their_customers_shown(run: Run) -> None:
    code, listed = run("segment", "list")
    assert code == 0
    tiers = [one for one in listed["segments"] if one["scheme"] == "tier"]
    assert sum(one["customers"] for one in tiers) == 450
    assert all(len(one["conditions"]) <= 3 for one in listed["segments"])
    code, shown = run("segment", "show", tiers[0]["segment_id"], "--customers")
    assert code == 0
    assert len(shown["customer_ids"]) == tiers[0]["customers"]
    code, change = run("segment", "change", "K000001", "--since", "2026-08-22")
    assert code == 0
    assert isinstance(change["changes"], list)


def test_an_unknown_name_ends_with_code_2_and_the_known_names(run: Run) -> None:
    code, failed = run("score", "show", "churn")
    assert code == 2
    assert failed["error"]["code"] == "not_found"
    code, failed = run("segment", "show", "vip")
    assert code == 2
    assert failed["error"]["next"]


def test_pairs_are_counted(run: Run) -> None:
    code, found = run("segment", "pairs")
    assert code == 0
    assert all(pair["with_both"] <= pair["with_first"] for pair in found["pairs"])
