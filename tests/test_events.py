"""Events between loads: the gate, the profile and the call list follow within seconds."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from profiles_golden import AS_OF, ahead, at, golden_rows, open_bank, yuan
from typer.testing import CliRunner

from copilot.cli.main import command_line
from copilot.errors import InputError, NotFound
from copilot.pipeline.events import add_events
from copilot.pipeline.workbench import Workbench
from copilot.profiles import build_profiles, call_list, read_profile
from copilot.profiles.build import manifest_of
from copilot.records.json_lines import json_lines
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store
from copilot.tables import extend_tables, read_sources

BANK = Principal.operator()
INFLOW = {
    "id": "E1", "kind": "large_inflow", "customer_id": "C02", "at": "2026-11-20T14:05:00",
    "txn_id": "N1", "amount": 350000,
}  # fmt: skip
COMPLAINT = {
    "id": "E2", "kind": "complaint", "customer_id": "C01", "at": "2026-11-20T15:00:00",
    "complaint_id": "K9", "topic": "服务态度",
}  # fmt: skip
MATURITY = {
    "id": "E3", "kind": "maturity", "customer_id": "C11", "at": "2026-11-20T09:00:00",
    "holding_id": "H90", "product_type": "gov_bond", "amount": 60000, "matures_on": "2026-11-20",
}  # fmt: skip
WITHDRAWAL = {
    "id": "E4", "kind": "consent_withdrawal", "customer_id": "C01", "at": "2026-11-20T16:00:00",
}  # fmt: skip
LIFE = {
    "id": "E5", "kind": "life_event", "customer_id": "C06", "at": "2026-11-20T10:00:00",
    "what": "home",
}  # fmt: skip


@pytest.fixture(scope="module")
def built_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("事件") / "行"
    rows = golden_rows()
    rows["attributes"] = []
    store, settings = open_bank(home, rows)
    build_profiles(store, settings)
    store.close()
    return home


@pytest.fixture
def bench(built_bank: Path, tmp_path: Path) -> Workbench:
    """A copy of the golden bank, to which things may happen."""
    shutil.copytree(built_bank, tmp_path / "行")
    return Workbench.open(Settings(data_dir=tmp_path / "行"))


def add(bench: Workbench, *documents: Any) -> Any:
    return add_events(bench, list(enumerate(documents, start=1)), "事件.jsonl")


def listed(bench: Workbench) -> dict[str, str]:
    return {call.customer_id: call.reason for call in call_list(bench.store, BANK, limit=50)}


def value(bench: Workbench, customer: str, feature: str) -> Any:
    return read_profile(bench.store, BANK, customer).value(feature)


def test_each_kind_changes_the_profile_and_only_its_customer_is_computed(bench: Workbench) -> None:
    report = add(bench, INFLOW)
    assert (report.recorded, report.recomputed, report.customers) == (1, 1, ("C02",))
    assert value(bench, "C02", "inflow_max_7") == yuan(350_000)
    assert value(bench, "C02", "inflow_max_7_key") == "N1"
    add(bench, MATURITY)
    assert value(bench, "C11", "maturing_today") == yuan(60_000)
    assert value(bench, "C11", "aum_total") == yuan(60_000)
    assert "今天有一笔6万元国债到期" in listed(bench)["C11"].replace("储蓄国债", "国债")
    add(bench, LIFE)
    reasons = read_profile(bench.store, BANK, "C06").reasons
    assert "11月20日得知客户购房，先问候，再了解需要" in [reason.text for reason in reasons]


def test_a_complaint_stops_selling_at_once(bench: Workbench) -> None:
    assert "C01" in listed(bench)
    started = time.perf_counter()
    add(bench, COMPLAINT)
    assert "C01" not in listed(bench)
    assert time.perf_counter() - started < 15
    file = bench.customer_file("C01")
    assert [c.status for c in file.complaints if c.id == "K9"] == ["open"]
    profile = read_profile(bench.store, BANK, "C01")
    assert profile.value("contact_ok") is False
    assert "数据日：2026年11月20日，已计入11月20日15:00的投诉" in profile.card
    add(bench, COMPLAINT | {"id": "E9", "status": "closed"})
    assert value(bench, "C01", "complaints_open") == 0


def test_a_withdrawn_consent_takes_the_customer_off_the_list(bench: Workbench) -> None:
    add(bench, WITHDRAWAL)
    assert "C01" not in listed(bench)
    assert value(bench, "C01", "consent_phone") is False
    assert (at(AS_OF, 16), False) in [
        (consent.at, consent.granted) for consent in bench.customer_file("C01").consents
    ]


def test_an_event_is_recorded_once_and_audited(bench: Workbench) -> None:
    add(bench, INFLOW, COMPLAINT)
    again = add(bench, INFLOW, COMPLAINT, INFLOW)
    assert (again.recorded, again.repeated, again.recomputed) == (0, 3, 0)
    assert value(bench, "C02", "inflow_90") == yuan(350_000)
    verdict = bench.store.audit.verify()
    assert (verdict.ok, verdict.entries) == (True, 1)
    with pytest.raises(InputError, match="E1 已用于另一条") as error:
        add(bench, COMPLAINT | {"id": "E7"}, INFLOW | {"amount": 9})
    assert (error.value.row, error.value.field) == (2, "id")
    assert value(bench, "C01", "complaints_open") == 1


@pytest.mark.parametrize(
    ("change", "message", "field"),
    [
        ({"amount": -1}, "不符合要求", "amount"),
        ({"amount": 1.234}, "不符合要求", "amount"),
        ({"amount": None}, "不符合要求", "amount"),
        ({"kind": "birthday"}, "不是可用的事件种类", "kind"),
        ({"note": "王建国的电话"}, "未知的字段", "note"),
        ({"txn_kind": "gift"}, "不在允许范围", "txn_kind"),
        ({"at": "2026-11-20T14:05:00+08:00"}, "不符合要求", "at"),
        ({"at": "2026-11-21T00:00:00"}, "晚于数据日", "at"),
        ({"at": "昨天"}, "不符合要求", "at"),
        ({"id": "有 空格"}, "不符合要求", "id"),
    ],
)
def test_a_wrong_event_names_file_row_and_field_and_records_nothing(
    bench: Workbench, change: dict[str, Any], message: str, field: str
) -> None:
    with pytest.raises(InputError, match=message) as error:
        add(bench, COMPLAINT, INFLOW | change)
    assert (error.value.file, error.value.row, error.value.field) == ("事件.jsonl", 2, field)
    assert "王建国" not in str(error.value)
    assert bench.store.facts.current().live.revision == 0


def test_an_unknown_kind_is_named_with_the_kinds_there_are(bench: Workbench) -> None:
    with pytest.raises(InputError, match="birthday") as error:
        add(bench, INFLOW | {"kind": "birthday"})
    assert "complaint（投诉）" in error.value.next
    with pytest.raises(InputError) as error:
        add(bench, {name: INFLOW[name] for name in INFLOW if name != "kind"})
    assert "large_inflow（大额到账）" in error.value.next


def test_an_unknown_customer_and_a_missing_field_are_named(bench: Workbench) -> None:
    with pytest.raises(NotFound) as error:
        add(bench, INFLOW | {"customer_id": "C99"})
    assert (error.value.row, error.value.field) == (1, "customer_id")
    with pytest.raises(InputError, match="缺少必填的字段 txn_id"):
        add(bench, {name: INFLOW[name] for name in INFLOW if name != "txn_id"})
    with pytest.raises(InputError, match="不是"):
        add(bench, ["投诉"])


@pytest.mark.parametrize("text", ['{"id": 1', "投诉", "[" * 5000, '{"a": NaN}x'])
def test_a_line_that_is_no_json_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "事件.jsonl"
    path.write_text(json.dumps(INFLOW) + "\n\n" + text + "\n", "utf-8")
    with pytest.raises(InputError, match="JSON") as error:
        list(json_lines(path))
    assert error.value.row == 3


def test_a_load_that_brings_the_transaction_counts_it_once(
    bench: Workbench, tmp_path: Path
) -> None:
    add(bench, INFLOW)
    (tmp_path / "t.csv").write_text("号,客户,日,金额\nN1,C02,2026-11-20,350000\n", "utf-8")
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        "version: 1\nbusiness_date: 2026-11-20\ntables:\n  transactions:\n    file: t.csv\n"
        "    columns: {txn_id: 号, customer_id: 客户, txn_date: 日, amount: 金额}\n",
        "utf-8",
    )
    extend_tables(read_sources(mapping, partial=True), bench.store)
    build_profiles(bench.store, bench.settings, incremental=True)
    assert value(bench, "C02", "inflow_90") == yuan(350_000)
    assert bench.store.facts.current().live.tables == {}
    add(bench, INFLOW | {"id": "E8"})  # told again after the load
    assert value(bench, "C02", "inflow_90") == yuan(350_000)


def test_features_after_events_equal_a_full_build(bench: Workbench) -> None:
    add(bench, INFLOW, COMPLAINT, MATURITY, LIFE | {"customer_id": "C02"})
    add(bench, WITHDRAWAL)
    few = {c: read_profile(bench.store, BANK, c) for c in ("C01", "C02", "C06", "C11")}
    with bench.store.transaction() as connection:
        connection.exec_driver_sql("delete from feature_builds")
    full = build_profiles(bench.store, bench.settings)
    assert manifest_of(full.directory)["recomputed"] == 12
    assert {c: read_profile(bench.store, BANK, c) for c in few} == few


def test_events_later_than_the_profile_are_not_in_it(tmp_path: Path) -> None:
    store, settings = open_bank(tmp_path, golden_rows())
    build_profiles(store, settings)
    store.close()
    tomorrow = Workbench.open(settings, as_of=ahead(1))
    report = add(tomorrow, INFLOW | {"at": "2026-11-21T09:00:00", "amount": 2_000_000})
    assert report.as_of == ahead(1)
    today = Store.open(settings)
    build_profiles(today, settings, AS_OF)
    profile = read_profile(today, BANK, "C02", AS_OF)
    assert (profile.value("inflow_max_7"), profile.last_event) == (None, None)
    assert value(tomorrow, "C02", "inflow_max_7") is None
    assert read_profile(today, BANK, "C02", ahead(1)).value("inflow_max_7") == yuan(2_000_000)


def test_the_command_changes_the_list_of_the_next_command(tmp_path: Path) -> None:
    store, _ = open_bank(tmp_path / "行", golden_rows())
    build_profiles(store, Settings(data_dir=tmp_path / "行"))
    store.close()
    path = tmp_path / "事件.jsonl"
    path.write_text("\n".join(json.dumps(event) for event in (INFLOW, COMPLAINT)), "utf-8")
    app = command_line(())
    where = ["--data-dir", str(tmp_path / "行"), "--format", "json"]
    before = CliRunner().invoke(app, ["today", *where, "--limit", "50"]).stdout
    added = CliRunner().invoke(app, ["events", "add", "--file", str(path), *where])
    assert json.loads(added.stdout)["kinds"] == {"large_inflow": 1, "complaint": 1}
    after = CliRunner().invoke(app, ["today", *where, "--limit", "50"]).stdout
    assert "C01" in before
    assert "C01" not in [call["customer_id"] for call in json.loads(after)["customers"]]
