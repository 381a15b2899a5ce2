"""What a pattern is said to need stands in every text that it matches."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.compliance import Pack
from copilot.compliance.literals import needs
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


def held(regex: str, text: str) -> bool:
    return all(any(string in text for string in choice) for choice in needs(regex))


@pytest.mark.parametrize(
    ("regex", "needed"),
    [
        ("(稳赚|保本)[^。]{0,6}(吗|呢)?(年|月)", [["保本", "稳赚"], ["年", "月"]]),
        ("最(高|低)?的", [["最低的", "最的", "最高的"]]),
        ("(零|无)风险|保本$", [["保本", "无风险", "零风险"]]),
        ("(?i:abc)", []),
        ("[^。]{2,}|保本", []),
    ],
)
def test_the_strings_a_match_cannot_do_without(regex: str, needed: list[list[str]]) -> None:
    assert needs(regex) == needed


def test_every_pattern_of_the_pack_matches_only_where_its_needs_are() -> None:
    matched = 0
    for regex, needed in PACK.needs.items():
        assert needed == needs(regex)
        pattern = re2.compile(regex)
        for seed in range(6):
            text = Sampler(seed).text(regex)
            if pattern.search(text):
                matched += 1
                assert held(regex, text), (regex, text)
    assert matched > 2 * len(PACK.needs)
    assert sum(not needed for needed in PACK.needs.values()) < len(PACK.needs) // 20


@settings(max_examples=300, deadline=None)
@given(regex=REGEXES, text=st.text("保本息ab收益。1", max_size=12))
def test_no_expression_matches_without_what_it_needs(regex: str, text: str) -> None:
    if re2.search(regex, text):
        assert held(regex, text)
