"""Whatever text is thrown at the checker: no crash, no blow-up, spans that slice it."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.compliance import Checker, Pack
from copilot.compliance.normalise import Normaliser
from copilot.paths import shipped
from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import CheckContext, CheckResult

KNOWLEDGE = shipped("knowledge")
CHECKER = Checker(Pack.read(KNOWLEDGE / "rules" / "pack.json"))
EXAMPLES = int(os.environ.get("COPILOT_FUZZ_EXAMPLES", "40"))
DAY = date(2026, 11, 20)
MEGABYTE = 1_000_000

# Pieces that the stages act on: terms, cues, figures, marks, disguises, and raw Unicode.
_PIECES = st.one_of(
    st.characters(),
    st.text(max_size=12),
    st.sampled_from(
        [
            *(
                "保本",
                "不",
                "不保证",
                "“",
                "”",
                "。",
                "，",
                "零风险",
                "bao本",
                "保 本",
                "风阝佥",
                "\u200b",
            ),
            *(
                "年化",
                "3.5%",
                "百分之三点五",
                "1,000元",
                "12月31日",
                "R2",
                "十",
                "点",
                "第一",
                "如果",
                "\n",
            ),
            *(
                "保\u0301本",
                "💰",
                "ﷺ",
                "\u202e",
                "\ud800",
                "\U000e0041",
                "İ",
                "ß",
                "ǆ",
                "㍿",
                "㎡",
                "\x00",
            ),
            *(
                "guaranteed",
                "not ",
                "r1sk-free",
                "FDIC-insured",
                "$1,000",
                "4.5% APY",
                "g u a r a n t e e",
            ),
        ]
    ),
)
_TEXTS = st.lists(_PIECES, max_size=24).map("".join)
_CONTEXTS = st.builds(
    CheckContext,
    product=st.sampled_from([None, *ProductType]),
    channel=st.sampled_from([None, *Channel]),
    as_of=st.just(DAY),
    whole=st.booleans(),
    facts=st.sampled_from([None, ()]),
    jurisdictions=st.sampled_from([("cn",), ("us",), ("cn", "uk", "sg"), ("hk",)]),
)
_FUZZ = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_FUZZ
@given(_TEXTS, _CONTEXTS)
def test_any_text_gets_a_verdict_with_spans_that_slice_it(text: str, context: CheckContext) -> None:
    result = CHECKER.check(text, context)
    assert result == CHECKER.check(text, context)
    for finding in result.findings:
        assert 0 <= finding.start <= finding.end <= len(text)
        assert finding.text == text[finding.start : finding.end]
        assert finding.start < finding.end or finding.start == len(text)


@_FUZZ
@given(_TEXTS, st.sampled_from(["zh", "en"]), st.data())
def test_every_offset_leads_back_in_order(text: str, language: str, data: st.DataObject) -> None:
    folded = CHECKER.pack.languages[language].normaliser.fold(text)
    spans = [folded.span(i, i + 1) for i in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
    if spans:
        low = data.draw(st.integers(0, len(spans) - 1))
        high = data.draw(st.integers(low, len(spans) - 1))
        assert folded.span(low, high + 1) == (spans[low][0], spans[high][1])
        at = folded.span(low, low)
        assert at == (spans[low][0], spans[low][0])


@_FUZZ
@given(_TEXTS)
def test_what_changes_in_folding_is_found_as_the_whole_table_finds_it(text: str) -> None:
    normaliser = CHECKER.pack.languages["zh"].normaliser
    assert isinstance(normaliser, Normaliser)
    assert normaliser._characters(text) == text.translate(normaliser._table)


@_FUZZ
@given(_TEXTS, st.sampled_from(["zh", "en"]))
def test_figures_of_any_text_lie_inside_it_in_order(text: str, language: str) -> None:
    spoken = CHECKER.pack.languages[language]
    folded = spoken.normaliser.fold(text).text
    end = 0
    for figure in spoken.figures(folded):
        assert end <= figure.start < figure.end <= len(folded)
        end = figure.end


def _seconds(text: str, jurisdiction: str) -> float:
    context = CheckContext(
        product=ProductType.WMP, as_of=DAY, facts=(), jurisdictions=(jurisdiction,)
    )
    started = time.process_time()
    CHECKER.check(text, context)
    return time.process_time() - started


_REPEATED = [
    *("保", "不", "0", "9", "a", "A", " ", "\n", ".", ",", "，", "。", "“", '"', "(", "-", "%"),
    *(
        "\u200b",
        "\u0301",
        "💰",
        "点",
        "十",
        "万",
        "1,",
        "3.",
        "不保本",
        "零风险，",
        "如果",
        "不不不",
    ),
    *(
        "“保本”",
        "((",
        "[「",
        "a ",
        "a.",
        "no ",
        "not guaranteed ",
        "1%",
        "百分之",
        "bao",
        "最",
        "我们",
        "存款",
        "利率2%，送",
    ),
]


@pytest.mark.parametrize("unit", _REPEATED)
def test_time_is_linear_in_the_length_of_a_repeated_text(unit: str) -> None:
    size = 3_000 // len(unit)
    for jurisdiction in ("cn", "us"):
        _seconds(unit * 20, jurisdiction)
        small = _seconds(unit * size, jurisdiction)
        large = _seconds(unit * size * 8, jurisdiction)
        assert large < 30 * max(small, 0.01), (jurisdiction, small, large)


@pytest.mark.parametrize(
    ("unit", "size"),
    [("保", MEGABYTE), ("\u200b", MEGABYTE), ("\n", MEGABYTE), ("“", MEGABYTE), ("7", 100_000)],
)
def test_twice_as_long_a_text_of_one_character_takes_about_twice_as_long(
    unit: str, size: int
) -> None:
    half = size // len(unit.encode()) // 2
    small = _seconds(unit * half, "cn")
    assert _seconds(unit * 2 * half, "cn") < 3.5 * max(small, 0.02)


@pytest.mark.soak
@pytest.mark.parametrize("unit", _REPEATED)
def test_a_megabyte_of_any_repeated_text_is_no_attack(unit: str) -> None:
    for jurisdiction in ("cn", "us"):
        assert _seconds(unit * (MEGABYTE // len(unit.encode())), jurisdiction) < 60


def _resident() -> int:
    """Bytes of this process in memory now; the peak of its life says nothing of one test."""
    status = Path("/proc/self/statm")
    if not status.is_file():
        pytest.skip("no /proc/self/statm on this system")
    gc.collect()
    return int(status.read_text().split()[1]) * resource.getpagesize()


def test_many_short_texts_leave_no_memory_behind() -> None:
    texts = [f"第{i}位客户，年化{i % 97}.{i % 9}%，保证收益{chr(0x4E00 + i)}" for i in range(2_000)]
    contexts = [CheckContext(product=p, as_of=DAY) for p in ProductType]

    def judged(count: int) -> CheckResult:
        for number in range(count):
            text, context = texts[number % len(texts)], contexts[number % len(contexts)]
            result = CHECKER.check(text, context)
        return result

    judged(2_000)
    before = _resident()
    judged(4_000)
    assert _resident() - before < 12 * MEGABYTE


def test_a_check_of_a_large_text_stays_within_its_memory() -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
        "from copilot.compliance import load_checker\n"
        "from copilot.paths import shipped\n"
        "checker = load_checker(None, shipped('knowledge'))\n"
        "for text in ('保' * 200_000, '保本。' * 20_000, '1' * 50_000):\n"
        "    print(checker.check(text).verdict)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-400:]
    assert len(done.stdout.split()) == 3
