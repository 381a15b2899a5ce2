"""What the sample bank's customers are not offered, and what is said to them instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pitch_cases import drafted, pitch, refused

from copilot.cli.pitch import present_refusal
from copilot.drafting.brief import TOO_FEW
from copilot.errors import NotFound
from copilot.pipeline.pitch_case import NO_VISIT, NOTHING_READ
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel, Occasion
from copilot.records.compliance import Usable
from copilot.settings import load_settings

#: By customer of the sample bank: an offer that their circumstances speak against, and the rule.
UNFIT = (
    ("C000016", "LOAN-CONS", Channel.WECOM, "cn.gate.stable-income"),
    ("C000016", "CARD-INST", Channel.WECOM, "cn.gate.credit-needed"),
    ("C000008", "PEN-ACC", Channel.COUNTER, "cn.gate.pension-drawn"),
    ("C000015", "DEP-3Y", Channel.COUNTER, "cn.gate.minor"),
    ("C000005", "DEP-1Y", Channel.PHONE, "cn.gate.dormant-first"),
    ("C000003", "FX-USD1Y", Channel.COUNTER, "cn.gate.foreign-need"),
)


@pytest.fixture(scope="module")
def lobby(sample_home: Path) -> Iterator[Workbench]:
    """The sample bank as a lobby manager sees it."""
    bench = Workbench.open(load_settings(data_dir=sample_home), staff_id="S1004")
    yield bench
    bench.close()


@pytest.mark.parametrize(("customer_id", "product", "channel", "rule"), UNFIT)
def test_an_unfit_offer_is_not_made_but_a_question_about_it_is_answered(
    bench: Workbench, customer_id: str, product: str, channel: Channel, rule: str
) -> None:
    asked = {"customer_id": customer_id, "channel": channel}
    offered = refused(pitch(bench, product, **asked))
    answered = drafted(pitch(bench, product, **asked, occasion=Occasion.ASKED))

    reason = next(reason for reason in offered.reasons if reason.rule_id == rule)
    assert reason.suggestion in present_refusal(offered)
    assert rule in {str(caution["rule_id"]) for caution in answered.cautions}


def test_a_customer_who_calls_is_answered_without_consent_to_marketing(bench: Workbench) -> None:
    asked = {"customer_id": "C000015", "channel": Channel.PHONE}
    offered = refused(pitch(bench, **asked))
    answered = drafted(pitch(bench, **asked, occasion=Occasion.ASKED))

    assert "cn.gate.consent-marketing" in {reason.rule_id for reason in offered.reasons}
    assert any("只答所问" in str(caution["message"]) for caution in answered.cautions)


def test_a_dormant_customer_is_called_to_verify_and_to_warn_only(bench: Workbench) -> None:
    refusal = refused(pitch(bench, customer_id="C000005", channel=Channel.PHONE))

    assert "核对一下身份" in refusal.service_line
    assert not [word for word in ("利率", "定期", "今天就能销户") if word in refusal.service_line]


def test_an_open_complaint_is_served_and_nothing_is_offered_or_handed_over(
    bench: Workbench,
) -> None:
    refusal = refused(pitch(bench, "WMP-CASH", customer_id="C000014"))

    assert "办结投诉" in present_refusal(refusal)
    assert "您反映的事" in refusal.service_line
    assert (refusal.alternatives, refusal.referral_line) == ((), "")


def test_an_angry_walk_in_is_heard_and_not_handed_over_to_a_seller(lobby: Workbench) -> None:
    told = "大爷很生气，要投诉你们"
    refusal = refused(pitch(lobby, "WMP-CASH", customer_id=None, description=told))

    assert "您先说" in refusal.service_line
    assert refusal.referral_line == ""


def test_a_walk_in_is_not_pointed_to_what_takes_a_fortune(lobby: Workbench) -> None:
    for product in ("FUND-INDEX", "INS-ANN"):
        told = "30岁，第一次投资，想了解一下"
        refusal = refused(pitch(lobby, product, customer_id=None, description=told))
        codes = [each.product_code for each in refusal.alternatives]
        assert codes
        assert not [code for code in codes if code.startswith(("CD-", "PEN-"))]


@pytest.mark.parametrize(
    ("customer_id", "channel", "told"),
    [
        ("C001274", Channel.COUNTER, "已约定自动转存，要改请在到期前办理"),
        ("C001274", Channel.PHONE, "已约定到期自动转存，要改请在到期前办理"),
        ("C000003", Channel.COUNTER, "没有约定转存，到期后按活期计息"),
        ("C000003", Channel.SMS, "没有约定转存，到期后按活期计息"),
        ("C000008", Channel.COUNTER, "您有一笔定期今天到期"),
    ],
)
def test_a_maturity_is_told_with_what_was_agreed_for_it(
    bench: Workbench, customer_id: str, channel: Channel, told: str
) -> None:
    checked = drafted(pitch(bench, "DEP-1Y", customer_id=customer_id, channel=channel))

    assert told in checked.draft.text
    assert checked.usable is Usable.SEND


@pytest.mark.parametrize("product", ["WMP-CASH", "SD-90", "FUND-BOND", "LOAN-CONS", "PEN-ACC"])
def test_nobody_is_told_that_they_asked_who_did_not(bench: Workbench, product: str) -> None:
    for customer_id in ("C000003", "C000012", "C000020", "C000030"):
        result = pitch(bench, product, customer_id=customer_id, channel=Channel.WECOM)
        points = getattr(result, "talking_points", None)
        texts = [result.draft.text] if points else []  # type: ignore[union-attr]
        texts += [points.text] if points else []
        for text in texts:
            assert "您问的" not in text
            assert "您关心" not in text
        assert not texts or "您好，" in texts[0]


def test_a_follow_up_needs_a_visit_on_record(bench: Workbench) -> None:
    request = {"channel": Channel.WECOM, "occasion": Occasion.FOLLOW_UP}
    seen = {}
    for customer_id in ("C000003", "C000008", "C001274", "C000001", "C000012"):
        result = pitch(bench, customer_id=customer_id, **request)
        checked = drafted(result) if hasattr(result, "draft") else None
        if checked is not None:
            seen[NO_VISIT in checked.notes] = checked
    assert seen[False].draft.template_id == "follow-wecom-deposit"
    if True in seen:
        assert "来网点" not in seen[True].draft.text


def test_a_card_without_reasons_says_so(bench: Workbench) -> None:
    asked = {"customer_id": "C000003", "occasion": Occasion.ASKED}
    card = drafted(pitch(bench, "FX-USD1Y", **asked)).draft.staff_card

    assert any(line in card for line in TOO_FEW.values())
    assert not [line for line in card if line.startswith("资产：")]


def test_a_description_that_says_nothing_is_pointed_out(lobby: Workbench) -> None:
    assert NOTHING_READ in drafted(pitch(lobby, customer_id=None, description="asdf")).notes
    told = drafted(pitch(lobby, customer_id=None, description="四十多岁，来取款"))
    assert NOTHING_READ not in told.notes


def test_a_product_by_its_name_is_offered_with_its_code(bench: Workbench) -> None:
    with pytest.raises(NotFound) as missing:
        pitch(bench, "三年定期")
    assert "DEP-3Y" in (missing.value.next or "")


def test_the_approaches_differ_in_risk_lines_and_objections(bench: Workbench) -> None:
    for product in ("DEP-3Y", "WMP-MH30", "CD-1Y"):
        checked = drafted(pitch(bench, product, customer_id="C001274" if product[0] == "C" else
                                "C000003"))  # fmt: skip
        assert checked.talking_points is not None
        texts = [checked.talking_points.text, *(v.text for v in checked.variants)]
        for section in ("【风险】", "【异议应对】"):
            lines = [line for text in texts for line in text.splitlines() if section in line]
            assert len(set(lines)) == len(lines), (product, section)


def test_a_text_message_has_points_for_who_comes_in_with_it(bench: Workbench) -> None:
    asked = {"customer_id": "C000003", "channel": Channel.SMS}
    checked = drafted(pitch(bench, "WMP-MH30", **asked))
    assert checked.talking_points is not None

    assert "（客户看到短信来问时用）" in checked.talking_points.text
    assert "持有期30天固收类" in checked.draft.text


def test_the_counter_hears_no_reckoning_of_a_benchmark(bench: Workbench) -> None:
    asked = {"customer_id": "C000003", "occasion": Occasion.ASKED}
    checked = drafted(pitch(bench, "WMP-MH30", **asked))
    basis = bench.product("WMP-MH30").benchmark_basis or ""
    for text in (checked.draft.text, *(v.text for v in checked.variants)):
        assert basis.rstrip("。") not in text
