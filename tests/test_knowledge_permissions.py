"""Who may read what: grants, revocations, and zero leaks through every face."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import knowledge_files as files
import pytest
from fake_openai import FakeOpenAI
from typer.testing import CliRunner

from copilot.cli.main import command_line
from copilot.errors import Forbidden, InputError, NotFound
from copilot.knowledge.grants import Readers, grant, revoke
from copilot.knowledge.quotes import verify
from copilot.records.codes import Audience, PassageKind, Role
from copilot.records.knowledge import Citation, Document, Passage, SearchQuery
from copilot.records.staff import Principal
from copilot.settings import Settings, load_settings
from copilot.store import Store
from copilot.store.copies import copy_data_dir

EVERYONE = Principal.operator()
WEALTH_EAST = Principal("S1002", frozenset({Role.WEALTH}), frozenset({"BR01"}))
TELLER_EAST = Principal("S1003", frozenset({Role.TELLER}), frozenset({"BR01"}))
WEALTH_RIVER = Principal("S2002", frozenset({Role.WEALTH}), frozenset({"BR02"}))
LEGAL_HQ = Principal("S9002", frozenset({Role.LEGAL}), None)
READERS = {
    "东城理财": WEALTH_EAST,
    "东城柜员": TELLER_EAST,
    "滨江理财": WEALTH_RIVER,
    "总行法律": LEGAL_HQ,
}
QUESTION = "卡被限额了怎么解除"
CARDS = "faq/cards"
RUNNER = CliRunner()


def who_finds(store: Store, settings: Settings) -> set[str]:
    return {
        name
        for name, principal in READERS.items()
        if CARDS in files.found(QUESTION, store, settings, principal=principal)
    }


def test_a_document_without_grants_is_open_to_all(filled: Store, settings: Settings) -> None:
    assert who_finds(filled, settings) == set(READERS)


@pytest.mark.parametrize(
    ("readers", "names"),
    [
        (Readers(branch="BR01"), {"东城理财", "东城柜员", "总行法律"}),
        (Readers(role=Role.WEALTH), {"东城理财", "滨江理财"}),
        (Readers(branch="BR01", role=Role.WEALTH), {"东城理财"}),
        (Readers(), set(READERS)),
    ],
)
def test_a_grant_leaves_the_document_to_those_it_names(
    filled: Store, settings: Settings, readers: Readers, names: set[str]
) -> None:
    grant(CARDS, readers, filled, EVERYONE)
    assert who_finds(filled, settings) == names


def test_a_revocation_wins_over_every_grant(filled: Store, settings: Settings) -> None:
    grant(CARDS, Readers(), filled, EVERYONE)
    revoke(CARDS, Readers(role=Role.WEALTH), filled, EVERYONE)
    grant(CARDS, Readers(branch="BR01", role=Role.WEALTH), filled, EVERYONE)
    assert who_finds(filled, settings) == {"东城柜员", "总行法律"}
    grant(CARDS, Readers(role=Role.WEALTH), filled, EVERYONE)
    assert who_finds(filled, settings) == set(READERS)


def test_the_last_grant_taken_back_does_not_open_the_document_to_all(
    filled: Store, settings: Settings
) -> None:
    grant(CARDS, Readers(branch="BR01"), filled, EVERYONE)
    revoke(CARDS, Readers(branch="BR01"), filled, EVERYONE)
    assert who_finds(filled, settings) == {"总行法律"}
    revoke(CARDS, Readers(), filled, EVERYONE)
    assert who_finds(filled, settings) == set()
    assert CARDS in files.found(QUESTION, filled, settings, principal=EVERYONE)


def test_grants_outlive_a_new_version_of_the_document(
    filled: Store, settings: Settings, tmp_path: Path
) -> None:
    grant(CARDS, Readers(branch="BR02"), filled, EVERYONE)
    path = tmp_path / "资料/faq/cards.yaml"
    path.write_text(files.FAQ.replace("先查原因", "先核验"), "utf-8")
    files.take_in(filled, settings, path)
    assert who_finds(filled, settings) == {"滨江理财", "总行法律"}


def test_a_document_kept_from_a_reader_does_not_exist_for_them(filled: Store) -> None:
    everything = filled.knowledge(EVERYONE)
    (passage, *_) = (p for p in everything.all_passages() if p.document_id == CARDS)
    grant(CARDS, Readers(branch="BR02"), filled, EVERYONE)
    mine = filled.knowledge(WEALTH_EAST)
    assert CARDS not in {document.document_id for document in mine.documents()}
    assert CARDS not in {found.document_id for found in mine.current_passages()}
    assert mine.visible([passage.passage_id]) == {}
    with pytest.raises(NotFound):
        mine.passage(passage.passage_id)
    with pytest.raises(NotFound):
        mine.versions(CARDS)


def test_a_reader_with_two_branches_needs_one_that_has_both_file_and_grant(
    store: Store, settings: Settings
) -> None:
    both = Principal("S3", frozenset({Role.WEALTH}), frozenset({"BR01", "BR02"}))
    document = Document("d", 1, PassageKind.FAQ, "t", "s", "h", branches=("BR02",))
    passage = Passage(
        "d:1",
        "d",
        1,
        PassageKind.FAQ,
        "旺季方案",
        "只在滨江支行办理。",
        0,
        9,
        "c",
        branches=("BR02",),
    )
    with store.transaction() as connection:
        store.knowledge(EVERYONE).replace_document(connection, document, [passage])
    assert files.found("旺季", store, settings, principal=both) == ["d"]
    revoke("d", Readers(branch="BR02"), store, EVERYONE)
    assert files.found("旺季", store, settings, principal=both) == []


def test_a_document_withdrawn_from_customers_stays_with_staff(
    filled: Store, settings: Settings
) -> None:
    (passage, *_) = (p for p in filled.knowledge(EVERYONE).all_passages() if p.document_id == CARDS)
    revoke(CARDS, Readers(audience=Audience.CUSTOMER), filled, EVERYONE)
    for principal in (EVERYONE, *READERS.values()):
        seen = {
            audience: CARDS
            in files.found(QUESTION, filled, settings, audience=audience, principal=principal)
            for audience in Audience
        }
        assert seen == {Audience.INTERNAL: True, Audience.CUSTOMER: False}
    citation = Citation("先查原因，再补材料。", passage.passage_id, "先查原因，再补材料")
    knowledge = filled.knowledge(EVERYONE)
    for audience, kept in ((Audience.INTERNAL, 1), (Audience.CUSTOMER, 0)):
        found, _ = verify([citation], knowledge, as_of=files.TODAY, audience=audience)
        assert len(found) == kept
    grant(CARDS, Readers(audience=Audience.CUSTOMER), filled, EVERYONE)
    assert CARDS in files.found(QUESTION, filled, settings, audience=Audience.CUSTOMER)
    assert who_finds(filled, settings) == set(READERS)


def test_a_grant_does_not_make_an_internal_document_the_customer_s(filled: Store) -> None:
    with pytest.raises(InputError, match="仅供行内"):
        grant("script/closing", Readers(audience=Audience.CUSTOMER), filled, EVERYONE)


def test_only_head_office_operations_give_and_take(filled: Store) -> None:
    for order in (grant, revoke):
        for principal in (WEALTH_EAST, LEGAL_HQ):
            with pytest.raises(Forbidden):
                order(CARDS, Readers(branch="BR01"), filled, principal)
    with pytest.raises(NotFound, match="faq/none"):
        grant("faq/none", Readers(branch="BR01"), filled, EVERYONE)


def test_every_order_is_in_the_audit_log(filled: Store) -> None:
    grant(CARDS, Readers(branch="BR01", role=Role.WEALTH), filled, EVERYONE)
    revoke(CARDS, Readers(role=Role.TELLER), filled, EVERYONE)
    last, first, *_ = filled.audit.entries(CARDS)
    assert (first.kind, first.payload["branch"]) == ("knowledge.grant", "BR01")
    assert (last.kind, last.payload["role"], last.actor) == (
        "knowledge.revoke",
        "teller",
        "operator",
    )
    assert filled.audit.verify().ok


SCRIPT_FOR_ALL = Passage(
    "script/x:v1:1",
    "script/x",
    1,
    PassageKind.SCRIPT,
    "三年期整存整取 收尾",
    "三年期整存整取：不着急，今天不必决定。",
    0,
    18,
    "内部话术 x",
    audience=Audience.CUSTOMER,
    product_code="DEP-3Y",
)


def test_a_script_that_calls_itself_public_is_never_found_for_a_customer(
    filled: Store, settings: Settings
) -> None:
    document = Document("script/x", 1, PassageKind.SCRIPT, "x", "x.yaml", "h", Audience.CUSTOMER)
    with filled.transaction() as connection:
        filled.knowledge(EVERYONE).replace_document(connection, document, [SCRIPT_FOR_ALL])
    with FakeOpenAI() as server:
        dense = settings.model_copy(
            update={
                "embedding_base_url": server.base_url,
                "embedding_model": "m1",
                "dense": "on",
            }
        )
        from copilot.knowledge.vectors import make_generation

        make_generation(filled, dense)
        for chosen in (settings, dense):
            for audience, found in ((Audience.INTERNAL, True), (Audience.CUSTOMER, False)):
                names = files.found("三年期整存整取 不着急", filled, chosen, audience=audience)
                assert ("script/x" in names) is found
    assert filled.knowledge(EVERYONE).visible(["script/x:v1:1"], Audience.CUSTOMER) == {}


def test_vectors_are_asked_for_more_when_most_of_the_nearest_are_kept_from_the_reader(
    store: Store, settings: Settings
) -> None:
    from copilot.knowledge.vectors import make_generation, nearest

    with store.transaction() as connection:
        for number in range(300):
            document = Document(f"d{number}", 1, PassageKind.FAQ, "t", "s", "h")
            text = f"定期存款到期后自动转存的办理方法，第{number}号。"
            passage = Passage(
                f"d{number}:1",
                f"d{number}",
                1,
                PassageKind.FAQ,
                "自动转存",
                text,
                0,
                len(text),
                "c",
            )
            store.knowledge(EVERYONE).replace_document(connection, document, [passage])
    for number in range(0, 300, 100):
        grant(f"d{number}", Readers(branch="BR01"), store, EVERYONE)
    from copilot.store.grants import put_grants

    with store.transaction() as connection:
        from copilot.records.access import Grant

        put_grants(connection, *(Grant(f"d{n}", branch="BR02") for n in range(300) if n % 100))
    with FakeOpenAI() as server:
        dense = settings.model_copy(
            update={"embedding_base_url": server.base_url, "embedding_model": "m1", "dense": "on"}
        )
        make_generation(store, dense)
        from copilot.knowledge.search import current_index, scope_of

        query = SearchQuery("自动转存怎么办理", files.TODAY)
        scope = scope_of(query, store, WEALTH_EAST)
        near, notes = nearest(query.text, scope, store, dense, current_index(store)[0])
    assert notes == ()
    assert sorted(near) == ["d0:1", "d100:1", "d200:1"]


WATCHER = """
    import json, sys, time
    from datetime import date
    from pathlib import Path
    from copilot.knowledge import search
    from copilot.records.codes import Role
    from copilot.records.knowledge import SearchQuery
    from copilot.records.staff import Principal
    from copilot.settings import load_settings
    from copilot.store import Store
    settings = load_settings(data_dir=Path(sys.argv[1]))
    store = Store.open(settings)
    reader = Principal("S1002", frozenset({Role.WEALTH}), frozenset({"BR01"}))
    query = SearchQuery(sys.argv[2], date(2026, 11, 20))
    seen = None
    while True:
        hits = search(query, store, settings, reader).hits
        found = any(hit.passage.document_id == sys.argv[3] for hit in hits)
        if found is not seen:
            print(json.dumps([found, time.time()]), flush=True)
            seen = found
        time.sleep(0.01)
"""


def test_a_revocation_reaches_a_service_that_is_running_within_a_second(
    filled: Store, settings: Settings
) -> None:
    service = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(WATCHER),
            str(settings.data_dir),
            QUESTION,
            CARDS,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert service.stdout is not None
    try:
        assert json.loads(service.stdout.readline())[0] is True
        for order, expected in ((revoke, False), (grant, True), (revoke, False)):
            given = time.time()
            order(CARDS, Readers(branch="BR01", role=Role.WEALTH), filled, EVERYONE)
            found, when = json.loads(service.stdout.readline())
            assert found is expected
            assert when - given <= 1.0
    finally:
        service.kill()
        service.communicate()


def test_a_script_taken_from_a_reader_leaves_their_talking_points_too(
    sample_home: Path, tmp_path: Path
) -> None:
    from copilot.pipeline.workbench import Workbench

    home = tmp_path / "库"
    copy_data_dir(sample_home, home)
    desk = Workbench.open(load_settings(data_dir=home), staff_id="S1002")
    console = Workbench.open(load_settings(data_dir=home))
    before = {script.script_id for script in desk.scripts}
    revoke("script/close", Readers(branch="BR01"), console.store, EVERYONE)
    after = {script.script_id for script in desk.scripts}
    assert before - after
    assert after < before == {script.script_id for script in console.scripts}
    grant("script/close", Readers(branch="BR01"), console.store, EVERYONE)
    assert {script.script_id for script in desk.scripts} == before
    desk.close()
    console.close()


# ---------------------------------------------------------------- the command line


def run(*words: str) -> tuple[int, dict[str, object]]:
    done = RUNNER.invoke(command_line(()), [*words, "--format", "json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout.strip() else {}


def test_grant_and_revoke_on_the_command_line(sample_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "库"
    copy_data_dir(sample_home, home)
    place = ("--data-dir", str(home))
    words = ("search", "卡被限额了", "-k", "100", "--kind", "faq", *place, "--as", "S1002")

    def documents() -> set[str]:
        _, body = run(*words)
        return {hit["document"] for hit in body["results"]}  # type: ignore[attr-defined]

    (document,) = {d for d in documents() if d == "faq/servicing-card"}
    code, body = run("knowledge", "grant", document, "--branch", "BR02", *place)
    assert code == 0
    assert body["grants"] == [{"branch": "BR02", "role": "*", "audience": "*", "effect": "grant"}]
    assert document not in documents()
    assert run("knowledge", "grant", document, "--branch", "BR01", *place)[0] == 0
    assert document in documents()
    assert run("knowledge", "revoke", document, "--role", "wealth", *place)[0] == 0
    assert document not in documents()
