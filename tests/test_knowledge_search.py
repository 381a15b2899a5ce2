"""Search: the right passage, on the right date, for the right reader, or an honest nothing."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import knowledge_files as files
import pytest
import typer
from typer.testing import CliRunner

from copilot.cli.search import search as search_command
from copilot.errors import InputError
from copilot.knowledge import SearchResult, faq_parts, remove, search
from copilot.knowledge.lexical import IndexFolder, Scope
from copilot.knowledge.retriever import as_retriever
from copilot.knowledge.search import IN_MEMORY, NOTHING_FOUND
from copilot.knowledge.snippets import CLOSE, OPEN
from copilot.knowledge.synonyms import SYNONYMS_FILE, Synonyms, query_terms
from copilot.records.codes import Audience, PassageKind, Role
from copilot.records.knowledge import Passage, SearchQuery
from copilot.records.staff import Principal
from copilot.settings import Settings, load_settings
from copilot.store import Store

SHIPPED = Path(__file__).resolve().parent.parent / "knowledge"


@pytest.fixture
def shelf(store: Store, settings: Settings, tmp_path: Path) -> Path:
    folder = files.write_shelf(tmp_path / "资料")
    files.take_in(store, settings, folder)
    return folder


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Settings]]:
    """The shipped knowledge, without any product records."""
    settings = load_settings(data_dir=tmp_path_factory.mktemp("shipped"))
    store = Store.create(settings)
    files.take_in(store, settings, SHIPPED)
    yield store, settings
    store.close()


def ask(text: str, store: Store, settings: Settings, k: int = 10) -> SearchResult:
    return search(SearchQuery(text, files.TODAY, k=k), store, settings, files.EVERYONE)


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("卡被限额了怎么解", "卡被限额了，怎么解除？"),
        ("卡 被 限 额 了 怎 么 解", "卡被限额了，怎么解除？"),
        ("卡被限額了怎麼解除", "卡被限额了，怎么解除？"),
        ("卡被限饿了怎么解除", "卡被限额了，怎么解除？"),
        ("为什么我的卡突然只能转几百块", "卡被限额了，怎么解除？"),
        ("三年定存现在多少", "三年定存现在多少，能上浮吗？"),
        ("３年定存多少，能上浮不", "三年定存现在多少，能上浮吗？"),
        ("定期到期不来会不会自动转存", "到期不来会怎么样，会自动转存吗？"),
        ("隔壁银行利率高，怎么跟客户说", "隔壁银行利率比我们高一点，客户问怎么回？"),
    ],
)
def test_a_question_finds_its_entry_however_it_is_typed(
    shipped: tuple[Store, Settings], question: str, title: str
) -> None:
    hits = ask(question, *shipped).hits
    assert title in [hit.title for hit in hits[:3]]


@pytest.mark.parametrize("code", ["DEP-3Y", "dep3y", "ＤＥＰ－３Ｙ", "wmp mh30"])
def test_a_product_is_found_by_its_code(shipped: tuple[Store, Settings], code: str) -> None:
    wanted = "WMP-MH30" if "wmp" in code else "DEP-3Y"
    assert ask(code, *shipped).hits[0].passage.product_code == wanted


def test_an_abbreviation_in_the_synonym_file_reaches_the_full_word(
    shipped: tuple[Store, Settings], tmp_path: Path
) -> None:
    store, settings = shipped[0], shipped[1].model_copy(update={"knowledge_dir": tmp_path})
    before = ask("掌银", store, settings).hits[0]
    assert "手机银行" not in before.title + before.passage.text
    (tmp_path / SYNONYMS_FILE).write_text("- [掌银, 手机银行]\n", "utf-8")
    hits = ask("掌银", store, settings).hits
    assert "手机银行" in hits[0].title + hits[0].passage.text


def test_a_wrong_synonym_file_is_named_with_its_line(
    store: Store, settings: Settings, shelf: Path, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"knowledge_dir": tmp_path})
    (tmp_path / SYNONYMS_FILE).write_text("- [定存, 整存整取]\n- 国债\n", "utf-8")
    with pytest.raises(InputError) as error:
        files.found("定存", store, settings)
    assert (error.value.row, error.value.file) == (2, str(tmp_path / SYNONYMS_FILE))


def test_today_s_rate_is_found_today_and_the_old_one_as_of_its_own_time(
    store: Store, settings: Settings, shelf: Path
) -> None:
    def rates(day: date) -> set[str]:
        query = SearchQuery("三年期整存整取利率", day)
        hits = search(query, store, settings, files.EVERYONE).hits
        return {hit.passage.document_id for hit in hits if hit.passage.product_code}

    assert rates(files.TODAY) == {"product/DEP-3Y"}
    assert rates(date(2026, 6, 1)) == {"product/DEP-3Y@2026-03-01"}
    assert rates(date(2026, 10, 14)) == {"product/DEP-3Y@2026-03-01"}
    assert rates(date(2026, 10, 15)) == {"product/DEP-3Y"}
    assert rates(date(2025, 1, 1)) == set()


def test_customers_never_see_scripts_regulations_or_private_products(
    shipped: tuple[Store, Settings],
) -> None:
    store, settings = shipped
    knowledge = store.knowledge(files.EVERYONE)
    internal = [p for p in knowledge.all_passages() if p.audience is Audience.INTERNAL]
    assert len(internal) > 50
    for passage in internal[::4]:
        query = SearchQuery(passage.text[:40], files.TODAY, audience=Audience.CUSTOMER)
        hits = search(query, store, settings, files.EVERYONE).hits
        assert all(hit.passage.audience is Audience.CUSTOMER for hit in hits)


def test_kind_and_product_limit_what_is_found(
    store: Store, settings: Settings, shelf: Path
) -> None:
    found = files.found("提前支取 限额 触达", store, settings, kind=PassageKind.REGULATION)
    assert set(found) == {"regulation/marketing-policy"}
    query = SearchQuery("产品概要", files.TODAY, product_code="PRIV-01")
    hits = search(query, store, settings, files.EVERYONE).hits
    assert {hit.passage.product_code for hit in hits} == {"PRIV-01"}


def test_a_product_that_is_not_on_sale_is_not_found(
    store: Store, settings: Settings, shelf: Path
) -> None:
    files.load_products(store, "DEP-3Y", "PRIV-01")
    assert "product/DEP-3Y" in files.found("提前支取怎么计息", store, settings)
    files.load_products(store, "DEP-3Y", "PRIV-01", sale_to=date(2026, 11, 19))
    assert "product/DEP-3Y" not in files.found("提前支取怎么计息", store, settings)
    assert "faq/cards" in files.found("卡被限额", store, settings)


def test_a_branch_finds_its_own_documents_and_the_shared_ones(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    sheet = files.SHEET.replace("audiences:", "branches: [BR02]\naudiences:")
    path = tmp_path / "DEP-3Y.md"
    path.write_text(sheet, "utf-8")
    files.take_in(store, settings, path)
    east = Principal("S1002", frozenset({Role.WEALTH}), frozenset({"BR01"}))
    river = replace(east, user_id="S2002", branches=frozenset({"BR02"}))
    assert files.found("提前支取", store, settings, principal=east) == []
    assert files.found("提前支取", store, settings, principal=river)
    for_east = SearchQuery("提前支取", files.TODAY, branches=frozenset({"BR01"}))
    assert search(for_east, store, settings, files.EVERYONE).hits == ()


def test_a_revocation_holds_even_for_an_index_that_still_has_the_passage(
    store: Store, settings: Settings, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["copilot.knowledge.search"]
    index, _ = module.current_index(store)
    with store.writer_lock():
        remove("faq/cards", store)
    monkeypatch.setattr(module, "current_index", lambda _store: (index, ()))
    assert index.ranked(["限"], Scope(files.TODAY), 5)
    assert "faq/cards" not in files.found("卡被限额", store, settings)


@pytest.mark.parametrize("damage", ["missing", "garbage", "truncated", "other format", "empty"])
def test_a_damaged_index_is_rebuilt_without_a_word(
    store: Store, settings: Settings, shelf: Path, damage: str
) -> None:
    before = files.found("卡被限额", store, settings)
    path = settings.data_dir / "index" / "lexical.db"
    content = path.read_bytes()
    path.unlink()
    match damage:
        case "garbage":
            path.write_bytes(b"\x00\xff" * 5000)
        case "truncated":
            path.write_bytes(content[: len(content) // 3])
        case "empty":
            path.write_bytes(b"")
        case "other format":
            path.write_bytes(content)
            with sqlite3.connect(path) as database:
                database.execute("UPDATE meta SET value = 'another' WHERE key = 'format'")
    result = ask("卡被限额", store, settings)
    assert [hit.passage.document_id for hit in result.hits] == before
    assert result.notes == ()


def test_an_index_folder_that_cannot_be_written_is_done_without_and_said(
    store: Store, settings: Settings, shelf: Path
) -> None:
    import shutil

    before = files.found("卡被限额", store, settings)
    shutil.rmtree(settings.data_dir / "index")
    (settings.data_dir / "index").write_text("", "utf-8")
    result = ask("卡被限额", store, settings)
    assert [hit.passage.document_id for hit in result.hits] == before
    assert result.notes == (IN_MEMORY,)


def test_an_index_brought_up_to_date_ranks_as_one_built_anew(tmp_path: Path) -> None:
    def passage(number: int, version: int, text: str) -> Passage:
        document = f"file/{number}"
        kind = PassageKind.REGULATION
        ident = f"{document}:v{version}:1-x"
        return Passage(ident, document, version, kind, "办法", text, 0, len(text), "")

    old = [passage(n, 1, f"第{n}项业务{'调整' * (n % 5)}的规定") for n in range(60)]
    new = [passage(n, 2, f"第{n}项柜面限额{'核实' * (n % 4)}的规定") for n in range(0, 60, 7)]
    now = [p for p in old if int(p.document_id[5:]) % 7] + new
    updated, fresh = IndexFolder(tmp_path / "改"), IndexFolder(tmp_path / "新")
    updated.build(1, old)
    updated.build(2, now)
    fresh.build(2, now)
    one, other = updated.open(), fresh.open()
    assert one is not None
    assert other is not None
    query = query_terms("柜面限额调整", Synonyms()).own
    anybody = Scope(files.TODAY)
    ranked = [dict(index.ranked(query, anybody, 60)) for index in (one, other)]
    assert len(ranked[0]) > 40
    assert ranked[0] == pytest.approx(ranked[1])
    assert one.weights(query) == other.weights(query)
    ids = [p.passage_id for p in (*old, *new)]
    kept = {p.passage_id for p in now}
    assert one.allowed(ids, anybody) == other.allowed(ids, anybody) == kept


@pytest.mark.parametrize("question", ["", "   ", "。。。！", "qwxz zzkjh", "😀😀"])
def test_a_question_without_anything_to_find_gets_an_honest_nothing(
    shipped: tuple[Store, Settings], question: str
) -> None:
    result = ask(question, *shipped)
    assert result.hits == ()
    assert NOTHING_FOUND in result.notes


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ('利率" OR "密码', "利率 or 密码"),
        ("利率 NEAR(密码)", "利率 near 密码"),
        ("body:利率*", "body 利率"),
        ("利率'; --", "利率"),
    ],
)
def test_query_syntax_is_only_text(
    shipped: tuple[Store, Settings], question: str, words: str
) -> None:
    found = [hit.passage.passage_id for hit in ask(question, *shipped).hits]
    assert found
    assert found == [hit.passage.passage_id for hit in ask(words, *shipped).hits]


def test_the_snippet_marks_the_sentence_that_answers(
    store: Store, settings: Settings, shelf: Path
) -> None:
    hit = ask("提前支取按什么计息", store, settings).hits[0]
    assert f"{OPEN}没到期也能取，提前支取的部分按支取日活期利率计息。{CLOSE}" in hit.snippet
    hit = ask("银行卡限额怎么提高", store, settings).hits[0]
    assert "其他问法" not in hit.snippet
    assert faq_parts(hit.passage).ask_whom == "营业主管"


def test_the_same_question_gives_the_same_answer_in_the_same_order(
    shipped: tuple[Store, Settings],
) -> None:
    first, second = ask("理财赎回多久到账", *shipped), ask("理财赎回多久到账", *shipped)
    assert first == second
    scores = [hit.score for hit in first.hits]
    assert scores == sorted(scores, reverse=True)
    assert len(first.hits) == 10


def test_a_retrieval_chain_composes_over_search(
    store: Store, settings: Settings, shelf: Path
) -> None:
    from langchain_core.runnables import RunnableLambda

    template = SearchQuery("", files.TODAY, k=2, audience=Audience.CUSTOMER)
    retriever = as_retriever(template, store, settings, files.EVERYONE)
    chain = retriever | RunnableLambda(lambda found: [d.metadata["document"] for d in found])
    assert chain.invoke("卡被限额了怎么解除")[0] == "faq/cards"
    (document, *_) = retriever.invoke("卡被限额了怎么解除")
    assert document.metadata["citation"].startswith("常见问题 card.limited")


def test_the_command_prints_exactly_the_documented_fields(
    store: Store, settings: Settings, shelf: Path
) -> None:
    files.load_products(store, "DEP-3Y", "PRIV-01")
    app = typer.Typer()
    app.command()(search_command)
    home = ["--data-dir", str(settings.data_dir), "--format", "json", "--as-of", "2026-06-01"]
    result = CliRunner().invoke(app, ["三年期整存整取利率", "--kind", "product", "-k", "1", *home])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["query"] == "三年期整存整取利率"
    (hit,) = document["results"]
    assert list(hit) == [
        "passage_id", "document", "title", "text", "score", "citation", "valid_from", "valid_to"
    ]  # fmt: skip
    assert (hit["valid_from"], hit["valid_to"]) == ("2026-03-01", "2026-10-15")
    nothing = CliRunner().invoke(app, ["qwxz zzkjh", *home])
    assert nothing.exit_code == 0
    assert json.loads(nothing.stdout)["results"] == []


def test_revoking_takes_effect_within_a_second_for_a_reader_who_is_already_searching(
    store: Store, settings: Settings, shelf: Path
) -> None:
    with ThreadPoolExecutor(1) as other:
        search_there = partial(other.submit, files.found, "卡被限额", store, settings)
        assert "faq/cards" in search_there().result()
        with store.writer_lock():
            remove("faq/cards", store)
        removed = time.monotonic()
        assert "faq/cards" not in search_there().result()
        assert time.monotonic() - removed < 1.0
