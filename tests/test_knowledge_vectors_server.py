"""Vectors on a Chroma server, and the index built on demand."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_openai import FakeOpenAI
from test_knowledge_vectors_faults import GAIN
from typer.testing import CliRunner
from vector_bank import ask, configured

from copilot.cli.main import command_line
from copilot.errors import CopilotError, IndexUnavailable, StateError
from copilot.knowledge import vectors
from copilot.knowledge.dense import record_gain
from copilot.knowledge.generations import ServerGenerations
from copilot.knowledge.vectors import generation_usable, make_generation
from copilot.settings import Settings
from copilot.store import Store

RUNNER = CliRunner()


@contextmanager
def chroma_server(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).parent / "chroma"
    if not program.is_file():
        pytest.skip("没有 chroma 命令")
    with (folder / "chroma.log").open("w") as log:
        process = subprocess.Popen(
            [str(program), "run", "--path", str(folder / "服务"), "--port", str(port)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"ANONYMIZED_TELEMETRY": "False"},
        )
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def test_a_chroma_server_holds_the_vectors_and_the_database_the_truth(
    filled: Store, settings: Settings, server: FakeOpenAI, tmp_path: Path
) -> None:
    with chroma_server(tmp_path) as url:
        settings = configured(settings, server, chroma_url=url)
        shelf = ServerGenerations(filled, url)
        names = []
        for _ in range(4):
            built = make_generation(filled, settings, anew=True)
            assert built is not None
            names.append(built.name)
        assert len(set(names)) == 4
        current = shelf.current()
        assert current is not None
        assert current.name == names[-1]
        kept = vectors.chroma.server_client(url).list_collections()
        assert {collection.name for collection in kept} == set(names[-2:])
        assert generation_usable(filled, settings)
        assert not (filled.data_dir / "chroma").exists()

        lexical = ask(filled, settings.model_copy(update={"dense": "off"}))
        both = ask(filled, settings)
        assert both.notes == ()
        assert both.hits[0].passage == lexical.hits[0].passage
        from copilot.knowledge import remove

        remove("faq/cards", filled)
        gone = ask(filled, settings)
        assert "faq/cards" not in {hit.passage.document_id for hit in gone.hits}

        older = replace(current, name="older", revision=current.revision - 1)
        shelf.publish(older)
        assert shelf.current() == current
    vectors.chroma.server_collection.cache_clear()
    first, second = ask(filled, settings), ask(filled, settings)
    assert any("COPILOT_CHROMA_URL" in note for note in first.notes)
    assert any("刚才没有应答" in note for note in second.notes)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://", "不是地址"])
def test_a_server_that_is_not_there_costs_no_answer(
    filled: Store, settings: Settings, server: FakeOpenAI, url: str
) -> None:
    settings = configured(settings, server, chroma_url=url)
    with pytest.raises(IndexUnavailable) as caught:
        make_generation(filled, settings)
    assert "COPILOT_CHROMA_URL" in caught.value.next
    assert ask(filled, settings).hits[0].passage.document_id == "faq/cards"


# ---------------------------------------------------------------- the command line


def run(settings: Settings, *words: str) -> tuple[int, dict[str, Any]]:
    place = ("--data-dir", str(settings.data_dir), "--format", "json")
    done = RUNNER.invoke(command_line(()), ["knowledge", "index", *words, *place])
    if isinstance(done.exception, CopilotError):
        raise done.exception
    return done.exit_code, json.loads(done.stdout)


def test_the_index_is_built_on_demand_and_says_whether_search_uses_it(
    filled: Store, settings: Settings, server: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StateError, match="没有配置向量服务"):
        run(settings)
    monkeypatch.setenv("COPILOT_EMBEDDING_BASE_URL", server.base_url)
    monkeypatch.setenv("COPILOT_EMBEDDING_MODEL", "m1")
    code, body = run(settings)
    assert (code, body["generation"]["name"], body["in_use"]) == (0, "gen-1", False)
    assert run(settings)[1]["generation"]["name"] == "gen-1"
    record_gain(filled, GAIN)
    code, body = run(settings, "--rebuild")
    assert (body["generation"]["name"], body["in_use"], body["dense"]) == ("gen-2", True, "auto")
    assert body["gain"]["question_set"] == "本行问题集"
    (filled.data_dir / "chroma" / "gen-2" / "chroma.sqlite3").write_bytes(b"\x00" * 4096)
    vectors.chroma.local_collection.cache_clear()
    assert run(settings)[1]["generation"]["name"] == "gen-3"
