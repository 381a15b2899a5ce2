"""A feature group is declared fully, in SQL that other engines read too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from profiles_golden import golden_rows, open_bank

from copilot.errors import InputError
from copilot.profiles import build_profiles, load_features
from copilot.profiles.spec import FEATURES_DIR

PORTABLE_BANS = {
    "weekday function": r"\b(isodow|dayofweek|weekday|dow)\s*\(",
    "exact quantile": r"\b(median|quantile\w*|percentile\w*|mode)\s*\(",
    "count distinct": r"count\s*\(\s*distinct",
    "clock": r"\b(now|today|current_date|current_timestamp|localtime)\b",
    "timestamp": r"\b(timestamp|timestamptz|interval|hour|date_trunc|epoch)\b",
    "integer division": r"//",
}


@pytest.mark.parametrize("path", sorted(FEATURES_DIR.glob("*.sql")), ids=lambda path: path.stem)
def test_feature_sql_stays_in_the_portable_subset(path: Path) -> None:
    sql = re.sub(r"--.*", "", path.read_text("utf-8")).lower()
    for name, pattern in PORTABLE_BANS.items():
        assert not re.search(pattern, sql), name
    assert set(re.findall(r"\$\w+", sql)) <= {"$as_of"}


GROUP = """
group: demo
title: 演示
sources: [transactions.amount]
rows:
  all: {table: transactions, where: "true"}
features:
  - {name: demo_count, label: 笔数, formula: 笔数, window: 全部, unit: count, null_rule: zero,
     rows: all}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: 演示", "title: 演示\ntitel: 演示", "titel"),
        ("transactions.amount", "transactions.amonut", "amonut"),
        ("rows: all", "rows: every", "every"),
        ("unit: count", "unit: counts", "unit"),
        ("null_rule: zero", "null_rule: zero, colour: red", "colour"),
    ],
)
def test_wrong_declaration_names_file_and_field(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    (tmp_path / "demo.yaml").write_text(GROUP.replace(old, new), "utf-8")
    (tmp_path / "demo.sql").write_text("select customer_id, 1 as demo_count from customers")
    with pytest.raises(InputError, match=message) as error:
        load_features(tmp_path)
    assert "demo.yaml" in str(error.value)


@pytest.mark.parametrize("column", ["0 as demo_count, 1 as extra", "0 as other"])
def test_sql_and_declaration_must_name_the_same_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    declared = tmp_path / "declared"
    declared.mkdir()
    (declared / "demo.yaml").write_text(GROUP, "utf-8")
    (declared / "demo.sql").write_text(f"select customer_id, {column} from customers")
    monkeypatch.setattr("copilot.profiles.build.load_features", lambda: load_features(declared))
    store, settings = open_bank(tmp_path / "bank", golden_rows())
    with pytest.raises(InputError, match="不一致"):
        build_profiles(store, settings)
    assert not list((tmp_path / "bank" / "features").rglob("*.parquet"))
