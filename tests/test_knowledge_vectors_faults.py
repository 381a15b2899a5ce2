"""Vectors when things go wrong, and when they are not wanted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import knowledge_files as files
import pytest
from fake_openai import FakeOpenAI, Reply
from typer.testing import CliRunner
from vector_bank import ask, configured

from copilot.errors import ModelUnavailable
from copilot.knowledge import vectors
from copilot.knowledge.dense import DenseGain, dense_enabled, record_gain, recorded_gain
from copilot.knowledge.generations import VectorFolder
from copilot.knowledge.vectors import generation_usable, make_generation
from copilot.llm import embeddings
from copilot.settings import Settings
from copilot.store import Store

GAIN = DenseGain("m1", "本行问题集", "ndcg@10", 0.61, 0.66, 0.02, 0.08, 160)
RUNNER = CliRunner()


def sent(server: FakeOpenAI) -> int:
    return sum(len(body["input"]) for body in server.embedding_bodies)


def texts(store: Store) -> int:
    """How many different texts the knowledge has to embed."""
    passages = store.knowledge(files.EVERYONE).all_passages()
    return len({f"{passage.heading}\n{passage.text}" for passage in passages})


def another_revision(store: Store) -> None:
    from copilot.knowledge import remove

    remove("script/closing", store)


# ---------------------------------------------------------------- on, off, auto


@pytest.mark.parametrize(
    ("dense", "gain", "enabled"),
    [
        ("auto", None, False),
        ("auto", GAIN, True),
        ("auto", replace(GAIN, low=-0.01), False),
        ("auto", replace(GAIN, model="m2"), False),
        ("on", None, True),
        ("off", GAIN, False),
    ],
)
def test_vectors_take_part_only_where_an_evaluation_showed_a_gain_or_the_bank_says_so(
    filled: Store,
    settings: Settings,
    server: FakeOpenAI,
    dense: str,
    gain: DenseGain | None,
    enabled: bool,
) -> None:
    settings = configured(settings, server, dense=dense)
    make_generation(filled, settings)
    before = len(server.requests)
    if gain is not None:
        record_gain(filled, gain)
        assert recorded_gain(filled) == gain
        assert next(filled.audit.entries(gain.model)).kind == "knowledge.dense"
    assert dense_enabled(filled, settings) is enabled
    result = ask(filled, settings)
    assert (len(server.requests) > before) is enabled
    assert result.notes == ()


def test_without_an_endpoint_nothing_switches_vectors_on(filled: Store, settings: Settings) -> None:
    record_gain(filled, GAIN)
    assert not dense_enabled(filled, settings.model_copy(update={"dense": "on"}))


# ---------------------------------------------------------------- building


def test_a_build_that_lost_its_endpoint_goes_on_where_it_stopped(
    filled: Store, settings: Settings, server: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "BATCH", 2)
    settings = configured(settings, server)
    server.script_embeddings(Reply(), Reply(), Reply.failure(503))
    with pytest.raises(ModelUnavailable, match="503"):
        make_generation(filled, settings)
    assert VectorFolder(filled.data_dir).current() is None
    built = make_generation(filled, settings)
    assert built is not None
    assert sent(server) == texts(filled) + 2  # only the batch that failed was sent twice


def test_a_slow_endpoint_fails_a_build_and_leaves_the_generation_before(
    filled: Store, settings: Settings, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    before = make_generation(filled, settings)
    (filled.data_dir / "index" / "vectors.db").unlink()
    another_revision(filled)
    server.script_embeddings(Reply().slow(1.0))
    with pytest.raises(ModelUnavailable, match="超时"):
        make_generation(filled, settings.model_copy(update={"llm_timeout_s": 0.2}))
    assert VectorFolder(filled.data_dir).current() == before
    assert ask(filled, settings).hits


def test_a_dimension_that_changes_in_the_middle_of_a_build_publishes_nothing(
    filled: Store, settings: Settings, server: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "BATCH", 2)
    settings = configured(settings, server)
    server.script_embeddings(Reply(), Reply.wrong_dimension(32))
    with pytest.raises(ModelUnavailable, match="32、64"):
        make_generation(filled, settings)
    assert VectorFolder(filled.data_dir).current() is None
    assert make_generation(filled, settings) is not None


def test_a_model_that_is_switched_is_asked_anew_and_the_old_vectors_are_not_used(
    filled: Store, settings: Settings, server: FakeOpenAI
) -> None:
    first = make_generation(filled, configured(settings, server))
    assert first is not None
    server.dimension = 32
    second = make_generation(filled, configured(settings, server, embedding_model="m2"))
    assert second is not None
    assert (second.model, second.dimension, second.count) == ("m2", 32, first.count)
    assert sent(server) == 2 * texts(filled)


@pytest.mark.parametrize("damage", ["database", "vectors", "missing"])
def test_a_damaged_generation_is_noticed_and_rebuilt_without_asking_the_endpoint_again(
    filled: Store, settings: Settings, server: FakeOpenAI, damage: str
) -> None:
    settings = configured(settings, server)
    make_generation(filled, settings)
    home = filled.data_dir / "chroma" / "gen-1"
    match damage:
        case "database":
            (home / "chroma.sqlite3").write_bytes(b"\x00\xff" * 4096)
        case "vectors":
            import sqlite3

            with sqlite3.connect(home / "chroma.sqlite3") as connection:
                connection.execute("DELETE FROM embeddings")
                connection.execute("DELETE FROM embeddings_queue")
        case "missing":
            shutil.rmtree(home)
    assert ask(filled, settings).hits[0].passage.document_id == "faq/cards"
    before = sent(server)
    vectors.chroma.local_collection.cache_clear()
    if damage != "vectors":
        assert not generation_usable(filled, settings)
    rebuilt = make_generation(filled, settings, anew=True)
    assert rebuilt is not None
    assert rebuilt.name == "gen-2"
    assert sent(server) == before
    assert generation_usable(filled, settings)
    assert ask(filled, settings).notes == ()


BUILDER = """
    import sys
    from pathlib import Path
    from copilot.knowledge.vectors import make_generation
    from copilot.settings import load_settings
    from copilot.store import Store
    settings = load_settings(data_dir=Path(sys.argv[1]))
    store = Store.open(settings)
    print(make_generation(store, settings).name)
"""


def test_two_processes_that_build_at_once_agree_on_one_generation(
    filled: Store, settings: Settings, server: FakeOpenAI
) -> None:
    env = os.environ | {
        "COPILOT_EMBEDDING_BASE_URL": server.base_url,
        "COPILOT_EMBEDDING_MODEL": "m1",
        "COPILOT_DENSE": "on",
    }
    builders = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(BUILDER), str(filled.data_dir)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        for _ in range(2)
    ]
    results = [builder.communicate(timeout=120) for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0], results
    names = {out.strip() for out, _ in results}
    current = VectorFolder(filled.data_dir).current()
    assert current is not None
    assert names == {current.name} == {"gen-1"}
    assert ask(filled, configured(settings, server)).notes == ()


def test_a_builder_that_started_before_a_change_does_not_put_older_knowledge_in_place(
    filled: Store, settings: Settings, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    folder = VectorFolder(filled.data_dir)
    slow: list[object] = []
    with folder.one_builder():
        late = threading.Thread(target=lambda: slow.append(make_generation(filled, settings)))
        late.start()
        deadline = time.monotonic() + 20
        while not server.embedding_bodies and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)  # its vectors are there; it waits for the folder
        another_revision(filled)
    newest = make_generation(filled, settings)
    late.join(timeout=60)
    assert newest is not None
    current = folder.current()
    assert current is not None
    assert current.revision == newest.revision == filled.knowledge(files.EVERYONE).revision()


def test_a_folder_that_cannot_be_written_leaves_search_lexical_and_says_so(
    filled: Store, settings: Settings, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    (filled.data_dir / "chroma").write_text("不是目录", "utf-8")
    notes = vectors.build_generation(filled, settings)
    assert any("向量索引没有更新" in note for note in notes)
    result = ask(filled, settings)
    assert result.hits[0].passage.document_id == "faq/cards"
    assert any("还没有向量索引" in note for note in result.notes)


@contextmanager
def nobody() -> Iterator[None]:
    """As a user who owns nothing: permissions do not bind root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_generation_on_a_read_only_disk_still_gets_an_answer(
    filled: Store, settings: Settings, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    make_generation(filled, settings)
    ask(filled, settings)  # everything is imported while it can be
    home = Path(tempfile.mkdtemp())
    try:
        shutil.copytree(filled.data_dir, home / "库")
        for path in [home, *home.rglob("*")]:
            if os.geteuid() == 0:
                os.chown(path, 65534, 65534)
            frozen = "chroma" in path.parts
            path.chmod((0o700 if path.is_dir() else 0o600) & (0o500 if frozen else 0o700))
        with nobody():
            moved = settings.model_copy(update={"data_dir": home / "库"})
            store = Store.open(moved)
            result = ask(store, moved)
            another_revision(store)
            notes = vectors.build_generation(store, moved)
            store.close()
    finally:
        for path in home.rglob("*"):
            path.chmod(0o700)
        shutil.rmtree(home)
    assert result.hits[0].passage.document_id == "faq/cards"
    assert all("按字面检索" in note for note in result.notes)
    assert any("向量索引没有更新" in note for note in notes)
