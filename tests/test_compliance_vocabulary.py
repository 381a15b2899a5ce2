"""Patterns are looked for only where the words of a text allow: that spares work, nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.compliance import Checker, Pack
from copilot.compliance.samples import Sampler
from copilot.paths import shipped
from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import CheckContext

PACK = Pack.read(shipped("knowledge") / "rules" / "pack.json")
DAY = date(2026, 11, 20)


@cache
def quick() -> Checker:
    return Checker(PACK)


@cache
def plain() -> Checker:
    """A checker that knows of no pattern what it needs, and runs it beside any of its anchors."""
    return Checker(replace(PACK, ways={}))


@cache
def matching() -> list[str]:
    """A text that each pattern of the pack matches."""
    return [Sampler(n).text(regex) for n, (regex, _) in enumerate(PACK.ways)]


PIECES = st.one_of(
    st.integers(min_value=0).map(lambda n: matching()[n % len(matching())]),
    st.sampled_from(["。", "，", "\n", " ", "不", "我们", "年化3.5%", "您好" * 40, ". ", "note "]),
    st.text("保本息收益0123%。,a", max_size=6),
)
CONTEXTS = st.builds(
    CheckContext,
    product=st.sampled_from([None, *ProductType]),
    channel=st.sampled_from([None, *Channel]),
    as_of=st.just(DAY),
    whole=st.booleans(),
    jurisdictions=st.sampled_from([("cn",), ("cn", "us"), ("uk", "hk"), ("sg",)]),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=14).map("".join), CONTEXTS, st.booleans())
def test_sparing_work_changes_no_finding(
    text: str, context: CheckContext, unfinished: bool
) -> None:
    found = quick().check(text, context, unfinished=unfinished)
    assert found == plain().check(text, context, unfinished=unfinished)


def test_every_pattern_is_found_as_without_sparing_work() -> None:
    contexts = [CheckContext(as_of=DAY, whole=False), CheckContext(as_of=DAY, product=None)]
    us = CheckContext(as_of=DAY, whole=False, jurisdictions=("us", "uk", "hk", "sg"))
    found = 0
    for text in matching():
        for context in (*contexts, us):
            result = quick().check(text, context)
            assert result == plain().check(text, context)
            found += len(result.findings)
    assert found > len(matching())


def one_rule(regex: str, anchors: list[str]) -> Checker:
    """A checker with one rule of one pattern."""
    entry: dict[str, Any] = dict(PACK.rule("cn.guarantee.no-risk").source)
    entry |= {"terms": [], "requires": [], "claims": []}
    entry["patterns"] = [{"regex": regex, "anchors": anchors, "unless": []}]
    return Checker(Pack.of({"language": PACK.language, "rules": [entry]}))


@pytest.mark.parametrize(
    ("regex", "anchors", "text", "found"),
    [
        ("没了。放心", ["了。放"], "利息没了。放心买", None),  # no window reaches behind an anchor
        ("没了。放", ["了。放"], "利息没了。放心买", "没了。放"),
        ("利息.{0,9}没了", ["没了"], "利息很快就没了，请放心", "利息很快就没了"),
        ("利息.{0,9}没了", ["没了"], "利息很快就没有了", None),
        ("利息[^。]*没了", ["没了"], "利息" + "很" * 90 + "没了", "利息" + "很" * 90 + "没了"),
        ("利息[^。]*没了", ["没了"], "利息" + "很" * 190 + "没了", None),  # too far from its anchor
    ],
)
def test_a_pattern_is_looked_for_around_its_anchors(
    regex: str, anchors: list[str], text: str, found: str | None
) -> None:
    context = CheckContext(product=ProductType.WMP, as_of=DAY, whole=False)
    findings = one_rule(regex, anchors).check(text, context).findings
    assert [f.text for f in findings] == ([found] if found else [])
