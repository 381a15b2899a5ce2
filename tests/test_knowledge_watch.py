"""A watched folder: new, changed, moved and vanished files follow by themselves."""

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
from pathlib import Path

import document_files
import knowledge_files as files
import pytest

from copilot.knowledge.watch import watch
from copilot.records.codes import Audience
from copilot.records.knowledge import IngestReport
from copilot.settings import Settings
from copilot.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return files.every_format(tmp_path / "行内资料")


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
        watched.until(lambda: len(files.documents(store)) == 5)
        watched.until(lambda: ("坏.docx", "refused") in watched.outcomes())
        document_files.word(folder / "挂失.docx", "挂失改为线上办理。")
        watched.until(lambda: files.documents(store)["file/挂失.docx"].version == 2)
        (folder / "新通知.txt").write_text("新通知的内容。", "utf-8")
        watched.until(lambda: "file/新通知.txt" in files.documents(store))
        (folder / "利率.xlsx").unlink()
        watched.until(lambda: ("利率.xlsx", "removed") in watched.outcomes())
        assert "file/利率.xlsx" not in files.documents(store)
        assert files.found("定存年利率", store, settings) == []
        rounds = len(watched.reports)
        time.sleep(0.4)
        assert len(watched.reports) == rounds  # nothing changed, nothing is said


def test_a_moved_file_keeps_its_document_and_a_changed_declaration_counts(
    store: Store, settings: Settings, folder: Path
) -> None:
    (folder / "旧").mkdir()
    with watching(store, settings, folder) as watched:
        watched.until(lambda: len(files.documents(store)) == 5)
        (folder / "挂失.docx").rename(folder / "旧" / "挂失.docx")
        watched.until(lambda: ("挂失.docx", "unchanged") in watched.outcomes())
        assert "file/挂失.docx" in files.documents(store)
        (folder / "提示.txt.meta.yaml").write_text("audience: customer\n", "utf-8")
        watched.until(lambda: files.documents(store)["file/提示.txt"].audience is Audience.CUSTOMER)


def test_a_folder_that_is_no_longer_mounted_takes_no_document_out(
    store: Store, settings: Settings, folder: Path
) -> None:
    with watching(store, settings, folder) as watched:
        watched.until(lambda: len(files.documents(store)) == 5)
        shutil.move(folder, folder.with_name("别处"))
        watched.until(lambda: any("没有挂载" in "".join(r.notes) for r in watched.reports))
        assert len(files.documents(store)) == 5


def test_one_of_two_folders_that_goes_away_keeps_its_documents(
    store: Store, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "分行资料"
    (other / "一").mkdir(parents=True)
    (other / "一" / "甲.txt").write_text("甲业务的说明。", "utf-8")
    (other / "乙.txt").write_text("乙业务的说明。", "utf-8")
    with watching(store, settings, folder, other) as watched:
        watched.until(lambda: len(files.documents(store)) == 7)
        shutil.rmtree(other / "一")
        watched.until(lambda: "file/甲.txt" not in files.documents(store))
        shutil.move(other, tmp_path / "卸载")
        (folder / "提示.txt").unlink()
        watched.until(lambda: "file/提示.txt" not in files.documents(store))
        assert "file/乙.txt" in files.documents(store)


def test_a_watch_waits_while_another_process_writes(
    store: Store, settings: Settings, folder: Path
) -> None:
    other = Store.open(settings)
    with other.writer_lock(), watching(store, settings, folder) as watched:
        watched.until(lambda: any("另一个进程" in "".join(r.notes) for r in watched.reports))
        assert files.documents(store) == {}
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
