"""What a pattern is said to need stands in every text that it matches."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.compliance import Pack
from copilot.compliance.literals import Ways, ways
from copilot.compliance.samples import Sampler
from copilot.paths import shipped

PACK = Pack.read(shipped("knowledge") / "rules" / "pack.json")
ATOMS = st.sampled_from(["保", "本息", "ab", "[保本]", "[^。]", ".", "^", "$", r"\d", "(?:收|益)"])
REGEXES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{0,3}", "{2}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


def held(found: Ways, text: str) -> bool:
    return any(all(any(s in text for s in choice) for choice in way) for way in found)


@pytest.mark.parametrize(
    ("regex", "anchors", "found"),
    [
        (
            "(稳赚|保本)[^。]{0,6}(吗|呢)?(年|月)",
            ["稳赚", "保本"],
            [[["保本", "稳赚"], ["年", "月"]]],
        ),
        ("最(高|低)?的", ["最"], [[["最低的", "最的", "最高的"]]]),
        ("(零|无)风险|保本$", ["风险", "保本"], [[["无风险", "零风险"]], [["保本"]]]),
        ("(零|无)风险|保本$", ["风险"], [[["无风险", "零风险"]], [["保本"], ["风险"]]]),
        ("赚[0-9]{1,9}%", ["赚"], [[["%"], ["赚"], [*"0123456789"]]]),
        ("第[1-3]名", ["第"], [[["第1名", "第2名", "第3名"]]]),
        ("(?i:abc)", ["abc*"], [[["abc"]]]),
        ("[^。]{2,}|保本", ["收益"], [[["收益"]], [["保本"], ["收益"]]]),
        ("收益{,2}", ["收益"], [[["收益"]]]),
        ("[[:alpha:]]收益", ["收益"], [[["收益"]]]),
    ],
)
def test_what_a_match_cannot_do_without(regex: str, anchors: list[str], found: Ways) -> None:
    assert ways(regex, anchors) == found


def test_a_way_is_told_of_by_the_strings_that_ordinary_text_seldom_has() -> None:
    regex, anchors = "存款[^。]{0,9}送", ["存款"]
    assert ways(regex, anchors) == [[["存款"], ["送"]]]
    assert ways(regex, anchors, "存款利率按挂牌执行,存款到期自动转存" * 9) == [[["送"], ["存款"]]]


def test_every_pattern_of_the_pack_matches_only_where_its_ways_allow() -> None:
    matched = 0
    for (regex, anchors), found in PACK.ways.items():
        assert found
        assert all(found)
        pattern = re2.compile(regex)
        for seed in range(6):
            text = Sampler(seed).text(regex)
            if pattern.search(text) and any(anchor.removesuffix("*") in text for anchor in anchors):
                matched += 1
                assert held(found, text), (regex, text)
    assert matched > 2 * len(PACK.ways)


@settings(max_examples=300, deadline=None)
@given(regex=REGEXES, text=st.text("保本息ab收益。1", max_size=12))
def test_no_expression_matches_but_in_one_of_its_ways(regex: str, text: str) -> None:
    if re2.search(regex, text + "锚"):
        assert held(ways(regex, ["锚"]), text + "锚")
