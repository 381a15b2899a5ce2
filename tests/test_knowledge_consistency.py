"""Contradictions: the knowledge against the records, and against itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import knowledge_files as files
import pytest
from knowledge_records import EVERYONE, load_records, say

from copilot.knowledge.care import Age, aging
from copilot.knowledge.consistency import Conflict, Kind, conflicts
from copilot.records.codes import PassageKind
from copilot.settings import Settings
from copilot.store import Store


@pytest.fixture
def filled(store: Store, settings: Settings, shelf: Path) -> Store:
    load_records(store)
    files.take_in(store, settings, shelf)
    return store


def kinds(store: Store) -> list[tuple[Kind, tuple[str, ...]]]:
    return [(c.kind, c.documents) for c in found(store)]


def found(store: Store) -> list[Conflict]:
    return conflicts(store, EVERYONE, files.TODAY)


def test_the_shelf_and_its_records_agree(filled: Store) -> None:
    assert found(filled) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("rate_bp", 150.0, "1.50%"),
        ("min_amount", 100_00, "100元"),
        ("term_days", 365, "1年"),
        ("name", "三年定存", "三年定存"),
        ("issuer", "别的银行", "别的银行"),
    ],
)
def test_a_sheet_that_states_another_fact_than_the_record_is_reported(
    store: Store, settings: Settings, shelf: Path, field: str, value: object, said: str
) -> None:
    load_records(store, **{field: value})
    files.take_in(store, settings, shelf)
    reported = [c for c in found(store) if c.kind is Kind.RECORD]
    assert {c.documents for c in reported} == {("product/DEP-3Y",)}
    assert any(said in c.message for c in reported)


def test_a_figure_in_a_sheet_s_prose_that_the_record_lacks_is_reported(
    filled: Store, settings: Settings, shelf: Path
) -> None:
    prose = files.SHEET.replace("现行挂牌年利率1.45%", "现行挂牌年利率1.65%")
    (shelf / "products/DEP-3Y.md").write_text(prose, "utf-8")
    files.take_in(filled, settings, shelf)
    (conflict,) = found(filled)
    assert (conflict.kind, conflict.documents) == (Kind.RECORD, ("product/DEP-3Y",))
    assert "1.65%" in conflict.message


@pytest.mark.parametrize(
    ("sentence", "reported"),
    [
        ("三年期整存整取的年利率是1.55%。", True),
        ("三年期整存整取的年利率是1.45%。", False),
        ("三年期整存整取此前的年利率是1.55%。", False),
        ("DEP-3Y 100元起存。", True),
        ("DEP-3Y 要50元起。", False),
        ("DEP-3Y 的存期为5年。", True),
        ("DEP-3Y 的存期是3年，也就是36个月。", False),
        ("DEP-3Y 期限36个月。", False),
        ("三年期整存整取和远山一号私募基金的年利率不是1.55%。", False),
        ("到柜台办理，手续费1.55%。", False),
    ],
)
def test_a_question_that_gives_a_product_another_figure_is_reported(
    filled: Store, sentence: str, reported: bool
) -> None:
    say(filled, "faq/rates", sentence)
    expected = [(Kind.MENTION, ("faq/rates",))] if reported else []
    assert kinds(filled) == expected


def test_an_entry_that_no_longer_holds_is_not_measured_by_today_s_record(filled: Store) -> None:
    said = "三年期整存整取的年利率是1.55%。"
    say(filled, "faq/rates", said, valid_to=date(2026, 10, 15))
    assert found(filled) == []


def test_one_sentence_with_two_figures_is_reported_while_both_hold(filled: Store) -> None:
    said = "个人客户每日柜面取现超过{}万元须提前一天预约。"
    policy = {"kind": PassageKind.REGULATION}
    say(filled, "faq/cash", said.format(5), valid_to=date(2026, 12, 1))
    say(filled, "regulation/cash", said.format("十"), **policy)
    assert kinds(filled) == [(Kind.FIGURE, ("faq/cash", "regulation/cash"))]
    say(filled, "regulation/cash", said.format("十"), **policy, valid_from=date(2026, 12, 1))
    assert found(filled) == []


def test_sentences_about_two_terms_are_not_taken_for_one(filled: Store) -> None:
    said = "{}年期的大额存单起点金额是{}万元，请到柜台办理。"
    say(filled, "faq/a", said.format(1, 20))
    say(filled, "faq/b", said.format(3, 30))
    assert found(filled) == []


def test_two_sheets_of_one_product_that_overlap_are_reported(
    filled: Store, settings: Settings, shelf: Path
) -> None:
    old = files.OLD_SHEET.replace("valid_to: 2026-10-15", "valid_to: 2026-10-20")
    (shelf / "products/DEP-3Y@2026-03-01.md").write_text(old, "utf-8")
    files.take_in(filled, settings, shelf)
    (conflict,) = (c for c in found(filled) if c.kind is Kind.OVERLAP)
    assert conflict.documents == ("product/DEP-3Y", "product/DEP-3Y@2026-03-01")
    assert "2026-10-20" in conflict.message


def test_one_question_with_two_answers_contradicts_and_a_copy_is_a_duplicate(
    filled: Store,
) -> None:
    question = "外地户口能不能开卡？"
    yes = "可以，带本人身份证和本地居住证明到柜台办理就行。"
    say(filled, "faq/a", yes, heading=question)
    say(filled, "faq/b", "不可以，请回户口所在地开卡，本地不受理。", heading=question)
    assert kinds(filled) == [(Kind.QUESTION, ("faq/a", "faq/b"))]
    say(filled, "faq/b", yes.replace("到柜台", "，到柜台"), heading="外地人开卡")
    assert kinds(filled) == [(Kind.DUPLICATE, ("faq/a", "faq/b"))]
    (copy,) = found(filled)
    assert not copy.contradicts


def test_the_shipped_knowledge_has_no_contradiction_and_nothing_expired(bench: Any) -> None:
    reported = conflicts(bench.store, EVERYONE, bench.as_of)
    assert [c for c in reported if c.contradicts] == []
    old = aging(bench.store, EVERYONE, bench.as_of)
    assert [a for a in old if a.age is Age.EXPIRED] == []
    assert {a.age for a in old} >= {Age.UNSOLD, Age.HISTORY}
