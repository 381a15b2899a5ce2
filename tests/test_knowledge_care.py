"""Care: versions side by side, what grows old, export, and the commands."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import knowledge_files as files
import knowledge_records as records
import pytest
from typer.testing import CliRunner

from copilot.cli.main import command_line
from copilot.errors import InputError, NotFound
from copilot.knowledge.care import Age, aging, difference, view
from copilot.knowledge.export import export
from copilot.knowledge.grants import Readers, grant
from copilot.records.codes import Role
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store

EVERYONE = Principal.operator()
EAST = Principal("S1002", frozenset({Role.WEALTH}), frozenset({"BR01"}))
RUNNER = CliRunner()


@pytest.fixture
def filled(store: Store, settings: Settings, shelf: Path) -> Store:
    records.load_records(store)
    files.take_in(store, settings, shelf)
    return store


# ---------------------------------------------------------------- versions


def test_a_document_is_shown_with_its_versions_and_who_may_read_it(
    filled: Store, settings: Settings, shelf: Path
) -> None:
    (shelf / "faq/cards.yaml").write_text(files.FAQ.replace("先查原因", "先核验"), "utf-8")
    files.take_in(filled, settings, shelf)
    grant("faq/cards", Readers(branch="BR02"), filled, EVERYONE)
    newest = view("faq/cards", filled, EVERYONE)
    assert (newest.document.version, newest.current) == (2, 2)
    assert "先核验" in newest.passages[0].text
    assert [line.branch for line in newest.grants] == ["BR02"]
    first = view("faq/cards", filled, EVERYONE, version=1)
    assert "先查原因" in first.passages[0].text
    with pytest.raises(NotFound, match="第 3 版"):
        view("faq/cards", filled, EVERYONE, version=3)
    with pytest.raises(NotFound):
        view("faq/cards", filled, EAST)


def test_a_document_that_was_taken_out_is_shown_as_such(filled: Store) -> None:
    from copilot.knowledge import remove

    remove("faq/cards", filled)
    assert view("faq/cards", filled, EVERYONE).current is None


def test_a_difference_names_what_was_changed_added_and_removed(
    filled: Store, settings: Settings, shelf: Path
) -> None:
    text = files.FAQ.replace("先查原因", "先核验").replace("新员工几天能上岗", "新人几天上岗")
    (shelf / "faq/cards.yaml").write_text(text, "utf-8")
    files.take_in(filled, settings, shelf)
    changed = difference("faq/cards", filled, EVERYONE)
    assert (changed.before.version, changed.after.version, changed.unchanged) == (1, 2, 0)
    shape = [(c.heading, c.before is not None, c.after is not None) for c in changed.changes]
    assert shape == [
        ("卡被限额了，怎么解除？", True, True),
        ("新人几天上岗？", False, True),
        ("新员工几天能上岗？", True, False),
    ]


def test_a_changed_date_is_a_change(filled: Store, settings: Settings, shelf: Path) -> None:
    text = files.FAQ.replace("valid_to: null", "valid_to: 2026-12-31")
    (shelf / "faq/cards.yaml").write_text(text, "utf-8")
    files.take_in(filled, settings, shelf)
    changed = difference("faq/cards", filled, EVERYONE)
    assert [change.heading for change in changed.changes] == ["卡被限额了，怎么解除？"]
    assert changed.unchanged == 1


def test_versions_can_be_named_and_a_single_one_cannot_be_compared(
    filled: Store, settings: Settings, shelf: Path
) -> None:
    with pytest.raises(NotFound, match="没有更早的版本"):
        difference("faq/cards", filled, EVERYONE)
    for words in ("先核验", "先登记"):
        (shelf / "faq/cards.yaml").write_text(files.FAQ.replace("先查原因", words), "utf-8")
        files.take_in(filled, settings, shelf)
    changed = difference("faq/cards", filled, EVERYONE, since=1, until=3)
    before, after = changed.changes[0].before, changed.changes[0].after
    assert before is not None
    assert after is not None
    assert ("先查原因" in before.text, "先登记" in after.text) == (True, True)


# ---------------------------------------------------------------- what grows old


def ages(store: Store, as_of: date = files.TODAY, within: int = 30) -> dict[str, tuple[Age, int]]:
    return {
        item.document_id: (item.age, item.days or 0)
        for item in aging(store, EVERYONE, as_of, within)
    }


def test_what_expires_within_the_days_is_named_and_what_expires_later_is_not(
    filled: Store, settings: Settings, shelf: Path
) -> None:
    text = files.FAQ.replace("valid_to: null", "valid_to: 2026-12-20")
    (shelf / "faq/cards.yaml").write_text(text, "utf-8")
    files.take_in(filled, settings, shelf)
    assert ages(filled)["faq/cards"] == (Age.EXPIRING, 30)
    assert "faq/cards" not in ages(filled, within=29)
    assert ages(filled, date(2026, 12, 20))["faq/cards"] == (Age.EXPIRED, 0)
    assert ages(filled, date(2026, 12, 25))["faq/cards"] == (Age.EXPIRED, -5)


def test_only_the_entry_that_expires_is_named(
    filled: Store, settings: Settings, shelf: Path
) -> None:
    text = files.FAQ.replace("valid_to: null", "valid_to: 2026-12-01")
    (shelf / "faq/cards.yaml").write_text(text, "utf-8")
    files.take_in(filled, settings, shelf)
    (item,) = (a for a in aging(filled, EVERYONE, files.TODAY) if a.document_id == "faq/cards")
    assert "card.limited" in item.entry


def test_an_older_sheet_with_a_successor_is_history_and_without_one_has_expired(
    filled: Store, settings: Settings
) -> None:
    old = "product/DEP-3Y@2026-03-01"
    assert ages(filled)[old][0] is Age.HISTORY
    (item,) = (a for a in aging(filled, EVERYONE, files.TODAY) if a.document_id == old)
    assert item.successor == "product/DEP-3Y"
    from copilot.knowledge import remove

    remove("product/DEP-3Y", filled)
    assert ages(filled)[old][0] is Age.EXPIRED


def test_what_is_not_yet_in_force_and_what_is_not_sold_are_told_apart(filled: Store) -> None:
    assert ages(filled, date(2025, 12, 1))["regulation/marketing-policy"] == (Age.COMING, 31)
    assert "product/DEP-3Y" not in ages(filled)
    records.load_records(filled, sale_to=date(2026, 11, 1))
    assert ages(filled)["product/DEP-3Y"] == (Age.UNSOLD, -19)
    records.load_records(filled, sale_from=date(2026, 12, 1))
    assert ages(filled)["product/DEP-3Y"] == (Age.COMING, 11)


# ---------------------------------------------------------------- export


def test_an_export_holds_exactly_what_the_reader_may_read(filled: Store, tmp_path: Path) -> None:
    grant("faq/cards", Readers(branch="BR02"), filled, EVERYONE)
    for principal, cards in ((EVERYONE, True), (EAST, False)):
        out = tmp_path / f"{principal.user_id}.jsonl"
        documents, passages = export(out, filled, principal)
        rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        assert len(rows) == passages
        assert len({row["document_id"] for row in rows}) == documents
        assert ("faq/cards" in {row["document_id"] for row in rows}) is cards
        knowledge = filled.knowledge(principal)
        assert {row["passage_id"]: row["text"] for row in rows} == {
            p.passage_id: p.text for p in knowledge.current_passages()
        }


def test_an_export_to_a_folder_writes_below_it_whatever_the_documents_are_called(
    filled: Store, tmp_path: Path
) -> None:
    records.say(filled, "file/../../../旧 制度?.txt", "旧的说法，请以新的制度为准。")
    out = tmp_path / "导出"
    export(out, filled, EVERYONE)
    rows = [json.loads(line) for line in (out / "documents.jsonl").read_text("utf-8").splitlines()]
    for row in rows:
        path = (out / row["file"]).resolve()
        assert path.is_relative_to(out.resolve())
        assert row["title"] in path.read_text("utf-8")
    export(out, filled, EVERYONE)
    assert not list(out.rglob(".*.partial"))


def test_an_export_does_not_write_among_other_files(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "别的.txt").write_text("别的", "utf-8")
    with pytest.raises(InputError, match="别的文件"):
        export(tmp_path, filled, EVERYONE)


# ---------------------------------------------------------------- the command line


def run(home: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = RUNNER.invoke(
        command_line(()),
        ["knowledge", *words, "--data-dir", str(home), "--format", "json"],
        standalone_mode=False,
    )
    return done.return_value or 0, json.loads(done.stdout)


def text(home: Path, *words: str) -> str:
    return RUNNER.invoke(command_line(()), ["knowledge", *words, "--data-dir", str(home)]).stdout


def test_care_on_the_command_line(
    filled: Store, settings: Settings, shelf: Path, tmp_path: Path
) -> None:
    home = settings.data_dir
    (shelf / "faq/cards.yaml").write_text(
        files.FAQ.replace("先查原因", "先核验").replace("valid_to: null", "valid_to: 2026-12-01"),
        "utf-8",
    )
    files.take_in(filled, settings, shelf)

    code, body = run(home, "show", "faq/cards")
    assert (code, body["version"], body["current"], len(body["versions"])) == (0, 2, True, 2)
    assert "先核验" in text(home, "show", "faq/cards")

    code, body = run(home, "diff", "faq/cards")
    assert (code, body["from"], body["to"], body["unchanged"]) == (0, 1, 2, 1)
    shown = text(home, "diff", "faq/cards")
    assert "- 请带身份证和银行卡到柜台，先查原因，再补材料。" in shown
    assert "+ 请带身份证和银行卡到柜台，先核验，再补材料。" in shown

    code, body = run(home, "stale", "--within", "30d")
    assert (code, body["within_days"], body["as_of"]) == (0, 30, "2026-11-20")
    states = {item["document"]: item["state"] for item in body["items"]}
    assert states["faq/cards"] == "expiring"
    assert "即将失效" in text(home, "stale")
    code, body = run(home, "stale", "--as-of", "2026-12-02")
    assert code == 1

    assert run(home, "doctor") == (0, {"contradictions": 0, "duplicates": 0, "findings": []})
    records.say(filled, "faq/rates", "三年期整存整取的年利率是1.55%。")
    code, body = run(home, "doctor")
    assert (code, body["contradictions"], body["findings"][0]["kind"]) == (1, 1, "mention")
    assert "1.55%" in text(home, "doctor")

    code, body = run(home, "export", "--out", str(tmp_path / "全部.jsonl"))
    assert (code, body["documents"]) == (0, len(filled.knowledge(EVERYONE).documents()))
