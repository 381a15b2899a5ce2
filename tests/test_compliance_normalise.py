"""Folding undoes disguises and always knows the way back to the original text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.compliance.normalise import Normaliser
from copilot.compliance.pack import Pack
from copilot.paths import shipped


@pytest.fixture(scope="module")
def normaliser() -> Normaliser:
    return Pack.read(shipped("knowledge") / "rules" / "pack.json").normaliser


_NORMALISER = Pack.read(shipped("knowledge") / "rules" / "pack.json").normaliser

# Every code point, with the characters that folding acts on made likely.
_TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "保本息收益風險零百分之三点五个万 .·~|-—_…\n\t\u200b\ufeff\u3000１％ﬁ㎡阝佥贝兼💰❤️abbx"
        ),
    ),
    max_size=80,
)


@settings(deadline=None)
@given(_TEXTS)
def test_every_folded_character_maps_to_a_place_in_the_original(text: str) -> None:
    folded = _NORMALISER.fold(text)
    spans = [folded.span(i, i + 1) for i in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    assert [end for _, end in spans] == sorted(end for _, end in spans)


@settings(deadline=None)
@given(_TEXTS, st.data())
def test_a_span_slices_back_the_original_that_folds_to_it(text: str, data: st.DataObject) -> None:
    folded = _NORMALISER.fold(text)
    start = data.draw(st.integers(0, len(folded.text)))
    end = data.draw(st.integers(start, len(folded.text)))
    low, high = folded.span(start, end)
    assert 0 <= low <= high <= len(text)
    if start < end:
        before, after = folded.span(start, start + 1), folded.span(end - 1, end)
        assert (low, high) == (before[0], after[1])


@settings(deadline=None)
@given(_TEXTS)
def test_folding_a_folded_text_loses_no_guarded_word(text: str) -> None:
    once = _NORMALISER.fold(f"{text}。保本保息")
    assert once.text.endswith("保本保息")
    assert _NORMALISER.fold(once.text).text.endswith("保本保息")


def test_plain_text_keeps_every_offset(normaliser: Normaliser) -> None:
    folded = normaliser.fold("本产品不保证本金")
    assert [folded.span(at, at + 1) for at in range(8)] == [(at, at + 1) for at in range(8)]
    assert folded.text == "本产品不保证本金"


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("保　本 保 息", "保本保息"),
        ("零\u200b风\ufeff险", "零风险"),
        ("稳.赚.不.赔", "稳赚不赔"),
        ("保🔥本💰保息", "保本保息"),
        ("風險低、收益高", "风险低、收益高"),
        ("高丩攵益、零风阝佥", "高收益、零风险"),
        ("随便买随便贝兼", "随便买随便赚"),
        ("疯险为零", "风险为零"),
        ("bao本无风险", "保本无风险"),
        ("该理财bbfx", "该理财保本付息"),
        ("年化百分之三点五", "年化3.5%"),
        ("比定期高２个点", "比定期高2%"),
        ("保\n本\n保\n息", "保本保息"),
        ("ＡＰＰ", "app"),
    ],
)
def test_disguises_are_undone(normaliser: Normaliser, disguised: str, plain: str) -> None:
    assert normaliser.fold(disguised).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "受益人可以是子女",
        "国家机关工作人员",
        "请您一日内补办",
        "责任合法转移",
        "wmp产品说明",
        "下一个点餐窗口",
        "每月收一次费",
        "不承诺收益。\n本产品净值会波动",
    ],
)
def test_ordinary_words_are_left_alone(normaliser: Normaliser, text: str) -> None:
    assert normaliser.fold(text).text == text.replace("，", ",")


def test_the_span_of_a_disguised_word_covers_its_disguise(normaliser: Normaliser) -> None:
    text = "这款🔥保\u200b💰本🔥"
    folded = normaliser.fold(text)
    start = folded.text.index("保本")
    low, high = folded.span(start, start + 2)
    assert text[low:high] == "保\u200b💰本"


@pytest.mark.parametrize(
    "unit", ["保", "a", "1", "💰", "\u200b", " ", "不", "“", "保\n", "贝兼", "9%"]
)
def test_folding_is_linear_in_the_length(normaliser: Normaliser, unit: str) -> None:
    def seconds(count: int) -> float:
        text = unit * count
        start = time.process_time()
        normaliser.fold(text)
        return time.process_time() - start

    seconds(2_000)
    assert seconds(160_000) < 40 * max(seconds(16_000), 0.002)
