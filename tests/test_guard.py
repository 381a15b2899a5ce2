"""What streams out is lawful at every moment, and complete when the whole text is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from copilot.compliance import load_checker
from copilot.compliance.guard import Guard
from copilot.errors import InputError
from copilot.paths import shipped
from copilot.records.codes import Channel, DraftKind, ProductType
from copilot.records.compliance import CheckContext, Verdict

CHECKER = load_checker(None, shipped("knowledge"))
CONTEXT = CheckContext(product=ProductType.WMP, as_of=date(2026, 11, 20), whole=False)
WORDS = [
    *("保本", "保", "本", "息", "零风险", "稳赚", "不赔", "没有零风险", "年化收益率5%", "3", "5%"),
    *("不", "不承诺", "谨防", "警惕", "骗局", "如果有人说", "我们这款", "但我们", "本产品", "理财"),
    *("消费者教育", "风险提示", "投资者教育", "防范非法集资", "“", "”", "吗", "期限180天", "最好"),
    *("。", "！", "？", "；", "，", "\n", "…", ".", " ", "\u200b", "·", "😀", "bao本", "⁉", "①"),
]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=24).map("".join)


def streamed(text: str, cuts: list[int], context: CheckContext = CONTEXT) -> tuple[str, Guard]:
    guard = Guard(CHECKER, context)
    points = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    shown = "".join(guard.feed(text[a:b]) for a, b in pairwise(points))
    return shown, guard


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, cuts=st.lists(st.integers(0, 400), max_size=12))
@example(text="保\n本\n保\n息\n。", cuts=[2, 4, 6])
@example(text="风险提示：消费者教育。稳赚不赔。我们这款理财", cuts=[16])
@example(text="“保本”。这是骗局。", cuts=[5])
@example(text="年化3.\n5%", cuts=[4, 5])
def test_nothing_that_is_shown_is_objected_to_however_the_text_is_cut(
    text: str, cuts: list[int]
) -> None:
    shown, guard = streamed(text, cuts)
    end = guard.finish()
    assert text.startswith(shown + end.release)
    released = len(shown + end.release)
    objected = [f for f in end.result.blocking if f.start < f.end]
    assert all(released <= finding.start for finding in objected)
    assert end.withheld == bool(objected)
    if not objected:
        assert shown + end.release == text


@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_shown_text_stays_lawful_whatever_is_said_later(text: str) -> None:
    shown, _ = streamed(text, list(range(len(text))))
    later = text + "。但我们这款理财产品就是不一样！"
    objected = [f for f in CHECKER.check(later, CONTEXT).blocking if f.start < f.end]
    assert all(len(shown) <= finding.start for finding in objected)


def test_a_sentence_is_shown_as_soon_as_it_is_complete() -> None:
    guard = Guard(CHECKER, CONTEXT)
    assert guard.feed("这款产品期限180天") == ""
    assert guard.feed("。净值会") == "这款产品期限180天。"
    assert guard.feed("波动，可能亏损本金") == ""
    end = guard.finish()
    assert (end.release, end.withheld) == ("净值会波动，可能亏损本金", False)


def test_a_word_hidden_across_pieces_by_invisible_characters_is_held() -> None:
    guard = Guard(CHECKER, CONTEXT)
    shown = "".join(
        guard.feed(piece) for piece in ("您好。保", "\u200b", " ", "本", "保息", "。好。")
    )
    assert shown == "您好。"
    assert guard.objection is not None
    end = guard.finish()
    assert (end.release, end.withheld, end.result.verdict) == ("", True, Verdict.BLOCK)


def test_what_only_the_next_sentence_excuses_is_shown_at_the_end() -> None:
    text = "有人对您说“保本保息”。这是骗局，请提高警惕。"
    shown, guard = streamed(text, list(range(len(text))))
    assert shown + guard.finish().release == text


def test_a_missing_element_is_put_behind_the_text() -> None:
    context = CheckContext(
        product=ProductType.STRUCTURED_DEPOSIT,
        channel=Channel.COUNTER,
        kind=DraftKind.PITCH,
        as_of=date(2026, 11, 20),
    )
    text = "这款结构性存款期限90天，1万元起。"
    shown, guard = streamed(text, [8, 20], context)
    end = guard.finish()
    assert shown + end.release == text
    assert end.append.startswith("结构性存款不同于一般性存款，具有投资风险")
    assert not end.result.blocking
    assert CHECKER.check(text + end.append, context) == end.result


def test_an_element_that_no_record_supplies_leaves_the_text_unfit() -> None:
    context = CheckContext(product=ProductType.LOAN, kind=DraftKind.MESSAGE, as_of=CONTEXT.as_of)
    _, guard = streamed("消费贷款可以线上申请。", [], context)
    end = guard.finish()
    assert end.append == ""
    assert end.result.verdict is Verdict.NEEDS_ELEMENT


def test_an_endless_text_is_cut_off() -> None:
    guard = Guard(CHECKER, CONTEXT, limit=1000)
    for _ in range(142):
        assert guard.feed("没有句号的文字") == ""
    with pytest.raises(InputError, match="1000"):
        guard.feed("没有句号的文字")


def test_a_long_text_takes_time_in_proportion() -> None:
    import time

    def seconds(sentences: int) -> float:
        guard = Guard(CHECKER, CONTEXT)
        started = time.perf_counter()
        for _ in range(sentences):
            guard.feed("这款产品期限180天，净值会波动。")
        return time.perf_counter() - started

    seconds(50)
    assert seconds(1600) < 16 * max(seconds(200), 0.02)


ENGLISH = CheckContext(
    product=ProductType.FUND, jurisdictions=("us",), as_of=date(2026, 11, 20), whole=False
)


def test_an_english_stream_is_shown_by_english_sentences() -> None:
    guard = Guard(CHECKER, ENGLISH)
    assert guard.feed("Fees apply; see page 3.5 below") == ""  # neither ; nor 3.5 ends a sentence
    assert guard.feed(". This fund is FDIC in") == "Fees apply; see page 3.5 below."
    assert guard.feed("sured. Call us.") == ""
    end = guard.finish()
    assert (end.withheld, end.release) == (True, "")


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=10))
def test_no_part_of_an_english_promise_is_shown_however_it_is_cut(cuts: list[int]) -> None:
    text = "Bonds can lose value. This fund is FDIC insured: ask us! Call now."
    shown, guard = streamed(text, cuts, ENGLISH)
    end = guard.finish()
    objected = min(f.start for f in end.result.blocking)
    assert (shown + end.release).strip() == "Bonds can lose value."
    assert len(shown + end.release) <= objected


def test_a_text_under_two_laws_is_cut_where_a_sentence_ends_in_both_languages() -> None:
    guard = Guard(CHECKER, replace(ENGLISH, jurisdictions=("cn", "us")))
    assert guard.feed("Fees 1%; see below") == ""  # ; ends a sentence in Chinese only
    assert guard.feed("! Call us") == "Fees 1%; see below!"
