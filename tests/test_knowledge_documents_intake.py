"""Documents on their way in: options, remarks for each file, resuming, folders that are watched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import document_files
import knowledge_files as files
import pytest
from typer.testing import CliRunner

from copilot.cli.knowledge import app
from copilot.knowledge import ingest
from copilot.knowledge.watch import watch
from copilot.records.codes import Audience, PassageKind
from copilot.records.generation import Generation
from copilot.records.knowledge import Document, IngestReport
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


def documents(store: Store) -> dict[str, Document]:
    return {d.document_id: d for d in store.knowledge(files.EVERYONE).documents()}


def run(settings: Settings, *words: str) -> tuple[int, dict[str, object]]:
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
    """One document of each format, and one that is broken."""
    home = tmp_path / "行内资料"
    home.mkdir()
    document_files.word(home / "挂失.docx", WORDS)
    document_files.workbook(home / "利率.xlsx", {"存款": [["产品", "年利率"], ["定存", "1.25%"]]})
    (home / "代办.pdf").write_bytes(
        document_files.pdf(document_files.paragraphs("代办业务要带双方证件。"))
    )
    (home / "公告.html").write_text("<h1>公告</h1><p>系统周日凌晨维护。</p>", "utf-8")
    (home / "提示.txt").write_bytes("假币当面收缴并出具凭证。".encode("gb18030"))
    (home / "坏.docx").write_bytes(b"PK\x03\x04")
    return home


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
    found = documents(store)
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
    notes = {Path(entry["file"]).name: entry.get("notes") for entry in report["files"]}  # type: ignore
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
    assert documents(store) == {}


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
    assert len(documents(store)) == 2
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


@dataclass
class Watched:
    """A folder under watch, its reports as they come."""

    reports: list[IngestReport] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def until(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < ends, self.reports
            time.sleep(0.02)

    def outcomes(self) -> list[tuple[str, str]]:
        return [(Path(f).name, status) for r in self.reports for f, status, _ in r.files]


@contextmanager
def watching(store: Store, settings: Settings, *paths: Path) -> Iterator[Watched]:
    watched = Watched()

    def follow() -> None:
        for report in watch(paths, store, settings, lambda: not watched.stop.wait(0.05)):
            watched.reports.append(report)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield watched
    finally:
        watched.stop.set()
        thread.join()


def test_a_watched_folder_follows_new_changed_and_deleted_files(
    store: Store, settings: Settings, folder: Path
) -> None:
    with watching(store, settings, folder) as watched:
        watched.until(lambda: len(documents(store)) == 5)
        watched.until(lambda: ("坏.docx", "refused") in watched.outcomes())
        document_files.word(folder / "挂失.docx", "挂失改为线上办理。")
        watched.until(lambda: documents(store)["file/挂失.docx"].version == 2)
        (folder / "新通知.txt").write_text("新通知的内容。", "utf-8")
        watched.until(lambda: "file/新通知.txt" in documents(store))
        (folder / "利率.xlsx").unlink()
        watched.until(lambda: ("利率.xlsx", "removed") in watched.outcomes())
        assert "file/利率.xlsx" not in documents(store)
        assert files.found("定存年利率", store, settings) == []
        rounds = len(watched.reports)
        time.sleep(0.4)
        assert len(watched.reports) == rounds  # nothing changed, nothing is said


def test_a_moved_file_keeps_its_document_and_a_changed_declaration_counts(
    store: Store, settings: Settings, folder: Path
) -> None:
    (folder / "旧").mkdir()
    with watching(store, settings, folder) as watched:
        watched.until(lambda: len(documents(store)) == 5)
        (folder / "挂失.docx").rename(folder / "旧" / "挂失.docx")
        watched.until(lambda: ("挂失.docx", "unchanged") in watched.outcomes())
        assert "file/挂失.docx" in documents(store)
        (folder / "提示.txt.meta.yaml").write_text("audience: customer\n", "utf-8")
        watched.until(lambda: documents(store)["file/提示.txt"].audience is Audience.CUSTOMER)


def test_a_folder_that_is_no_longer_mounted_takes_no_document_out(
    store: Store, settings: Settings, folder: Path
) -> None:
    with watching(store, settings, folder) as watched:
        watched.until(lambda: len(documents(store)) == 5)
        shutil.move(folder, folder.with_name("别处"))
        watched.until(lambda: any("没有挂载" in "".join(r.notes) for r in watched.reports))
        assert len(documents(store)) == 5


def test_one_of_two_folders_that_goes_away_keeps_its_documents(
    store: Store, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "分行资料"
    (other / "一").mkdir(parents=True)
    (other / "一" / "甲.txt").write_text("甲业务的说明。", "utf-8")
    (other / "乙.txt").write_text("乙业务的说明。", "utf-8")
    with watching(store, settings, folder, other) as watched:
        watched.until(lambda: len(documents(store)) == 7)
        shutil.rmtree(other / "一")
        watched.until(lambda: "file/甲.txt" not in documents(store))
        shutil.move(other, tmp_path / "卸载")
        (folder / "提示.txt").unlink()
        watched.until(lambda: "file/提示.txt" not in documents(store))
        assert "file/乙.txt" in documents(store)


def test_a_watch_waits_while_another_process_writes(
    store: Store, settings: Settings, folder: Path
) -> None:
    other = Store.open(settings)
    with other.writer_lock(), watching(store, settings, folder) as watched:
        watched.until(lambda: any("另一个进程" in "".join(r.notes) for r in watched.reports))
        assert documents(store) == {}
    other.close()


def test_the_watching_command_reports_a_line_a_round_and_stops_on_ctrl_c(
    store: Store, settings: Settings, folder: Path
) -> None:
    words = ["knowledge", "ingest", str(folder), "--watch", "--interval", "0.1"]
    home = ["--data-dir", str(settings.data_dir), "--format", "json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "copilot", *words, *home],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert len(first["files"]) == 6
        (folder / "新.txt").write_text("新的内容。", "utf-8")
        second = json.loads(process.stdout.readline())
        assert [entry["status"] for entry in second["files"]] == ["added"]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "已停止监视" in said
    assert "Traceback" not in said
