"""A data directory that its reader may not write: questions are answered, nothing is kept."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from copilot.knowledge import ingest
from copilot.settings import Settings
from copilot.store import Store
from copilot.store.copies import copy_data_dir
from tests.shell import Shell

DROP_FROM_BOUNDING_SET = 24
OVERRIDES = (1, 2, 3)
"""What lets the superuser ignore permission bits: DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER."""

VISITOR = """
    import sys
    from datetime import date
    from pathlib import Path
    from copilot.errors import CopilotError
    from copilot.knowledge import search
    from copilot.records.knowledge import SearchQuery
    from copilot.records.staff import Principal
    from copilot.settings import load_settings
    from copilot.store import Store
    settings = load_settings(data_dir=Path(sys.argv[1]))
    try:
        store = Store.open(settings)
        query = SearchQuery("预约取款", date(2026, 11, 20))
        result = search(query, store, settings, Principal.operator())
        print(*[hit.passage.text for hit in result.hits])
        for attempt in (store.writer_lock(), store.transaction()):
            try:
                with attempt as connection:
                    if connection is not None:
                        store.audit.append(connection, "attempt", "nobody", {})
                print("written")
            except CopilotError as error:
                print(error.message)
    except CopilotError as error:
        print(error.message, error.next)
"""


def obey_permission_bits() -> None:
    if os.geteuid() == 0:
        for capability in OVERRIDES:
            ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)


def run_frozen(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with some arguments, where nothing below a folder may be written."""
    if not sys.platform.startswith("linux"):
        pytest.skip("permissions are taken away the Linux way")
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            preexec_fn=obey_permission_bits,
        )
    finally:
        for path in (home, *home.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def visit(home: Path) -> list[str]:
    """What a reader without the right to write sees."""
    done = run_frozen(home, "-c", textwrap.dedent(VISITOR), str(home))
    assert done.stderr == ""
    return done.stdout.splitlines()


def take_in(store: Store, settings: Settings, folder: Path, days: str) -> None:
    (folder / "制度.txt").write_text(f"第一条 预约取款须提前{days}登记。", "utf-8")
    ingest([folder / "制度.txt"], store, settings)


def test_search_answers_where_nothing_may_be_written_and_writing_is_refused(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    take_in(store, settings, tmp_path, "一天")
    store.close()
    found, *refusals = visit(settings.data_dir)
    assert found == "第一条 预约取款须提前一天登记。"
    assert len(refusals) == 2
    for refusal in refusals:
        assert "没有写权限，未写入任何内容" in refusal
    assert not list(settings.data_dir.glob("copilot.db-*"))


def test_a_reader_sees_what_a_writer_at_work_has_committed(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    with store.read():  # keeps the log from being merged into the file
        take_in(store, settings, tmp_path, "两天")
        assert (settings.data_dir / "copilot.db-wal").stat().st_size > 0
        assert visit(settings.data_dir)[0] == "第一条 预约取款须提前两天登记。"


def test_a_log_that_a_killed_writer_left_is_not_passed_over(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    with store.read():
        take_in(store, settings, tmp_path, "三天")
        aside = tmp_path / "旁边"
        aside.mkdir()
        for name in ("copilot.db", "copilot.db-wal"):
            (aside / name).write_bytes((settings.data_dir / name).read_bytes())
    (said,) = visit(aside)
    assert said.startswith("数据库打不开：copilot.db")
    assert "-wal" in said


def test_who_may_only_read_sees_the_segments_that_were_built_last(
    sample_home: Path, tmp_path: Path, shell: Shell
) -> None:
    home = tmp_path / "home"
    copy_data_dir(sample_home, home)
    arguments = ("segment", "list", "--data-dir", str(home))
    code, built, _ = shell(*arguments)
    assert code == 0
    seen = run_frozen(home, "-m", "copilot", *arguments)
    assert (seen.returncode, seen.stdout) == (0, built), seen.stderr
    refused = run_frozen(home, "-m", "copilot", *arguments, "--refit")
    assert refused.returncode == 3
    assert "没有写权限" in refused.stderr
