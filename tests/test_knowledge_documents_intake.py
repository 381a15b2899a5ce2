"""Documents on their way in: options, remarks for each file, resuming, folders that are watched."""

from __future__ import annotations

import json
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import knowledge_files as files
import pytest
from typer.testing import CliRunner

from copilot.cli.knowledge import app
from copilot.knowledge import ingest
from copilot.records.codes import Audience, PassageKind
from copilot.records.generation import Generation
from copilot.records.knowledge import IngestReport
from copilot.settings import Settings
from copilot.store import Store

WORDS = "挂失业务先口头后书面。"


def statuses(report: IngestReport) -> dict[str, str]:
    return {Path(file).name: status for file, status, _ in report.files}


def remarks(report: IngestReport) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file, remark in report.remarks:
        found.setdefault(Path(file).name, []).append(remark)
    return found


def run(settings: Settings, *words: str) -> tuple[int, dict[str, Any]]:
    home = ["--data-dir", str(settings.data_dir), "--format", "json"]
    result = CliRunner().invoke(app, ["ingest", *words, *home])
    return result.exit_code, json.loads(result.stdout) if result.stdout else {}


def with_bank(store: Store, *products: dict[str, object]) -> None:
    """A bank with one branch and these product records."""
    folder = store.data_dir / "facts" / "g1"
    folder.mkdir(parents=True, exist_ok=True)
    generation = Generation(
        "g1", folder, files.TODAY, {}, frozenset(), "hash", datetime(2026, 11, 20, 8, 0)
    )
    branches = [{"branch_id": "BR01", "name": "城东支行", "city": "江州市"}]
    with store.transaction() as connection:
        store.facts.activate(
            connection, generation, {"products": list(products), "branches": branches}
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return files.every_format(tmp_path / "行内资料")


def test_every_format_is_found_by_search_and_a_broken_file_is_named(
    store: Store, settings: Settings, folder: Path
) -> None:
    report = files.take_in(store, settings, folder)
    assert statuses(report) == {
        "坏.docx": "refused",
        **dict.fromkeys(["挂失.docx", "利率.xlsx", "代办.pdf", "公告.html", "提示.txt"], "added"),
    }
    for question, name in {
        "口头挂失": "挂失.docx",
        "定存年利率": "利率.xlsx",
        "代办带什么证件": "代办.pdf",
        "系统什么时候维护": "公告.html",
        "收到假币": "提示.txt",
    }.items():
        assert files.found(question, store, settings)[0] == f"file/{name}"


def test_an_unknown_document_is_for_staff_until_someone_says_otherwise(
    store: Store, settings: Settings, folder: Path
) -> None:
    files.take_in(store, settings, folder)
    assert files.found("口头挂失", store, settings, audience=Audience.CUSTOMER) == []
    code, report = run(settings, str(folder / "挂失.docx"), "--audience", "customer")
    assert code == 0
    assert report["files"][0]["notes"] == ["读者范围由行内改为客户。"]  # type: ignore[index]
    assert files.found("口头挂失", store, settings, audience=Audience.CUSTOMER) == [
        "file/挂失.docx"
    ]


def test_options_reach_what_does_not_declare_itself_and_nothing_else(
    store: Store, settings: Settings, folder: Path
) -> None:
    with_bank(store)
    (folder / "利率.xlsx.meta.yaml").write_text("audience: internal\n", "utf-8")
    (folder / "cards.yaml").write_text(files.FAQ, "utf-8")
    (folder / "坏.docx").unlink()
    code, report = run(
        settings,
        str(folder),
        *("--kind", "product", "--audience", "customer", "--branch", "BR01"),
        *("--valid-from", "2026-11-01", "--valid-to", "2027-01-01"),
    )
    assert code == 0
    found = files.documents(store)
    word, sheet = found["file/挂失.docx"], found["file/利率.xlsx"]
    assert (word.kind, word.audience, word.branches) == (
        PassageKind.PRODUCT,
        Audience.CUSTOMER,
        ("BR01",),
    )
    assert (word.valid_from, word.valid_to) == (date(2026, 11, 1), date(2027, 1, 1))
    assert sheet.audience is Audience.INTERNAL
    assert sheet.kind is PassageKind.PRODUCT
    assert found["faq/cards"].branches == ()
    notes = {Path(entry["file"]).name: entry.get("notes") for entry in report["files"]}
    assert "没有采用" in notes["cards.yaml"][0]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--kind", "gossip"], "kind"),
        (["--audience", "everyone"], "audience"),
        (["--kind", "script", "--audience", "customer"], "不成立"),
        (["--valid-from", "2026-12-01", "--valid-to", "2026-11-01"], "不成立"),
        (["--valid-from", "明天"], "日期无法识别"),
        (["--branch", "BR99"], "没有这个网点：BR99"),
    ],
)
def test_options_outside_the_closed_values_are_refused_before_anything_is_written(
    store: Store, settings: Settings, folder: Path, options: list[str], reason: str
) -> None:
    with_bank(store)
    home = ["--data-dir", str(settings.data_dir)]
    result = CliRunner().invoke(app, ["ingest", str(folder), *options, *home])
    assert result.exit_code != 0
    assert reason in f"{result.output}{result.exception}"
    assert files.documents(store) == {}


def test_a_sheet_that_contradicts_the_product_table_is_reported_with_both_figures(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    with_bank(
        store,
        {
            "product_code": "DEP-3Y",
            "valid_from": date(2026, 10, 15),
            "name": "三年期整存整取",
            "type": "deposit",
            "issuer": "示例银行",
            "min_amount": 50_00,
            "term_days": 1095,
            "rate_bp": 125.0,
        },
    )
    shelf = files.write_shelf(tmp_path / "资料")
    for _ in range(2):  # said again for an unchanged file, until someone settles it
        found = remarks(files.take_in(store, settings, shelf))
        assert found["DEP-3Y.md"] == [
            "与产品表不一致（DEP-3Y，2026-10-15 版）：年利率资料为 1.45%、产品表为 1.25%。"
            "请核对，以产品表为准。"
        ]
        assert "没有 2026-03-01 起的版本" in found["DEP-3Y@2026-03-01.md"][0]
        assert "资料已入库，但产品表中没有该代码（PRIV-01）" in found["PRIV-01.md"][0]
    assert "cards.yaml" not in found


def test_a_sheet_that_agrees_with_the_product_table_is_taken_in_without_remark(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    with_bank(
        store,
        {
            "product_code": "DEP-3Y",
            "valid_from": date(2026, 10, 15),
            "name": "三年期整存整取",
            "type": "deposit",
            "issuer": "示例银行",
            "rate_bp": 145.0,
        },
    )
    path = tmp_path / "DEP-3Y.md"
    path.write_text(files.SHEET, "utf-8")
    assert files.take_in(store, settings, path).remarks == ()


def test_an_unchanged_document_is_not_read_again(
    store: Store, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "坏.docx").unlink()
    files.take_in(store, settings, folder)
    monkeypatch.setattr(
        "copilot.knowledge.reading.DocumentReader.extract",
        lambda *_: pytest.fail("an unchanged document was read again"),
    )
    assert set(statuses(files.take_in(store, settings, folder)).values()) == {"unchanged"}


def test_an_ingest_that_was_cut_off_goes_on_where_it_stopped(
    store: Store, settings: Settings, folder: Path
) -> None:
    def stop_at_the_third(step: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), store.writer_lock():
        ingest([folder], store, settings, stop_at_the_third)
    assert len(files.documents(store)) == 2
    again = list(statuses(files.take_in(store, settings, folder)).values())
    assert (again.count("unchanged"), again.count("added")) == (2, 3)


def test_a_file_that_disappears_meanwhile_is_named_and_the_rest_goes_in(
    store: Store, settings: Settings, folder: Path
) -> None:
    def take_away(step: str, done: int, total: int) -> None:
        (folder / "挂失.docx").unlink(missing_ok=True)

    with store.writer_lock():
        report = ingest([folder], store, settings, take_away)
    assert statuses(report)["挂失.docx"] == "refused"
    assert statuses(report)["利率.xlsx"] == "added"


def test_a_link_out_of_the_folder_brings_nothing_in_from_outside(
    store: Store, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "别处.txt"
    outside.write_text("不该入库的内容。", "utf-8")
    (folder / "链接.txt").symlink_to(outside)
    (folder / "副本.txt").symlink_to(folder / "提示.txt")
    report = files.take_in(store, settings, folder)
    assert statuses(report)["链接.txt"] == "refused"
    assert files.found("不该入库", store, settings) == []
    assert len([name for name in statuses(report) if name in ("副本.txt", "提示.txt")]) == 1


def test_thousands_of_files_go_in_with_progress_and_are_skipped_quickly_the_second_time(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    home = tmp_path / "很多"
    for number in range(1_500):
        path = home / f"{number % 40:02}" / f"通知{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"关于第{number}号网点营业时间的通知。", "utf-8")
    steps: list[tuple[str, int, int]] = []
    with store.writer_lock():
        report = ingest([home], store, settings, lambda *step: steps.append(step))
    assert len(report.files) == 1_500
    assert [done for _, done, total in steps if total == 1_500] == list(range(1, 1_501))
    started = time.monotonic()
    assert set(statuses(files.take_in(store, settings, home)).values()) == {"unchanged"}
    assert time.monotonic() - started < 30
    assert files.found("第1234号网点", store, settings)[0] == "file/通知1234.txt"
