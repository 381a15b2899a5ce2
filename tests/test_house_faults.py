"""What goes wrong on a real machine: kills, a full disk, no network, two processes, odd paths."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from copilot.pipeline.bank import bring_in
from copilot.pipeline.today import call_today
from copilot.pipeline.workbench import Workbench
from copilot.settings import load_settings
from copilot.store import Store
from copilot.tables.sample import write_sample_bank

COPILOT = [sys.executable, "-m", "copilot"]


def quiet(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def small_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mapping file over the exports of a bank with 100 customers, in a folder with spaces."""
    folder = tmp_path_factory.mktemp("小 银行")
    knowledge = load_settings().knowledge_dir
    return write_sample_bank(folder / "导出 文件", knowledge_dir=knowledge, customers=100)


def copilot(*words: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Runs the command line as a person would."""
    return subprocess.run(
        [*prefix, *COPILOT, *words], capture_output=True, text=True, timeout=300, check=False
    )


def state_of(data_dir: Path) -> dict[str, object]:
    """What a working installation answers, for comparing one with another."""
    bench = Workbench.open(load_settings(data_dir=data_dir))
    try:
        calls = call_today(bench, limit=20)
        return {
            "rows": bench.generation.rows,
            "calls": [(call.customer_id, call.reason) for call in calls.calls],
            "passages": sum(1 for _ in bench.store.knowledge(bench.principal).all_passages()),
            "templates": len(bench.templates),
        }
    finally:
        bench.close()


def test_init_killed_at_any_moment_can_be_run_again_to_the_same_bank(
    small_bank: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    started = time.monotonic()
    bring_in(load_settings(data_dir=whole), small_bank, quiet)
    duration = time.monotonic() - started
    killed = tmp_path / "killed"
    words = [*COPILOT, "init", "--sources", str(small_bank), "--data-dir", str(killed)]
    for share in (0.3, 0.5, 0.7, 0.9):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1.0 + duration * share)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        if (killed / "copilot.db").is_file():
            store = Store.create(load_settings(data_dir=killed))
            assert store.audit.verify().ok
            store.close()
    done = copilot("init", "--sources", str(small_bank), "--data-dir", str(killed))
    assert done.returncode == 0, done.stderr
    assert state_of(killed) == state_of(whole)
    leftovers = [path.name for path in (killed / "facts").iterdir()]
    assert len(leftovers) == 1


def test_a_second_process_on_the_same_data_directory_is_told_to_wait(
    small_bank: Path, tmp_path: Path
) -> None:
    store = Store.create(load_settings(data_dir=tmp_path / "data"))
    with store.writer_lock():
        done = copilot("init", "--sources", str(small_bank), "--data-dir", str(tmp_path / "data"))
    store.close()
    assert done.returncode == 3
    assert "另一个进程" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_gives_one_clear_message_and_keeps_what_was_there(
    small_bank: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o size=2m none "$1" && shift && exec "$@"'
    prefix = ("unshare", "-rm", "sh", "-c", script, "sh", str(disk))
    if (
        shutil.which("unshare") is None
        or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs unshare (util-linux) with user namespaces and tmpfs")
    done = copilot(
        "init", "--sources", str(small_bank), "--data-dir", str(disk / "data"), prefix=prefix
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "磁盘" in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("错误")]) == 1


def test_the_main_job_runs_without_any_network(sample_home: Path) -> None:
    prefix = ("unshare", "-rn")
    if (
        shutil.which("unshare") is None
        or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs unshare (util-linux) with user and network namespaces")
    done = copilot("demo", "--data-dir", str(sample_home), prefix=prefix)
    assert done.returncode == 0, done.stderr
    assert "今天值得联系的客户" in done.stdout


def test_the_demo_says_the_same_twice(sample_home: Path) -> None:
    first, second = (copilot("demo", "--data-dir", str(sample_home)) for _ in range(2))
    assert first.returncode == second.returncode == 0
    assert first.stdout == second.stdout
