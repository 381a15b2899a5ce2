"""Kills: ingest and index builds die at any moment, readers never notice."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fake_openai import FakeOpenAI

from copilot.knowledge import search
from copilot.records.knowledge import SearchQuery
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store

SEARCHED_ON = date(2026, 11, 20)
READERS = 4
DOCUMENTS = 12
LARGEST_FILE = 256 * 2**20
"""Bytes. A runaway index fills its own allowance, not the disk."""

WRITER = """
    import os, sys
    from pathlib import Path
    from copilot.knowledge import ingest
    from copilot.settings import load_settings
    from copilot.store import Store
    home, shelf, edition = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    settings = load_settings(data_dir=home)
    store = Store.open(settings)
    print("ready", flush=True)
    while True:
        edition += 1
        for path in sorted(shelf.glob("*.txt")):
            words = f"本文件是第{edition}版。" * 2
            aside = path.with_name("." + path.name)
            aside.write_text("".join(
                f"第{n}条 预约取款须提前登记，{words}编号{path.stem}。\\n" for n in "一二三四五"
            ), "utf-8")
            os.replace(aside, path)
        with store.writer_lock():
            ingest([shelf], store, settings)
        print(edition, flush=True)
"""

READER = """
    import re, sys, time
    from datetime import date
    from pathlib import Path
    from copilot.knowledge import search
    from copilot.records.knowledge import SearchQuery
    from copilot.records.staff import Principal
    from copilot.settings import load_settings
    from copilot.store import Store
    settings = load_settings(data_dir=Path(sys.argv[1]))
    store = Store.open(settings)
    query = SearchQuery("预约取款须提前登记", date(2026, 11, 20), k=40)
    while True:
        try:
            result = search(query, store, settings, Principal.operator())
            assert len(result.hits) > 0, "nothing found"
            for hit in result.hits:
                editions = set(re.findall("第([0-9]+)版", hit.passage.text))
                assert len(editions) == 1, f"torn: {editions}"
            print("+", *result.notes, flush=True)
            time.sleep(0.1)
        except Exception as error:
            print(f"- {type(error).__name__}: {error}", flush=True)
"""


def start(
    program: str, *arguments: object, env: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """A Python process that cannot write a larger file than it is allowed to."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))

    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=limited,
        env=os.environ | env,
    )


@contextmanager
def readers(home: Path, folder: Path, env: dict[str, str]) -> Iterator[list[Path]]:
    """Four processes that search all the time; their logs say what they saw."""
    logs = [folder / f"reader{number}.log" for number in range(READERS)]
    running = []
    for log in logs:
        with log.open("w") as out:
            running.append(
                subprocess.Popen(
                    [sys.executable, "-c", textwrap.dedent(READER), str(home)],
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env=os.environ | env,
                )
            )
    try:
        yield logs
    finally:
        for process in running:
            process.kill()
            process.wait()


def kill_again_and_again(
    store: Store,
    settings: Settings,
    folder: Path,
    kills: int,
    program: str = WRITER,
    env: dict[str, str] | None = None,
    seed: int = 0,
) -> tuple[int, list[str]]:
    """Kills the program at any moment so often; returns good reads and everything that failed."""
    chance = random.Random(20261122 + seed)
    shelf = folder / "资料"
    shelf.mkdir()
    for number in range(DOCUMENTS):
        text = f"第一条 预约取款须提前登记，本文件是第0版。编号{number}。"
        (shelf / f"制度{number}.txt").write_text(text, "utf-8")
    from copilot.knowledge import ingest

    with store.writer_lock():
        ingest([shelf], store, settings)
    broken: list[str] = []
    with readers(settings.data_dir, folder, env or {}) as logs:
        for attempt in range(kills):
            writer = start(program, settings.data_dir, shelf, attempt * 1000, env=env or {})
            assert writer.stdout is not None
            assert writer.stdout.readline().strip() == "ready", writer.stdout.read()
            time.sleep(chance.uniform(0.0, 0.6))
            os.kill(writer.pid, signal.SIGKILL)
            writer.communicate()
            broken += fault(store, settings)
        wait_for_reads(logs)
        lines = [line for log in logs for line in log.read_text("utf-8").splitlines()]
    good = [line for line in lines if line.startswith("+")]
    return len(good), broken + [line for line in lines if not line.startswith("+")]


def wait_for_reads(logs: list[Path]) -> None:
    """Until every reader has read a few times, however slow the machine."""
    deadline = time.monotonic() + 60
    while any(len(log.read_text("utf-8").splitlines()) < 3 for log in logs):
        assert time.monotonic() < deadline, "a reader does not read"
        time.sleep(0.1)


def fault(store: Store, settings: Settings) -> list[str]:
    """What a fresh look at the database and the index finds wrong."""
    found = []
    with store.read() as connection:
        verdict = connection.scalar(sa.text("PRAGMA quick_check"))
        if verdict != "ok":
            found.append(f"database: {verdict}")
        torn = connection.execute(
            sa.text(
                "SELECT d.document_id FROM documents d LEFT JOIN passages p "
                "ON p.document_id = d.document_id AND p.version = d.version AND p.current "
                "WHERE d.current GROUP BY d.document_id HAVING count(p.passage_id) = 0"
            )
        ).all()
    found += [f"torn: {row[0]}" for row in torn]
    query = SearchQuery("预约取款须提前登记", SEARCHED_ON, k=5)
    if not search(query, store, settings, Principal.operator()).hits:
        found.append("nothing found")
    return found


def survives(store: Store, settings: Settings, folder: Path, kills: int, seed: int = 0) -> None:
    good, failed = kill_again_and_again(store, settings, folder, kills, seed=seed)
    print(f"{kills} kills, {good} good reads, {len(failed)} faults")
    assert failed == []
    assert good >= READERS * 3
    assert store.audit.verify().ok
    left = [path.name for path in settings.data_dir.rglob(".*.partial*")]
    with store.writer_lock():
        from copilot.knowledge import ingest

        report = ingest([folder / "资料"], store, settings)
    assert not any(status == "refused" for _, status, _ in report.files)
    assert len(left) <= kills


def test_ingest_killed_five_times_breaks_nothing_and_no_reader_fails(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    survives(store, settings, tmp_path, 5)


@pytest.mark.soak
@pytest.mark.parametrize("quarter", range(4))
def test_ingest_killed_a_hundred_times_breaks_nothing_and_no_reader_fails(
    store: Store, settings: Settings, tmp_path: Path, quarter: int
) -> None:
    survives(store, settings, tmp_path, 25, seed=quarter)


BUILDER = """
    import sys
    from pathlib import Path
    from copilot.knowledge.vectors import make_generation
    from copilot.settings import load_settings
    from copilot.store import Store
    settings = load_settings(data_dir=Path(sys.argv[1]))
    store = Store.open(settings)
    print("ready", flush=True)
    while True:
        make_generation(store, settings, anew=True)
"""


@pytest.mark.soak
def test_vector_builds_killed_thirty_times_leave_readers_their_generation(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    from copilot.knowledge.vectors import generation_usable

    with FakeOpenAI() as server:
        env = {
            "COPILOT_EMBEDDING_BASE_URL": server.base_url,
            "COPILOT_EMBEDDING_MODEL": "m1",
            "COPILOT_DENSE": "on",
        }
        dense = settings.model_copy(
            update={
                "embedding_base_url": server.base_url,
                "embedding_model": "m1",
                "dense": "on",
            }
        )
        good, failed = kill_again_and_again(store, dense, tmp_path, 30, BUILDER, env)
        assert failed == []
        assert good >= READERS * 3
        assert generation_usable(store, dense)
        noted = [
            line
            for log in tmp_path.glob("reader*.log")
            for line in log.read_text("utf-8").splitlines()
            if "字面" in line
        ]
        assert noted == []


def test_a_document_replaced_while_it_is_being_found_is_found_in_its_new_words(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from copilot.knowledge import ingest
    from copilot.knowledge.lexical import LexicalIndex

    path = tmp_path / "制度.txt"

    def take_in(words: str) -> None:
        path.write_text(f"第一条 预约取款须{words}登记。", "utf-8")
        ingest([path], store, settings)

    take_in("提前一天")
    ranked = LexicalIndex.ranked
    replacements = iter(["提前两天"])

    def ranked_then_replaced(self: LexicalIndex, *asked: Any) -> Any:
        found = ranked(self, *asked)
        for words in replacements:
            elsewhere = threading.Thread(target=take_in, args=(words,))
            elsewhere.start()
            elsewhere.join()
        return found

    monkeypatch.setattr(LexicalIndex, "ranked", ranked_then_replaced)
    query = SearchQuery("预约取款须提前登记", SEARCHED_ON)
    result = search(query, store, settings, Principal.operator())
    assert [hit.passage.text for hit in result.hits] == ["第一条 预约取款须提前两天登记。"]
