"""Real bank data through its mapping files: what is read, kept, and honestly left unmapped."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from bank_files import found

from copilot.settings import load_settings
from copilot.store import Store
from copilot.tables import check_tables, load_tables, quality_text, read_sources

REPOSITORY = Path(__file__).resolve().parent.parent
MAPPINGS = REPOSITORY / "benchmarks" / "real_data"
DATA = REPOSITORY.parent / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the real data sets are not here (expected in ../shared/data)"
)


def test_berka_loads_as_an_independent_reading_of_its_files_says(tmp_path: Path) -> None:
    store = Store.create(load_settings(data_dir=tmp_path / "数据"))
    generation, report = load_tables(read_sources(MAPPINGS / "berka.yaml"), store)
    store.close()
    assert generation.currency == "CZK"
    options = "delim=';', header=true, all_varchar=true"
    db = duckdb.connect()
    for name in ("trans", "client"):
        db.sql(f"CREATE TABLE {name} AS FROM read_csv('{DATA}/berka/{name}.asc.gz', {options})")
    expected = db.sql(
        "SELECT count(*), sum(CASE type WHEN 'PRIJEM' THEN 1 ELSE -1 END "
        "* CAST(amount AS DECIMAL(18, 2)) * 100) FROM trans"
    ).fetchall()
    path = generation.parquet("transactions")
    assert (
        db.sql(f"SELECT count(*), sum(amount) FROM read_parquet('{path}')").fetchall() == expected
    )
    path = generation.parquet("customers")
    women = db.sql(
        f"SELECT count(*) FROM read_parquet('{path}') k JOIN client c ON c.client_id = "
        "k.customer_id WHERE (substr(birth_number, 3, 2) > '50') <> (gender = 'F')"
    ).fetchall()
    assert women == [(0,)]
    assert found(report, "negative_holding").rows == 1


def test_cmb_keeps_risk_codes_as_attributes_because_nothing_says_what_they_mean() -> None:
    report = check_tables(read_sources(MAPPINGS / "cmb_2020.yaml"))
    assert report.accepted["customers"] == 4_000
    assert report.accepted["transactions"] == 142_645
    assert "risk_assessments" in report.missing
    assert "风险测评" in quality_text(report)


def test_xiamen_numbers_stay_numbers_and_only_deposits_become_holdings() -> None:
    report = check_tables(read_sources(MAPPINGS / "xmib_2020.yaml"))
    assert report.accepted["customers"] == 82_899
    assert report.accepted["labels"] == 69_126 + 76_170
    assert report.read["holdings"] == report.accepted["holdings"]
    assert sum("未读入" in note for note in report.notes) == 4
