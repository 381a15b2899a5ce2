"""The store: scopes, the audit chain, and what is left after a crash."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from copilot.errors import Busy, DependencyError, Forbidden, NotFound, StateError
from copilot.records.codes import Audience, PassageKind, Role
from copilot.records.generation import Generation
from copilot.records.knowledge import Document, Passage
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store, schema

EVERYONE = Principal.operator()
EAST = Principal("S1002", frozenset({Role.WEALTH}), frozenset({"BR01"}))
RIVER = Principal("S2002", frozenset({Role.WEALTH}), frozenset({"BR02"}))


def load_two_customers(store: Store) -> None:
    folder = store.data_dir / "facts" / "g1"
    folder.mkdir(parents=True)
    generation = Generation(
        "g1",
        folder,
        date(2026, 11, 20),
        {"customers": 2},
        frozenset({"labels"}),
        "abc",
        datetime(2026, 11, 20, 8),
    )
    customers = [
        {"customer_id": "C1", "name": "林晓梅", "gender": "F", "branch_id": "BR01"},
        {"customer_id": "C2", "name": "周建国", "gender": "M", "branch_id": "BR02"},
    ]
    consents = [
        {
            "customer_id": "C1",
            "purpose": "marketing",
            "channel": "all",
            "at": datetime(2026, day, 1),
            "granted": day < 11,
        }
        for day in (3, 11, 12)
    ]
    with store.transaction() as connection:
        store.facts.activate(connection, generation, {"customers": customers, "consents": consents})


@pytest.mark.parametrize(("revision", "way_on"), [("9999", "更新版本"), ("0001", "copilot init")])
def test_a_store_of_another_version_says_which_program_or_command_helps(
    settings: Settings, store: Store, revision: str, way_on: str
) -> None:
    with store.transaction() as connection:
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    with pytest.raises(StateError, match=revision) as refusal:
        Store.open(settings)
    assert way_on in refusal.value.next


def test_migrations_end_in_exactly_the_declared_schema(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == schema.HEAD


def test_a_missing_store_says_how_to_make_one(settings: Settings) -> None:
    with pytest.raises(StateError, match="还没有库") as caught:
        Store.open(settings)
    assert "copilot init" in caught.value.next


def test_a_store_without_tables_says_how_to_load_them(store: Store) -> None:
    with pytest.raises(StateError, match="还没有载入"):
        store.facts.current()


def test_a_customer_of_another_branch_is_refused_not_shown(store: Store) -> None:
    load_two_customers(store)
    assert store.customers(EAST).get("C1").salutation == "林女士"
    with pytest.raises(Forbidden) as caught:
        store.customers(EAST).get("C2")
    assert "周" not in str(caught.value)
    assert "BR02" not in str(caught.value)
    assert store.customers(EAST).ids() == ["C1"]
    assert store.customers(EAST).names(["C1", "C2"]) == {"C1": "林晓梅"}
    assert store.customers(EVERYONE).ids() == ["C1", "C2"]


def test_an_unknown_customer_is_named_in_the_error(store: Store) -> None:
    load_two_customers(store)
    with pytest.raises(NotFound, match="C9"):
        store.customers(EVERYONE).get("C9")


def test_a_name_typed_as_an_id_is_not_repeated(store: Store) -> None:
    load_two_customers(store)
    with pytest.raises(NotFound) as caught:
        store.customers(EVERYONE).get("林晓梅")
    assert "林晓梅" not in str(caught.value)


def test_full_width_and_lower_case_ids_are_understood(store: Store) -> None:
    load_two_customers(store)
    assert store.customers(EVERYONE).get(" ｃ１ ").customer_id == "C1"


def test_a_customer_file_holds_nothing_later_than_its_date(store: Store) -> None:
    load_two_customers(store)
    file = store.customers(EVERYONE).file("C1", date(2026, 11, 20))
    assert [consent.at.month for consent in file.consents] == [3, 11]
    assert file.missing_tables == frozenset({"labels"})


def test_reloading_tables_keeps_rows_that_were_recorded_live(store: Store) -> None:
    load_two_customers(store)
    events, generation = schema.dimensions["events"], store.facts.current()
    with store.transaction() as connection:
        connection.execute(
            events.insert().values(
                id="E1",
                staff_id="S1",
                at=datetime(2026, 11, 20, 9),
                kind="visit",
                row_origin="live",
            )
        )
        store.facts.activate(connection, generation, {})
    with store.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 1
    assert store.customers(EVERYONE).ids() == []


def test_a_data_directory_can_be_moved(store: Store, settings: Settings, tmp_path: Path) -> None:
    load_two_customers(store)
    store.close()
    moved = tmp_path / "moved"
    settings.data_dir.rename(moved)
    opened = Store.open(settings.model_copy(update={"data_dir": moved}))
    assert opened.facts.current().directory == moved / "facts" / "g1"
    opened.close()


def draft(store: Store, draft_id: str, text: str, principal: Principal = EVERYONE) -> bool:
    with store.transaction() as connection:
        return store.drafts(principal).save(
            connection,
            draft_id=draft_id,
            kind="draft.pitch",
            customer_id="C1",
            branch_id="BR01",
            document={"text": text},
            evidence={"product": "DEP-3Y"},
        )


def test_a_draft_is_stored_once_and_sealed(store: Store) -> None:
    assert draft(store, "D1", "林女士，您问的三年期定存……")
    assert not draft(store, "D1", "林女士，您问的三年期定存……")
    with pytest.raises(ValueError, match="other content"):
        draft(store, "D1", "换了一句话")
    verdict = store.audit.verify()
    assert (verdict.ok, verdict.entries) == (True, 2)
    kinds = [entry.kind for entry in store.audit.entries(subject="D1")]
    assert kinds == ["draft.pitch.again", "draft.pitch"]


def test_a_draft_of_another_branch_is_refused(store: Store) -> None:
    draft(store, "D1", "您好")
    assert store.drafts(EAST).get("D1")["draft"] == {"text": "您好"}
    with pytest.raises(Forbidden):
        store.drafts(RIVER).get("D1")


@pytest.mark.parametrize(
    ("tampering", "first_bad"),
    [
        ("UPDATE audit_log SET payload = replace(payload, 'C1', 'C7') WHERE seq = 2", 2),
        ("UPDATE audit_log SET at = '2026-01-01T00:00:00.000+00:00' WHERE seq = 3", 3),
        ("DELETE FROM audit_log WHERE seq = 2", 3),
        ("DELETE FROM audit_log WHERE seq = 5", 5),
        ("UPDATE drafts SET document = replace(document, '年', '月') WHERE draft_id = 'D4'", 4),
        ("DELETE FROM drafts WHERE draft_id = 'D1'", 1),
    ],
)
def test_one_changed_byte_is_found(store: Store, tampering: str, first_bad: int) -> None:
    for number in range(1, 6):
        draft(store, f"D{number}", f"三年期定存第{number}稿")
    with store.transaction() as connection:
        connection.exec_driver_sql(tampering)
    verdict = store.audit.verify()
    assert not verdict.ok
    assert verdict.first_bad == first_bad


def test_an_auditor_recomputes_the_chain_from_the_table_alone(store: Store) -> None:
    for number in range(1, 4):
        draft(store, f"D{number}", f"三年期定存第{number}稿")
    before = "0" * 64
    with store.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT seq, at, actor, kind, subject, payload, hash FROM audit_log ORDER BY seq"
        ).all()
    for *parts, sealed in rows:
        digest = hashlib.sha256()
        for part in (before, *map(str, parts)):
            digest.update(len(part.encode()).to_bytes(8, "big") + part.encode())
        assert digest.hexdigest() == sealed
        before = sealed
    assert len(rows) == 3


def test_a_failed_transaction_leaves_neither_draft_nor_audit_entry(store: Store) -> None:
    def save_and_fail() -> None:
        with store.transaction() as connection:
            store.drafts(EVERYONE).save(
                connection,
                draft_id="D1",
                kind="draft.pitch",
                customer_id=None,
                branch_id=None,
                document={},
                evidence={},
            )
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        save_and_fail()
    assert store.audit.verify().entries == 0
    with pytest.raises(NotFound):
        store.drafts(EVERYONE).get("D1")


def passage(number: int, text: str, branches: tuple[str, ...] = ()) -> Passage:
    return Passage(
        f"doc@{number}#0",
        "doc",
        number,
        PassageKind.FAQ,
        "常见问题",
        text,
        0,
        len(text),
        "《手册》",
        branches=branches,
    )


def test_replacing_a_document_keeps_old_passages_for_old_citations(store: Store) -> None:
    repository = store.knowledge(EVERYONE)
    for number, text in ((1, "旧的说法"), (2, "新的说法")):
        document = Document(
            "doc", number, PassageKind.FAQ, "手册", "faq/a.yaml", str(number), Audience.CUSTOMER
        )
        with store.transaction() as connection:
            repository.replace_document(connection, document, [passage(number, text)])
    assert repository.revision() == 2
    assert [p.text for p in repository.all_passages()] == ["新的说法"]
    assert repository.passage("doc@1#0").text == "旧的说法"
    assert list(repository.visible(["doc@1#0", "doc@2#0"])) == ["doc@2#0"]


def test_a_passage_of_another_branch_does_not_exist_for_others(store: Store) -> None:
    document = Document(
        "doc", 1, PassageKind.FAQ, "手册", "a.yaml", "h", Audience.INTERNAL, ("BR02",)
    )
    with store.transaction() as connection:
        store.knowledge(EVERYONE).replace_document(
            connection, document, [passage(1, "滨江支行专用", ("BR02",))]
        )
    assert store.knowledge(EAST).documents() == []
    assert store.knowledge(EAST).visible(["doc@1#0"]) == {}
    with pytest.raises(NotFound):
        store.knowledge(EAST).passage("doc@1#0")
    assert store.knowledge(RIVER).passage("doc@1#0").text == "滨江支行专用"


def test_a_second_writer_is_told_to_wait(store: Store, settings: Settings) -> None:
    second = Store.open(settings)
    with store.writer_lock(), pytest.raises(Busy) as caught, second.writer_lock():
        pass
    assert "--data-dir" in caught.value.next
    with second.writer_lock():
        pass
    second.close()


def test_a_damaged_database_is_named_without_a_traceback(settings: Settings) -> None:
    Store.create(settings).close()
    (settings.data_dir / "copilot.db").write_bytes(b"not a database at all" * 500)
    with pytest.raises(DependencyError, match="损坏"):
        Store.open(settings)


WRITER = """
    import sys
    from pathlib import Path
    from copilot.records.staff import Principal
    from copilot.settings import load_settings
    from copilot.store import Store
    store = Store.open(load_settings(data_dir=Path(sys.argv[1])))
    start = int(sys.argv[2])
    for number in range(start, start + 100_000):
        with store.transaction() as connection:
            store.drafts(Principal.operator()).save(
                connection, draft_id=f"D{number}", kind="draft.pitch", customer_id=None,
                branch_id=None, document={"text": "定存" * 200}, evidence={"n": number})
        print(number, flush=True)
"""


def test_kill_at_any_moment_leaves_a_store_that_opens_and_continues(
    store: Store, settings: Settings
) -> None:
    acknowledged = 0
    for attempt in range(5):
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                textwrap.dedent(WRITER),
                str(settings.data_dir),
                str(attempt * 100_000),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for _ in range(3 + 4 * attempt):
            if process.stdout.readline():
                acknowledged += 1
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += len(process.stdout.read().splitlines())
        process.wait()
        verdict = store.audit.verify()
        assert verdict.ok
        assert acknowledged <= verdict.entries <= acknowledged + attempt + 1
