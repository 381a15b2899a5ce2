"""The store and the bank's tables on a real PostgreSQL server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
import sqlalchemy as sa
from bank_files import BankFiles
from postgres_server import PostgresServer, postgres_server
from typer.testing import CliRunner

from copilot.cli.main import command_line
from copilot.errors import DependencyError, InputError
from copilot.paths import shipped
from copilot.pipeline.bank import bring_in
from copilot.records.usage import Usage
from copilot.settings import ModelLimits, Settings, load_settings
from copilot.store import Store
from copilot.tables import Sources, check_tables, load_tables, read_sources
from copilot.tables.sample import write_sample_bank


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@dataclass(frozen=True)
class Home:
    """An installation whose database is PostgreSQL."""

    data: Path
    mapping: Path
    knowledge: Path
    url: str

    @property
    def settings(self) -> Settings:
        return load_settings(
            data_dir=self.data, knowledge_dir=self.knowledge, database_url=self.url
        )

    def run(self, *words: str) -> tuple[int, Any]:
        """A command with the address in the environment, where its password belongs."""
        done = CliRunner().invoke(
            command_line(()),
            [*words, "--data-dir", str(self.data), "--format", "json"],
            standalone_mode=False,
            env={
                "COPILOT_DATABASE_URL": self.url,
                "COPILOT_KNOWLEDGE_DIR": str(self.knowledge),
            },
        )
        if done.exception:
            raise done.exception
        return done.return_value or 0, json.loads(done.stdout)


@pytest.fixture(scope="module")
def home(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A small sample bank whose database is PostgreSQL."""
    folder = tmp_path_factory.mktemp("pg")
    knowledge = folder / "knowledge"
    # Enough knowledge for a pitch; reading all of it says nothing more about the database.
    for part in ("products", "scripts", "feedback", "rules", "templates/deposit"):
        shutil.copytree(shipped("knowledge") / part, knowledge / part)
    mapping = write_sample_bank(folder / "bank", knowledge_dir=shipped("knowledge"), customers=100)
    made = Home(folder / "data", mapping, knowledge, server.create("store"))
    bring_in(made.settings, mapping, lambda step, done, total: None)
    return made


def test_a_bank_whose_store_is_postgresql_drafts_refuses_and_verifies(
    home: Home,
) -> None:
    code, document = home.run("pitch", "C000001", "--product", "DEP-1Y",
                         "--channel", "counter")  # fmt: skip
    assert code == 0
    assert document["text"]
    code, refused = home.run("pitch", "C000001", "--product", "PRIV-01",
                        "--channel", "sms")  # fmt: skip
    assert code == 1
    assert refused["refused"]
    _, calls = home.run("today", "--branch", "BR01")
    assert calls["customers"]
    _, found = home.run("search", "三年定期")
    assert found["results"]
    _, audit = home.run("audit", "verify")
    assert audit["ok"]
    assert audit["entries"] >= 2


def test_lines_are_checked_against_the_products_in_postgresql(home: Home, tmp_path: Path) -> None:
    lines, results = tmp_path / "文案.jsonl", tmp_path / "结果.jsonl"
    line = {"id": 1, "text": "三年定期年利率9.99%，50元起存", "context": {"product_code": "DEP-3Y"}}
    lines.write_text(json.dumps(line, ensure_ascii=False), "utf-8")
    env = {"COPILOT_DATABASE_URL": home.url, "COPILOT_KNOWLEDGE_DIR": str(home.knowledge)}
    words = ["check", "--jsonl", str(lines), "--out", str(results), "--data-dir", str(home.data)]
    done = CliRunner().invoke(command_line(()), words, standalone_mode=False, env=env)
    assert done.exception is None
    (finding,) = json.loads(results.read_text("utf-8"))["findings"]
    assert finding["text"] == "9.99%"


def test_an_empty_database_of_a_server_is_no_store(server: PostgresServer, tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, database_url=server.create("empty"))
    assert Store.exists(settings) is False
    Store.create(settings).close()
    assert Store.exists(settings) is True


def test_a_changed_audit_row_in_postgresql_is_noticed(
    home: Home,
) -> None:
    home.run("pitch", "C000002", "--product", "DEP-1Y", "--channel", "counter")
    store = Store.open(home.settings)
    try:
        with store.transaction() as connection:
            connection.execute(sa.text("update audit_log set payload = '{}' where seq = 2"))
        assert store.audit.verify().ok is False
    finally:
        store.close()


def test_loading_again_into_postgresql_changes_nothing(
    home: Home,
) -> None:
    store = Store.create(home.settings)
    try:
        sources = read_sources(home.mapping)
        before = store.facts.current().generation_id
        with store.writer_lock():
            generation, _ = load_tables(sources, store, lambda step, done, total: None)
        assert generation.generation_id == before
    finally:
        store.close()


def test_the_database_password_is_in_no_message(server: PostgresServer, tmp_path: Path) -> None:
    wrong = server.url("no_such_database")
    with pytest.raises(DependencyError) as error:
        Store.create(load_settings(data_dir=tmp_path, database_url=wrong))
    assert server.password not in str(error.value)
    assert "127.0.0.1" in str(error.value)


def test_a_password_in_the_configuration_file_is_refused(
    server: PostgresServer, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"database_url: {server.url()}\n")
    with pytest.raises(InputError) as error:
        load_settings(config)
    assert server.password not in str(error.value)
    assert "COPILOT_DATABASE_URL" in error.value.next


TABLES = """\
create table t_cust (cust_no text primary key, xm text, birth date, opened timestamptz);
insert into t_cust values
  ('C001', '李静怡', '1985-03-12', '2015-06-01 09:00+08'),
  ('C002', '王建国', '1958-11-30', '2009-01-15 23:30+00');
create table t_txn (id bigint, cust text, at timestamptz, amt numeric(18, 2), extra jsonb);
insert into t_txn
  select g, case when g % 2 = 0 then 'C001' else 'C002' end,
    timestamptz '2026-10-01 01:15+00' + g * interval '1 minute', (g - 3000)::numeric / 100,
    '{"k": [1]}'
  from generate_series(1, 12000) g;
"""
MAPPING = """\
version: 1
business_date: 2026-11-20
tables:
  customers:
    url: ${{CORE_URL}}
    sql: select cust_no, xm, birth, opened::date as opened from t_cust
    columns: {{customer_id: cust_no, name: xm, birth_date: birth, opened_on: opened}}
  products:
    file: products.csv
    columns:
      {{product_code: 产品代码, name: 名称, type: 类型, issuer: 发行机构, valid_from: 生效日}}
  transactions:
    url: ${{CORE_URL}}
    sql: {sql}
    columns: {{txn_id: id, customer_id: cust, txn_date: at, txn_hour: {hour}, amount: amt}}
"""


@pytest.fixture
def core(server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BankFiles:
    """A bank whose customers and transactions are tables of a PostgreSQL database."""
    url = server.create(f"core_{tmp_path.name.lower()[-30:]}")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(TABLES)
    monkeypatch.setenv("CORE_URL", url)
    return BankFiles(tmp_path)


def mapped(bank: BankFiles, sql: str = "select * from t_txn") -> Sources:
    return read_sources(bank.mapping(MAPPING.format(sql=sql, hour="{column: at}")))


def test_tables_come_from_postgresql_with_every_row_and_bank_local_times(
    core: BankFiles, settings: Settings
) -> None:
    store = Store.create(settings)
    try:
        with store.writer_lock():
            generation, quality = load_tables(mapped(core), store, lambda step, done, total: None)
    finally:
        store.close()
    assert quality.accepted["transactions"] == 12_000
    path = str(generation.parquet("transactions"))
    found = duckdb.execute(
        "select txn_date, txn_hour, amount, (select sum(amount) from read_parquet($path)) "
        "from read_parquet($path) where txn_id = '1'",
        {"path": path},
    ).fetchall()
    day, hour, amount, total = found[0]
    assert (day, hour) == (date(2026, 10, 1), 9), "09:16 in Shanghai is 01:16 UTC"
    assert (amount, total) == (1 - 3_000, sum(g - 3_000 for g in range(1, 12_001)))


def test_a_query_that_postgresql_refuses_is_named_with_its_line(core: BankFiles) -> None:
    with pytest.raises(InputError) as error:
        check_tables(mapped(core, "select * from no_such_table"))
    assert "no_such_table" in str(error.value)
    assert error.value.row is not None


def test_a_credential_column_in_postgresql_is_refused(core: BankFiles) -> None:
    with pytest.raises(InputError, match="C3"):
        check_tables(mapped(core, "select *, 1 as password from t_txn"))


def test_a_server_that_does_not_answer_is_a_dependency(
    core: BankFiles, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = f"postgresql+psycopg://copilot:{server.password}@127.0.0.1:1/core"
    monkeypatch.setenv("CORE_URL", away)
    with pytest.raises(DependencyError) as error:
        check_tables(mapped(core))
    assert server.password not in str(error.value)


def test_processes_at_once_do_not_exceed_the_days_budget_in_postgresql(home: Home) -> None:
    store = Store.open(home.settings)
    day, call, limits = date(2026, 11, 20), Usage(1, 50, 50), ModelLimits(day_tokens=500)
    try:
        with ThreadPoolExecutor(8) as pool:
            booked = [pool.submit(store.model_usage.reserve, day, call, limits) for _ in range(12)]
            exceeded = [each.result() for each in booked]
        assert (exceeded.count(""), exceeded.count("day_tokens")) == (5, 7)
        assert store.model_usage.on(day).tokens == 500
    finally:
        store.close()
