"""Vectors: generations beside the lexical index, and search that goes on without them."""

from __future__ import annotations

import email.utils
import shutil
import sys
import time
from pathlib import Path

import knowledge_files as files
import pytest
from fake_openai import FakeOpenAI, Reply
from vector_bank import ask, configured

from copilot.errors import ModelUnavailable
from copilot.knowledge import search
from copilot.knowledge.generations import VectorFolder
from copilot.llm.embeddings import BATCH, Embedder, EmbeddingEndpoint
from copilot.records.codes import Audience
from copilot.records.knowledge import SearchQuery
from copilot.settings import Settings
from copilot.store import Store


def embedder(server: FakeOpenAI, tmp_path: Path, **changes: object) -> Embedder:
    pauses: list[float] = []
    endpoint = EmbeddingEndpoint(server.base_url, "m1", "key-1", **changes)  # type: ignore[arg-type]
    made = Embedder(endpoint, tmp_path / "vectors.db", pauses.append)
    made.pauses = pauses  # type: ignore[attr-defined]
    return made


def test_ingest_publishes_a_generation_that_search_uses(
    store: Store, settings: Settings, shelf: Path, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    report = files.take_in(store, settings, shelf)
    assert report.notes == ()
    current = VectorFolder(store.data_dir).current()
    assert current is not None
    assert (current.name, current.model, current.dimension) == ("gen-1", "m1", 64)
    assert current.count == report.passages
    lexical = ask(store, settings.model_copy(update={"embedding_model": None}))
    both = ask(store, settings)
    assert both.notes == ()
    assert both.hits[0].passage == lexical.hits[0].passage
    assert both.hits[0].score == pytest.approx(2 / 61)


def test_vectors_never_reach_past_the_reader_s_scope(
    store: Store, settings: Settings, shelf: Path, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    files.take_in(store, settings, shelf)
    query = SearchQuery(
        "着急 不必决定 触达间隔 锁定期", files.TODAY, k=50, audience=Audience.CUSTOMER
    )
    hits = search(query, store, settings, files.EVERYONE).hits
    assert hits
    assert all(hit.passage.audience is Audience.CUSTOMER for hit in hits)
    assert all("@2026-03-01" not in hit.passage.document_id for hit in hits)


def test_a_change_builds_the_next_generation_from_the_cache_and_keeps_two(
    store: Store, settings: Settings, shelf: Path, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    files.take_in(store, settings, shelf)
    sent = sum(len(body["input"]) for body in server.embedding_bodies)
    for round_, words in enumerate(("先核验", "先登记", "先排队"), start=1):
        (shelf / "faq/cards.yaml").write_text(files.FAQ.replace("先查原因", words), "utf-8")
        files.take_in(store, settings, shelf)
        assert sum(len(body["input"]) for body in server.embedding_bodies) == sent + round_
    homes = sorted(path.name for path in (store.data_dir / "chroma").glob("gen-*"))
    assert homes == ["gen-3", "gen-4"]
    current = VectorFolder(store.data_dir).current()
    assert current is not None
    assert current.name == "gen-4"


def test_an_unchanged_ingest_builds_nothing(
    store: Store, settings: Settings, shelf: Path, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    files.take_in(store, settings, shelf)
    before = len(server.requests)
    files.take_in(store, settings, shelf)
    assert len(server.requests) == before
    current = VectorFolder(store.data_dir).current()
    assert current is not None
    assert current.name == "gen-1"


def test_what_a_killed_build_left_behind_is_ignored_and_cleared(
    store: Store, settings: Settings, shelf: Path, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    files.take_in(store, settings, shelf)
    unfinished = store.data_dir / "chroma" / "gen-2"
    shutil.copytree(store.data_dir / "chroma" / "gen-1", unfinished)
    (unfinished / "generation.json").unlink()
    assert ask(store, settings).notes == ()
    (shelf / "faq/cards.yaml").write_text(files.FAQ.replace("先查原因", "先核验"), "utf-8")
    files.take_in(store, settings, shelf)
    current = VectorFolder(store.data_dir).current()
    assert current is not None
    assert (store.data_dir / "chroma" / current.name / "generation.json").is_file()
    assert ask(store, settings).notes == ()


@pytest.mark.parametrize("replies", [[Reply.failure(500)] * 2, [Reply.garbage()] * 2])
def test_an_endpoint_that_is_down_during_ingest_leaves_search_lexical_and_says_so(
    store: Store, settings: Settings, shelf: Path, server: FakeOpenAI, replies: list[Reply]
) -> None:
    settings = configured(settings, server)
    server.script_embeddings(*replies)
    report = files.take_in(store, settings, shelf)
    assert any("向量索引没有更新" in note for note in report.notes)
    assert not any(status == "refused" for _, status, _ in report.files)
    result = ask(store, settings)
    assert result.hits[0].passage.document_id == "faq/cards"
    assert any("还没有向量索引" in note for note in result.notes)


def test_an_endpoint_that_goes_down_costs_one_wait_and_not_the_answer(
    store: Store, settings: Settings, shelf: Path
) -> None:
    with FakeOpenAI() as server:
        settings = configured(settings, server)
        files.take_in(store, settings, shelf)
    first, second = ask(store, settings), ask(store, settings, "限额提高")
    for result in (first, second):
        assert result.hits[0].passage.document_id == "faq/cards"
    assert any("本次按字面检索" in note for note in first.notes)
    assert any("刚才没有应答" in note for note in second.notes)


def test_a_slow_endpoint_does_not_hold_up_a_person(
    store: Store,
    settings: Settings,
    shelf: Path,
    server: FakeOpenAI,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = configured(settings, server)
    files.take_in(store, settings, shelf)
    monkeypatch.setattr("copilot.llm.embeddings.QUESTION_TIMEOUT_S", 0.2)
    server.script_embeddings(Reply().slow(1.5))
    started = time.monotonic()
    result = ask(store, settings)
    assert time.monotonic() - started < 1.2
    assert result.hits[0].passage.document_id == "faq/cards"
    assert any("超时" in note for note in result.notes)


def test_another_vector_length_is_noticed(
    store: Store, settings: Settings, shelf: Path, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    files.take_in(store, settings, shelf)
    server.script_embeddings(Reply.wrong_dimension(32))
    result = ask(store, settings)
    assert any("32" in note and "64" in note for note in result.notes)
    assert result.hits[0].passage.document_id == "faq/cards"


def test_another_model_is_not_compared_with_the_old_vectors(
    store: Store, settings: Settings, shelf: Path, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    files.take_in(store, settings, shelf)
    other = settings.model_copy(update={"embedding_model": "m2"})
    assert any("m1" in note and "m2" in note for note in ask(store, other).notes)
    files.take_in(store, other, shelf)
    assert ask(store, other).notes == ()


@pytest.mark.parametrize("damage", ["missing", "garbage", "pointer"])
def test_a_damaged_generation_leaves_search_lexical_and_says_so(
    store: Store, settings: Settings, shelf: Path, server: FakeOpenAI, damage: str
) -> None:
    settings = configured(settings, server)
    files.take_in(store, settings, shelf)
    home = store.data_dir / "chroma" / "gen-1"
    match damage:
        case "missing":
            shutil.rmtree(home)
        case "garbage":
            (home / "chroma.sqlite3").write_bytes(b"\x00\xff" * 4096)
        case "pointer":
            (home.parent / "CURRENT").write_text("../../..", "utf-8")
    result = ask(store, settings)
    assert result.hits[0].passage.document_id == "faq/cards"
    assert len(result.notes) == 1


def test_chroma_is_not_imported_without_an_embedding_endpoint(
    store: Store, settings: Settings, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "chromadb", None)
    monkeypatch.setitem(sys.modules, "copilot.knowledge.vectors", None)
    files.take_in(store, settings, shelf)
    assert ask(store, settings).hits


def test_a_question_is_sent_without_phone_or_card_numbers(
    store: Store, settings: Settings, shelf: Path, server: FakeOpenAI
) -> None:
    settings = configured(settings, server)
    files.take_in(store, settings, shelf)
    ask(store, settings, "13912345678 卡 6222 0000 1111 2222 被限额")
    sent = server.embedding_bodies[-1]["input"][0]
    assert "被限额" in sent
    assert not any(char.isdigit() for char in sent)


def test_texts_are_embedded_in_batches_once_each(server: FakeOpenAI, tmp_path: Path) -> None:
    texts = [f"第{number}条" for number in range(BATCH + 3)] + ["第0条"]
    made = embedder(server, tmp_path)
    vectors = made.texts(texts)
    assert vectors[0] == vectors[-1]
    assert vectors[0] != vectors[1]
    assert [len(body["input"]) for body in server.embedding_bodies] == [BATCH, 3]
    assert server.requests[0].headers["Authorization"] == "Bearer key-1"
    assert embedder(server, tmp_path).texts(texts) == vectors
    assert len(server.requests) == 2


def test_a_rate_limit_is_waited_out_as_the_endpoint_asks(
    server: FakeOpenAI, tmp_path: Path
) -> None:
    server.script_embeddings(Reply.rate_limited(1.5), Reply.failure(503), Reply())
    made = embedder(server, tmp_path)
    assert len(made.texts(["限额"])) == 1
    first, second = made.pauses  # type: ignore[attr-defined]
    assert first == 1.5
    assert 0 <= second <= 1.0


def test_a_rate_limit_may_name_a_moment(server: FakeOpenAI, tmp_path: Path) -> None:
    moment = email.utils.formatdate(time.time() + 5, usegmt=True)
    server.script_embeddings(
        Reply(status=429, headers={"Retry-After": moment}, error="busy"), Reply()
    )
    made = embedder(server, tmp_path)
    assert len(made.texts(["限额"])) == 1
    (pause,) = made.pauses  # type: ignore[attr-defined]
    assert 3 <= pause <= 5


@pytest.mark.parametrize(
    ("reply", "said", "tries"),
    [
        (Reply.failure(401), "401", 1),
        (Reply.failure(500), "500", 2),
        (Reply.garbage(b"{}"), "OpenAI 格式", 2),
        (Reply(cut_after=40), "连接中断", 2),
        (Reply.rate_limited(3600), "429", 1),
    ],
)
def test_a_failure_is_explained_without_the_text_that_was_sent(
    server: FakeOpenAI, tmp_path: Path, reply: Reply, said: str, tries: int
) -> None:
    server.script_embeddings(reply, reply)
    with pytest.raises(ModelUnavailable) as failure:
        embedder(server, tmp_path, retries=1).texts(["机密内容"])
    assert said in failure.value.message
    assert "机密内容" not in str(failure.value)
    assert "COPILOT_EMBEDDING" in failure.value.next
    assert len(server.requests) == tries


def test_vectors_of_two_lengths_are_refused(server: FakeOpenAI, tmp_path: Path) -> None:
    made = embedder(server, tmp_path)
    made.texts(["一"])
    server.script_embeddings(Reply.wrong_dimension(8))
    with pytest.raises(ModelUnavailable, match="8、64"):
        made.texts(["一", "二"])


def test_a_damaged_cache_costs_time_only(server: FakeOpenAI, tmp_path: Path) -> None:
    (tmp_path / "vectors.db").write_bytes(b"\x00\xff" * 4096)
    assert len(embedder(server, tmp_path).texts(["限额"])[0]) == 64
