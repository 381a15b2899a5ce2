"""Probable duplicates are proposed with evidence, counted against a planted truth, and masked."""

from __future__ import annotations

import json
import random
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner

from copilot.cli.main import command_line
from copilot.settings import load_settings
from copilot.store import Store, schema
from copilot.tables.duplicates import DuplicateReport, probable_duplicates

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红鑫宇欣佳琪浩然子轩梓涵"
Row = dict[str, Any]


def people(count: int, seed: int = 7) -> list[Row]:
    g = random.Random(seed)
    rows = []
    for number in range(count):
        born = date(1940, 1, 1) + timedelta(g.randrange(65 * 365))
        gender = g.choice("MF")
        order = g.randrange(100, 999)
        rows.append(
            {
                "customer_id": f"C{number:07d}",
                "name": g.choice(SURNAMES) + "".join(g.sample(GIVEN, g.choice((1, 2, 2)))),
                "gender": gender,
                "birth_date": born,
                "phone": f"100{g.randrange(10**8):08d}",
                "id_number": f"0001{g.randrange(100):02d}{born:%Y%m%d}{order}X",
                "branch_id": g.choice(("BR01", "BR02", "BR03")),
            }
        )
    return rows


def again(row: Row, number: int, kind: str) -> Row:
    """The same person entered once more, with what such an entry gets wrong."""
    twin = row | {"customer_id": f"D{number:07d}", "branch_id": "BR02"}
    born: date = row["birth_date"]
    changes: dict[str, Row] = {
        "exact": {},
        "new_phone": {"phone": f"100{90000000 + number}"},
        "no_id": {"id_number": None},
        "old_id": {"id_number": row["id_number"][:6] + row["id_number"][8:17], "phone": None},
        "spaced": {"name": f"{row['name'][0]} {row['name'][1:]}", "phone": f"+86 {row['phone']}"},
        "mistyped_name": {"name": row["name"][:-1] + "囧", "id_number": None},
        "swapped_birth": {
            "birth_date": date(born.year, born.day, born.month) if born.day <= 12 else born,
            "id_number": None,
        },
    }
    return twin | changes[kind]


KINDS = ("exact", "new_phone", "no_id", "old_id", "spaced", "mistyped_name", "swapped_birth")


def report(tmp_path: Path, rows: list[Row]) -> DuplicateReport:
    return probable_duplicates([written(tmp_path, rows)])


def written(tmp_path: Path, rows: list[Row]) -> Path:
    path = tmp_path / "customers.parquet"
    frame = pd.DataFrame(rows)
    duckdb.from_df(frame).write_parquet(str(path))
    return path


def test_planted_duplicates_are_found_and_strangers_are_left_alone(tmp_path: Path) -> None:
    rows = people(20_000)
    planted = {}
    for number in range(210):
        original = rows[number * 37]
        double = again(original, number, KINDS[number % len(KINDS)])
        rows.append(double)
        planted[frozenset((original["customer_id"], double["customer_id"]))] = number
    found = report(tmp_path, rows)
    proposed = {frozenset((pair.first, pair.second)) for pair in found.pairs}
    right = proposed & planted.keys()
    assert len(right) / len(planted) >= 0.95
    assert len(right) / len(proposed) >= 0.95
    likely = [p for p in found.pairs if p.chance >= 0.95]
    assert sum(frozenset((p.first, p.second)) in planted for p in likely) / len(likely) >= 0.98


def test_a_hundred_thousand_customers_take_seconds(tmp_path: Path) -> None:
    rows = people(100_000, seed=11)
    path = written(tmp_path, rows)
    started = time.process_time()
    found = probable_duplicates([path])
    assert time.process_time() - started < 8
    assert found.customers == 100_000
    assert found.compared < 2_000_000
    assert len(found.pairs) <= 30, "nobody was entered twice here"


def pair(tmp_path: Path, first: Row, second: Row) -> DuplicateReport:
    return report(tmp_path, [*people(2_000), first, second])


PERSON: Row = {
    "customer_id": "C9000001", "name": "欧阳思远", "gender": "M", "birth_date": date(1985, 3, 9),
    "phone": "10012345678", "id_number": "00010119850309123X", "branch_id": "BR01",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "proposed"),
    [
        ({}, True),
        ({"phone": None, "id_number": None}, True),
        # twins: born the same day, same phone at home, names alike, numbers of their own
        ({"name": "欧阳思源", "id_number": "00010119850309987X"}, False),
        # a couple with one phone
        ({"name": "林晓", "gender": "F", "birth_date": date(1986, 7, 1),
          "id_number": "00010119860701222X"}, False),
        # father and son of one name
        ({"birth_date": date(1958, 1, 2), "id_number": "00010119580102333X"}, False),
        # one digit of the number mistyped
        ({"id_number": "00010119850309133X"}, True),
    ],
)  # fmt: skip
def test_family_and_twins_are_not_one_person(tmp_path: Path, change: Row, proposed: bool) -> None:
    found = pair(tmp_path, PERSON, PERSON | {"customer_id": "C9000002"} | change)
    both = [p for p in found.pairs if {p.first, p.second} == {"C9000001", "C9000002"}]
    assert bool(both) is proposed


def test_a_placeholder_phone_shared_by_many_pairs_nobody(tmp_path: Path) -> None:
    rows = [row | {"phone": "10000000000"} for row in people(1_000)]
    found = report(tmp_path, rows)
    assert found.compared < 1_000
    assert found.pairs == ()


@pytest.mark.parametrize("rows", [1, 2])
def test_a_table_without_the_columns_says_nothing(tmp_path: Path, rows: int) -> None:
    found = report(tmp_path, [{"customer_id": f"C{n}"} for n in range(rows)])
    assert (found.customers, found.pairs) == (rows, ())


def test_the_sample_banks_double_entries_are_all_proposed_and_nothing_is_shown_unmasked(
    sample_home: Path,
) -> None:
    runner, app = CliRunner(), command_line(())
    words = ["tables", "duplicates", "--data-dir", str(sample_home)]
    done = runner.invoke(app, [*words, "--format", "json"], standalone_mode=False)
    document = json.loads(done.stdout)
    doubled = {pair["customers"][1] for pair in document["pairs"]}
    assert doubled == {f"C8{number:05d}" for number in range(8)}
    text = done.stdout + runner.invoke(app, words, standalone_mode=False).stdout
    store = Store.open(load_settings(data_dir=sample_home))
    with store.read() as connection:
        table = schema.dimensions["customers"]
        for row in connection.execute(table.select()):
            assert row.name not in text
            assert row.phone not in text
            assert row.id_number not in text
    store.close()
    seen = runner.invoke(app, [*words, "--as", "S1001", "--format", "json"], standalone_mode=False)
    assert json.loads(seen.stdout)["found"] < document["found"], "a branch sees its own customers"
