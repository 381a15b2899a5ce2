"""Quotes: a sentence stands on the literal words of a valid, permitted passage, or it goes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import knowledge_files as files
import pytest

from copilot.knowledge.quotes import numbers, verify
from copilot.records.codes import Audience
from copilot.records.knowledge import Citation, Passage
from copilot.settings import Settings
from copilot.store import Store


@pytest.fixture
def passages(store: Store, settings: Settings, tmp_path: Path) -> dict[str, Passage]:
    files.take_in(store, settings, files.write_shelf(tmp_path / "资料"))
    return {
        p.heading + str(p.valid_from): p for p in store.knowledge(files.EVERYONE).all_passages()
    }


@pytest.fixture
def overview(passages: dict[str, Passage]) -> Passage:
    return passages["三年期整存整取 / 产品概要2026-10-15"]


def why_not(
    store: Store,
    sentence: str,
    quote: str,
    passage_id: str,
    *,
    as_of: date = files.TODAY,
    audience: Audience = Audience.CUSTOMER,
    facts: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
) -> tuple[str, ...]:
    kept, dropped = verify(
        [Citation(sentence, passage_id, quote)],
        store.knowledge(files.EVERYONE),
        as_of=as_of,
        audience=audience,
        facts=facts,
        product_names=names,
    )
    assert len(kept) + len(dropped) == 1
    return dropped[0].problems if dropped else ()


def test_a_literal_quote_with_its_figures_holds(store: Store, overview: Passage) -> None:
    sentence = "三年期整存整取现在的挂牌年利率是1.45%。"
    quote = "三年期整存整取，50元起存，现行挂牌年利率1.45%"
    assert why_not(store, sentence, quote, overview.passage_id) == ()


@pytest.mark.parametrize(
    "quote", ["现行挂牌年利率1.55%", "现行挂牌年利率 1.45%", "五十元起存", "本产品保本保息"]
)
def test_a_quote_that_is_not_the_passage_s_own_words_goes(
    store: Store, overview: Passage, quote: str
) -> None:
    found = why_not(store, "利率以公示为准。", quote, overview.passage_id)
    assert found == ("引文不是原文中的原话",)


@pytest.mark.parametrize("quote", ["", " ", "利率", "。"])
def test_a_quote_too_short_to_prove_anything_goes(
    store: Store, overview: Passage, quote: str
) -> None:
    assert "引文不足" in why_not(store, "可以办理。", quote, overview.passage_id)[0]


@pytest.mark.parametrize(
    "sentence",
    ["年利率是1.55%。", "50万元起存。", "起存金额是500元。", "五年期也一样。", "利率百分之二。"],
)
def test_a_figure_that_the_quote_does_not_state_goes(
    store: Store, overview: Passage, sentence: str
) -> None:
    quote = "三年期整存整取，50元起存，现行挂牌年利率1.45%"
    assert "没有这些数字" in why_not(store, sentence, quote, overview.passage_id)[0]


def test_a_figure_may_come_from_the_record_instead(store: Store, overview: Passage) -> None:
    sentence, quote = "50元起存，期限3年。", "50元起存"
    assert why_not(store, sentence, quote, overview.passage_id) != ()
    assert why_not(store, sentence, quote, overview.passage_id, facts=("3年", "1.45%")) == ()


def test_another_product_s_name_goes(store: Store, overview: Passage) -> None:
    names = ("三年期整存整取", "三年期大额存单")
    quote = "50元起存，现行挂牌年利率1.45%"
    own = why_not(store, "三年期整存整取，50元起存。", quote, overview.passage_id,
                  names=names, facts=("3年",))  # fmt: skip
    other = why_not(store, "三年期大额存单，50元起存。", quote, overview.passage_id,
                    names=names, facts=("3年",))  # fmt: skip
    assert own == ()
    assert other == ("引文和产品记录中没有这个产品：三年期大额存单",)


def test_an_old_rate_may_be_cited_for_its_own_time_only(
    store: Store, passages: dict[str, Passage]
) -> None:
    old = passages["三年期整存整取 / 产品概要2026-03-01"]
    sentence, quote = "当时的年利率是1.55%。", "当时挂牌年利率1.55%"
    assert why_not(store, sentence, quote, old.passage_id, as_of=date(2026, 6, 1)) == ()
    assert why_not(store, sentence, quote, old.passage_id) == ("资料在 2026-11-20 无效",)


def test_an_internal_passage_is_not_cited_to_a_customer(
    store: Store, passages: dict[str, Passage]
) -> None:
    article = passages["营销宣传管理规程 / 第一条 触达间隔2026-01-01"]
    sentence, quote = "两次触达间隔不少于30天。", "间隔不少于30天"
    staff = why_not(store, sentence, quote, article.passage_id, audience=Audience.INTERNAL)
    customer = why_not(store, sentence, quote, article.passage_id)
    assert "资料仅供行内使用" in customer
    assert "引文和产品记录中没有这些数字" in staff[0]  # "两次" is the sentence's own invention
    sentence = "触达间隔不少于30天。"
    assert why_not(store, sentence, quote, article.passage_id, audience=Audience.INTERNAL) == ()


def test_a_passage_that_does_not_exist_or_was_withdrawn_proves_nothing(
    store: Store, overview: Passage
) -> None:
    from copilot.knowledge import remove

    with store.writer_lock():
        remove("product/DEP-3Y", store)
    for passage_id in (overview.passage_id, "faq/没有:v1:1-0"):
        assert "已撤下" in why_not(store, "50元起存。", "50元起存", passage_id)[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.45％", "百分之一点四五"), ("三年", "3年"), ("1,000元", "1000元"), ("十二个月", "12个月")],
)
def test_one_figure_in_two_spellings_is_one_figure(one: str, other: str) -> None:
    assert numbers(one) == numbers(other)


@pytest.mark.parametrize(
    ("one", "other"), [("5元", "5万元"), ("3年", "3个月"), ("1.45%", "1.45"), ("R2", "R3")]
)
def test_the_unit_is_part_of_the_figure(one: str, other: str) -> None:
    assert numbers(one) != numbers(other)
