"""Customers of whom there is only a description: who they are, what they ask, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pitch_cases import customers, drafted, pitch, refused

from copilot.cli.pitch import present_refusal
from copilot.drafting.description import fraud_signs, life_stage_in_words
from copilot.pipeline.seller import choose_seller
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel, LifeStage
from copilot.records.matching import CustomerFile
from copilot.settings import load_settings


@pytest.fixture(scope="module")
def wealth(sample_home: Path) -> Iterator[Workbench]:
    """The sample bank as a wealth manager sees it, who may speak of everything but insurance."""
    bench = Workbench.open(load_settings(data_dir=sample_home), staff_id="S1002")
    yield bench
    bench.close()


@pytest.mark.parametrize(
    "description",
    [
        "有人让我转账到安全账户",
        "警察打电话说我涉嫌洗钱，要把钱转过去",
        "客服让我共享屏幕退款",
        "网友带我炒币，要转二十万",
        "老太太说对方叫她汇款，还要验证码",
    ],
)
def test_who_may_be_falling_for_fraud_is_stopped_calmly_and_offered_nothing(
    wealth: Workbench, description: str
) -> None:
    refusal = refused(pitch(wealth, customer_id=None, description=description))
    shown = present_refusal(refusal)

    assert [reason.rule_id for reason in refusal.reasons] == ["cn.gate.fraud-first"]
    assert refusal.alternatives == ()
    assert "96110" in shown
    assert "反诈专线" in refusal.dissuasion
    assert not [word for word in ("不满", "投诉", "利率") if word in shown]


@pytest.mark.parametrize(
    "description",
    ["想了解怎么防骗", "给儿子转学费", "孩子老师让交学费", "收不到短信验证码", "爱人让我来存定期"],
)
def test_ordinary_errands_are_no_fraud(description: str) -> None:
    assert fraud_signs(description) == ""


@pytest.mark.parametrize("word", ["老太太", "老爷子", "大妈", "老大爷", "快七十了", "退休老师"])
def test_elderly_walk_ins_are_spoken_to_patiently(wealth: Workbench, word: str) -> None:
    checked = drafted(pitch(wealth, customer_id=None, description=f"{word}，问三年定期"))

    assert checked.draft.template_id == "deposit-counter-asked-retired"
    assert "今天不必决定" in checked.draft.text


def test_who_only_looks_elderly_is_owed_the_care_and_not_refused_for_age(
    wealth: Workbench,
) -> None:
    product = wealth.product("WMP-MH30")
    for file, owed in (
        (CustomerFile(None, wealth.as_of, described_elder=True), "年龄未核实"),
        (CustomerFile(None, wealth.as_of, described_age=72, described_elder=True), "客户已满65岁"),
        (CustomerFile(None, wealth.as_of, described_age=40), ""),
    ):
        _, decision = choose_seller(wealth, product, file, Channel.COUNTER)
        told = " ".join(caution.message for caution in decision.cautions)
        assert (owed in told) if owed else not told
        assert "cn.gate.elder-high-risk" not in {r.rule_id for r in decision.refusals}


def test_a_high_rated_product_is_refused_to_a_walk_in_of_72(wealth: Workbench) -> None:
    refusal = refused(
        pitch(wealth, "FUND-INDEX", customer_id=None, description="72岁大爷，问指数基金")
    )

    assert "cn.gate.elder-high-risk" in {reason.rule_id for reason in refusal.reasons}


def test_amounts_are_not_ages_and_a_pension_account_is_no_pension() -> None:
    assert life_stage_in_words("想存六十万") is LifeStage.UNKNOWN
    assert life_stage_in_words("三十岁，问个人养老金") is LifeStage.UNKNOWN


def test_who_asks_for_a_term_deposit_is_answered_and_not_approached(wealth: Workbench) -> None:
    asked = drafted(pitch(wealth, customer_id=None, description="四十多岁，问三年定期"))
    passing = drafted(pitch(wealth, customer_id=None, description="四十多岁，来取款"))

    assert asked.draft.template_id == "deposit-counter-asked"
    assert passing.draft.template_id == "deposit-counter-errand"


def test_who_compares_with_another_bank_is_answered_and_not_called_angry(
    wealth: Workbench,
) -> None:
    checked = drafted(pitch(wealth, customer_id=None, description="大妈嫌隔壁行利率高"))
    complains = refused(pitch(wealth, customer_id=None, description="嫌排队太久，要投诉"))
    points = checked.talking_points
    assert points is not None

    first = next(line for line in points.text.splitlines() if "异议应对" in line)
    assert "别家的情况我不评价" in first
    assert [reason.rule_id for reason in complains.reasons] == ["cn.gate.serve-first"]


def test_who_asked_is_not_asked_what_brings_them_here(wealth: Workbench) -> None:
    checked = drafted(pitch(wealth, customer_id=None, description="老爷子问三年定期"))
    points = checked.talking_points
    assert points is not None

    assert "您问的三年期整存整取" in points.text
    assert "取号" not in points.text


def test_what_only_holders_bring_up_is_no_likely_objection(wealth: Workbench) -> None:
    usual = drafted(pitch(wealth, "CARD-INST", customer_id=None, description="问分期利息"))
    raised = drafted(pitch(wealth, "CARD-INST", customer_id=None, description="卡突然用不了"))
    for checked, expected in ((usual, False), (raised, True)):
        assert checked.talking_points is not None
        assert ("卡怎么突然用不了了" in checked.talking_points.text) is expected


def test_a_refusal_for_consent_names_the_channels_that_are_open(bench: Workbench) -> None:
    for customer_id in customers(bench):
        result = pitch(bench, customer_id=customer_id, channel=Channel.SMS)
        open_channels = getattr(result, "open_channels", ())
        if not open_channels:
            continue
        assert Channel.COUNTER in open_channels
        for channel in open_channels:
            drafted(pitch(bench, customer_id=customer_id, channel=channel))
        assert "可以改用的渠道：厅堂面谈" in present_refusal(refused(result))
        return
    raise AssertionError("the sample bank has no customer without consent for text messages")
